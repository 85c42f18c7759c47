/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Crash stack: where a worker was when it crashed
 *
 * The worker leaves it in memory that it shares with the host: for each frame the name of its
 * module (the program or a library) and the offset in it, which mean the same in both processes
 * although their addresses differ. The host makes text of it, and believes nothing: a name is text,
 * an offset is a number.
 */

#include <signal.h>
#include <stdatomic.h>

#include "core/base.h"

/* The innermost frames that are kept, and the bytes of a module's name, cut to fit. */
#define PP_CRASH_STACK_FRAMES       32
#define PP_CRASH_STACK_MODULE_BYTES 56

/* The most bytes of its text, with the NUL. */
#define PP_CRASH_STACK_TEXT_BYTES 8192

struct pp_crash_frame {
    _Atomic uint64_t offset; /* what addr2line takes; in a caller it lies in the call's last byte */
    _Atomic uint64_t module[PP_CRASH_STACK_MODULE_BYTES / 8]; /* text: the file's name without its
                                                                 folder; "" the program; "?" none */
};

/* Written by the worker, read by the host. All zero is a good start. */
struct pp_crash_stack {
    _Atomic uint32_t count;
    struct pp_crash_frame frames[PP_CRASH_STACK_FRAMES]; /* innermost first */
};

/*
 * Load what taking a stack needs, so that a crash has nothing to load. A zygote calls it before it
 * forks; pp_crash_stack_install() does it where nobody has. Not from several threads at a time.
 */
void pp_crash_stack_prepare(void);

/*
 * From now on a crash of this process by SIGSEGV, SIGBUS, SIGFPE, SIGILL or SIGABRT leaves its
 * stack in @stack, which stays mapped, and then ends the process as it would have ended. A signal
 * for which somebody, a sanitizer, has a handler already is left to that one. A stack that
 * overflows is seen in the calling thread only.
 *
 * For a process that is a worker, in its first thread; once.
 */
void pp_crash_stack_install(struct pp_crash_stack *stack);

/* Whether a death by @number may have left a stack. */
bool pp_crash_stack_is_crash(int number);

/* Forget an earlier stack. The host calls it before a worker starts. */
void pp_crash_stack_clear(struct pp_crash_stack *stack);

/*
 * Write what the worker left to @text of PP_CRASH_STACK_TEXT_BYTES bytes: one line a frame,
 * "module+0xoffset (function)", innermost first; "" where there is nothing. Functions are found by
 * the tables of this process, so only in modules that are loaded here too, and only those with
 * names for the dynamic linker: static ones have none. Any process.
 */
void pp_crash_stack_describe(const struct pp_crash_stack *stack, char *text);
