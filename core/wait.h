/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Wait: for some of many futures
 *
 * Python: concurrent.futures.wait() and as_completed(). The futures may belong to several pools;
 * but all to the calling thread, as their pools do.
 */

#include "core/pool.h"

/* When pp_wait() has waited enough. */
enum pp_wait_for {
    PP_WAIT_ALL_COMPLETED,
    PP_WAIT_FIRST_COMPLETED,
    PP_WAIT_FIRST_EXCEPTION /* one is done with another outcome than DONE, or all are done */
};

/*
 * Dispatch until as many of @futures are done as @mode asks for. Moves those that are done to the
 * front of the array, in their order there, and sets *ret_done (may be NULL) to how many they are;
 * also where it fails.
 * Returns 0, at once for no futures at all; -ETIMEDOUT after @timeout_ms (-1: none); -EINTR; an
 * error of pp_pool_dispatch().
 */
PP_MUST_CHECK int pp_wait(struct pp_future **futures, size_t count, enum pp_wait_for mode,
                          int timeout_ms, size_t *ret_done);

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
