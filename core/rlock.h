/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * RLock: a lock that its holder may acquire again
 *
 * Like struct pp_lock (core/lock.h), of which it has the rules for memory, for waiting and for the
 * death of a holder; but it belongs to one thread of one process, which may acquire it again and
 * again, and releases it as often.
 *
 * Python: multiprocessing.RLock. A thread that ends while it holds the lock leaves it locked until
 * its process ends.
 */

#include "core/lock.h"

/* Fields are the lock's own, and but for the first written by the holder only. */
struct pp_rlock {
    struct pp_lock lock;
    _Atomic uint64_t thread; /* which one of the holder's; 0: none */
    uint32_t depth;          /* how often it was acquired */
    uint32_t unused;
};

/* Make @rlock free, whatever it was. Only while nobody uses it. */
void pp_rlock_init(struct pp_rlock *rlock);

/*
 * Like pp_lock_acquire(); 0 at once for the thread that holds it. -EOVERFLOW where that would be
 * for the 2^32nd time. PP_LOCK_OWNER_DIED comes once: acquired again meanwhile, it is 0.
 */
PP_MUST_CHECK int pp_rlock_acquire(struct pp_rlock *rlock, int timeout_ms);

/* Like pp_lock_enter(): for those whose every store leaves what the lock guards whole. */
PP_MUST_CHECK int pp_rlock_enter(struct pp_rlock *rlock);

/* Like pp_lock_mark_consistent(); -EPERM where the calling thread does not hold it. */
PP_MUST_CHECK int pp_rlock_mark_consistent(struct pp_rlock *rlock);

/*
 * Undo one acquire; the last one lets the next in, as pp_lock_release() does.
 * Returns 0; -EPERM where the calling thread does not hold it.
 */
int pp_rlock_release(struct pp_rlock *rlock);

/* Like pp_rlock_release(); the last one lets the next in as pp_lock_pass_on() does. */
int pp_rlock_pass_on(struct pp_rlock *rlock);

/* Does the calling thread hold it? */
bool pp_rlock_is_mine(const struct pp_rlock *rlock);

/*
 * Release the lock however often it was acquired, and get it back so, for those who have to sleep
 * in between (core/condition.h). Returns as pp_rlock_release(), with *ret_depth set; and as
 * pp_rlock_acquire().
 */
PP_MUST_CHECK int pp_rlock_release_all(struct pp_rlock *rlock, uint32_t *ret_depth);
PP_MUST_CHECK int pp_rlock_acquire_all(struct pp_rlock *rlock, uint32_t depth, int timeout_ms);
