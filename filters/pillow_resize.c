/* SPDX-License-Identifier: MIT */

/*
 * Catmull-Rom (a = -0.5), stretched by the factor of the reduction, across and then down. What has
 * to be the same for the same bytes, found by experiment:
 *
 * - the side of the rectangle is cut to single precision, weights are worked out in double: from
 *   the distance to the middle of each sample, for the samples from floor(centre - reach + 0.5) to
 *   before floor(centre + reach + 0.5), and divided by their sum;
 * - they are rounded to 22 bits of fraction, halves away from 0, and need not add up to 1 any more;
 * - both axes round to 8 bits.
 *
 * Sums are of whole numbers, so that the order of adding is free. They run over 32 lanes at once:
 * across, rows of the source side by side, transposed to a tile; down, neighbours in a row. Rows
 * that are done across wait in a window until those that are made of them are written: so no image
 * of their size is needed, and the reduced image never exists as a whole either.
 */

#include <math.h>
#include <string.h>

#include "filters/block.h"
#include "filters/kernel.h"
#include "filters/pillow_resize.h"

/* Samples that are summed up side by side, and source rows that are made together. */
#define LANES 32

/* Bits of fraction in a weight. */
#define FRACTION 22

struct taps {
    int32_t first; /* sample */
    int32_t count;
};

struct axis {
    double scale;  /* source samples for one of the target */
    double spread; /* how much wider than for an enlargement the kernel is */
    int32_t source_side;
    int32_t target_side;
    int32_t room; /* weights of one target sample, at most */
    struct taps *taps;
    int32_t *weights;
};

struct resize {
    const struct pp_image *source;
    const struct pp_image *target;
    enum pp_kernel_level level;
    struct pp_pillow_factor factor;
    struct axis across;
    struct axis down;
    void *sums;       /* of the reduction */
    uint8_t *reduced; /* LANES rows */
    size_t reduced_stride;
    uint8_t *tile;    /* the same, transposed */
    uint8_t *columns; /* the same, resized across */
    uint8_t *window;  /* rows that are resized across */
    size_t window_stride;
    int32_t window_first; /* the source row that its first one is made of */
    int32_t made;         /* source rows that are resized across */
};

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static struct axis axis_init(double source_length, int32_t source_side, int32_t target_side)
{
    const float length = (float)source_length;
    struct axis axis = {.source_side = source_side, .target_side = target_side};

    axis.scale = (double)length / target_side;
    axis.spread = axis.scale < 1 ? 1 : axis.scale;
    axis.room = (int32_t)fmin(ceil(2 * axis.spread) * 2 + 1, source_side);
    return axis;
}

static double cubic(double distance)
{
    const double a = -0.5;
    const double x = fabs(distance);

    if (x < 1) {
        return ((a + 2) * x - (a + 3)) * x * x + 1;
    }
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

static double weigh_sample(const struct axis *axis, double centre, int32_t sample)
{
    return cubic((sample - centre + 0.5) * (1.0 / axis->spread));
}

/* Find the taps of sample @index of the target, and their weights. */
static void axis_find_taps(const struct axis *axis, int32_t index)
{
    const double centre = (index + 0.5) * axis->scale;
    const double reach = 2 * axis->spread;
    const int32_t first = (int32_t)fmax(trunc(centre - reach + 0.5), 0);
    const int32_t end = (int32_t)fmin(trunc(centre + reach + 0.5), axis->source_side);
    int32_t *weights = axis->weights + (size_t)index * (size_t)axis->room;
    double sum = 0;

    for (int32_t i = first; i < end; i++) {
        sum += weigh_sample(axis, centre, i);
    }
    for (int32_t i = first; i < end; i++) {
        const double weight = weigh_sample(axis, centre, i);
        const double scaled = (sum != 0 ? weight / sum : weight) * (1 << FRACTION);

        weights[i - first] = (int32_t)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    }
    axis->taps[index] = (struct taps){first, end - first};
}

/* Sum up LANES lanes of so many samples, @pitch bytes apart, by their weights. */
PP_KERNEL_BODY weigh_body(const uint8_t *restrict samples, size_t pitch,
                          const int32_t *restrict weights, int32_t count, uint8_t *restrict to)
{
    int32_t sums[LANES];

    for (int32_t lane = 0; lane < LANES; lane++) {
        sums[lane] = 1 << (FRACTION - 1);
    }
    for (int32_t i = 0; i < count; i++) {
        for (int32_t lane = 0; lane < LANES; lane++) {
            sums[lane] += samples[lane] * weights[i];
        }
        samples += pitch;
    }
    for (int32_t lane = 0; lane < LANES; lane++) {
        const int32_t level = sums[lane] >> FRACTION;

        to[lane] = (uint8_t)(level < 0 ? 0 : level > 255 ? 255 : level);
    }
}

PP_KERNEL_DEFINE(weigh,
                 (const uint8_t *restrict samples, size_t pitch, const int32_t *restrict weights,
                  int32_t count, uint8_t *restrict to),
                 (samples, pitch, weights, count, to));

/* Transpose @rows rows from row @first of the reduced image on into the tile. */
static void fill_tile(const struct resize *resize, int32_t first, int32_t rows)
{
    const int32_t samples = resize->across.source_side * resize->source->bands;
    const uint8_t *from = resize->reduced;
    size_t stride = resize->reduced_stride;

    if (from == NULL) {
        from = pp_image_row(resize->source, first);
        stride = resize->source->stride;
    } else {
        pp_pillow_reduce(resize->source, resize->factor, first, rows, resize->reduced, stride,
                         resize->sums);
    }
    pp_block_turn(resize->tile, LANES, from, stride, rows, samples, 1);
}

/* Make up to LANES more rows of the window; @needed is the first row that it must keep. */
static void make_rows(struct resize *resize, int32_t needed)
{
    const size_t bands = (size_t)resize->target->bands;
    const int32_t rows = smaller(resize->down.source_side - resize->made, LANES);
    const size_t kept = (size_t)(resize->made - needed);
    const size_t dropped = (size_t)(needed - resize->window_first);

    memmove(resize->window, resize->window + dropped * resize->window_stride,
            kept * resize->window_stride);
    resize->window_first = needed;
    fill_tile(resize, resize->made, rows);
    for (size_t x = 0; x < (size_t)resize->across.target_side; x++) {
        const struct taps *taps = &resize->across.taps[x];
        const int32_t *weights = resize->across.weights + x * (size_t)resize->across.room;

        for (size_t band = 0; band < bands; band++) {
            weigh_levels[resize->level](resize->tile + ((size_t)taps->first * bands + band) * LANES,
                                        bands * LANES, weights, taps->count,
                                        resize->columns + (x * bands + band) * LANES);
        }
    }
    pp_block_turn(resize->window + kept * resize->window_stride, resize->window_stride,
                  resize->columns, LANES, resize->target->width * resize->target->bands, rows, 1);
    resize->made += rows;
}

/* Write row @y of the target from the window. */
static void write_row(const struct resize *resize, int32_t y)
{
    const struct taps *taps = &resize->down.taps[y];
    const int32_t *weights = resize->down.weights + (size_t)y * (size_t)resize->down.room;
    const uint8_t *from =
        resize->window + (size_t)(taps->first - resize->window_first) * resize->window_stride;
    const size_t samples = (size_t)resize->target->width * (size_t)resize->target->bands;
    uint8_t *to = pp_image_row(resize->target, y);

    for (size_t x = 0; x < samples; x += LANES) {
        uint8_t result[LANES];

        weigh_levels[resize->level](from + x, resize->window_stride, weights, taps->count, result);
        memcpy(to + x, result, samples - x < LANES ? samples - x : LANES);
    }
}

/* Cut @bytes from the memory at @scratch, unless that is NULL, and count them. */
static void *cut(uint8_t *scratch, size_t *used, size_t bytes)
{
    void *part = scratch == NULL ? NULL : scratch + *used;

    *used += pp_size_round_up(bytes, PP_IMAGE_ALIGNMENT);
    return part;
}

static void cut_axis(struct axis *axis, uint8_t *scratch, size_t *used)
{
    const size_t side = (size_t)axis->target_side;

    axis->taps = cut(scratch, used, side * sizeof(*axis->taps));
    axis->weights = cut(scratch, used, side * (size_t)axis->room * sizeof(*axis->weights));
}

/* Set everything up but the weights; returns how many bytes of scratch memory that takes. */
static size_t resize_init(struct resize *resize, const struct pp_image *source, double width,
                          double height, struct pp_pillow_factor factor,
                          const struct pp_image *target, uint8_t *scratch)
{
    const struct pp_size full = {source->width, source->height};
    const struct pp_size size = pp_pillow_reduced_size(full, factor);
    const size_t from_samples = (size_t)size.width * (size_t)source->bands;
    const size_t to_samples = (size_t)target->width * (size_t)target->bands;
    size_t used = 0;

    *resize = (struct resize){
        .source = source, .target = target, .level = pp_kernel_level(), .factor = factor};
    resize->across = axis_init(width / factor.across, size.width, target->width);
    resize->down = axis_init(height / factor.down, size.height, target->height);
    cut_axis(&resize->across, scratch, &used);
    cut_axis(&resize->down, scratch, &used);
    if (factor.across > 1 || factor.down > 1) {
        resize->reduced_stride = pp_size_round_up(from_samples, PP_IMAGE_ALIGNMENT);
        resize->reduced = cut(scratch, &used, resize->reduced_stride * LANES);
        resize->sums = cut(scratch, &used, pp_pillow_reduce_scratch_bytes(source->bands, factor));
    }
    resize->tile = cut(scratch, &used, from_samples * LANES);
    resize->columns = cut(scratch, &used, to_samples * LANES);
    resize->window_stride = pp_size_round_up(to_samples, PP_IMAGE_ALIGNMENT);
    resize->window =
        cut(scratch, &used, resize->window_stride * ((size_t)resize->down.room + LANES));
    return used;
}

size_t pp_pillow_resize_scratch_bytes(const struct pp_image *source, double width, double height,
                                      struct pp_pillow_factor factor, const struct pp_image *target)
{
    struct resize resize;

    return resize_init(&resize, source, width, height, factor, target, NULL);
}

void pp_pillow_resize(const struct pp_image *source, double width, double height,
                      struct pp_pillow_factor factor, const struct pp_image *target, void *scratch)
{
    struct resize resize;

    resize_init(&resize, source, width, height, factor, target, scratch);
    for (int32_t x = 0; x < target->width; x++) {
        axis_find_taps(&resize.across, x);
    }
    for (int32_t y = 0; y < target->height; y++) {
        axis_find_taps(&resize.down, y);
    }
    for (int32_t y = 0; y < target->height; y++) {
        const struct taps *taps = &resize.down.taps[y];

        while (resize.made < taps->first + taps->count) {
            make_rows(&resize, smaller(taps->first, resize.made));
        }
        write_row(&resize, y);
    }
}
