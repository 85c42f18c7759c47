/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Shared memory, inside: how a block travels to workers and processes that are made to share it
 */

#include "core/shared_memory.h"

/* Where a block's bytes lie. */
struct pp_shared_memory_place {
    int fd;          /* the block's own; not to be closed */
    uint64_t offset; /* bytes, a multiple of the page size */
    uint64_t bytes;  /* as asked for */
};

/* Of @block, until it is closed. */
struct pp_shared_memory_place pp_shared_memory_place(const struct pp_shared_memory *block);

/*
 * Map what lies at @place into this process, which may close the descriptor then.
 * Returns 0 with *ret_bytes, which pp_shared_memory_unmap() takes; -EPROTO where there is no such
 * memory behind the descriptor; another errno.
 */
PP_MUST_CHECK int pp_shared_memory_map(const struct pp_shared_memory_place *place,
                                       void **ret_bytes);
void pp_shared_memory_unmap(void *bytes, uint64_t length);
