/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Block mean: an image at 1/m, from rows of it at full size as they come
 *
 * Each pixel of the target is the mean of m x m pixels, or of as many as there are at the right and
 * lower edges. A whole image at full size is never in memory.
 */

#include "filters/image.h"
#include "filters/kernel.h"

/* A target that fills up. Plain data but for what it points at; fields are its own. */
struct pp_block_mean {
    const struct pp_image *target;
    struct pp_size size; /* of the image at full size, pixels */
    int32_t shrink;
    int32_t rows; /* that have come */
    enum pp_kernel_level level;
    void *sums;  /* of the rows since the last whole block: a sum for each sample */
    void *folds; /* room for as many again */
};

/* Bytes of memory that the sums take. */
size_t pp_block_mean_bytes(struct pp_size size, int32_t bands);

/*
 * Begin with the image of @size pixels, of which @target, 8 or 16 bits a sample, is to be 1/@shrink
 * (1, 2, 4 or 8; its sides divided and rounded up).
 * @sums: pp_block_mean_bytes() bytes, aligned to 4; the caller's, as is @target.
 */
void pp_block_mean_init(struct pp_block_mean *mean, struct pp_size size, int32_t shrink,
                        const struct pp_image *target, void *sums);

/* The next row at full size, size.width pixels with the bands and bits of the target. */
void pp_block_mean_add(struct pp_block_mean *mean, const uint8_t *row);
