/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Canvas: an image for tests of filters
 *
 * Rows have padding behind them and start at odd places, and what is not a pixel has a pattern, so
 * that a filter that writes where no pixel is gets caught. The memory ends with the last pixel:
 * what goes beyond is caught by the address sanitizer.
 */

#include <glib.h>
#include <string.h>

#include "filters/image.h"

#define CANVAS_PATTERN 0xa5
#define CANVAS_LEAD    6 /* bytes before the first pixel */

struct canvas {
    struct pp_image image;
    uint8_t *memory;
    size_t bytes;
};

static inline size_t canvas_row_bytes(const struct canvas *canvas)
{
    return (size_t)canvas->image.width * (size_t)canvas->image.bands *
           pp_image_sample_bytes(&canvas->image);
}

/* All pixels 0. */
static inline struct canvas canvas_create(int32_t width, int32_t height, int32_t bands,
                                          int32_t bits)
{
    struct canvas canvas = {
        .image = {.width = width, .height = height, .bands = bands, .bits = bits},
    };

    canvas.image.stride = (canvas_row_bytes(&canvas) + 11) & ~(size_t)1;
    canvas.bytes =
        CANVAS_LEAD + canvas.image.stride * (size_t)(height - 1) + canvas_row_bytes(&canvas);
    canvas.memory = g_malloc(canvas.bytes);
    canvas.image.pixels = canvas.memory + CANVAS_LEAD;
    memset(canvas.memory, CANVAS_PATTERN, canvas.bytes);
    for (int32_t y = 0; y < height; y++) {
        memset(pp_image_row(&canvas.image, y), 0, canvas_row_bytes(&canvas));
    }
    return canvas;
}

static inline struct canvas canvas_copy(const struct canvas *source)
{
    const struct pp_image *image = &source->image;
    struct canvas canvas = canvas_create(image->width, image->height, image->bands, image->bits);

    memcpy(canvas.memory, source->memory, source->bytes);
    return canvas;
}

/* Fails the test where a byte that is no pixel was written; frees the memory. */
static inline void canvas_finish(struct canvas *canvas)
{
    const size_t row = canvas_row_bytes(canvas);

    for (size_t i = 0; i < canvas->bytes; i++) {
        if (i < CANVAS_LEAD || (i - CANVAS_LEAD) % canvas->image.stride >= row) {
            g_assert_cmphex(canvas->memory[i], ==, CANVAS_PATTERN);
        }
    }
    g_free(canvas->memory);
}

static inline void canvas_assert_same(const struct canvas *a, const struct canvas *b)
{
    g_assert_cmpmem(a->memory, a->bytes, b->memory, b->bytes);
}

static inline int32_t canvas_max(const struct canvas *canvas)
{
    return canvas->image.bits == 8 ? 255 : 65535;
}

/* The sample @x of row @y, where x counts samples, not pixels. */
static inline int32_t canvas_get(const struct canvas *canvas, int32_t x, int32_t y)
{
    const uint8_t *row = pp_image_row(&canvas->image, y);

    return canvas->image.bits == 8 ? row[x] : ((const uint16_t *)(const void *)row)[x];
}

static inline void canvas_set(struct canvas *canvas, int32_t x, int32_t y, int32_t value)
{
    uint8_t *row = pp_image_row(&canvas->image, y);

    if (canvas->image.bits == 8) {
        row[x] = (uint8_t)value;
    } else {
        ((uint16_t *)(void *)row)[x] = (uint16_t)value;
    }
}

static inline int32_t canvas_samples(const struct canvas *canvas)
{
    return canvas->image.width * canvas->image.bands;
}

static inline void canvas_fill(struct canvas *canvas, int32_t value)
{
    for (int32_t y = 0; y < canvas->image.height; y++) {
        for (int32_t x = 0; x < canvas_samples(canvas); x++) {
            canvas_set(canvas, x, y, value);
        }
    }
}

/* Every sample any value, or (@extreme) 0 or the largest. */
static inline void canvas_noise(struct canvas *canvas, guint32 seed, bool extreme)
{
    GRand *dice = g_rand_new_with_seed(seed);

    for (int32_t y = 0; y < canvas->image.height; y++) {
        for (int32_t x = 0; x < canvas_samples(canvas); x++) {
            const int32_t value = g_rand_int_range(dice, 0, canvas_max(canvas) + 1);
            const int32_t end = value % 2 == 0 ? 0 : canvas_max(canvas);

            canvas_set(canvas, x, y, extreme ? end : value);
        }
    }
    g_rand_free(dice);
}

/*
 * Something like a photo: a bright sky, a darker ground with grain, a sharp edge between them that
 * is not straight, and a clipped sun.
 */
static inline void canvas_photo(struct canvas *canvas, guint32 seed)
{
    GRand *dice = g_rand_new_with_seed(seed);
    const int32_t width = canvas->image.width, height = canvas->image.height;
    const int32_t bands = canvas->image.bands;

    for (int32_t y = 0; y < height; y++) {
        for (int32_t x = 0; x < width; x++) {
            const bool sky = y < height / 2 + x * 7 % 13;
            const bool sun = sky && ABS(x - width / 3) + ABS(y - height / 4) < height / 8;

            for (int32_t band = 0; band < bands; band++) {
                double level = sky ? 0.9 - 0.3 * y / height - 0.1 * band : 0.25 + 0.05 * band;

                level += g_rand_double_range(dice, -1, 1) * (sky ? 0.01 : 0.15);
                level = sun ? 1 : CLAMP(level, 0, 1);
                canvas_set(canvas, x * bands + band, y, (int32_t)(level * canvas_max(canvas)));
            }
        }
    }
    g_rand_free(dice);
}
