/* SPDX-License-Identifier: MIT */
/*
 * A worker trusts its host and owes it the truth: it stamps the task into the control page before
 * it runs it and clears the stamp after it answered, so that at whatever instruction it dies the
 * host finds either the answer or the name of the task that was in work.
 *
 * A slot is mapped when it first comes and stays mapped until the host says that it is gone: fresh
 * mappings would cost their page faults again with every photo. Scratch memory is kept likewise.
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

struct pp_worker_mapped {
    struct pp_slot slot;
    struct pp_worker_mapped *next;
};

static struct pp_worker_mapped *find_mapped(struct pp_worker *worker, uint32_t id)
{
    struct pp_worker_mapped *mapped = worker->mapped;

    while (mapped != NULL && mapped->slot.id != id) {
        mapped = mapped->next;
    }
    return mapped;
}

static int attach(struct pp_worker *worker, uint32_t id, int fd, size_t capacity)
{
    struct pp_worker_mapped *mapped = calloc(1, sizeof(*mapped));
    int r;

    if (mapped == NULL) {
        close(fd);
        return -ENOMEM;
    }
    r = pp_slot_attach(&mapped->slot, id, fd, capacity);
    if (r != 0) {
        free(mapped);
        return r;
    }
    mapped->next = worker->mapped;
    worker->mapped = mapped;
    return 0;
}

static void forget(struct pp_worker *worker, uint32_t id)
{
    for (struct pp_worker_mapped **at = &worker->mapped; *at != NULL; at = &(*at)->next) {
        if ((*at)->slot.id == id) {
            struct pp_worker_mapped *mapped = *at;

            *at = mapped->next;
            pp_slot_finish(&mapped->slot);
            free(mapped);
            return;
        }
    }
}

/* Map the slots that come for the first time and fill in the call's slots. */
static int take_slots(struct pp_worker *worker, const struct pp_task_message *task,
                      struct pp_message *message, struct pp_call *call, uint32_t *ret_fds_used)
{
    uint32_t used = 0;

    for (uint32_t i = 0; i < task->slot_count; i++) {
        struct pp_worker_mapped *mapped;

        if (task->slots[i].attached) {
            int r = used < message->fd_count
                        ? attach(worker, task->slots[i].id, pp_message_take_fd(message, used++),
                                 task->slots[i].capacity)
                        : -EPROTO;

            if (r != 0) {
                return r;
            }
        }
        mapped = find_mapped(worker, task->slots[i].id);
        if (mapped == NULL) {
            return -EPROTO;
        }
        call->slots[i].bytes = mapped->slot.bytes;
        call->slots[i].capacity = mapped->slot.capacity;
    }
    call->slot_count = task->slot_count;
    *ret_fds_used = used;
    return 0;
}

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
    r = take_slots(worker, task, message, call, &used);
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

static int answer(struct pp_worker *worker, uint64_t task, int status, uint64_t start_ns,
                  const struct pp_call_private *private)
{
    struct pp_result_message result = {
        .kind = PP_MESSAGE_RESULT,
        .status = status,
        .task = task,
        .start_ns = start_ns,
        .run_ns = pp_clock_ns() - start_ns,
    };

    if (status != 0) {
        result.error = private->error;
    } else {
        result.reply_length = (uint32_t) private->reply_length;
    }
    return pp_worker_send(worker, &result, sizeof(result), private->reply, result.reply_length);
}

static int run_task(struct pp_worker *worker, struct pp_message *message)
{
    struct pp_task_message task;
    struct pp_call_private private;
    struct pp_call call;
    uint8_t reply[PP_TASK_REPLY_MAX];
    uint64_t start_ns;
    int status;
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
    if (r == -EPROTO) {
        return r;
    }
    pp_point("worker.before-stamp");
    pp_control_stamp(worker->control, task.task);
    pp_point("worker.after-stamp");
    start_ns = pp_clock_ns();
    if (r == 0) {
        status = pp_call_run(&call, task.function, "the task failed");
    } else {
        status = pp_error_set_errno(&private.error, r, "cannot map the task's shared memory");
    }
    pp_point("worker.before-answer");
    /* Without the memory that the host thinks it has mapped, it is of no more use. */
    if (answer(worker, task.task, status, start_ns, &private) != 0) {
        r = -EPIPE;
    }
    pp_point("worker.after-answer");
    pp_control_stamp(worker->control, 0);
    pp_point("worker.after-task");
    if (worker->once) {
        worker->exit_code = status == 0 ? 0 : 1;
        r = PP_WORKER_CLOSED;
    }
    return r;
}

static int handle(struct pp_worker *worker, struct pp_message *message)
{
    struct pp_forget_message forget_message;
    uint32_t kind;

    if (message->length < sizeof(kind)) {
        return -EPROTO;
    }
    memcpy(&kind, message->bytes, sizeof(kind));
    switch (kind) {
    case PP_MESSAGE_START:
        return pp_worker_start(worker, message);
    case PP_MESSAGE_TASK:
        return run_task(worker, message);
    case PP_MESSAGE_FORGET:
        memcpy(&forget_message, message->bytes, sizeof(forget_message));
        forget(worker, forget_message.slot);
        return 0;
    default:
        return -EPROTO;
    }
}

int pp_worker_step(struct pp_worker *worker)
{
    int r = pp_channel_receive(worker->end, &worker->message);

    if (r == PP_CHANNEL_CLOSED) {
        return PP_WORKER_CLOSED;
    }
    if (r == PP_CHANNEL_AGAIN) {
        return PP_WORKER_AGAIN;
    }
    if (r == 0) {
        r = handle(worker, &worker->message);
        pp_message_close(&worker->message);
    }
    return r;
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
    *ret_worker = worker;
    return 0;
}

void pp_worker_destroy(struct pp_worker *worker)
{
    if (worker == NULL) {
        return;
    }
    while (worker->mapped != NULL) {
        forget(worker, worker->mapped->slot.id);
    }
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
