/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Joinable queue: a queue that keeps each message until it was worked on
 *
 * Who gets a message gets a ticket with it, and says with that when the work is done. Until then
 * the message stays in the queue and takes its room there. Where the process that got it dies
 * before, another one gets it, in front of all that came later, within PP_FUTEX_LOOK_MS: each
 * message is worked on to the end once, and its work may have been begun more often. What is done
 * is done: the work and saying so are two steps, and a death between them has the work done again.
 *
 *     while ((r = pp_joinable_queue_get(queue, &job, sizeof(job), NULL, &ticket, -1)) == 0) {
 *         ... work on it ...
 *         r = pp_joinable_queue_task_done(queue, ticket);
 *         ...
 *     }
 *
 * and who put the jobs waits with pp_joinable_queue_join() until all are done.
 *
 * Lies in shared memory like core/queue.h, and what is said there holds here.
 *
 * Python: multiprocessing.JoinableQueue, whose tasks are lost with the process that got them, while
 * join() waits for them for ever. None needs no task_done() here, as the process that it ends
 * should be free to end.
 */

#include "core/queue.h"

struct pp_joinable_queue;

/* Like pp_queue_bytes() and pp_queue_init(). */
size_t pp_joinable_queue_bytes(uint32_t maxsize, size_t message_bytes);
PP_MUST_CHECK int pp_joinable_queue_init(struct pp_joinable_queue *queue, uint32_t maxsize,
                                         size_t message_bytes);

/* Like pp_queue_put() and pp_queue_put_none(). Messages that are not done yet take room. */
PP_MUST_CHECK int pp_joinable_queue_put(struct pp_joinable_queue *queue, const void *message,
                                        size_t length, int timeout_ms);
PP_MUST_CHECK int pp_joinable_queue_put_none(struct pp_joinable_queue *queue, int timeout_ms);

/*
 * Take the first message as pp_queue_get(), and set *ret_ticket, which is never given again.
 * PP_QUEUE_NONE comes with ticket 0 and is done at once. A message belongs to the calling process
 * until it is done or that process has died, whatever becomes of the thread.
 */
PP_MUST_CHECK int pp_joinable_queue_get(struct pp_joinable_queue *queue, void *into, size_t bytes,
                                        size_t *ret_length, uint64_t *ret_ticket, int timeout_ms);

/*
 * The work on what came with @ticket is done: the queue forgets it. Any thread, any process that
 * was told the ticket.
 * Returns 0, for ticket 0 too; -EINVAL where it is done already, or was given to another process
 * because the one that had got it died; -ENOSYS.
 */
PP_MUST_CHECK int pp_joinable_queue_task_done(struct pp_joinable_queue *queue, uint64_t ticket);

/*
 * Wait up to @timeout_ms until all that was put is done; -1 waits as long as it takes, 0 only
 * looks. Where no process is left to get messages, there is nobody to wait for.
 * Returns 0, -ETIMEDOUT or -ENOSYS.
 */
PP_MUST_CHECK int pp_joinable_queue_join(struct pp_joinable_queue *queue, int timeout_ms);

/* Like pp_queue_close(). Who gets is told -EPIPE only when no other process could still die with a
 * message that was not done, or has such a message himself. */
int pp_joinable_queue_close(struct pp_joinable_queue *queue);

/* Like pp_queue_qsize(), pp_queue_empty() and pp_queue_full(); what somebody has got does not count
 * as being there. */
size_t pp_joinable_queue_qsize(const struct pp_joinable_queue *queue);
bool pp_joinable_queue_empty(const struct pp_joinable_queue *queue);
bool pp_joinable_queue_full(const struct pp_joinable_queue *queue);
