/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Worker: takes task messages from its channel, runs them, answers
 *
 * The same code whatever it runs in: a process forked from the zygote, a thread, or the caller's
 * own thread one message at a time.
 */

#include "core/control.h"
#include "core/task.h"

struct pp_worker;

/* Outcomes of pp_worker_step() that are no failure. */
enum {
    PP_WORKER_CLOSED = 1, /* the host is gone or wants no more: end */
    PP_WORKER_AGAIN = 2   /* no message now, on an end that does not wait */
};

/* What a worker exits with that could not work at all, so that starting another makes no sense. */
enum { PP_WORKER_EXIT_USELESS = 2 };

/*
 * Make a worker of @program on channel end @end. It does nothing before the host's first message.
 *
 * @end: taken over. @control: this worker's page, which outlives it; the caller's.
 * Returns 0 with *ret_worker, which the caller destroys; or a negative errno, with @end closed.
 */
PP_MUST_CHECK int pp_worker_create(struct pp_worker **ret_worker, const struct pp_program *program,
                                   int end, struct pp_control *control);

/*
 * Receive one message and do what it asks.
 * Returns 0, PP_WORKER_CLOSED, PP_WORKER_AGAIN, or a negative errno: then the worker must end.
 */
PP_MUST_CHECK int pp_worker_step(struct pp_worker *worker);

/* Unmap its slots and what it shares, close its channel, free all. NULL is fine. */
void pp_worker_destroy(struct pp_worker *worker);

/*
 * The whole life of a worker on a thread or in a process: create, steps until closed, destroy.
 * Returns the exit code: 0; PP_WORKER_EXIT_USELESS; 1 where it met something that a worker should
 * not meet; or that of its one task, where it was started for one.
 */
int pp_worker_run(const struct pp_program *program, int end, struct pp_control *control);

/* For core's own task functions (core/builtin.h): the program that they run in. */
const struct pp_program *pp_worker_program(const struct pp_call *call);

/* What a task function hands to another one that it calls. */
struct pp_worker_part {
    const void *arguments; /* aligned to 16 bytes, as every function expects */
    size_t arguments_length;
    uint8_t *reply; /* where the reply goes */
    size_t reply_capacity;
};

/*
 * For core's own task functions: call function @function, an index as of pp_builtin_find(), as part
 * of @call. It sees the worker's shared memory and scratch memory, but none of @call's slots and
 * descriptors.
 *
 * Returns what the function returned: 0 with *ret_reply_length, or a negative errno with @error
 * (may be NULL) set; -ENOENT where there is no such function.
 */
PP_MUST_CHECK int pp_worker_call(struct pp_call *call, uint32_t function,
                                 const struct pp_worker_part *part, size_t *ret_reply_length,
                                 struct pp_error *error);
