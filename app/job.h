/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Job: one input on its way to its output
 *
 * A job is a small state machine that waits for one task at a time: its file is opened, a worker
 * probes it and makes the plan, a worker renders, and the host writes the output.
 *
 * Life:    start; advance whenever its task is done, until it has ended; tell; destroy.
 */

#include "app/options.h"
#include "app/outputs.h"
#include "app/report.h"
#include "core/pool.h"

/* How far a job goes. */
enum job_goal {
    JOB_NAME,  /* probe, to name the output; a failure is kept there and not told */
    JOB_PLAN,  /* probe, to tell what would be done */
    JOB_OUTPUT /* all the way */
};

/* What all jobs of a run share; outlives them. */
struct job_context {
    struct pp_pool *pool;
    const struct run_options *options;
    const struct outputs *outputs;
    struct report *report;
    enum job_goal goal;
};

/* How a job stands. All but the first are ends. */
enum job_state {
    JOB_WAITS,     /* for its task */
    JOB_DONE,      /* as far as its goal */
    JOB_FAILED,    /* the input's fault, or the machine's */
    JOB_HOPELESS,  /* and every other would fail as well: the disk is full */
    JOB_CANCELLED, /* its task was dropped */
    JOB_REFUSED    /* there is no name for the output; *error says why */
};

struct job;

/*
 * Start the job of @output: open its input and submit the probe. The job is the user of the future
 * that pp_pool_next() will return; it may also have ended already.
 */
struct job *job_start(const struct job_context *context, struct output *output);

/* The job's task is done: take the next step. Sets *error where the job is refused. */
void job_advance(struct job *job, GError **error);

enum job_state job_state(const struct job *job);

/* Tell the report what became of a job that has ended; nothing, if it was cancelled. */
void job_tell(struct job *job);

/* Drops what it waits for. NULL is fine. */
void job_destroy(struct job *job);
