/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Manager condition: wait until something that a lock of a manager guards has changed
 *
 *     r = pp_manager_rlock_acquire(&lock, -1);          r = pp_manager_rlock_acquire(&lock, -1);
 *     while (... not as it should be ...) {             ... change it ...
 *         r = pp_manager_condition_wait(&changed, -1);  r = pp_manager_condition_notify(&changed,
 * 1); }                                                 r = pp_manager_rlock_release(&lock); r =
 * pp_manager_rlock_release(&lock);
 *
 * Several conditions may share one lock. It is the lock that tells of a holder's death
 * (core/manager_lock.h), and with it may come the death of one who would have notified: so who
 * waits is told too.
 *
 * Python: manager.Condition(lock). Its lock is an rlock of the same manager, named or made before.
 * Besides what is said here, functions return what core/manager.h says.
 */

#include "core/manager_rlock.h"

struct pp_manager_condition {
    struct pp_manager_proxy proxy;
};

/*
 * Find the condition that is called @name, or make one whose lock is @rlock; NULL: make one and
 * make up a name for it. Returns 0 with *ret_condition; -EEXIST where what has this name is no
 * condition, or one with another lock; -ESTALE where the lock was removed; -EINVAL where it is of
 * another manager; -EINVAL and -ENOENT as pp_manager_dict().
 */
PP_MUST_CHECK int pp_manager_condition(struct pp_manager *manager, const char *name,
                                       const struct pp_manager_rlock *rlock,
                                       struct pp_manager_condition *ret_condition);

/*
 * Let the lock go, however often it was acquired, wait up to @timeout_ms for a notification, and
 * get the lock back so. -1 waits as long as it takes; the lock is waited for beyond that. What
 * PP_LOCK_OWNER_DIED told of has to be mended before, as before pp_manager_rlock_release().
 * Returns 0 when notified, or -ETIMEDOUT; PP_LOCK_OWNER_DIED where a holder of the lock died
 * meanwhile, notified or not; -EPERM where this connection does not hold the lock. In all these
 * cases but the last the caller then holds it as before. Without it: -ENOTRECOVERABLE, and -ESTALE
 * where the condition or its lock was removed.
 */
PP_MUST_CHECK int pp_manager_condition_wait(struct pp_manager_condition *condition, int timeout_ms);

/* Wake up to @count of those who wait now, the first ones first; all of them. They get the lock
 * once the caller has let it go. Returns 0; -EPERM where this connection does not hold the lock. */
int pp_manager_condition_notify(struct pp_manager_condition *condition, uint32_t count);
int pp_manager_condition_notify_all(struct pp_manager_condition *condition);
