/* SPDX-License-Identifier: MIT */
/*
 * A worker's place in the pool, from the start of a process in it to its burial.
 *
 * A death is told by the launcher. Before it counts, the channel is read to its end: a task whose
 * answer is in there was finished, however its worker ended.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/exit_cause.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/point.h"
#include "core/pool_private.h"
#include "core/trace_private.h"

/* How long a worker that got SIGKILL may take to be gone before its memory counts as free. */
enum { DEATH_PATIENCE_MS = 5000 };

static int open_place(struct pp_pool *pool, uint32_t index, int *ret_worker_end)
{
    struct pp_pool_worker *worker = &pool->workers[index];
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = index};
    int ends[2];
    int r;

    if (worker->control.id == 0) {
        r = pp_slot_create(&worker->control, 1, sizeof(struct pp_control));
        if (r != 0) {
            return r;
        }
    }
    pp_control_begin(worker->control.bytes);
    r = pp_channel_pair(ends);
    if (r != 0) {
        return r;
    }
    r = pp_channel_set_nonblocking(ends[0]);
    if (r == 0 && epoll_ctl(pool->epoll, EPOLL_CTL_ADD, ends[0], &event) != 0) {
        r = -errno;
    }
    if (r != 0) {
        close(ends[0]);
        close(ends[1]);
        return r;
    }
    worker->end = ends[0];
    pp_pool_ring_begin(worker);
    *ret_worker_end = ends[1];
    return 0;
}

/* Closing does not take it out of the set where a child that the caller forked has a copy. */
static void close_end(struct pp_pool *pool, struct pp_pool_worker *worker)
{
    epoll_ctl(pool->epoll, EPOLL_CTL_DEL, worker->end, NULL);
    close(worker->end);
    worker->end = -1;
}

static void empty_place(struct pp_pool_worker *worker)
{
    *worker = (struct pp_pool_worker){
        .end = -1,
        .pidfd = -1,
        .control = worker->control,
        .awake = worker->awake,
    };
}

/* No worker came to be there: for want of descriptors, processes, memory. */
static void close_place(struct pp_pool *pool, uint32_t index, int code)
{
    struct pp_pool_worker *worker = &pool->workers[index];

    snprintf(pool->last_cause, sizeof(pool->last_cause), "a worker cannot be started: %s",
             strerror(-code));
    pp_log(PP_LOG_INFO, "pool", "%s", pool->last_cause);
    if (worker->end >= 0) {
        close_end(pool, worker);
    }
    empty_place(worker);
    pp_scheduler_start_failed(pool->scheduler, index);
}

static int send_start(struct pp_pool *pool, const struct pp_pool_worker *worker)
{
    char name[PP_PROCESS_NAME_MAX + 1];
    int r;

    snprintf(name, sizeof(name), "PoolWorker-%u", worker->number);
    r = pp_start_send(&pool->start, worker->end, worker->number, name);
    /* One that is gone already is reported by the launcher. */
    return r == PP_CHANNEL_CLOSED ? 0 : r == PP_CHANNEL_AGAIN ? -EAGAIN : r;
}

void pp_pool_start_worker(struct pp_pool *pool, uint32_t index)
{
    struct pp_pool_worker *worker = &pool->workers[index];
    int worker_end;
    int r;

    pp_point("host.before-start");
    r = open_place(pool, index, &worker_end);
    if (r == 0) {
        worker->number = ++pool->last_number;
        worker->ordered_ns = pp_clock_ns();
        pp_pool_want_timer(pool, pp_pool_overdue_ns(pool, index));
        pp_trace_worker_started(pool, index);
        r = pool->launcher->ops->start(pool->launcher, worker->number, worker_end,
                                       &worker->control);
    }
    if (r == 0) {
        r = send_start(pool, worker);
    }
    if (r != 0) {
        close_place(pool, index, r);
    }
}

void pp_pool_kill_now(struct pp_pool *pool, uint32_t index)
{
    struct pp_pool_worker *worker = &pool->workers[index];

    pp_point("host.before-kill");
    worker->kill_wanted = true;
    pp_pool_expect_death(pool, index);
    if (worker->pidfd >= 0) {
        syscall(SYS_pidfd_send_signal, worker->pidfd, SIGKILL, NULL, 0);
    }
}

void pp_pool_kill_worker(struct pp_pool *pool, uint32_t index)
{
    pool->workers[index].killed = true;
    pp_pool_kill_now(pool, index);
}

void pp_pool_break_off(struct pp_pool *pool, uint32_t index, const char *why)
{
    struct pp_pool_worker *worker = &pool->workers[index];

    pp_log(PP_LOG_INFO, "pool", "worker %u broke the protocol: %s", worker->number, why);
    worker->broke_protocol = true;
    pp_pool_kill_now(pool, index);
}

/* Whom a death is to be blamed on. */
static enum pp_death classify(struct pp_pool *pool, const struct pp_pool_worker *worker, int signal)
{
    uint64_t oom_kills;

    if (worker->killed || worker->closing) {
        return PP_DEATH_ORDER;
    }
    if (signal != SIGKILL || worker->broke_protocol) {
        return PP_DEATH_CRASH;
    }
    oom_kills = pp_memory_oom_kills();
    if (oom_kills != pool->oom_kills) {
        pool->oom_kills = oom_kills;
        return PP_DEATH_CRASH;
    }
    return PP_DEATH_KILL;
}

static void describe_death(struct pp_future *future, const struct pp_pool_worker *worker,
                           enum pp_death death, int signal, int exit_code)
{
    struct pp_result *result = &future->result;
    char cause[96];

    pp_exit_cause(signal, exit_code, cause, sizeof(cause));
    pp_control_get_phase(worker->control.bytes, result->phase);
    result->attempts++;
    result->signal = signal;
    result->exit_code = exit_code;
    if (worker->broke_protocol) {
        pp_error_set(&result->error, -EPROTO, "its worker answered nonsense and was stopped");
    } else if (death == PP_DEATH_CRASH && signal == SIGKILL) {
        pp_error_set(&result->error, -ENOMEM, "its worker was killed for want of memory");
    } else {
        pp_error_set(&result->error, -ECHILD, "its worker %s", cause);
    }
}

static void keep_stack(struct pp_future *future, const struct pp_pool_worker *worker, int signal)
{
    const struct pp_control *control = worker->control.bytes;
    char text[PP_CRASH_STACK_TEXT_BYTES] = "";

    free(future->stack); /* of an earlier attempt */
    if (pp_crash_stack_is_crash(signal)) {
        pp_crash_stack_describe(&control->crash, text);
    }
    future->stack = text[0] == '\0' ? NULL : strdup(text);
}

static void remember_cause(struct pp_pool *pool, const struct pp_pool_worker *worker, int signal,
                           int exit_code)
{
    char cause[96];

    if (worker->late) {
        snprintf(pool->last_cause, sizeof(pool->last_cause),
                 "the last one was not ready after %u ms", pool->start_timeout_ms);
        return;
    }
    pp_exit_cause(signal, exit_code, cause, sizeof(cause));
    snprintf(pool->last_cause, sizeof(pool->last_cause), "the last one %s", cause);
}

/* The place is empty again; the scheduler decides what becomes of the tasks. */
void pp_pool_bury(struct pp_pool *pool, uint32_t index, enum pp_death death, int signal,
                  int exit_code)
{
    struct pp_pool_worker *worker = &pool->workers[index];
    struct pp_control *control = worker->control.bytes;
    uint64_t running = atomic_load_explicit(&control->running, memory_order_acquire);
    struct pp_future *charged =
        (struct pp_future *)pp_scheduler_died(pool->scheduler, index, running, death);

    pp_point("host.before-burial");
    pp_log(PP_LOG_INFO, "pool", "worker %u (pid %d) died: signal %d, exit code %d, task %llu",
           worker->number, worker->pid, signal, exit_code, (unsigned long long)running);
    if (!worker->closing) {
        remember_cause(pool, worker, signal, exit_code);
    }
    if (charged != NULL) {
        describe_death(charged, worker, death, signal, exit_code);
        keep_stack(charged, worker, signal);
        pp_trace_cut_off(charged, index, PP_CRASHED);
    }
    pp_trace_worker_died(pool, index, signal, exit_code);
    pp_pool_inbox_clear(worker);
    close_end(pool, worker);
    if (worker->pidfd >= 0) {
        close(worker->pidfd);
    }
    free(worker->mapped);
    empty_place(worker);
}

static bool find_worker(const struct pp_pool *pool, uint32_t number, uint32_t *ret_index)
{
    for (uint32_t i = 0; i < pool->worker_count; i++) {
        if (pool->workers[i].number == number) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

/* The zygote is gone and its workers are dying: wait for each, since its memory is lent anew. */
static void bury_lost(struct pp_pool *pool)
{
    for (uint32_t i = 0; i < pool->worker_count; i++) {
        struct pp_pool_worker *worker = &pool->workers[i];
        struct pollfd death = {.fd = worker->pidfd, .events = POLLIN};
        bool lingers;

        if (worker->number == 0) {
            continue;
        }
        pp_pool_kill_now(pool, i);
        lingers = worker->pidfd >= 0 && poll(&death, 1, DEATH_PATIENCE_MS) == 0;
        pp_pool_handle_worker(pool, i);
        if (lingers) {
            pp_log(PP_LOG_INFO, "pool", "worker %u does not die", worker->number);
        }
        pp_pool_bury(pool, i, PP_DEATH_LOST, SIGKILL, 0);
        if (lingers) {
            pp_slot_finish(&worker->control); /* not to be shared with the next one */
        }
    }
}

static void handle_event(struct pp_pool *pool, const struct pp_launch_event *event)
{
    struct pp_pool_worker *worker;
    uint32_t index;

    if (event->kind == PP_LAUNCH_LOST) {
        pool->launcher_fd = -1; /* another socket, perhaps with the number of the old one */
        bury_lost(pool);
        return;
    }
    if (!find_worker(pool, event->worker, &index)) {
        if (event->kind == PP_LAUNCH_STARTED) {
            close(event->pidfd);
        }
        return;
    }
    worker = &pool->workers[index];
    switch (event->kind) {
    case PP_LAUNCH_STARTED:
        worker->pid = event->pid;
        worker->pidfd = event->pidfd;
        if (worker->kill_wanted) {
            pp_pool_kill_now(pool, index);
        }
        break;
    case PP_LAUNCH_EXITED:
        pp_pool_handle_worker(pool, index);
        pp_pool_bury(pool, index, classify(pool, worker, event->signal), event->signal,
                     event->exit_code);
        break;
    default:
        close_place(pool, index, event->error);
        break;
    }
}

void pp_pool_handle_launcher(struct pp_pool *pool)
{
    struct pp_launch_event event;
    int r;

    while ((r = pool->launcher->ops->next_event(pool->launcher, &event)) == 0) {
        handle_event(pool, &event);
    }
    if (r < 0) {
        pp_pool_fail(pool, r, "the process that forks workers does not start: %s", strerror(-r));
    }
}

void pp_pool_close_workers(struct pp_pool *pool)
{
    for (uint32_t i = 0; i < pool->worker_count; i++) {
        struct pp_pool_worker *worker = &pool->workers[i];

        if (worker->end >= 0) {
            close_end(pool, worker);
        }
        if (worker->pidfd >= 0) {
            close(worker->pidfd);
            worker->pidfd = -1;
        }
        pp_pool_inbox_clear(worker);
        free(worker->mapped);
        worker->mapped = NULL;
    }
}
