/* SPDX-License-Identifier: MIT */
/*
 * Everything that can happen to a pool comes in through one epoll set: the launcher's notices, the
 * workers' messages, the timer of deadlines. Each dispatch takes what is there, tells the
 * scheduler, carries out what the scheduler then wants done, and last tells the callbacks of what
 * has ended: at a time when nothing of the pool is half done, so that they may call it.
 */
#include <errno.h>
#include <sys/epoll.h>

#include "core/clock.h"
#include "core/pool_private.h"

static void handle(struct pp_pool *pool, int tag)
{
    pool->now_ns = 0;
    switch (tag) {
    case PP_POOL_TAG_LAUNCHER:
        pp_pool_handle_launcher(pool);
        break;
    case PP_POOL_TAG_TIMER:
        pp_pool_handle_deadlines(pool);
        break;
    default:
        pp_pool_handle_event_of(pool, (uint32_t)tag);
        break;
    }
}

/* Dispatch after waiting for up to @timeout_ms for something to do. */
static int dispatch(struct pp_pool *pool, int timeout_ms)
{
    struct epoll_event events[64];
    int count;

    if (pool->busy) {
        return -EDEADLK;
    }
    count = epoll_wait(pool->epoll, events, PP_ARRAY_LENGTH(events), timeout_ms);
    if (count < 0 && timeout_ms != 0) {
        return -errno;
    }
    pool->busy = true;
    for (int i = 0; i < count; i++) {
        handle(pool, (int)(int64_t)events[i].data.u64);
    }
    pool->busy = false;
    pp_pool_act(pool);
    return pool->failure.code;
}

int pp_pool_dispatch(struct pp_pool *pool)
{
    return dispatch(pool, 0);
}

int pp_pool_time_left(int timeout_ms, uint64_t deadline_ns)
{
    uint64_t now;

    if (timeout_ms <= 0) {
        return timeout_ms;
    }
    now = pp_clock_ns();
    return now >= deadline_ns ? 0 : (int)((deadline_ns - now + 999999) / 1000000);
}

uint64_t pp_pool_deadline_ns(int timeout_ms)
{
    return timeout_ms <= 0 ? 0 : pp_clock_ns() + (uint64_t)timeout_ms * 1000000;
}

int pp_pool_wait_once(struct pp_pool *pool, int timeout_ms, uint64_t deadline_ns, bool *looked)
{
    int left = pp_pool_time_left(timeout_ms, deadline_ns);

    if (*looked && left == 0) {
        return -ETIMEDOUT;
    }
    *looked = true;
    return dispatch(pool, left);
}

int pp_pool_next(struct pp_pool *pool, int timeout_ms, struct pp_future **ret_future)
{
    uint64_t deadline_ns = pp_pool_deadline_ns(timeout_ms);
    bool looked = false;
    int r = 0;

    while (pool->finished.first == NULL) {
        if (r != 0) {
            return r;
        }
        if (pool->pending_count == pool->unlisted_count && !pool->busy) {
            return -ENOENT;
        }
        r = pp_pool_wait_once(pool, timeout_ms, deadline_ns, &looked);
    }
    *ret_future = pool->finished.first;
    pp_future_list_remove(*ret_future);
    return 0;
}

int pp_future_wait(struct pp_future *future, int timeout_ms)
{
    uint64_t deadline_ns = pp_pool_deadline_ns(timeout_ms);
    bool looked = false;
    int r = 0;

    while (!pp_future_done(future)) {
        if (r != 0) {
            return r;
        }
        r = pp_pool_wait_once(future->pool, timeout_ms, deadline_ns, &looked);
    }
    return 0;
}

int pp_pool_apply(struct pp_pool *pool, const struct pp_task *task, struct pp_future **ret_future)
{
    struct pp_future *future;
    int r = pp_pool_submit(pool, task, &future);

    if (r != 0) {
        return r;
    }
    r = pp_future_wait(future, -1);
    if (r != 0) {
        pp_future_destroy(future);
        return r;
    }
    *ret_future = future;
    return 0;
}

int pp_pool_join(struct pp_pool *pool)
{
    bool looked = false;
    int r = 0;

    pp_pool_close(pool);
    while (r == 0 && pool->pending_count > 0) {
        r = pp_pool_wait_once(pool, -1, 0, &looked);
        r = r == -EINTR ? 0 : r;
    }
    return r;
}
