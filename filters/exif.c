/* SPDX-License-Identifier: MIT */

/*
 * EXIF is a TIFF structure: a first directory about the picture, one below it about the exposure
 * (tag 0x8769), and a second one about the preview, which the first links to. The preview is the
 * picture as the camera saw it: whoever crops, blurs or turns a picture must not leave it in the
 * file. Its directory is unlinked and its data overwritten by zeros. Nothing moves, because maker
 * notes contain offsets that only their maker knows.
 *
 * Previews inside maker notes are beyond reach for the same reason.
 */

#include <string.h>

#include "filters/exif.h"
#include "filters/tiff_directory.h"

enum {
    TAG_WIDTH = 0x0100,
    TAG_HEIGHT = 0x0101,
    TAG_STRIP_OFFSETS = 0x0111,
    TAG_ORIENTATION = 0x0112,
    TAG_STRIP_BYTES = 0x0117,
    TAG_JPEG_OFFSET = 0x0201,
    TAG_JPEG_BYTES = 0x0202,
    TAG_EXPOSURE = 0x8769, /* offset of the directory with the next two */
    TAG_PIXEL_WIDTH = 0xA002,
    TAG_PIXEL_HEIGHT = 0xA003
};

/* An uncompressed preview comes in few strips; more are an attempt to keep us busy. */
#define STRIPS_MAX 256

int32_t pp_exif_orientation(const struct pp_blob *exif)
{
    struct pp_tiff tiff;
    struct pp_tiff_entry entry;
    uint32_t value;

    if (!pp_tiff_open(&tiff, exif->bytes, exif->length) ||
        !pp_tiff_find(&tiff, pp_tiff_first(&tiff), TAG_ORIENTATION, &entry) ||
        !pp_tiff_value(&tiff, &entry, 0, &value) || value < 1 || value > 8) {
        return 1;
    }
    return (int32_t)value;
}

static void put(const struct pp_tiff *tiff, struct pp_blob *exif, size_t place, uint32_t value,
                unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        unsigned shift = 8 * (tiff->big_endian ? bytes - 1 - i : i);

        exif->bytes[place + i] = (uint8_t)(value >> shift);
    }
}

/* Make the entry of @tag, where there is one, hold @value alone; it has room for 4 bytes. */
static void set_number(const struct pp_tiff *tiff, struct pp_blob *exif, size_t directory,
                       uint16_t tag, uint32_t value)
{
    struct pp_tiff_entry entry;
    bool is_long;

    if (!pp_tiff_find(tiff, directory, tag, &entry)) {
        return;
    }
    is_long = value > UINT16_MAX || entry.type == PP_TIFF_LONG;
    put(tiff, exif, entry.place + 2, is_long ? PP_TIFF_LONG : PP_TIFF_SHORT, 2);
    put(tiff, exif, entry.place + 4, 1, 4);
    put(tiff, exif, entry.place + 8, 0, 4);
    put(tiff, exif, entry.place + 8, value, is_long ? 4 : 2);
}

/* The place of the directory whose offset @tag of @directory holds; 0 where there is none. */
static size_t directory_below(const struct pp_tiff *tiff, size_t directory, uint16_t tag)
{
    struct pp_tiff_entry entry;
    uint32_t place;

    return pp_tiff_find(tiff, directory, tag, &entry) && pp_tiff_value(tiff, &entry, 0, &place)
               ? place
               : 0;
}

/* Whether bytes @from to @to - 1 reach into @directory. */
static bool touches(const struct pp_tiff *tiff, size_t directory, uint64_t from, uint64_t to)
{
    size_t link;

    return pp_tiff_link(tiff, directory, &link) && from < link + 4 && to > directory;
}

/* Zero a piece of the preview; a lying offset must not take the tags that stay with it. */
static void clear(const struct pp_tiff *tiff, struct pp_blob *exif, uint32_t offset, uint32_t bytes)
{
    size_t first = pp_tiff_first(tiff);
    uint64_t end = (uint64_t)offset + bytes;

    if (end > exif->length || offset < 8 || touches(tiff, first, offset, end) ||
        touches(tiff, directory_below(tiff, first, TAG_EXPOSURE), offset, end)) {
        return;
    }
    memset(exif->bytes + offset, 0, bytes);
}

static void clear_all(const struct pp_tiff *tiff, struct pp_blob *exif, size_t directory,
                      uint16_t offset_tag, uint16_t bytes_tag)
{
    struct pp_tiff_entry offsets;
    struct pp_tiff_entry sizes;

    if (!pp_tiff_find(tiff, directory, offset_tag, &offsets) ||
        !pp_tiff_find(tiff, directory, bytes_tag, &sizes)) {
        return;
    }
    for (uint32_t i = 0; i < STRIPS_MAX; i++) {
        uint32_t offset;
        uint32_t bytes;

        if (!pp_tiff_value(tiff, &offsets, i, &offset) || !pp_tiff_value(tiff, &sizes, i, &bytes)) {
            return;
        }
        clear(tiff, exif, offset, bytes);
    }
}

static void remove_preview(const struct pp_tiff *tiff, struct pp_blob *exif)
{
    size_t first = pp_tiff_first(tiff);
    size_t link;
    size_t preview;

    if (!pp_tiff_link(tiff, first, &link)) {
        return;
    }
    preview = pp_tiff_get_32(tiff, link);
    if (preview != first) {
        clear_all(tiff, exif, preview, TAG_JPEG_OFFSET, TAG_JPEG_BYTES);
        clear_all(tiff, exif, preview, TAG_STRIP_OFFSETS, TAG_STRIP_BYTES);
    }
    put(tiff, exif, link, 0, 4);
}

void pp_exif_update(struct pp_blob *exif, struct pp_size size)
{
    struct pp_tiff tiff;
    size_t first;
    size_t exposure;

    if (!pp_tiff_open(&tiff, exif->bytes, exif->length)) {
        return;
    }
    /* The preview goes first: after that, every byte that is changed belongs to a found entry. */
    remove_preview(&tiff, exif);
    first = pp_tiff_first(&tiff);
    set_number(&tiff, exif, first, TAG_ORIENTATION, 1);
    set_number(&tiff, exif, first, TAG_WIDTH, (uint32_t)size.width);
    set_number(&tiff, exif, first, TAG_HEIGHT, (uint32_t)size.height);
    exposure = directory_below(&tiff, first, TAG_EXPOSURE);
    set_number(&tiff, exif, exposure, TAG_PIXEL_WIDTH, (uint32_t)size.width);
    set_number(&tiff, exif, exposure, TAG_PIXEL_HEIGHT, (uint32_t)size.height);
}
