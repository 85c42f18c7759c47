/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Stop: the user's wish to end a run, as a descriptor
 *
 * The first SIGINT, SIGTERM or SIGHUP asks for a clean end, the second for one at once; a third
 * ends the process where it stands.
 *
 * Safety: one at a time in a process.
 */

#include <stdbool.h>

#include "core/base.h"

/* From here on the signals are noted instead of ending the process. Returns 0 or an errno. */
PP_MUST_CHECK int stop_init(void);

/* Polls readable when a signal came that was not yet taken by stop_take(). */
int stop_fd(void);

/* Take note of the signals that came, so that stop_fd() is silent until the next. */
void stop_take(void);

/* How often it was asked for, and by which signal first; 0: not at all. */
unsigned stop_count(void);
int stop_signal(void);

/* Give the signals back their former meaning. */
void stop_finish(void);
