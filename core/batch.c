/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/batch.h"

/* Room for @more bytes. Returns false where there is no memory. */
static bool reserve(struct pp_batch_bytes *bytes, size_t more)
{
    size_t capacity = bytes->capacity;
    uint8_t *start;

    if (capacity - bytes->length >= more) {
        return true;
    }
    capacity = bytes->length + more > capacity * 2 ? bytes->length + more : capacity * 2;
    start = realloc(bytes->start, capacity);
    if (start == NULL) {
        return false;
    }
    bytes->start = start;
    bytes->capacity = capacity;
    return true;
}

static void append(struct pp_batch_bytes *bytes, const void *from, size_t length)
{
    if (length > 0) {
        memcpy(bytes->start + bytes->length, from, length);
        bytes->length += length;
    }
}

/* Give back what was reserved and not used; where that fails it is only kept. */
static void shrink(struct pp_batch_bytes *bytes)
{
    uint8_t *start = bytes->length == 0 ? NULL : realloc(bytes->start, bytes->length);

    if (start != NULL) {
        bytes->start = start;
        bytes->capacity = bytes->length;
    }
}

struct pp_batch *pp_batch_create(void *owner, size_t first, size_t capacity)
{
    struct pp_batch *batch = calloc(1, sizeof(*batch) + capacity * sizeof(batch->items[0]));

    if (batch != NULL) {
        batch->owner = owner;
        batch->first = first;
    }
    return batch;
}

bool pp_batch_reserve(struct pp_batch *batch)
{
    return reserve(&batch->arguments, PP_TASK_ARGUMENTS_MAX);
}

void pp_batch_add(struct pp_batch *batch, const struct pp_map_item *item)
{
    struct pp_batch_item *added = &batch->items[batch->count++];

    added->batch = batch;
    added->offset = batch->arguments.length;
    added->length = item->arguments_length;
    append(&batch->arguments, item->arguments, item->arguments_length);
    batch->open++;
    batch->left++;
}

void pp_batch_close(struct pp_batch *batch)
{
    shrink(&batch->arguments);
}

void pp_batch_get(const struct pp_batch *batch, size_t index, struct pp_map_item *ret_item)
{
    const struct pp_batch_item *item = &batch->items[index - batch->first];

    ret_item->arguments = item->length == 0 ? NULL : batch->arguments.start + item->offset;
    ret_item->arguments_length = item->length;
}

struct pp_batch_item *pp_batch_finish(struct pp_batch *batch, const struct pp_map_result *result)
{
    struct pp_batch_item *item = &batch->items[result->index - batch->first];
    bool done = result->outcome == PP_DONE;
    const void *from = done ? result->reply : result->error.message;
    size_t length = done ? result->reply_length : strlen(result->error.message);

    item->outcome = result->outcome;
    item->code = result->error.code;
    if (!reserve(&batch->replies, length)) {
        item->outcome = PP_FAILED;
        item->code = -ENOMEM;
        length = 0;
    }
    item->offset = batch->replies.length;
    item->length = length;
    append(&batch->replies, from, length);
    if (--batch->open == 0) {
        shrink(&batch->replies);
        free(batch->arguments.start);
        batch->arguments = (struct pp_batch_bytes){0};
    }
    return item;
}

void pp_batch_take(struct pp_batch_item *item, struct pp_map_result *ret_result)
{
    struct pp_batch *batch = item->batch;
    const uint8_t *kept = item->length == 0 ? NULL : batch->replies.start + item->offset;

    batch->left--;
    ret_result->index = batch->first + (size_t)(item - batch->items);
    ret_result->outcome = item->outcome;
    ret_result->error.code = item->code;
    ret_result->error.message[0] = '\0';
    ret_result->reply = NULL;
    ret_result->reply_length = 0;
    if (item->outcome == PP_DONE) {
        ret_result->reply = kept;
        ret_result->reply_length = item->length;
    } else if (kept != NULL) {
        pp_error_set(&ret_result->error, item->code, "%.*s", (int)item->length, (const char *)kept);
    } else {
        pp_error_set_errno(&ret_result->error, item->code, "no result");
    }
}

size_t pp_batch_bytes(const struct pp_batch *batch)
{
    return batch->arguments.length + batch->replies.length;
}

void pp_batch_destroy(struct pp_batch *batch)
{
    free(batch->arguments.start);
    free(batch->replies.start);
    free(batch);
}
