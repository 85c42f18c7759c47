/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Chunks: those of one map that are on their way
 *
 * Takes items that are numbered in a row and belong to a batch, runs them as chunks on the pool's
 * workers, and tells what became of each, once. Where a worker crashes it finds out which item was
 * in work and runs that one again, alone, where it has attempts left; the others of its chunk wait
 * here to be handed out again.
 *
 * Its tasks are no tasks of the pool's caller: pp_pool_next() does not return them.
 */

#include "core/chunk_length.h"
#include "core/map_item.h"

struct pp_chunks_part;

/* Where items come from and results go. */
struct pp_chunks_ops {
    /* The arguments of item @index of @batch, which stay as they are until its result is told. */
    void (*arguments)(void *batch, size_t index, struct pp_map_item *ret_item);
    /* What became of item result->index of @batch. Told in the pool's dispatch; the reply is valid
     * during the call. */
    void (*result)(void *batch, const struct pp_map_result *result);
};

/* In place; fields are its own. */
struct pp_chunks {
    struct pp_pool *pool;
    const struct pp_chunks_ops *ops;
    struct pp_map_options options; /* with what a 0 in them stands for, but for the window */
    uint32_t function;
    struct pp_chunk_length length;
    struct pp_chunks_part *in_flight;
    size_t in_flight_count;
    struct pp_chunks_part *again; /* to be handed out again, the first one first */
    size_t again_items;
};

/*
 * @reply_bytes: the most that an item replies with, whatever @options (may be NULL) say.
 * Returns 0; -ENOENT for an unknown function; -E2BIG for more than PP_TASK_REPLY_MAX; -EPIPE for a
 * closed pool, or the error of one that failed.
 */
PP_MUST_CHECK int pp_chunks_init(struct pp_chunks *chunks, struct pp_pool *pool,
                                 const char *function, size_t reply_bytes,
                                 const struct pp_map_options *options,
                                 const struct pp_chunks_ops *ops);

/* Items for the next chunk, 1 or more, where @remaining are left; as many as fit may be fewer. */
size_t pp_chunks_length(const struct pp_chunks *chunks, size_t remaining);

/*
 * Hand out items @first to @first + @count - 1 of @batch, which fit one chunk, at the pool's next
 * dispatch or act.
 * Returns 0; or a negative errno with nothing handed out, see pp_chunks_wait_helps().
 */
PP_MUST_CHECK int pp_chunks_hand_out(struct pp_chunks *chunks, void *batch, size_t first,
                                     size_t count);

/* The same for the first of those that wait to be handed out again; there are some. */
PP_MUST_CHECK int pp_chunks_hand_out_again(struct pp_chunks *chunks);

/* Whether what could not be handed out for @code may go out when more of those in flight are done.
 */
bool pp_chunks_wait_helps(const struct pp_chunks *chunks, int code);

/* Cancel what is in flight, tell nothing more, free all. */
void pp_chunks_finish(struct pp_chunks *chunks);
