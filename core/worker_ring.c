/* SPDX-License-Identifier: MIT */
/*
 * Tasks come by the ring, or by message with an entry in the ring that says so, or by message
 * without one: where the host was told to use no rings. Each is answered by the way it came, unless
 * the answer is too large for an entry.
 *
 * An entry is put before its message is sent. So a message that wakes the worker may belong to an
 * entry behind others that it finds: it is held until that one comes up. One message is all that it
 * ever holds, since it receives no other before.
 *
 * Before it begins with an entry the worker claims it, for the host may want it back meanwhile.
 */
#include <errno.h>
#include <string.h>

#include "core/builtin.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/point.h"
#include "core/worker_private.h"

static int outcome_of_receive(int r)
{
    switch (r) {
    case PP_CHANNEL_CLOSED:
        return PP_WORKER_CLOSED;
    case PP_CHANNEL_AGAIN:
        return PP_WORKER_AGAIN;
    default:
        return r;
    }
}

static struct pp_ring_task *next_entry(const struct pp_worker *worker)
{
    return pp_ring_count(&worker->tasks) == 0
               ? NULL
               : pp_ring_entry(&worker->tasks, worker->tasks.position);
}

/* Sleep until a message comes, with the word given that it does; not where an entry is there. */
static int sleep_until_message(struct pp_worker *worker)
{
    pp_point("worker.before-sleep");
    if (!pp_ring_sleep(&worker->tasks)) {
        pp_ring_rise(&worker->tasks);
        return 0;
    }
    return outcome_of_receive(pp_channel_receive(worker->end, &worker->message));
}

int pp_worker_ring_wait(struct pp_worker *worker, struct pp_ring_task **ret_entry)
{
    for (;;) {
        int r;

        *ret_entry = next_entry(worker);
        if (*ret_entry != NULL) {
            return 0;
        }
        worker->message.length = 0;
        r = sleep_until_message(worker);
        if (r != 0) {
            return r;
        }
        if (worker->message.length == 0) {
            continue; /* there was no need to sleep */
        }
        switch (pp_worker_message_kind(worker)) {
        case PP_MESSAGE_BELL:
            break;
        case PP_MESSAGE_TASK:
            pp_ring_rise(&worker->tasks);
            *ret_entry = next_entry(worker);
            worker->holds = *ret_entry != NULL;
            return 0;
        default:
            return 0;
        }
    }
}

static bool is_withdrawn(struct pp_ring_task *entry)
{
    return atomic_load_explicit(&entry->state, memory_order_acquire) == PP_RING_TASK_WITHDRAWN;
}

/* Receive the task that @entry stands for; or, where it is withdrawn, do not hold one. */
static int receive_task(struct pp_worker *worker, struct pp_ring_task *entry)
{
    int r = 0; /* never PP_WORKER_AGAIN: only a worker on an end that waits has rings */

    while (r == 0 && !worker->holds && !is_withdrawn(entry)) {
        r = outcome_of_receive(pp_channel_receive(worker->end, &worker->message));
        if (r == 0 && pp_worker_message_kind(worker) == PP_MESSAGE_TASK) {
            worker->holds = true;
        } else if (r == 0) {
            r = pp_worker_handle(worker);
        }
    }
    return r;
}

/* The host learns from answers how far the worker is; of what is not run it has to be told. */
static bool claim(struct pp_worker *worker, struct pp_ring_task *entry)
{
    uint32_t waiting = PP_RING_TASK_WAITING;

    if (atomic_compare_exchange_strong(&entry->state, &waiting, PP_RING_TASK_TAKEN)) {
        return true;
    }
    pp_ring_pass(&worker->tasks);
    return false;
}

static int run_by_message(struct pp_worker *worker, struct pp_ring_task *entry)
{
    int r = receive_task(worker, entry);

    if (r != 0) {
        return r;
    }
    if (!worker->holds) {
        pp_ring_pass(&worker->tasks);
        return 0;
    }
    pp_point("worker.before-claim");
    r = pp_worker_run_message(worker, true, claim(worker, entry));
    worker->holds = false;
    pp_message_close(&worker->message);
    return r;
}

static int run_entry(struct pp_worker *worker, struct pp_ring_task *entry)
{
    struct pp_worker_order order = {
        .task = entry->task,
        .function = entry->function,
        .by_ring = true,
    };
    struct pp_call_private private;
    struct pp_call call;
    uint8_t reply[PP_TASK_REPLY_MAX];
    int r;

    pp_point("worker.before-claim");
    if (!claim(worker, entry)) {
        return 0;
    }
    if (!worker->started || entry->arguments_length > PP_RING_ARGUMENTS_MAX ||
        entry->slot_count > PP_TASK_SLOTS_MAX ||
        pp_builtin_function(worker->program, order.function) == NULL) {
        return -EPROTO;
    }
    pp_call_init(&call, &private, worker, reply, sizeof(reply));
    r = pp_worker_use_slots(worker, entry->slots, entry->slot_count, &call);
    if (r != 0) {
        return r;
    }
    call.arguments = entry->arguments;
    call.arguments_length = entry->arguments_length;
    return pp_worker_run_call(worker, &order, &call, 0);
}

int pp_worker_ring_run(struct pp_worker *worker, struct pp_ring_task *entry)
{
    worker->tasks.position++;
    return entry->by_message ? run_by_message(worker, entry) : run_entry(worker, entry);
}

bool pp_worker_ring_answer(struct pp_worker *worker, uint64_t task, int status, uint64_t start_ns,
                           const struct pp_call_private *private)
{
    static const uint32_t bell = PP_MESSAGE_BELL;
    struct pp_ring_result *result = pp_ring_entry(&worker->results, worker->results.position);
    const void *bytes = status == 0 ? (const void *)private->reply : private->error.message;
    size_t length = status == 0 ? private->reply_length : strlen(private->error.message) + 1;

    if (length > sizeof(result->bytes)) {
        return false;
    }
    result->task = task;
    result->start_ns = start_ns;
    result->run_ns = pp_clock_ns() - start_ns;
    result->status = status;
    result->length = (uint32_t)length;
    memcpy(result->bytes, bytes, length);
    pp_point("worker.before-put");
    if (pp_ring_put(&worker->results)) {
        pp_point("worker.before-bell");
        if (pp_worker_send(worker, &bell, sizeof(bell), NULL, 0) != 0) {
            pp_log(PP_LOG_DEBUG, "worker", "nobody hears the bell: the host is gone");
        }
    }
    return true;
}
