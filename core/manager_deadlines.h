/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Manager deadlines: which of many clients' time is over first
 *
 * A heap of what lies in the clients themselves, so that setting a deadline cannot fail.
 */

#include "core/base.h"

/* Lies in what it is the deadline of. All zero: none is set. */
struct pp_manager_deadline {
    uint64_t at_ns; /* by core/clock.h */
    size_t place;   /* in the heap, from 1; 0: none is set */
};

struct pp_manager_deadlines {
    struct pp_manager_deadline **heap; /* from place 1 on */
    size_t count;
    size_t capacity; /* for how many there is room */
};

/* Make room for @count deadlines in all. Returns 0 or -ENOMEM. */
PP_MUST_CHECK int pp_manager_deadlines_reserve(struct pp_manager_deadlines *deadlines,
                                               size_t count);

/* Set, or move, a deadline; one of those that room was made for. */
void pp_manager_deadlines_set(struct pp_manager_deadlines *deadlines,
                              struct pp_manager_deadline *deadline, uint64_t at_ns);

/* Take it away, where it is set. */
void pp_manager_deadlines_clear(struct pp_manager_deadlines *deadlines,
                                struct pp_manager_deadline *deadline);

/* The one that is over first; NULL where none is set. */
struct pp_manager_deadline *
pp_manager_deadlines_first(const struct pp_manager_deadlines *deadlines);

/* Free the heap; deadlines that are set are forgotten. All zero is fine. */
void pp_manager_deadlines_finish(struct pp_manager_deadlines *deadlines);
