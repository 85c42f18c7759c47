/* SPDX-License-Identifier: MIT */
#include "core/simple_queue.h"
#include "core/queue_private.h"

struct pp_simple_queue {
    struct pp_queue queue;
};

size_t pp_simple_queue_bytes(uint32_t maxsize, size_t message_bytes)
{
    return pp_queue_bytes(maxsize, message_bytes);
}

int pp_simple_queue_init(struct pp_simple_queue *queue, uint32_t maxsize, size_t message_bytes)
{
    return pp_queue_init(&queue->queue, maxsize, message_bytes);
}

int pp_simple_queue_put(struct pp_simple_queue *queue, const void *message, size_t length)
{
    return pp_queue_put(&queue->queue, message, length, -1);
}

int pp_simple_queue_put_none(struct pp_simple_queue *queue)
{
    return pp_queue_put_none(&queue->queue, -1);
}

int pp_simple_queue_get(struct pp_simple_queue *queue, void *into, size_t bytes, size_t *ret_length)
{
    return pp_queue_get(&queue->queue, into, bytes, ret_length, -1);
}

bool pp_simple_queue_empty(const struct pp_simple_queue *queue)
{
    return pp_queue_empty(&queue->queue);
}

int pp_simple_queue_close(struct pp_simple_queue *queue)
{
    return pp_queue_close(&queue->queue);
}
