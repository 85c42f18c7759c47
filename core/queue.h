/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Queue: messages from many processes to many, first in first out
 *
 * Lies in memory that all who use it have mapped, at any address. Bounded: who puts into a full one
 * waits, and so does who gets from an empty one. Nobody waits for the dead: a message that a
 * process was still writing when it died never comes, one that a process was still reading when it
 * died goes to another reader, in its old place, within PP_FUTEX_LOOK_MS. A stopped process is
 * alive and keeps what it has in hand; where it was stopped in the few instructions of a call that
 * hold the lock inside, all others wait until it goes on.
 *
 * A message has its place in line from the moment at which put has copied all of it. So messages of
 * one thread come in the order in which it put them, and of two puts the one that had returned when
 * the other began is first; who takes long over a long message holds nobody up.
 *
 *     size_t bytes = pp_queue_bytes(100, sizeof(int));       a block of that size, shared
 *     struct pp_queue *queue = pp_shared_memory_bytes(block);
 *     int r = pp_queue_init(queue, 100, sizeof(int));
 *     ...
 *     r = pp_queue_put(queue, &number, sizeof(number), -1);  in one process
 *     r = pp_queue_get(queue, &number, sizeof(number), NULL, -1);  in another
 *
 * Where taking a message is not the end of it, core/joinable_queue.h keeps it until it was worked
 * on. core/simple_queue.h is for those who need no more than put and get.
 *
 * Python: multiprocessing.Queue. No thread stands behind it: what was put is there for others when
 * put returns, and a process may end right after. None as the mark of the end is
 * pp_queue_put_none(); pp_queue_close() tells everybody at once.
 */

#include "core/lock.h"

struct pp_queue;

/* A positive return is not a failure, but the caller must handle it. */
enum { PP_QUEUE_NONE = 1 /* what came is no message but None */ };

/*
 * How many bytes a queue of at most @maxsize messages of at most @message_bytes bytes takes; 0
 * where that does not fit a size_t or either is 0.
 */
size_t pp_queue_bytes(uint32_t maxsize, size_t message_bytes);

/*
 * Make @queue, pp_queue_bytes() of memory aligned to 64 bytes, an empty queue. Only while nobody
 * uses it. Returns 0 or -EINVAL.
 */
PP_MUST_CHECK int pp_queue_init(struct pp_queue *queue, uint32_t maxsize, size_t message_bytes);

/*
 * Put a copy of @length bytes (0 is a message too) behind all others, waiting up to @timeout_ms for
 * room; -1 waits as long as it takes, 0 only tries. Without waiting: 30 ns.
 * Returns 0; -ETIMEDOUT; -EMSGSIZE above message_bytes; -EPIPE once the queue is closed; -ENOSYS as
 * pp_lock_acquire(). Any thread, any process.
 */
PP_MUST_CHECK int pp_queue_put(struct pp_queue *queue, const void *message, size_t length,
                               int timeout_ms);

/* Put None, like any message: by custom, one for each reader, who ends when it comes. */
PP_MUST_CHECK int pp_queue_put_none(struct pp_queue *queue, int timeout_ms);

/*
 * Take the first message, waiting up to @timeout_ms for one. At most @bytes bytes are copied into
 * @into, and *ret_length (may be NULL) is its length.
 * Returns 0; PP_QUEUE_NONE; -ETIMEDOUT; -EMSGSIZE where it is longer than @bytes, with *ret_length
 * set and the message still there; -EPIPE once the queue is closed and empty; -ENOSYS.
 */
PP_MUST_CHECK int pp_queue_get(struct pp_queue *queue, void *into, size_t bytes, size_t *ret_length,
                               int timeout_ms);

/*
 * No more may be put, not even what somebody is just putting; what is there can still be taken.
 * Wakes all who wait. A message that another process is reading is there, as that one may die: who
 * gets meanwhile waits. Returns 0 or -ENOSYS.
 */
int pp_queue_close(struct pp_queue *queue);

/* Messages that are there now. Others may change that before the caller looks at the answer. */
size_t pp_queue_qsize(const struct pp_queue *queue);
bool pp_queue_empty(const struct pp_queue *queue);
bool pp_queue_full(const struct pp_queue *queue);
