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

static void take_error(struct pp_error *error, const struct pp_pool_answer *answer)
{
    size_t length =
        answer->length < sizeof(error->message) ? answer->length : sizeof(error->message);

    memset(error, 0, sizeof(*error));
    error->code = answer->status;
    memcpy(error->message, answer->bytes, length);
    pp_error_make_printable(error);
}

/* Keep what the worker says of a task that it has finished. */
static int take_result(struct pp_future *future, const struct pp_pool_answer *answer)
{
    struct pp_result *result = &future->result;

    result->attempts++;
    result->run_ns = answer->run_ns;
    if (answer->status != 0) {
        take_error(&result->error, answer);
        return 0;
    }
    result->error.code = 0; /* of earlier attempts */
    if (answer->length == 0) {
        return 0;
    }
    future->reply = malloc(answer->length);
    if (future->reply == NULL) {
        return -ENOMEM;
    }
    memcpy(future->reply, answer->bytes, answer->length);
    result->reply = future->reply;
    result->reply_length = answer->length;
    return 0;
}

bool pp_pool_take_answer(struct pp_pool *pool, uint32_t index, const struct pp_pool_answer *answer)
{
    struct pp_pool_worker *worker = &pool->workers[index];
    enum pp_outcome outcome = answer->status == 0 ? PP_DONE : PP_FAILED;
    struct pp_future *future;
    bool known;

    if (answer->status > 0 || answer->status == INT32_MIN) {
        pp_pool_break_off(pool, index, "a result of the wrong shape");
        return false;
    }
    pp_point("host.before-result");
    future = (struct pp_future *)pp_scheduler_finished(pool->scheduler, index, answer->task,
                                                       outcome, answer->run_ns, &known);
    if (!known) {
        pp_pool_break_off(pool, index, "a result of a task that it was not sent");
        return false;
    }
    if (future != NULL && take_result(future, answer) != 0) {
        future->scheduled.outcome = PP_FAILED;
        pp_error_set(&future->result.error, -ENOMEM, "no memory for the result");
    }
    if (future != NULL) {
        pp_trace_answered(future, index, future->scheduled.outcome, answer->start_ns,
                          answer->run_ns);
    }
    if (pp_pool_inbox_at(worker, 0)->by_ring) {
        worker->passed = pp_pool_inbox_at(worker, 0)->position + 1;
    }
    pp_pool_inbox_take(pool, worker, 0);
    return true;
}

static void handle_result(struct pp_pool *pool, uint32_t index)
{
    struct pp_result_message message;
    struct pp_pool_answer answer;

    memcpy(&message, pool->message.bytes, sizeof(message));
    if (message.reply_length > PP_TASK_REPLY_MAX ||
        pool->message.length != sizeof(message) + message.reply_length) {
        pp_pool_break_off(pool, index, "a result of the wrong shape");
        return;
    }
    answer = (struct pp_pool_answer){
        .task = message.task,
        .start_ns = message.start_ns,
        .run_ns = message.run_ns,
        .status = message.status,
        .length = message.reply_length,
        .bytes = pool->message.bytes + sizeof(message),
    };
    if (message.status != 0) {
        answer.bytes = message.error.message;
        answer.length = sizeof(message.error.message);
    }
    pp_pool_take_answer(pool, index, &answer);
}

static void handle_ready(struct pp_pool *pool, uint32_t index)
{
    struct pp_ready_message message;

    memcpy(&message, pool->message.bytes, sizeof(message));
    if (!pp_scheduler_is_starting(pool->scheduler, index) || message.status > 0 ||
        message.status == INT32_MIN) {
        /* One that has run tasks must not be able to end the pool with these few bytes. */
        pp_pool_break_off(pool, index, "it is ready at the wrong time");
    } else if (message.status != 0) {
        pp_error_make_printable(&message.error);
        pp_pool_fail(pool, message.status, "%s", message.error.message);
    } else {
        pp_trace_worker_ready(pool, index);
        pp_scheduler_ready(pool->scheduler, index);
    }
}

static void handle_message(struct pp_pool *pool, uint32_t index, uint32_t kind)
{
    if (kind == PP_MESSAGE_BELL && pool->message.length == sizeof(kind)) {
        pp_pool_ring_heard(pool, index);
    } else if (kind == PP_MESSAGE_RESULT &&
               pool->message.length >= sizeof(struct pp_result_message)) {
        handle_result(pool, index);
    } else if (kind == PP_MESSAGE_READY &&
               pool->message.length == sizeof(struct pp_ready_message)) {
        handle_ready(pool, index);
    } else {
        pp_pool_break_off(pool, index, "an unknown message");
    }
}

static uint32_t message_kind(const struct pp_message *message)
{
    uint32_t kind = 0;

    if (message->length >= sizeof(kind)) {
        memcpy(&kind, message->bytes, sizeof(kind));
    }
    return kind;
}

/* Nothing will come any more. Its death comes from the launcher, where it is a process; until then
 * the closed end must not wake us. */
static void handle_end(struct pp_pool *pool, uint32_t index)
{
    struct pp_pool_worker *worker = &pool->workers[index];

    epoll_ctl(pool->epoll, EPOLL_CTL_DEL, worker->end, NULL);
    pp_pool_expect_death(pool, index);
    if (!pool->launcher->ops->has_processes) {
        pp_pool_bury(pool, index, worker->closing ? PP_DEATH_ORDER : PP_DEATH_CRASH, 0,
                     worker->closing ? 0 : 1);
    }
}

/*
 * A result that does not fit into the ring comes by message, in the order of tasks all the same. So
 * the results in the ring are taken before a message is handled, as far as they are next. One that
 * is not next has one in a message before it, which was sent earlier, and is there now.
 */
static void read_worker(struct pp_pool *pool, uint32_t index, bool to_the_end)
{
    struct pp_pool_worker *worker = &pool->workers[index];
    bool in_turn = true;

    while (worker->end >= 0 && !worker->broke_protocol) {
        int r = pp_channel_receive(worker->end, &pool->message);
        bool was_in_turn = in_turn;

        in_turn = pp_pool_ring_drain(pool, index);
        if (r == PP_CHANNEL_AGAIN && in_turn) {
            return;
        }
        if (r == PP_CHANNEL_CLOSED) {
            handle_end(pool, index);
            return;
        }
        if (r == 0) {
            uint32_t kind = message_kind(&pool->message);

            pp_message_close(&pool->message); /* workers send no descriptors */
            handle_message(pool, index, kind);
            if (kind == PP_MESSAGE_BELL && in_turn && !to_the_end) {
                return; /* most often that is all, and where not, the channel is readable */
            }
        } else if (r != PP_CHANNEL_AGAIN) {
            pp_pool_break_off(pool, index, "a message that cannot be received");
        } else if (!was_in_turn) {
            pp_pool_break_off(pool, index, "a result out of turn");
        }
    }
}

void pp_pool_handle_event_of(struct pp_pool *pool, uint32_t index)
{
    struct pp_pool_worker *worker = &pool->workers[index];

    if (worker->broke_protocol) {
        epoll_ctl(pool->epoll, EPOLL_CTL_DEL, worker->end, NULL); /* until its death is told */
        return;
    }
    read_worker(pool, index, false);
    pp_pool_watch_growth(pool, index);
}

void pp_pool_handle_worker(struct pp_pool *pool, uint32_t index)
{
    read_worker(pool, index, true);
}
