/* SPDX-License-Identifier: MIT */
/*
 * The lock inside says which process holds it, the second word which of all threads. That one is
 * read by threads that do not hold the lock, and yet never deceives: a thread finds its own number
 * there only if it wrote it and has not taken it back, and it takes it back before it releases.
 *
 * For that no two threads may have one number, in different processes neither: where a dead one's
 * is still there while a thread of another process takes the lock over, a second thread of that
 * process must not take it for its own. The number is made of the participant (core/participant.h)
 * and of the address of a variable that each thread has its own of. Each is multiplied by an odd
 * number, which loses nothing, so threads of one process differ for certain, and so do forked
 * processes, whose addresses are the same; others by all odds. It costs no system call.
 */
#include <errno.h>

#include "core/participant.h"
#include "core/rlock.h"

_Static_assert(sizeof(struct pp_rlock) == 32, "the same in all who share it");

static uint64_t this_thread(void)
{
    static _Thread_local char mine;

    return (pp_participant_self() * UINT64_C(0x9e3779b97f4a7c15)) ^
           ((uintptr_t)&mine * UINT64_C(0xc2b2ae3d27d4eb4f));
}

void pp_rlock_init(struct pp_rlock *rlock)
{
    rlock->depth = 0;
    atomic_store_explicit(&rlock->thread, 0, memory_order_relaxed);
    pp_lock_init(&rlock->lock);
}

int pp_rlock_acquire_all(struct pp_rlock *rlock, uint32_t depth, int timeout_ms)
{
    int r = pp_lock_acquire(&rlock->lock, timeout_ms);

    if (r >= 0) {
        atomic_store_explicit(&rlock->thread, this_thread(), memory_order_relaxed);
        rlock->depth = depth;
    }
    return r;
}

int pp_rlock_acquire(struct pp_rlock *rlock, int timeout_ms)
{
    if (!pp_rlock_is_mine(rlock)) {
        return pp_rlock_acquire_all(rlock, 1, timeout_ms);
    }
    if (rlock->depth == UINT32_MAX) {
        return -EOVERFLOW;
    }
    rlock->depth++;
    return 0;
}

int pp_rlock_enter(struct pp_rlock *rlock)
{
    int r = pp_rlock_acquire(rlock, -1);

    return r == PP_LOCK_OWNER_DIED ? pp_rlock_mark_consistent(rlock) : r;
}

int pp_rlock_mark_consistent(struct pp_rlock *rlock)
{
    return pp_rlock_is_mine(rlock) ? pp_lock_mark_consistent(&rlock->lock) : -EPERM;
}

/* Forget the thread, then let the process go in the way that @let_go says. */
static int leave(struct pp_rlock *rlock, int (*let_go)(struct pp_lock *))
{
    atomic_store_explicit(&rlock->thread, 0, memory_order_relaxed);
    return let_go(&rlock->lock);
}

static int undo_one(struct pp_rlock *rlock, int (*let_go)(struct pp_lock *))
{
    if (!pp_rlock_is_mine(rlock)) {
        return -EPERM;
    }
    if (rlock->depth > 1) {
        rlock->depth--;
        return 0;
    }
    return leave(rlock, let_go);
}

int pp_rlock_release(struct pp_rlock *rlock)
{
    return undo_one(rlock, pp_lock_release);
}

int pp_rlock_pass_on(struct pp_rlock *rlock)
{
    return undo_one(rlock, pp_lock_pass_on);
}

int pp_rlock_release_all(struct pp_rlock *rlock, uint32_t *ret_depth)
{
    if (!pp_rlock_is_mine(rlock)) {
        return -EPERM;
    }
    *ret_depth = rlock->depth;
    return leave(rlock, pp_lock_release);
}

bool pp_rlock_is_mine(const struct pp_rlock *rlock)
{
    return atomic_load_explicit(&rlock->thread, memory_order_relaxed) == this_thread() &&
           pp_lock_is_mine(&rlock->lock);
}
