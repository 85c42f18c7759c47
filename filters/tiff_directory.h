/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * TIFF directory: find a tag in the structure that TIFF files and EXIF share
 *
 * A header, then directories of 12-byte entries, chained and nested by offsets. Reads only, returns
 * places instead of pointers, and checks every one of them: a place that these functions return
 * lies inside the structure with all the bytes that its comment names. The bytes come from
 * strangers.
 */

#include "core/base.h"

struct pp_tiff {
    const uint8_t *bytes; /* not owned; starts at "II" or "MM" */
    size_t length;        /* bytes */
    bool big_endian;
};

/* One entry of a directory. */
struct pp_tiff_entry {
    size_t place; /* of its 12 bytes: tag, type, count, value or the value's offset */
    uint16_t type;
    uint32_t count; /* values of that type */
};

/* The types whose values are whole numbers. */
enum { PP_TIFF_BYTE = 1, PP_TIFF_SHORT = 3, PP_TIFF_LONG = 4 };

/* Returns false where @bytes do not start with the header of a (classic) TIFF structure. */
PP_MUST_CHECK bool pp_tiff_open(struct pp_tiff *tiff, const uint8_t *bytes, size_t length);

/* The number of 2 or 4 bytes at @place, which the caller knows to be inside. */
uint16_t pp_tiff_get_16(const struct pp_tiff *tiff, size_t place);
uint32_t pp_tiff_get_32(const struct pp_tiff *tiff, size_t place);

/* The place of the first directory, unchecked: the calls below check it. */
size_t pp_tiff_first(const struct pp_tiff *tiff);

/*
 * Find @tag in @directory, the place of a directory. Entries beyond the end of a structure that was
 * cut off are not found.
 * Returns false where there is none, or no directory.
 */
PP_MUST_CHECK bool pp_tiff_find(const struct pp_tiff *tiff, size_t directory, uint16_t tag,
                                struct pp_tiff_entry *ret_entry);

/*
 * Find where @directory keeps the offset of the one that follows it: 4 bytes at *ret_place.
 * Returns false where the directory does not fit.
 */
PP_MUST_CHECK bool pp_tiff_link(const struct pp_tiff *tiff, size_t directory, size_t *ret_place);

/*
 * Read value @index, from 0, of an entry of whole numbers.
 * Returns false for another type, an index beyond the count, or a value that lies outside.
 */
PP_MUST_CHECK bool pp_tiff_value(const struct pp_tiff *tiff, const struct pp_tiff_entry *entry,
                                 uint32_t index, uint32_t *ret_value);
