/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Imap: one function over items that come one after the other
 *
 * Input is pulled only as fast as results are taken, so it may be longer than memory, or without
 * end. How items are run is told in core/map.h.
 *
 * Python: Pool.imap and imap_unordered, but those pull all of their input at once.
 */

#include "core/map_item.h"

/*
 * Gives the next item. Sets *ret_item, which stays valid until the next call. Returns 0, PP_MAP_END
 * where there is none any more, or a negative errno, which ends the input with that error; an item
 * that is too long ends it with -E2BIG. Called in pp_imap_next() alone.
 */
enum { PP_MAP_END = 1 };
typedef int (*pp_map_input_fn)(void *user, struct pp_map_item *ret_item);

struct pp_imap;

/*
 * Begin to call @function with what @input gives, as far as the window has room.
 *
 * @ordered: results come in the order of the items (Python: imap), else as they are done
 * (imap_unordered). Returns 0 with *ret_imap, which the caller destroys before the pool; -ENOENT
 * for an unknown function; -EINVAL without @input; -E2BIG for reply_bytes that are too many;
 * -ENOMEM; -EPIPE for a closed pool. One that is closed afterwards lets it go on. Submits nothing
 * yet.
 */
PP_MUST_CHECK int pp_imap_create(struct pp_imap **ret_imap, struct pp_pool *pool,
                                 const char *function, pp_map_input_fn input, void *user,
                                 bool ordered, const struct pp_map_options *options);

/*
 * The next result; pulls input and dispatches meanwhile. A failed item is a result like others.
 * Returns 0 with *ret_result; PP_MAP_END after the last; -ETIMEDOUT after @timeout_ms (-1: none);
 * -EINTR; the input's error, after all results that could be had; an error of pp_pool_dispatch();
 * -EPIPE where the pool was terminated. After -ETIMEDOUT and -EINTR nothing is lost.
 */
PP_MUST_CHECK int pp_imap_next(struct pp_imap *imap, int timeout_ms,
                               struct pp_map_result *ret_result);

/* Cancel what is not done and free all. NULL is fine. */
void pp_imap_destroy(struct pp_imap *imap);
PP_DEFINE_AUTO(struct pp_imap *, pp_imap_destroy)
