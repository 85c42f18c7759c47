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
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/channel.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/wire.h"
#include "core/worker.h"

struct mapped {
    struct pp_slot slot;
    struct mapped *next;
};

struct pp_worker {
    const struct pp_program *program;
    struct pp_control *control;
    int end;
    struct mapped *mapped;
    void *scratch;
    size_t scratch_bytes;
    struct pp_message message;
};

/* What a call needs beyond what the function may see. */
struct pp_call_private {
    struct pp_worker *worker;
    struct pp_error error;
    size_t reply_length;
    uint8_t reply[PP_TASK_REPLY_MAX];
};

int pp_call_arguments(const struct pp_call *call, void *into, size_t length)
{
    if (call->arguments_length != length) {
        return -EINVAL;
    }
    memcpy(into, call->arguments, length);
    return 0;
}

int pp_call_reply(struct pp_call *call, const void *bytes, size_t length)
{
    if (length > PP_TASK_REPLY_MAX) {
        return -E2BIG;
    }
    memcpy(call->private->reply, bytes, length);
    call->private->reply_length = length;
    return 0;
}

int pp_call_fail(struct pp_call *call, int code, const char *format, ...)
{
    struct pp_error *error = &call->private->error;
    va_list arguments;

    error->code = code;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof(error->message), format, arguments);
    va_end(arguments);
    return code;
}

void pp_call_phase(struct pp_call *call, const char *phase)
{
    pp_control_set_phase(call->private->worker->control, phase);
}

void *pp_call_scratch(struct pp_call *call, size_t bytes)
{
    struct pp_worker *worker = call->private->worker;
    void *scratch;

    if (bytes <= worker->scratch_bytes && worker->scratch != NULL) {
        return worker->scratch;
    }
    if (worker->scratch != NULL) {
        munmap(worker->scratch, worker->scratch_bytes);
        worker->scratch = NULL;
    }
    if (bytes > (size_t)PTRDIFF_MAX) {
        return NULL;
    }
    bytes = pp_size_round_up(bytes == 0 ? 1 : bytes, (size_t)sysconf(_SC_PAGESIZE));
    scratch = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (scratch == MAP_FAILED) {
        return NULL;
    }
    worker->scratch = scratch;
    worker->scratch_bytes = bytes;
    return scratch;
}

static struct mapped *find_mapped(struct pp_worker *worker, uint32_t id)
{
    struct mapped *mapped = worker->mapped;

    while (mapped != NULL && mapped->slot.id != id) {
        mapped = mapped->next;
    }
    return mapped;
}

static int attach(struct pp_worker *worker, uint32_t id, int fd, size_t capacity)
{
    struct mapped *mapped = calloc(1, sizeof(*mapped));
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
    for (struct mapped **at = &worker->mapped; *at != NULL; at = &(*at)->next) {
        if ((*at)->slot.id == id) {
            struct mapped *mapped = *at;

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
        struct mapped *mapped;

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

/* The worker cannot answer any more when the host is gone; its next receive will tell. */
static int outcome_of_send(int r)
{
    if (r == PP_CHANNEL_CLOSED) {
        return PP_WORKER_CLOSED;
    }
    return r == PP_CHANNEL_AGAIN ? -EPROTO : r;
}

static int answer(struct pp_worker *worker, uint64_t task, int status, uint64_t run_ns,
                  struct pp_call_private *private)
{
    struct pp_result_message result = {
        .kind = PP_MESSAGE_RESULT,
        .status = status,
        .task = task,
        .run_ns = run_ns,
    };

    if (status != 0) {
        if (private->error.code != status) {
            pp_error_set_errno(&private->error, status, "the task failed");
        }
        result.error = private->error;
    } else {
        result.reply_length = (uint32_t) private->reply_length;
    }
    return outcome_of_send(pp_channel_send(worker->end, &result, sizeof(result), private->reply,
                                           result.reply_length, NULL, 0));
}

static int run_task(struct pp_worker *worker, struct pp_message *message)
{
    struct pp_task_message task;
    struct pp_call_private private;
    struct pp_call call = {.private = &private};
    uint64_t start_ns;
    int status;
    int r;

    private.worker = worker;
    private.error.code = 0;
    private.reply_length = 0;
    if (message->length < sizeof(task)) {
        return -EPROTO;
    }
    memcpy(&task, message->bytes, sizeof(task));
    r = build_call(worker, &task, message, &call);
    if (r == -EPROTO) {
        return r;
    }
    pp_control_stamp(worker->control, task.task);
    start_ns = pp_clock_ns();
    if (r == 0) {
        status = worker->program->functions[task.function].run(&call);
        status = status > 0 ? -EINVAL : status; /* the contract has no positive returns */
    } else {
        status = pp_error_set_errno(&private.error, r, "cannot map the task's shared memory");
    }
    /* Without the memory that the host thinks it has mapped, it is of no more use. */
    if (answer(worker, task.task, status, pp_clock_ns() - start_ns, &private) != 0) {
        r = -EPIPE;
    }
    pp_control_stamp(worker->control, 0);
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
    struct pp_ready_message ready = {.kind = PP_MESSAGE_READY};
    int r;

    if (worker == NULL) {
        close(end);
        return -ENOMEM;
    }
    worker->program = program;
    worker->control = control;
    worker->end = end;
    ready.status = program->initializer == NULL ? 0 : program->initializer();
    r = outcome_of_send(pp_channel_send(end, &ready, sizeof(ready), NULL, 0, NULL, 0));
    if (r != 0 || ready.status != 0) {
        pp_worker_destroy(worker);
        return ready.status != 0 ? ready.status : r < 0 ? r : -EPIPE;
    }
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
    close(worker->end);
    free(worker);
}

int pp_worker_run(const struct pp_program *program, int end, struct pp_control *control)
{
    struct pp_worker *worker;
    int r = pp_worker_create(&worker, program, end, control);

    if (r != 0) {
        return r == -EPIPE ? 0 : 2;
    }
    do {
        r = pp_worker_step(worker);
    } while (r == 0);
    if (r < 0) {
        pp_log(PP_LOG_INFO, "worker", "ends: error %d", -r);
    }
    pp_worker_destroy(worker);
    return r < 0 ? 1 : 0;
}
