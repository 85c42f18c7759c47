/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Gaussian: one axis of the blur, for many lanes side by side
 *
 * A lane is one line of samples that is filtered along its length; the lanes of one call lie
 * beside one another in memory, so that one vector instruction serves as many of them as it has
 * places. No lane knows of the others: how lines are grouped into calls changes no byte.
 *
 * filters/blur.h is what the rest of the program uses.
 */

#include "filters/image.h"
#include "filters/kernel.h"

/* The most lanes that one call takes: whole lines of the cache, 8 bit or 16. */
#define PP_GAUSSIAN_LANES_MAX 64

#define PP_GAUSSIAN_COSINES_MAX 8
#define PP_GAUSSIAN_DIRECT_MAX  10

/* A Gaussian, ready to be used any number of times. Plain data; all fields are read only. */
struct pp_gaussian {
    enum pp_kernel_level level; /* which variant runs; a test may lower it */
    int32_t bits;               /* of a sample: 8 or 16 */
    int32_t radius;             /* samples on either side that count; 0: nothing to do */
    bool slides;                /* a sum of sliding cosines; or else direct, with taps */
    double taps[PP_GAUSSIAN_DIRECT_MAX + 1]; /* direct: weight at distance 0, 1, ... */
    double mean;                             /* slides: 1 / samples in the window */
    double weights[PP_GAUSSIAN_COSINES_MAX]; /* slides: of each cosine's sum */
    double springs[PP_GAUSSIAN_COSINES_MAX]; /* slides: what turns each cosine */
};

/* Set up the Gaussian of standard deviation @sigma (0 to PP_BLUR_SIGMA_MAX) for @bits 8 or 16. */
void pp_gaussian_init(struct pp_gaussian *gaussian, double sigma, int32_t bits);

/* Bytes of scratch memory that pp_gaussian_filter() needs for so many lanes of so many samples. */
size_t pp_gaussian_scratch_bytes(const struct pp_gaussian *gaussian, int32_t lanes, int32_t length);

/*
 * Filter lines of @length samples in place; samples beyond the ends repeat the end.
 *
 * @samples: the first sample of the first lane; the other lanes follow it without a gap.
 * @stride: bytes from one sample of a lane to its next.
 * @lanes: 1 to PP_GAUSSIAN_LANES_MAX; multiples of 32 are fastest. No byte of other lanes is
 * written.
 * @scratch: pp_gaussian_scratch_bytes() bytes, aligned to PP_IMAGE_ALIGNMENT.
 */
void pp_gaussian_filter(const struct pp_gaussian *gaussian, uint8_t *samples, size_t stride,
                        int32_t lanes, int32_t length, void *scratch);
