/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "core/manager_dict.h"
#include "core/manager_fetch.h"
#include "core/manager_proxy.h"

int pp_manager_dict(struct pp_manager *manager, const char *name, struct pp_manager_dict *ret_dict)
{
    return pp_manager_proxy_open(&ret_dict->proxy, manager, PP_MANAGER_DICT, name);
}

/* Begin a request about @key. */
static int begin(struct pp_manager_call *call, const struct pp_manager_dict *dict,
                 uint32_t operation, const char *key)
{
    int r = pp_manager_call_begin(call, &dict->proxy, operation);

    if (r == 0) {
        pp_manager_call_put_key(call, key);
    }
    return r;
}

/* Of a request that answers with the item of @key. */
static int ask_for_item(struct pp_manager_dict *dict, uint32_t operation, const char *key,
                        const struct pp_item *argument, struct pp_item *ret_item)
{
    struct pp_manager_call call;
    int r = begin(&call, dict, operation, key);

    if (r != 0) {
        *ret_item = pp_item_none();
        return r;
    }
    if (argument != NULL) {
        pp_manager_call_put_item(&call, argument);
    }
    r = pp_manager_call_wait(&call);
    return pp_manager_call_end_item(&call, r, ret_item);
}

int pp_manager_dict_set(struct pp_manager_dict *dict, const char *key, const struct pp_item *item)
{
    struct pp_manager_call call;
    int r = begin(&call, dict, PP_MANAGER_DICT_SET, key);

    if (r != 0) {
        return r;
    }
    pp_manager_call_put_item(&call, item);
    r = pp_manager_call_wait(&call);
    return pp_manager_call_end(&call, r);
}

int pp_manager_dict_get(struct pp_manager_dict *dict, const char *key, struct pp_item *ret_item)
{
    return ask_for_item(dict, PP_MANAGER_DICT_GET, key, NULL, ret_item);
}

int pp_manager_dict_get_or(struct pp_manager_dict *dict, const char *key,
                           const struct pp_item *otherwise, struct pp_item *ret_item)
{
    struct pp_item item;
    int r = pp_manager_dict_get(dict, key, &item);

    if (r == -ENOENT) {
        return pp_item_copy(ret_item, otherwise);
    }
    *ret_item = item;
    return r;
}

int pp_manager_dict_setdefault(struct pp_manager_dict *dict, const char *key,
                               const struct pp_item *item, struct pp_item *ret_item)
{
    return ask_for_item(dict, PP_MANAGER_DICT_SETDEFAULT, key, item, ret_item);
}

int pp_manager_dict_pop(struct pp_manager_dict *dict, const char *key, struct pp_item *ret_item)
{
    return ask_for_item(dict, PP_MANAGER_DICT_POP, key, NULL, ret_item);
}

int pp_manager_dict_remove(struct pp_manager_dict *dict, const char *key)
{
    struct pp_manager_call call;
    int r = begin(&call, dict, PP_MANAGER_DICT_REMOVE, key);

    if (r != 0) {
        return r;
    }
    r = pp_manager_call_wait(&call);
    return pp_manager_call_end(&call, r);
}

int pp_manager_dict_contains(struct pp_manager_dict *dict, const char *key)
{
    struct pp_manager_call call;
    int r = begin(&call, dict, PP_MANAGER_DICT_CONTAINS, key);
    bool yes;

    if (r != 0) {
        return r;
    }
    r = pp_manager_call_wait(&call);
    yes = r == 0 && pp_frame_get_u8(&call.answer) != 0;
    r = pp_manager_call_end(&call, r);
    return r == 0 ? yes : r;
}

int pp_manager_dict_length(struct pp_manager_dict *dict, size_t *ret_length)
{
    return pp_manager_proxy_length(&dict->proxy, PP_MANAGER_DICT_LENGTH, ret_length);
}

int pp_manager_dict_add(struct pp_manager_dict *dict, const char *key, int64_t amount,
                        int64_t *ret_sum)
{
    struct pp_manager_call call;
    int r = begin(&call, dict, PP_MANAGER_DICT_ADD, key);
    int64_t sum = 0;

    if (r != 0) {
        return r;
    }
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

int pp_manager_dict_clear(struct pp_manager_dict *dict)
{
    return pp_manager_proxy_call(&dict->proxy, PP_MANAGER_DICT_CLEAR);
}

int pp_manager_dict_keys(struct pp_manager_dict *dict, struct pp_manager_snapshot *ret_snapshot)
{
    return pp_manager_fetch(&dict->proxy, PP_MANAGER_DICT_KEYS, true, false, ret_snapshot);
}

int pp_manager_dict_items(struct pp_manager_dict *dict, struct pp_manager_snapshot *ret_snapshot)
{
    return pp_manager_fetch(&dict->proxy, PP_MANAGER_DICT_ITEMS, true, true, ret_snapshot);
}
