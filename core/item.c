/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/item.h"

struct pp_item pp_item_none(void)
{
    return (struct pp_item){.kind = PP_ITEM_NONE};
}

struct pp_item pp_item_int(int64_t integer)
{
    return (struct pp_item){.kind = PP_ITEM_INT, .integer = integer};
}

struct pp_item pp_item_double(double number)
{
    return (struct pp_item){.kind = PP_ITEM_DOUBLE, .number = number};
}

struct pp_item pp_item_bytes(const void *bytes, size_t length)
{
    return (struct pp_item){.kind = PP_ITEM_BYTES, .bytes = bytes, .length = length};
}

struct pp_item pp_item_text(const char *text)
{
    return pp_item_bytes(text, strlen(text));
}

int pp_item_copy(struct pp_item *ret_copy, const struct pp_item *item)
{
    struct pp_item copy = *item;
    size_t bytes;

    *ret_copy = pp_item_none();
    copy.memory = NULL;
    if (copy.kind == PP_ITEM_BYTES) {
        char *memory = pp_size_add(copy.length, 1, &bytes) ? malloc(bytes) : NULL;

        if (memory == NULL) {
            return -ENOMEM;
        }
        if (copy.length != 0) {
            memcpy(memory, copy.bytes, copy.length);
        }
        memory[copy.length] = '\0';
        copy.bytes = memory;
        copy.memory = memory;
    }
    *ret_copy = copy;
    return 0;
}

void pp_item_finish(struct pp_item *item)
{
    free(item->memory);
    *item = pp_item_none();
}

int pp_item_get_int(const struct pp_item *item, int64_t *ret_integer)
{
    if (item->kind != PP_ITEM_INT) {
        return -EINVAL;
    }
    *ret_integer = item->integer;
    return 0;
}

int pp_item_get_double(const struct pp_item *item, double *ret_number)
{
    if (item->kind != PP_ITEM_INT && item->kind != PP_ITEM_DOUBLE) {
        return -EINVAL;
    }
    *ret_number = item->kind == PP_ITEM_INT ? (double)item->integer : item->number;
    return 0;
}

bool pp_item_is_equal(const struct pp_item *a, const struct pp_item *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    switch (a->kind) {
    case PP_ITEM_NONE:
        return true;
    case PP_ITEM_INT:
        return a->integer == b->integer;
    case PP_ITEM_DOUBLE:
        return a->number == b->number;
    default:
        return a->length == b->length &&
               (a->length == 0 || memcmp(a->bytes, b->bytes, a->length) == 0);
    }
}
