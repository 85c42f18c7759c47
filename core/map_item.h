/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Map item: what goes into a map and comes out of it, one by one
 */

#include "core/pool.h"

/* How items are run. All zero is a good default, and NULL means all zero. */
struct pp_map_options {
    size_t chunk_items;  /* items of a chunk, as far as they fit one: at most 4096, with at most
                            1 MiB of arguments and replies; 0: found by the pool */
    size_t reply_bytes;  /* imap: the most that one item replies with, at most PP_TASK_REPLY_MAX;
                            0: 1024; a longer reply is refused with -E2BIG */
    size_t window_items; /* imap: how many items may be pulled and not yet taken by the caller;
                            0: found from chunk and workers */
    size_t window_bytes; /* imap: how many bytes of arguments and replies, where an item that is not
                            done counts with reply_bytes; the last one may exceed it; 0: 64 MiB */
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
