/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "core/manager_arguments.h"
#include "core/typecode.h"

struct value {
    struct pp_manager_object object;
    uint64_t number; /* as many of its bytes, from the first, as the type has */
    char code;
};

static struct value *value_of(struct pp_manager_object *object)
{
    return (struct value *)object;
}

static int create(struct pp_manager_object *object, struct pp_frame_reader *parameters)
{
    struct value *value = value_of(object);

    value->code = (char)pp_frame_get_u8(parameters);
    return pp_typecode_bytes(value->code) == 0 ? -EINVAL : 0;
}

static bool agrees(const struct pp_manager_object *object, struct pp_frame_reader *parameters)
{
    return (char)pp_frame_get_u8(parameters) == ((const struct value *)object)->code;
}

/* The number as an item. */
static int read_number(const struct value *value, struct pp_item *ret_item)
{
    int r;

    *ret_item = pp_item_int(0);
    r = pp_typecode_get_int(value->code, &value->number, &ret_item->integer);
    if (r == -EINVAL) {
        *ret_item = pp_item_double(0);
        r = pp_typecode_get_double(value->code, &value->number, &ret_item->number);
    }
    return r;
}

static int write_number(struct value *value, const struct pp_item *item)
{
    switch (item->kind) {
    case PP_ITEM_INT:
        return pp_typecode_set_int(value->code, &value->number, item->integer);
    case PP_ITEM_DOUBLE:
        return pp_typecode_set_double(value->code, &value->number, item->number);
    default:
        return -EINVAL;
    }
}

static int get(const struct value *value, struct pp_manager_request *request)
{
    struct pp_item item;
    int r;

    if (!pp_manager_arguments_end(request)) {
        return PP_MANAGER_NONSENSE;
    }
    r = read_number(value, &item);
    return r == 0 ? pp_manager_arguments_answer(request, &item) : r;
}

static int set(struct value *value, struct pp_manager_request *request)
{
    struct pp_item item = pp_manager_arguments_item(request);

    return pp_manager_arguments_end(request) ? write_number(value, &item) : PP_MANAGER_NONSENSE;
}

static int add(struct value *value, struct pp_manager_request *request)
{
    struct pp_item amount = pp_manager_arguments_item(request);
    struct pp_item sum;
    int r;

    if (!pp_manager_arguments_end(request)) {
        return PP_MANAGER_NONSENSE;
    }
    r = read_number(value, &sum);
    if (r != 0) {
        return r;
    }
    if (sum.kind != amount.kind) {
        return -EINVAL;
    }
    if (sum.kind == PP_ITEM_DOUBLE) {
        sum.number += amount.number;
    } else if (__builtin_add_overflow(sum.integer, amount.integer, &sum.integer)) {
        return -ERANGE;
    }
    r = write_number(value, &sum);
    if (r == 0) {
        r = read_number(value, &sum); /* as the type has rounded it */
    }
    return r == 0 ? pp_manager_arguments_answer(request, &sum) : r;
}

static int call(struct pp_manager_object *object, struct pp_manager_request *request)
{
    struct value *value = value_of(object);

    switch (request->operation) {
    case PP_MANAGER_VALUE_GET:
        return get(value, request);
    case PP_MANAGER_VALUE_SET:
        return set(value, request);
    case PP_MANAGER_VALUE_ADD:
        return add(value, request);
    default:
        return PP_MANAGER_NONSENSE;
    }
}

const struct pp_manager_ops pp_manager_value_ops = {
    .kind = PP_MANAGER_VALUE,
    .family = PP_MANAGER_VALUE_GET,
    .bytes = sizeof(struct value),
    .create = create,
    .agrees = agrees,
    .call = call,
};
