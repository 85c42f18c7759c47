/* SPDX-License-Identifier: MIT */
/*
 * A slot's size is sealed, its pages are not taken ahead: whoever touches a page first takes it, so
 * workers do that in parallel instead of the host one slot after the other. Where memory runs out,
 * the kernel kills a worker, which the pool survives; a memfd has no file system limit to meet.
 *
 * The one who attaches checks the seals itself: the promise that no peer can cut the memory short
 * must not rest on the peer.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/memfd.h"
#include "core/slot.h"

#define SEALS (F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)

static int map(struct pp_slot *slot)
{
    void *bytes = mmap(NULL, slot->capacity, PROT_READ | PROT_WRITE, MAP_SHARED, slot->fd, 0);

    if (bytes == MAP_FAILED) {
        return -errno;
    }
    slot->bytes = bytes;
    return 0;
}

int pp_slot_create(struct pp_slot *slot, uint32_t id, size_t bytes)
{
    struct pp_slot made = {.id = id};
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    int r;

    if (bytes == 0) {
        return -EINVAL;
    }
    if (bytes > (size_t)INT64_MAX - page) {
        return -ENOMEM;
    }
    made.capacity = pp_size_round_up(bytes, page);
    made.fd = pp_memfd_open("pixpool-slot");
    if (made.fd < 0) {
        return made.fd;
    }
    if (ftruncate(made.fd, (off_t)made.capacity) != 0 || fcntl(made.fd, F_ADD_SEALS, SEALS) != 0) {
        r = errno == EFBIG ? -ENOMEM : -errno;
    } else {
        r = map(&made);
    }
    if (r != 0) {
        close(made.fd);
        return r;
    }
    *slot = made;
    return 0;
}

int pp_slot_attach(struct pp_slot *slot, uint32_t id, int fd, size_t capacity)
{
    struct pp_slot made = {.id = id, .fd = fd, .capacity = capacity};
    int seals = fcntl(fd, F_GET_SEALS);
    struct stat status;
    int r;

    if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &status) != 0 ||
        (uint64_t)status.st_size != capacity || capacity == 0) {
        r = -EPROTO;
    } else {
        r = map(&made);
    }
    if (r != 0) {
        close(fd);
        return r;
    }
    *slot = made;
    return 0;
}

void pp_slot_finish(struct pp_slot *slot)
{
    if (slot->id == 0) {
        return;
    }
    munmap(slot->bytes, slot->capacity);
    close(slot->fd);
    *slot = (struct pp_slot){0};
}
