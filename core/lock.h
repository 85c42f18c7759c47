/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Lock: one at a time, between processes and between threads
 *
 * Lies in memory that all who use it have mapped, at any address; all zero bytes are a free lock,
 * so in a new slot it needs no call to begin with. It names its holder, so the death of the holder
 * costs nobody else more than PP_FUTEX_LOOK_MS:
 *
 *     r = pp_lock_acquire(lock, -1);
 *     if (r == PP_LOCK_OWNER_DIED) {
 *         ... what the lock guards may be half changed: mend it ...
 *         r = pp_lock_mark_consistent(lock);
 *     }
 *     if (r < 0) return r;
 *     ...
 *     return pp_lock_release(lock);
 *
 * Python: multiprocessing.Lock. As there, whoever releases it need not be who acquired it, and who
 * acquires it twice waits for himself (core/rlock.h does not). The holder is a process: a thread
 * that ends takes no lock with it.
 */

#include <stdatomic.h>

#include "core/base.h"

/* Fields are the lock's own. */
struct pp_lock {
    _Atomic uint64_t holder; /* a participant, and whether others wait; 0: free */
    _Atomic uint32_t state;  /* of what it guards; written by the holder */
    uint32_t unused;
};

/* A positive return is not a failure, but the caller must handle it. */
enum {
    PP_LOCK_OWNER_DIED = 1 /* acquired; but a holder died, and nobody has mended since what it left:
                              do so, then pp_lock_mark_consistent() */
};

/* Make @lock free, whatever it was. Only while nobody uses it. */
void pp_lock_init(struct pp_lock *lock);

/*
 * Wait up to @timeout_ms until the lock is free, or its holder dead, and take it. -1 waits as long
 * as it takes; 0 only tries.
 * Returns 0 or PP_LOCK_OWNER_DIED, and the lock is the caller's; or -ETIMEDOUT; -ENOTRECOVERABLE
 * where what it guards was given up (see pp_lock_release()); -ENOSYS where the system does not tell
 * who the caller is (core/participant.h). Then it is not.
 * Free: 20 ns together with its release. Any thread, any process.
 */
PP_MUST_CHECK int pp_lock_acquire(struct pp_lock *lock, int timeout_ms);

/*
 * Acquire for those whose every single store leaves what the lock guards whole, so that a death
 * leaves nothing to mend; waits as long as it takes.
 * Returns 0, or an error of pp_lock_acquire().
 */
PP_MUST_CHECK int pp_lock_enter(struct pp_lock *lock);

/*
 * Say that what the lock guards is whole again, after PP_LOCK_OWNER_DIED.
 * Returns 0, also where it was whole; -EPERM where the caller's process does not hold the lock.
 */
PP_MUST_CHECK int pp_lock_mark_consistent(struct pp_lock *lock);

/*
 * Let the next one in. Released after PP_LOCK_OWNER_DIED without pp_lock_mark_consistent(), the
 * lock gives up: all who wait for it and all who come get -ENOTRECOVERABLE, until pp_lock_init().
 * Returns 0; -EPERM where nobody holds it. Any thread, any process: who else than the holder
 * calls it does so on the holder's behalf.
 */
int pp_lock_release(struct pp_lock *lock);

/*
 * Let the next one in, and leave it to him to mend what was to be mended after PP_LOCK_OWNER_DIED:
 * he is told again. Else like pp_lock_release().
 */
int pp_lock_pass_on(struct pp_lock *lock);

/* Does the caller's process hold it? True in each of its threads. */
bool pp_lock_is_mine(const struct pp_lock *lock);

/* Has it given up? Then nobody will ever get it. */
bool pp_lock_has_given_up(const struct pp_lock *lock);

/* Does a dead process hold it? Then the next who acquires it will be told. */
bool pp_lock_is_orphaned(const struct pp_lock *lock);
