/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Semaphore: some at a time, between processes and between threads
 *
 * Lies in memory that all who use it have mapped, at any address. It keeps books on who holds how
 * many permits, so the permits of a process that dies or ends come back: who waits gets them within
 * PP_FUTEX_LOOK_MS. What they stood for needs no mending, or needs a lock (core/lock.h).
 *
 * Python: multiprocessing.Semaphore and BoundedSemaphore. As there, whoever releases need not be
 * who acquired. A process that holds a permit releases its own; one that holds none releases one
 * that another holds; where nobody holds any, there is one more from then on, or an error for a
 * bounded one.
 *
 * A semaphore may also count what one process makes and another uses up. Then a permit is not held
 * but spent, and must not come back when who spent it dies: see pp_semaphore_spend().
 *
 * Not in a signal handler: it has a lock inside, held for some ten instructions.
 */

#include "core/lock.h"

/* The most permits, and the most processes that hold some at a time. */
#define PP_SEMAPHORE_PERMITS_MAX INT32_MAX
#define PP_SEMAPHORE_HOLDERS_MAX 128

/* Fields are the semaphore's own, and but for the atomic ones of who holds the lock. */
struct pp_semaphore {
    struct pp_lock lock;
    _Atomic uint32_t permits; /* all there are, held or not */
    uint32_t bound;           /* there may not be more */
    uint32_t sleepers;        /* not 0: somebody may sleep on the bell */
    _Atomic uint32_t bell;    /* changes whenever there may be a permit to have */
    _Atomic uint32_t books;   /* that have been in use: none behind are */
    uint32_t unused;
    struct pp_semaphore_books {
        _Atomic uint64_t participant;
        _Atomic uint32_t held; /* permits; 0: these books are free */
        uint32_t unused;
    } holders[PP_SEMAPHORE_HOLDERS_MAX];
};

/*
 * Make @semaphore one with @value permits that nobody holds. Only while nobody uses it.
 * Returns 0; -EINVAL where @value is above PP_SEMAPHORE_PERMITS_MAX.
 */
PP_MUST_CHECK int pp_semaphore_init(struct pp_semaphore *semaphore, uint32_t value);

/* Like pp_semaphore_init(), but there will never be more than @value permits. */
PP_MUST_CHECK int pp_semaphore_init_bounded(struct pp_semaphore *semaphore, uint32_t value);

/*
 * Wait up to @timeout_ms for a permit and take it; -1 waits as long as it takes, 0 only tries. Who
 * holds permits is looked at before the wait is given up, so that those of the dead count as free.
 * Returns 0; -ETIMEDOUT; -EUSERS where PP_SEMAPHORE_HOLDERS_MAX other processes hold permits;
 * -ENOSYS as pp_lock_acquire(). Any thread, any process.
 */
PP_MUST_CHECK int pp_semaphore_acquire(struct pp_semaphore *semaphore, int timeout_ms);

/*
 * Give a permit back, or add one (see above).
 * Returns 0; -EOVERFLOW where there would be more than there may be: a bounded one released more
 * often than acquired; -ENOSYS as pp_lock_acquire(). Any thread, any process.
 */
int pp_semaphore_release(struct pp_semaphore *semaphore);

/*
 * One of the permits that the caller's process holds is used up: it is gone, and does not come back
 * when this process ends.
 * Returns 0; -EPERM where it holds none; -ENOSYS. Any thread, any process.
 */
PP_MUST_CHECK int pp_semaphore_spend(struct pp_semaphore *semaphore);

/*
 * Set *ret_value to how many permits could be had, now. Those of the dead count only once somebody
 * has waited for them. Returns 0 or -ENOSYS.
 */
PP_MUST_CHECK int pp_semaphore_get_value(struct pp_semaphore *semaphore, uint32_t *ret_value);
