/* SPDX-License-Identifier: MIT */
/*
 * Bytes are moved by shifts and not by pointers to numbers: that is right on any machine, aligned
 * or not, and compilers make one move of it where the machine is little-endian.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/frame.h"

#define CAPACITY_MIN 256

_Static_assert(sizeof(double) == sizeof(uint64_t), "IEEE 754");

void pp_frame_writer_finish(struct pp_frame_writer *writer)
{
    free(writer->bytes);
    *writer = (struct pp_frame_writer){.bytes = NULL};
}

static bool grow(struct pp_frame_writer *writer, size_t needed)
{
    size_t capacity = writer->capacity > SIZE_MAX / 2 ? SIZE_MAX : 2 * writer->capacity;
    uint8_t *bytes;

    if (capacity < CAPACITY_MIN) {
        capacity = CAPACITY_MIN;
    }
    if (capacity < needed) {
        capacity = needed;
    }
    bytes = realloc(writer->bytes, capacity);
    if (bytes == NULL) {
        return false;
    }
    writer->bytes = bytes;
    writer->capacity = capacity;
    return true;
}

void *pp_frame_writer_reserve(struct pp_frame_writer *writer, size_t bytes)
{
    size_t needed;

    if (writer->error != 0) {
        return NULL;
    }
    if (!pp_size_add(writer->length, bytes, &needed) ||
        (needed > writer->capacity && !grow(writer, needed))) {
        writer->error = -ENOMEM;
        return NULL;
    }
    return writer->bytes + writer->length;
}

static void put_bytes(struct pp_frame_writer *writer, const void *bytes, size_t length)
{
    void *room = pp_frame_writer_reserve(writer, length);

    if (room != NULL && length != 0) {
        memcpy(room, bytes, length);
        writer->length += length;
    }
}

static void store(uint8_t *at, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

static void put_number(struct pp_frame_writer *writer, uint64_t value, unsigned bytes)
{
    uint8_t *room = pp_frame_writer_reserve(writer, bytes);

    if (room != NULL) {
        store(room, value, bytes);
        writer->length += bytes;
    }
}

void pp_frame_put_u8(struct pp_frame_writer *writer, uint8_t value)
{
    put_number(writer, value, 1);
}

void pp_frame_put_u16(struct pp_frame_writer *writer, uint16_t value)
{
    put_number(writer, value, 2);
}

void pp_frame_put_u32(struct pp_frame_writer *writer, uint32_t value)
{
    put_number(writer, value, 4);
}

void pp_frame_put_u64(struct pp_frame_writer *writer, uint64_t value)
{
    put_number(writer, value, 8);
}

void pp_frame_put_i64(struct pp_frame_writer *writer, int64_t value)
{
    put_number(writer, (uint64_t)value, 8);
}

void pp_frame_put_double(struct pp_frame_writer *writer, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    put_number(writer, bits, 8);
}

void pp_frame_put_text(struct pp_frame_writer *writer, const char *text, size_t length)
{
    if (length > UINT16_MAX) {
        writer->error = writer->error != 0 ? writer->error : -EMSGSIZE;
        return;
    }
    pp_frame_put_u16(writer, (uint16_t)length);
    put_bytes(writer, text, length);
}

void pp_frame_put_item(struct pp_frame_writer *writer, const struct pp_item *item)
{
    pp_frame_put_u8(writer, (uint8_t)item->kind);
    switch (item->kind) {
    case PP_ITEM_NONE:
        break;
    case PP_ITEM_INT:
        pp_frame_put_i64(writer, item->integer);
        break;
    case PP_ITEM_DOUBLE:
        pp_frame_put_double(writer, item->number);
        break;
    case PP_ITEM_BYTES:
        if (item->length > UINT32_MAX) {
            writer->error = writer->error != 0 ? writer->error : -EMSGSIZE;
            break;
        }
        pp_frame_put_u32(writer, (uint32_t)item->length);
        put_bytes(writer, item->bytes, item->length);
        break;
    }
}

void pp_frame_set_u32(struct pp_frame_writer *writer, size_t offset, uint32_t value)
{
    if (writer->error == 0) {
        store(writer->bytes + offset, value, 4);
    }
}

struct pp_frame_reader pp_frame_reader_of(const void *bytes, size_t length)
{
    return (struct pp_frame_reader){.at = bytes, .left = length};
}

/* The next @length bytes; NULL where there are not so many. */
static const uint8_t *get_bytes(struct pp_frame_reader *reader, size_t length)
{
    const uint8_t *bytes = reader->at;

    if (reader->broken || length > reader->left) {
        reader->broken = true;
        return NULL;
    }
    reader->at += length;
    reader->left -= length;
    return bytes;
}

static uint64_t get_number(struct pp_frame_reader *reader, unsigned bytes)
{
    const uint8_t *at = get_bytes(reader, bytes);
    uint64_t value = 0;

    if (at != NULL) {
        for (unsigned i = 0; i < bytes; i++) {
            value |= (uint64_t)at[i] << (8 * i);
        }
    }
    return value;
}

uint8_t pp_frame_get_u8(struct pp_frame_reader *reader)
{
    return (uint8_t)get_number(reader, 1);
}

uint16_t pp_frame_get_u16(struct pp_frame_reader *reader)
{
    return (uint16_t)get_number(reader, 2);
}

uint32_t pp_frame_get_u32(struct pp_frame_reader *reader)
{
    return (uint32_t)get_number(reader, 4);
}

uint64_t pp_frame_get_u64(struct pp_frame_reader *reader)
{
    return get_number(reader, 8);
}

int64_t pp_frame_get_i64(struct pp_frame_reader *reader)
{
    return (int64_t)get_number(reader, 8);
}

double pp_frame_get_double(struct pp_frame_reader *reader)
{
    uint64_t bits = get_number(reader, 8);
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

const char *pp_frame_get_text(struct pp_frame_reader *reader, size_t *ret_length)
{
    size_t length = pp_frame_get_u16(reader);
    const uint8_t *text = get_bytes(reader, length);

    if (text != NULL && memchr(text, '\0', length) != NULL) {
        reader->broken = true;
        text = NULL;
    }
    *ret_length = text == NULL ? 0 : length;
    return text == NULL ? "" : (const char *)text;
}

struct pp_item pp_frame_get_item(struct pp_frame_reader *reader)
{
    struct pp_item item = {.kind = PP_ITEM_NONE};

    switch (pp_frame_get_u8(reader)) {
    case PP_ITEM_NONE:
        break;
    case PP_ITEM_INT:
        item = pp_item_int(pp_frame_get_i64(reader));
        break;
    case PP_ITEM_DOUBLE:
        item = pp_item_double(pp_frame_get_double(reader));
        break;
    case PP_ITEM_BYTES: {
        size_t length = pp_frame_get_u32(reader);

        item = pp_item_bytes(get_bytes(reader, length), length);
        break;
    }
    default:
        reader->broken = true;
    }
    return reader->broken ? pp_item_none() : item;
}

bool pp_frame_is_whole(const struct pp_frame_reader *reader)
{
    return !reader->broken && reader->left == 0;
}
