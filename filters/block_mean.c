/* SPDX-License-Identifier: MIT */

/*
 * Rows are summed up as they come, sample by sample, into one row of sums. When a block's rows are
 * complete, the sums of neighbours are added: each to the one a pixel further on, those to the ones
 * two further on, and so on, until each sum is that of a whole block which begins there. All but
 * one in m of them are for nothing, but vector instructions make them faster than the right ones
 * alone could be made.
 *
 * A sum of 8 x 8 samples fits twice the bits of a sample, so 8-bit images are summed in 16 bits.
 */

#include <string.h>

#include "filters/block_mean.h"
#include "filters/kernel.h"

PP_KERNEL_BODY add_8_body(const uint8_t *restrict row, uint16_t *restrict sums, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        sums[i] = (uint16_t)(sums[i] + row[i]);
    }
}

PP_KERNEL_BODY add_16_body(const uint16_t *restrict row, uint32_t *restrict sums, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        sums[i] += row[i];
    }
}

/* Add what is @distance further on. */
PP_KERNEL_BODY fold_8_body(const uint16_t *restrict from, uint16_t *restrict to, int32_t distance,
                           int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        to[i] = (uint16_t)(from[i] + from[i + distance]);
    }
}

PP_KERNEL_BODY fold_16_body(const uint32_t *restrict from, uint32_t *restrict to, int32_t distance,
                            int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        to[i] = from[i] + from[i + distance];
    }
}

PP_KERNEL_DEFINE(add_8, (const uint8_t *restrict row, uint16_t *restrict sums, int32_t count),
                 (row, sums, count));
PP_KERNEL_DEFINE(add_16, (const uint16_t *restrict row, uint32_t *restrict sums, int32_t count),
                 (row, sums, count));
PP_KERNEL_DEFINE(fold_8,
                 (const uint16_t *restrict from, uint16_t *restrict to, int32_t distance,
                  int32_t count),
                 (from, to, distance, count));
PP_KERNEL_DEFINE(fold_16,
                 (const uint32_t *restrict from, uint32_t *restrict to, int32_t distance,
                  int32_t count),
                 (from, to, distance, count));

/* Bytes of one row of sums. */
static size_t sums_bytes(const struct pp_block_mean *mean)
{
    return (size_t)mean->size.width * (size_t)mean->target->bands *
           (mean->target->bits == 8 ? sizeof(uint16_t) : sizeof(uint32_t));
}

size_t pp_block_mean_bytes(struct pp_size size, int32_t bands)
{
    return 2 * (size_t)size.width * (size_t)bands * sizeof(uint32_t);
}

void pp_block_mean_init(struct pp_block_mean *mean, struct pp_size size, int32_t shrink,
                        const struct pp_image *target, void *sums)
{
    *mean = (struct pp_block_mean){.target = target,
                                   .size = size,
                                   .shrink = shrink,
                                   .level = pp_kernel_level(),
                                   .sums = sums,
                                   .folds = (uint8_t *)sums +
                                            pp_block_mean_bytes(size, target->bands) / 2};
    memset(sums, 0, sums_bytes(mean));
}

static uint32_t sum_at(const struct pp_block_mean *mean, const void *sums, size_t place)
{
    return mean->target->bits == 8 ? ((const uint16_t *)sums)[place]
                                   : ((const uint32_t *)sums)[place];
}

static void put(const struct pp_block_mean *mean, uint8_t *row, size_t place, uint32_t level)
{
    if (mean->target->bits == 8) {
        row[place] = (uint8_t)level;
    } else {
        ((uint16_t *)(void *)row)[place] = (uint16_t)level;
    }
}

/* Make each sum that of a whole block which begins there. Returns where they are. */
static const void *fold(const struct pp_block_mean *mean)
{
    const int32_t bands = mean->target->bands;
    int32_t count = mean->size.width * bands;
    void *from = mean->sums;
    void *to = mean->folds;

    for (int32_t columns = 1; columns < mean->shrink; columns *= 2) {
        void *next = from;

        count -= columns * bands;
        if (mean->target->bits == 8) {
            fold_8_levels[mean->level](from, to, columns * bands, count);
        } else {
            fold_16_levels[mean->level](from, to, columns * bands, count);
        }
        from = to;
        to = next;
    }
    return from;
}

/* The last column of the target, where the picture ends within a block. */
static void emit_last(const struct pp_block_mean *mean, uint8_t *row, int32_t rows)
{
    const int32_t bands = mean->target->bands;
    const int32_t x = mean->target->width - 1;
    const int32_t columns = mean->size.width - x * mean->shrink;
    const uint32_t area = (uint32_t)(columns * rows);

    for (int32_t band = 0; band < bands; band++) {
        uint32_t sum = area / 2;

        for (int32_t i = 0; i < columns; i++) {
            sum += sum_at(mean, mean->sums, (size_t)((x * mean->shrink + i) * bands + band));
        }
        put(mean, row, (size_t)(x * bands + band), sum / area);
    }
}

/* Make a row of the target of the sums of @rows rows, and begin anew. */
static void emit(struct pp_block_mean *mean, int32_t rows)
{
    const int32_t bands = mean->target->bands;
    const int32_t whole = mean->size.width / mean->shrink;
    const uint32_t area = (uint32_t)(mean->shrink * rows);
    /* Divisions are slow, and a block of all its rows has a power of two of pixels. */
    const bool is_whole = rows == mean->shrink;
    const int shift = __builtin_ctz(area);
    uint8_t *row = pp_image_row(mean->target, (mean->rows - 1) / mean->shrink);
    const void *sums;

    if (whole < mean->target->width) {
        emit_last(mean, row, rows);
    }
    sums = whole > 0 ? fold(mean) : NULL;
    for (int32_t x = 0; x < whole; x++) {
        for (int32_t band = 0; band < bands; band++) {
            const uint32_t sum = sum_at(mean, sums, (size_t)(x * mean->shrink * bands + band));

            put(mean, row, (size_t)(x * bands + band),
                is_whole ? (sum + area / 2) >> shift : (sum + area / 2) / area);
        }
    }
    memset(mean->sums, 0, sums_bytes(mean));
}

void pp_block_mean_add(struct pp_block_mean *mean, const uint8_t *row)
{
    const int32_t samples = mean->size.width * mean->target->bands;

    if (mean->target->bits == 8) {
        add_8_levels[mean->level](row, mean->sums, samples);
    } else {
        add_16_levels[mean->level]((const uint16_t *)(const void *)row, mean->sums, samples);
    }
    mean->rows++;
    if (mean->rows % mean->shrink == 0 || mean->rows == mean->size.height) {
        emit(mean, (mean->rows - 1) % mean->shrink + 1);
    }
}
