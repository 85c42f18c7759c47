/* SPDX-License-Identifier: MIT */
/*
 * A worker trusts its host and owes it the truth: it stamps the task into the control memory before
 * it runs it and clears the stamp after it answered, so that at whatever instruction it dies the
 * host finds either the answer or the name of the task that was in work.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/builtin.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/point.h"
#include "core/wire.h"
#include "core/worker_private.h"

/* Make the call out of the message; its descriptors stay the message's. */
static int build_call(struct pp_worker *worker, const struct pp_task_message *task,
                      struct pp_message *message, struct pp_call *call)
{
    uint32_t used;
    int r;

    if (task->slot_count > PP_TASK_SLOTS_MAX || task->fd_count > PP_TASK_FDS_MAX ||
        message->length != sizeof(*task) + task->arguments_length) {
        return -EPROTO;
    }
    r = pp_worker_take_slots(worker, task, message, call, &used);
    if (r != 0) {
        return r;
    }
    if (message->fd_count - used != task->fd_count) {
        return -EPROTO;
    }
    call->arguments = message->bytes + sizeof(*task);
    call->arguments_length = task->arguments_length;
    call->fd_count = task->fd_count;
    memcpy(call->fds, message->fds + used, task->fd_count * sizeof(int));
    return 0;
}

int pp_worker_send(struct pp_worker *worker, const void *first, size_t first_length,
                   const void *second, size_t second_length)
{
    int r = pp_channel_send(worker->end, first, first_length, second, second_length, NULL, 0);

    if (r == PP_CHANNEL_CLOSED) {
        return PP_WORKER_CLOSED;
    }
    return r == PP_CHANNEL_AGAIN ? -EPROTO : r;
}

static int answer(struct pp_worker *worker, const struct pp_worker_order *order, int status,
                  uint64_t start_ns, const struct pp_call_private *private)
{
    struct pp_result_message result = {
        .kind = PP_MESSAGE_RESULT,
        .status = status,
        .task = order->task,
        .start_ns = start_ns,
        .run_ns = pp_clock_ns() - start_ns,
    };

    if (order->by_ring && pp_worker_ring_answer(worker, order->task, status, start_ns, private)) {
        return 0;
    }
    if (status != 0) {
        result.error = private->error;
    } else {
        result.reply_length = (uint32_t) private->reply_length;
    }
    return pp_worker_send(worker, &result, sizeof(result), private->reply, result.reply_length);
}

int pp_worker_run_call(struct pp_worker *worker, const struct pp_worker_order *order,
                       struct pp_call *call, int broken)
{
    int status;
    int r = 0;
    uint64_t start_ns;

    pp_point("worker.before-stamp");
    pp_control_stamp(worker->control, order->task);
    pp_point("worker.after-stamp");
    start_ns = pp_clock_ns();
    if (broken == 0) {
        status = pp_call_run(call, order->function, "the task failed");
    } else {
        status = pp_error_set_errno(&call->private->error, broken,
                                    "cannot map the task's shared memory");
    }
    pp_point("worker.before-answer");
    if (answer(worker, order, status, start_ns, call->private) != 0) {
        r = -EPIPE;
    }
    pp_point("worker.after-answer");
    pp_control_stamp(worker->control, 0);
    pp_point("worker.after-task");
    if (worker->once) {
        worker->exit_code = status == 0 ? 0 : 1;
        return PP_WORKER_CLOSED;
    }
    /* Without the memory that the host thinks it has mapped, it is of no more use. */
    return r != 0 ? r : broken;
}

int pp_worker_run_message(struct pp_worker *worker, bool by_ring, bool wanted)
{
    struct pp_message *message = &worker->message;
    struct pp_task_message task;
    struct pp_call_private private;
    struct pp_call call;
    uint8_t reply[PP_TASK_REPLY_MAX];
    int r;

    if (!worker->started || message->length < sizeof(task)) {
        return -EPROTO;
    }
    memcpy(&task, message->bytes, sizeof(task));
    if (pp_builtin_function(worker->program, task.function) == NULL) {
        return -EPROTO;
    }
    pp_call_init(&call, &private, worker, reply, sizeof(reply));
    r = build_call(worker, &task, message, &call);
    if (r == -EPROTO || !wanted) {
        return r;
    }
    return pp_worker_run_call(worker,
                              &(struct pp_worker_order){
                                  .task = task.task,
                                  .function = task.function,
                                  .by_ring = by_ring,
                              },
                              &call, r);
}

uint32_t pp_worker_message_kind(const struct pp_worker *worker)
{
    uint32_t kind = 0;

    if (worker->message.length >= sizeof(kind)) {
        memcpy(&kind, worker->message.bytes, sizeof(kind));
    }
    return kind;
}

int pp_worker_handle(struct pp_worker *worker)
{
    struct pp_forget_message forget;
    int r;

    switch (pp_worker_message_kind(worker)) {
    case PP_MESSAGE_START:
        r = pp_worker_start(worker, &worker->message);
        break;
    case PP_MESSAGE_TASK:
        r = pp_worker_run_message(worker, false, true);
        break;
    case PP_MESSAGE_FORGET:
        memcpy(&forget, worker->message.bytes, sizeof(forget));
        pp_worker_forget(worker, forget.slot);
        r = 0;
        break;
    case PP_MESSAGE_BELL:
        r = 0; /* it has done its work: the worker is awake */
        break;
    default:
        r = -EPROTO;
        break;
    }
    pp_message_close(&worker->message);
    return r;
}

int pp_worker_step(struct pp_worker *worker)
{
    struct pp_ring_task *entry;
    int r = pp_worker_ring_wait(worker, &entry);

    if (r != 0) {
        return r;
    }
    return entry != NULL ? pp_worker_ring_run(worker, entry) : pp_worker_handle(worker);
}

int pp_worker_create(struct pp_worker **ret_worker, const struct pp_program *program, int end,
                     struct pp_control *control)
{
    struct pp_worker *worker = calloc(1, sizeof(*worker));

    if (worker == NULL) {
        close(end);
        return -ENOMEM;
    }
    worker->program = program;
    worker->control = control;
    worker->end = end;
    pp_ring_side_init(&worker->tasks, &control->tasks);
    pp_ring_side_init(&worker->results, &control->results);
    *ret_worker = worker;
    return 0;
}

void pp_worker_destroy(struct pp_worker *worker)
{
    if (worker == NULL) {
        return;
    }
    pp_worker_forget_all(worker);
    if (worker->scratch != NULL) {
        munmap(worker->scratch, worker->scratch_bytes);
    }
    pp_worker_unshare(worker);
    close(worker->end);
    free(worker);
}

/* A process that has done its one task: handlers of exit() may look at what it shares. */
static struct pp_worker *kept __attribute__((used));

int pp_worker_run(const struct pp_program *program, int end, struct pp_control *control)
{
    struct pp_worker *worker;
    int exit_code;
    int r;

    pp_point("worker.begin");
    r = pp_worker_create(&worker, program, end, control);
    if (r != 0) {
        return PP_WORKER_EXIT_USELESS;
    }
    do {
        r = pp_worker_step(worker);
    } while (r == 0);
    if (r < 0) {
        pp_log(PP_LOG_INFO, "worker", "ends: error %d", -r);
    }
    exit_code = r < 0 ? 1 : worker->exit_code;
    if (worker->once) {
        kept = worker;
    } else {
        pp_worker_destroy(worker);
    }
    return exit_code;
}
