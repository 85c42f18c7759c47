/* SPDX-License-Identifier: MIT */
/*
 * A deadline counts from when a task became the first of its worker's inbox, by the host's own
 * clock: nothing that the worker says can move it. One timer serves all workers, for this and for
 * what they owe besides (pool_overdue.c). It goes off at the earliest time that anybody asked for,
 * and is not moved when that is not needed any more: a task that is done in time costs no system
 * call.
 *
 * The timer also serves balance. Short tasks are sent ahead in numbers; where one of them turns out
 * to be long, those behind it would wait although other workers are idle. So when some are idle and
 * others have tasks that wait, a look a little later finds those who have been at one task all the
 * time, and what waits behind it is taken back.
 */
#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/pool_private.h"
#include "core/trace_private.h"

/* How long a worker may be at one task before those behind it are given to idle ones. */
#define STUCK_NS UINT64_C(1000000)

uint64_t pp_pool_now(struct pp_pool *pool)
{
    if (pool->now_ns == 0) {
        pool->now_ns = pp_clock_ns();
    }
    return pool->now_ns;
}

void pp_pool_want_timer(struct pp_pool *pool, uint64_t when_ns)
{
    struct itimerspec setting = {
        .it_value = {(time_t)(when_ns / 1000000000), (long)(when_ns % 1000000000)},
    };

    if (when_ns == 0 || (pool->armed_ns != 0 && pool->armed_ns <= when_ns)) {
        return;
    }
    pool->armed_ns = when_ns;
    timerfd_settime(pool->timer, TFD_TIMER_ABSTIME, &setting, NULL);
}

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

void pp_pool_watch_head(struct pp_pool *pool, struct pp_pool_worker *worker)
{
    uint32_t timeout_ms = pp_pool_inbox_at(worker, 0)->future->timeout_ms;

    if (timeout_ms != 0) {
        pp_pool_want_timer(pool, worker->head_since_ns + (uint64_t)timeout_ms * 1000000);
    }
}

void pp_pool_watch_balance(struct pp_pool *pool)
{
    if (pool->has_rings && pool->look_ns == 0 && pp_scheduler_is_uneven(pool->scheduler)) {
        pool->look_ns = pp_pool_now(pool) + STUCK_NS;
        pp_pool_want_timer(pool, pool->look_ns);
    }
}

static void find_stuck(struct pp_pool *pool, uint64_t now)
{
    pool->look_ns = 0;
    for (uint32_t i = 0; i < pool->worker_count; i++) {
        if (pool->workers[i].inbox_count > 1 && pool->workers[i].head_since_ns + STUCK_NS <= now &&
            pp_scheduler_is_uneven(pool->scheduler)) {
            pp_scheduler_stuck(pool->scheduler, i);
        }
    }
}

static void time_out(struct pp_pool *pool, uint32_t index, uint64_t now)
{
    struct pp_pool_worker *worker = &pool->workers[index];
    struct pp_future *future = (struct pp_future *)pp_scheduler_head(pool->scheduler, index);

    pp_control_get_phase(worker->control.bytes, future->result.phase);
    future->result.attempts++;
    future->result.run_ns = now - worker->head_since_ns;
    pp_error_set(&future->result.error, -ETIMEDOUT, "not done after %u ms", future->timeout_ms);
    pp_trace_cut_off(future, index, PP_TIMED_OUT);
    pp_scheduler_abort(pool->scheduler, &future->scheduled, PP_TIMED_OUT,
                       pool->launcher->ops->has_processes);
}

/* What was said in time counts, however late the host comes to read it. */
static void handle_deadline(struct pp_pool *pool, uint32_t index, uint64_t now)
{
    if (!has_passed(deadline_of(pool, index), now) &&
        !has_passed(pp_pool_overdue_ns(pool, index), now)) {
        return;
    }
    pp_pool_handle_worker(pool, index);
    if (has_passed(pp_pool_overdue_ns(pool, index), now)) {
        pp_pool_handle_overdue(pool, index);
    }
    if (has_passed(deadline_of(pool, index), now) && !pp_pool_is_dead(pool, index)) {
        time_out(pool, index, now);
    }
}

void pp_pool_handle_deadlines(struct pp_pool *pool)
{
    uint64_t now = pp_pool_now(pool);
    uint64_t expirations;

    /* Only to make it unreadable; what has expired is found below. */
    if (read(pool->timer, &expirations, sizeof(expirations)) < 0) {
        expirations = 0;
    }
    pool->armed_ns = 0;
    for (uint32_t i = 0; i < pool->worker_count; i++) {
        handle_deadline(pool, i, now);
        pp_pool_want_timer(pool, deadline_of(pool, i));
        pp_pool_want_timer(pool, pp_pool_overdue_ns(pool, i));
    }
    if (pool->look_ns != 0 && pool->look_ns <= now) {
        find_stuck(pool, now);
    }
    pp_pool_want_timer(pool, pool->look_ns);
}
