/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "core/pool_private.h"
#include "core/pool_set.h"

static bool grow(struct pp_pool_set *set)
{
    size_t capacity = set->capacity * 2 + 4;
    struct pp_pool_set_entry *entries = reallocarray(set->entries, capacity, sizeof(*entries));
    struct pollfd *fds;

    if (entries == NULL) {
        return false;
    }
    set->entries = entries;
    fds = reallocarray(set->fds, capacity, sizeof(*fds));
    if (fds == NULL) {
        return false;
    }
    set->fds = fds;
    set->capacity = capacity;
    return true;
}

int pp_pool_set_add(struct pp_pool_set *set, struct pp_pool *pool, size_t *ret_place)
{
    size_t place = 0;

    while (place < set->count && set->entries[place].pool != pool) {
        place++;
    }
    if (place == set->count) {
        if (set->count == set->capacity && !grow(set)) {
            return -ENOMEM;
        }
        set->entries[place] = (struct pp_pool_set_entry){.pool = pool};
        set->count++;
    }
    set->entries[place].awaited++;
    *ret_place = place;
    return 0;
}

void pp_pool_set_remove(struct pp_pool_set *set, size_t place)
{
    set->entries[place].awaited--;
}

/* Poll the pools that are waited for. Returns how many have something to do, or -errno. */
static int look(struct pp_pool_set *set, int left)
{
    int ready;

    for (size_t i = 0; i < set->count; i++) {
        const struct pp_pool_set_entry *entry = &set->entries[i];

        set->fds[i] = (struct pollfd){.fd = -1, .events = POLLIN};
        if (entry->awaited == 0) {
            continue; /* it may be gone by now */
        }
        if (entry->pool->busy) {
            return -EDEADLK;
        }
        set->fds[i].fd = pp_pool_fd(entry->pool);
    }
    ready = poll(set->fds, set->count, left);
    return ready < 0 ? -errno : ready;
}

int pp_pool_set_wait_once(struct pp_pool_set *set, int timeout_ms, uint64_t deadline_ns,
                          bool *looked)
{
    int left = pp_pool_time_left(timeout_ms, deadline_ns);
    int ready;
    int r = 0;

    if (*looked && left == 0) {
        return -ETIMEDOUT;
    }
    *looked = true;
    ready = look(set, left);
    if (ready < 0) {
        return ready;
    }
    for (size_t i = 0; i < set->count; i++) {
        /* Where time is over, all of them once more, like pp_pool_next(). */
        if (set->entries[i].awaited > 0 && (set->fds[i].revents != 0 || ready == 0)) {
            int dispatched = pp_pool_dispatch(set->entries[i].pool);

            r = r == 0 ? dispatched : r;
        }
    }
    return r;
}

void pp_pool_set_finish(struct pp_pool_set *set)
{
    free(set->entries);
    free(set->fds);
    *set = (struct pp_pool_set){0};
}
