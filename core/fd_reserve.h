/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Descriptor reserve: numbers that are kept for descriptors which are still to come
 *
 * Who orders something that is answered with a descriptor has to have room for it then, whatever
 * else this process opens meanwhile; else the answer would be lost on arrival. All zero is an empty
 * reserve.
 */

#include "core/base.h"

struct pp_fd_reserve {
    int *fds;
    size_t count;
    size_t capacity;
};

/* Keep one more number, by a copy of @like. Returns 0, -EMFILE, or another errno. */
PP_MUST_CHECK int pp_fd_reserve_keep(struct pp_fd_reserve *reserve, int like);

/* Give one up, if there is any, so that the next descriptor has a number. */
void pp_fd_reserve_give_up(struct pp_fd_reserve *reserve);

/* Give all up. */
void pp_fd_reserve_finish(struct pp_fd_reserve *reserve);
