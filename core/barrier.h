/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Barrier: nobody goes on before all have come
 *
 * Lies in memory that all who use it have mapped, at any address. It is good for round after round.
 * It breaks where a round cannot be completed: when a wait times out, when somebody aborts it, and
 * when a process dies that waits. Then all who wait and all who come are told, until it is reset.
 *
 * A process that dies before it comes is not known to a barrier, unless it is expected by name:
 * see pp_barrier_expect().
 *
 * Python: multiprocessing.Barrier. It has no action: a function means nothing in another process.
 * Let who gets index 0 do it, and all wait once more. Any thread, any process; not in a signal
 * handler.
 */

#include "core/lock.h"

/* The most parties, and the most that are expected by name. */
#define PP_BARRIER_PARTIES_MAX 128

/* Fields are the barrier's own, and written by who holds the lock; but who leaves clears his place
 * himself. */
struct pp_barrier {
    struct pp_lock lock;
    uint32_t parties;            /* does not change */
    _Atomic uint32_t generation; /* one more after each round, and after each reset */
    _Atomic uint32_t broken;     /* this generation will never be complete */
    _Atomic uint32_t bell;       /* changes whenever the two above do: what waiters sleep on */
    _Atomic uint32_t places;     /* that have been in use: none behind are */
    uint32_t unused;
    struct pp_barrier_place {
        _Atomic uint64_t participant;
        _Atomic uint32_t state; /* free, waiting, turned away by a reset, expected */
        _Atomic uint32_t generation;
    } place[3 * PP_BARRIER_PARTIES_MAX]; /* this round's, those who have yet to leave, expected */
};

/* A positive return is not a failure, but the caller must handle it. */
enum {
    PP_BARRIER_BROKEN = 1 /* not all will come; Python's BrokenBarrierError */
};

/*
 * Make @barrier one for @parties threads or processes, whole and with nobody waiting. Only while
 * nobody uses it. Returns 0; -EINVAL for no parties, or for more than PP_BARRIER_PARTIES_MAX.
 */
PP_MUST_CHECK int pp_barrier_init(struct pp_barrier *barrier, uint32_t parties);

/*
 * Wait until as many wait as there are parties. @timeout_ms: -1 as long as it takes; 0 only for
 * the last one.
 * Returns 0 when all have come, and sets *ret_index (may be NULL) to how many were before the
 * caller: each index from 0 to parties - 1 comes once a round. PP_BARRIER_BROKEN; -ETIMEDOUT for
 * the one whose time was over, which breaks it for the others; -EUSERS where too many of earlier
 * rounds have not left yet; -ENOSYS as pp_lock_acquire().
 * A round is complete only if those who wait are alive when the last one comes.
 */
PP_MUST_CHECK int pp_barrier_wait(struct pp_barrier *barrier, int timeout_ms, uint32_t *ret_index);

/*
 * The process @participant (core/participant.h) will come: if it dies or ends, the barrier breaks
 * for those who wait, and for those who come and wait for long, until the process is excused.
 * Returns 0; -EUSERS where PP_BARRIER_PARTIES_MAX are expected already; -ENOSYS.
 */
PP_MUST_CHECK int pp_barrier_expect(struct pp_barrier *barrier, uint64_t participant);

/* It need not come any more. Returns 0; -ESRCH where it was not expected; -ENOSYS. */
int pp_barrier_excuse(struct pp_barrier *barrier, uint64_t participant);

/* Break it, for all who wait and who will come. Returns 0 or -ENOSYS. */
int pp_barrier_abort(struct pp_barrier *barrier);

/* Make it whole again and empty; it is broken for those who wait. Returns 0 or -ENOSYS. */
int pp_barrier_reset(struct pp_barrier *barrier);

/* How many are needed, how many wait, and whether it is broken, now. */
uint32_t pp_barrier_parties(const struct pp_barrier *barrier);
uint32_t pp_barrier_n_waiting(const struct pp_barrier *barrier);
bool pp_barrier_is_broken(const struct pp_barrier *barrier);
