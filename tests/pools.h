/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Pools: what tests of pools begin with, under every start method
 */

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/pool.h"
#include "tests/start_methods.h"

/* @method: an enum pp_start_method as the data of a test. */
static inline struct pp_pool *open_pool_of(const struct pp_program *program, gconstpointer method,
                                           unsigned processes)
{
    struct pp_pool_options options = {
        .start_method = (enum pp_start_method)GPOINTER_TO_INT(method),
        .processes = processes,
    };
    struct pp_pool *pool = NULL;
    struct pp_error error = {0};

    g_assert_cmpint(pp_pool_create(&pool, program, &options, &error), ==, 0);
    return pool;
}

static inline struct pp_future *submit(struct pp_pool *pool, const struct pp_task *task)
{
    struct pp_future *future = NULL;

    g_assert_cmpint(pp_pool_submit(pool, task, &future), ==, 0);
    return future;
}

/* The number that a task which is done replied with. */
static inline int64_t reply_number(const struct pp_future *future)
{
    const struct pp_result *result = pp_future_result(future);
    int64_t n;

    g_assert_cmpint(result->outcome, ==, PP_DONE);
    g_assert_cmpuint(result->reply_length, ==, sizeof(n));
    memcpy(&n, result->reply, sizeof(n));
    return n;
}

/* A task that says when it runs and then waits to be let go; its function: */
static inline int hold_task(struct pp_call *call)
{
    char byte;

    if (call->fd_count != 2) {
        return -EINVAL;
    }
    /* Whoever let it go already does not want to hear of it. */
    if (send(call->fds[0], "x", 1, MSG_NOSIGNAL) != 1 && errno != EPIPE) {
        return -errno;
    }
    return read(call->fds[1], &byte, 1) < 0 ? -errno : 0;
}

struct held {
    struct pp_future *future;
    int said; /* readable when the task runs */
    int hold; /* the task ends when this is closed */
};

/* Submit one; @function is the name of hold_task() in the program's table. */
static inline struct held submit_held(struct pp_pool *pool, const char *function)
{
    struct pp_task task = {.function = function, .fd_count = 2};
    struct held held;
    int words[2];
    int hold[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, words), ==, 0);
    g_assert_cmpint(pipe2(hold, O_CLOEXEC), ==, 0);
    task.fds[0] = words[1];
    task.fds[1] = hold[0];
    held.future = submit(pool, &task);
    held.said = words[0];
    held.hold = hold[1];
    close(words[1]);
    close(hold[0]);
    return held;
}

/* Drive the pool until the task runs. */
static inline void wait_until_held(struct pp_pool *pool, const struct held *held)
{
    GPollFD fds[] = {
        {.fd = held->said, .events = G_IO_IN},
        {.fd = pp_pool_fd(pool), .events = G_IO_IN},
    };

    while (fds[0].revents == 0) {
        g_assert_cmpint(g_poll(fds, 2, 60000), >, 0);
        g_assert_cmpint(pp_pool_dispatch(pool), ==, 0);
    }
}

static inline void let_go(struct held *held)
{
    close(held->said);
    close(held->hold);
}
