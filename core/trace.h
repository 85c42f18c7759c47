/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Trace: when every task ran, and on which worker, as a picture
 *
 * Written as JSON in the Trace Event Format, which chrome://tracing and ui.perfetto.dev draw: one
 * track for each worker, one bar for each run of a task, its time in the queue, the starts and
 * deaths of workers. Give it to a pool with its options; one trace may serve several pools of one
 * thread, one after the other or at the same time.
 *
 * The track is the worker's place in the pool: a worker that takes a dead one's place goes on where
 * that one's bars end. Times are CLOCK_MONOTONIC. What a host that was killed had written lacks the
 * end, which both programs forgive.
 */

#include "core/pool.h"

/*
 * Begin a trace on @fd, which is duplicated. Returns 0 with *ret_trace, which the caller destroys
 * after its pools; or a negative errno.
 */
PP_MUST_CHECK int pp_trace_create(struct pp_trace **ret_trace, int fd);

/*
 * Write the end of the file, close it and free the trace.
 * Returns 0, or the negative errno of the first write that failed: the file is of no use then.
 */
int pp_trace_destroy(struct pp_trace *trace);
