/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * As completed: futures in the order in which they get done
 *
 * Python: concurrent.futures.as_completed(). The futures may belong to several pools, but all to
 * the calling thread, as their pools do.
 */

#include "core/pool.h"

struct pp_as_completed;

/*
 * Begin to go through @futures in the order in which they get done. The array is copied; the
 * futures stay the caller's and have to live until they were returned, or until this is destroyed.
 * Returns 0 with *ret_iterator, which the caller destroys; or -ENOMEM.
 */
PP_MUST_CHECK int pp_as_completed_create(struct pp_as_completed **ret_iterator,
                                         struct pp_future *const *futures, size_t count);

/*
 * The next one that is done, each once.
 * Returns 0 with *ret_future; -ENOENT after the last; -ETIMEDOUT; -EINTR; an error of
 * pp_pool_dispatch().
 */
PP_MUST_CHECK int pp_as_completed_next(struct pp_as_completed *iterator, int timeout_ms,
                                       struct pp_future **ret_future);

/* Forget the iterator; the futures stay as they are. NULL is fine. */
void pp_as_completed_destroy(struct pp_as_completed *iterator);
PP_DEFINE_AUTO(struct pp_as_completed *, pp_as_completed_destroy)
