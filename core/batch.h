/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Batch: items that an imap pulled in a row, from then until they are taken
 *
 * Keeps their arguments as long as one of them may have to be run again, and what came of them
 * until the caller takes it, so that the shared memory of their chunk is free for others.
 */

#include "core/map_item.h"

struct pp_batch_bytes {
    uint8_t *start;
    size_t length;
    size_t capacity;
};

struct pp_batch_item {
    size_t offset; /* of its arguments; when it is done, of its reply or message */
    size_t length;
    int32_t code;
    enum pp_outcome outcome;
    struct pp_batch *batch;
    struct pp_batch_item *next; /* the owner's */
};

/* Read only for others, but for what is the owner's. */
struct pp_batch {
    void *owner;
    size_t first; /* number of the first item */
    size_t count;
    size_t open; /* items that are not done */
    size_t left; /* items that are not taken */
    struct pp_batch_bytes arguments;
    struct pp_batch_bytes replies;
    struct pp_batch *previous; /* the owner's */
    struct pp_batch *next;
    struct pp_batch_item items[];
};

/* Room for up to @capacity items, numbered from @first. Returns NULL where there is no memory. */
struct pp_batch *pp_batch_create(void *owner, size_t first, size_t capacity);

/*
 * Get memory for the arguments of one more item, however long, so that pp_batch_add() cannot fail.
 * Returns false where there is none.
 */
PP_MUST_CHECK bool pp_batch_reserve(struct pp_batch *batch);

/* Add a copy of @item, for which there is room. */
void pp_batch_add(struct pp_batch *batch, const struct pp_map_item *item);

/* No more items: give back what was reserved for them. */
void pp_batch_close(struct pp_batch *batch);

/* The arguments of the item with number @index, which is not done. */
void pp_batch_get(const struct pp_batch *batch, size_t index, struct pp_map_item *ret_item);

/*
 * Keep a copy of what came of item result->index, each once. With the last one the arguments go.
 * Where there is no memory the item has failed for that. Returns the item.
 */
struct pp_batch_item *pp_batch_finish(struct pp_batch *batch, const struct pp_map_result *result);

/*
 * Take what came of @item, each once; its reply lies in the batch. With the last one the batch can
 * be destroyed.
 */
void pp_batch_take(struct pp_batch_item *item, struct pp_map_result *ret_result);

/* Bytes of arguments and replies that it holds. */
size_t pp_batch_bytes(const struct pp_batch *batch);

void pp_batch_destroy(struct pp_batch *batch);
