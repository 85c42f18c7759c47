/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Task: a named function that runs in a worker
 *
 * A program lists its functions once, in a constant table; host, zygote and workers are the same
 * program, so a name finds the same function in each. Arguments and replies are bytes, big data
 * lies in slots (core/slot.h), files come as open descriptors: never a pointer. So the same task
 * runs in a forked worker, in a spawned one, and in the caller.
 *
 *     static int square(struct pp_call *call) {
 *         int64_t n = 0;
 *         if (pp_call_arguments(call, &n, sizeof(n)) != 0) return -EINVAL;
 *         n *= n;
 *         return pp_call_reply(call, &n, sizeof(n));
 *     }
 *     static const struct pp_task_function functions[] = {{"square", square}, {NULL, NULL}};
 *     static const struct pp_program program = {.functions = functions};
 *     int main(int argc, char **argv) {
 *         pp_program_enter(&program, argc, argv);
 *         ...
 */

#include "core/base.h"
#include "core/error.h"

/* The most slots, descriptors, argument bytes and reply bytes of one task. */
#define PP_TASK_SLOTS_MAX     4
#define PP_TASK_FDS_MAX       4
#define PP_TASK_ARGUMENTS_MAX 16384
#define PP_TASK_REPLY_MAX     16384

/* The most pieces of memory that a worker or a process shares from its start. */
#define PP_SHARED_MAX 8

/*
 * The variable @of as the arguments in an initializer of what has such: struct pp_task, struct
 * pp_process_options, struct pp_map_item. A text in quotes goes with its NUL.
 *
 *     struct pp_task task = {.function = "square", PP_ARGUMENTS(n)};
 */
#define PP_ARGUMENTS(of) .arguments = &(of), .arguments_length = sizeof(of)

/* One piece of shared memory, as the task sees it. */
struct pp_call_slot {
    void *bytes;     /* page aligned, mapped in this process, readable and writable */
    size_t capacity; /* bytes; at least what was asked for */
};

/* What a running task gets. Valid until the function returns; fields are read only. */
struct pp_call {
    const void *arguments; /* as submitted, aligned to 16 bytes */
    size_t arguments_length;
    struct pp_call_slot slots[PP_TASK_SLOTS_MAX];
    uint32_t slot_count;
    int fds[PP_TASK_FDS_MAX]; /* closed by the worker when the function returns */
    uint32_t fd_count;
    struct pp_call_slot
        shared[PP_SHARED_MAX]; /* what this pool or process was made to share: the
                                  same in every call, mapped until the worker ends */
    uint32_t shared_count;
    struct pp_call_private *private; /* the worker's own */
};

/*
 * Runs one task. Returns 0 when done, or a negative errno when the task failed: then the result
 * carries the code and the message of pp_call_fail(), or the system's text for the code.
 * Called in a worker, one at a time; in the caller's own thread where the pool runs in process.
 */
typedef int (*pp_task_fn)(struct pp_call *call);

struct pp_task_function {
    const char *name; /* at most 47 bytes; unique in the table */
    pp_task_fn run;
};

/* What the processes of this program can do. Constant: lives as long as the program. */
struct pp_program {
    const struct pp_task_function *functions; /* ends with a NULL name */
    void (*preload)(void); /* once in the zygote, before it forks: load what every worker needs,
                              start no thread; may be NULL */
    bool share_stdout;     /* what workers and processes print goes to the host's standard output,
                              line by line, and so does what the host prints, so that each line is
                              where it was printed; else it goes to its standard error, and what the
                              host writes on standard output stays its own */
};

/*
 * Take up the role for which this process was started: a zygote never returns from here. In a
 * process that the user started it opens /dev/null for each of the three standard descriptors that
 * is closed, and does nothing more.
 *
 * The first line of main(), before threads, libraries and output.
 */
void pp_program_enter(const struct pp_program *program, int argc, char **argv);

/* Copy the arguments into @into if they are exactly @length bytes. Returns 0 or -EINVAL. */
PP_MUST_CHECK int pp_call_arguments(const struct pp_call *call, void *into, size_t length);

/*
 * Set the bytes that the result carries, in place of earlier ones; copied.
 * Returns 0; -E2BIG above PP_TASK_REPLY_MAX.
 */
PP_MUST_CHECK int pp_call_reply(struct pp_call *call, const void *bytes, size_t length);

/*
 * Say why the task fails: @code is a negative errno, the message is cut to fit. Returns @code, for
 * "return pp_call_fail(call, -EILSEQ, ...)".
 */
int pp_call_fail(struct pp_call *call, int code, const char *format, ...) PP_PRINTF(3, 4);

/*
 * Say what the task is doing now, in at most 15 bytes ("decode"): where the worker dies, the result
 * names this phase. A store into shared memory; costs nothing.
 */
void pp_call_phase(struct pp_call *call, const char *phase);

/*
 * Private memory of this worker for the length of this call: at least @bytes, aligned to 64, not
 * cleared, kept and handed out again to the next task. One piece at a time: a second request
 * takes the place of the first. NULL where there is no memory.
 */
void *pp_call_scratch(struct pp_call *call, size_t bytes);
