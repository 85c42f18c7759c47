/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Ring: entries from one process to one other, through memory that both have mapped
 *
 * One side puts entries, the other takes them, in order. Neither ever waits for the other: there is
 * no lock, and nothing that one can leave half done. An entry that is put is whole; one that its
 * writer died in was never put.
 *
 * Each side keeps in private memory how far it is. Shared is how many entries were put; and how far
 * who takes is done with them, as far as it says so: who puts knows that by other means in most
 * cases, and must see to it that no more than PP_RING_ENTRIES are in use. Neither may believe the
 * other's word, or the entries, where the other one may be hostile: a number is only good if it
 * lies where it can lie.
 *
 * Sleeping. Who takes says that it will sleep, looks once more, and sleeps on a descriptor of its
 * own choice. Who puts looks after each entry whether the other one sleeps, and wakes it: once, and
 * not at all one that is awake. Neither can miss the other, since each first writes and then reads,
 * in one order that all see.
 */

#include <stdatomic.h>

#include "core/base.h"

#define PP_RING_ENTRIES     64 /* a power of two */
#define PP_RING_ENTRY_BYTES 256

/* What two processes share; all zero bytes are an empty one. The words lie far apart since both
 * sides write: each has its own line of the processors' caches. */
struct pp_ring {
    _Alignas(64) _Atomic uint32_t put;    /* entries ever put; written by who puts */
    _Alignas(64) _Atomic uint32_t asleep; /* 1: who takes wants to be woken. Set by it, cleared by
                                             whoever comes first: it, or who wakes it */
    _Atomic uint32_t done;                /* entries that who takes does not use any more */
    _Alignas(64) uint8_t entries[PP_RING_ENTRIES][PP_RING_ENTRY_BYTES];
};

/* One side of a ring: private memory of who puts, or of who takes. */
struct pp_ring_side {
    struct pp_ring *ring;
    uint32_t position; /* entries that this side has put, or taken; wraps around */
};

/* Empty @ring, which nobody uses yet. */
void pp_ring_clear(struct pp_ring *ring);

/* Make *side one side of an empty @ring. */
void pp_ring_side_init(struct pp_ring_side *side, struct pp_ring *ring);

/* The entry with @position, which was put and may still be used, or is about to be put. */
void *pp_ring_entry(const struct pp_ring_side *side, uint32_t position);

/*
 * For who puts: the entry at the side's position is whole now, and the other side may have it.
 * Returns whether the other side sleeps and has to be woken, by the caller and now.
 */
PP_MUST_CHECK bool pp_ring_put(struct pp_ring_side *side);

/*
 * For who takes: how many entries are there to be taken, as the other side says. More than can be
 * is a lie.
 */
uint32_t pp_ring_count(const struct pp_ring_side *side);

/* For who takes: say that it is done with all entries before its position. */
void pp_ring_pass(const struct pp_ring_side *side);

/*
 * For who puts: how far the other side is done, as it says; not less than @known, which is known
 * already, and not more than was put: else @known.
 */
uint32_t pp_ring_passed(const struct pp_ring_side *side, uint32_t known);

/*
 * For who takes: say that it will sleep until it is woken. Returns false where an entry has come
 * meanwhile: then call pp_ring_rise() and take it. What it sleeps on must not lose a wake that
 * comes before the sleep.
 */
PP_MUST_CHECK bool pp_ring_sleep(struct pp_ring_side *side);

/*
 * For who takes: it does not sleep any more. Returns whether it took its word back in time; where
 * not, the other side has seen it, and wakes it or has done so.
 */
bool pp_ring_rise(struct pp_ring_side *side);
