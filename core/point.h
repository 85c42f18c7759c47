/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Point: a named place in the protocol between processes, where time or death may strike
 *
 * The engine passes a point at every step that matters to somebody else: before and after a message
 * is sent, a worker forked, a task stamped. Ordinarily a point is one load and a jump not taken.
 * Two things can stand behind it:
 *
 * - PIXPOOL_STALL=SEED or SEED:MICROSECONDS in the environment sleeps at points for a random time,
 *   to shake out orders of events that an idle machine never shows (1000 microseconds at the most
 *   unless told otherwise). The same seed gives each process the same sequence of sleeps.
 * - A test program sets pp_point_hook before pp_program_enter(), which makes every process of it
 *   call that: to die there, to stop, to send rubbish.
 */

#include "core/base.h"

/* Called at every point with its name, "worker.before-reply"; NULL: nobody is. Set before threads.
 */
extern void (*pp_point_hook)(const char *name);

/* Pass the point @name, a string literal. Any thread, any process; not in a signal handler. */
static inline void pp_point(const char *name)
{
    /* Another thread may begin to follow the environment just now. */
    void (*hook)(const char *) = __atomic_load_n(&pp_point_hook, __ATOMIC_ACQUIRE);

    if (__builtin_expect(hook != NULL, 0)) {
        hook(name);
    }
}

/*
 * Follow PIXPOOL_STALL where it is set and no hook is; part of pp_program_enter() and of
 * pp_pool_create(). A value that cannot be read is logged and changes nothing. Any thread.
 */
void pp_point_follow_environment(void);

/* Which process this is, for its sequence of sleeps. */
#define PP_POINT_HOST           UINT64_C(0)
#define PP_POINT_ZYGOTE         UINT64_C(1)
#define PP_POINT_WORKER(number) (UINT64_C(2) + (number))

/*
 * Begin the sequence of process @number, one of the above: each process that the engine starts
 * calls it once, so that those forked from one another do not sleep in step. One that never does is
 * the host.
 */
void pp_point_be_process(uint64_t number);

/* What PIXPOOL_STALL says. */
struct pp_point_stall {
    uint64_t seed;
    uint64_t most_us; /* the longest sleep in microseconds */
};

/* Read "SEED" or "SEED:MICROSECONDS", both decimal. Returns 0; -EINVAL; -ERANGE above 10 s. */
PP_MUST_CHECK int pp_point_parse_stall(const char *text, struct pp_point_stall *ret_stall);

/*
 * How long process @number sleeps at the point that it passes as its @step-th, in microseconds:
 * half of them 0, the others anything up to the longest.
 */
uint64_t pp_point_pause_us(const struct pp_point_stall *stall, uint64_t number, uint64_t step);
