/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "core/manager_store.h"

/* What malloc() needs for itself, about. */
#define PIECE_BYTES 16

void *pp_manager_store_allocate(struct pp_manager_store *store, size_t bytes)
{
    return pp_manager_store_resize(store, NULL, 0, bytes);
}

void *pp_manager_store_resize(struct pp_manager_store *store, void *memory, size_t bytes,
                              size_t new_bytes)
{
    size_t before = memory == NULL ? 0 : bytes + PIECE_BYTES;
    size_t after;
    char *resized;

    if (!pp_size_add(new_bytes, PIECE_BYTES, &after) ||
        (after > before && after - before > store->limit - store->used)) {
        return NULL;
    }
    resized = realloc(memory, new_bytes);
    if (resized == NULL) {
        return NULL;
    }
    if (new_bytes > bytes) {
        memset(resized + bytes, 0, new_bytes - bytes);
    }
    store->used = store->used - before + after;
    return resized;
}

void pp_manager_store_free(struct pp_manager_store *store, void *memory, size_t bytes)
{
    if (memory != NULL) {
        store->used -= bytes + PIECE_BYTES;
        free(memory);
    }
}

static size_t bytes_of(const struct pp_manager_stored *stored)
{
    return sizeof(*stored) + stored->item.length;
}

struct pp_manager_stored *pp_manager_stored_new(struct pp_manager_store *store,
                                                const struct pp_item *item)
{
    struct pp_manager_stored *stored;
    size_t bytes;

    if (!pp_size_add(sizeof(*stored), item->length, &bytes)) {
        return NULL;
    }
    stored = pp_manager_store_allocate(store, bytes);
    if (stored == NULL) {
        return NULL;
    }
    stored->references = 1;
    stored->item = *item;
    stored->item.memory = NULL;
    if (item->kind == PP_ITEM_BYTES) {
        stored->item.bytes = stored + 1;
        if (item->length != 0) {
            memcpy(stored + 1, item->bytes, item->length);
        }
    }
    return stored;
}

struct pp_manager_stored *pp_manager_stored_share(struct pp_manager_stored *stored)
{
    stored->references++;
    return stored;
}

void pp_manager_stored_release(struct pp_manager_store *store, struct pp_manager_stored *stored)
{
    if (stored != NULL && --stored->references == 0) {
        pp_manager_store_free(store, stored, bytes_of(stored));
    }
}
