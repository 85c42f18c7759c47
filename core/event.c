/* SPDX-License-Identifier: MIT */
/*
 * One word says all: it counts the times that the flag was set and cleared, so it is odd while the
 * flag is set, and different from what a waiter saw if it was set in between, even if it is clear
 * again by the time that the waiter runs. (A waiter that slept through exactly 2^31 pairs of both
 * would miss them.)
 */
#include <errno.h>

#include "core/event.h"
#include "core/futex.h"

static bool means_set(uint32_t turns)
{
    return turns % 2 == 1;
}

/*
 * Go on to the next turn unless the flag is @set already. The word is written even then: who sees
 * the flag sees what all those did before who set it, not the first one only.
 * True if this call changed the flag.
 */
static bool turn(struct pp_event *event, bool set)
{
    uint32_t turns = atomic_load_explicit(&event->turns, memory_order_relaxed);

    while (!atomic_compare_exchange_weak_explicit(&event->turns, &turns,
                                                  turns + (means_set(turns) != set),
                                                  memory_order_acq_rel, memory_order_relaxed)) {
    }
    return means_set(turns) != set;
}

void pp_event_init(struct pp_event *event)
{
    atomic_store_explicit(&event->turns, 0, memory_order_release);
}

void pp_event_set(struct pp_event *event)
{
    int error = errno; /* in a signal handler it belongs to what was interrupted */

    if (turn(event, true)) {
        pp_futex_wake_all(&event->turns);
    }
    errno = error;
}

void pp_event_clear(struct pp_event *event)
{
    turn(event, false);
}

bool pp_event_is_set(const struct pp_event *event)
{
    return means_set(atomic_load_explicit(&event->turns, memory_order_acquire));
}

int pp_event_wait(const struct pp_event *event, int timeout_ms)
{
    uint64_t deadline = pp_futex_deadline(timeout_ms);
    uint32_t begin = atomic_load_explicit(&event->turns, memory_order_acquire);
    uint32_t turns = begin;

    while (!means_set(turns) && turns == begin) {
        int r = pp_futex_wait(&event->turns, begin, deadline);

        turns = atomic_load_explicit(&event->turns, memory_order_acquire);
        if (r < 0 && turns == begin) {
            return r;
        }
    }
    return 0;
}
