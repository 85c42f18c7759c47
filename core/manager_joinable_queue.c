/* SPDX-License-Identifier: MIT */
#include "core/manager_joinable_queue.h"
#include "core/manager_queue.h"
#include "core/manager_take.h"

/* To the server it is a queue that keeps what was taken. */
static struct pp_manager_queue queue_of(const struct pp_manager_joinable_queue *queue)
{
    return (struct pp_manager_queue){.proxy = queue->proxy};
}

int pp_manager_joinable_queue(struct pp_manager *manager, const char *name, uint32_t maxsize,
                              struct pp_manager_joinable_queue *ret_queue)
{
    return pp_manager_take_open(&ret_queue->proxy, manager, PP_MANAGER_JOINABLE_QUEUE, name,
                                maxsize);
}

int pp_manager_joinable_queue_put(struct pp_manager_joinable_queue *queue,
                                  const struct pp_item *item, int timeout_ms)
{
    struct pp_manager_queue plain = queue_of(queue);

    return pp_manager_queue_put(&plain, item, timeout_ms);
}

int pp_manager_joinable_queue_get(struct pp_manager_joinable_queue *queue, struct pp_item *ret_item,
                                  uint64_t *ret_ticket, int timeout_ms)
{
    return pp_manager_take(&queue->proxy, ret_item, ret_ticket, timeout_ms);
}

int pp_manager_joinable_queue_task_done(struct pp_manager_joinable_queue *queue, uint64_t ticket)
{
    struct pp_manager_call call;
    int r;

    if (ticket == 0) {
        return 0;
    }
    r = pp_manager_call_begin(&call, &queue->proxy, PP_MANAGER_QUEUE_TASK_DONE);
    if (r != 0) {
        return r;
    }
    pp_frame_put_u64(call.request, ticket);
    r = pp_manager_call_wait(&call);
    return pp_manager_call_end(&call, r);
}

int pp_manager_joinable_queue_join(struct pp_manager_joinable_queue *queue, int timeout_ms)
{
    return pp_manager_proxy_wait(&queue->proxy, PP_MANAGER_QUEUE_JOIN, timeout_ms);
}

int pp_manager_joinable_queue_close(struct pp_manager_joinable_queue *queue)
{
    struct pp_manager_queue plain = queue_of(queue);

    return pp_manager_queue_close(&plain);
}

int pp_manager_joinable_queue_qsize(struct pp_manager_joinable_queue *queue, size_t *ret_size)
{
    struct pp_manager_queue plain = queue_of(queue);

    return pp_manager_queue_qsize(&plain, ret_size);
}

int pp_manager_joinable_queue_empty(struct pp_manager_joinable_queue *queue)
{
    struct pp_manager_queue plain = queue_of(queue);

    return pp_manager_queue_empty(&plain);
}

int pp_manager_joinable_queue_full(struct pp_manager_joinable_queue *queue)
{
    struct pp_manager_queue plain = queue_of(queue);

    return pp_manager_queue_full(&plain);
}
