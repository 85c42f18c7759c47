/* SPDX-License-Identifier: MIT */
/*
 * The caller's arrays are both ends: items are copied from there into chunks, replies from chunks
 * to there, and nothing is kept in between.
 */
#include <errno.h>
#include <string.h>

#include "core/chunk.h"
#include "core/chunks.h"
#include "core/map.h"
#include "core/pool_private.h"

/* Chunks on their way for each worker: one in work and one ready. */
enum { CHUNKS_PER_WORKER = 2 };

struct map {
    struct pp_chunks chunks;
    const uint8_t *items;
    size_t item_bytes;
    size_t count;
    uint8_t *replies;
    size_t reply_bytes;
    size_t fit;            /* items that fit a chunk */
    size_t next;           /* item to be handed out */
    size_t done;           /* items that have a result */
    size_t failed;         /* the first one that failed; SIZE_MAX: none */
    struct pp_error error; /* of that one */
};

static void arguments(void *batch, size_t index, struct pp_map_item *ret_item)
{
    const struct map *map = batch;

    ret_item->arguments = map->item_bytes == 0 ? NULL : map->items + index * map->item_bytes;
    ret_item->arguments_length = map->item_bytes;
}

static void result(void *batch, const struct pp_map_result *result)
{
    struct map *map = batch;
    struct pp_error error;

    map->done++;
    if (result->outcome != PP_DONE) {
        error = result->error;
    } else if (result->reply_length != map->reply_bytes) {
        pp_error_set(&error, -EPROTO, "a reply of %zu bytes instead of %zu", result->reply_length,
                     map->reply_bytes);
    } else {
        if (map->reply_bytes > 0) {
            memcpy(map->replies + result->index * map->reply_bytes, result->reply,
                   map->reply_bytes);
        }
        return;
    }
    if (result->index < map->failed) {
        map->failed = result->index;
        map->error = error;
    }
}

static const struct pp_chunks_ops ops = {arguments, result};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static int hand_out_one(struct map *map)
{
    size_t left = map->count - map->next;
    size_t length = least(least(pp_chunks_length(&map->chunks, left), left), map->fit);
    int r;

    if (map->chunks.again != NULL) {
        return pp_chunks_hand_out_again(&map->chunks);
    }
    r = pp_chunks_hand_out(&map->chunks, map, map->next, length);
    if (r == 0) {
        map->next += length;
    }
    return r;
}

/* Keep the workers busy. What memory or descriptors do not allow now waits for those in flight. */
static int hand_out(struct map *map)
{
    size_t most = (size_t)CHUNKS_PER_WORKER * pp_pool_processes(map->chunks.pool);

    while (map->chunks.in_flight_count < most &&
           (map->next < map->count || map->chunks.again != NULL)) {
        int r = hand_out_one(map);

        if (r != 0) {
            return pp_chunks_wait_helps(&map->chunks, r) ? 0 : r;
        }
    }
    return 0;
}

static int run(struct map *map)
{
    bool looked = false;
    int r = 0;

    while (r == 0 && map->done < map->count) {
        r = hand_out(map);
        if (r == 0 && map->done < map->count) {
            r = pp_pool_wait_once(map->chunks.pool, -1, 0, &looked);
            r = r == -EINTR ? 0 : r;
        }
    }
    return r;
}

/* It ended before all items did: the pool says why, or the system. */
static void set_error(struct map *map, int code, const char *function)
{
    const struct pp_error *failure = &map->chunks.pool->failure;

    map->failed = SIZE_MAX;
    if (failure->code == code) {
        map->error = *failure;
    } else {
        pp_error_set_errno(&map->error, code, "cannot map \"%s\"", function);
    }
}

int pp_pool_map(struct pp_pool *pool, const char *function, const void *items, size_t item_bytes,
                size_t count, void *replies, size_t reply_bytes,
                const struct pp_map_options *options, size_t *ret_failed, struct pp_error *error)
{
    struct map map = {
        .items = items,
        .item_bytes = item_bytes,
        .count = count,
        .replies = replies,
        .reply_bytes = reply_bytes,
        .failed = SIZE_MAX,
    };
    int r = pp_chunks_init(&map.chunks, pool, function, reply_bytes, options, &ops);

    r = r == 0 && item_bytes > PP_TASK_ARGUMENTS_MAX ? -E2BIG : r;
    if (r == 0) {
        map.fit = PP_CHUNK_DATA_MAX / pp_chunk_item_bytes(item_bytes, reply_bytes);
        r = run(&map);
        pp_chunks_finish(&map.chunks);
    }
    if (r != 0) {
        set_error(&map, r, function);
    }
    if (ret_failed != NULL) {
        *ret_failed = map.failed;
    }
    if (error != NULL) {
        *error = map.error;
    }
    return map.error.code;
}
