/* SPDX-License-Identifier: MIT */
/*
 * A deadline counts from when a task became the first of its worker's inbox, by the host's own
 * clock: nothing that the worker says can move it. One timer serves all workers.
 */
#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/pool_private.h"
#include "core/trace_private.h"

/* How long a worker that was told to end may take for that. */
#define CLOSE_PATIENCE_NS UINT64_C(2000000000)

/* When the task that @worker works on has to be done; 0 where it may take any time. */
static uint64_t deadline_of(const struct pp_pool *pool, uint32_t index)
{
    const struct pp_pool_worker *worker = &pool->workers[index];
    const struct pp_future *future =
        (const struct pp_future *)pp_scheduler_head(pool->scheduler, index);

    if (worker->closing && !worker->kill_wanted && pool->launcher->ops->has_processes) {
        return worker->closing_since_ns + CLOSE_PATIENCE_NS;
    }
    if (future == NULL || future->timeout_ms == 0 || worker->number == 0) {
        return 0;
    }
    return worker->head_since_ns + (uint64_t)future->timeout_ms * 1000000;
}

static bool has_passed(const struct pp_pool *pool, uint32_t index, uint64_t now)
{
    uint64_t deadline = deadline_of(pool, index);

    return deadline != 0 && deadline <= now;
}

void pp_pool_arm_timer(struct pp_pool *pool)
{
    struct itimerspec setting = {.it_value = {0, 0}};
    uint64_t first = 0;

    for (uint32_t i = 0; i < pool->worker_count; i++) {
        uint64_t deadline = deadline_of(pool, i);

        if (deadline != 0 && (first == 0 || deadline < first)) {
            first = deadline;
        }
    }
    if (first == pool->armed_ns) {
        return;
    }
    pool->armed_ns = first;
    setting.it_value.tv_sec = (time_t)(first / 1000000000);
    setting.it_value.tv_nsec = (long)(first % 1000000000);
    timerfd_settime(pool->timer, TFD_TIMER_ABSTIME, &setting, NULL);
}

static void give_up(struct pp_pool *pool, uint32_t index, uint64_t now)
{
    struct pp_pool_worker *worker = &pool->workers[index];
    struct pp_future *future = (struct pp_future *)pp_scheduler_head(pool->scheduler, index);

    if (worker->closing) {
        pp_log(PP_LOG_INFO, "pool", "worker %u does not end by itself", worker->number);
        pp_pool_kill_now(worker);
        return;
    }
    pp_control_get_phase(worker->control.bytes, future->result.phase);
    future->result.attempts++;
    future->result.run_ns = now - worker->head_since_ns;
    pp_error_set(&future->result.error, -ETIMEDOUT, "not done after %u ms", future->timeout_ms);
    pp_trace_cut_off(future, index, PP_TIMED_OUT);
    pp_scheduler_abort(pool->scheduler, &future->scheduled, PP_TIMED_OUT,
                       pool->launcher->ops->has_processes);
}

void pp_pool_handle_deadlines(struct pp_pool *pool)
{
    uint64_t now = pp_clock_ns();
    uint64_t expirations;

    /* Only to make it unreadable; what has expired is found below. */
    if (read(pool->timer, &expirations, sizeof(expirations)) < 0) {
        expirations = 0;
    }
    pool->armed_ns = 0;
    for (uint32_t i = 0; i < pool->worker_count; i++) {
        if (!has_passed(pool, i, now)) {
            continue;
        }
        /* What was answered in time counts, however late the host comes to read it. */
        pp_pool_handle_worker(pool, i);
        if (has_passed(pool, i, now)) {
            give_up(pool, i, now);
        }
    }
}
