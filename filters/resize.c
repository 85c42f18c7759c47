/* SPDX-License-Identifier: MIT */

/*
 * Both axes are weighted sums of rows, four rows at a time, so that one loop serves both:
 *
 * - down: an output row is the weighted sum of source rows, whatever their bands;
 * - across: 16 rows that were made so are transposed, so that a source column becomes, for each of
 *   its bands, a row of 16 lanes, and an output column is the weighted sum of such columns.
 *
 * Down comes first, because the rows that it reads are whole and long, and because only the rows
 * that it makes have to be transposed. When an image shrinks this is also the cheaper order. Every
 * source row is widened to float once for the 16 output rows, not once for each that it is in.
 *
 * Nothing is rounded between the axes, and sums are single precision: with a few dozen terms, they
 * are off by less than 1e-6 of the full scale. With a million terms they would be off by levels,
 * as the terms get smaller than what the sum can show; so no more than TERMS_SINGLE terms are
 * summed in single precision, and their sums in double.
 *
 * What is summed in which order depends on the output's place in the whole image, never on its
 * place among the rows of a call: any cut into rows gives the same bytes.
 */

#include <math.h>
#include <string.h>

#include "filters/block.h"
#include "filters/kernel.h"
#include "filters/resampling.h"
#include "filters/resize.h"

/* Output rows that are made together. */
#define LANES PP_BLOCK_SIDE

/* Rows in one step of a sum; their numbers start at a multiple of this. */
#define STEP 4

/* Samples of a row that go down together: their sums for all lanes stay in the first cache. */
#define STRETCH 256

/* Terms of a sum in single precision. */
#define TERMS_SINGLE 64

/* One axis of a resize. */
struct axis {
    struct pp_resampling kernel;
    double scale;  /* source pixels for one target pixel */
    double spread; /* of the kernel */
    int32_t limit; /* source pixels that count */
    int32_t taps;  /* room for the weights of one output, a multiple of STEP */
    bool repeats;  /* the pixel on an edge counts for those beyond it */
};

/* Which source pixels the weights of one output are for; both are multiples of STEP. */
struct taps {
    int32_t first;
    int32_t end;
};

struct resize {
    const struct pp_image *source;
    const struct pp_image *target;
    enum pp_kernel_level level;
    struct axis across;
    struct axis down;
    struct taps *across_taps; /* of every target column */
    float *across_weights;
    struct taps *down_taps; /* of every lane */
    float *down_weights;
    float *rows;    /* STEP source rows, widened: a STRETCH of each */
    float *sums;    /* a STRETCH of each lane; going across, one column */
    double *totals; /* what sums held before they had too many terms */
    float *columns; /* the lanes, transposed: all samples of a source row, LANES each */
    uint8_t *tile;  /* the same of the target, narrowed */
};

PP_KERNEL_BODY widen_8_body(const uint8_t *restrict from, float *restrict to, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        to[i] = from[i];
    }
}

PP_KERNEL_BODY widen_16_body(const uint16_t *restrict from, float *restrict to, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        to[i] = from[i];
    }
}

/* Add STEP weighted rows, @pitch floats apart, to the sums. */
PP_KERNEL_BODY add_body(const float *restrict rows, size_t pitch, const float *restrict weights,
                        float *restrict sums, int32_t count)
{
    const float *b = rows + pitch, *c = b + pitch, *d = c + pitch;
    const float wa = weights[0], wb = weights[1], wc = weights[2], wd = weights[3];

    for (int32_t i = 0; i < count; i++) {
        sums[i] += (rows[i] * wa + b[i] * wb) + (c[i] * wc + d[i] * wd);
    }
}

/* Transpose @count sums of each lane to as many columns of LANES. */
PP_KERNEL_BODY turn_body(const float *restrict sums, float *restrict columns, int32_t count)
{
    for (int32_t x = 0; x < count; x += PP_BLOCK_SIDE) {
        const int32_t block = count - x < PP_BLOCK_SIDE ? count - x : PP_BLOCK_SIDE;

        pp_block_move_sized((uint8_t *)(columns + (size_t)x * LANES), sizeof(float[LANES]),
                            (const uint8_t *)(sums + x), sizeof(float[STRETCH]), LANES, block,
                            sizeof(float));
    }
}

PP_KERNEL_BODY narrow_8_body(const float *restrict from, uint8_t *restrict to, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        const float level = from[i] + 0.5F;

        to[i] = (uint8_t)(int32_t)(level < 0 ? 0 : level > 255 ? 255 : level);
    }
}

PP_KERNEL_BODY narrow_16_body(const float *restrict from, uint16_t *restrict to, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        const float level = from[i] + 0.5F;

        to[i] = (uint16_t)(int32_t)(level < 0 ? 0 : level > 65535 ? 65535 : level);
    }
}

PP_KERNEL_DEFINE(widen_8, (const uint8_t *restrict from, float *restrict to, int32_t count),
                 (from, to, count));
PP_KERNEL_DEFINE(widen_16, (const uint16_t *restrict from, float *restrict to, int32_t count),
                 (from, to, count));
PP_KERNEL_DEFINE(add,
                 (const float *restrict rows, size_t pitch, const float *restrict weights,
                  float *restrict sums, int32_t count),
                 (rows, pitch, weights, sums, count));
PP_KERNEL_DEFINE(turn, (const float *restrict sums, float *restrict columns, int32_t count),
                 (sums, columns, count));
PP_KERNEL_DEFINE(narrow_8, (const float *restrict from, uint8_t *restrict to, int32_t count),
                 (from, to, count));
PP_KERNEL_DEFINE(narrow_16, (const float *restrict from, uint16_t *restrict to, int32_t count),
                 (from, to, count));

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

/* Everything of an axis but its kernel, which is not needed to know how much memory it takes. */
static struct axis axis_measure(double source_length, int32_t source_side, int32_t target_side,
                                const struct pp_resize_blur *blur)
{
    struct axis axis = {.scale = source_length / target_side, .repeats = blur->variance > 0};

    axis.spread = fmax(axis.scale, blur->detail);
    axis.limit = source_length < source_side ? (int32_t)ceil(source_length) : source_side;
    /* The kernel covers 2 * reach pixels and a part of another; STEP - 1 may come before it. */
    axis.taps = (int32_t)pp_size_round_up(
        (size_t)(2 * pp_resampling_reach(axis.spread, blur->variance)) + 2 + STEP - 1, STEP);
    return axis;
}

/*
 * The taps of output @index and their weights, which add up to 1 and are 0 beyond the edges. What a
 * blurring kernel would weigh beyond an edge is added to the pixel on it.
 */
static struct taps axis_taps(const struct axis *axis, int32_t index, float *weights)
{
    const double centre = (index + 0.5) * axis->scale - 0.5;
    const int32_t before = (int32_t)ceil(centre - axis->kernel.reach);
    const int32_t behind = (int32_t)floor(centre + axis->kernel.reach) + 1;
    const int32_t first = larger(before, 0);
    const int32_t end = smaller(behind, axis->limit);
    struct taps taps = {.first = first / STEP * STEP};
    double at_start = 0, at_end = 0, sum = 0;

    taps.end = (int32_t)pp_size_round_up((size_t)end, STEP);
    for (int32_t i = before; i < behind; i++) {
        const double weight = pp_resampling_weight(&axis->kernel, i - centre);
        const bool inside = i >= first && i < end;

        if (inside || axis->repeats) {
            sum += weight;
        }
        at_start += i < first ? weight : 0;
        at_end += i >= end ? weight : 0;
    }
    for (int32_t i = taps.first; i < taps.end; i++) {
        double weight = pp_resampling_weight(&axis->kernel, i - centre);

        if (axis->repeats) {
            weight += (i == first ? at_start : 0) + (i == end - 1 ? at_end : 0);
        }
        weights[i - taps.first] = i >= first && i < end ? (float)(weight / sum) : 0;
    }
    return taps;
}

/* Move sums that have all the terms they may to the totals. */
static void put_away(float *sums, double *totals, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        totals[i] += (double)sums[i];
        sums[i] = 0;
    }
}

static void take_back(float *sums, const double *totals, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        sums[i] = (float)(totals[i] + (double)sums[i]);
    }
}

/* Whether the sum that began with the term @first is full after those from @term on. */
static bool is_full(int32_t first, int32_t term)
{
    return (term + STEP - first) % TERMS_SINGLE == 0;
}

static const uint8_t *source_samples(const struct resize *resize, int32_t x, int32_t y)
{
    return pp_image_row(resize->source, y) + (size_t)x * pp_image_sample_bytes(resize->source);
}

/*
 * Widen @count samples, from sample @x on, of the STEP source rows from @y on. Fetches the same
 * samples of the next rows into the cache: no processor foresees so large a step.
 */
static void widen_rows(const struct resize *resize, int32_t x, int32_t count, int32_t y)
{
    const size_t bytes = (size_t)count * pp_image_sample_bytes(resize->source);

    for (int32_t i = 0; i < STEP; i++) {
        /* A row beyond the limit has the weight 0, but has to be a number. */
        const uint8_t *row = source_samples(resize, x, smaller(y + i, resize->down.limit - 1));
        const uint8_t *next = row + STEP * resize->source->stride;
        float *to = resize->rows + (size_t)i * STRETCH;

        for (size_t byte = 0; y + i + STEP < resize->down.limit && byte < bytes; byte += 64) {
            __builtin_prefetch(next + byte);
        }
        if (resize->source->bits == 8) {
            widen_8_levels[resize->level](row, to, count);
        } else {
            widen_16_levels[resize->level]((const uint16_t *)(const void *)row, to, count);
        }
    }
}

/* Sum up @count samples, from sample @x on, of each of @lanes output rows. */
static void sum_down(const struct resize *resize, int32_t x, int32_t count, int32_t lanes)
{
    const bool many = resize->down.taps > TERMS_SINGLE;

    memset(resize->sums, 0, sizeof(float[LANES * STRETCH]));
    if (many) {
        memset(resize->totals, 0, sizeof(double[LANES * STRETCH]));
    }
    for (int32_t y = resize->down_taps[0].first; y < resize->down_taps[lanes - 1].end; y += STEP) {
        widen_rows(resize, x, count, y);
        for (int32_t lane = 0; lane < lanes; lane++) {
            const struct taps *taps = &resize->down_taps[lane];
            const float *weights = resize->down_weights + (size_t)lane * (size_t)resize->down.taps;
            float *sums = resize->sums + (size_t)lane * STRETCH;

            if (y >= taps->first && y < taps->end) {
                add_levels[resize->level](resize->rows, STRETCH, weights + (y - taps->first), sums,
                                          count);
                if (many && is_full(taps->first, y)) {
                    put_away(sums, resize->totals + (size_t)lane * STRETCH, count);
                }
            }
        }
    }
    if (many) {
        take_back(resize->sums, resize->totals, LANES * STRETCH);
    }
}

/* Fill the columns with output rows @first to @first + @lanes - 1, not yet resized across. */
static void go_down(const struct resize *resize, int32_t first, int32_t lanes)
{
    const int32_t samples = resize->across.limit * resize->source->bands;

    for (int32_t lane = 0; lane < lanes; lane++) {
        resize->down_taps[lane] =
            axis_taps(&resize->down, first + lane,
                      resize->down_weights + (size_t)lane * (size_t)resize->down.taps);
    }
    for (int32_t x = 0; x < samples; x += STRETCH) {
        const int32_t count = smaller(samples - x, STRETCH);

        sum_down(resize, x, count, lanes);
        turn_levels[resize->level](resize->sums, resize->columns + (size_t)x * LANES, count);
    }
}

/* Fill the tile with the columns of the target. */
static void go_across(const struct resize *resize)
{
    const int32_t count = resize->target->bands * LANES;
    const bool many = resize->across.taps > TERMS_SINGLE;

    for (int32_t x = 0; x < resize->target->width; x++) {
        const struct taps *taps = &resize->across_taps[x];
        const float *weights = resize->across_weights + (size_t)x * (size_t)resize->across.taps;
        const size_t place = (size_t)x * (size_t)count;

        memset(resize->sums, 0, (size_t)count * sizeof(float));
        memset(resize->totals, 0, many ? (size_t)count * sizeof(double) : 0);
        for (int32_t i = taps->first; i < taps->end; i += STEP) {
            add_levels[resize->level](resize->columns + (size_t)i * (size_t)count, (size_t)count,
                                      weights + (i - taps->first), resize->sums, count);
            if (many && is_full(taps->first, i)) {
                put_away(resize->sums, resize->totals, count);
            }
        }
        if (many) {
            take_back(resize->sums, resize->totals, count);
        }
        if (resize->target->bits == 8) {
            narrow_8_levels[resize->level](resize->sums, resize->tile + place, count);
        } else {
            narrow_16_levels[resize->level](resize->sums, (uint16_t *)(void *)resize->tile + place,
                                            count);
        }
    }
}

/* Write the tile to target rows @first to @first + @lanes - 1. */
static void write_rows(const struct resize *resize, int32_t first, int32_t lanes)
{
    const int32_t samples = resize->target->width * resize->target->bands;
    const size_t sample = pp_image_sample_bytes(resize->target);

    for (int32_t x = 0; x < samples; x += PP_BLOCK_SIDE) {
        pp_block_move(pp_image_row(resize->target, first) + (size_t)x * sample,
                      resize->target->stride, resize->tile + (size_t)x * LANES * sample,
                      LANES * sample, smaller(samples - x, PP_BLOCK_SIDE), lanes, sample);
    }
}

/* Cut @bytes from the memory at @scratch, unless that is NULL, and count them. */
static void *cut(uint8_t *scratch, size_t *used, size_t bytes)
{
    void *part = scratch == NULL ? NULL : scratch + *used;

    *used += pp_size_round_up(bytes, PP_IMAGE_ALIGNMENT);
    return part;
}

static const struct pp_resize_blur no_blur = {.detail = 1};

/* Set everything up but kernels and weights; returns how many bytes of scratch memory that takes.
 */
static size_t resize_init(struct resize *resize, const struct pp_image *source, double source_width,
                          double source_height, const struct pp_image *target,
                          const struct pp_resize_blur *blur, uint8_t *scratch)
{

    const size_t width = (size_t)target->width;
    const size_t bands = (size_t)target->bands;
    size_t used = 0;

    *resize = (struct resize){.source = source, .target = target, .level = pp_kernel_level()};
    resize->across = axis_measure(source_width, source->width, target->width, blur);
    resize->down = axis_measure(source_height, source->height, target->height, blur);
    resize->across_taps = cut(scratch, &used, width * sizeof(struct taps));
    resize->across_weights =
        cut(scratch, &used, width * (size_t)resize->across.taps * sizeof(float));
    resize->down_taps = cut(scratch, &used, sizeof(struct taps[LANES]));
    resize->down_weights = cut(scratch, &used, (size_t)resize->down.taps * sizeof(float[LANES]));
    resize->rows = cut(scratch, &used, sizeof(float[STEP * STRETCH]));
    resize->sums = cut(scratch, &used, sizeof(float[LANES * STRETCH]));
    resize->totals = cut(scratch, &used, sizeof(double[LANES * STRETCH]));
    resize->columns =
        cut(scratch, &used, ((size_t)resize->across.limit + STEP) * bands * sizeof(float[LANES]));
    resize->tile = cut(scratch, &used, width * bands * LANES * pp_image_sample_bytes(target));
    return used;
}

size_t pp_resize_scratch_bytes(const struct pp_image *source, const struct pp_image *target,
                               const struct pp_resize_blur *blur)
{
    struct resize resize;

    return resize_init(&resize, source, source->width, source->height, target,
                       blur == NULL ? &no_blur : blur, NULL);
}

void pp_resize_rows(const struct pp_image *source, double source_width, double source_height,
                    const struct pp_image *target, const struct pp_resize_blur *blur,
                    int32_t first_row, int32_t rows, void *scratch)
{
    struct resize resize;

    blur = blur == NULL ? &no_blur : blur;
    resize_init(&resize, source, source_width, source_height, target, blur, scratch);
    pp_resampling_init(&resize.across.kernel, resize.across.spread, blur->variance);
    pp_resampling_init(&resize.down.kernel, resize.down.spread, blur->variance);
    for (int32_t x = 0; x < target->width; x++) {
        resize.across_taps[x] = axis_taps(
            &resize.across, x, resize.across_weights + (size_t)x * (size_t)resize.across.taps);
    }
    /* Columns beyond the limit have the weight 0, but have to be numbers. */
    memset(resize.columns + (size_t)resize.across.limit * (size_t)source->bands * LANES, 0,
           (size_t)source->bands * sizeof(float[STEP * LANES]));
    for (int32_t y = 0; y < rows; y += LANES) {
        const int32_t lanes = smaller(rows - y, LANES);

        go_down(&resize, first_row + y, lanes);
        go_across(&resize);
        write_rows(&resize, first_row + y, lanes);
    }
}

void pp_resize(const struct pp_image *source, double source_width, double source_height,
               const struct pp_image *target, const struct pp_resize_blur *blur, void *scratch)
{
    pp_resize_rows(source, source_width, source_height, target, blur, 0, target->height, scratch);
}
