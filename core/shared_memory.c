/* SPDX-License-Identifier: MIT */
/*
 * A block without a name is a slot (core/slot.h): sealed memory that no peer can cut short. One
 * with a name is a file (core/shared_memory_file.h). Either is a descriptor and a place behind it,
 * which is what travels to workers and processes that share it.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/shared_memory_file.h"
#include "core/shared_memory_private.h"
#include "core/slot.h"

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

/* Map the file and make it a block, which takes @fd over; unless 0, @fd stays the caller's. */
static int open_block(struct pp_shared_memory **ret_block, const char *name, int fd, size_t bytes)
{
    struct pp_shared_memory *block = calloc(1, sizeof(*block));
    int r;

    if (block == NULL) {
        return -ENOMEM;
    }
    block->place = (struct pp_shared_memory_place){fd, name == NULL ? 0 : page_bytes(), bytes};
    snprintf(block->name, sizeof(block->name), "%s", name == NULL ? "" : name);
    r = pp_shared_memory_map(&block->place, &block->bytes);
    if (r != 0) {
        free(block);
        return r;
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
    if (r == 0) {
        r = open_block(ret_block, NULL, fd, bytes);
        if (r != 0) {
            close(fd);
        }
    }
    return r;
}

int pp_shared_memory_create(struct pp_shared_memory **ret_block, const char *name, size_t bytes)
{
    char path[PP_SHARED_MEMORY_PATH_BYTES];
    int fd = -1;
    int r;

    if (bytes == 0 || (name != NULL && !is_name(name))) {
        return -EINVAL;
    }
    if (name == NULL) {
        return create_nameless_block(ret_block, bytes);
    }
    pp_shared_memory_file_path(name, path);
    r = pp_shared_memory_file_create(path, bytes, &fd);
    if (r == 0) {
        r = open_block(ret_block, name, fd, bytes);
        if (r != 0) {
            /* Somebody may have swept it meanwhile and given the name to another block. */
            (void)!pp_shared_memory_file_unlink(path, fd);
            close(fd);
        }
    }
    return r;
}

int pp_shared_memory_attach(struct pp_shared_memory **ret_block, const char *name)
{
    char path[PP_SHARED_MEMORY_PATH_BYTES];
    struct pp_shared_memory_header header;
    int fd = -1;
    int r;

    if (name == NULL || !is_name(name)) {
        return -EINVAL;
    }
    pp_shared_memory_file_path(name, path);
    r = pp_shared_memory_file_open(path, &fd, &header);
    if (r == 0) {
        r = open_block(ret_block, name, fd, header.bytes);
        if (r != 0) {
            close(fd);
        }
    }
    return r;
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

int pp_shared_memory_unlink(struct pp_shared_memory *block)
{
    char path[PP_SHARED_MEMORY_PATH_BYTES];

    if (block->name[0] == '\0') {
        return -ENOENT;
    }
    pp_shared_memory_file_path(block->name, path);
    return pp_shared_memory_file_unlink(path, block->place.fd);
}
