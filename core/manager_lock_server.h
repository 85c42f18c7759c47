/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Manager lock server: what conditions have to know of the locks in a manager's server
 */

#include "core/manager_peer.h"

struct pp_manager_condition_object;

enum pp_manager_lock_state { PP_MANAGER_LOCK_WHOLE, PP_MANAGER_LOCK_BROKEN, PP_MANAGER_LOCK_LOST };

/* A lock, or an rlock. */
struct pp_manager_lock_object {
    struct pp_manager_object object;
    struct pp_manager_holding *holder; /* count: how often it was acquired; NULL: free */
    struct pp_manager_line line;       /* number: the count it gets; outcome: what it is told */
    LIST_HEAD(, pp_manager_condition_object) conditions; /* of an rlock */
    enum pp_manager_lock_state state;                    /* of what it guards */
};

/* A condition of an rlock. Who waits in its line keeps a holding of the lock, though not the lock
 * itself, so that getting it back needs no memory. */
struct pp_manager_condition_object {
    struct pp_manager_object object;
    struct pp_manager_lock_object *lock; /* NULL: it was removed */
    LIST_ENTRY(pp_manager_condition_object) of_lock;
    struct pp_manager_line line;
};

/* Give it to the first who waits for it, where it is free. */
void pp_manager_lock_object_settle(struct pp_manager_lock_object *lock);

/* Nobody will ever get it any more: tell all who wait for it, and for its conditions. */
void pp_manager_lock_object_give_up(struct pp_manager_lock_object *lock);
