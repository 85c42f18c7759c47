/* SPDX-License-Identifier: MIT */
/*
 * What a worker says, checked like any input, since a hostile file may have taken the worker over:
 * a message of the wrong shape, or about a task that it was not sent, costs it its life. What it
 * wrote into its slots is pixels, never lengths.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "core/clock.h"
#include "core/point.h"
#include "core/pool_private.h"
#include "core/trace_private.h"
#include "core/wire.h"

/* The first of the inbox is done with: the worker takes up the next. */
static void shift_inbox(struct pp_pool_worker *worker)
{
    struct pp_future *future = worker->inbox[0];

    worker->inbox_count--;
    for (unsigned i = 0; i < worker->inbox_count; i++) {
        worker->inbox[i] = worker->inbox[i + 1];
    }
    worker->head_since_ns = pp_clock_ns();
    pp_future_unref(future);
}

/* Keep what the worker says of a task that it has finished. */
static int take_result(struct pp_future *future, const struct pp_result_message *message,
                       const uint8_t *reply)
{
    struct pp_result *result = &future->result;

    result->attempts++;
    result->run_ns = message->run_ns;
    if (message->status != 0) {
        result->error = message->error;
        result->error.code = message->status;
        pp_error_make_printable(&result->error);
        return 0;
    }
    result->error.code = 0; /* of earlier attempts */
    if (message->reply_length == 0) {
        return 0;
    }
    future->reply = malloc(message->reply_length);
    if (future->reply == NULL) {
        return -ENOMEM;
    }
    memcpy(future->reply, reply, message->reply_length);
    result->reply = future->reply;
    result->reply_length = message->reply_length;
    return 0;
}

static void handle_result(struct pp_pool *pool, uint32_t index)
{
    struct pp_pool_worker *worker = &pool->workers[index];
    struct pp_result_message message;
    struct pp_future *future;
    enum pp_outcome outcome;
    bool known;

    memcpy(&message, pool->message.bytes, sizeof(message));
    if (message.status > 0 || message.status == INT32_MIN ||
        message.reply_length > PP_TASK_REPLY_MAX ||
        pool->message.length != sizeof(message) + message.reply_length) {
        pp_pool_break_off(worker, "a result of the wrong shape");
        return;
    }
    pp_point("host.before-result");
    outcome = message.status == 0 ? PP_DONE : PP_FAILED;
    future = (struct pp_future *)pp_scheduler_finished(pool->scheduler, index, message.task,
                                                       outcome, message.run_ns, &known);
    if (!known) {
        pp_pool_break_off(worker, "a result of a task that it was not sent");
        return;
    }
    if (future != NULL &&
        take_result(future, &message, pool->message.bytes + sizeof(message)) != 0) {
        future->scheduled.outcome = PP_FAILED;
        pp_error_set(&future->result.error, -ENOMEM, "no memory for the result");
    }
    if (future != NULL) {
        pp_trace_answered(future, index, future->scheduled.outcome, message.start_ns,
                          message.run_ns);
    }
    shift_inbox(worker);
    pp_pool_watch_growth(pool, index);
}

static void handle_ready(struct pp_pool *pool, uint32_t index)
{
    struct pp_ready_message message;

    memcpy(&message, pool->message.bytes, sizeof(message));
    if (!pp_scheduler_is_starting(pool->scheduler, index) || message.status > 0 ||
        message.status == INT32_MIN) {
        /* One that has run tasks must not be able to end the pool with these few bytes. */
        pp_pool_break_off(&pool->workers[index], "it is ready at the wrong time");
    } else if (message.status != 0) {
        pp_error_make_printable(&message.error);
        pp_pool_fail(pool, message.status, "%s", message.error.message);
    } else {
        pp_trace_worker_ready(pool, index);
        pp_scheduler_ready(pool->scheduler, index);
    }
}

static void handle_message(struct pp_pool *pool, uint32_t index)
{
    uint32_t kind = 0;

    if (pool->message.length >= sizeof(kind)) {
        memcpy(&kind, pool->message.bytes, sizeof(kind));
    }
    if (kind == PP_MESSAGE_RESULT && pool->message.length >= sizeof(struct pp_result_message)) {
        handle_result(pool, index);
    } else if (kind == PP_MESSAGE_READY &&
               pool->message.length == sizeof(struct pp_ready_message)) {
        handle_ready(pool, index);
    } else {
        pp_pool_break_off(&pool->workers[index], "an unknown message");
    }
}

void pp_pool_handle_worker(struct pp_pool *pool, uint32_t index)
{
    struct pp_pool_worker *worker = &pool->workers[index];

    while (worker->end >= 0) {
        int r = pp_channel_receive(worker->end, &pool->message);

        if (r == PP_CHANNEL_AGAIN) {
            return;
        }
        if (r == PP_CHANNEL_CLOSED) {
            /* Its death comes from the launcher; until then the closed end must not wake us. */
            epoll_ctl(pool->epoll, EPOLL_CTL_DEL, worker->end, NULL);
            pp_pool_expect_death(worker);
            if (!pool->launcher->ops->has_processes) {
                pp_pool_bury(pool, index, worker->closing ? PP_DEATH_ORDER : PP_DEATH_CRASH, 0,
                             worker->closing ? 0 : 1);
            }
            return;
        }
        if (r == 0) {
            pp_message_close(&pool->message); /* workers send no descriptors */
            handle_message(pool, index);
        } else {
            pp_pool_break_off(worker, "a message that cannot be received");
            return;
        }
    }
}
