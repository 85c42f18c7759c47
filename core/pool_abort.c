/* SPDX-License-Identifier: MIT */
/*
 * Tasks that are to end before they have.
 *
 * The first task of a worker's inbox is in work, or as good as that, and costs the worker its life.
 * One behind it is taken back where the worker has not begun with it, and nobody knows that it ever
 * was there. Without rings that cannot be had: it is left to the worker, and the answer is ignored.
 */
#include <errno.h>

#include "core/pool_private.h"
#include "core/trace_private.h"

/* Have back a task that waits in an inbox. Returns false where the worker keeps it. */
static bool take_back(struct pp_pool *pool, uint32_t index, const struct pp_future *future)
{
    struct pp_pool_worker *worker = &pool->workers[index];

    for (unsigned i = worker->inbox_count; i > 1; i--) {
        if (pp_pool_inbox_at(worker, i - 1)->future == future) {
            if (!pp_pool_ring_recall(worker, i - 1)) {
                return false;
            }
            pp_pool_inbox_take(pool, worker, i - 1);
            return true;
        }
    }
    return false;
}

void pp_pool_recall(struct pp_pool *pool, uint32_t index, struct pp_future *future)
{
    if (take_back(pool, index, future)) {
        pp_scheduler_recalled(pool->scheduler, &future->scheduled);
    } else {
        pp_scheduler_kept(pool->scheduler, index);
    }
}

/* End a task. @force: its worker dies also where the task only waits there. */
static void abort_task(struct pp_pool *pool, struct pp_future *future, enum pp_outcome outcome,
                       bool force)
{
    struct pp_scheduled *task = &future->scheduled;
    bool runs = pp_future_running(future);

    if (runs) {
        pp_trace_cut_off(future, task->worker, outcome);
    }
    pp_scheduler_abort(pool->scheduler, task, outcome,
                       task->sent && (runs || force) && pool->launcher->ops->has_processes);
}

/* Returns whether it waits, and nobody has it. */
static bool waits(struct pp_pool *pool, struct pp_future *future)
{
    struct pp_scheduled *task = &future->scheduled;

    if (task->sent && take_back(pool, task->worker, future)) {
        pp_scheduler_recalled(pool->scheduler, task);
    }
    return !task->sent;
}

void pp_pool_abort_all(struct pp_pool *pool, enum pp_outcome outcome, const struct pp_error *error)
{
    for (struct pp_future *future = pool->pending.first; future != NULL; future = future->next) {
        if (future->scheduled.outcome == PP_OUTCOME_PENDING) {
            future->result.error = *error;
            waits(pool, future);
            abort_task(pool, future, outcome, true);
        }
    }
}

void pp_pool_cancel_waiting(struct pp_pool *pool)
{
    pool->dropped = true;
    for (struct pp_future *future = pool->pending.first; future != NULL; future = future->next) {
        if (future->scheduled.outcome != PP_OUTCOME_PENDING) {
            continue;
        }
        /* Without rings one that is not the first has not begun. */
        if (waits(pool, future) || (!pool->has_rings && !pp_future_running(future))) {
            pp_error_set(&future->result.error, -ECANCELED, "cancelled");
            abort_task(pool, future, PP_CANCELLED, false);
        }
    }
}

bool pp_pool_cancel(struct pp_pool *pool, struct pp_future *future)
{
    if (!waits(pool, future)) {
        /* It may have been done by now, or have become the first. */
        pp_pool_handle_worker(pool, future->scheduled.worker);
    }
    if (future->scheduled.outcome != PP_OUTCOME_PENDING) {
        return false;
    }
    pp_error_set(&future->result.error, -ECANCELED, "cancelled");
    abort_task(pool, future, PP_CANCELLED, false);
    return true;
}
