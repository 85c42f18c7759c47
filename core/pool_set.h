/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Pool set: several pools whose futures somebody waits for together
 *
 * Each pool counts how many of its futures are waited for; one that has none any more is left
 * alone, so that its failure is no failure of the wait.
 */

#include <poll.h>

#include "core/pool.h"

/* All zero is empty; fields are its own. */
struct pp_pool_set {
    struct pp_pool_set_entry {
        struct pp_pool *pool;
        size_t awaited; /* futures */
    } * entries;
    struct pollfd *fds;
    size_t count;
    size_t capacity;
};

/* One more future of @pool is waited for. Returns 0 with its place in the set, or -ENOMEM. */
PP_MUST_CHECK int pp_pool_set_add(struct pp_pool_set *set, struct pp_pool *pool, size_t *ret_place);

/* One less is. */
void pp_pool_set_remove(struct pp_pool_set *set, size_t place);

/*
 * Wait until one of the pools has something to do, for as long as is left, and dispatch; see
 * pp_pool_wait_once().
 */
PP_MUST_CHECK int pp_pool_set_wait_once(struct pp_pool_set *set, int timeout_ms,
                                        uint64_t deadline_ns, bool *looked);

void pp_pool_set_finish(struct pp_pool_set *set);
