/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Shared memory file: the file behind a block that has a name
 */

#include "core/shared_memory.h"

#define PP_SHARED_MEMORY_DIRECTORY "/dev/shm"

/* Of a whole block, before its name. */
#define PP_SHARED_MEMORY_PREFIX "pixpool-"

/* Of one that is being made where the system has no files without a name; then the creator's
 * namespace and number, in hexadecimal, and a number of its own. */
#define PP_SHARED_MEMORY_TEMPORARY ".pixpool-"

/* Bytes of a path, with the longest name. */
#define PP_SHARED_MEMORY_PATH_BYTES 256

/* At the start of the file, in a page of its own. */
struct pp_shared_memory_header {
    uint64_t magic;
    uint64_t bytes;     /* as asked for */
    uint64_t creator;   /* a participant (core/participant.h) */
    uint64_t namespace; /* in which that number counts; see pp_shared_memory_file_namespace() */
};

/* Write the path of the block that is called @name, which is a good name. */
void pp_shared_memory_file_path(const char *name, char path[PP_SHARED_MEMORY_PATH_BYTES]);

/* Which pid namespace this process lives in, as a number; 0 where the system does not say. */
uint64_t pp_shared_memory_file_namespace(void);

/*
 * Make the file at @path, whole, with all its memory; -EEXIST where there is one already.
 * Returns 0 with *ret_fd, or a negative errno.
 */
PP_MUST_CHECK int pp_shared_memory_file_create(const char *path, size_t bytes, int *ret_fd);

/*
 * Open what lies at @path and read its header, where it is a whole block of this user.
 * Returns 0 with *ret_fd; -EPROTO where it is something else; another errno.
 */
PP_MUST_CHECK int pp_shared_memory_file_open(const char *path, int *ret_fd,
                                             struct pp_shared_memory_header *header);

/*
 * Take the name at @path away if it still is that of @fd, and not of a later block.
 * Returns 0, -ENOENT or another errno.
 */
PP_MUST_CHECK int pp_shared_memory_file_unlink(const char *path, int fd);
