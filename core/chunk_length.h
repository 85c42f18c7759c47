/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Chunk length: how many items the next chunk should have
 *
 * Long enough that handing it out costs little beside its work, short enough that no worker ends
 * long after the others. Learned from how long chunks took; no clock of its own.
 */

#include "core/base.h"

/* All zero is where it starts: nothing is known. Fields are its own. */
struct pp_chunk_length {
    uint64_t item_ns; /* moving average of an item's time, 1 or more; 0: not known yet */
    size_t longest;   /* items of the longest chunk that came back */
};

/* A chunk of @items, 1 or more, took @run_ns nanoseconds. */
void pp_chunk_length_learn(struct pp_chunk_length *length, size_t items, uint64_t run_ns);

/*
 * Items for the next chunk, 1 or more, where @remaining are left to hand out to @workers, 1 or
 * more.
 */
size_t pp_chunk_length_next(const struct pp_chunk_length *length, size_t remaining,
                            unsigned workers);
