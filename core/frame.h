/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Frame: fields of fixed width, one behind the other, that mean the same on every machine
 *
 * Numbers are little-endian, floating ones as IEEE 754 has them, text is its length and its bytes.
 * Nothing is aligned and nothing is left out, so what one machine writes another one reads, and a
 * reader that meets anything but what it expects knows that the writer is not what it should be.
 *
 * A writer and a reader remember their first failure, so that a whole frame is written or read, and
 * then asked once whether that went well.
 */

#include "core/item.h"

/* Bytes that grow as they are written. All zero is an empty one. */
struct pp_frame_writer {
    uint8_t *bytes; /* owned */
    size_t length;
    size_t capacity;
    int error; /* 0, or the first failure: -ENOMEM, -EMSGSIZE; what was put since is not there */
};

/* Free the bytes. All zero is fine. */
void pp_frame_writer_finish(struct pp_frame_writer *writer);

/* Room for @bytes more behind what is there, not yet counted in length; NULL where there is none.
 */
void *pp_frame_writer_reserve(struct pp_frame_writer *writer, size_t bytes);

void pp_frame_put_u8(struct pp_frame_writer *writer, uint8_t value);
void pp_frame_put_u16(struct pp_frame_writer *writer, uint16_t value);
void pp_frame_put_u32(struct pp_frame_writer *writer, uint32_t value);
void pp_frame_put_u64(struct pp_frame_writer *writer, uint64_t value);
void pp_frame_put_i64(struct pp_frame_writer *writer, int64_t value);
void pp_frame_put_double(struct pp_frame_writer *writer, double value);

/* @length is at most UINT16_MAX; more is an error of the writer, -EMSGSIZE. */
void pp_frame_put_text(struct pp_frame_writer *writer, const char *text, size_t length);

/* Likewise at most UINT32_MAX bytes. */
void pp_frame_put_item(struct pp_frame_writer *writer, const struct pp_item *item);

/* Write @value over the four bytes at @offset, that were put before. */
void pp_frame_set_u32(struct pp_frame_writer *writer, size_t offset, uint32_t value);

/* Bytes that are read from the first to the last. */
struct pp_frame_reader {
    const uint8_t *at; /* borrowed */
    size_t left;
    bool broken; /* something was not what it should be: what was got since is 0 */
};

struct pp_frame_reader pp_frame_reader_of(const void *bytes, size_t length);

uint8_t pp_frame_get_u8(struct pp_frame_reader *reader);
uint16_t pp_frame_get_u16(struct pp_frame_reader *reader);
uint32_t pp_frame_get_u32(struct pp_frame_reader *reader);
uint64_t pp_frame_get_u64(struct pp_frame_reader *reader);
int64_t pp_frame_get_i64(struct pp_frame_reader *reader);
double pp_frame_get_double(struct pp_frame_reader *reader);

/* Text without a NUL inside; borrowed from the frame, and no NUL follows. "" where it is broken. */
const char *pp_frame_get_text(struct pp_frame_reader *reader, size_t *ret_length);

/* An item whose bytes are borrowed from the frame. None where it is broken. */
struct pp_item pp_frame_get_item(struct pp_frame_reader *reader);

/* Was everything read, and everything what it should be? */
bool pp_frame_is_whole(const struct pp_frame_reader *reader);
