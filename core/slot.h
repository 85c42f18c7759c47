/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Slot: one piece of shared memory, sealed and mapped
 *
 * A memfd without a name, so nothing is left when every process that holds it is killed; sealed
 * against growing and shrinking at once, so no peer can cut it short under a reader.
 */

#include "core/base.h"

struct pp_slot {
    uint32_t id;     /* unique in its pool, never reused; 0: not a slot */
    int fd;          /* the memfd; owned */
    void *bytes;     /* the mapping of this process; owned */
    size_t capacity; /* bytes, a multiple of the page size */
};

/*
 * Make a slot of at least @bytes bytes, all zero. Pages are taken when they are first touched, by
 * whoever touches them.
 * Returns 0; -EINVAL for 0 bytes; -ENOMEM, -EMFILE or another errno of the system.
 */
PP_MUST_CHECK int pp_slot_create(struct pp_slot *slot, uint32_t id, size_t bytes);

/*
 * Map a slot that another process made. Takes @fd over, also where it fails.
 * Returns 0; -EPROTO where the descriptor is no sealed memfd of @capacity bytes; another errno.
 */
PP_MUST_CHECK int pp_slot_attach(struct pp_slot *slot, uint32_t id, int fd, size_t capacity);

/* Unmap and close; the memory goes when the last process has let go. All zero is fine. */
void pp_slot_finish(struct pp_slot *slot);
