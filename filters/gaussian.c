/* SPDX-License-Identifier: MIT */

/*
 * The kernel is a sum of cosines cut off at the edge of a window (K. Sugimoto and S. Kamata, "Fast
 * Gaussian filter with second-order shift property of DCT-5", ICIP 2013). On a window of 2 r + 1
 * samples the Gaussian of standard deviation s is close to its cosine series
 *
 *     h(u) = (1 + sum over k = 1..K of 2 exp(-(s k p)^2 / 2) cos(k p u)) / (2 r + 1)
 *
 * with p = 2 pi / (2 r + 1), and what the window holds under one cosine follows from what it held
 * one and two samples before, so that the cost does not depend on s.
 *
 * How the sums slide. Let F(n) be the sum of x(n + u) cos(k p u) over the window around n, and let
 * d = x(n + r + 1) - x(n - r) be what enters less what leaves. The cosines of r and r + 1 are the
 * same number c, and G = F / c obeys
 *
 *     G(n + 1) - 2 cos(k p) G(n) + G(n - 1) = d(n) - d(n - 1)
 *
 * The textbook form of that recurrence is useless in single precision: for large s, 2 cos(k p) is
 * 2 less next to nothing. With the spring a = 2 - 2 cos(k p) = 4 sin^2(k p / 2) and a speed v it
 * is a mass on a spring that d pushes,
 *
 *     v <- v - a G        G <- (G + d) + v
 *
 * which loses nothing, since a is known to full precision and both sums are small where they should
 * be. Measured against double precision, 8 bits drift by at most 0.06 levels in a million samples
 * (noise, square waves and the very cosines that resonate with the sums, s from 2 to 1000). The
 * sums start afresh every SEGMENT samples nevertheless.
 *
 * How many cosines. The worst that one axis can do to any image is W = full scale * (sum of
 * |h - g|) / 2, g being the true Gaussian. Both errors of h, the cut at r and the series ended at
 * K, shrink alike when K grows with (r / s)^2, so K fixes the best r. Between the axes the samples
 * are rounded (at most 0.5), so the result before the last rounding is off by at most 0.5 + 2 W,
 * and the rounded result is within 1 level of the rounded true one as long as that is below 1:
 *
 *     bits  K  r                W, largest over s >= 2       0.5 + 2 W
 *      8    3  floor(3.41 s)    0.33 of 255                  1.16, too much
 *      8    4  floor(3.79 s)    0.092 (0.065 for s > 10)     0.69
 *     16    7  floor(4.86 s)    0.22 of 65535                0.94, not enough left for drift
 *     16    8  floor(5.16 s)    0.048 (0.028 for s > 10)     0.60
 *
 * As W is so far below 0.5, no result leaves the range of its samples, and none is clamped.
 *
 * Below s = 2, where r has too few values to choose from, the taps are few and added directly: cut
 * at floor(4.75 s) + 1, which leaves W = 0.0001 (8 bits) and 0.026 (16 bits). Below s = 0.15 the
 * nearest neighbour weighs less than 3e-10, and nothing happens.
 *
 * 8 bits are computed in float, where the plain sum of a window is exact, and 16 bits in double.
 * No function of libm is called, since its last bit may depend on the processor.
 */

#include <string.h>

#include "filters/gaussian.h"

#define COSINES_8  4
#define COSINES_16 8

/* Lanes that are computed together. */
#define LANES 32

/* How many samples ahead of their use are fetched into the cache. */
#define AHEAD 16

/* Samples of each lane that are filtered in one go: their results stay in the first cache. */
#define CHUNK 64

/* Samples after which the sums start afresh; a multiple of CHUNK. */
#define SEGMENT 65536

typedef void (*filter_fn)(const struct pp_gaussian *gaussian, uint8_t *samples, size_t stride,
                          int32_t lanes, int32_t length, void *scratch);

static inline int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static inline int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

#define JOIN(verb, bits, level)        JOIN_VALUES(verb, bits, level)
#define JOIN_VALUES(verb, bits, level) verb##_##bits##_##level

#define BITS  8
#define LEVEL 0
#include "filters/gaussian_lanes.inc"
#define BITS  16
#define LEVEL 0
#include "filters/gaussian_lanes.inc"
#if PP_KERNEL_LEVELS > 1
#define BITS  8
#define LEVEL 1
#include "filters/gaussian_lanes.inc"
#define BITS  16
#define LEVEL 1
#include "filters/gaussian_lanes.inc"
#define BITS  8
#define LEVEL 2
#include "filters/gaussian_lanes.inc"
#define BITS  16
#define LEVEL 2
#include "filters/gaussian_lanes.inc"
#endif

static const filter_fn filters[PP_KERNEL_LEVELS][2] = {
    {filter_8_0, filter_16_0},
#if PP_KERNEL_LEVELS > 1
    {filter_8_1, filter_16_1},
    {filter_8_2, filter_16_2},
#endif
};

#define PI 3.14159265358979323846

/* The sine of 0 to pi / 2, to the last digits of a double. */
static double sine(double angle)
{
    double term = angle;
    double sum = angle;

    for (int32_t i = 1; i < 14; i++) {
        term *= -angle * angle / (2 * i * (2 * i + 1));
        sum += term;
    }
    return sum;
}

/* exp(-x) for x >= 0, to 12 digits: the series for x / 1024, squared ten times. */
static double decay(double x)
{
    double term = 1;
    double sum = 1;

    if (x > 700) {
        return 0;
    }
    for (int32_t i = 1; i < 18; i++) {
        term *= -x / 1024 / i;
        sum += term;
    }
    for (int32_t i = 0; i < 10; i++) {
        sum *= sum;
    }
    return sum;
}

static void init_direct(struct pp_gaussian *gaussian, double sigma)
{
    double sum = 0;

    gaussian->radius = (int32_t)(4.75 * sigma) + 1;
    for (int32_t i = 0; i <= gaussian->radius; i++) {
        gaussian->taps[i] = decay(i * i / (2 * sigma * sigma));
        sum += i == 0 ? gaussian->taps[i] : 2 * gaussian->taps[i];
    }
    for (int32_t i = 0; i <= gaussian->radius; i++) {
        gaussian->taps[i] /= sum;
    }
}

static void init_slides(struct pp_gaussian *gaussian, double sigma)
{
    const int32_t cosines = gaussian->bits == 8 ? COSINES_8 : COSINES_16;

    gaussian->slides = true;
    gaussian->radius = (int32_t)((gaussian->bits == 8 ? 3.79 : 5.16) * sigma);
    gaussian->mean = 1.0 / (2 * gaussian->radius + 1);
    for (int32_t k = 1; k <= cosines; k++) {
        const double half = k * PI * gaussian->mean; /* k p / 2 */
        const double edge = 1 - 2 * sine(half / 2) * sine(half / 2);

        /* The edge cosine c is that of k p r = k pi - k p / 2: its sign changes with k. */
        gaussian->weights[k - 1] =
            (k % 2 == 0 ? 2 : -2) * decay(2 * sigma * sigma * half * half) * edge * gaussian->mean;
        gaussian->springs[k - 1] = 4 * sine(half) * sine(half);
    }
}

void pp_gaussian_init(struct pp_gaussian *gaussian, double sigma, int32_t bits)
{
    *gaussian = (struct pp_gaussian){.level = pp_kernel_level(), .bits = bits};
    if (sigma >= 2) {
        init_slides(gaussian, sigma);
    } else if (sigma >= 0.15) {
        init_direct(gaussian, sigma);
    }
}

size_t pp_gaussian_scratch_bytes(const struct pp_gaussian *gaussian, int32_t lanes, int32_t length)
{
    const size_t real = gaussian->bits == 8 ? sizeof(float) : sizeof(double);

    return ((size_t)length + 2 * PP_GAUSSIAN_DIRECT_MAX) * pp_size_round_up((size_t)lanes, LANES) *
           real;
}

void pp_gaussian_filter(const struct pp_gaussian *gaussian, uint8_t *samples, size_t stride,
                        int32_t lanes, int32_t length, void *scratch)
{
    if (gaussian->radius > 0) {
        filters[gaussian->level][gaussian->bits == 8 ? 0 : 1](gaussian, samples, stride, lanes,
                                                              length, scratch);
    }
}
