/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Manager namespace: named attributes, kept by a manager for many processes
 *
 *     struct pp_manager_namespace settings;
 *     struct pp_item radius = pp_item_double(1.5);
 *     r = pp_manager_namespace(manager, "settings", &settings);
 *     r = pp_manager_namespace_set(&settings, "radius", &radius);
 *
 * Python: manager.Namespace(). It is a dict with less to do to it; as there, a name that begins
 * with
 * "_" is refused. Besides what is said here, functions return what core/manager.h says.
 */

#include "core/manager_snapshot.h"

struct pp_manager_namespace {
    struct pp_manager_proxy proxy;
};

/*
 * Find the namespace that is called @name, or make one; NULL: make one and make up a name for it.
 * Returns 0 with *ret_namespace; -EEXIST, -EINVAL and -ENOENT as pp_manager_dict().
 */
PP_MUST_CHECK int pp_manager_namespace(struct pp_manager *manager, const char *name,
                                       struct pp_manager_namespace *ret_namespace);

/* Set an attribute. Returns 0; -EINVAL for a name that begins with "_", or "". */
PP_MUST_CHECK int pp_manager_namespace_set(struct pp_manager_namespace *names,
                                           const char *attribute, const struct pp_item *item);

/* Get it. Returns 0 with *ret_item, which the caller finishes; -ENOENT; -EINVAL as above. */
PP_MUST_CHECK int pp_manager_namespace_get(struct pp_manager_namespace *names,
                                           const char *attribute, struct pp_item *ret_item);

/* Take it away. Returns 0; -ENOENT; -EINVAL as above. */
PP_MUST_CHECK int pp_manager_namespace_remove(struct pp_manager_namespace *names,
                                              const char *attribute);

/* All attributes. Returns 0 with *ret_snapshot, which the caller finishes. Python: repr() of it. */
PP_MUST_CHECK int pp_manager_namespace_items(struct pp_manager_namespace *names,
                                             struct pp_manager_snapshot *ret_snapshot);
