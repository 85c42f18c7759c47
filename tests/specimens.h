/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Specimens: one small file of every format that is read
 *
 * Written by the codec or libvips where they can, and put together byte by byte where only reading
 * is needed. The caller has started libvips by pp_vips_start() and owns what these return.
 */

#include <glib.h>
#include <vips/vips.h>
#include <zlib.h>

#include "tests/pictures.h"

#define SPECIMEN_WIDTH  64
#define SPECIMEN_HEIGHT 48

static inline struct picture specimen_picture(int32_t bands)
{
    return picture_paint((struct pp_size){SPECIMEN_WIDTH, SPECIMEN_HEIGHT}, bands, 8, FALSE);
}

static inline GBytes *specimen_written(enum pp_format format)
{
    struct picture picture = specimen_picture(3);
    GBytes *file = picture_write(&picture, format, 0, NULL);

    picture_free(&picture);
    return file;
}

/* By one of libvips' savers and its options, in libvips' own notation. */
static inline GBytes *specimen_saved(int32_t bands, const char *suffix)
{
    struct picture picture = specimen_picture(bands);
    VipsInterpretation type = bands == 4 ? VIPS_INTERPRETATION_CMYK : VIPS_INTERPRETATION_sRGB;
    size_t row = (size_t)(SPECIMEN_WIDTH * bands);
    uint8_t *packed = g_malloc(row * SPECIMEN_HEIGHT);
    VipsImage *bare;
    VipsImage *image;
    void *bytes;
    size_t length;

    for (int32_t y = 0; y < SPECIMEN_HEIGHT; y++) {
        memcpy(packed + row * (size_t)y, pp_image_row(&picture.image, y), row);
    }
    bare = vips_image_new_from_memory(packed, row * SPECIMEN_HEIGHT, SPECIMEN_WIDTH,
                                      SPECIMEN_HEIGHT, bands, VIPS_FORMAT_UCHAR);
    vips_operation_block_set("VipsForeignSave", FALSE);
    g_assert_cmpint(vips_copy(bare, &image, "interpretation", type, NULL), ==, 0);
    if (vips_image_write_to_buffer(image, suffix, &bytes, &length, NULL) != 0) {
        g_error("cannot save %s: %s", suffix, vips_error_buffer());
    }
    g_object_unref(image);
    g_object_unref(bare);
    g_free(packed);
    picture_free(&picture);
    return g_bytes_new_take(bytes, length);
}

static inline void specimen_put(GByteArray *file, uint32_t value, unsigned bytes,
                                gboolean big_endian)
{
    for (unsigned i = 0; i < bytes; i++) {
        uint8_t byte = (uint8_t)(value >> 8 * (big_endian ? bytes - 1 - i : i));

        g_byte_array_append(file, &byte, 1);
    }
}

static inline void specimen_put_zeros(GByteArray *file, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        specimen_put(file, 0, 1, FALSE);
    }
}

/* All samples in the order of the file: by rows, or with @planes by bands, then rows. */
static inline void specimen_put_samples(GByteArray *file, gboolean planes)
{
    struct picture picture = specimen_picture(3);

    for (int32_t i = 0; i < SPECIMEN_WIDTH * SPECIMEN_HEIGHT * 3; i++) {
        int32_t pixel = planes ? i % (SPECIMEN_WIDTH * SPECIMEN_HEIGHT) : i / 3;
        int32_t band = planes ? i / (SPECIMEN_WIDTH * SPECIMEN_HEIGHT) : i % 3;

        specimen_put(file,
                     picture_get(&picture, pixel % SPECIMEN_WIDTH, pixel / SPECIMEN_WIDTH, band), 1,
                     FALSE);
    }
    picture_free(&picture);
}

static inline GBytes *specimen_bmp(void)
{
    GByteArray *file = g_byte_array_new();

    g_byte_array_append(file, (const uint8_t *)"BM", 2);
    specimen_put(file, 54 + SPECIMEN_WIDTH * SPECIMEN_HEIGHT * 3, 4, FALSE);
    specimen_put(file, 0, 4, FALSE);
    specimen_put(file, 54, 4, FALSE);
    specimen_put(file, 40, 4, FALSE);
    specimen_put(file, SPECIMEN_WIDTH, 4, FALSE);
    specimen_put(file, SPECIMEN_HEIGHT, 4, FALSE);
    specimen_put(file, 1, 2, FALSE);
    specimen_put(file, 24, 2, FALSE);
    specimen_put_zeros(file, 24);
    specimen_put_samples(file, FALSE);
    return g_byte_array_free_to_bytes(file);
}

/* 16 colours, of which the palette has @colours; the pixels use the first 4. */
static inline GBytes *specimen_bmp_palette(unsigned colours)
{
    GByteArray *file = g_byte_array_new();

    g_byte_array_append(file, (const uint8_t *)"BM", 2);
    specimen_put_zeros(file, 8);
    specimen_put(file, 54 + colours * 4, 4, FALSE);
    specimen_put(file, 40, 4, FALSE);
    specimen_put(file, 8, 4, FALSE);
    specimen_put(file, 8, 4, FALSE);
    specimen_put(file, 1, 2, FALSE);
    specimen_put(file, 4, 2, FALSE);
    specimen_put_zeros(file, 24);
    for (unsigned i = 0; i < colours; i++) {
        specimen_put(file, i * 0x101010, 4, FALSE);
    }
    for (unsigned i = 0; i < 8 * 4; i++) {
        specimen_put(file, 0x32 - i % 2 * 0x22, 1, FALSE);
    }
    return g_byte_array_free_to_bytes(file);
}

static inline GBytes *specimen_tga(void)
{
    GByteArray *file = g_byte_array_new();

    specimen_put(file, 2 << 16, 3, FALSE);
    specimen_put_zeros(file, 9);
    specimen_put(file, SPECIMEN_WIDTH, 2, FALSE);
    specimen_put(file, SPECIMEN_HEIGHT, 2, FALSE);
    specimen_put(file, 24, 2, FALSE);
    specimen_put_samples(file, FALSE);
    return g_byte_array_free_to_bytes(file);
}

/* Each packet says that 4 equal pixels follow. */
static inline GBytes *specimen_tga_packed(void)
{
    GByteArray *file = g_byte_array_new();

    specimen_put(file, 10 << 16, 3, FALSE);
    specimen_put_zeros(file, 9);
    specimen_put(file, SPECIMEN_WIDTH, 2, FALSE);
    specimen_put(file, SPECIMEN_HEIGHT, 2, FALSE);
    specimen_put(file, 24, 2, FALSE);
    for (unsigned i = 0; i < SPECIMEN_WIDTH * SPECIMEN_HEIGHT / 4; i++) {
        specimen_put(file, 0x83, 1, FALSE);
        specimen_put(file, i * 12345, 3, FALSE);
    }
    return g_byte_array_free_to_bytes(file);
}

static inline GBytes *specimen_psd(void)
{
    GByteArray *file = g_byte_array_new();

    g_byte_array_append(file, (const uint8_t *)"8BPS", 4);
    specimen_put(file, 1, 2, TRUE);
    specimen_put_zeros(file, 6);
    specimen_put(file, 3, 2, TRUE);
    specimen_put(file, SPECIMEN_HEIGHT, 4, TRUE);
    specimen_put(file, SPECIMEN_WIDTH, 4, TRUE);
    specimen_put(file, 8, 2, TRUE);
    specimen_put(file, 3, 2, TRUE); /* RGB */
    specimen_put_zeros(file, 4 * 3 + 2);
    specimen_put_samples(file, TRUE);
    return g_byte_array_free_to_bytes(file);
}

static inline GBytes *specimen_pic(void)
{
    GByteArray *file = g_byte_array_new();

    specimen_put(file, 0x5380F634, 4, TRUE);
    specimen_put_zeros(file, 84);
    g_byte_array_append(file, (const uint8_t *)"PICT", 4);
    specimen_put(file, SPECIMEN_WIDTH, 2, TRUE);
    specimen_put(file, SPECIMEN_HEIGHT, 2, TRUE);
    specimen_put_zeros(file, 8);
    specimen_put(file, 0x000800E0, 4, TRUE); /* the last packet: 8 bits, not packed, RGB */
    specimen_put_samples(file, FALSE);
    return g_byte_array_free_to_bytes(file);
}

static inline GBytes *specimen_hdr(void)
{
    static const char header[] = "#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 48 +X 64\n";
    GByteArray *file = g_byte_array_new();

    g_byte_array_append(file, (const uint8_t *)header, sizeof(header) - 1);
    for (unsigned y = 0; y < SPECIMEN_HEIGHT; y++) {
        specimen_put(file, 0x02020000 + SPECIMEN_WIDTH, 4, TRUE);
        for (unsigned i = 0; i < 4 * (SPECIMEN_WIDTH / 4); i++) {
            specimen_put(file, 0x84, 1, TRUE); /* 4 times the same */
            specimen_put(file, i < 3 * (SPECIMEN_WIDTH / 4) ? i * 5 + y : 128, 1, TRUE);
        }
    }
    return g_byte_array_free_to_bytes(file);
}

static inline GBytes *specimen_pnm(void)
{
    static const char header[] = "P6\n# by nobody\n64 48\n255\n";
    GByteArray *file = g_byte_array_new();

    g_byte_array_append(file, (const uint8_t *)header, sizeof(header) - 1);
    specimen_put_samples(file, FALSE);
    return g_byte_array_free_to_bytes(file);
}

static inline GBytes *specimen_svg(void)
{
    static const char text[] =
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"64\" height=\"48\">"
        "<rect x=\"4\" y=\"4\" width=\"30\" height=\"20\" fill=\"#c04080\"/>"
        "<circle cx=\"40\" cy=\"24\" r=\"15\" fill=\"#40c080\"/></svg>";

    return g_bytes_new_static(text, sizeof(text) - 1);
}

/* @bytes packed as gzip does. */
static inline GBytes *specimen_gzip(const void *bytes, size_t length)
{
    z_stream stream = {.next_in = (Bytef *)bytes, .avail_in = (uInt)length};
    size_t capacity = length + length / 100 + 100;
    uint8_t *packed = g_malloc(capacity);

    g_assert_cmpint(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), ==, Z_OK);
    stream.next_out = packed;
    stream.avail_out = (uInt)capacity;
    g_assert_cmpint(deflate(&stream, Z_FINISH), ==, Z_STREAM_END);
    deflateEnd(&stream);
    return g_bytes_new_take(packed, stream.total_out);
}

static inline GBytes *specimen_svgz(void)
{
    GBytes *text = specimen_svg();
    GBytes *packed = specimen_gzip(g_bytes_get_data(text, NULL), g_bytes_get_size(text));

    g_bytes_unref(text);
    return packed;
}
