/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Trace, inside: what a pool tells its trace
 *
 * Each is one line where it happens in the pool; a pool without a trace has NULL in pool->trace,
 * and nothing else is looked at then.
 */

#include "core/pool_private.h"
#include "core/trace.h"

/*
 * Begin the tracks of @pool in @trace (NULL: none, and every call below does nothing).
 * Returns 0 with pool->trace set, closed with pp_trace_close_pool(); or -ENOMEM.
 */
PP_MUST_CHECK int pp_trace_open_pool(struct pp_pool *pool, struct pp_trace *trace);
void pp_trace_close_pool(struct pp_pool *pool);

/* The task of @future was submitted. */
void pp_trace_submitted(struct pp_future *future);

/* It has ended; written here if it never ran. */
void pp_trace_resolved(struct pp_future *future);

/*
 * A run of @future in place @index has ended by an answer: with @outcome, begun at @start_ns as the
 * worker says, which is believed only as far as it can be true, after @run_ns.
 */
void pp_trace_answered(struct pp_future *future, uint32_t index, enum pp_outcome outcome,
                       uint64_t start_ns, uint64_t run_ns);

/* A run of @future in place @index has ended without one: by death, deadline or cancelling. */
void pp_trace_cut_off(struct pp_future *future, uint32_t index, enum pp_outcome outcome);

/* The worker in place @index is ordered, takes tasks, has died. */
void pp_trace_worker_started(struct pp_pool *pool, uint32_t index);
void pp_trace_worker_ready(struct pp_pool *pool, uint32_t index);
void pp_trace_worker_died(struct pp_pool *pool, uint32_t index, int signal, int exit_code);
