/* SPDX-License-Identifier: MIT */
/*
 * Each future tells the iterator when it is done, and is put at the end of a list then. What was
 * done from the start is in front, in the order of the array.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/as_completed.h"
#include "core/pool_private.h"
#include "core/pool_set.h"

struct entry {
    struct pp_as_completed *iterator;
    struct pp_future *future;
    size_t index;  /* in the caller's array */
    size_t place;  /* of its pool */
    bool awaited;  /* it will tell when it is done */
    bool repeated; /* the same future as another entry */
    struct entry *next;
};

struct pp_as_completed {
    struct entry *entries;
    size_t count;
    size_t left; /* futures that were not returned */
    struct entry *first_done;
    struct entry *last_done;
    struct pp_pool_set pools;
};

static void add_done(struct pp_as_completed *iterator, struct entry *entry)
{
    if (iterator->last_done != NULL) {
        iterator->last_done->next = entry;
    } else {
        iterator->first_done = entry;
    }
    iterator->last_done = entry;
}

static void when_done(struct pp_future *future, void *user)
{
    struct entry *entry = user;

    (void)future;
    entry->awaited = false;
    pp_pool_set_remove(&entry->iterator->pools, entry->place);
    add_done(entry->iterator, entry);
}

static int compare_futures(const void *a, const void *b)
{
    const struct entry *left = a;
    const struct entry *right = b;

    if (left->future != right->future) {
        return (uintptr_t)left->future < (uintptr_t)right->future ? -1 : 1;
    }
    return left->index < right->index ? -1 : 1;
}

static int compare_indices(const void *a, const void *b)
{
    const struct entry *left = a;
    const struct entry *right = b;

    return left->index < right->index ? -1 : left->index > right->index;
}

/* A future that is there twice is returned once: where it comes first. */
static void mark_repeated(struct entry *entries, size_t count)
{
    qsort(entries, count, sizeof(*entries), compare_futures);
    for (size_t i = 1; i < count; i++) {
        entries[i].repeated = entries[i].future == entries[i - 1].future;
    }
    qsort(entries, count, sizeof(*entries), compare_indices);
}

static int begin(struct pp_as_completed *iterator, struct entry *entry)
{
    int r;

    iterator->left++;
    if (pp_future_done(entry->future)) {
        add_done(iterator, entry);
        return 0;
    }
    r = pp_pool_set_add(&iterator->pools, entry->future->pool, &entry->place);
    if (r == 0) {
        r = pp_future_add_done_callback(entry->future, when_done, entry);
    }
    entry->awaited = r == 0;
    return r;
}

static int fill(struct pp_as_completed *iterator, struct pp_future *const *futures)
{
    int r = 0;

    for (size_t i = 0; i < iterator->count; i++) {
        iterator->entries[i] =
            (struct entry){.iterator = iterator, .future = futures[i], .index = i};
    }
    mark_repeated(iterator->entries, iterator->count);
    for (size_t i = 0; r == 0 && i < iterator->count; i++) {
        if (!iterator->entries[i].repeated) {
            r = begin(iterator, &iterator->entries[i]);
        }
    }
    return r;
}

int pp_as_completed_create(struct pp_as_completed **ret_iterator, struct pp_future *const *futures,
                           size_t count)
{
    struct pp_as_completed *iterator = calloc(1, sizeof(*iterator));
    int r = -ENOMEM;

    if (iterator == NULL) {
        return r;
    }
    iterator->entries = calloc(count == 0 ? 1 : count, sizeof(*iterator->entries));
    if (iterator->entries != NULL) {
        iterator->count = count;
        r = fill(iterator, futures);
    }
    if (r != 0) {
        pp_as_completed_destroy(iterator);
        return r;
    }
    *ret_iterator = iterator;
    return 0;
}

int pp_as_completed_next(struct pp_as_completed *iterator, int timeout_ms,
                         struct pp_future **ret_future)
{
    uint64_t deadline_ns = pp_pool_deadline_ns(timeout_ms);
    struct entry *entry;
    bool looked = false;
    int r = 0;

    if (iterator->left == 0) {
        return -ENOENT;
    }
    while (r == 0 && iterator->first_done == NULL) {
        r = pp_pool_set_wait_once(&iterator->pools, timeout_ms, deadline_ns, &looked);
    }
    entry = iterator->first_done;
    if (entry == NULL) {
        return r;
    }
    iterator->first_done = entry->next;
    iterator->last_done = entry->next == NULL ? NULL : iterator->last_done;
    iterator->left--;
    *ret_future = entry->future;
    return 0;
}

void pp_as_completed_destroy(struct pp_as_completed *iterator)
{
    if (iterator == NULL) {
        return;
    }
    for (size_t i = 0; i < iterator->count; i++) {
        if (iterator->entries[i].awaited) {
            pp_future_remove_done_callback(iterator->entries[i].future, when_done,
                                           &iterator->entries[i]);
        }
    }
    pp_pool_set_finish(&iterator->pools);
    free(iterator->entries);
    free(iterator);
}
