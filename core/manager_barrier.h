/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Manager barrier: no client of a manager goes on before all have come
 *
 * It is good for round after round. It breaks where a round cannot be completed: when a wait times
 * out, when somebody aborts it, and when the connection of one who waits ends. Then all who wait
 * and all who come are told, until it is reset.
 *
 * Python: manager.Barrier(). It has no action: let who gets index 0 do it, and all wait once more.
 * Besides what is said here, functions return what core/manager.h says.
 */

#include "core/barrier.h"
#include "core/manager.h"

struct pp_manager_barrier {
    struct pp_manager_proxy proxy;
};

/*
 * Find the barrier that is called @name, or make one for @parties clients; NULL: make one and make
 * up a name for it.
 * Returns 0 with *ret_barrier; -EEXIST where what has this name is no barrier, or for another
 * number of parties; -EINVAL for no parties; -EINVAL and -ENOENT as pp_manager_dict().
 */
PP_MUST_CHECK int pp_manager_barrier(struct pp_manager *manager, const char *name, uint32_t parties,
                                     struct pp_manager_barrier *ret_barrier);

/*
 * Wait until as many wait as there are parties. @timeout_ms: -1 as long as it takes; 0 only for the
 * last one.
 * Returns 0 when all have come, and sets *ret_index (may be NULL) to how many were before the
 * caller; PP_BARRIER_BROKEN; -ETIMEDOUT for the one whose time was over, which breaks it for the
 * others.
 */
PP_MUST_CHECK int pp_manager_barrier_wait(struct pp_manager_barrier *barrier, int timeout_ms,
                                          uint32_t *ret_index);

/* Break it, for all who wait and who will come. Returns 0. */
PP_MUST_CHECK int pp_manager_barrier_abort(struct pp_manager_barrier *barrier);

/* Make it whole again and empty; it is broken for those who wait. Returns 0. */
PP_MUST_CHECK int pp_manager_barrier_reset(struct pp_manager_barrier *barrier);

/* Set *ret_waiting to how many wait, now. Returns 0. */
PP_MUST_CHECK int pp_manager_barrier_n_waiting(struct pp_manager_barrier *barrier,
                                               uint32_t *ret_waiting);

/* Returns 1 where it is broken, now, else 0; or a negative errno. */
PP_MUST_CHECK int pp_manager_barrier_is_broken(struct pp_manager_barrier *barrier);
