/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Manager event: a flag that the clients of a manager wait for
 *
 * Python: manager.Event(). As core/event.h: who waited when it was set returns 0 even if it was
 * cleared again at once. Besides what is said here, functions return what core/manager.h says.
 */

#include "core/manager.h"

struct pp_manager_event {
    struct pp_manager_proxy proxy;
};

/*
 * Find the event that is called @name, or make one that is not set; NULL: make one and make up a
 * name for it.
 * Returns 0 with *ret_event; -EEXIST, -EINVAL and -ENOENT as pp_manager_dict().
 */
PP_MUST_CHECK int pp_manager_event(struct pp_manager *manager, const char *name,
                                   struct pp_manager_event *ret_event);

/* Set the flag, and wake all who wait; take it back. Return 0. */
PP_MUST_CHECK int pp_manager_event_set(struct pp_manager_event *event);
PP_MUST_CHECK int pp_manager_event_clear(struct pp_manager_event *event);

/* Returns 1 where it is set, now, else 0; or a negative errno. */
PP_MUST_CHECK int pp_manager_event_is_set(struct pp_manager_event *event);

/* Wait up to @timeout_ms until it is set; -1 waits as long as it takes, 0 only looks.
 * Returns 0 or -ETIMEDOUT. */
PP_MUST_CHECK int pp_manager_event_wait(struct pp_manager_event *event, int timeout_ms);
