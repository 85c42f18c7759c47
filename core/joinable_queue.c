/* SPDX-License-Identifier: MIT */
/*
 * A queue in which the cell of a message that was taken stays so until the work is done. There is
 * no count of unfinished tasks that a death could leave wrong: join() waits until no cell is full
 * or taken.
 */
#include <errno.h>

#include "core/joinable_queue.h"
#include "core/queue_private.h"

struct pp_joinable_queue {
    struct pp_queue queue;
};

size_t pp_joinable_queue_bytes(uint32_t maxsize, size_t message_bytes)
{
    return pp_queue_bytes(maxsize, message_bytes);
}

int pp_joinable_queue_init(struct pp_joinable_queue *queue, uint32_t maxsize, size_t message_bytes)
{
    return pp_queue_init(&queue->queue, maxsize, message_bytes);
}

int pp_joinable_queue_put(struct pp_joinable_queue *queue, const void *message, size_t length,
                          int timeout_ms)
{
    return pp_queue_put(&queue->queue, message, length, timeout_ms);
}

int pp_joinable_queue_put_none(struct pp_joinable_queue *queue, int timeout_ms)
{
    return pp_queue_put_none(&queue->queue, timeout_ms);
}

int pp_joinable_queue_get(struct pp_joinable_queue *queue, void *into, size_t bytes,
                          size_t *ret_length, uint64_t *ret_ticket, int timeout_ms)
{
    return pp_queue_take(&queue->queue, into, bytes, ret_length, ret_ticket, timeout_ms);
}

int pp_joinable_queue_task_done(struct pp_joinable_queue *queue, uint64_t ticket)
{
    return ticket == 0 ? 0 : pp_queue_done(&queue->queue, ticket);
}

int pp_joinable_queue_join(struct pp_joinable_queue *queue, int timeout_ms)
{
    return pp_queue_settle(&queue->queue, timeout_ms);
}

int pp_joinable_queue_close(struct pp_joinable_queue *queue)
{
    return pp_queue_close(&queue->queue);
}

size_t pp_joinable_queue_qsize(const struct pp_joinable_queue *queue)
{
    return pp_queue_qsize(&queue->queue);
}

bool pp_joinable_queue_empty(const struct pp_joinable_queue *queue)
{
    return pp_queue_empty(&queue->queue);
}

bool pp_joinable_queue_full(const struct pp_joinable_queue *queue)
{
    return pp_queue_full(&queue->queue);
}
