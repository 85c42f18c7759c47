/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Worker, inside: what worker.c, worker_start.c and call.c share
 */

#include "core/channel.h"
#include "core/worker.h"

struct pp_worker {
    const struct pp_program *program;
    struct pp_control *control;
    int end;
    bool started; /* the host has said what to do */
    bool once;    /* exit after the first task */
    int exit_code;
    struct pp_call_slot shared[PP_SHARED_MAX];
    uint32_t shared_count;
    struct pp_worker_mapped *mapped; /* slots */
    void *scratch;
    size_t scratch_bytes;
    struct pp_message message;
};

/* What a call needs beyond what the function may see. */
struct pp_call_private {
    struct pp_worker *worker;
    struct pp_error error;
    uint8_t *reply;
    size_t reply_capacity;
    size_t reply_length;
};

/*
 * call.c: make @call a call in @worker that replies into @reply, without arguments, slots and
 * descriptors. Both outlive the call.
 */
void pp_call_init(struct pp_call *call, struct pp_call_private *private, struct pp_worker *worker,
                  uint8_t *reply, size_t reply_capacity);

/*
 * call.c: run the function with @index, which there is. Returns 0, or a negative errno that is then
 * the error's code as well; where the function said nothing about it, the message is @what (may be
 * NULL) and the system's text.
 */
int pp_call_run(struct pp_call *call, uint32_t index, const char *what);

/*
 * worker_start.c: do what the START message @message asks and answer it.
 * Returns 0; PP_WORKER_CLOSED where the worker cannot work, and has said so, or where the host is
 * gone; or a negative errno.
 */
PP_MUST_CHECK int pp_worker_start(struct pp_worker *worker, struct pp_message *message);

/* worker_start.c: unmap what it shares. */
void pp_worker_unshare(struct pp_worker *worker);

/* worker.c: send to the host. Returns 0, PP_WORKER_CLOSED, or a negative errno. */
PP_MUST_CHECK int pp_worker_send(struct pp_worker *worker, const void *first, size_t first_length,
                                 const void *second, size_t second_length);
