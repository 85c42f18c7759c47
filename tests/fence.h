/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Fence: a copy of bytes that ends where the memory does
 *
 * The page behind the last byte cannot be touched, so reading one byte too far is a crash in every
 * build, not only under a sanitizer.
 */

#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct fence {
    uint8_t *bytes; /* the copy */
    size_t length;
    uint8_t *mapping;
    size_t mapped;
};

static inline struct fence fence_start(const void *bytes, size_t length)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t inside = (length + page - 1) / page * page;
    struct fence fence = {.length = length, .mapped = inside + page};

    fence.mapping =
        mmap(NULL, fence.mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    g_assert_true(fence.mapping != MAP_FAILED);
    g_assert_cmpint(mprotect(fence.mapping + inside, page, PROT_NONE), ==, 0);
    fence.bytes = fence.mapping + inside - length;
    if (length > 0) {
        memcpy(fence.bytes, bytes, length);
    }
    return fence;
}

static inline void fence_end(struct fence *fence)
{
    munmap(fence->mapping, fence->mapped);
}
