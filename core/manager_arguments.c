/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "core/manager_arguments.h"

const char *pp_manager_arguments_key(struct pp_manager_request *request, size_t *ret_length)
{
    const char *key = pp_frame_get_text(&request->arguments, ret_length);

    if (*ret_length > PP_MANAGER_KEY_MAX) {
        request->arguments.broken = true;
    }
    return key;
}

struct pp_item pp_manager_arguments_item(struct pp_manager_request *request)
{
    struct pp_item item = pp_frame_get_item(&request->arguments);

    if (item.length > PP_MANAGER_ITEM_MAX) {
        request->arguments.broken = true;
    }
    return item;
}

bool pp_manager_arguments_end(const struct pp_manager_request *request)
{
    return pp_frame_is_whole(&request->arguments);
}

int pp_manager_arguments_answer(struct pp_manager_request *request, const struct pp_item *item)
{
    pp_frame_put_item(request->answer, item);
    return request->answer->error;
}

int pp_manager_arguments_add(struct pp_manager_store *store, struct pp_manager_request *request,
                             const struct pp_item *item, int64_t amount,
                             struct pp_manager_stored **ret_sum)
{
    struct pp_item sum = pp_item_int(0);

    if (item->kind != PP_ITEM_INT) {
        return -EINVAL;
    }
    if (__builtin_add_overflow(item->integer, amount, &sum.integer)) {
        return -ERANGE;
    }
    pp_frame_put_i64(request->answer, sum.integer);
    if (request->answer->error != 0) {
        return request->answer->error;
    }
    *ret_sum = pp_manager_stored_new(store, &sum);
    return *ret_sum == NULL ? -ENOMEM : 0;
}
