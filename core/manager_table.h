/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Manager table: what is known by a key, in the order in which the keys were new
 *
 * Under a manager's dicts and namespaces, and under the names of its objects. Keys are bytes, kept
 * as stored items, so that a snapshot shares them.
 */

#include "core/manager_store.h"

struct pp_manager_table_entry {
    struct pp_manager_stored *key; /* NULL: taken out */
    void *value;                   /* the owner's */
    uint64_t hash;
};

/* All zero is an empty one; the store is given to each call that may need it. */
struct pp_manager_table {
    struct pp_manager_table_entry *entries; /* in their order, with gaps */
    uint32_t *places;                       /* of a power of two: 0 empty, or 1 + an entry */
    uint32_t place_count;
    uint32_t used;   /* entries, with the gaps */
    uint32_t length; /* without */
};

/* The most keys of one table. */
#define PP_MANAGER_TABLE_MAX (UINT32_C(1) << 28)

/* The entry of a key, whose value may be written; NULL where there is none. Good until the next
 * change. */
struct pp_manager_table_entry *pp_manager_table_find(const struct pp_manager_table *table,
                                                     const char *key, size_t length);

/* An entry for a key that has none, with the value NULL. NULL where there is no room. */
struct pp_manager_table_entry *pp_manager_table_add(struct pp_manager_table *table,
                                                    struct pp_manager_store *store, const char *key,
                                                    size_t length);

/* Take an entry out; its value is the caller's. */
void pp_manager_table_remove(struct pp_manager_table *table, struct pp_manager_store *store,
                             struct pp_manager_table_entry *entry);

/* The first entry from @position on, and the position behind it; NULL where there is none. */
struct pp_manager_table_entry *pp_manager_table_next(const struct pp_manager_table *table,
                                                     uint32_t *position);

/* Free keys and table, and make it an empty one; values are the caller's. */
void pp_manager_table_finish(struct pp_manager_table *table, struct pp_manager_store *store);
