/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Manager joinable queue: a queue of a manager that keeps each item until it was worked on
 *
 * As core/joinable_queue.h: who gets an item gets a ticket with it, and says with that when the
 * work is done. Until then the item takes its room. Where the connection of who has got it ends
 * before, another one gets it, in front of all that came later: each item is worked on to the end
 * once, and its work may have been begun more often.
 *
 *     while ((r = pp_manager_joinable_queue_get(&jobs, &job, &ticket, -1)) == 0) {
 *         ... work on it ...
 *         pp_item_finish(&job);
 *         r = pp_manager_joinable_queue_task_done(&jobs, ticket);
 *         ...
 *     }
 *
 * and who put the jobs waits with pp_manager_joinable_queue_join() until all are done.
 *
 * Python: manager.JoinableQueue(). None needs no task_done() here, as the client that it ends
 * should be free to end. Besides what is said here, functions return what core/manager.h says.
 */

#include "core/manager.h"

struct pp_manager_joinable_queue {
    struct pp_manager_proxy proxy;
};

/* Like pp_manager_queue(). */
PP_MUST_CHECK int pp_manager_joinable_queue(struct pp_manager *manager, const char *name,
                                            uint32_t maxsize,
                                            struct pp_manager_joinable_queue *ret_queue);

/* Like pp_manager_queue_put(). An item that is not done takes room. */
PP_MUST_CHECK int pp_manager_joinable_queue_put(struct pp_manager_joinable_queue *queue,
                                                const struct pp_item *item, int timeout_ms);

/*
 * Like pp_manager_queue_get(), and set *ret_ticket, which is never given again; 0 with None, which
 * is done at once. -EPIPE once the queue is closed and empty, and no other client has taken what
 * could come back; and for a client that has something undone itself.
 */
PP_MUST_CHECK int pp_manager_joinable_queue_get(struct pp_manager_joinable_queue *queue,
                                                struct pp_item *ret_item, uint64_t *ret_ticket,
                                                int timeout_ms);

/*
 * The work on what came with @ticket is done: the queue forgets it. Any client that was told the
 * ticket.
 * Returns 0, for ticket 0 too; -EINVAL where it is done already, or was given to another client
 * because the connection of the one that had got it has ended.
 */
PP_MUST_CHECK int pp_manager_joinable_queue_task_done(struct pp_manager_joinable_queue *queue,
                                                      uint64_t ticket);

/* Wait up to @timeout_ms until all that was put is done; -1 waits as long as it takes, 0 only
 * looks. Returns 0 or -ETIMEDOUT. */
PP_MUST_CHECK int pp_manager_joinable_queue_join(struct pp_manager_joinable_queue *queue,
                                                 int timeout_ms);

/* Like pp_manager_queue_close(). */
PP_MUST_CHECK int pp_manager_joinable_queue_close(struct pp_manager_joinable_queue *queue);

/* Like pp_manager_queue_qsize(), pp_manager_queue_empty() and pp_manager_queue_full(); what
 * somebody has got does not count as being there. */
PP_MUST_CHECK int pp_manager_joinable_queue_qsize(struct pp_manager_joinable_queue *queue,
                                                  size_t *ret_size);
PP_MUST_CHECK int pp_manager_joinable_queue_empty(struct pp_manager_joinable_queue *queue);
PP_MUST_CHECK int pp_manager_joinable_queue_full(struct pp_manager_joinable_queue *queue);
