/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/manager_fetch.h"

/* What is being fetched. */
struct fetch {
    struct pp_manager_snapshot snapshot;
    uint64_t count; /* of entries that the server has said there are */
    size_t capacity;
    bool keys;
    bool items;
};

void pp_manager_snapshot_finish(struct pp_manager_snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->count; i++) {
        free(snapshot->entries[i].key);
        pp_item_finish(&snapshot->entries[i].item);
    }
    free(snapshot->entries);
    *snapshot = (struct pp_manager_snapshot){.entries = NULL};
}

/* As entries come, and not as many as are promised: that is what somebody else says. */
static bool make_room(struct fetch *fetch)
{
    size_t capacity = fetch->capacity < 16 ? 16 : 2 * fetch->capacity;
    struct pp_manager_entry *entries;

    if (fetch->snapshot.count < fetch->capacity) {
        return true;
    }
    entries = reallocarray(fetch->snapshot.entries, capacity, sizeof(*entries));
    if (entries == NULL) {
        return false;
    }
    fetch->snapshot.entries = entries;
    fetch->capacity = capacity;
    return true;
}

/* Returns 0; -ENOMEM. A broken reader is found by the caller. */
static int take_entry(struct fetch *fetch, struct pp_frame_reader *answer)
{
    struct pp_manager_entry *entry;
    struct pp_item item;

    if (!make_room(fetch)) {
        return -ENOMEM;
    }
    entry = &fetch->snapshot.entries[fetch->snapshot.count];
    *entry = (struct pp_manager_entry){.key = NULL};
    if (fetch->keys) {
        size_t length;
        const char *key = pp_frame_get_text(answer, &length);

        entry->key = strndup(key, length);
        if (entry->key == NULL) {
            return -ENOMEM;
        }
    }
    fetch->snapshot.count++;
    item = fetch->items ? pp_frame_get_item(answer) : pp_item_none();
    return pp_item_copy(&entry->item, &item);
}

/* Take all entries of a page. Returns 0; -ENOMEM. */
static int take_page(struct fetch *fetch, struct pp_frame_reader *answer)
{
    int r = 0;

    /* An empty page would come again and again. */
    if (answer->left == 0 && fetch->snapshot.count < fetch->count) {
        answer->broken = true;
    }
    while (r == 0 && answer->left > 0 && !answer->broken) {
        if (fetch->snapshot.count == fetch->count) {
            answer->broken = true;
            break;
        }
        r = take_entry(fetch, answer);
    }
    return r;
}

static int ask(struct fetch *fetch, struct pp_manager_call *call, bool first)
{
    int r = pp_manager_call_wait(call);
    int taken = 0;

    if (r == 0 && first) {
        fetch->count = pp_frame_get_u64(&call->answer);
    }
    if (r == 0) {
        taken = take_page(fetch, &call->answer);
    }
    /* What there is no memory for is left unread; that is not the server's fault. */
    if (taken != 0) {
        call->answer = pp_frame_reader_of(NULL, 0);
    }
    r = pp_manager_call_end(call, r);
    return r == 0 ? taken : r;
}

int pp_manager_fetch(const struct pp_manager_proxy *proxy, uint32_t operation, bool keys,
                     bool items, struct pp_manager_snapshot *ret_snapshot)
{
    struct fetch fetch = {.keys = keys, .items = items};
    struct pp_manager_call call;
    int r = pp_manager_call_begin(&call, proxy, operation);

    if (r == 0) {
        r = ask(&fetch, &call, true);
    }
    while (r == 0 && fetch.snapshot.count < fetch.count) {
        r = pp_manager_call_begin_manager(&call, proxy->manager, PP_MANAGER_MORE);
        if (r == 0) {
            r = ask(&fetch, &call, false);
        }
    }
    if (r != 0) {
        pp_manager_snapshot_finish(&fetch.snapshot);
    }
    *ret_snapshot = fetch.snapshot;
    return r;
}
