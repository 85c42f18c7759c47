/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "core/manager_proxy.h"
#include "core/manager_value.h"

int pp_manager_value(struct pp_manager *manager, const char *name, char code,
                     struct pp_manager_value *ret_value)
{
    struct pp_manager_call call;
    int r = pp_manager_proxy_begin(&call, manager, PP_MANAGER_VALUE, name);

    if (r != 0) {
        return r;
    }
    pp_frame_put_u8(call.request, (uint8_t)code);
    return pp_manager_proxy_end(&call, &ret_value->proxy);
}

/* An operation with a number, or none, that answers with a number, or with none. */
static int exchange(struct pp_manager_value *value, uint32_t operation,
                    const struct pp_item *argument, struct pp_item *ret_number)
{
    struct pp_manager_call call;
    int r = pp_manager_call_begin(&call, &value->proxy, operation);

    if (r != 0) {
        return r;
    }
    if (argument != NULL) {
        pp_manager_call_put_item(&call, argument);
    }
    r = pp_manager_call_wait(&call);
    return ret_number != NULL ? pp_manager_call_end_item(&call, r, ret_number)
                              : pp_manager_call_end(&call, r);
}

int pp_manager_value_get_int(struct pp_manager_value *value, int64_t *ret_number)
{
    struct pp_item item;
    int r = exchange(value, PP_MANAGER_VALUE_GET, NULL, &item);

    if (r == 0) {
        r = pp_item_get_int(&item, ret_number);
        pp_item_finish(&item);
    }
    return r;
}

int pp_manager_value_set_int(struct pp_manager_value *value, int64_t number)
{
    struct pp_item item = pp_item_int(number);

    return exchange(value, PP_MANAGER_VALUE_SET, &item, NULL);
}

int pp_manager_value_add_int(struct pp_manager_value *value, int64_t amount, int64_t *ret_sum)
{
    struct pp_item item = pp_item_int(amount);
    struct pp_item sum;
    int64_t number = 0;
    int r = exchange(value, PP_MANAGER_VALUE_ADD, &item, &sum);

    if (r == 0) {
        r = pp_item_get_int(&sum, &number);
        pp_item_finish(&sum);
    }
    if (r == 0 && ret_sum != NULL) {
        *ret_sum = number;
    }
    return r;
}

int pp_manager_value_get_double(struct pp_manager_value *value, double *ret_number)
{
    struct pp_item item;
    int r = exchange(value, PP_MANAGER_VALUE_GET, NULL, &item);

    if (r == 0) {
        r = item.kind == PP_ITEM_DOUBLE ? pp_item_get_double(&item, ret_number) : -EINVAL;
        pp_item_finish(&item);
    }
    return r;
}

int pp_manager_value_set_double(struct pp_manager_value *value, double number)
{
    struct pp_item item = pp_item_double(number);

    return exchange(value, PP_MANAGER_VALUE_SET, &item, NULL);
}

int pp_manager_value_add_double(struct pp_manager_value *value, double amount, double *ret_sum)
{
    struct pp_item item = pp_item_double(amount);
    struct pp_item sum;
    double number = 0;
    int r = exchange(value, PP_MANAGER_VALUE_ADD, &item, &sum);

    if (r == 0) {
        r = pp_item_get_double(&sum, &number);
        pp_item_finish(&sum);
    }
    if (r == 0 && ret_sum != NULL) {
        *ret_sum = number;
    }
    return r;
}
