/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Chunk: many items of one function as one task
 *
 * A chunk is a task of core's own function PP_CHUNK_FUNCTION with one slot. Its shape travels as
 * the task's arguments. The slot holds, one behind the other,
 *
 *     the number of the item in work
 *     a place for each item: where its arguments lie
 *     a record for each item: what became of it
 *     the arguments
 *     the replies, and the messages of items that failed, in the order in which they come
 *
 * The host writes places and arguments, the worker the rest. The worker runs the items in order and
 * commits each one for itself, so when it dies the host finds what was done, and which item was in
 * work. What the host reads there it checks, since a worker that a hostile file took over may have
 * written it: wrong lengths fail their item, and bytes are only data.
 */

#include <stdatomic.h>

#include "core/map_item.h"

#define PP_CHUNK_FUNCTION "pp.chunk"

/* The most items of a chunk, and the most bytes of their arguments and replies together as
 * pp_chunk_item_bytes() counts them. Any one item fits. */
#define PP_CHUNK_ITEMS_MAX 4096
#define PP_CHUNK_DATA_MAX  (1U << 20)

/* A slot of so many bytes has room for any chunk within these limits. */
#define PP_CHUNK_SLOT_BYTES ((1U << 20) + 64 + 4096U * 24)

/* Travels with the task. */
struct pp_chunk_shape {
    uint32_t function;        /* index in the program's table */
    uint32_t count;           /* items, from 1 to PP_CHUNK_ITEMS_MAX */
    uint32_t arguments_bytes; /* of all items, as they lie */
    uint32_t reply_bytes;     /* the most that one item replies with */
};

/* Where an item's arguments lie, from the begin of all arguments. Written by the host. */
struct pp_chunk_place {
    uint32_t offset;
    uint32_t length;
};

/* What became of an item. Written by the worker; cleared by the host before. */
struct pp_chunk_record {
    _Atomic uint32_t state;  /* 0 until the item is done: stored last */
    _Atomic int32_t status;  /* what the function returned */
    _Atomic uint32_t offset; /* of the reply or, where it failed, the message; from the begin of all
                                replies */
    _Atomic uint32_t length;
};

/* A chunk in the slot of this process. Fields are its own. */
struct pp_chunk {
    struct pp_chunk_shape shape;
    _Atomic uint32_t *running; /* number of the item in work, from 1; 0: none yet */
    struct pp_chunk_place *places;
    struct pp_chunk_record *records;
    uint8_t *arguments;
    uint8_t *replies;
    size_t replies_bytes;
    size_t put; /* bytes of arguments that were put */
};

/* Bytes that an item takes of PP_CHUNK_DATA_MAX; at most a sixteenth of it. */
size_t pp_chunk_item_bytes(size_t arguments_length, size_t reply_bytes);

/* Bytes that the arguments of an item take of shape.arguments_bytes. */
size_t pp_chunk_arguments_bytes(size_t arguments_length);

/* Bytes of the slot that a chunk of @shape uses; SIZE_MAX where there can be no such chunk. */
size_t pp_chunk_bytes(const struct pp_chunk_shape *shape);

/* Begin to write a chunk of @shape, within the limits, into @slot_bytes. */
void pp_chunk_begin(struct pp_chunk *chunk, const struct pp_chunk_shape *shape, void *slot_bytes);

/* Write item @index, each once and in order; all together fit what the shape says. */
void pp_chunk_put(struct pp_chunk *chunk, uint32_t index, const struct pp_map_item *item);

/*
 * Read what became of item @index into *ret_result, whose index is left alone; the reply lies in
 * the slot. What makes no sense is FAILED with -EPROTO.
 * Returns false where the item is not done.
 */
bool pp_chunk_read(const struct pp_chunk *chunk, uint32_t index, struct pp_map_result *ret_result);

/* The item that was in work and is not done; the count of items where there is none. */
uint32_t pp_chunk_in_work(const struct pp_chunk *chunk);

/* The task function: runs in the worker. */
int pp_chunk_run(struct pp_call *call);
