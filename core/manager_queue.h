/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Manager queue: items from many processes to many, first in first out
 *
 *     struct pp_manager_queue jobs;
 *     struct pp_item job = pp_item_text("meadow.jpg");
 *     r = pp_manager_queue(manager, "jobs", 100, &jobs);
 *     r = pp_manager_queue_put(&jobs, &job, -1);              in one process
 *     r = pp_manager_queue_get(&jobs, &job, -1);              in another
 *
 * pp_manager_queue_get() confirms what it got before it returns; a receiver that dies before, or
 * whose connection does, leaves the item to another one, in its old place. So an item that nobody
 * has seen is not lost. Where the network fails in just that moment, it may come twice.
 *
 * Where taking an item is not the end of it, core/manager_joinable_queue.h keeps it until it was
 * worked on.
 *
 * Python: manager.Queue(). None as the mark of the end is an item like
 * any other; pp_manager_queue_close() tells everybody at once. Besides what is said here, functions
 * return what core/manager.h says.
 */

#include "core/manager.h"

struct pp_manager_queue {
    struct pp_manager_proxy proxy;
};

/*
 * Find the queue that is called @name, or make one of at most @maxsize items, 0: as many as fit in
 * memory_bytes. NULL: make one and make up a name for it.
 * Returns 0 with *ret_queue; -EEXIST where what has this name is none, or has another maxsize;
 * -EINVAL and -ENOENT as pp_manager_dict().
 */
PP_MUST_CHECK int pp_manager_queue(struct pp_manager *manager, const char *name, uint32_t maxsize,
                                   struct pp_manager_queue *ret_queue);

/*
 * Put @item behind all others, waiting up to @timeout_ms for room; -1 waits as long as it takes, 0
 * only tries. An item that is not yet confirmed takes room.
 * Returns 0; -ETIMEDOUT; -EPIPE once the queue is closed.
 */
PP_MUST_CHECK int pp_manager_queue_put(struct pp_manager_queue *queue, const struct pp_item *item,
                                       int timeout_ms);

/*
 * Take the first item, waiting up to @timeout_ms for one.
 * Returns 0 with *ret_item, which the caller finishes; -ETIMEDOUT; -EPIPE once the queue is closed
 * and empty, and nothing can come back from those who have taken it.
 */
PP_MUST_CHECK int pp_manager_queue_get(struct pp_manager_queue *queue, struct pp_item *ret_item,
                                       int timeout_ms);

/* No more may be put; what is there can still be taken. Wakes all who wait in vain. Returns 0. */
PP_MUST_CHECK int pp_manager_queue_close(struct pp_manager_queue *queue);

/* Set *ret_size to how many items there are to take, now. Returns 0. */
PP_MUST_CHECK int pp_manager_queue_qsize(struct pp_manager_queue *queue, size_t *ret_size);

/* Nothing to take; no room to put. Others may change that before the caller looks at the answer.
 * Return 1 or 0, or a negative errno. */
PP_MUST_CHECK int pp_manager_queue_empty(struct pp_manager_queue *queue);
PP_MUST_CHECK int pp_manager_queue_full(struct pp_manager_queue *queue);
