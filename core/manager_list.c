/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "core/manager_fetch.h"
#include "core/manager_list.h"
#include "core/manager_proxy.h"

int pp_manager_list(struct pp_manager *manager, const char *name, struct pp_manager_list *ret_list)
{
    return pp_manager_proxy_open(&ret_list->proxy, manager, PP_MANAGER_LIST, name);
}

/* A request with an item, and no more of an answer than its outcome. */
static int send_item(struct pp_manager_list *list, uint32_t operation, const struct pp_item *item)
{
    struct pp_manager_call call;
    int r = pp_manager_call_begin(&call, &list->proxy, operation);

    if (r != 0) {
        return r;
    }
    pp_manager_call_put_item(&call, item);
    r = pp_manager_call_wait(&call);
    return pp_manager_call_end(&call, r);
}

/* Likewise with an index before it. */
static int send_item_at(struct pp_manager_list *list, uint32_t operation, int64_t index,
                        const struct pp_item *item)
{
    struct pp_manager_call call;
    int r = pp_manager_call_begin(&call, &list->proxy, operation);

    if (r != 0) {
        return r;
    }
    pp_frame_put_i64(call.request, index);
    pp_manager_call_put_item(&call, item);
    r = pp_manager_call_wait(&call);
    return pp_manager_call_end(&call, r);
}

static int ask_for_item(struct pp_manager_list *list, uint32_t operation, int64_t index,
                        struct pp_item *ret_item)
{
    struct pp_manager_call call;
    int r = pp_manager_call_begin(&call, &list->proxy, operation);

    if (r != 0) {
        *ret_item = pp_item_none();
        return r;
    }
    pp_frame_put_i64(call.request, index);
    r = pp_manager_call_wait(&call);
    return pp_manager_call_end_item(&call, r, ret_item);
}

int pp_manager_list_append(struct pp_manager_list *list, const struct pp_item *item)
{
    return send_item(list, PP_MANAGER_LIST_APPEND, item);
}

int pp_manager_list_extend(struct pp_manager_list *list, const struct pp_item *items, size_t count)
{
    struct pp_manager_call call;
    int r;

    if (count > PP_MANAGER_ITEM_MAX) {
        return -EMSGSIZE;
    }
    r = pp_manager_call_begin(&call, &list->proxy, PP_MANAGER_LIST_EXTEND);
    if (r != 0) {
        return r;
    }
    pp_frame_put_u32(call.request, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        pp_manager_call_put_item(&call, &items[i]);
    }
    r = pp_manager_call_wait(&call);
    return pp_manager_call_end(&call, r);
}

int pp_manager_list_insert(struct pp_manager_list *list, int64_t index, const struct pp_item *item)
{
    return send_item_at(list, PP_MANAGER_LIST_INSERT, index, item);
}

int pp_manager_list_set(struct pp_manager_list *list, int64_t index, const struct pp_item *item)
{
    return send_item_at(list, PP_MANAGER_LIST_SET, index, item);
}

int pp_manager_list_get(struct pp_manager_list *list, int64_t index, struct pp_item *ret_item)
{
    return ask_for_item(list, PP_MANAGER_LIST_GET, index, ret_item);
}

int pp_manager_list_pop(struct pp_manager_list *list, int64_t index, struct pp_item *ret_item)
{
    return ask_for_item(list, PP_MANAGER_LIST_POP, index, ret_item);
}

int pp_manager_list_remove(struct pp_manager_list *list, const struct pp_item *item)
{
    return send_item(list, PP_MANAGER_LIST_REMOVE, item);
}

int pp_manager_list_index(struct pp_manager_list *list, const struct pp_item *item,
                          size_t *ret_index)
{
    struct pp_manager_call call;
    int r = pp_manager_call_begin(&call, &list->proxy, PP_MANAGER_LIST_INDEX);
    uint64_t index = 0;

    if (r != 0) {
        return r;
    }
    pp_manager_call_put_item(&call, item);
    r = pp_manager_call_wait(&call);
    if (r == 0) {
        index = pp_frame_get_u64(&call.answer);
    }
    r = pp_manager_call_end(&call, r);
    if (r == 0) {
        *ret_index = (size_t)index;
    }
    return r;
}

int pp_manager_list_add(struct pp_manager_list *list, int64_t index, int64_t amount,
                        int64_t *ret_sum)
{
    struct pp_manager_call call;
    int r = pp_manager_call_begin(&call, &list->proxy, PP_MANAGER_LIST_ADD);
    int64_t sum = 0;

    if (r != 0) {
        return r;
    }
    pp_frame_put_i64(call.request, index);
    pp_frame_put_i64(call.request, amount);
    r = pp_manager_call_wait(&call);
    if (r == 0) {
        sum = pp_frame_get_i64(&call.answer);
    }
    r = pp_manager_call_end(&call, r);
    if (r == 0 && ret_sum != NULL) {
        *ret_sum = sum;
    }
    return r;
}

int pp_manager_list_length(struct pp_manager_list *list, size_t *ret_length)
{
    return pp_manager_proxy_length(&list->proxy, PP_MANAGER_LIST_LENGTH, ret_length);
}

int pp_manager_list_clear(struct pp_manager_list *list)
{
    return pp_manager_proxy_call(&list->proxy, PP_MANAGER_LIST_CLEAR);
}

int pp_manager_list_items(struct pp_manager_list *list, struct pp_manager_snapshot *ret_snapshot)
{
    return pp_manager_fetch(&list->proxy, PP_MANAGER_LIST_ITEMS, false, true, ret_snapshot);
}
