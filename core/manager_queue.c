/* SPDX-License-Identifier: MIT */
#include "core/manager_queue.h"
#include "core/manager_take.h"

int pp_manager_queue(struct pp_manager *manager, const char *name, uint32_t maxsize,
                     struct pp_manager_queue *ret_queue)
{
    return pp_manager_take_open(&ret_queue->proxy, manager, PP_MANAGER_QUEUE, name, maxsize);
}

int pp_manager_queue_put(struct pp_manager_queue *queue, const struct pp_item *item, int timeout_ms)
{
    struct pp_manager_call call;
    int r = pp_manager_call_begin(&call, &queue->proxy, PP_MANAGER_QUEUE_PUT);

    if (r != 0) {
        return r;
    }
    pp_manager_call_put_timeout(&call, timeout_ms);
    pp_manager_call_put_item(&call, item);
    r = pp_manager_call_wait(&call);
    return pp_manager_call_end(&call, r);
}

int pp_manager_queue_get(struct pp_manager_queue *queue, struct pp_item *ret_item, int timeout_ms)
{
    return pp_manager_take(&queue->proxy, ret_item, NULL, timeout_ms);
}

int pp_manager_queue_close(struct pp_manager_queue *queue)
{
    return pp_manager_proxy_call(&queue->proxy, PP_MANAGER_QUEUE_CLOSE);
}

static int get_state(struct pp_manager_queue *queue, size_t *ret_size, bool *ret_full)
{
    struct pp_manager_call call;
    int r = pp_manager_call_begin(&call, &queue->proxy, PP_MANAGER_QUEUE_STATE);

    if (r != 0) {
        return r;
    }
    r = pp_manager_call_wait(&call);
    *ret_size = 0;
    *ret_full = false;
    if (r == 0) {
        *ret_size = (size_t)pp_frame_get_u64(&call.answer);
        *ret_full = pp_frame_get_u8(&call.answer) != 0;
    }
    return pp_manager_call_end(&call, r);
}

int pp_manager_queue_qsize(struct pp_manager_queue *queue, size_t *ret_size)
{
    size_t size;
    bool full;
    int r = get_state(queue, &size, &full);

    if (r == 0) {
        *ret_size = size;
    }
    return r;
}

int pp_manager_queue_empty(struct pp_manager_queue *queue)
{
    size_t size;
    bool full;
    int r = get_state(queue, &size, &full);

    return r == 0 ? size == 0 : r;
}

int pp_manager_queue_full(struct pp_manager_queue *queue)
{
    size_t size;
    bool full;
    int r = get_state(queue, &size, &full);

    return r == 0 ? full : r;
}
