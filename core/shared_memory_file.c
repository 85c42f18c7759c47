/* SPDX-License-Identifier: MIT */
/*
 * A block with a name is a file in /dev/shm: a page for the header, then the bytes. It is made
 * without a name, filled in, and linked last, so whoever finds the name finds the whole block, and
 * a creator that is killed before leaves nothing. All of its memory is taken at once: where
 * /dev/shm is full, that is an error here and not a SIGBUS in whoever writes later.
 *
 * The header says who made it, as a number that no other process ever gets (core/participant.h),
 * and in which pid namespace that number counts: containers may share /dev/shm without seeing each
 * other's processes, and a stranger's creator must not be taken for a dead one.
 *
 * The file's owner can still cut it short, which takes a process of the same user that means harm.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/participant.h"
#include "core/shared_memory_file.h"

#define MAGIC UINT64_C(0x70697870736d3031) /* "pixpsm01" */

/* Of memory that is taken at a time. */
#define STEP_BYTES ((size_t)16 << 20)

_Static_assert(sizeof(PP_SHARED_MEMORY_DIRECTORY "/" PP_SHARED_MEMORY_PREFIX) +
                       PP_SHARED_MEMORY_NAME_MAX <=
                   PP_SHARED_MEMORY_PATH_BYTES,
               "every path fits");

void pp_shared_memory_file_path(const char *name, char path[PP_SHARED_MEMORY_PATH_BYTES])
{
    snprintf(path, PP_SHARED_MEMORY_PATH_BYTES,
             PP_SHARED_MEMORY_DIRECTORY "/" PP_SHARED_MEMORY_PREFIX "%s", name);
}

uint64_t pp_shared_memory_file_namespace(void)
{
    struct stat status;

    return stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
}

static size_t page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* Give up a file that is not fit for use; @r says why. */
static int close_failed(int fd, int r)
{
    close(fd);
    return r;
}

/* Take memory for @total bytes. In steps, for a signal makes the system begin a step anew, and one
 * that comes at intervals must not stop it for ever. */
static int allocate(int fd, size_t total)
{
    for (size_t at = 0; at < total; at += STEP_BYTES) {
        size_t step = total - at < STEP_BYTES ? total - at : STEP_BYTES;
        int r;

        do {
            r = posix_fallocate(fd, (off_t)at, (off_t)step);
        } while (r == EINTR);
        if (r != 0) {
            return r == EFBIG ? -ENOMEM : -r;
        }
    }
    return 0;
}

/* Take all memory for @bytes and write the header. */
static int fill_file(int fd, size_t bytes)
{
    struct pp_shared_memory_header header = {
        .magic = MAGIC,
        .bytes = bytes,
        .creator = pp_participant_self(),
        .namespace = pp_shared_memory_file_namespace(),
    };
    size_t page = page_bytes();
    int r;

    if (bytes > (size_t)INT64_MAX - 2 * page) {
        return -ENOMEM;
    }
    if (fchmod(fd, 0600) != 0) { /* whatever the umask left of it */
        return -errno;
    }
    r = allocate(fd, page + pp_size_round_up(bytes, page));
    if (r != 0) {
        return r;
    }
    return pwrite(fd, &header, sizeof(header), 0) == (ssize_t)sizeof(header) ? 0 : -EIO;
}

/* Give a file without a name its name. */
static int link_nameless(int fd, const char *path)
{
    char magic_link[32];

    snprintf(magic_link, sizeof(magic_link), "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, magic_link, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0 ? 0 : -errno;
}

static int make_nameless(const char *path, size_t bytes, int *ret_fd)
{
    int fd = open(PP_SHARED_MEMORY_DIRECTORY, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    int r;

    if (fd < 0) {
        return -errno;
    }
    r = fill_file(fd, bytes);
    if (r == 0) {
        r = link_nameless(fd, path);
    }
    if (r != 0) {
        return close_failed(fd, r);
    }
    *ret_fd = fd;
    return 0;
}

/* Likewise with a temporary name, which says whose it is, for pp_shared_memory_sweep(). */
static int make_temporary(const char *path, size_t bytes, int *ret_fd)
{
    static _Atomic unsigned last;
    char temporary[PP_SHARED_MEMORY_PATH_BYTES];
    int fd;
    int r;

    snprintf(temporary, sizeof(temporary),
             PP_SHARED_MEMORY_DIRECTORY "/" PP_SHARED_MEMORY_TEMPORARY "%llx-%llx-%u",
             (unsigned long long)pp_shared_memory_file_namespace(),
             (unsigned long long)pp_participant_self(), atomic_fetch_add(&last, 1));
    fd = open(temporary, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return -errno;
    }
    r = fill_file(fd, bytes);
    if (r == 0 && link(temporary, path) != 0) {
        r = -errno;
    }
    unlink(temporary);
    if (r != 0) {
        return close_failed(fd, r);
    }
    *ret_fd = fd;
    return 0;
}

/* Which errors say that files without a name cannot be had here, and not that they failed. */
static bool has_no_nameless_files(int r)
{
    return r == -EOPNOTSUPP || r == -EISDIR || r == -EINVAL || r == -ENOENT;
}

int pp_shared_memory_file_create(const char *path, size_t bytes, int *ret_fd)
{
    int r = make_nameless(path, bytes, ret_fd);

    return has_no_nameless_files(r) ? make_temporary(path, bytes, ret_fd) : r;
}

int pp_shared_memory_file_open(const char *path, int *ret_fd,
                               struct pp_shared_memory_header *header)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    size_t page = page_bytes();
    struct stat status;

    if (fd < 0) {
        return errno == ELOOP || errno == EISDIR || errno == ENXIO ? -EPROTO : -errno;
    }
    if (fstat(fd, &status) != 0) {
        return close_failed(fd, -errno);
    }
    if (!S_ISREG(status.st_mode) || status.st_uid != geteuid() || (status.st_mode & 077) != 0 ||
        pread(fd, header, sizeof(*header), 0) != (ssize_t)sizeof(*header) ||
        header->magic != MAGIC || header->bytes == 0 ||
        header->bytes > (uint64_t)INT64_MAX - 2 * page ||
        (uint64_t)status.st_size != page + pp_size_round_up(header->bytes, page)) {
        return close_failed(fd, -EPROTO);
    }
    *ret_fd = fd;
    return 0;
}

int pp_shared_memory_file_unlink(const char *path, int fd)
{
    struct stat named;
    struct stat own;

    if (lstat(path, &named) != 0 || fstat(fd, &own) != 0) {
        return -errno;
    }
    if (named.st_dev != own.st_dev || named.st_ino != own.st_ino) {
        return -ENOENT;
    }
    return unlink(path) == 0 ? 0 : -errno;
}
