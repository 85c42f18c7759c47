/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Nesting: whether the caller is inside a worker
 *
 * A pool that is made there runs its tasks in place, so that a task may map over its own parts
 * without processes that multiply. Workers that are processes are workers with all their threads;
 * where workers are threads, or the caller itself, only what runs a task is inside.
 */

#include "core/base.h"

/* This whole process is a worker from now on. */
void pp_nesting_become_worker(void);

/* This thread begins and ends to run what the program gave it; in pairs, which may be nested. */
void pp_nesting_enter(void);
void pp_nesting_leave(void);

/* Any thread. */
bool pp_nesting_is_inside(void);
