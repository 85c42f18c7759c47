/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Pictures: painted, written and read in tests of the codec
 *
 * A picture is an image with memory of its own; a file is a GBytes.
 */

#include <errno.h>
#include <glib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "filters/codec.h"

#define PICTURE_PIXELS_MAX 100e6

/* Like g_test_init(), but libvips may warn: about damaged files it does, and that is no failure. */
static inline void pictures_test_init(int *argc, char ***argv)
{
    g_test_init(argc, argv, NULL);
    g_log_set_always_fatal(G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
}

struct picture {
    struct pp_image image;
    void *memory;
};

static inline struct picture picture_new(struct pp_size size, int32_t bands, int32_t bits)
{
    struct picture picture;
    size_t bytes;

    g_assert_cmpint(pp_image_init(&picture.image, size, bands, bits, &bytes), ==, 0);
    picture.memory = aligned_alloc(PP_IMAGE_ALIGNMENT, bytes);
    g_assert_nonnull(picture.memory);
    memset(picture.memory, 0xA5, bytes);
    picture.image.pixels = picture.memory;
    return picture;
}

static inline void picture_free(struct picture *picture)
{
    free(picture->memory);
    picture->memory = NULL;
}

static inline uint32_t picture_get(const struct picture *picture, int32_t x, int32_t y,
                                   int32_t band)
{
    const uint8_t *row = pp_image_row(&picture->image, y);
    size_t i = (size_t)x * (size_t)picture->image.bands + (size_t)band;

    return picture->image.bits == 16 ? ((const uint16_t *)(const void *)row)[i] : row[i];
}

static inline void picture_set(struct picture *picture, int32_t x, int32_t y, int32_t band,
                               uint32_t value)
{
    uint8_t *row = pp_image_row(&picture->image, y);
    size_t i = (size_t)x * (size_t)picture->image.bands + (size_t)band;

    if (picture->image.bits == 16) {
        ((uint16_t *)(void *)row)[i] = (uint16_t)value;
    } else {
        row[i] = (uint8_t)value;
    }
}

/* Waves that differ in every band, as a photo has them; with @noise, every sample at random
 * instead, the same ones each time. */
static inline struct picture picture_paint(struct pp_size size, int32_t bands, int32_t bits,
                                           gboolean noise)
{
    struct picture picture = picture_new(size, bands, bits);
    double most = bits == 16 ? 65535.0 : 255.0;
    GRand *random = g_rand_new_with_seed(1);

    for (int32_t y = 0; y < size.height; y++) {
        for (int32_t x = 0; x < size.width; x++) {
            for (int32_t band = 0; band < bands; band++) {
                double wave = 0.5 + 0.25 * sin(x * 0.11 + band) + 0.25 * cos(y * 0.07 - 2 * band);
                double value = noise ? g_rand_double(random) : wave;

                picture_set(&picture, x, y, band, (uint32_t)lround(value * most));
            }
        }
    }
    g_rand_free(random);
    return picture;
}

static inline void picture_assert_equal(const struct picture *a, const struct picture *b)
{
    size_t bytes =
        (size_t)a->image.width * (size_t)a->image.bands * pp_image_sample_bytes(&a->image);

    g_assert_cmpint(a->image.width, ==, b->image.width);
    g_assert_cmpint(a->image.height, ==, b->image.height);
    g_assert_cmpint(a->image.bands, ==, b->image.bands);
    g_assert_cmpint(a->image.bits, ==, b->image.bits);
    for (int32_t y = 0; y < a->image.height; y++) {
        g_assert_cmpmem(pp_image_row(&a->image, y), bytes, pp_image_row(&b->image, y), bytes);
    }
}

/* Peak signal to noise ratio in decibels, of pictures with 8 bits and the same shape. */
static inline double picture_psnr(const struct picture *a, const struct picture *b)
{
    double sum = 0.0;

    g_assert_cmpint(a->image.width, ==, b->image.width);
    g_assert_cmpint(a->image.height, ==, b->image.height);
    g_assert_cmpint(a->image.bands, ==, b->image.bands);
    for (int32_t y = 0; y < a->image.height; y++) {
        for (int32_t x = 0; x < a->image.width; x++) {
            for (int32_t band = 0; band < a->image.bands; band++) {
                double difference =
                    (double)picture_get(a, x, y, band) - (double)picture_get(b, x, y, band);

                sum += difference * difference;
            }
        }
    }
    sum /= (double)a->image.width * a->image.height * a->image.bands;
    return sum == 0.0 ? HUGE_VAL : 10.0 * log10(255.0 * 255.0 / sum);
}

/* Writes a copy of @picture, since writing may change it. */
static inline GBytes *picture_write(const struct picture *picture, enum pp_format format,
                                    int32_t quality, const struct pp_metadata *metadata)
{
    struct pp_size size = {picture->image.width, picture->image.height};
    struct picture copy = picture_new(size, picture->image.bands, picture->image.bits);
    struct pp_encode_options options = {format, quality};
    struct pp_sink sink = {.capacity = pp_codec_encoded_bytes_max(
                               format, size, picture->image.bands, picture->image.bits, 1 << 20)};
    struct pp_error error = {0};

    memcpy(copy.memory, picture->memory, copy.image.stride * (size_t)size.height);
    sink.bytes = g_malloc(sink.capacity);
    if (pp_codec_encode(&copy.image, metadata, &options, &sink, &error) != 0) {
        g_error("cannot write: %s", error.message);
    }
    picture_free(&copy);
    return g_bytes_new_take(g_realloc(sink.bytes, sink.length), sink.length);
}

/* As pp_codec_probe() and pp_codec_decode(), by the decoder's own scaling, with memory for the
 * pixels taken between them, to be freed by the caller where this returns 0. Like a planner,
 * refuses more than PICTURE_PIXELS_MAX.
 */
static inline int picture_read(const struct pp_source *source, int32_t shrink,
                               struct picture *ret_picture, struct pp_metadata *metadata,
                               struct pp_error *error)
{
    struct pp_header header;
    int r = pp_codec_probe(source, &header, error);

    if (r != 0) {
        return r;
    }
    if ((double)header.size.width * header.size.height > PICTURE_PIXELS_MAX) {
        return pp_error_set(error, -EFBIG, "too large for this test");
    }
    *ret_picture = picture_new(pp_codec_shrunk_size(&header, shrink), header.bands, header.bits);
    r = pp_codec_decode(source, &header, (struct pp_decode_scale){shrink, false},
                        &ret_picture->image, metadata, error);
    if (r != 0) {
        picture_free(ret_picture);
    }
    return r;
}

static inline struct pp_source source_of(GBytes *file)
{
    struct pp_source source;

    source.bytes = g_bytes_get_data(file, &source.length);
    return source;
}

/* Reads a file that is known to be good. */
static inline struct picture picture_read_good(GBytes *file, int32_t shrink,
                                               struct pp_metadata *metadata)
{
    struct pp_source source = source_of(file);
    struct pp_error error = {0};
    struct picture picture;

    if (picture_read(&source, shrink, &picture, metadata, &error) != 0) {
        g_error("cannot read: %s", error.message);
    }
    return picture;
}
