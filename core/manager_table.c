/* SPDX-License-Identifier: MIT */
/*
 * As Python's dict: the entries lie in an array in the order in which they came, and beside it a
 * hash table of 32-bit numbers finds them. What is taken out leaves a gap, so that others keep
 * their places; gaps go when the array is full and is copied anyway. Places of the hash table that
 * led to a gap still do, so that searches go on behind them, and go with it.
 *
 * A place that leads to a gap may be told from one that leads to another entry, but needs no mark
 * for it: a gap equals no key.
 */
#include <string.h>

#include "core/manager_table.h"

#define PLACES_MIN 8

/* FNV-1a. Who may talk to the server may do worse to it than to fill one chain. */
static uint64_t hash_of(const char *key, size_t length)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (uint8_t)key[i]) * UINT64_C(0x100000001b3);
    }
    return hash ^ hash >> 32; /* the low bits choose the place */
}

/* Entries that fit: three of four places, so that a search meets an empty one soon. */
static uint32_t room_of(uint32_t place_count)
{
    return place_count / 4 * 3;
}

static bool has_key(const struct pp_manager_table_entry *entry, uint64_t hash, const char *key,
                    size_t length)
{
    return entry->key != NULL && entry->hash == hash && entry->key->item.length == length &&
           (length == 0 || memcmp(entry->key->item.bytes, key, length) == 0);
}

struct pp_manager_table_entry *pp_manager_table_find(const struct pp_manager_table *table,
                                                     const char *key, size_t length)
{
    uint64_t hash = hash_of(key, length);

    if (table->place_count == 0) {
        return NULL;
    }
    for (uint64_t place = hash;; place++) {
        uint32_t number = table->places[place & (table->place_count - 1)];

        if (number == 0) {
            return NULL;
        }
        if (has_key(&table->entries[number - 1], hash, key, length)) {
            return &table->entries[number - 1];
        }
    }
}

static void enter_place(struct pp_manager_table *table, uint32_t number)
{
    uint64_t place = table->entries[number - 1].hash;

    while (table->places[place & (table->place_count - 1)] != 0) {
        place++;
    }
    table->places[place & (table->place_count - 1)] = number;
}

/* Copy what is there, without gaps, into a table of @place_count places. */
static bool rebuild(struct pp_manager_table *table, struct pp_manager_store *store,
                    uint32_t place_count)
{
    struct pp_manager_table built = {.place_count = place_count};
    struct pp_manager_table_entry *entry;
    uint32_t position = 0;

    built.places = pp_manager_store_allocate(store, place_count * sizeof(*built.places));
    built.entries = pp_manager_store_allocate(store, room_of(place_count) * sizeof(*built.entries));
    if (built.places == NULL || built.entries == NULL) {
        pp_manager_store_free(store, built.places, place_count * sizeof(*built.places));
        pp_manager_store_free(store, built.entries, room_of(place_count) * sizeof(*built.entries));
        return false;
    }
    while ((entry = pp_manager_table_next(table, &position)) != NULL) {
        built.entries[built.used++] = *entry;
        enter_place(&built, built.used);
    }
    built.length = built.used;
    table->length = 0; /* the keys have moved */
    table->used = 0;
    pp_manager_table_finish(table, store);
    *table = built;
    return true;
}

/* Room for one more entry. Half full after it was copied, so that the next copy is as far away as
 * this one was dear. */
static bool make_room(struct pp_manager_table *table, struct pp_manager_store *store)
{
    uint32_t place_count = PLACES_MIN;

    if (table->used < room_of(table->place_count)) {
        return true;
    }
    if (table->length >= PP_MANAGER_TABLE_MAX) {
        return false;
    }
    while (room_of(place_count) / 2 <= table->length) {
        place_count *= 2;
    }
    return rebuild(table, store, place_count);
}

struct pp_manager_table_entry *pp_manager_table_add(struct pp_manager_table *table,
                                                    struct pp_manager_store *store, const char *key,
                                                    size_t length)
{
    struct pp_item item = pp_item_bytes(key, length);
    struct pp_manager_stored *stored = pp_manager_stored_new(store, &item);
    struct pp_manager_table_entry *entry;

    if (stored == NULL || !make_room(table, store)) {
        pp_manager_stored_release(store, stored);
        return NULL;
    }
    entry = &table->entries[table->used++];
    entry->key = stored;
    entry->value = NULL;
    entry->hash = hash_of(key, length);
    enter_place(table, table->used);
    table->length++;
    return entry;
}

void pp_manager_table_remove(struct pp_manager_table *table, struct pp_manager_store *store,
                             struct pp_manager_table_entry *entry)
{
    pp_manager_stored_release(store, entry->key);
    entry->key = NULL;
    table->length--;
    if (table->length == 0) {
        pp_manager_table_finish(table, store);
    }
}

struct pp_manager_table_entry *pp_manager_table_next(const struct pp_manager_table *table,
                                                     uint32_t *position)
{
    while (*position < table->used) {
        struct pp_manager_table_entry *entry = &table->entries[(*position)++];

        if (entry->key != NULL) {
            return entry;
        }
    }
    return NULL;
}

void pp_manager_table_finish(struct pp_manager_table *table, struct pp_manager_store *store)
{
    struct pp_manager_table_entry *entry;
    uint32_t position = 0;

    while ((entry = pp_manager_table_next(table, &position)) != NULL) {
        pp_manager_stored_release(store, entry->key);
    }
    pp_manager_store_free(store, table->entries,
                          room_of(table->place_count) * sizeof(*table->entries));
    pp_manager_store_free(store, table->places, table->place_count * sizeof(*table->places));
    *table = (struct pp_manager_table){.entries = NULL};
}
