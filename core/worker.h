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

/*
 * Run the program's initializer and tell the host, over channel end @end, that this worker is
 * ready.
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

/* Unmap its slots, close its channel, free all. NULL is fine. */
void pp_worker_destroy(struct pp_worker *worker);

/*
 * The whole life of a worker on a thread or in a process: create, steps until closed, destroy.
 * Returns the exit code: 0, or 2 where it could not work at all, so that starting another makes no
 * sense.
 */
int pp_worker_run(const struct pp_program *program, int end, struct pp_control *control);
