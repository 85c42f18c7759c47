/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Cells: the places of a queue's messages, and who has which of them in hand
 *
 *     free --- reserve ---> writing --- commit ---> full --- take ---> taken --- free ---> free
 *      ^                      |                      ^                   |
 *      +-- its writer died ---+                      +-- its taker died -+
 *
 * A cell that is being written or is taken belongs to the process that does so, and its bytes are
 * copied without the lock. Full cells stand in line in the order in which they were committed, and
 * one whose taker died stands where it stood before.
 *
 * Lies in shared memory, beside the lock that guards it (core/queue.c); nothing here waits or
 * wakes. Functions are called under that lock unless they say otherwise. A death in the middle of
 * one leaves something to mend, see pp_cells_mend().
 */

#include <stdatomic.h>

#include "core/base.h"

/* The length of None. */
#define PP_CELL_NONE UINT64_MAX

enum { PP_CELL_FREE, PP_CELL_WRITING, PP_CELL_FULL, PP_CELL_TAKEN };

/* The bytes of its message follow it. */
struct pp_cell {
    _Atomic uint64_t owner; /* a participant: who writes it or has taken it */
    uint64_t order;         /* while full or taken: what was committed first has the lower one */
    uint64_t ticket;        /* of who took it last: never 0, never given again */
    uint64_t length;        /* of the message; or PP_CELL_NONE */
    _Atomic uint32_t state; /* changes by one store, which is the last of its step */
    uint32_t index;         /* does not change */
};

/* Line, list of the free ones and cells lie behind it. What is said of the cells from @free on
 * follows from their states. */
struct pp_cells {
    uint32_t count; /* of all of them; does not change, as the next two */
    uint32_t unused;
    uint64_t message_bytes; /* of the longest message */
    uint64_t cell_bytes;    /* from one cell to the next */
    _Atomic uint32_t free;
    _Atomic uint32_t full;
    _Atomic uint32_t taken;
    uint32_t first;  /* where in the ring the line begins */
    uint64_t orders; /* given so far */
    uint64_t takes;  /* so far */
};

/* Bytes of memory for @count cells, pp_cells included; 0 where that does not fit a size_t. */
size_t pp_cells_bytes(uint32_t count, size_t message_bytes);

/* Make @cells, aligned to 64, all free. pp_cells_bytes() of them is not 0. Only while nobody uses
 * it. */
void pp_cells_init(struct pp_cells *cells, uint32_t count, size_t message_bytes);

/* How many are free, stand in line, are taken; these and the next without the lock too. */
static inline uint32_t pp_cells_free_count(const struct pp_cells *cells)
{
    return atomic_load_explicit(&cells->free, memory_order_relaxed);
}

static inline uint32_t pp_cells_full_count(const struct pp_cells *cells)
{
    return atomic_load_explicit(&cells->full, memory_order_relaxed);
}

static inline uint32_t pp_cells_taken_count(const struct pp_cells *cells)
{
    return atomic_load_explicit(&cells->taken, memory_order_relaxed);
}

/* Does anybody have a cell in hand? */
static inline bool pp_cells_are_in_hand(const struct pp_cells *cells)
{
    return pp_cells_free_count(cells) + pp_cells_full_count(cells) != cells->count;
}

/* The message of @cell: the owner's while it has an owner, without the lock too. */
static inline void *pp_cell_bytes(struct pp_cell *cell)
{
    return cell + 1;
}

/* A free cell is the caller's to write. There is one. */
struct pp_cell *pp_cells_reserve(struct pp_cells *cells);

/* What the caller wrote into @cell, @length bytes, goes to the end of the line. */
void pp_cells_commit(struct pp_cells *cells, struct pp_cell *cell, uint64_t length);

/* The cell that is first in line. There is one. */
struct pp_cell *pp_cells_first(struct pp_cells *cells);

/* @cell, the first in line, is the caller's to read. */
void pp_cells_take(struct pp_cells *cells, struct pp_cell *cell);

/* The caller has done with @cell, which it wrote or has taken. */
void pp_cells_free(struct pp_cells *cells, struct pp_cell *cell);

/* The cell that was taken with this ticket; NULL where it is not taken, or has been anew since. */
struct pp_cell *pp_cells_find(struct pp_cells *cells, uint64_t ticket);

/* Has the calling process taken a cell that it has not freed? */
bool pp_cells_taken_by_me(struct pp_cells *cells);

/* Looks for cells whose owner is dead. All zero is the beginning. */
struct pp_cells_search {
    uint32_t next; /* cell to look at */
    unsigned asked;
    struct {
        uint64_t participant;
        bool dead;
    } answers[8]; /* the last ones: it takes long to see whether a process lives */
};

/*
 * The next cell whose owner is dead, and *ret_dead, its owner; NULL after the last. Without the
 * lock: before pp_cells_take_back() has the last word, another one may take it back.
 */
struct pp_cell *pp_cells_search(struct pp_cells *cells, struct pp_cells_search *search,
                                uint64_t *ret_dead);

/*
 * Take @cell from @dead, as above. Returns what it is now: PP_CELL_FREE, PP_CELL_FULL and back in
 * its place in line, or PP_CELL_TAKEN where it is not the dead one's any more.
 */
int pp_cells_take_back(struct pp_cells *cells, struct pp_cell *cell, uint64_t dead);

/* A holder of the lock died: make whole what it may have left half done, and take back what it and
 * others who are dead had. */
void pp_cells_mend(struct pp_cells *cells);
