/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Manager semaphore: some at a time, among the clients of a manager
 *
 *     struct pp_manager_semaphore seats;
 *     r = pp_manager_semaphore(manager, "seats", 4, &seats);
 *     r = pp_manager_semaphore_acquire(&seats, -1);
 *     ...
 *     r = pp_manager_semaphore_release(&seats);
 *
 * As core/semaphore.h, it keeps books on who holds how many permits; the holder is a connection,
 * and when that ends its permits come back. Who releases and holds none releases one that another
 * holds; where nobody holds any, there is one more from then on, or an error for a bounded one. A
 * permit that is used up and shall not come back is spent.
 *
 * Python: manager.Semaphore() and manager.BoundedSemaphore(). Besides what is said here, functions
 * return what core/manager.h says.
 */

#include "core/manager.h"
#include "core/semaphore.h"

struct pp_manager_semaphore {
    struct pp_manager_proxy proxy;
};

/*
 * Find the semaphore that is called @name, or make one with @value permits; NULL: make one and make
 * up a name for it. A bounded one never has more than @value.
 * Returns 0 with *ret_semaphore; -EEXIST where what has this name is no semaphore, or not of this
 * kind, or was made with another @value; -EINVAL above PP_SEMAPHORE_PERMITS_MAX; -EINVAL and
 * -ENOENT as pp_manager_dict().
 */
PP_MUST_CHECK int pp_manager_semaphore(struct pp_manager *manager, const char *name, uint32_t value,
                                       struct pp_manager_semaphore *ret_semaphore);
PP_MUST_CHECK int pp_manager_bounded_semaphore(struct pp_manager *manager, const char *name,
                                               uint32_t value,
                                               struct pp_manager_semaphore *ret_semaphore);

/* Wait up to @timeout_ms for a permit and take it; -1 waits as long as it takes, 0 only tries. In
 * the order of coming. Returns 0; -ETIMEDOUT. */
PP_MUST_CHECK int pp_manager_semaphore_acquire(struct pp_manager_semaphore *semaphore,
                                               int timeout_ms);

/* Give a permit back, or add one (see above). Returns 0; -EOVERFLOW where there would be more than
 * there may be. */
int pp_manager_semaphore_release(struct pp_manager_semaphore *semaphore);

/* One of the permits that this connection holds is used up: it is gone, and does not come back when
 * the connection ends. Returns 0; -EPERM where it holds none. */
PP_MUST_CHECK int pp_manager_semaphore_spend(struct pp_manager_semaphore *semaphore);

/* Set *ret_value to how many permits could be had, now. Returns 0. */
PP_MUST_CHECK int pp_manager_semaphore_get_value(struct pp_manager_semaphore *semaphore,
                                                 uint32_t *ret_value);
