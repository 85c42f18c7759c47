/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Clock: the one clock of deadlines and durations
 */

#include <stdint.h>

/* Nanoseconds since some fixed point; never goes back, stands still while the machine sleeps. */
uint64_t pp_clock_ns(void);
