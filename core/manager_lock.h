/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Manager lock: one at a time, among the clients of a manager
 *
 * What core/lock.h is to those who share memory, for those who do not, on other machines too:
 *
 *     r = pp_manager_lock_acquire(&lock, -1);
 *     if (r == PP_LOCK_OWNER_DIED) {
 *         ... what the lock guards may be half changed: mend it ...
 *         r = pp_manager_lock_mark_consistent(&lock);
 *     }
 *     if (r < 0) return r;
 *     ...
 *     return pp_manager_lock_release(&lock);
 *
 * The holder is a connection: where that ends while it holds the lock, by death, by
 * pp_manager_destroy() or with the network, the next one gets it at once, and is told. Who has lost
 * his connection holds nothing any more, whether he knows it or not: until his next call returns
 * -ECONNRESET he may believe that he does. So what a lock guards had better lie in the same
 * manager. Who waits gets it in the order of coming.
 *
 * Python: manager.Lock(). As there, whoever releases it need not be who acquired it, and who
 * acquires it twice waits for himself. Besides what is said here, functions return what
 * core/manager.h says.
 */

#include "core/lock.h"
#include "core/manager.h"

struct pp_manager_lock {
    struct pp_manager_proxy proxy;
};

/*
 * Find the lock that is called @name, or make one that is free; NULL: make one and make up a name
 * for it.
 * Returns 0 with *ret_lock; -EEXIST, -EINVAL and -ENOENT as pp_manager_dict().
 */
PP_MUST_CHECK int pp_manager_lock(struct pp_manager *manager, const char *name,
                                  struct pp_manager_lock *ret_lock);

/*
 * Wait up to @timeout_ms for the lock, and take it. -1 waits as long as it takes; 0 only tries.
 * Returns 0 or PP_LOCK_OWNER_DIED, and the lock is the caller's; or -ETIMEDOUT; -ENOTRECOVERABLE
 * where what it guards was given up (see pp_manager_lock_release()). Then it is not.
 */
PP_MUST_CHECK int pp_manager_lock_acquire(struct pp_manager_lock *lock, int timeout_ms);

/* Say that what the lock guards is whole again, after PP_LOCK_OWNER_DIED.
 * Returns 0, also where it was whole; -EPERM where this connection does not hold the lock. */
PP_MUST_CHECK int pp_manager_lock_mark_consistent(struct pp_manager_lock *lock);

/*
 * Let the next one in. Released after PP_LOCK_OWNER_DIED without pp_manager_lock_mark_consistent(),
 * the lock gives up: all who wait for it and all who come get -ENOTRECOVERABLE.
 * Returns 0; -EPERM where nobody holds it.
 */
int pp_manager_lock_release(struct pp_manager_lock *lock);

/* Let the next one in, and leave it to him to mend what was to be mended: he is told again. Else
 * like pp_manager_lock_release(). */
int pp_manager_lock_pass_on(struct pp_manager_lock *lock);
