/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Shared memory: a block of bytes that processes have in common, with or without a name
 *
 * A block without a name goes to workers and processes by being listed when they are made
 * (core/pool.h, core/process.h) and is gone with the last process that has it. A block with a name
 * can be attached by any process of the same user, and stays until somebody unlinks it: its creator
 * in the ordinary case, pp_shared_memory_sweep() where the creator was killed.
 *
 *     struct pp_shared_memory *block;
 *     int r = pp_shared_memory_create(&block, "weather", 1024);
 *     ...
 *     double *degrees = pp_shared_memory_bytes(block);
 *     ...
 *     pp_shared_memory_unlink(block);
 *     pp_shared_memory_close(block);
 *
 * A block without a name cannot be cut short by anybody. One with a name can, by any process of the
 * user, and whoever touches the bytes that are gone dies of SIGBUS: give workers that read files
 * which nobody vouches for blocks without names.
 *
 * Python: multiprocessing.shared_memory.SharedMemory(name, create, size). Here attaching never
 * leads to unlinking, the size is the one that was asked for, and what a killed owner left behind
 * can be told from what is in use.
 */

#include "core/base.h"

/* Of a name, without the NUL. */
#define PP_SHARED_MEMORY_NAME_MAX 200

struct pp_shared_memory;

/*
 * Make a block of @bytes zero bytes, readable and writable for this user alone.
 *
 * @name: letters, digits, '-', '_' and '.', unique among the blocks of this machine; NULL: none.
 * Returns 0 with *ret_block, which the caller closes; -EINVAL for a bad name or 0 bytes; -EEXIST;
 * -ENOMEM, -ENOSPC or another errno of the system. The name appears together with the whole block,
 * or not at all. Any thread, any process.
 */
PP_MUST_CHECK int pp_shared_memory_create(struct pp_shared_memory **ret_block, const char *name,
                                          size_t bytes);

/*
 * Map the block that has this name. Returns 0 with *ret_block, which the caller closes; -ENOENT;
 * -EINVAL for a bad name; -EPROTO where what has the name was not made here; another errno.
 */
PP_MUST_CHECK int pp_shared_memory_attach(struct pp_shared_memory **ret_block, const char *name);

/* The bytes, page aligned; readable and writable until pp_shared_memory_close(). */
void *pp_shared_memory_bytes(const struct pp_shared_memory *block);

/* How many bytes were asked for. */
size_t pp_shared_memory_size(const struct pp_shared_memory *block);

/* Its name; NULL where it has none. */
const char *pp_shared_memory_name(const struct pp_shared_memory *block);

/* Unmap it here; others keep it, and so does its name. NULL is fine. */
void pp_shared_memory_close(struct pp_shared_memory *block);
PP_DEFINE_AUTO(struct pp_shared_memory *, pp_shared_memory_close)

/*
 * Take the name away: nobody can attach any more; who has it mapped keeps it. Done by whoever knows
 * that no more will come, in Python as here the creator.
 * Returns 0; -ENOENT where the name is gone already or there was none.
 */
PP_MUST_CHECK int pp_shared_memory_unlink(struct pp_shared_memory *block);

/* What a block that was left behind is called, and the pid that its creator had. */
typedef void (*pp_shared_memory_leftover_fn)(const char *name, int pid, size_t bytes, void *user);

/*
 * Find the blocks of this user whose creator has died without unlinking them; tell @found (may be
 * NULL) of each, and with @remove unlink it. A block that others still have mapped stays theirs.
 * Returns how many there were, or a negative errno.
 */
int pp_shared_memory_sweep(bool remove, pp_shared_memory_leftover_fn found, void *user);
