/* SPDX-License-Identifier: MIT */
/*
 * Who dies
 *   with the lock   is found by the next one who wants it, who mends what is half done;
 *   with a cell     is found by those who wait, at the end of each slice of sleep; and where nobody
 *                   has to wait, by those who get, as often: a message that was taken back must not
 *                   stand behind all that come after it for ever;
 *   before he woke  costs sleepers the rest of their slice: at its end they do not only look for
 *   somebody        the dead, but at the cells too.
 *
 * Of many sleepers one looks for the dead in each slice; who gives up looks in any case, so that
 * what the dead had counts as being there.
 */
#include <errno.h>

#include "core/clock.h"
#include "core/futex.h"
#include "core/point.h"
#include "core/queue_private.h"

#define LOOK_NS (PP_FUTEX_LOOK_MS * UINT64_C(1000000))

/* Take the lock. Nobody may have been called for what its dead holder had changed. */
static int enter_within(struct pp_queue *queue, int timeout_ms)
{
    int r = pp_lock_acquire(&queue->lock, timeout_ms);

    if (r == PP_LOCK_OWNER_DIED) {
        pp_cells_mend(&queue->cells);
        pp_bell_ring(&queue->filled, PP_BELL_ALL);
        pp_bell_ring(&queue->freed, PP_BELL_ALL);
        pp_bell_ring(&queue->settled, PP_BELL_ALL);
        r = pp_lock_mark_consistent(&queue->lock);
    }
    return r;
}

int pp_queue_enter(struct pp_queue *queue)
{
    return enter_within(queue, -1);
}

void pp_queue_leave(struct pp_queue *queue)
{
    struct pp_bell_call filled = pp_bell_collect(&queue->filled);
    struct pp_bell_call freed = pp_bell_collect(&queue->freed);
    struct pp_bell_call settled = pp_bell_collect(&queue->settled);

    pp_lock_release(&queue->lock);
    pp_point("queue.left");
    pp_bell_call(&queue->filled, filled);
    pp_bell_call(&queue->freed, freed);
    pp_bell_call(&queue->settled, settled);
}

static void take_back_cell(struct pp_queue *queue, struct pp_cell *cell, uint64_t dead)
{
    switch (pp_cells_take_back(&queue->cells, cell, dead)) {
    case PP_CELL_FREE:
        pp_bell_ring(&queue->freed, 1);
        break;
    case PP_CELL_FULL:
        pp_bell_ring(&queue->filled, 1);
        break;
    default:
        break;
    }
}

/* The lock of a dead holder too, which would cost the caller another slice of sleep. */
static void take_back_from_the_dead(struct pp_queue *queue)
{
    struct pp_cells_search search = {0};
    struct pp_cell *cell;
    uint64_t dead;

    if (pp_lock_is_orphaned(&queue->lock) && enter_within(queue, 0) == 0) {
        pp_queue_leave(queue);
    }
    if (!pp_cells_are_in_hand(&queue->cells)) {
        return;
    }
    while ((cell = pp_cells_search(&queue->cells, &search, &dead)) != NULL &&
           pp_queue_enter(queue) == 0) {
        take_back_cell(queue, cell, dead);
        pp_queue_leave(queue);
    }
}

/* True for one caller in each slice of time. */
static bool is_time_to_look(struct pp_queue *queue)
{
    uint64_t looked = atomic_load_explicit(&queue->looked_ns, memory_order_relaxed);
    uint64_t now = pp_clock_ns();

    return now - looked >= LOOK_NS &&
           atomic_compare_exchange_strong_explicit(&queue->looked_ns, &looked, now,
                                                   memory_order_relaxed, memory_order_relaxed);
}

void pp_queue_look_after_the_dead(struct pp_queue *queue)
{
    if (pp_cells_are_in_hand(&queue->cells) && is_time_to_look(queue)) {
        take_back_from_the_dead(queue);
    }
}

/* Returns 0 with the lock where the caller is ready; else without, as @ready, and with *heard where
 * the caller would wait for @bell, which may be NULL. */
static int enter_if(struct pp_queue *queue, pp_queue_ready_fn ready, struct pp_bell *bell,
                    uint32_t *heard)
{
    int r = pp_queue_enter(queue);

    if (r != 0) {
        return r;
    }
    r = ready(queue);
    if (r == 0) {
        return 0;
    }
    if (r == PP_QUEUE_NOT_YET && bell != NULL) {
        *heard = pp_bell_listen(bell);
    }
    pp_queue_leave(queue);
    return r;
}

int pp_queue_enter_when(struct pp_queue *queue, pp_queue_ready_fn ready, struct pp_bell *bell,
                        int timeout_ms)
{
    uint32_t heard = 0;
    uint64_t deadline;
    int waited = 0;
    int r = enter_if(queue, ready, timeout_ms == 0 ? NULL : bell, &heard);

    if (r != PP_QUEUE_NOT_YET) {
        return r;
    }
    deadline = pp_futex_deadline(timeout_ms);
    while (r == PP_QUEUE_NOT_YET && waited >= 0) {
        pp_point("queue.wait");
        waited = pp_futex_wait(&bell->word, heard, deadline);
        if (waited < 0 || (waited == PP_FUTEX_LOOK && is_time_to_look(queue))) {
            take_back_from_the_dead(queue);
        }
        r = enter_if(queue, ready, waited < 0 ? NULL : bell, &heard);
    }
    return r == PP_QUEUE_NOT_YET ? waited : r;
}
