/* SPDX-License-Identifier: MIT */
/*
 * The two sides meet in two words. Who puts stores the count, then loads the sleeper's word; who
 * sleeps stores its word, then loads the count. With all four sequentially consistent at least one
 * of them sees what the other has stored: either the entry is found before the sleep, or the
 * sleeper is found and woken. Anything weaker lets both read what was before.
 */
#include "core/ring.h"

_Static_assert((PP_RING_ENTRIES & (PP_RING_ENTRIES - 1)) == 0, "positions wrap around");

void pp_ring_clear(struct pp_ring *ring)
{
    atomic_store_explicit(&ring->put, 0, memory_order_relaxed);
    atomic_store_explicit(&ring->asleep, 0, memory_order_relaxed);
    atomic_store_explicit(&ring->done, 0, memory_order_relaxed);
}

void pp_ring_side_init(struct pp_ring_side *side, struct pp_ring *ring)
{
    *side = (struct pp_ring_side){.ring = ring};
}

void *pp_ring_entry(const struct pp_ring_side *side, uint32_t position)
{
    return side->ring->entries[position % PP_RING_ENTRIES];
}

bool pp_ring_put(struct pp_ring_side *side)
{
    struct pp_ring *ring = side->ring;

    atomic_store(&ring->put, ++side->position);
    return atomic_load(&ring->asleep) != 0 && atomic_exchange(&ring->asleep, 0) != 0;
}

uint32_t pp_ring_count(const struct pp_ring_side *side)
{
    return atomic_load_explicit(&side->ring->put, memory_order_acquire) - side->position;
}

void pp_ring_pass(const struct pp_ring_side *side)
{
    atomic_store_explicit(&side->ring->done, side->position, memory_order_release);
}

uint32_t pp_ring_passed(const struct pp_ring_side *side, uint32_t known)
{
    uint32_t done = atomic_load_explicit(&side->ring->done, memory_order_acquire);

    return done - known <= side->position - known ? done : known;
}

bool pp_ring_sleep(struct pp_ring_side *side)
{
    struct pp_ring *ring = side->ring;

    atomic_store(&ring->asleep, 1);
    return atomic_load(&ring->put) == side->position;
}

bool pp_ring_rise(struct pp_ring_side *side)
{
    return atomic_exchange(&side->ring->asleep, 0) != 0;
}
