/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Manager store: the memory of a manager's objects, of which there is only so much
 *
 * Whatever a client makes the server keep is allocated here, so that one who puts more than there
 * is room for is refused, instead of the server killed for it. An item that is kept never changes,
 * so those who read it while it is taken out of its object share it.
 */

#include "core/item.h"

struct pp_manager_store {
    size_t limit; /* bytes */
    size_t used;  /* with what each piece costs beside its own bytes */
};

/* @bytes zero bytes; NULL where there is no room. Given back with the same @bytes. */
void *pp_manager_store_allocate(struct pp_manager_store *store, size_t bytes);
void pp_manager_store_free(struct pp_manager_store *store, void *memory, size_t bytes);

/* Make an array longer, or shorter: at least what is in both stays. NULL, with the array as it was,
 * where there is no room. */
void *pp_manager_store_resize(struct pp_manager_store *store, void *memory, size_t bytes,
                              size_t new_bytes);

/* An item that is kept; text is one of bytes. */
struct pp_manager_stored {
    struct pp_item item; /* its bytes lie behind */
    size_t references;
};

/* Keep a copy of @item, with one reference. NULL where there is no room. */
struct pp_manager_stored *pp_manager_stored_new(struct pp_manager_store *store,
                                                const struct pp_item *item);

/* One more reference. Returns @stored. */
struct pp_manager_stored *pp_manager_stored_share(struct pp_manager_stored *stored);

/* One less; the last one frees it. NULL is fine. */
void pp_manager_stored_release(struct pp_manager_store *store, struct pp_manager_stored *stored);
