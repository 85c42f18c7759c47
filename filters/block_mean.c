/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "filters/block_mean.h"
#include "filters/kernel.h"

PP_KERNEL_BODY add_8_body(const uint8_t *restrict row, uint32_t *restrict sums, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        sums[i] += row[i];
    }
}

PP_KERNEL_BODY add_16_body(const uint16_t *restrict row, uint32_t *restrict sums, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        sums[i] += row[i];
    }
}

PP_KERNEL_DEFINE(add_8, (const uint8_t *restrict row, uint32_t *restrict sums, int32_t count),
                 (row, sums, count));
PP_KERNEL_DEFINE(add_16, (const uint16_t *restrict row, uint32_t *restrict sums, int32_t count),
                 (row, sums, count));

size_t pp_block_mean_bytes(struct pp_size size, int32_t bands)
{
    return (size_t)size.width * (size_t)bands * sizeof(uint32_t);
}

void pp_block_mean_init(struct pp_block_mean *mean, struct pp_size size, int32_t shrink,
                        const struct pp_image *target, uint32_t *sums)
{
    *mean = (struct pp_block_mean){
        .target = target, .size = size, .shrink = shrink, .rows = 0, .sums = sums};
    memset(sums, 0, pp_block_mean_bytes(size, target->bands));
}

/* Make a row of the target of the sums of @rows rows, and begin anew. */
static void emit(struct pp_block_mean *mean, int32_t rows)
{
    const struct pp_image *target = mean->target;
    uint8_t *row = pp_image_row(target, (mean->rows - 1) / mean->shrink);

    for (int32_t x = 0; x < target->width; x++) {
        const int32_t left = mean->size.width - x * mean->shrink;
        const int32_t columns = left < mean->shrink ? left : mean->shrink;
        const uint32_t area = (uint32_t)(columns * rows);
        const uint32_t *block =
            mean->sums + (size_t)x * (size_t)mean->shrink * (size_t)target->bands;

        for (int32_t band = 0; band < target->bands; band++) {
            const size_t place = (size_t)(x * target->bands + band);
            uint32_t sum = area / 2;

            for (int32_t i = 0; i < columns; i++) {
                sum += block[i * target->bands + band];
            }
            if (target->bits == 8) {
                row[place] = (uint8_t)(sum / area);
            } else {
                ((uint16_t *)(void *)row)[place] = (uint16_t)(sum / area);
            }
        }
    }
    memset(mean->sums, 0, pp_block_mean_bytes(mean->size, target->bands));
}

void pp_block_mean_add(struct pp_block_mean *mean, const uint8_t *row)
{
    const int32_t samples = mean->size.width * mean->target->bands;
    const enum pp_kernel_level level = pp_kernel_level();

    if (mean->target->bits == 8) {
        add_8_levels[level](row, mean->sums, samples);
    } else {
        add_16_levels[level]((const uint16_t *)(const void *)row, mean->sums, samples);
    }
    mean->rows++;
    if (mean->rows % mean->shrink == 0 || mean->rows == mean->size.height) {
        emit(mean, (mean->rows - 1) % mean->shrink + 1);
    }
}
