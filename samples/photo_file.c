/* SPDX-License-Identifier: MIT */

/*
 * libjpeg and libpng report an error by calling a function that must not return. Ours jumps back
 * into the function that called the library, which cleans up and returns the error as data. What
 * such a function needs after the jump is volatile or lives in a struct of its caller.
 */

#include "samples/photo_file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jpeglib.h>
#include <png.h>

#define QUALITY        90
#define PREVIEW_WIDTH  160
#define PREVIEW_HEIGHT 120

/* Marker APP1 begins with this and holds no more than that. */
static const uint8_t exif_name[6] = {'E', 'x', 'i', 'f', 0, 0};
#define MARKER_MAX 65533

struct jpeg_writer {
    struct jpeg_error_mgr errors; /* first, so that libjpeg's pointer to it is one to us */
    struct jpeg_compress_struct jpeg;
    jmp_buf failed;
    struct pp_error *error;
};

static void jpeg_failed(j_common_ptr jpeg)
{
    struct jpeg_writer *writer = (struct jpeg_writer *)(void *)jpeg->err;
    char text[JMSG_LENGTH_MAX];

    jpeg->err->format_message(jpeg, text);
    pp_error_set(writer->error, -EIO, "cannot write JPEG: %s", text);
    longjmp(writer->failed, 1);
}

static void jpeg_start(struct jpeg_writer *writer, const struct photo_pixels *pixels)
{
    struct jpeg_compress_struct *jpeg = &writer->jpeg;

    jpeg->image_width = (JDIMENSION)pixels->width;
    jpeg->image_height = (JDIMENSION)pixels->height;
    jpeg->input_components = 3;
    jpeg->in_color_space = JCS_RGB;
    jpeg_set_defaults(jpeg);
    jpeg_set_quality(jpeg, QUALITY, TRUE);
    jpeg->write_JFIF_header = FALSE; /* cameras write EXIF in its place */
}

static void jpeg_write_pixels(struct jpeg_compress_struct *jpeg, const struct photo_pixels *pixels)
{
    size_t stride = (size_t)pixels->width * 3;

    while (jpeg->next_scanline < jpeg->image_height) {
        /* libjpeg only reads the row, but its type does not say so */
        JSAMPROW row = (JSAMPROW)(uintptr_t)(pixels->bytes + stride * jpeg->next_scanline);

        jpeg_write_scanlines(jpeg, &row, 1);
    }
}

static int write_jpeg(FILE *file, bool progressive, const struct photo_pixels *pixels,
                      const uint8_t *exif, size_t exif_length, struct pp_error *error)
{
    struct jpeg_writer writer = {.error = error};

    writer.jpeg.err = jpeg_std_error(&writer.errors);
    writer.errors.error_exit = jpeg_failed;
    if (setjmp(writer.failed)) {
        jpeg_destroy_compress(&writer.jpeg);
        return -EIO;
    }
    jpeg_create_compress(&writer.jpeg);
    jpeg_stdio_dest(&writer.jpeg, file);
    jpeg_start(&writer, pixels);
    if (progressive) {
        jpeg_simple_progression(&writer.jpeg);
    }
    jpeg_start_compress(&writer.jpeg, TRUE);
    if (exif && exif_length <= MARKER_MAX - sizeof(exif_name)) {
        jpeg_write_m_header(&writer.jpeg, JPEG_APP0 + 1,
                            (unsigned)(sizeof(exif_name) + exif_length));
        for (size_t i = 0; i < sizeof(exif_name); i++) {
            jpeg_write_m_byte(&writer.jpeg, exif_name[i]);
        }
        for (size_t i = 0; i < exif_length; i++) {
            jpeg_write_m_byte(&writer.jpeg, exif[i]);
        }
    }
    jpeg_write_pixels(&writer.jpeg, pixels);
    jpeg_finish_compress(&writer.jpeg);
    jpeg_destroy_compress(&writer.jpeg);
    return 0;
}

static void png_failed(png_structp png, png_const_charp text)
{
    pp_error_set((struct pp_error *)png_get_error_ptr(png), -EIO, "cannot write PNG: %s", text);
    png_longjmp(png, 1);
}

static void png_write_pixels(png_structp png, png_infop info, const struct photo_pixels *pixels,
                             const uint8_t *exif, size_t exif_length)
{
    png_set_IHDR(png, info, (png_uint_32)pixels->width, (png_uint_32)pixels->height, 8,
                 PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_set_sRGB(png, info, PNG_sRGB_INTENT_PERCEPTUAL);
    png_set_compression_level(png, 4); /* grain does not get smaller by trying harder */
    if (exif) {
        png_set_eXIf_1(png, info, (png_uint_32)exif_length, (png_bytep)(uintptr_t)exif);
    }
    png_write_info(png, info);
    for (int32_t y = 0; y < pixels->height; y++) {
        png_write_row(png, pixels->bytes + (size_t)y * (size_t)pixels->width * 3);
    }
    png_write_end(png, NULL);
}

static int write_png(FILE *file, const struct photo_pixels *pixels, const uint8_t *exif,
                     size_t exif_length, struct pp_error *error)
{
    struct pp_error unread;
    png_structp png =
        png_create_write_struct(PNG_LIBPNG_VER_STRING, error ? error : &unread, png_failed, NULL);
    png_infop info = png ? png_create_info_struct(png) : NULL;

    if (!info) {
        png_destroy_write_struct(&png, NULL);
        return pp_error_set_errno(error, -ENOMEM, "cannot write PNG");
    }
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_write_struct(&png, &info);
        return -EIO;
    }
    png_init_io(png, file);
    png_write_pixels(png, info, pixels, exif, exif_length);
    png_destroy_write_struct(&png, &info);
    return 0;
}

int photo_write(int fd, enum photo_format format, const struct photo_pixels *pixels,
                const uint8_t *exif, size_t exif_length, struct pp_error *error)
{
    int copy = dup(fd);
    FILE *file = copy >= 0 ? fdopen(copy, "wb") : NULL;
    int r;

    if (!file) {
        r = -errno;
        if (copy >= 0) {
            close(copy);
        }
        return pp_error_set_errno(error, r, "cannot write");
    }
    if (format == PHOTO_PNG) {
        r = write_png(file, pixels, exif, exif_length, error);
    } else {
        r = write_jpeg(file, format == PHOTO_PROGRESSIVE, pixels, exif, exif_length, error);
    }
    if (fclose(file) != 0 && r == 0) {
        r = pp_error_set_errno(error, -errno, "cannot write");
    }
    return r;
}

/* The mean of the pixels of @pixels that lie under pixel (@x, @y) of one @width x @height big. */
static void average(const struct photo_pixels *pixels, int32_t x, int32_t y, int32_t width,
                    int32_t height, uint8_t *out)
{
    int32_t left = (int32_t)((int64_t)x * pixels->width / width);
    int32_t right = (int32_t)((int64_t)(x + 1) * pixels->width / width);
    int32_t top = (int32_t)((int64_t)y * pixels->height / height);
    int32_t bottom = (int32_t)((int64_t)(y + 1) * pixels->height / height);
    uint32_t sum[3] = {0, 0, 0};
    uint32_t count = 0;

    right = right > left ? right : left + 1; /* pictures smaller than their preview */
    bottom = bottom > top ? bottom : top + 1;
    for (int32_t v = top; v < bottom; v++) {
        const uint8_t *in = pixels->bytes + ((size_t)v * (size_t)pixels->width + (size_t)left) * 3;

        for (int32_t u = left; u < right; u++, in += 3, count++) {
            sum[0] += in[0];
            sum[1] += in[1];
            sum[2] += in[2];
        }
    }
    for (int color = 0; color < 3; color++) {
        out[color] = (uint8_t)((sum[color] + count / 2) / count);
    }
}

/* Shrink @pixels into the middle of @small, which is black. */
static void shrink(const struct photo_pixels *pixels,
                   uint8_t small[PREVIEW_HEIGHT][PREVIEW_WIDTH][3])
{
    int32_t width = PREVIEW_WIDTH;
    int32_t height = (int32_t)((int64_t)width * pixels->height / pixels->width);
    int32_t left;
    int32_t top;

    if (height > PREVIEW_HEIGHT) {
        height = PREVIEW_HEIGHT;
        width = (int32_t)((int64_t)height * pixels->width / pixels->height);
    }
    width = width > 0 ? width : 1;
    height = height > 0 ? height : 1;
    left = (PREVIEW_WIDTH - width) / 2;
    top = (PREVIEW_HEIGHT - height) / 2;
    for (int32_t y = 0; y < height; y++) {
        for (int32_t x = 0; x < width; x++) {
            average(pixels, x, y, width, height, small[top + y][left + x]);
        }
    }
}

int photo_preview(const struct photo_pixels *pixels, uint8_t **ret_bytes, size_t *ret_length,
                  struct pp_error *error)
{
    uint8_t small[PREVIEW_HEIGHT][PREVIEW_WIDTH][3] = {{{0}}};
    struct photo_pixels preview = {&small[0][0][0], PREVIEW_WIDTH, PREVIEW_HEIGHT};
    char *bytes = NULL;
    size_t length = 0;
    FILE *file = open_memstream(&bytes, &length);
    int r;

    if (!file) {
        return pp_error_set_errno(error, -errno, "cannot make the preview");
    }
    shrink(pixels, small);
    r = write_jpeg(file, false, &preview, NULL, 0, error);
    if (fclose(file) != 0 && r == 0) {
        r = pp_error_set_errno(error, -errno, "cannot make the preview");
    }
    if (r != 0) {
        free(bytes);
        return r;
    }
    *ret_bytes = (uint8_t *)bytes;
    *ret_length = length;
    return 0;
}
