/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Event: a flag that processes wait for
 *
 * Lies in memory that all who use it have mapped, at any address; all zero bytes are an event that
 * is not set. It belongs to nobody and nobody's death harms it: a flag that was set is seen even
 * where the process that set it died before it woke anyone.
 *
 * Whether anyone is left who could set it is not for an event to know; who waits for one process in
 * particular waits with a time limit, and looks whether that one is alive (core/participant.h).
 *
 * Python: multiprocessing.Event; but who waited when it was set returns 0 even if it was cleared
 * again at once, which Python's sometimes misses.
 */

#include <stdatomic.h>

#include "core/base.h"

struct pp_event {
    _Atomic uint32_t turns; /* how often it was set and cleared: odd while it is set */
};

/* Make @event one that is not set, whatever it was. Only while nobody uses it. */
void pp_event_init(struct pp_event *event);

/* Set the flag and wake all who wait. Any thread, any process, also in a signal handler. */
void pp_event_set(struct pp_event *event);

/* Take the flag back. Any thread, any process. */
void pp_event_clear(struct pp_event *event);

/* Is it set, now? */
bool pp_event_is_set(const struct pp_event *event);

/*
 * Wait up to @timeout_ms until it is set, or was since the call began; -1 waits as long as it
 * takes, 0 only looks.
 * Returns 0 or -ETIMEDOUT. Any thread, any process.
 */
PP_MUST_CHECK int pp_event_wait(const struct pp_event *event, int timeout_ms);
