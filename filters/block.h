/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Block: 16 by 16 elements, transposed in the first cache; and larger matrices, block by block
 *
 * Transposing a matrix of 2^n rows is n perfect shuffles, as with a deck of cards: each takes the
 * elements of the first and of the second half by turns, and so moves the highest bit of the row's
 * number behind the bits of the column's. The compiler turns such a loop into two instructions for
 * each pair of vectors.
 */

#include <string.h>

#include "core/base.h"

#define PP_BLOCK_SIDE     16
#define PP_BLOCK_ELEMENTS (PP_BLOCK_SIDE * PP_BLOCK_SIDE)

/* Elements of 8, 16 or 32 bits, row by row without gaps. */
union pp_block {
    uint8_t bytes[PP_BLOCK_ELEMENTS * 4];
    uint16_t words[PP_BLOCK_ELEMENTS];
    float floats[PP_BLOCK_ELEMENTS];
};

static inline void pp_block_shuffle_8(const uint8_t *restrict from, uint8_t *restrict to)
{
    for (int32_t i = 0; i < PP_BLOCK_ELEMENTS / 2; i++) {
        to[2 * i] = from[i];
        to[2 * i + 1] = from[i + PP_BLOCK_ELEMENTS / 2];
    }
}

static inline void pp_block_shuffle_16(const uint16_t *restrict from, uint16_t *restrict to)
{
    for (int32_t i = 0; i < PP_BLOCK_ELEMENTS / 2; i++) {
        to[2 * i] = from[i];
        to[2 * i + 1] = from[i + PP_BLOCK_ELEMENTS / 2];
    }
}

static inline void pp_block_shuffle_32(const float *restrict from, float *restrict to)
{
    for (int32_t i = 0; i < PP_BLOCK_ELEMENTS / 2; i++) {
        to[2 * i] = from[i];
        to[2 * i + 1] = from[i + PP_BLOCK_ELEMENTS / 2];
    }
}

/* Transpose @block, whose elements have 1, 2 or 4 bytes. */
static inline __attribute__((always_inline)) void pp_block_transpose(union pp_block *block,
                                                                     size_t element_bytes)
{
    union pp_block other;

    for (int32_t half = 0; half < 2; half++) {
        if (element_bytes == 1) {
            pp_block_shuffle_8(block->bytes, other.bytes);
            pp_block_shuffle_8(other.bytes, block->bytes);
        } else if (element_bytes == 2) {
            pp_block_shuffle_16(block->words, other.words);
            pp_block_shuffle_16(other.words, block->words);
        } else {
            pp_block_shuffle_32(block->floats, other.floats);
            pp_block_shuffle_32(other.floats, block->floats);
        }
    }
}

/* Copy @rows rows of @bytes bytes; of a whole block, in a loop that the compiler can unroll. */
static inline __attribute__((always_inline)) void pp_block_copy(uint8_t *to, size_t to_stride,
                                                                const uint8_t *from,
                                                                size_t from_stride, int32_t rows,
                                                                size_t bytes, size_t whole)
{
    if (rows == PP_BLOCK_SIDE && bytes == whole) {
        for (size_t y = 0; y < PP_BLOCK_SIDE; y++) {
            memcpy(to + y * to_stride, from + y * from_stride, whole);
        }
    } else {
        for (size_t y = 0; y < (size_t)rows; y++) {
            memcpy(to + y * to_stride, from + y * from_stride, bytes);
        }
    }
}

/* pp_block_move() for elements of a size that the compiler knows. */
static inline __attribute__((always_inline)) void
pp_block_move_sized(uint8_t *to, size_t to_stride, const uint8_t *from, size_t from_stride,
                    int32_t rows, int32_t columns, size_t element_bytes)
{
    const size_t line = PP_BLOCK_SIDE * element_bytes;
    union pp_block block;

    if (rows < PP_BLOCK_SIDE || columns < PP_BLOCK_SIDE) {
        memset(&block, 0, sizeof(block));
    }
    pp_block_copy(block.bytes, line, from, from_stride, rows, (size_t)columns * element_bytes,
                  line);
    pp_block_transpose(&block, element_bytes);
    pp_block_copy(to, to_stride, block.bytes, line, columns, (size_t)rows * element_bytes, line);
}

/* Write the transpose of the @rows by @columns elements at @from, at most a block, to @to. */
static inline void pp_block_move(uint8_t *to, size_t to_stride, const uint8_t *from,
                                 size_t from_stride, int32_t rows, int32_t columns,
                                 size_t element_bytes)
{
    if (element_bytes == 1) {
        pp_block_move_sized(to, to_stride, from, from_stride, rows, columns, 1);
    } else if (element_bytes == 2) {
        pp_block_move_sized(to, to_stride, from, from_stride, rows, columns, 2);
    } else {
        pp_block_move_sized(to, to_stride, from, from_stride, rows, columns, 4);
    }
}

/* Write the transpose of @rows by @columns elements at @from, any number of them, to @to. */
static inline void pp_block_turn(uint8_t *to, size_t to_stride, const uint8_t *from,
                                 size_t from_stride, int32_t rows, int32_t columns,
                                 size_t element_bytes)
{
    for (int32_t x = 0; x < columns; x += PP_BLOCK_SIDE) {
        const int32_t width = columns - x < PP_BLOCK_SIDE ? columns - x : PP_BLOCK_SIDE;

        for (int32_t y = 0; y < rows; y += PP_BLOCK_SIDE) {
            const int32_t height = rows - y < PP_BLOCK_SIDE ? rows - y : PP_BLOCK_SIDE;

            pp_block_move(to + (size_t)x * to_stride + (size_t)y * element_bytes, to_stride,
                          from + (size_t)y * from_stride + (size_t)x * element_bytes, from_stride,
                          height, width, element_bytes);
        }
    }
}
