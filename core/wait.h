/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Wait: for some of many futures
 *
 * Python: concurrent.futures.wait() and as_completed(). The futures may belong to several pools;
 * but all to the calling thread, as their pools do.
 */

#include "core/as_completed.h"

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
