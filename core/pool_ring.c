/* SPDX-License-Identifier: MIT */
/*
 * The host's side of a worker's two rings.
 *
 * Room. An entry of the ring of tasks may be used again when its task or a later one was answered:
 * the worker has passed it then. A worker has at most PP_SCHEDULER_CREDIT tasks, so there is always
 * room for them; but entries of tasks that were taken back are dead until the worker has passed
 * them, which it says. No task is taken back unless as many more as the worker may have fit beside
 * the dead. Results need no count at all: there are never more of them than tasks that were sent
 * and not answered.
 *
 * Trust. What lies in shared memory may change at any time while it is read. A result's head is
 * copied once and judged by the copy; its bytes are data, of which the worker could have sent any.
 * The number of results is believed up to the number of tasks. The state of an entry is only ever
 * exchanged: a worker that lies about it runs a task that was taken from it, and its answer to that
 * is nonsense and costs it its life.
 *
 * Bells. Each worker is told that the host sleeps, and then may ring once, for a result. After a
 * bell its results are taken without one until the host is about to sleep again. A bell that is not
 * due or without a result is a breach, so none can keep the host busy by ringing.
 */
#include <string.h>

#include "core/log.h"
#include "core/point.h"
#include "core/pool_private.h"

_Static_assert(PP_RING_ENTRIES >= 2 * PP_SCHEDULER_CREDIT, "room for tasks and recalled ones");

/* Tell the worker that the host sleeps. Returns false where results have come meanwhile for which
 * it will not ring. */
static bool sleep_on(struct pp_pool_worker *worker)
{
    worker->bell_due = true;
    worker->slept_at = worker->results.position;
    if (pp_ring_sleep(&worker->results) || !pp_ring_rise(&worker->results)) {
        return true;
    }
    worker->bell_due = false;
    return false;
}

void pp_pool_ring_begin(struct pp_pool_worker *worker)
{
    struct pp_control *control = worker->control.bytes;

    pp_ring_side_init(&worker->tasks, &control->tasks);
    pp_ring_side_init(&worker->results, &control->results);
    worker->passed = 0;
    sleep_on(worker); /* it has nothing to say yet */
}

bool pp_pool_ring_fits(const struct pp_pool_worker *worker, const struct pp_future *future)
{
    if (future->fd_count > 0 || future->arguments_length > PP_RING_ARGUMENTS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < future->slot_count; i++) {
        if (!pp_pool_has_mapped(worker, future->slots[i]->id)) {
            return false;
        }
    }
    return true;
}

/* The next entry, good for a task that comes by message. */
static struct pp_ring_task *begin_entry(struct pp_pool_worker *worker,
                                        const struct pp_future *future)
{
    struct pp_ring_task *entry = pp_ring_entry(&worker->tasks, worker->tasks.position);

    atomic_store_explicit(&entry->state, PP_RING_TASK_WAITING, memory_order_relaxed);
    entry->by_message = 1;
    entry->task = future->scheduled.id;
    return entry;
}

static void ring_bell(struct pp_pool *pool, uint32_t index)
{
    static const uint32_t bell = PP_MESSAGE_BELL;
    int r;

    pp_point("host.before-bell");
    r = pp_channel_send(pool->workers[index].end, &bell, sizeof(bell), NULL, 0, NULL, 0);
    /* With no room for it there are messages to be read, which wake it as well. */
    if (r < 0) {
        pp_pool_break_off(pool, index, "its bell cannot be rung");
    }
}

void pp_pool_ring_put(struct pp_pool *pool, uint32_t index, struct pp_future *future)
{
    struct pp_pool_worker *worker = &pool->workers[index];
    struct pp_ring_task *entry = begin_entry(worker, future);

    entry->by_message = 0;
    entry->function = future->function;
    entry->arguments_length = (uint32_t)future->arguments_length;
    entry->slot_count = future->slot_count;
    for (uint32_t i = 0; i < future->slot_count; i++) {
        entry->slots[i] = future->slots[i]->id;
    }
    if (future->arguments_length > 0) {
        memcpy(entry->arguments, future->arguments, future->arguments_length);
    }
    pp_point("host.before-put");
    if (pp_ring_put(&worker->tasks)) {
        ring_bell(pool, index);
    }
}

void pp_pool_ring_announce(struct pp_pool_worker *worker, struct pp_future *future)
{
    begin_entry(worker, future);
    pp_point("host.before-announce");
    if (pp_ring_put(&worker->tasks)) {
        pp_point("host.after-announce"); /* the message is the bell */
    }
}

bool pp_pool_ring_has_room(struct pp_pool_worker *worker)
{
    uint32_t fresh = PP_RING_ENTRIES - PP_SCHEDULER_CREDIT + worker->inbox_count;

    if (worker->tasks.position - worker->passed >= fresh) {
        worker->passed = pp_ring_passed(&worker->tasks, worker->passed);
    }
    return worker->tasks.position - worker->passed < fresh;
}

void pp_pool_ring_withdraw(struct pp_pool *pool, uint32_t index)
{
    struct pp_pool_worker *worker = &pool->workers[index];
    struct pp_ring_task *entry = pp_ring_entry(&worker->tasks, worker->tasks.position - 1);

    atomic_store(&entry->state, PP_RING_TASK_WITHDRAWN);
    ring_bell(pool, index); /* it may wait for the message already */
}

bool pp_pool_ring_recall(struct pp_pool_worker *worker, unsigned index)
{
    const struct pp_pool_sent *sent = pp_pool_inbox_at(worker, index);
    struct pp_ring_task *entry;
    uint32_t waiting = PP_RING_TASK_WAITING;

    if (!sent->by_ring || !pp_pool_ring_has_room(worker) ||
        (int32_t)(sent->position - worker->passed) < 0) { /* the worker says that it is through */
        return false;
    }
    entry = pp_ring_entry(&worker->tasks, sent->position);
    pp_point("host.before-recall");
    return atomic_compare_exchange_strong(&entry->state, &waiting, PP_RING_TASK_RECALLED);
}

/* Copy the head of a result that the worker may be writing to. */
static void copy_answer(const struct pp_ring_result *result, struct pp_pool_answer *answer)
{
    struct pp_ring_result head;

    memcpy(&head, result, offsetof(struct pp_ring_result, bytes));
    atomic_signal_fence(memory_order_seq_cst); /* not to be read a second time */
    *answer = (struct pp_pool_answer){
        .task = head.task,
        .start_ns = head.start_ns,
        .run_ns = head.run_ns,
        .status = head.status,
        .length = head.length,
        .bytes = result->bytes,
    };
}

bool pp_pool_ring_drain(struct pp_pool *pool, uint32_t index)
{
    struct pp_pool_worker *worker = &pool->workers[index];
    struct pp_pool_answer answer;
    uint32_t count = pp_ring_count(&worker->results);

    if (count > worker->inbox_count) {
        return false;
    }
    for (; count > 0; count--) {
        copy_answer(pp_ring_entry(&worker->results, worker->results.position), &answer);
        if (answer.task != pp_pool_inbox_at(worker, 0)->future->scheduled.id) {
            return false;
        }
        if (answer.length > PP_RING_REPLY_MAX) {
            pp_pool_break_off(pool, index, "a result that is longer than its entry");
            return true;
        }
        worker->results.position++;
        if (!pp_pool_take_answer(pool, index, &answer)) {
            return true;
        }
    }
    return true;
}

void pp_pool_ring_heard(struct pp_pool *pool, uint32_t index)
{
    struct pp_pool_worker *worker = &pool->workers[index];

    if (!worker->bell_due ||
        (worker->results.position == worker->slept_at && pp_ring_count(&worker->results) == 0)) {
        pp_pool_break_off(pool, index, "it rings for nothing");
        return;
    }
    worker->bell_due = false;
    if (!worker->awake) {
        worker->awake = true;
        pool->awake[pool->awake_count++] = index;
    }
}

bool pp_pool_ring_sleep(struct pp_pool *pool)
{
    uint32_t left = 0;

    for (uint32_t i = 0; i < pool->awake_count; i++) {
        struct pp_pool_worker *worker = &pool->workers[pool->awake[i]];

        /* In the place of one that has died there may be another one, to whom that was told. */
        if (worker->end < 0 || worker->broke_protocol || worker->bell_due || sleep_on(worker)) {
            worker->awake = false;
        } else {
            pool->awake[left++] = pool->awake[i];
        }
    }
    pool->awake_count = left;
    return left == 0;
}

void pp_pool_ring_listen(struct pp_pool *pool)
{
    for (uint32_t i = 0; i < pool->awake_count; i++) {
        pp_pool_handle_event_of(pool, pool->awake[i]);
    }
}
