/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Memory: how much there is to take, and whether the kernel had to kill for it
 */

#include "core/base.h"

/*
 * Bytes that this process may still take without swapping: the least of what the machine has
 * available and what each control group above leaves. SIZE_MAX where nothing can be read.
 * @proc: "/proc", or a directory with meminfo and self/ like those there. Any thread.
 */
size_t pp_memory_available(const char *proc);

/*
 * How often the kernel killed a process for want of memory since the machine started; 0 where it
 * does not say. A change between two calls is a hint, not a proof, that one of ours was meant.
 */
uint64_t pp_memory_oom_kills(void);
