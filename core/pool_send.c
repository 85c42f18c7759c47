/* SPDX-License-Identifier: MIT */
/*
 * What a worker is sent: its tasks, by the ring where they fit and else by message, and word of
 * slots that are gone.
 *
 * A slot's descriptor travels with the first task that uses it in that worker, which keeps it
 * mapped; the pool remembers who has mapped what, so that each is told once when the slot is
 * dropped.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/point.h"
#include "core/pool_private.h"
#include "core/wire.h"

bool pp_pool_has_mapped(const struct pp_pool_worker *worker, uint32_t slot)
{
    for (size_t i = 0; i < worker->mapped_count; i++) {
        if (worker->mapped[i] == slot) {
            return true;
        }
    }
    return false;
}

static bool reserve_mapped(struct pp_pool_worker *worker)
{
    size_t capacity = worker->mapped_capacity * 2 + 8;
    uint32_t *mapped;

    if (worker->mapped_count + PP_TASK_SLOTS_MAX <= worker->mapped_capacity) {
        return true;
    }
    mapped = reallocarray(worker->mapped, capacity, sizeof(*mapped));
    if (mapped == NULL) {
        return false;
    }
    worker->mapped = mapped;
    worker->mapped_capacity = capacity;
    return true;
}

/* Tell every worker that has one mapped which slots are gone. */
static void forget_dropped(struct pp_pool *pool)
{
    struct pp_forget_message message = {.kind = PP_MESSAGE_FORGET};

    while ((message.slot = pp_slots_next_dropped(pool->slots)) != 0) {
        for (uint32_t i = 0; i < pool->worker_count; i++) {
            struct pp_pool_worker *worker = &pool->workers[i];

            for (size_t k = 0; k < worker->mapped_count; k++) {
                if (worker->mapped[k] == message.slot) {
                    worker->mapped[k] = worker->mapped[--worker->mapped_count];
                    /* A worker that cannot be told is about to be buried. */
                    if (pp_channel_send(worker->end, &message, sizeof(message), NULL, 0, NULL, 0) !=
                        0) {
                        pp_log(PP_LOG_DEBUG, "pool", "worker %u is gone", worker->number);
                    }
                }
            }
        }
    }
}

static int lend_slots(struct pp_pool *pool, struct pp_future *future)
{
    for (uint32_t i = 0; i < future->slot_count; i++) {
        if (future->slots[i] == NULL) {
            int r = pp_slots_lend(pool->slots, future->slot_bytes[i], &future->slots[i]);

            if (r != 0) {
                return r;
            }
        }
    }
    forget_dropped(pool);
    return 0;
}

/* Fill in the message's slots; returns how many descriptors they add. */
static uint32_t list_slots(const struct pp_pool_worker *worker, const struct pp_future *future,
                           struct pp_task_message *message, int *fds)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < future->slot_count; i++) {
        const struct pp_slot *slot = future->slots[i];
        bool attached = !pp_pool_has_mapped(worker, slot->id);

        for (uint32_t k = 0; k < i; k++) {
            attached = attached && future->slots[k] != slot;
        }
        message->slots[i].id = slot->id;
        message->slots[i].attached = attached;
        message->slots[i].capacity = slot->capacity;
        if (attached) {
            fds[count++] = slot->fd;
        }
    }
    return count;
}

static int send_message(struct pp_pool_worker *worker, struct pp_future *future)
{
    struct pp_task_message message = {
        .kind = PP_MESSAGE_TASK,
        .function = future->function,
        .task = future->scheduled.id,
        .slot_count = future->slot_count,
        .fd_count = future->fd_count,
        .arguments_length = (uint32_t)future->arguments_length,
    };
    int fds[PP_TASK_SLOTS_MAX + PP_TASK_FDS_MAX];
    uint32_t count = list_slots(worker, future, &message, fds);
    int r;

    memcpy(fds + count, future->fds, future->fd_count * sizeof(int));
    pp_point("host.before-send");
    r = pp_channel_send(worker->end, &message, sizeof(message), future->arguments,
                        future->arguments_length, fds, count + future->fd_count);
    pp_point("host.after-send");
    for (uint32_t i = 0; r == 0 && i < future->slot_count; i++) {
        if (message.slots[i].attached) {
            worker->mapped[worker->mapped_count++] = message.slots[i].id;
        }
    }
    return r;
}

/* By message, with an entry in the ring that says so where there are rings. */
static int announce_and_send(struct pp_pool *pool, uint32_t index, struct pp_future *future)
{
    struct pp_pool_worker *worker = &pool->workers[index];
    int r;

    if (!reserve_mapped(worker)) {
        return -ENOMEM;
    }
    if (!pool->has_rings) {
        return send_message(worker, future);
    }
    if (!pp_pool_ring_has_room(worker)) {
        return -EAGAIN; /* so many could not be sent that there is no room to try once more */
    }
    pp_pool_ring_announce(worker, future);
    r = send_message(worker, future);
    if (r != 0 && r != PP_CHANNEL_CLOSED) {
        pp_pool_ring_withdraw(pool, index);
    }
    return r;
}

void pp_pool_send_task(struct pp_pool *pool, uint32_t index, struct pp_future *future)
{
    struct pp_pool_worker *worker = &pool->workers[index];
    struct pp_pool_sent sent = {
        .future = future,
        .position = worker->tasks.position,
        .by_ring = pool->has_rings,
    };
    int r = future->slot_count == 0 ? 0 : lend_slots(pool, future);

    if (r == 0 && pool->has_rings && pp_pool_ring_fits(worker, future)) {
        pp_pool_ring_put(pool, index, future);
    } else if (r == 0) {
        r = announce_and_send(pool, index, future);
    }
    if (r != 0 && r != PP_CHANNEL_CLOSED) {
        r = r == PP_CHANNEL_AGAIN ? -EAGAIN : r;
        pp_error_set_errno(&future->result.error, r, "cannot hand the task to a worker");
        pp_scheduler_refused(pool->scheduler, &future->scheduled);
        return;
    }
    /* Where the worker is gone its death follows, and sends the task back. */
    future->result.worker = worker->number;
    pp_pool_inbox_add(pool, worker, &sent);
}
