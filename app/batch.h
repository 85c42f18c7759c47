/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Batch: many jobs through one pool
 */

#include "app/job.h"

/* Why a batch ended. */
enum batch_end {
    BATCH_DONE,     /* every job had its end */
    BATCH_STOPPED,  /* by a signal (app/stop.h) */
    BATCH_HOPELESS, /* no other output could be written, or the pool cannot go on */
    BATCH_CLOSED,   /* nobody reads standard output any more */
    BATCH_REFUSED   /* an output can have no name; *error says why */
};

/*
 * Run the job of every output of @context for which @wants says so, as many at a time as keep the
 * workers busy. Those that are not tried any more are reported as left, unless they only wanted
 * names.
 */
enum batch_end batch_run(const struct job_context *context,
                         bool (*wants)(const struct outputs *, const struct output *),
                         GError **error);
