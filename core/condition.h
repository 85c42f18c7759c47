/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Condition: wait until something that a lock guards has changed
 *
 * Lies in memory that all who use it have mapped, at any address. Who finds that things are not yet
 * as he needs them waits, which lets the lock go meanwhile; who changes them notifies:
 *
 *     pp_condition_acquire(condition, -1);        pp_condition_acquire(condition, -1);
 *     while (*count == 0) {                       *count += 1;
 *         r = pp_condition_wait(condition, -1);   pp_condition_notify(condition, 1);
 *         ...                                     pp_condition_release(condition);
 *     }
 *     *count -= 1;
 *     pp_condition_release(condition);
 *
 * Several conditions may share one lock. It is the lock that tells of a holder's death, and with
 * it may come the death of one who would have notified: so who waits is told too, and looks what
 * there is to mend. A notification that a waiter takes into its death passes to another one who
 * waited then, within PP_FUTEX_LOOK_MS.
 *
 * Python: multiprocessing.Condition, with an RLock, which is its default, or with one that is
 * given; a plain Lock would not tell whether the caller is the one who holds it. Any thread, any
 * process; not in a signal handler.
 */

#include "core/rlock.h"

/* The most threads that wait at a time. */
#define PP_CONDITION_WAITERS_MAX 128

/* Fields are the condition's own, and are written by who holds the lock; but a waiter who does not
 * get it back takes himself off. */
struct pp_condition {
    struct pp_rlock own;     /* the lock where none was given */
    int64_t lock_offset;     /* bytes from here to the lock; does not change */
    uint32_t next_ticket;    /* of who waits next: who has waited longest is notified first */
    _Atomic uint32_t places; /* that have been in use: none behind are */
    struct pp_condition_waiter {
        _Atomic uint64_t participant;
        _Atomic uint32_t state;  /* free, waiting, notified: what the waiter sleeps on */
        _Atomic uint32_t ticket; /* once notified: of the first who came too late for that */
    } waiters[PP_CONDITION_WAITERS_MAX];
};

/*
 * Make @condition one that nobody waits for, with @rlock, which has to lie in the same mapping; or
 * with a lock of its own where that is NULL. Only while nobody uses it.
 */
void pp_condition_init(struct pp_condition *condition, struct pp_rlock *rlock);

/* The lock of @condition: what was given, or its own. */
struct pp_rlock *pp_condition_get_lock(struct pp_condition *condition);

/* Acquire and release it, as pp_rlock_acquire() and pp_rlock_release(). */
PP_MUST_CHECK int pp_condition_acquire(struct pp_condition *condition, int timeout_ms);
int pp_condition_release(struct pp_condition *condition);

/*
 * Let the lock go, however often it was acquired, wait up to @timeout_ms for a notification, and
 * get the lock back so. -1 waits as long as it takes; the lock is waited for beyond that.
 * What PP_LOCK_OWNER_DIED told of has to be mended before, as before pp_lock_release().
 * Returns 0 when notified, or -ETIMEDOUT; PP_LOCK_OWNER_DIED where a holder of the lock died
 * meanwhile, notified or not; -EPERM where the caller does not hold the lock; -EUSERS where
 * PP_CONDITION_WAITERS_MAX others wait. In all these cases the caller then holds it as before.
 * Without it: -ENOTRECOVERABLE, as pp_lock_acquire().
 */
PP_MUST_CHECK int pp_condition_wait(struct pp_condition *condition, int timeout_ms);

/*
 * Wait until @predicate, which is called with @data under the lock, returns true.
 * Returns 0 when it did, or -ETIMEDOUT; the others as pp_condition_wait().
 */
PP_MUST_CHECK int pp_condition_wait_for(struct pp_condition *condition, bool (*predicate)(void *),
                                        void *data, int timeout_ms);

/*
 * Wake up to @count of those who wait now; all of them. They run once the caller has let the lock
 * go. Returns 0; -EPERM where the caller does not hold the lock.
 */
int pp_condition_notify(struct pp_condition *condition, uint32_t count);
int pp_condition_notify_all(struct pp_condition *condition);
