/* SPDX-License-Identifier: MIT */

/*
 * All offsets are at most 32 bits wide and added up in 64, so that no sum wraps around; the one
 * comparison that keeps a reader inside is in fits(). Nothing here follows a link by itself, so a
 * chain that bites its own tail is the caller's to cut: by following only a fixed number of links.
 */

#include "filters/tiff_directory.h"

#define ENTRY_BYTES 12

static bool fits(const struct pp_tiff *tiff, uint64_t place, uint64_t bytes)
{
    return place + bytes <= tiff->length;
}

bool pp_tiff_open(struct pp_tiff *tiff, const uint8_t *bytes, size_t length)
{
    if (length < 8 || bytes[0] != bytes[1] || (bytes[0] != 'I' && bytes[0] != 'M')) {
        return false;
    }
    *tiff = (struct pp_tiff){bytes, length, bytes[0] == 'M'};
    return pp_tiff_get_16(tiff, 2) == 42;
}

uint16_t pp_tiff_get_16(const struct pp_tiff *tiff, size_t place)
{
    const uint8_t *at = tiff->bytes + place;

    return (uint16_t)(tiff->big_endian ? at[0] << 8 | at[1] : at[1] << 8 | at[0]);
}

uint32_t pp_tiff_get_32(const struct pp_tiff *tiff, size_t place)
{
    uint32_t first = pp_tiff_get_16(tiff, place);
    uint32_t second = pp_tiff_get_16(tiff, place + 2);

    return tiff->big_endian ? first << 16 | second : second << 16 | first;
}

size_t pp_tiff_first(const struct pp_tiff *tiff)
{
    return pp_tiff_get_32(tiff, 4);
}

bool pp_tiff_find(const struct pp_tiff *tiff, size_t directory, uint16_t tag,
                  struct pp_tiff_entry *ret_entry)
{
    uint16_t count;

    if (directory == 0 || !fits(tiff, directory, 2)) {
        return false;
    }
    count = pp_tiff_get_16(tiff, directory);
    for (uint16_t i = 0; i < count; i++) {
        size_t place = directory + 2 + (size_t)i * ENTRY_BYTES;

        if (!fits(tiff, place, ENTRY_BYTES)) {
            return false;
        }
        if (pp_tiff_get_16(tiff, place) == tag) {
            *ret_entry = (struct pp_tiff_entry){place, pp_tiff_get_16(tiff, place + 2),
                                                pp_tiff_get_32(tiff, place + 4)};
            return true;
        }
    }
    return false;
}

bool pp_tiff_link(const struct pp_tiff *tiff, size_t directory, size_t *ret_place)
{
    size_t place;

    if (directory == 0 || !fits(tiff, directory, 2)) {
        return false;
    }
    place = directory + 2 + (size_t)pp_tiff_get_16(tiff, directory) * ENTRY_BYTES;
    if (!fits(tiff, place, 4)) {
        return false;
    }
    *ret_place = place;
    return true;
}

static uint32_t type_bytes(uint16_t type)
{
    switch (type) {
    case PP_TIFF_BYTE:
        return 1;
    case PP_TIFF_SHORT:
        return 2;
    case PP_TIFF_LONG:
        return 4;
    default:
        return 0;
    }
}

bool pp_tiff_value(const struct pp_tiff *tiff, const struct pp_tiff_entry *entry, uint32_t index,
                   uint32_t *ret_value)
{
    uint32_t bytes = type_bytes(entry->type);
    uint64_t place = entry->place + 8;

    if (bytes == 0 || index >= entry->count) {
        return false;
    }
    if ((uint64_t)entry->count * bytes > 4) {
        place = pp_tiff_get_32(tiff, entry->place + 8);
    }
    place += (uint64_t)index * bytes;
    if (!fits(tiff, place, bytes)) {
        return false;
    }
    *ret_value = bytes == 1   ? tiff->bytes[place]
                 : bytes == 2 ? pp_tiff_get_16(tiff, (size_t)place)
                              : pp_tiff_get_32(tiff, (size_t)place);
    return true;
}
