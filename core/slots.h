/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Slots: the host's table of slots, lent and taken back
 *
 * Reuse is the point: fresh memory costs a page fault for every page, mapped memory none. The host
 * alone keeps the table, so a dead worker leaks nothing. Not for several threads at a time.
 */

#include "core/slot.h"

struct pp_slots;

/* Returns 0 and sets *ret_slots, which the caller destroys; or -ENOMEM. */
PP_MUST_CHECK int pp_slots_create(struct pp_slots **ret_slots);

/*
 * Lend a slot of at least @bytes bytes: the smallest free one that suits, else a new one in place
 * of all free ones. Contents are unspecified. Returns 0 with *ret_slot, the table's, until it is
 * taken back; or an error of pp_slot_create().
 */
PP_MUST_CHECK int pp_slots_lend(struct pp_slots *slots, size_t bytes, struct pp_slot **ret_slot);

/* Count one more borrower of a lent slot; each takes it back once. */
void pp_slots_share(struct pp_slots *slots, struct pp_slot *slot);

/* A borrower is done; the last one makes the slot free for others. */
void pp_slots_take_back(struct pp_slots *slots, struct pp_slot *slot);

/* Capacity of all slots that are lent, and of all there are, in bytes. */
size_t pp_slots_lent_bytes(const struct pp_slots *slots);
size_t pp_slots_bytes(const struct pp_slots *slots);

/*
 * The next slot that was dropped from the table since the last call, for its mappings in workers
 * to be dropped as well; 0 where there is none.
 */
uint32_t pp_slots_next_dropped(struct pp_slots *slots);

/* Drop all slots, lent or not. NULL is fine. */
void pp_slots_destroy(struct pp_slots *slots);
PP_DEFINE_AUTO(struct pp_slots *, pp_slots_destroy)
