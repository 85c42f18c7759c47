/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Queue, from inside: what the files of the queues share
 */

#include "core/bell.h"
#include "core/cells.h"
#include "core/queue.h"

/* Fields are written by who holds the lock, but for looked_ns. */
struct pp_queue {
    struct pp_lock lock;
    struct pp_bell filled;  /* for who waits for a message */
    struct pp_bell freed;   /* for who waits for room */
    struct pp_bell settled; /* for who waits until no message is there or taken */
    _Atomic uint32_t closed;
    _Atomic uint64_t looked_ns; /* when somebody last looked whether all owners of cells live */
    struct pp_cells cells;
};

/*
 * Whether what a caller waits for is there, under the lock. Returns 0; PP_QUEUE_NOT_YET; or an
 * error where it never will be.
 */
typedef int (*pp_queue_ready_fn)(struct pp_queue *queue);

enum { PP_QUEUE_NOT_YET = 1 };

/* queue_wait.c: the lock, and those who wait */

/* Take the lock, with all that it guards whole. Returns 0 or -ENOSYS. */
PP_MUST_CHECK int pp_queue_enter(struct pp_queue *queue);

/* Let the lock go, then wake whom the bells were rung for. */
void pp_queue_leave(struct pp_queue *queue);

/*
 * Wait up to @timeout_ms until @ready says so, looking whenever @bell is rung.
 * Returns 0 with the lock; or without it -ETIMEDOUT, -ENOSYS or what @ready returned.
 */
PP_MUST_CHECK int pp_queue_enter_when(struct pp_queue *queue, pp_queue_ready_fn ready,
                                      struct pp_bell *bell, int timeout_ms);

/* Take back what dead processes have in hand, where nobody has looked for a while. Without the
 * lock. */
void pp_queue_look_after_the_dead(struct pp_queue *queue);

/* queue.c: for joinable queues */

/*
 * Take the first message as pp_queue_get(); but its cell stays taken, for pp_queue_done(), and
 * *ret_ticket is for that. None is done at once, and its ticket 0.
 */
PP_MUST_CHECK int pp_queue_take(struct pp_queue *queue, void *into, size_t bytes,
                                size_t *ret_length, uint64_t *ret_ticket, int timeout_ms);

/* What was taken with @ticket needs not be kept any longer. Returns 0; -EINVAL where it is not
 * taken with that; -ENOSYS. */
PP_MUST_CHECK int pp_queue_done(struct pp_queue *queue, uint64_t ticket);

/* Wait until no message is there and none is taken. Returns 0, -ETIMEDOUT or -ENOSYS. */
PP_MUST_CHECK int pp_queue_settle(struct pp_queue *queue, int timeout_ms);
