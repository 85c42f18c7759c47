/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Manager snapshot: all that was in an object of a manager at one moment
 *
 *     struct pp_manager_snapshot snapshot;
 *     r = pp_manager_dict_items(&counts, &snapshot);
 *     for (size_t i = 0; i < snapshot.count; i++) {
 *         printf("%s\n", snapshot.entries[i].key);
 *     }
 *     pp_manager_snapshot_finish(&snapshot);
 *
 * What others change meanwhile, and after, does not show in it: neither half of a change, nor
 * entries twice. Fetched in pieces, so it may be longer than one request can carry.
 *
 * Python: list(d.items()), list(d.keys()), and l[:] of proxies.
 */

#include "core/manager.h"

struct pp_manager_entry {
    char *key;           /* owned; NULL in that of a list */
    struct pp_item item; /* owned; None where only keys were asked for */
};

/* Fields are read only. */
struct pp_manager_snapshot {
    struct pp_manager_entry *entries; /* owned; in the order in which they were put in */
    size_t count;
};

/* Free it, and make it empty. All zero is fine. */
void pp_manager_snapshot_finish(struct pp_manager_snapshot *snapshot);
