/* SPDX-License-Identifier: MIT */
/*
 * All there is to know about who has the lock is one word: the holder's number (core/participant.h)
 * and one bit that says that others wait. It changes hands in one atomic step, so a process that is
 * killed at whatever instruction holds the lock or does not, and everyone can see which.
 *
 *     free ---- acquire ---> held by A --- B comes, sets the bit ---> held by A, others wait
 *     held by a dead process --- acquire ---> held by B, who is told
 *
 * Who releases a lock with the bit set wakes one sleeper, who takes the lock with the bit set: he
 * cannot know whether he was the last, and one system call too many is better than one too few.
 *
 * What a death can break is the chain of wake-ups: a sleeper is woken and dies before he takes the
 * lock, or the lock is released and its holder dies before he wakes. So sleep comes in slices
 * (core/futex.h), and after each the word is looked at, and its holder.
 *
 * Why not PTHREAD_MUTEX_ROBUST: its holder is a thread, so a process could not release what another
 * acquired, as Python's can; the kernel finds it through a list of pointers in the dying thread, so
 * memory must not be unmapped while locks in it are held; and what else processes share
 * (semaphores, barriers, conditions) is not robust there at all, and needs the holder's name.
 *
 * The state of what the lock guards is a second word, but it is written by the holder only, and
 * a death between two writes leaves a dead holder, which the next one finds first.
 */
#include <endian.h>
#include <errno.h>

#include "core/futex.h"
#include "core/lock.h"
#include "core/participant.h"

#define OTHERS_WAIT UINT64_C(1)

enum { WHOLE, BROKEN, GIVEN_UP };

_Static_assert(sizeof(struct pp_lock) == 16, "the same in all who share it");
_Static_assert(PP_PARTICIPANT_BITS == 63, "a bit is left to say that others wait");

static uint64_t held_by(uint64_t participant)
{
    return participant << 1;
}

static uint64_t holder_of(uint64_t word)
{
    return word >> 1;
}

/* The half of the word that the kernel compares: the pid, a part of the start time, and the bit.
 * Whoever changes the rest while others wait has to wake them, so it need not differ. */
static _Atomic uint32_t *low_half(struct pp_lock *lock)
{
    _Atomic uint32_t *halves = (_Atomic uint32_t *)(void *)&lock->holder;

    return &halves[__BYTE_ORDER == __LITTLE_ENDIAN ? 0 : 1];
}

void pp_lock_init(struct pp_lock *lock)
{
    atomic_store_explicit(&lock->state, WHOLE, memory_order_relaxed);
    atomic_store_explicit(&lock->holder, 0, memory_order_release);
}

static int let_go(struct pp_lock *lock)
{
    uint64_t word = atomic_exchange_explicit(&lock->holder, 0, memory_order_release);

    if (word & OTHERS_WAIT) {
        pp_futex_wake(low_half(lock), 1);
    }
    return word == 0 ? -EPERM : 0;
}

/* The caller has just got the lock: in what state? */
static inline int settle(struct pp_lock *lock)
{
    uint32_t state = atomic_load_explicit(&lock->state, memory_order_relaxed);

    if (state == GIVEN_UP) {
        let_go(lock);
        return -ENOTRECOVERABLE;
    }
    return state == WHOLE ? 0 : PP_LOCK_OWNER_DIED;
}

/* Take the lock if it is still @word. */
static bool take(struct pp_lock *lock, uint64_t word, uint64_t self)
{
    return atomic_compare_exchange_strong_explicit(&lock->holder, &word,
                                                   held_by(self) | OTHERS_WAIT,
                                                   memory_order_acquire, memory_order_relaxed);
}

/* Take the lock if its holder has died. A holder who dies before he has written the state is found
 * dead in turn. */
static bool take_from_the_dead(struct pp_lock *lock, uint64_t self)
{
    uint64_t word = atomic_load_explicit(&lock->holder, memory_order_relaxed);

    if (word == 0 || pp_participant_is_alive(holder_of(word)) || !take(lock, word, self)) {
        return false;
    }
    if (atomic_load_explicit(&lock->state, memory_order_relaxed) == WHOLE) {
        atomic_store_explicit(&lock->state, BROKEN, memory_order_relaxed);
    }
    return true;
}

/* Set the bit in the word and sleep. Returns as pp_futex_wait(). */
static int wait_for_release(struct pp_lock *lock, uint64_t word, uint64_t deadline)
{
    uint64_t waited_for = word | OTHERS_WAIT;

    if (word != waited_for &&
        !atomic_compare_exchange_strong_explicit(&lock->holder, &word, waited_for,
                                                 memory_order_relaxed, memory_order_relaxed)) {
        return 0;
    }
    return pp_futex_wait(low_half(lock), (uint32_t)waited_for, deadline);
}

static int acquire_slowly(struct pp_lock *lock, uint64_t self, int timeout_ms)
{
    uint64_t deadline = pp_futex_deadline(timeout_ms);

    for (;;) {
        uint64_t word = atomic_load_explicit(&lock->holder, memory_order_relaxed);
        int r = 0;

        if (word == 0) {
            if (take(lock, word, self)) {
                return settle(lock);
            }
        } else {
            r = deadline == 0 ? -ETIMEDOUT : wait_for_release(lock, word, deadline);
        }
        if (r != 0 && take_from_the_dead(lock, self)) {
            return settle(lock);
        }
        if (r < 0) {
            return r;
        }
    }
}

int pp_lock_acquire(struct pp_lock *lock, int timeout_ms)
{
    uint64_t self = pp_participant_self();
    uint64_t word = 0;

    if (self == PP_PARTICIPANT_NOBODY) {
        return -ENOSYS;
    }
    if (atomic_compare_exchange_strong_explicit(&lock->holder, &word, held_by(self),
                                                memory_order_acquire, memory_order_relaxed)) {
        return settle(lock);
    }
    return acquire_slowly(lock, self, timeout_ms);
}

int pp_lock_enter(struct pp_lock *lock)
{
    int r = pp_lock_acquire(lock, -1);

    return r == PP_LOCK_OWNER_DIED ? pp_lock_mark_consistent(lock) : r;
}

int pp_lock_mark_consistent(struct pp_lock *lock)
{
    if (!pp_lock_is_mine(lock)) {
        return -EPERM;
    }
    atomic_store_explicit(&lock->state, WHOLE, memory_order_relaxed);
    return 0;
}

int pp_lock_release(struct pp_lock *lock)
{
    if (atomic_load_explicit(&lock->state, memory_order_relaxed) == BROKEN) {
        atomic_store_explicit(&lock->state, GIVEN_UP, memory_order_relaxed);
    }
    return let_go(lock);
}

int pp_lock_pass_on(struct pp_lock *lock)
{
    return let_go(lock);
}

bool pp_lock_is_mine(const struct pp_lock *lock)
{
    uint64_t word = atomic_load_explicit(&lock->holder, memory_order_relaxed);

    return word != 0 && holder_of(word) == pp_participant_self();
}

bool pp_lock_has_given_up(const struct pp_lock *lock)
{
    return atomic_load_explicit(&lock->state, memory_order_relaxed) == GIVEN_UP;
}

bool pp_lock_is_orphaned(const struct pp_lock *lock)
{
    uint64_t word = atomic_load_explicit(&lock->holder, memory_order_relaxed);

    return word != 0 && !pp_participant_is_alive(holder_of(word));
}
