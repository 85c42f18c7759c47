/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Reference: what a chain should make of a picture, slow and plain, in doubles
 *
 * One band at a time; nothing is rounded and nothing is clever.
 */

#include "filters/chain.h"
#include "filters/thumbnail.h"
#include "tests/pictures.h"

/* One band. */
struct plane {
    struct pp_size size;
    double *samples; /* row by row */
};

static inline double reference_catmull_rom(double x)
{
    x = fabs(x);
    if (x < 1) {
        return (1.5 * x - 2.5) * x * x + 1;
    }
    return x < 2 ? ((2.5 - 0.5 * x) * x - 4) * x + 2 : 0;
}

static inline double reference_gaussian(double x)
{
    return exp(-x * x / 2);
}

/*
 * Filters one line of @count samples that lie @step apart to @to_count samples, with a kernel that
 * is @width times as wide as its formula. Beyond its ends the line repeats its last sample; where
 * @cut is set, what is beyond does not count.
 */
static inline void reference_line(const double *from, int32_t count, double *to, int32_t to_count,
                                  size_t step, double (*kernel)(double), double width, bool cut)
{
    int32_t reach = (int32_t)ceil(8 * width);

    for (int32_t i = 0; i < to_count; i++) {
        double centre = (i + 0.5) * count / to_count - 0.5;
        double sum = 0;
        double weights = 0;

        for (int32_t j = (int32_t)centre - reach; j <= (int32_t)centre + reach; j++) {
            double weight = kernel((j - centre) / width);

            if (!cut || (j >= 0 && j < count)) {
                sum += weight * from[(size_t)CLAMP(j, 0, count - 1) * step];
                weights += weight;
            }
        }
        to[(size_t)i * step] = sum / weights;
    }
}

static inline struct plane reference_step(const struct plane *from, struct pp_size to,
                                          double (*kernel)(double), double width_x, double width_y,
                                          bool cut)
{
    size_t rows = (size_t)from->size.height;
    size_t count = rows * (size_t)to.width;
    double *middle = g_new(double, count);
    struct plane result = {to, g_new(double, (size_t)(to.width * to.height))};

    for (size_t y = 0; y < rows; y++) {
        reference_line(from->samples + y * (size_t)from->size.width, from->size.width,
                       middle + y * (size_t)to.width, to.width, 1, kernel, width_x, cut);
    }
    for (int32_t x = 0; x < to.width; x++) {
        reference_line(middle + x, from->size.height, result.samples + x, to.height,
                       (size_t)to.width, kernel, width_y, cut);
    }
    g_free(middle);
    g_free(from->samples);
    return result;
}

/*
 * The chain taken literally, step by step, without rounding between: on the band as it is or, where
 * @times_alpha is set, on its product with alpha.
 */
static inline struct plane reference_band(const struct picture *picture, int32_t band,
                                          bool times_alpha, const struct pp_chain *chain)
{
    const struct pp_image *image = &picture->image;
    int32_t count = image->width * image->height;
    struct plane plane = {{image->width, image->height}, g_new(double, (size_t)count)};

    for (int32_t i = 0; i < count; i++) {
        int32_t x = i % image->width;
        int32_t y = i / image->width;

        plane.samples[i] = picture_get(picture, x, y, band);
        plane.samples[i] *= times_alpha ? picture_get(picture, x, y, image->bands - 1) : 1;
    }
    for (int32_t i = 0; i < chain->count; i++) {
        const struct pp_step *step = &chain->steps[i];

        if (step->kind == PP_STEP_BLUR) {
            plane = reference_step(&plane, plane.size, reference_gaussian, step->sigma, step->sigma,
                                   false);
        } else {
            struct pp_size to = pp_thumbnail_size(plane.size, step->box);

            plane = reference_step(&plane, to, reference_catmull_rom,
                                   (double)plane.size.width / to.width,
                                   (double)plane.size.height / to.height, true);
        }
    }
    return plane;
}

/* What @band should become, in samples from g_malloc(): colour is weighted by alpha, where there is
 * alpha. */
static inline struct plane reference_picture(const struct picture *picture, int32_t band,
                                             const struct pp_chain *chain)
{
    int32_t alpha_band = picture->image.bands - 1;
    bool times_alpha = pp_image_has_alpha(&picture->image) && band < alpha_band;
    struct plane plane = reference_band(picture, band, times_alpha, chain);

    if (times_alpha) {
        struct plane alpha = reference_band(picture, alpha_band, false, chain);

        for (int32_t i = 0; i < plane.size.width * plane.size.height; i++) {
            plane.samples[i] /= alpha.samples[i];
        }
        g_free(alpha.samples);
    }
    return plane;
}
