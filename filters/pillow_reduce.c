/* SPDX-License-Identifier: MIT */

/*
 * The mean of n samples with the sum s is (s + n / 2) * (2^24 / n) / 2^24, all in whole numbers of
 * 32 bits. What is cut from 2^24 / n shows in large blocks, which come out too dark (one level from
 * some 65 thousand pixels on), and from 2^24 pixels on all wraps; as it does in Pillow.
 *
 * The rows of a block are added up first, a stretch that stays in the first cache at a time, and
 * then the columns of what that gives.
 */

#include <string.h>

#include "filters/kernel.h"
#include "filters/pillow_reduce.h"

/* Samples of a source row that are added up in one go, unless a single block has more. */
#define STRETCH 1536

/* What becomes of the sum of a block. */
struct mean {
    uint32_t half;
    uint32_t share; /* of one sample, in 2^-24 */
};

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* How many target pixels a stretch is for. */
static int32_t stretch_pixels(int32_t bands, struct pp_pillow_factor factor)
{
    const int64_t pixels = STRETCH / ((int64_t)factor.across * bands);

    return pixels > 1 ? (int32_t)pixels : 1;
}

static struct mean mean_of(int32_t columns, int32_t rows)
{
    const uint32_t pixels = (uint32_t)columns * (uint32_t)rows;
    const uint32_t divisor = pixels << 8;

    return (struct mean){pixels / 2, divisor == 0 ? 0 : (uint32_t)((UINT64_C(1) << 32) / divisor)};
}

PP_KERNEL_BODY add_row_body(const uint8_t *restrict row, uint32_t *restrict sums, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        sums[i] += row[i];
    }
}

PP_KERNEL_DEFINE(add_row, (const uint8_t *restrict row, uint32_t *restrict sums, int32_t count),
                 (row, sums, count));

/* Average @pixels blocks of @columns columns. */
static inline __attribute__((always_inline)) void average_sized(const uint32_t *restrict sums,
                                                                int32_t pixels, int32_t bands,
                                                                int32_t columns, struct mean mean,
                                                                uint8_t *restrict to)
{
    for (int32_t i = 0; i < pixels; i++) {
        for (int32_t band = 0; band < bands; band++) {
            uint32_t sum = mean.half;

            for (int32_t column = 0; column < columns; column++) {
                sum += sums[(size_t)column * (size_t)bands + (size_t)band];
            }
            *to++ = (uint8_t)(sum * mean.share >> 24);
        }
        sums += (size_t)columns * (size_t)bands;
    }
}

/* average_sized(), with loops that the compiler can unroll for what photos need. */
static void average(const uint32_t *sums, int32_t pixels, int32_t bands, int32_t columns,
                    struct mean mean, uint8_t *to)
{
    if (bands == 3 && columns == 2) {
        average_sized(sums, pixels, 3, 2, mean, to);
    } else if (bands == 3) {
        average_sized(sums, pixels, 3, columns, mean, to);
    } else {
        average_sized(sums, pixels, bands, columns, mean, to);
    }
}

/* The target pixels @first to @first + @pixels - 1 of row @y. */
static void reduce_stretch(const struct pp_image *source, struct pp_pillow_factor factor, int32_t y,
                           int32_t first, int32_t pixels, uint8_t *to, uint32_t *sums)
{
    const enum pp_kernel_level level = pp_kernel_level();
    const int32_t left = first * factor.across;
    const int32_t columns = smaller(pixels * factor.across, source->width - left);
    const int32_t whole = columns / factor.across;
    const int32_t rest = columns - whole * factor.across;
    const int32_t top = y * factor.down;
    const int32_t rows = smaller(factor.down, source->height - top);

    memset(sums, 0, (size_t)columns * (size_t)source->bands * sizeof(*sums));
    for (int32_t i = 0; i < rows; i++) {
        add_row_levels[level](pp_image_row(source, top + i) + (size_t)left * (size_t)source->bands,
                              sums, columns * source->bands);
    }
    average(sums, whole, source->bands, factor.across, mean_of(factor.across, rows), to);
    if (rest > 0) {
        average(sums + (size_t)(columns - rest) * (size_t)source->bands, 1, source->bands, rest,
                mean_of(rest, rows), to + (size_t)whole * (size_t)source->bands);
    }
}

struct pp_size pp_pillow_reduced_size(struct pp_size size, struct pp_pillow_factor factor)
{
    return (struct pp_size){(size.width - 1) / factor.across + 1,
                            (size.height - 1) / factor.down + 1};
}

size_t pp_pillow_reduce_scratch_bytes(int32_t bands, struct pp_pillow_factor factor)
{
    return (size_t)stretch_pixels(bands, factor) * (size_t)factor.across * (size_t)bands *
           sizeof(uint32_t);
}

void pp_pillow_reduce(const struct pp_image *source, struct pp_pillow_factor factor, int32_t first,
                      int32_t rows, uint8_t *to, size_t stride, void *scratch)
{
    const struct pp_size size = {source->width, source->height};
    const int32_t width = pp_pillow_reduced_size(size, factor).width;
    const int32_t stretch = stretch_pixels(source->bands, factor);

    for (int32_t y = 0; y < rows; y++) {
        for (int32_t x = 0; x < width; x += stretch) {
            reduce_stretch(source, factor, first + y, x, smaller(stretch, width - x),
                           to + (size_t)y * stride + (size_t)x * (size_t)source->bands, scratch);
        }
    }
}
