/* SPDX-License-Identifier: MIT */
/*
 * An item is committed by one store, of its record's state, after its reply and the rest of the
 * record: whatever moment the worker dies at, an item is done or it is not. The number of the item
 * in work is stored before its function is called. It is not taken back afterwards: a number whose
 * item is committed says that the worker died between two items.
 *
 * A chunk that was begun by a worker that died for no fault of it is taken up by the next one where
 * it was left: what is committed is not run again.
 *
 * Replies lie one behind the other, so that a chunk of short ones touches little memory, however
 * long they could be. Each leaves as much room behind it as the items that follow may want.
 */
#include <errno.h>
#include <string.h>

#include "core/chunk.h"
#include "core/point.h"
#include "core/worker.h"

/* What a function may expect of its arguments. */
enum { ALIGN = 16 };

/* Replies and arguments begin here and not on the line of the item in work. */
enum { HEAD_BYTES = 64 };

enum { STATE_OPEN, STATE_DONE };

_Static_assert(sizeof(struct pp_chunk_place) == 8 && sizeof(struct pp_chunk_record) == 16,
               "what PP_CHUNK_SLOT_BYTES counts on");
_Static_assert(PP_CHUNK_ITEMS_MAX *(8 + 16) % ALIGN == 0 && HEAD_BYTES % ALIGN == 0, "aligned");
_Static_assert(PP_CHUNK_SLOT_BYTES ==
                   PP_CHUNK_DATA_MAX + HEAD_BYTES + PP_CHUNK_ITEMS_MAX * (8 + 16),
               "room for any chunk");

size_t pp_chunk_arguments_bytes(size_t arguments_length)
{
    return pp_size_round_up(arguments_length, ALIGN);
}

/* A place for a reply has room for a message in its stead. */
static size_t reply_room(size_t reply_bytes)
{
    size_t most = reply_bytes < PP_ERROR_MESSAGE_BYTES ? PP_ERROR_MESSAGE_BYTES : reply_bytes;

    return pp_size_round_up(most, ALIGN);
}

size_t pp_chunk_item_bytes(size_t arguments_length, size_t reply_bytes)
{
    return pp_chunk_arguments_bytes(arguments_length) + reply_room(reply_bytes);
}

static size_t arguments_offset(uint32_t count)
{
    return HEAD_BYTES +
           pp_size_round_up(
               count * (sizeof(struct pp_chunk_place) + sizeof(struct pp_chunk_record)), ALIGN);
}

size_t pp_chunk_bytes(const struct pp_chunk_shape *shape)
{
    if (shape->count == 0 || shape->count > PP_CHUNK_ITEMS_MAX ||
        shape->arguments_bytes > PP_CHUNK_DATA_MAX || shape->arguments_bytes % ALIGN != 0 ||
        shape->reply_bytes > PP_TASK_REPLY_MAX) {
        return SIZE_MAX;
    }
    return arguments_offset(shape->count) + shape->arguments_bytes +
           shape->count * reply_room(shape->reply_bytes);
}

/* Where everything is in a slot of @bytes; @shape makes sense. */
static void lay_out(struct pp_chunk *chunk, const struct pp_chunk_shape *shape, uint8_t *bytes)
{
    *chunk = (struct pp_chunk){
        .shape = *shape,
        .running = (void *)bytes,
        .records = (void *)(bytes + HEAD_BYTES),
        .arguments = bytes + arguments_offset(shape->count),
        .replies_bytes = shape->count * reply_room(shape->reply_bytes),
    };
    chunk->places = (void *)(chunk->records + shape->count);
    chunk->replies = chunk->arguments + shape->arguments_bytes;
}

void pp_chunk_begin(struct pp_chunk *chunk, const struct pp_chunk_shape *shape, void *slot_bytes)
{
    lay_out(chunk, shape, slot_bytes);
    atomic_store_explicit(chunk->running, 0, memory_order_relaxed);
    for (uint32_t i = 0; i < shape->count; i++) {
        atomic_store_explicit(&chunk->records[i].state, STATE_OPEN, memory_order_relaxed);
    }
}

void pp_chunk_put(struct pp_chunk *chunk, uint32_t index, const struct pp_map_item *item)
{
    chunk->places[index] = (struct pp_chunk_place){
        .offset = (uint32_t)chunk->put,
        .length = (uint32_t)item->arguments_length,
    };
    if (item->arguments_length > 0) {
        memcpy(chunk->arguments + chunk->put, item->arguments, item->arguments_length);
    }
    chunk->put += pp_chunk_arguments_bytes(item->arguments_length);
}

static bool is_done(const struct pp_chunk_record *record)
{
    return atomic_load_explicit(&record->state, memory_order_acquire) == STATE_DONE;
}

static void read_message(struct pp_error *error, int32_t code, const uint8_t *bytes, size_t length)
{
    error->code = code;
    memcpy(error->message, bytes, length);
    error->message[length] = '\0';
    pp_error_make_printable(error);
}

bool pp_chunk_read(const struct pp_chunk *chunk, uint32_t index, struct pp_map_result *ret_result)
{
    const struct pp_chunk_record *record = &chunk->records[index];
    int32_t status;
    size_t offset;
    size_t length;
    size_t most;

    if (!is_done(record)) {
        return false;
    }
    status = atomic_load_explicit(&record->status, memory_order_relaxed);
    offset = atomic_load_explicit(&record->offset, memory_order_relaxed);
    length = atomic_load_explicit(&record->length, memory_order_relaxed);
    most = status == 0 ? chunk->shape.reply_bytes : PP_ERROR_MESSAGE_BYTES - 1;
    ret_result->outcome = status == 0 ? PP_DONE : PP_FAILED;
    ret_result->reply = NULL;
    ret_result->reply_length = 0;
    if (status > 0 || status == INT32_MIN || length > most || offset > chunk->replies_bytes ||
        length > chunk->replies_bytes - offset) {
        ret_result->outcome = PP_FAILED;
        pp_error_set(&ret_result->error, -EPROTO, "its worker answered nonsense");
    } else if (status != 0) {
        read_message(&ret_result->error, status, chunk->replies + offset, length);
    } else {
        ret_result->error.code = 0;
        ret_result->reply = chunk->replies + offset;
        ret_result->reply_length = length;
    }
    return true;
}

uint32_t pp_chunk_in_work(const struct pp_chunk *chunk)
{
    uint32_t number = atomic_load_explicit(chunk->running, memory_order_relaxed);
    uint32_t count = chunk->shape.count;

    return number == 0 || number > count || is_done(&chunk->records[number - 1]) ? count
                                                                                 : number - 1;
}

/* Call the function with the item that lies at @place. Returns what it returned, and how much of
 * the room at @reply is used: for its reply or, where it failed, its message. */
static int call_item(struct pp_call *call, const struct pp_chunk *chunk,
                     struct pp_chunk_place place, uint8_t *reply, size_t *ret_length)
{
    struct pp_worker_part part = {
        .arguments = chunk->arguments + place.offset,
        .arguments_length = place.length,
        .reply = reply,
        .reply_capacity = chunk->shape.reply_bytes,
    };
    struct pp_error error;
    int status = pp_worker_call(call, chunk->shape.function, &part, ret_length, &error);

    if (status != 0) {
        *ret_length = strnlen(error.message, sizeof(error.message) - 1);
        memcpy(reply, error.message, *ret_length);
    }
    return status;
}

/* Run item @index, which lies at @place, and commit it; its reply goes to *used bytes behind the
 * begin of all, which is moved on. */
static void run_item(struct pp_call *call, const struct pp_chunk *chunk, uint32_t index,
                     struct pp_chunk_place place, size_t *used)
{
    struct pp_chunk_record *record = &chunk->records[index];
    size_t length;
    int status;

    pp_point("chunk.before-item");
    pp_call_phase(call, "");
    atomic_store_explicit(chunk->running, index + 1, memory_order_release);
    status = call_item(call, chunk, place, chunk->replies + *used, &length);
    atomic_store_explicit(&record->status, status, memory_order_relaxed);
    atomic_store_explicit(&record->offset, (uint32_t)*used, memory_order_relaxed);
    atomic_store_explicit(&record->length, (uint32_t)length, memory_order_relaxed);
    pp_point("chunk.before-commit");
    atomic_store_explicit(&record->state, STATE_DONE, memory_order_release);
    *used += pp_size_round_up(length, ALIGN);
}

/* Copied once: what a worker that died before this one left running may write there at any time. */
static struct pp_chunk_place read_place(const struct pp_chunk *chunk, uint32_t index)
{
    const volatile struct pp_chunk_place *place = &chunk->places[index];

    return (struct pp_chunk_place){.offset = place->offset, .length = place->length};
}

static bool is_place_good(const struct pp_chunk *chunk, struct pp_chunk_place place)
{
    return place.offset % ALIGN == 0 && place.offset <= chunk->shape.arguments_bytes &&
           place.length <= chunk->shape.arguments_bytes - place.offset;
}

int pp_chunk_run(struct pp_call *call)
{
    struct pp_chunk_shape shape;
    struct pp_chunk chunk;
    size_t used = 0;

    if (pp_call_arguments(call, &shape, sizeof(shape)) != 0 || call->slot_count != 1 ||
        pp_chunk_bytes(&shape) > call->slots[0].capacity) {
        return -EINVAL;
    }
    lay_out(&chunk, &shape, call->slots[0].bytes);
    for (uint32_t i = 0; i < shape.count; i++) {
        struct pp_chunk_place place = read_place(&chunk, i);

        if (is_done(&chunk.records[i])) {
            /* Where its reply lies is not to be trusted; but never behind all the room it had. */
            used = (i + 1) * reply_room(shape.reply_bytes);
        } else if (is_place_good(&chunk, place)) {
            run_item(call, &chunk, i, place, &used);
        } else {
            return pp_call_fail(call, -EPROTO, "where an item lies was overwritten");
        }
    }
    return 0;
}
