/* SPDX-License-Identifier: MIT */
/*
 * A slot that comes back is kept, and goes to the next task that it suits, the smallest first.
 * Where no free one suits, all of them make room for a new one: so there are never more slots than
 * were lent at one time, and photos of one size share theirs from the first to the last.
 *
 * A slot does not suit what needs less than a FIT_MAX'th of it. Pages that were written once stay
 * taken, so small outputs in slots of large photos would keep the memory of photos that nobody
 * works on, while the next large photo gets a slot of its own.
 *
 * A dropped slot may still be mapped in workers; its id is queued for them to hear of it. Its pages
 * are given back at once: a worker that is busy hears only later.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/log.h"
#include "core/slots.h"

/* How many times larger than asked for a slot may be. */
enum { FIT_MAX = 4 };

struct entry {
    struct pp_slot slot; /* first: a lent slot's address is its entry's */
    unsigned borrowers;  /* 0: free */
    struct entry *next;
};

struct dropped {
    uint32_t id;
    struct dropped *next;
};

struct pp_slots {
    struct entry *entries;
    struct dropped *dropped;
    uint32_t last_id;
};

int pp_slots_create(struct pp_slots **ret_slots)
{
    struct pp_slots *slots = calloc(1, sizeof(*slots));

    if (slots == NULL) {
        return -ENOMEM;
    }
    *ret_slots = slots;
    return 0;
}

static bool suits(const struct entry *entry, size_t bytes)
{
    size_t capacity = entry->slot.capacity;

    return entry->borrowers == 0 && capacity >= bytes && (capacity / FIT_MAX <= bytes);
}

/* The smallest free slot that suits, NULL where there is none. */
static struct entry *find_free(struct pp_slots *slots, size_t bytes)
{
    struct entry *best = NULL;

    for (struct entry *entry = slots->entries; entry != NULL; entry = entry->next) {
        if (suits(entry, bytes) && (best == NULL || entry->slot.capacity < best->slot.capacity)) {
            best = entry;
        }
    }
    return best;
}

/* Whatever maps the slot finds zeros there afterwards. */
static void give_back_pages(const struct entry *entry, size_t start)
{
    if (start < entry->slot.capacity &&
        fallocate(entry->slot.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)start,
                  (off_t)(entry->slot.capacity - start)) != 0) {
        pp_log(PP_LOG_DEBUG, "slots", "slot %u keeps its pages", entry->slot.id);
    }
}

/* Drop a free slot: its pages go at once, its mappings in workers when they hear of it. */
static bool drop(struct pp_slots *slots, struct entry **at)
{
    struct dropped *dropped = malloc(sizeof(*dropped));
    struct entry *entry = *at;

    if (dropped == NULL) {
        return false; /* keeping a slot too many is the lesser evil */
    }
    *at = entry->next;
    dropped->id = entry->slot.id;
    dropped->next = slots->dropped;
    slots->dropped = dropped;
    give_back_pages(entry, 0);
    pp_slot_finish(&entry->slot);
    free(entry);
    return true;
}

/* None of the free slots suits: their memory is needed for one that does. */
static void make_room(struct pp_slots *slots)
{
    struct entry **at = &slots->entries;

    while (*at != NULL) {
        if ((*at)->borrowers > 0 || !drop(slots, at)) {
            at = &(*at)->next;
        }
    }
}

/* Room to grow into: an eighth more, so that photos of nearly one size share one slot. */
static size_t roomy(size_t bytes)
{
    return bytes < SIZE_MAX / 2 ? bytes + bytes / 8 : bytes;
}

/*
 * Give back the pages beyond @bytes, which an earlier, larger task had taken and this one will not
 * touch: but only where they are many, since the next large task has to take them again.
 */
static void trim(const struct entry *entry, size_t bytes)
{
    size_t unused = entry->slot.capacity - bytes;

    if (unused > entry->slot.capacity / 4) {
        size_t start = pp_size_round_up(bytes, (size_t)sysconf(_SC_PAGESIZE));

        give_back_pages(entry, start);
    }
}

int pp_slots_lend(struct pp_slots *slots, size_t bytes, struct pp_slot **ret_slot)
{
    struct entry *entry = bytes == 0 ? NULL : find_free(slots, bytes);
    int r;

    if (entry == NULL) {
        make_room(slots);
        entry = calloc(1, sizeof(*entry));
        if (entry == NULL) {
            return -ENOMEM;
        }
        r = pp_slot_create(&entry->slot, slots->last_id + 1, roomy(bytes));
        if (r != 0) {
            free(entry);
            return r;
        }
        slots->last_id++;
        entry->next = slots->entries;
        slots->entries = entry;
        pp_log(PP_LOG_DEBUG, "slots", "made slot %u of %zu bytes", entry->slot.id,
               entry->slot.capacity);
    }
    trim(entry, bytes);
    entry->borrowers = 1;
    *ret_slot = &entry->slot;
    return 0;
}

static struct entry *entry_of(struct pp_slots *slots, const struct pp_slot *slot)
{
    struct entry *entry = slots->entries;

    while (entry != NULL && &entry->slot != slot) {
        entry = entry->next;
    }
    return entry;
}

void pp_slots_share(struct pp_slots *slots, struct pp_slot *slot)
{
    entry_of(slots, slot)->borrowers++;
}

void pp_slots_take_back(struct pp_slots *slots, struct pp_slot *slot)
{
    entry_of(slots, slot)->borrowers--;
}

static size_t sum(const struct pp_slots *slots, bool lent_only)
{
    size_t bytes = 0;

    for (const struct entry *entry = slots->entries; entry != NULL; entry = entry->next) {
        bytes += lent_only && entry->borrowers == 0 ? 0 : entry->slot.capacity;
    }
    return bytes;
}

size_t pp_slots_lent_bytes(const struct pp_slots *slots)
{
    return sum(slots, true);
}

size_t pp_slots_bytes(const struct pp_slots *slots)
{
    return sum(slots, false);
}

uint32_t pp_slots_next_dropped(struct pp_slots *slots)
{
    struct dropped *dropped = slots->dropped;
    uint32_t id;

    if (dropped == NULL) {
        return 0;
    }
    id = dropped->id;
    slots->dropped = dropped->next;
    free(dropped);
    return id;
}

void pp_slots_destroy(struct pp_slots *slots)
{
    if (slots == NULL) {
        return;
    }
    while (slots->entries != NULL) {
        struct entry *entry = slots->entries;

        slots->entries = entry->next;
        pp_slot_finish(&entry->slot);
        free(entry);
    }
    while (pp_slots_next_dropped(slots) != 0) {
    }
    free(slots);
}
