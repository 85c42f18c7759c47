/* SPDX-License-Identifier: MIT */
/*
 * A block without a name is a slot (core/slot.h): sealed memory that no peer can cut short.
 *
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
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/participant.h"
#include "core/shared_memory_private.h"
#include "core/slot.h"

#define DIRECTORY "/dev/shm"
#define PREFIX    "pixpool-"

/* Half-made blocks, where the system has no files without a name: prefix, creator, number. */
#define TEMPORARY_PREFIX ".pixpool-"

#define MAGIC UINT64_C(0x70697870736d3031) /* "pixpsm01" */

/* Bytes of a path, with the longest name. */
enum { PATH_BYTES = sizeof(DIRECTORY "/" PREFIX) + PP_SHARED_MEMORY_NAME_MAX };

/* At the start of the file, in a page of its own. */
struct header {
    uint64_t magic;
    uint64_t bytes;     /* as asked for */
    uint64_t creator;   /* a participant */
    uint64_t namespace; /* the creator's, of pids: its inode; 0: not known */
};

struct pp_shared_memory {
    void *bytes;
    struct pp_shared_memory_place place;
    char name[PP_SHARED_MEMORY_NAME_MAX + 1]; /* "": none */
};

static size_t page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static bool is_name(const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)name[i];

        if (c > 127 || !(isalnum(c) || c == '-' || c == '_' || c == '.')) {
            return false;
        }
    }
    return length >= 1 && length <= PP_SHARED_MEMORY_NAME_MAX;
}

static void name_path(const char *name, char *path)
{
    snprintf(path, PATH_BYTES, DIRECTORY "/" PREFIX "%s", name);
}

static uint64_t pid_namespace(void)
{
    struct stat status;

    return stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
}

int pp_shared_memory_map(const struct pp_shared_memory_place *place, void **ret_bytes)
{
    struct stat status;
    void *bytes;

    if (fstat(place->fd, &status) != 0) {
        return -errno;
    }
    if (place->bytes == 0 || place->bytes > (uint64_t)status.st_size ||
        place->offset > (uint64_t)status.st_size - place->bytes) {
        return -EPROTO;
    }
    bytes = mmap(NULL, place->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, place->fd,
                 (off_t)place->offset);
    if (bytes == MAP_FAILED) {
        return -errno;
    }
    *ret_bytes = bytes;
    return 0;
}

void pp_shared_memory_unmap(void *bytes, uint64_t length)
{
    munmap(bytes, length);
}

/* Give up a file that is not fit for use; @r says why. */
static int close_failed(int fd, int r)
{
    close(fd);
    return r;
}

/* Take all memory for @bytes and write the header. */
static int fill_file(int fd, size_t bytes)
{
    struct header header = {
        .magic = MAGIC,
        .bytes = bytes,
        .creator = pp_participant_self(),
        .namespace = pid_namespace(),
    };
    size_t page = page_bytes();
    int r;

    if (bytes > (size_t)INT64_MAX - 2 * page) {
        return -ENOMEM;
    }
    if (fchmod(fd, 0600) != 0) { /* whatever the umask left of it */
        return -errno;
    }
    do {
        r = posix_fallocate(fd, 0, (off_t)(page + pp_size_round_up(bytes, page)));
    } while (r == EINTR);
    if (r != 0) {
        return r == EFBIG ? -ENOMEM : -r;
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
    int fd = open(DIRECTORY, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
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
    char temporary[PATH_BYTES];
    int fd;
    int r;

    snprintf(temporary, sizeof(temporary), DIRECTORY "/" TEMPORARY_PREFIX "%llx-%llx-%u",
             (unsigned long long)pid_namespace(), (unsigned long long)pp_participant_self(),
             atomic_fetch_add(&last, 1));
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

static int make_file(const char *path, size_t bytes, int *ret_fd)
{
    int r = make_nameless(path, bytes, ret_fd);

    return has_no_nameless_files(r) ? make_temporary(path, bytes, ret_fd) : r;
}

/* Map the file and make it a block; takes @fd over. */
static int open_block(struct pp_shared_memory **ret_block, const char *name, int fd, size_t bytes)
{
    struct pp_shared_memory *block = calloc(1, sizeof(*block));
    int r;

    if (block == NULL) {
        return close_failed(fd, -ENOMEM);
    }
    block->place = (struct pp_shared_memory_place){fd, name == NULL ? 0 : page_bytes(), bytes};
    snprintf(block->name, sizeof(block->name), "%s", name == NULL ? "" : name);
    r = pp_shared_memory_map(&block->place, &block->bytes);
    if (r != 0) {
        free(block);
        return close_failed(fd, r);
    }
    *ret_block = block;
    return 0;
}

static int create_nameless_block(struct pp_shared_memory **ret_block, size_t bytes)
{
    struct pp_slot slot;
    int r = pp_slot_create(&slot, 1, bytes);
    int fd;

    if (r != 0) {
        return r;
    }
    fd = fcntl(slot.fd, F_DUPFD_CLOEXEC, 0);
    r = fd < 0 ? -errno : 0;
    pp_slot_finish(&slot);
    return r != 0 ? r : open_block(ret_block, NULL, fd, bytes);
}

int pp_shared_memory_create(struct pp_shared_memory **ret_block, const char *name, size_t bytes)
{
    char path[PATH_BYTES];
    int fd = -1;
    int r;

    if (bytes == 0 || (name != NULL && !is_name(name))) {
        return -EINVAL;
    }
    if (name == NULL) {
        return create_nameless_block(ret_block, bytes);
    }
    name_path(name, path);
    r = make_file(path, bytes, &fd);
    if (r == 0) {
        r = open_block(ret_block, name, fd, bytes);
        if (r != 0) {
            unlink(path); /* nobody else can have made it, and nobody was told of it */
        }
    }
    return r;
}

/* Open what lies at @path and read its header, where it is a whole block of this user. */
static int open_file(const char *path, int *ret_fd, struct header *header)
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

int pp_shared_memory_attach(struct pp_shared_memory **ret_block, const char *name)
{
    char path[PATH_BYTES];
    struct header header;
    int fd = -1;
    int r;

    if (name == NULL || !is_name(name)) {
        return -EINVAL;
    }
    name_path(name, path);
    r = open_file(path, &fd, &header);
    return r != 0 ? r : open_block(ret_block, name, fd, header.bytes);
}

struct pp_shared_memory_place pp_shared_memory_place(const struct pp_shared_memory *block)
{
    return block->place;
}

void *pp_shared_memory_bytes(const struct pp_shared_memory *block)
{
    return block->bytes;
}

size_t pp_shared_memory_size(const struct pp_shared_memory *block)
{
    return block->place.bytes;
}

const char *pp_shared_memory_name(const struct pp_shared_memory *block)
{
    return block->name[0] == '\0' ? NULL : block->name;
}

void pp_shared_memory_close(struct pp_shared_memory *block)
{
    if (block == NULL) {
        return;
    }
    pp_shared_memory_unmap(block->bytes, block->place.bytes);
    close(block->place.fd);
    free(block);
}

/* Take the name at @path away if it still is that of @fd, and not of a later block. */
static int unlink_same(const char *path, int fd)
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

int pp_shared_memory_unlink(struct pp_shared_memory *block)
{
    char path[PATH_BYTES];

    if (block->name[0] == '\0') {
        return -ENOENT;
    }
    name_path(block->name, path);
    return unlink_same(path, block->place.fd);
}
