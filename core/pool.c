/* SPDX-License-Identifier: MIT */
/*
 * The pool is the scheduler's hands: it tells the scheduler what has happened, and carries out what
 * the scheduler then wants done.
 *
 * No thread, no signal handler, no lock: the caller decides when the pool runs, by waiting in it or
 * by polling its one descriptor in a loop of its own.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/cpu.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/nesting.h"
#include "core/point.h"
#include "core/pool_private.h"
#include "core/program.h"
#include "core/trace_private.h"

static int create_launcher(struct pp_pool *pool, enum pp_start_method method, bool force_fork,
                           struct pp_error *error)
{
    switch (method) {
    case PP_START_FORKSERVER:
        return pp_launch_forkserver_create(&pool->launcher, pool->program, false, error);
    case PP_START_SPAWN:
        return pp_launch_forkserver_create(&pool->launcher, pool->program, true, error);
    case PP_START_FORK:
        return pp_launch_fork_create(&pool->launcher, pool->program, force_fork, error);
    case PP_START_THREAD:
        return pp_launch_thread_create(&pool->launcher, pool->program, error);
    case PP_START_IN_PROCESS:
        return pp_launch_in_process_create(&pool->launcher, pool->program, error);
    }
    return pp_error_set(error, -EINVAL, "unknown start method %d", (int)method);
}

/*
 * In process there is nobody to be faster than; and what the worker has to do must show in its
 * channel alone, since nobody waits on a ring.
 * PIXPOOL_DISPATCH=socket: tests compare what the rings do with what messages do.
 */
static bool wants_rings(enum pp_start_method method)
{
    const char *way = getenv("PIXPOOL_DISPATCH");

    return method != PP_START_IN_PROCESS && (way == NULL || strcmp(way, "socket") != 0);
}

static size_t default_budget(void)
{
    size_t available = pp_memory_available("/proc");

    return available == SIZE_MAX ? SIZE_MAX : available / 5 * 3;
}

static int watch(struct pp_pool *pool, int fd, int tag)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)(int64_t)tag};

    return epoll_ctl(pool->epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

static int open_fds(struct pp_pool *pool)
{
    pool->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (pool->epoll < 0) {
        return -errno;
    }
    pool->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (pool->timer < 0) {
        return -errno;
    }
    return watch(pool, pool->timer, PP_POOL_TAG_TIMER);
}

/* A place for each worker, and one for each that takes over from another. */
static int create_places(struct pp_pool *pool, const struct pp_pool_options *options,
                         enum pp_start_method method)
{
    struct pp_scheduler_limits limits = {
        .workers = pool->process_count,
        .budget = options->memory_bytes == 0 ? default_budget() : options->memory_bytes,
    };
    int r;

    if (method != PP_START_IN_PROCESS) {
        limits.tasks_per_worker = options->tasks_per_worker;
        pool->growth_bytes = options->worker_growth_bytes;
    }
    if (limits.tasks_per_worker > 0 || pool->growth_bytes > 0) {
        limits.spare_places = limits.workers;
    }
    r = pp_scheduler_create(&pool->scheduler, &limits);
    if (r != 0) {
        return r;
    }
    pool->worker_count = pp_scheduler_places(pool->scheduler);
    pool->workers = calloc(pool->worker_count, sizeof(*pool->workers));
    if (pool->workers == NULL) {
        return -ENOMEM;
    }
    pool->awake = calloc(pool->worker_count, sizeof(*pool->awake));
    if (pool->awake == NULL) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < pool->worker_count; i++) {
        pool->workers[i].end = -1;
        pool->workers[i].pidfd = -1;
    }
    return 0;
}

static int create_parts(struct pp_pool *pool, const struct pp_pool_options *options,
                        enum pp_start_method method, struct pp_error *error)
{
    int r = pp_program_check(pool->program, error);

    if (r != 0) {
        return r;
    }
    r = create_places(pool, options, method);
    if (r == 0) {
        r = open_fds(pool);
    }
    if (r == 0) {
        r = pp_slots_create(&pool->slots);
    }
    if (r == 0) {
        r = pp_trace_open_pool(pool, options->trace);
    }
    if (r != 0) {
        return pp_error_set_errno(error, r, "cannot make the pool");
    }
    r = pp_start_init(&pool->start, pool->program, options, error);
    return r != 0 ? r : create_launcher(pool, method, options->force_fork, error);
}

int pp_pool_create(struct pp_pool **ret_pool, const struct pp_program *program,
                   const struct pp_pool_options *options, struct pp_error *error)
{
    static const struct pp_pool_options defaults;
    struct pp_pool *pool = calloc(1, sizeof(*pool));
    enum pp_start_method method;
    int r;

    if (pool == NULL) {
        return pp_error_set(error, -ENOMEM, "no memory for the pool");
    }
    pp_point_follow_environment();
    options = options == NULL ? &defaults : options;
    method = pp_nesting_is_inside() ? PP_START_IN_PROCESS : options->start_method;
    pool->program = program;
    pool->epoll = -1;
    pool->timer = -1;
    pool->launcher_fd = -1;
    pool->has_rings = wants_rings(method);
    pool->process_count = method == PP_START_IN_PROCESS ? 1
                          : options->processes == 0     ? pp_cpu_count()
                                                        : options->processes;
    pool->start_timeout_ms =
        options->start_timeout_ms == 0 ? PP_START_TIMEOUT_MS : options->start_timeout_ms;
    pool->oom_kills = pp_memory_oom_kills();
    r = create_parts(pool, options, method, error);
    if (r == 0) {
        pp_pool_act(pool);
        r = pool->failure.code;
        if (r != 0 && error != NULL) {
            *error = pool->failure;
        }
    }
    if (r != 0) {
        pp_pool_destroy(pool);
        return r;
    }
    *ret_pool = pool;
    return 0;
}

/* The launcher's descriptor changes when it has to start over. */
static void follow_launcher_fd(struct pp_pool *pool)
{
    int fd = pool->launcher->ops->fd(pool->launcher);

    if (fd == pool->launcher_fd) {
        return;
    }
    pool->launcher_fd = fd; /* the old one was closed, which took it out of the set */
    if (fd >= 0 && watch(pool, fd, PP_POOL_TAG_LAUNCHER) != 0) {
        pp_pool_fail(pool, -errno, "cannot watch the process that forks workers");
    }
}

static void carry_out(struct pp_pool *pool, const struct pp_action *action)
{
    struct pp_future *future = (struct pp_future *)action->task;

    switch (action->kind) {
    case PP_ACTION_START:
        pp_pool_start_worker(pool, action->worker);
        break;
    case PP_ACTION_SEND:
        pp_pool_send_task(pool, action->worker, future);
        break;
    case PP_ACTION_RECALL:
        pp_pool_recall(pool, action->worker, future);
        break;
    case PP_ACTION_KILL:
        pp_pool_kill_worker(pool, action->worker);
        break;
    case PP_ACTION_CLOSE:
        pp_pool_close_worker(pool, action->worker);
        break;
    case PP_ACTION_RESOLVE:
        pp_future_resolve(future);
        break;
    }
}

static void act_once(struct pp_pool *pool)
{
    struct pp_action action;

    while (pp_scheduler_next(pool->scheduler, &action)) {
        carry_out(pool, &action);
    }
    follow_launcher_fd(pool);
    if (pp_scheduler_hopeless(pool->scheduler)) {
        pp_pool_fail(pool, -ECHILD, "workers cannot be kept running: %s",
                     pool->last_cause[0] == '\0' ? "they die at once" : pool->last_cause);
    }
}

static void tell_callbacks(struct pp_pool *pool)
{
    pool->busy = true;
    while (pool->resolved.first != NULL) {
        pp_future_tell(pool->resolved.first);
    }
    pool->busy = false;
}

static void act_until_still(struct pp_pool *pool)
{
    int code;

    pool->now_ns = 0;
    /* A pool that has just failed has tasks to resolve: once more. */
    do {
        code = pool->failure.code;
        act_once(pool);
    } while (pool->failure.code != code);
    pp_pool_watch_balance(pool);
}

void pp_pool_act(struct pp_pool *pool)
{
    act_until_still(pool);
    if (pool->busy) {
        return; /* what a callback does comes here again, and the one that called it does the rest
                 */
    }
    tell_callbacks(pool);
    /* Workers have put more meanwhile, and will not ring: that is heard once; where they go on and
     * on the caller gets what there is, and the timer says that there is more. */
    if (!pp_pool_ring_sleep(pool)) {
        pp_pool_ring_listen(pool);
        act_until_still(pool);
        tell_callbacks(pool);
        pp_pool_want_timer(pool, pp_pool_ring_sleep(pool) ? 0 : 1);
    }
}

void pp_pool_fail(struct pp_pool *pool, int code, const char *format, ...)
{
    va_list arguments;

    if (pool->failure.code != 0) {
        return;
    }
    pool->failure.code = code;
    va_start(arguments, format);
    vsnprintf(pool->failure.message, sizeof(pool->failure.message), format, arguments);
    va_end(arguments);
    pp_log(PP_LOG_INFO, "pool", "cannot go on: %s", pool->failure.message);
    pool->closed = true;
    pp_scheduler_stop_starting(pool->scheduler);
    pp_pool_abort_all(pool, PP_FAILED, &pool->failure);
}

static int submit(struct pp_pool *pool, const struct pp_task *task, bool unlisted, bool alone,
                  struct pp_future **ret_future)
{
    struct pp_future *future;
    int r = pp_future_create(&future, pool, task);

    if (r != 0) {
        return r;
    }
    future->unlisted = unlisted;
    future->scheduled.alone = alone;
    pool->unlisted_count += unlisted;
    pp_future_list_add(&pool->pending, future);
    pool->pending_count++;
    pp_scheduler_submit(pool->scheduler, &future->scheduled);
    pp_pool_act(pool);
    *ret_future = future;
    return 0;
}

int pp_pool_submit(struct pp_pool *pool, const struct pp_task *task, struct pp_future **ret_future)
{
    if (pool->closed) {
        return pool->failure.code != 0 ? pool->failure.code : -EPIPE;
    }
    return submit(pool, task, false, false, ret_future);
}

int pp_pool_submit_unlisted(struct pp_pool *pool, const struct pp_task *task, bool alone,
                            struct pp_future **ret_future)
{
    if (pool->failure.code != 0 || pool->dropped) {
        return pool->failure.code != 0 ? pool->failure.code : -EPIPE;
    }
    return submit(pool, task, true, alone, ret_future);
}

size_t pp_pool_pending(const struct pp_pool *pool)
{
    return pool->pending_count - pool->unlisted_count;
}

unsigned pp_pool_processes(const struct pp_pool *pool)
{
    return pool->process_count;
}

int pp_pool_fd(const struct pp_pool *pool)
{
    return pool->epoll;
}

int pp_pool_slot(struct pp_pool *pool, size_t bytes, struct pp_slot **ret_slot)
{
    int r = pp_slots_lend(pool->slots, bytes, ret_slot);

    if (r == 0) {
        pp_scheduler_hold(pool->scheduler, (*ret_slot)->capacity);
    }
    return r;
}

void pp_pool_slot_release(struct pp_pool *pool, struct pp_slot *slot)
{
    pp_scheduler_let_go(pool->scheduler, slot->capacity);
    pp_slots_take_back(pool->slots, slot);
}

void pp_pool_close(struct pp_pool *pool)
{
    pool->closed = true;
}

void pp_pool_terminate(struct pp_pool *pool)
{
    struct pp_error cancelled;

    pp_error_set(&cancelled, -ECANCELED, "the pool was terminated");
    pool->closed = true;
    pool->dropped = true;
    pp_scheduler_stop_starting(pool->scheduler);
    pp_pool_abort_all(pool, PP_CANCELLED, &cancelled);
    pp_pool_act(pool);
}

int pp_pool_shutdown(struct pp_pool *pool, bool wait, bool cancel)
{
    pp_pool_close(pool);
    if (cancel) {
        pp_pool_cancel_waiting(pool);
        pp_pool_act(pool);
    }
    return wait ? pp_pool_join(pool) : 0;
}

void pp_pool_destroy(struct pp_pool *pool)
{
    if (pool == NULL) {
        return;
    }
    if (pool->launcher != NULL) {
        pp_pool_terminate(pool);
        pp_pool_close_workers(pool);
        pool->launcher->ops->destroy(pool->launcher);
    }
    if (pool->epoll >= 0) {
        close(pool->epoll);
    }
    if (pool->timer >= 0) {
        close(pool->timer);
    }
    for (uint32_t i = 0; pool->workers != NULL && i < pool->worker_count; i++) {
        pp_slot_finish(&pool->workers[i].control);
    }
    pp_trace_close_pool(pool);
    pp_scheduler_destroy(pool->scheduler);
    pp_slots_destroy(pool->slots);
    pp_start_finish(&pool->start);
    free(pool->workers);
    free(pool->awake);
    free(pool);
}
