/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Manager rlock: a lock of a manager that its holder may acquire again
 *
 * As core/manager_lock.h; but it belongs to one connection, which may acquire it again and again,
 * and releases it as often.
 *
 * Python: manager.RLock(). Besides what is said here, functions return what core/manager.h says.
 */

#include "core/lock.h"
#include "core/manager.h"

struct pp_manager_rlock {
    struct pp_manager_proxy proxy;
};

/*
 * Find the rlock that is called @name, or make one that is free; NULL: make one and make up a name
 * for it.
 * Returns 0 with *ret_rlock; -EEXIST, -EINVAL and -ENOENT as pp_manager_dict().
 */
PP_MUST_CHECK int pp_manager_rlock(struct pp_manager *manager, const char *name,
                                   struct pp_manager_rlock *ret_rlock);

/* Like pp_manager_lock_acquire(); 0 at once for the connection that holds it. -EOVERFLOW where that
 * would be for the 2^32nd time. */
PP_MUST_CHECK int pp_manager_rlock_acquire(struct pp_manager_rlock *rlock, int timeout_ms);

/* Like pp_manager_lock_mark_consistent(). */
PP_MUST_CHECK int pp_manager_rlock_mark_consistent(struct pp_manager_rlock *rlock);

/* Undo one acquire; the last one lets the next in, as pp_manager_lock_release() does.
 * Returns 0; -EPERM where this connection does not hold it. */
int pp_manager_rlock_release(struct pp_manager_rlock *rlock);

/* Like pp_manager_rlock_release(); the last one lets the next in as pp_manager_lock_pass_on() does.
 */
int pp_manager_rlock_pass_on(struct pp_manager_rlock *rlock);
