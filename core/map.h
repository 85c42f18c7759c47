/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Map: one function over many items, on the workers of a pool
 *
 * Items travel in chunks through slots of shared memory, since a message for each would cost more
 * than a small item's work. The pool finds the length of a chunk by how long items take, and makes
 * them shorter towards the end, so that workers end together. Each item is still a task of its own:
 * one that fails or crashes its worker costs itself, those of its chunk that were done are done,
 * and the rest is handed out again. For tasks_per_worker of the pool a chunk is one task.
 *
 * Python: Pool.map, starmap, imap and imap_unordered, Executor.map with chunksize. imap here pulls
 * its input only as fast as results are taken, which Python's does not.
 */

#include "core/imap.h"
#include "core/map_item.h"

/*
 * Call @function with each of @count items and wait for all. Items and replies are of one size:
 * item i is the @item_bytes bytes at @items + i * @item_bytes, and its reply goes to @replies + i *
 * @reply_bytes (NULL with 0 where there is none). With items the tuples of arguments, this is
 * starmap() too.
 *
 * Returns 0 where all are done. Where an item failed, all others are run to their end and the code
 * of the first one, by index, is returned: *ret_failed (may be NULL) is its index, @error its
 * message; its reply is unspecified. A reply that is shorter fails with -EPROTO, a longer one is
 * refused with -E2BIG. Errors of pp_pool_submit() and pp_pool_dispatch() as they are, with
 * *ret_failed SIZE_MAX; what was not done then is cancelled.
 */
PP_MUST_CHECK int pp_pool_map(struct pp_pool *pool, const char *function, const void *items,
                              size_t item_bytes, size_t count, void *replies, size_t reply_bytes,
                              const struct pp_map_options *options, size_t *ret_failed,
                              struct pp_error *error);
