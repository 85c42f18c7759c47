/* SPDX-License-Identifier: MIT */

/*
 * WebP is a list of chunks, one of which is the EXIF: it is cut out, and the new one takes its
 * place.
 *
 * AVIF keeps its items' places in a table ("iloc"), in which only the EXIF's own entry has to
 * change when the new EXIF is appended to the file; nothing moves. Which item is the EXIF says
 * another table ("iinf"). The files come from this process, but are read with the care that is due
 * to any.
 */

#include <errno.h>
#include <string.h>

#include "filters/exif_container.h"

static uint32_t get_little(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void put_little(uint8_t *at, size_t value)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> 8 * i);
    }
}

/* @bytes of 0 to 4. */
static uint32_t get_big(const uint8_t *at, size_t bytes)
{
    uint32_t value = 0;

    for (size_t i = 0; i < bytes; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

static void put_big(uint8_t *at, size_t value)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> 8 * (3 - i));
    }
}

/* The bytes of a chunk: an even number, with its header. */
static size_t chunk_bytes(size_t length)
{
    return 8 + pp_size_round_up(length, 2);
}

/* The place of the chunk called @name, which lies wholly inside; 0 where there is none. */
static size_t find_chunk(const struct pp_sink *sink, const char *name)
{
    size_t place = 12;

    while (place <= sink->length && sink->length - place >= 8) {
        size_t bytes = chunk_bytes(get_little(sink->bytes + place + 4));

        if (bytes > sink->length - place) {
            return 0;
        }
        if (memcmp(sink->bytes + place, name, 4) == 0) {
            return place;
        }
        place += bytes;
    }
    return 0;
}

static void write_chunk(uint8_t *at, const struct pp_blob *exif)
{
    memcpy(at, "EXIF", 4);
    put_little(at + 4, exif->length);
    memcpy(at + 8, exif->bytes, exif->length);
    if (exif->length % 2 != 0) {
        at[8 + exif->length] = 0;
    }
}

int pp_exif_container_webp(struct pp_sink *sink, const struct pp_blob *exif)
{
    size_t features = find_chunk(sink, "VP8X");
    size_t place = find_chunk(sink, "EXIF");
    size_t old_bytes;
    size_t new_bytes;
    uint8_t *at;

    if (features == 0 || place == 0 || exif->length > UINT32_MAX / 2) {
        return -EPROTO;
    }
    at = sink->bytes + place;
    old_bytes = chunk_bytes(get_little(at + 4));
    new_bytes = exif->length == 0 ? 0 : chunk_bytes(exif->length);
    if (new_bytes > old_bytes && new_bytes - old_bytes > sink->capacity - sink->length) {
        return -ENOSPC;
    }
    memmove(at + new_bytes, at + old_bytes, sink->length - place - old_bytes);
    if (exif->length > 0) {
        write_chunk(at, exif);
    } else {
        sink->bytes[features + 8] &= (uint8_t)~8u; /* the flag that says there is EXIF */
    }
    sink->length = sink->length - old_bytes + new_bytes;
    put_little(sink->bytes + 4, sink->length - 8);
    return 0;
}

/* What is inside a box: bytes @from to @to - 1 of the file; empty where there is none. */
struct span {
    size_t from;
    size_t to;
};

/* The box called @name among those that lie in @outer. */
static struct span find_box(const struct pp_sink *sink, struct span outer, const char *name)
{
    size_t place = outer.from;

    while (place <= outer.to && outer.to - place >= 8) {
        size_t bytes = get_big(sink->bytes + place, 4);

        if (bytes < 8 || bytes > outer.to - place) {
            break;
        }
        if (memcmp(sink->bytes + place + 4, name, 4) == 0) {
            return (struct span){place + 8, place + bytes};
        }
        place += bytes;
    }
    return (struct span){0, 0};
}

/* The number of the item that is EXIF, 0 where there is none. */
static uint32_t find_exif_item(const struct pp_sink *sink, struct span meta)
{
    struct span infos = find_box(sink, meta, "iinf");
    size_t place;

    if (infos.to - infos.from < 6) {
        return 0;
    }
    /* Version and flags, then how many there are, in 2 bytes or, in later versions, in 4. */
    place = infos.from + (sink->bytes[infos.from] == 0 ? 6 : 8);
    while (place < infos.to) {
        struct span info = find_box(sink, (struct span){place, infos.to}, "infe");

        /* Version and flags, the item's number, 2 bytes of protection, 4 of type. */
        if (info.to - info.from < 12) {
            return 0;
        }
        if (sink->bytes[info.from] == 2 && memcmp(sink->bytes + info.from + 8, "Exif", 4) == 0) {
            return get_big(sink->bytes + info.from + 4, 2);
        }
        place = info.to;
    }
    return 0;
}

/* Where the table says where an item is: places of numbers of 4 bytes. */
struct location {
    size_t base;   /* added to the offset; 0 where the table has no such field */
    size_t offset; /* followed by the length; 0: not found */
};

/* Looks for the entry of @item in the table. Not found is also an item in several pieces, and one
 * in a table that is not as libheif makes it. */
static struct location find_location(const struct pp_sink *sink, struct span meta, uint32_t item)
{
    struct span table = find_box(sink, meta, "iloc");
    struct location location = {0, 0};
    size_t base_bytes;
    size_t count_at;
    size_t entry_bytes;

    /* Version and flags, the sizes of the fields, the number of entries. */
    if (table.to - table.from < 8 || sink->bytes[table.from] > 1 ||
        sink->bytes[table.from + 4] != 0x44 || (sink->bytes[table.from + 5] & 0xBF) != 0) {
        return location;
    }
    base_bytes = sink->bytes[table.from + 5] >> 4;
    /* Item, in version 1 how it is stored, file; base; number of pieces; offset and length. */
    count_at = (sink->bytes[table.from] == 0 ? 4 : 6) + base_bytes;
    entry_bytes = count_at + 2 + 8;
    for (size_t place = table.from + 8; place + entry_bytes <= table.to; place += entry_bytes) {
        if (get_big(sink->bytes + place + count_at, 2) != 1) {
            break;
        }
        if (get_big(sink->bytes + place, 2) == item) {
            location.base = base_bytes == 0 ? 0 : place + count_at - base_bytes;
            location.offset = place + count_at + 2;
            break;
        }
    }
    return location;
}

int pp_exif_container_avif(struct pp_sink *sink, const struct pp_blob *exif)
{
    struct span meta = find_box(sink, (struct span){0, sink->length}, "meta");
    size_t place = sink->length;
    struct location location = {0, 0};
    uint32_t item;

    meta.from += meta.to == 0 ? 0 : 4; /* its version and flags */
    item = find_exif_item(sink, meta);
    if (item != 0) {
        location = find_location(sink, meta, item);
    }
    if (location.offset == 0 || exif->length > INT32_MAX || place > INT32_MAX) {
        return -EPROTO;
    }
    if (sink->capacity - place < exif->length + 12) {
        return -ENOSPC;
    }
    /* A box of data: 4 bytes that say where in it the EXIF starts, then the EXIF. */
    put_big(sink->bytes + place, exif->length + 12);
    memcpy(sink->bytes + place + 4, "mdat\0\0\0\0", 8);
    memcpy(sink->bytes + place + 12, exif->bytes, exif->length);
    if (location.base != 0) {
        put_big(sink->bytes + location.base, 0);
    }
    put_big(sink->bytes + location.offset, place + 8);
    put_big(sink->bytes + location.offset + 4, exif->length + 4);
    sink->length = place + 12 + exif->length;
    return 0;
}
