/* SPDX-License-Identifier: MIT */
/*
 * A worker's first message makes it what it is: it maps what it shares, runs the initializer as it
 * would run a task, and answers that it is ready, or why it never will be.
 */
#include <errno.h>
#include <string.h>

#include "core/builtin.h"
#include "core/point.h"
#include "core/process_private.h"
#include "core/shared_memory_private.h"
#include "core/wire.h"
#include "core/worker_private.h"

/* Whether the host's words and the descriptors that came with them fit together. */
static bool is_whole(const struct pp_worker *worker, const struct pp_start_message *start,
                     const struct pp_message *message)
{
    return start->shared_count <= PP_SHARED_MAX && message->fd_count == start->shared_count &&
           message->length == sizeof(*start) + start->arguments_length &&
           (start->initializer == PP_START_NO_INITIALIZER ||
            pp_builtin_function(worker->program, start->initializer) != NULL);
}

static int share(struct pp_worker *worker, const struct pp_start_message *start,
                 const struct pp_message *message, struct pp_error *error)
{
    for (uint32_t i = 0; i < start->shared_count; i++) {
        const struct pp_shared_memory_place place = {
            .fd = message->fds[i],
            .offset = start->shared[i].offset,
            .bytes = start->shared[i].bytes,
        };
        int r = pp_shared_memory_map(&place, &worker->shared[i].bytes);

        if (r != 0) {
            return pp_error_set_errno(error, r, "cannot map the shared memory");
        }
        worker->shared[i].capacity = place.bytes;
        worker->shared_count++;
    }
    return 0;
}

static int initialize(struct pp_worker *worker, const struct pp_start_message *start,
                      const struct pp_message *message, struct pp_error *error)
{
    uint8_t reply[PP_TASK_REPLY_MAX]; /* nobody's */
    struct pp_call_private private;
    struct pp_call call;
    int status;

    if (start->initializer == PP_START_NO_INITIALIZER) {
        return 0;
    }
    pp_call_init(&call, &private, worker, reply, sizeof(reply));
    call.arguments = message->bytes + sizeof(*start);
    call.arguments_length = start->arguments_length;
    status = pp_call_run(&call, start->initializer, NULL);
    if (status != 0) {
        pp_error_set(error, status, "the workers' initializer failed: %.200s",
                     private.error.message);
    }
    return status;
}

int pp_worker_start(struct pp_worker *worker, struct pp_message *message)
{
    struct pp_ready_message ready = {.kind = PP_MESSAGE_READY};
    struct pp_start_message start;
    int r;

    if (worker->started || message->length < sizeof(start)) {
        return -EPROTO;
    }
    memcpy(&start, message->bytes, sizeof(start));
    if (!is_whole(worker, &start, message)) {
        return -EPROTO;
    }
    worker->started = true;
    worker->once = start.once != 0;
    pp_process_self_set(&start);
    ready.status = share(worker, &start, message, &ready.error);
    if (ready.status == 0) {
        ready.status = initialize(worker, &start, message, &ready.error);
    }
    pp_point("worker.before-ready");
    r = pp_worker_send(worker, &ready, sizeof(ready), NULL, 0);
    pp_point("worker.after-ready");
    if (r == 0 && ready.status != 0) {
        worker->exit_code = worker->once ? 1 : PP_WORKER_EXIT_USELESS;
        r = PP_WORKER_CLOSED;
    }
    return r;
}

void pp_worker_unshare(struct pp_worker *worker)
{
    while (worker->shared_count > 0) {
        struct pp_call_slot *piece = &worker->shared[--worker->shared_count];

        pp_shared_memory_unmap(piece->bytes, piece->capacity);
    }
}
