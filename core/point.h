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
    if (__builtin_expect(pp_point_hook != NULL, 0)) {
        pp_point_hook(name);
    }
}

/*
 * Follow PIXPOOL_STALL where it is set and no hook is; part of pp_program_enter() and of
 * pp_pool_create().
 */
void pp_point_follow_environment(void);
