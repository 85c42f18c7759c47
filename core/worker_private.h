/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Worker, inside
 *
 *   worker.c        its life: messages, and the run of a task
 *   worker_start.c  the first message
 *   worker_ring.c   tasks and results by the rings, and sleep
 *   worker_slots.c  what it has mapped
 *   call.c          what a task function sees of it
 */

#include "core/channel.h"
#include "core/wire.h"
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
    struct pp_ring_side tasks;
    struct pp_ring_side results;
    bool holds; /* the message is a task whose entry in the ring has yet to come up */
    struct pp_message message;
};

/* A task that is to be run. */
struct pp_worker_order {
    uint64_t task;
    uint32_t function;
    bool by_ring; /* it has an entry, so the answer may go by the ring as well */
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

/* worker_slots.c: map the slots that come with @message for the first time, and fill in the call's
 * slots. Returns 0 with how many descriptors that took; -EPROTO; another errno. */
PP_MUST_CHECK int pp_worker_take_slots(struct pp_worker *worker, const struct pp_task_message *task,
                                       struct pp_message *message, struct pp_call *call,
                                       uint32_t *ret_fds_used);

/* worker_slots.c: fill in the call's slots with those that have @ids. Returns 0 or -EPROTO. */
PP_MUST_CHECK int pp_worker_use_slots(struct pp_worker *worker, const uint32_t *ids, uint32_t count,
                                      struct pp_call *call);

/* worker_slots.c: unmap one slot, if it is mapped, or all. */
void pp_worker_forget(struct pp_worker *worker, uint32_t id);
void pp_worker_forget_all(struct pp_worker *worker);

/*
 * worker_ring.c: wait for what the host wants next. Returns 0 with *ret_entry, the entry that is
 * next, or with NULL there and the worker's message to be handled; PP_WORKER_CLOSED;
 * PP_WORKER_AGAIN or a negative errno.
 */
PP_MUST_CHECK int pp_worker_ring_wait(struct pp_worker *worker, struct pp_ring_task **ret_entry);

/* worker_ring.c: take that entry, run its task if the host has not recalled it, and answer. Returns
 * what pp_worker_step() does. */
PP_MUST_CHECK int pp_worker_ring_run(struct pp_worker *worker, struct pp_ring_task *entry);

/* worker_ring.c: answer with an entry of the ring. Returns false where it does not fit. */
PP_MUST_CHECK bool pp_worker_ring_answer(struct pp_worker *worker, uint64_t task, int status,
                                         uint64_t start_ns, const struct pp_call_private *private);

/*
 * worker.c: run @call as @order says, and answer. @broken: 0, or why its memory cannot be had: then
 * the task fails with that error, and the worker is to end.
 * Returns 0; PP_WORKER_CLOSED; or a negative errno.
 */
PP_MUST_CHECK int pp_worker_run_call(struct pp_worker *worker, const struct pp_worker_order *order,
                                     struct pp_call *call, int broken);

/* worker.c: the task in the worker's message; not @wanted: only keep what came with it. Returns
 * like pp_worker_run_call(). */
PP_MUST_CHECK int pp_worker_run_message(struct pp_worker *worker, bool by_ring, bool wanted);

/* worker.c: the message is no task of the ring. Returns what pp_worker_step() does. */
PP_MUST_CHECK int pp_worker_handle(struct pp_worker *worker);

/* The kind of the worker's message; 0 where it has none. */
uint32_t pp_worker_message_kind(const struct pp_worker *worker);

/* worker.c: send to the host. Returns 0, PP_WORKER_CLOSED, or a negative errno. */
PP_MUST_CHECK int pp_worker_send(struct pp_worker *worker, const void *first, size_t first_length,
                                 const void *second, size_t second_length);
