/* SPDX-License-Identifier: MIT */
/*
 * Against writing, growing and shrinking: then neither the bytes nor the size change under who has
 * mapped them, and no access meets the end of the file, which is a SIGBUS. Two more ways to be hit
 * by that are closed by looking: all blocks must be there, or a peer that owns nothing could have
 * this process pay for a terabyte of holes; and it must be ordinary memory, as the pages of the
 * other kind may be used up at the first access.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/memfd.h"
#include "core/sealed.h"

#define SEALS (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK)

/* The unit of st_blocks. */
#define BLOCK_BYTES 512

static int write_all(int fd, const void *bytes, size_t length)
{
    const char *next = bytes;

    while (length > 0) {
        ssize_t written = write(fd, next, length);

        if (written < 0 && errno != EINTR) {
            return -errno;
        }
        if (written > 0) {
            next += written;
            length -= (size_t)written;
        }
    }
    return 0;
}

int pp_sealed_create(int *ret_fd, const void *bytes, size_t length)
{
    int fd = pp_memfd_open("pixpool-sealed");
    int r;

    if (fd < 0) {
        return fd;
    }
    r = write_all(fd, bytes, length);
    if (r == 0 && fcntl(fd, F_ADD_SEALS, SEALS | F_SEAL_SEAL) != 0) {
        r = -errno;
    }
    if (r != 0) {
        close(fd);
        return r == -EFBIG ? -ENOMEM : r;
    }
    *ret_fd = fd;
    return 0;
}

static bool is_sealed(int fd, size_t length)
{
    int seals = fcntl(fd, F_GET_SEALS);
    struct stat status;
    struct statfs system;

    return seals >= 0 && (seals & SEALS) == SEALS && fstat(fd, &status) == 0 &&
           fstatfs(fd, &system) == 0 && system.f_type == TMPFS_MAGIC && length > 0 &&
           (uint64_t)status.st_size == length &&
           (uint64_t)status.st_blocks >= (length - 1) / BLOCK_BYTES + 1;
}

int pp_sealed_map(int fd, size_t length, void **ret_bytes)
{
    void *bytes;

    if (!is_sealed(fd, length)) {
        return -EPROTO;
    }
    bytes = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED) {
        return -errno;
    }
    *ret_bytes = bytes;
    return 0;
}
