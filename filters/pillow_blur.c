/* SPDX-License-Identifier: MIT */

/*
 * P. Gwosdek et al., "Theoretical foundations of Gaussian convolution by extended box filtering"
 * (SSVM 2011): a box whose length need not be a whole number has 2 r + 1 samples of the weight w
 * and one more at either end, of a smaller weight v, and n of them in a row have the variance of
 * the Gaussian. Pillow takes n = 3, along the rows and then along the columns.
 *
 * What has to be the same for the same bytes, found by experiment:
 *
 * - the length is worked out in single precision;
 * - weights have 24 bits of fraction, w cut and v half of what is left;
 * - every box rounds to 8 bits, so six times;
 * - every box repeats the first and the last sample of the line that it is given, not of the image.
 *
 * The sum of the next box follows from that of the last one: so it takes no longer for large
 * boxes. It is kept multiplied by w, which is exact as all of it is modulo 2^32. A box overwrites
 * what it reads, so the samples that are still to leave it wait in a ring.
 *
 * 64 lines are filtered side by side, in a tile where the samples of all of them at one place are
 * neighbours; rows are transposed for it, columns lie so already.
 */

#include <math.h>
#include <string.h>

#include "filters/block.h"
#include "filters/kernel.h"
#include "filters/pillow_blur.h"

/* Lines in a tile. */
#define LANES 64

#define BOXES 3

/* How many rows ahead of its use a piece of a column is fetched into the cache. */
#define AHEAD 16

struct box {
    int32_t radius; /* samples of the whole weight on either side of the middle */
    uint32_t whole; /* weight of each of those and the middle, in 2^-24 */
    uint32_t end;   /* weight of the one beyond them, on either side */
};

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* The paper's equations 7 and 11 for the whole part of the radius, and 14 for the rest of it. */
static struct box box_for(double sigma)
{
    const float deviation = (float)sigma;
    const float variance = deviation * deviation / BOXES;
    const float length = (float)sqrt(12.0 * (double)variance + 1.0);
    const float whole = (float)floor(((double)length - 1.0) / 2.0);
    const float part = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance) /
                       (6 * (variance - (whole + 1) * (whole + 1)));
    const float radius = whole + part;
    struct box box = {.radius = (int32_t)radius};

    box.whole = (uint32_t)(0x1p24F / (radius * 2 + 1));
    box.end = ((UINT32_C(1) << 24) - ((uint32_t)box.radius * 2 + 1) * box.whole) / 2;
    return box;
}

/* Samples of each line that have to wait: those in one half of the box and the two beside it. */
static int32_t ring_places(const struct box *box, int32_t length)
{
    return smaller(box->radius + 2, length);
}

/* Run a box along LANES lines of @length samples; @stride bytes lie between those of one line. */
PP_KERNEL_BODY average_body(const struct box *box, uint8_t *lines, size_t stride, int32_t length,
                            uint8_t *restrict ring)
{
    const int32_t radius = box->radius, last = length - 1;
    const int32_t places = ring_places(box, length);
    const uint32_t whole = box->whole, end = box->end;
    int32_t filled = 0, leaving = 0; /* places in the ring */
    uint32_t sums[LANES], left[LANES];

    /* The box around the first sample, which is also all that lies before it. */
    for (int32_t lane = 0; lane < LANES; lane++) {
        const uint8_t *after = lines + (size_t)last * stride;

        left[lane] = lines[lane];
        sums[lane] = left[lane] * (uint32_t)(radius + 1);
        sums[lane] += radius > last ? after[lane] * (uint32_t)(radius - last) : 0;
    }
    for (int32_t i = 1; i <= smaller(radius, last); i++) {
        for (int32_t lane = 0; lane < LANES; lane++) {
            sums[lane] += lines[(size_t)i * stride + (size_t)lane];
        }
    }
    for (int32_t lane = 0; lane < LANES; lane++) {
        sums[lane] = sums[lane] * whole + (UINT32_C(1) << 23);
    }
    for (int32_t i = 0; i < length; i++) {
        uint8_t *here = lines + (size_t)i * stride;
        const uint8_t *enters = lines + (size_t)smaller(i + radius + 1, last) * stride;
        const uint8_t *leaves = ring + (size_t)leaving * LANES;
        uint8_t result[LANES];

        memcpy(ring + (size_t)filled * LANES, here, LANES);
        for (int32_t lane = 0; lane < LANES; lane++) {
            const uint32_t in = enters[lane], out = leaves[lane];

            result[lane] = (uint8_t)((sums[lane] + (in + left[lane]) * end) >> 24);
            sums[lane] += (in - out) * whole;
            left[lane] = out;
        }
        memcpy(here, result, LANES);
        filled = filled + 1 < places ? filled + 1 : 0;
        if (i >= radius) {
            leaving = leaving + 1 < places ? leaving + 1 : 0;
        }
    }
}

PP_KERNEL_DEFINE(average,
                 (const struct box *box, uint8_t *lines, size_t stride, int32_t length,
                  uint8_t *restrict ring),
                 (box, lines, stride, length, ring));

/* Filter a tile: the lines of @length places, @groups times LANES of them. */
static void filter_tile(const struct box *box, uint8_t *tile, int32_t length, int32_t groups,
                        uint8_t *ring)
{
    const enum pp_kernel_level level = pp_kernel_level();

    for (int32_t group = 0; group < groups; group++) {
        for (int32_t i = 0; i < BOXES; i++) {
            average_levels[level](box, tile + (size_t)group * LANES, (size_t)groups * LANES, length,
                                  ring);
        }
    }
}

/* The tile of LANES rows, or of the pieces of LANES bytes of all rows. */
static size_t tile_bytes(const struct pp_image *image)
{
    const size_t samples = (size_t)image->width * (size_t)image->bands;

    return LANES * (samples > (size_t)image->height ? samples : (size_t)image->height);
}

size_t pp_pillow_blur_scratch_bytes(const struct pp_image *image, double sigma)
{
    const struct box box = box_for(sigma);
    const int32_t longest = image->width > image->height ? image->width : image->height;

    return tile_bytes(image) + LANES * (size_t)ring_places(&box, longest);
}

static void blur_rows(const struct pp_image *image, const struct box *box, uint8_t *tile,
                      uint8_t *ring)
{
    for (int32_t y = 0; y < image->height; y += LANES) {
        const int32_t rows = smaller(image->height - y, LANES);
        const int32_t samples = image->width * image->bands;

        pp_block_turn(tile, LANES, pp_image_row(image, y), image->stride, rows, samples, 1);
        filter_tile(box, tile, image->width, image->bands, ring);
        pp_block_turn(pp_image_row(image, y), image->stride, tile, LANES, samples, rows, 1);
    }
}

static void blur_columns(const struct pp_image *image, const struct box *box, uint8_t *tile,
                         uint8_t *ring)
{
    const size_t samples = (size_t)image->width * (size_t)image->bands;

    for (size_t x = 0; x < samples; x += LANES) {
        const size_t bytes = samples - x < LANES ? samples - x : LANES;

        for (int32_t y = 0; y < image->height; y++) {
            __builtin_prefetch(pp_image_row(image, smaller(y + AHEAD, image->height - 1)) + x);
            memcpy(tile + (size_t)y * LANES, pp_image_row(image, y) + x, bytes);
        }
        filter_tile(box, tile, image->height, 1, ring);
        for (int32_t y = 0; y < image->height; y++) {
            memcpy(pp_image_row(image, y) + x, tile + (size_t)y * LANES, bytes);
        }
    }
}

void pp_pillow_blur(const struct pp_image *image, double sigma, void *scratch)
{
    const struct box box = box_for(sigma);
    uint8_t *tile = scratch;
    uint8_t *ring = tile + tile_bytes(image);

    blur_rows(image, &box, tile, ring);
    blur_columns(image, &box, tile, ring);
}
