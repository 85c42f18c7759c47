/* SPDX-License-Identifier: MIT */
/*
 * A call: what a task function sees of its worker, and how it is run.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/builtin.h"
#include "core/nesting.h"
#include "core/worker_private.h"

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
    if (length > call->private->reply_capacity) {
        return -E2BIG;
    }
    if (length > 0) {
        memcpy(call->private->reply, bytes, length);
    }
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

void pp_call_init(struct pp_call *call, struct pp_call_private *private, struct pp_worker *worker,
                  uint8_t *reply, size_t reply_capacity)
{
    *call = (struct pp_call){.shared_count = worker->shared_count, .private = private};
    memcpy(call->shared, worker->shared, sizeof(call->shared));
    private->worker = worker;
    private->error.code = 0;
    private->reply = reply;
    private->reply_capacity = reply_capacity;
    private->reply_length = 0;
}

int pp_call_run(struct pp_call *call, uint32_t index, const char *what)
{
    struct pp_call_private *private = call->private;
    char text[80];
    int status;

    if (private->worker->once) { /* a process of its own, which may have workers */
        status = pp_builtin_function(private->worker->program, index)->run(call);
    } else {
        pp_nesting_enter();
        status = pp_builtin_function(private->worker->program, index)->run(call);
        pp_nesting_leave();
    }
    status = status > 0 ? -EINVAL : status; /* the contract has no positive returns */
    if (status == 0 || private->error.code == status) {
        return status;
    }
    if (what == NULL) {
        return pp_error_set(&private->error, status, "%s", strerror_r(-status, text, sizeof(text)));
    }
    return pp_error_set_errno(&private->error, status, "%s", what);
}

const struct pp_program *pp_worker_program(const struct pp_call *call)
{
    return call->private->worker->program;
}

int pp_worker_call(struct pp_call *call, uint32_t function, const struct pp_worker_part *part,
                   size_t *ret_reply_length, struct pp_error *error)
{
    struct pp_call_private private;
    struct pp_call inner;
    int status;

    if (pp_builtin_function(call->private->worker->program, function) == NULL) {
        return pp_error_set(error, -ENOENT, "no function has the number %u", function);
    }
    pp_call_init(&inner, &private, call->private->worker, part->reply, part->reply_capacity);
    inner.arguments = part->arguments;
    inner.arguments_length = part->arguments_length;
    status = pp_call_run(&inner, function, "the task failed");
    if (status != 0 && error != NULL) {
        *error = private.error;
    }
    *ret_reply_length = status == 0 ? private.reply_length : 0;
    return status;
}
