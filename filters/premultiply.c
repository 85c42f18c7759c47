/* SPDX-License-Identifier: MIT */

/*
 * All of it is exact: integers, or doubles that hold the integers' quotient exactly enough.
 *
 * Opaque pixels are most of nearly every image and are left alone.
 */

#include <string.h>

#include "filters/premultiply.h"

/* Samples that are widened or narrowed at a time: copied out of the way first, as the two images
 * overlap, which also lets the compiler use vectors. */
#define CHUNK 512

static size_t row_samples(const struct pp_image *image)
{
    return (size_t)image->width * (size_t)image->bands;
}

/* colour * alpha / 255, rounded. */
static uint8_t times_8(uint32_t colour, uint32_t alpha)
{
    const uint32_t product = colour * alpha + 128;

    return (uint8_t)((product + (product >> 8)) >> 8);
}

/* colour * alpha / 65535, rounded; no step overflows. */
static uint16_t times_16(uint32_t colour, uint32_t alpha)
{
    const uint32_t product = colour * alpha + 32768;

    return (uint16_t)((product + (product >> 16)) >> 16);
}

/*
 * colour * most / alpha, rounded and clamped. The quotient of two integers this small is a whole
 * number exactly, or too far from one for the division's rounding to reach it.
 */
static uint32_t divided(uint32_t colour, uint32_t alpha, uint32_t most)
{
    const uint32_t scaled = (uint32_t)((double)(colour * most + alpha / 2) / alpha);

    return scaled < most ? scaled : most;
}

static void premultiply_row_8(uint8_t *row, size_t samples, size_t bands)
{
    for (uint8_t *pixel = row; pixel < row + samples; pixel += bands) {
        const uint8_t alpha = pixel[bands - 1];

        for (size_t band = 0; alpha < 255 && band < bands - 1; band++) {
            pixel[band] = times_8(pixel[band], alpha);
        }
    }
}

static void premultiply_row_16(uint16_t *row, size_t samples, size_t bands)
{
    for (uint16_t *pixel = row; pixel < row + samples; pixel += bands) {
        const uint16_t alpha = pixel[bands - 1];

        for (size_t band = 0; alpha < 65535 && band < bands - 1; band++) {
            pixel[band] = times_16(pixel[band], alpha);
        }
    }
}

static void unpremultiply_row_8(uint8_t *row, size_t samples, size_t bands)
{
    for (uint8_t *pixel = row; pixel < row + samples; pixel += bands) {
        const uint8_t alpha = pixel[bands - 1];

        for (size_t band = 0; alpha < 255 && band < bands - 1; band++) {
            pixel[band] = alpha == 0 ? 0 : (uint8_t)divided(pixel[band], alpha, 255);
        }
    }
}

static void unpremultiply_row_16(uint16_t *row, size_t samples, size_t bands)
{
    for (uint16_t *pixel = row; pixel < row + samples; pixel += bands) {
        const uint16_t alpha = pixel[bands - 1];

        for (size_t band = 0; alpha < 65535 && band < bands - 1; band++) {
            pixel[band] = alpha == 0 ? 0 : (uint16_t)divided(pixel[band], alpha, 65535);
        }
    }
}

void pp_premultiply(const struct pp_image *image)
{
    for (int32_t y = 0; pp_image_has_alpha(image) && y < image->height; y++) {
        void *row = pp_image_row(image, y);

        if (image->bits == 8) {
            premultiply_row_8(row, row_samples(image), (size_t)image->bands);
        } else {
            premultiply_row_16(row, row_samples(image), (size_t)image->bands);
        }
    }
}

void pp_unpremultiply(const struct pp_image *image)
{
    for (int32_t y = 0; pp_image_has_alpha(image) && y < image->height; y++) {
        void *row = pp_image_row(image, y);

        if (image->bits == 8) {
            unpremultiply_row_8(row, row_samples(image), (size_t)image->bands);
        } else {
            unpremultiply_row_16(row, row_samples(image), (size_t)image->bands);
        }
    }
}

/* From the end to the start, so that nothing is overwritten that is still to be read. */
static void widen_row(const uint8_t *from, uint16_t *to, size_t samples)
{
    uint8_t chunk[CHUNK];

    while (samples > 0) {
        const size_t count = (samples - 1) % CHUNK + 1;

        samples -= count;
        memcpy(chunk, from + samples, count);
        for (size_t i = 0; i < count; i++) {
            to[samples + i] = (uint16_t)(chunk[i] * 257);
        }
    }
}

static void narrow_row(const uint16_t *from, uint8_t *to, size_t samples)
{
    uint8_t chunk[CHUNK];

    for (size_t done = 0; done < samples; done += CHUNK) {
        const size_t count = samples - done < CHUNK ? samples - done : CHUNK;

        for (size_t i = 0; i < count; i++) {
            chunk[i] = (uint8_t)((from[done + i] + 128U) / 257);
        }
        memcpy(to + done, chunk, count);
    }
}

void pp_widen(const struct pp_image *image, const struct pp_image *wide)
{
    /* The last row first: where a wide row lies, there are narrow ones of the same or more. */
    for (int32_t y = image->height - 1; y >= 0; y--) {
        widen_row(pp_image_row(image, y), (uint16_t *)(void *)pp_image_row(wide, y),
                  row_samples(image));
    }
}

void pp_narrow(const struct pp_image *wide, struct pp_image *ret_narrow)
{
    for (int32_t y = 0; y < wide->height; y++) {
        narrow_row((const uint16_t *)(const void *)pp_image_row(wide, y), pp_image_row(wide, y),
                   row_samples(wide));
    }
    *ret_narrow = *wide;
    ret_narrow->bits = 8;
}
