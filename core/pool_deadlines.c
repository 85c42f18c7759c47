/* SPDX-License-Identifier: MIT */
/*
 * A deadline counts from when a task became the first of its worker's inbox, by the host's own
 * clock: nothing that the worker says can move it. One timer serves all workers, for this and for
 * what they owe besides (pool_overdue.c).
 */
#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/pool_private.h"
#include "core/trace_private.h"

/* When the task that @worker works on has to be done; 0 where it may take any time. */
static uint64_t deadline_of(const struct pp_pool *pool, uint32_t index)
{
    const struct pp_pool_worker *worker = &pool->workers[index];
    const struct pp_future *future =
        (const struct pp_future *)pp_scheduler_head(pool->scheduler, index);

    /* What a dead one had in work is not late: its end is only told late. */
    if (future == NULL || future->timeout_ms == 0 || worker->number == 0 || worker->dead) {
        return 0;
    }
    return worker->head_since_ns + (uint64_t)future->timeout_ms * 1000000;
}

static bool has_passed(uint64_t deadline, uint64_t now)
{
    return deadline != 0 && deadline <= now;
}

/* The earlier one of two times, of which 0 is none. */
static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a == 0 ? b : b == 0 ? a : a < b ? a : b;
}

void pp_pool_arm_timer(struct pp_pool *pool)
{
    struct itimerspec setting = {.it_value = {0, 0}};
    uint64_t first = 0;

    for (uint32_t i = 0; i < pool->worker_count; i++) {
        first = earlier(first, earlier(deadline_of(pool, i), pp_pool_overdue_ns(pool, i)));
    }
    if (first == pool->armed_ns) {
        return;
    }
    pool->armed_ns = first;
    setting.it_value.tv_sec = (time_t)(first / 1000000000);
    setting.it_value.tv_nsec = (long)(first % 1000000000);
    timerfd_settime(pool->timer, TFD_TIMER_ABSTIME, &setting, NULL);
}

/* What was said in time counts, however late the host comes to read it. */
static void handle_deadline(struct pp_pool *pool, uint32_t index, uint64_t now)
{
    struct pp_pool_worker *worker = &pool->workers[index];
    struct pp_future *future;

    pp_pool_handle_worker(pool, index);
    if (has_passed(pp_pool_overdue_ns(pool, index), now)) {
        pp_pool_handle_overdue(pool, index);
    }
    if (!has_passed(deadline_of(pool, index), now) || pp_pool_is_dead(worker)) {
        return;
    }
    future = (struct pp_future *)pp_scheduler_head(pool->scheduler, index);
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
        if (has_passed(earlier(deadline_of(pool, i), pp_pool_overdue_ns(pool, i)), now)) {
            handle_deadline(pool, i, now);
        }
    }
}
