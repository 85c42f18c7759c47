/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Map: one function over many items, on the workers of a pool
 *
 * Items travel in chunks through slots of shared memory, since a message for each would cost more
 * than a small item's work. The pool finds the length of a chunk by how long items take, and makes
 * them shorter towards the end, so that workers end together. Each item is still a task of its own:
 * one that fails or crashes its worker costs itself, those of its chunk that were done are done,
 * and the rest is handed out again.
 *
 * Python: Pool.map, starmap, imap and imap_unordered, Executor.map with chunksize. imap here pulls
 * its input only as fast as results are taken, which Python's does not.
 */

#include "core/pool.h"

/* How items are run. All zero is a good default, and NULL means all zero. */
struct pp_map_options {
    size_t chunk_items;  /* items of a chunk; 0: found by the pool */
    size_t reply_bytes;  /* the most that one item replies with; 0: 1024; a longer reply fails */
    size_t window_items; /* imap: how many items may be pulled and not yet taken by the caller;
                            0: found from chunk and workers */
    size_t window_bytes; /* imap: how many bytes of arguments and replies; 0: 64 MiB */
    uint32_t timeout_ms; /* for each item; chunks are of one item then; 0: none */
    uint32_t crash_attempts; /* for each item, as in struct pp_task */
    uint32_t kill_attempts;
    enum pp_priority priority;
};

/* One item's arguments. */
struct pp_map_item {
    const void *arguments;
    size_t arguments_length; /* at most PP_TASK_ARGUMENTS_MAX */
};

/* One item's result. */
struct pp_map_result {
    size_t index; /* of the item, from 0, in the order in which it was pulled */
    enum pp_outcome outcome;
    struct pp_error error; /* unless DONE */
    const void *reply;     /* valid until the next call */
    size_t reply_length;
};

/*
 * Call @function with each of @count items and wait for all. Items and replies are of one size:
 * item i is the @item_bytes bytes at @items + i * @item_bytes, and its reply goes to @replies + i *
 * @reply_bytes (NULL with 0 where there is none). With items the tuples of arguments, this is
 * starmap() too.
 *
 * Returns 0 where all are done. Where an item failed, all others are run to their end and the code
 * of the first one, by index, is returned: *ret_failed (may be NULL) is its index, @error its
 * message; its reply is unspecified. A reply of another length fails with -EPROTO. Errors of
 * pp_pool_submit() and pp_pool_dispatch() as they are, with *ret_failed SIZE_MAX.
 */
PP_MUST_CHECK int pp_pool_map(struct pp_pool *pool, const char *function, const void *items,
                              size_t item_bytes, size_t count, void *replies, size_t reply_bytes,
                              const struct pp_map_options *options, size_t *ret_failed,
                              struct pp_error *error);

/*
 * Gives the next item. Sets *ret_item, which stays valid until the next call. Returns 0, PP_MAP_END
 * where there is none any more, or a negative errno, which ends the input with that error. Called
 * in pp_imap_next() alone.
 */
enum { PP_MAP_END = 1 };
typedef int (*pp_map_input_fn)(void *user, struct pp_map_item *ret_item);

struct pp_imap;

/*
 * Begin to call @function with what @input gives, as far as the window has room.
 *
 * @ordered: results come in the order of the items (Python: imap), else as they are done
 * (imap_unordered). Returns 0 with *ret_imap, which the caller destroys before the pool; -ENOENT;
 * -EINVAL; -ENOMEM; -EPIPE for a closed pool. Submits nothing yet.
 */
PP_MUST_CHECK int pp_imap_create(struct pp_imap **ret_imap, struct pp_pool *pool,
                                 const char *function, pp_map_input_fn input, void *user,
                                 bool ordered, const struct pp_map_options *options);

/*
 * The next result; pulls input and dispatches meanwhile. A failed item is a result like others.
 * Returns 0 with *ret_result; PP_MAP_END after the last; -ETIMEDOUT after @timeout_ms (-1: none);
 * -EINTR; the input's error, after all results that could be had; an error of pp_pool_dispatch().
 */
PP_MUST_CHECK int pp_imap_next(struct pp_imap *imap, int timeout_ms,
                               struct pp_map_result *ret_result);

/* Cancel what is not done and free all. NULL is fine. */
void pp_imap_destroy(struct pp_imap *imap);
PP_DEFINE_AUTO(struct pp_imap *, pp_imap_destroy)
