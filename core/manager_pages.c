/* SPDX-License-Identifier: MIT */
/*
 * A snapshot is references to items that never change, so making one costs a pointer for each, and
 * it stays what it was while others change the object. A client has one at a time: it is dropped
 * when the client asks for anything but the next page.
 */
#include <errno.h>

#include "core/manager_pages.h"
#include "core/manager_server.h"

struct pp_manager_stored **pp_manager_pages_begin(struct pp_manager_request *request, size_t count,
                                                  size_t width, bool keyed)
{
    struct pp_manager_pages *pages = &request->peer->pages;
    size_t bytes;

    pp_manager_pages_finish(request->peer);
    if (!pp_size_multiply(count * width, sizeof(struct pp_manager_stored *), &bytes)) {
        return NULL;
    }
    /* Not of no bytes at all, which would look like no room. */
    pages->entries = pp_manager_store_allocate(&request->peer->server->store, bytes + 1);
    if (pages->entries == NULL) {
        return NULL;
    }
    pages->count = count;
    pages->width = width;
    pages->keyed = keyed;
    pp_frame_put_u64(request->answer, count);
    return pages->entries;
}

/* What an entry takes in the answer, at most. */
static size_t bytes_of(const struct pp_manager_pages *pages, size_t index)
{
    size_t bytes = 0;

    for (size_t i = 0; i < pages->width; i++) {
        bytes += 9 + pages->entries[index * pages->width + i]->item.length;
    }
    return bytes;
}

/* Keys are the first of their entry, and text; items are all else. */
static void put_entry(struct pp_frame_writer *answer, const struct pp_manager_pages *pages,
                      size_t index)
{
    for (size_t i = 0; i < pages->width; i++) {
        const struct pp_item *item = &pages->entries[index * pages->width + i]->item;

        if (pages->keyed && i == 0) {
            pp_frame_put_text(answer, item->bytes, item->length);
        } else {
            pp_frame_put_item(answer, item);
        }
    }
}

int pp_manager_pages_next(struct pp_manager_request *request)
{
    struct pp_manager_pages *pages = &request->peer->pages;
    size_t begin = request->answer->length;
    size_t first = pages->sent;

    if (pages->entries == NULL) {
        return PP_MANAGER_NONSENSE;
    }
    while (pages->sent < pages->count &&
           (pages->sent == first || request->answer->length - begin + bytes_of(pages, pages->sent) <
                                        PP_MANAGER_PAGE_BYTES)) {
        put_entry(request->answer, pages, pages->sent);
        pages->sent++;
    }
    if (pages->sent == pages->count || request->answer->error != 0) {
        pp_manager_pages_finish(request->peer);
    }
    return 0;
}

void pp_manager_pages_finish(struct pp_manager_peer *peer)
{
    struct pp_manager_store *store = &peer->server->store;
    struct pp_manager_pages *pages = &peer->pages;
    size_t length = pages->count * pages->width;

    if (pages->entries == NULL) {
        return;
    }
    for (size_t i = 0; i < length; i++) {
        pp_manager_stored_release(store, pages->entries[i]);
    }
    pp_manager_store_free(store, pages->entries, length * sizeof(struct pp_manager_stored *) + 1);
    *pages = (struct pp_manager_pages){.entries = NULL};
}
