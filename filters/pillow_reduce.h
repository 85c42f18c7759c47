/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Pillow's reduce: the same bytes as Image.reduce() of Pillow 9.4
 *
 * Every pixel is the mean of a block of pixels, rounded; blocks at the right and at the bottom have
 * only what is left. Every band is averaged alone.
 */

#include "filters/image.h"

/* How many pixels of the source become one, along either axis; both 1 or more. */
struct pp_pillow_factor {
    int32_t across;
    int32_t down;
};

/* The size that @size is reduced to: sides divided and rounded up. */
struct pp_size pp_pillow_reduced_size(struct pp_size size, struct pp_pillow_factor factor);

/* Bytes of scratch memory that pp_pillow_reduce() needs for so many bands. */
size_t pp_pillow_reduce_scratch_bytes(int32_t bands, struct pp_pillow_factor factor);

/*
 * Write rows @first to @first + @rows - 1 of the reduced image to @to, @stride bytes apart.
 *
 * @source: 8 bits.
 * @scratch: pp_pillow_reduce_scratch_bytes() bytes, aligned to PP_IMAGE_ALIGNMENT.
 */
void pp_pillow_reduce(const struct pp_image *source, struct pp_pillow_factor factor, int32_t first,
                      int32_t rows, uint8_t *to, size_t stride, void *scratch);
