/* SPDX-License-Identifier: MIT */

/*
 * PNG out, by libpng, straight from the image's rows into the sink, with the profile, EXIF, XMP,
 * resolution and what another PNG said of its colours in their chunks and no time.
 *
 * How to pack depends on the picture. In a photo hardly any bytes repeat behind libpng's filters,
 * and searching for those that do, as the usual level 6 does, takes 3 to 5 times as long as packing
 * runs and frequent values alone (zlib's Z_RLE), for 1.4 megapixels 500 against 116 ms, and gains
 * nothing: 40 % of the raw size against 38 % in one photo, 33 % against 34 % in another. In a
 * drawing the search is quick and takes a third off the file. Pixels that equal their neighbour
 * tell the two apart.
 */

#include <errno.h>
#include <math.h>
#include <setjmp.h>

#include <png.h>
#include <zlib.h>

#include "filters/codec_library.h"

/* Rows between two that are looked at, to tell a drawing from a photo. */
#define ROWS_BETWEEN 8

struct writing {
    png_structp png;
    png_infop info;
    jmp_buf escape;
    int code;               /* why it was jumped; 0: it was not */
    struct pp_error *error; /* of the caller, may be NULL */
    const struct pp_image *image;
    const struct pp_metadata *metadata;
    struct pp_sink *sink;
};

static _Noreturn void escape(struct writing *writing, int code)
{
    writing->code = code;
    longjmp(writing->escape, 1);
}

static _Noreturn void fail(png_structp png, png_const_charp message)
{
    struct writing *writing = png_get_error_ptr(png);

    escape(writing, pp_error_set(writing->error, -EINVAL, "cannot write PNG: %s", message));
}

static void ignore_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static void write_bytes(png_structp png, png_bytep bytes, size_t count)
{
    struct writing *writing = png_get_io_ptr(png);
    struct pp_sink *sink = writing->sink;

    if (count > sink->capacity - sink->length) {
        escape(writing, pp_error_set(writing->error, -ENOSPC,
                                     "the PNG does not fit the %zu bytes that it was given",
                                     sink->capacity));
    }
    memcpy(sink->bytes + sink->length, bytes, count);
    sink->length += count;
}

static void flush_nothing(png_structp png)
{
    (void)png;
}

/* Whether at least a quarter of the pixels in some rows equal their left neighbour. */
static bool is_drawing(const struct pp_image *image)
{
    size_t bytes = (size_t)image->bands * pp_image_sample_bytes(image);
    size_t equal = 0;
    size_t looked_at = 0;

    for (int32_t y = 0; y < image->height; y += ROWS_BETWEEN) {
        const uint8_t *pixel = pp_image_row(image, y);

        for (int32_t x = 1; x < image->width; x++, pixel += bytes) {
            equal += memcmp(pixel, pixel + bytes, bytes) == 0;
        }
        looked_at += (size_t)image->width;
    }
    return equal >= looked_at / 4;
}

static void set_compression(struct writing *writing)
{
    png_set_filter(writing->png, PNG_FILTER_TYPE_BASE, PNG_ALL_FILTERS);
    if (is_drawing(writing->image)) {
        png_set_compression_level(writing->png, 6);
    } else {
        png_set_compression_level(writing->png, 1);
        png_set_compression_strategy(writing->png, Z_RLE);
    }
}

static void open_png(struct writing *writing)
{
    writing->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, writing, fail, ignore_warning);
    writing->info = writing->png == NULL ? NULL : png_create_info_struct(writing->png);
    if (writing->info == NULL) {
        escape(writing, pp_error_set(writing->error, -ENOMEM, "no memory for libpng"));
    }
    png_set_write_fn(writing->png, writing, write_bytes, flush_nothing);
    png_set_user_limits(writing->png, PP_IMAGE_SIDE_MAX, PP_IMAGE_SIDE_MAX);
    /* A profile that libpng does not like is left out instead of ending everything. */
    png_set_benign_errors(writing->png, 1);
    set_compression(writing);
}

static void set_header(struct writing *writing)
{
    static const int colour_types[] = {0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA,
                                       PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA};
    const struct pp_image *image = writing->image;
    double dots_per_m = writing->metadata->dots_per_mm * 1000.0;

    png_set_IHDR(writing->png, writing->info, (png_uint_32)image->width, (png_uint_32)image->height,
                 image->bits, colour_types[image->bands], PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (dots_per_m >= 1.0 && dots_per_m <= PNG_UINT_31_MAX) {
        png_uint_32 dots = (png_uint_32)lround(dots_per_m);

        png_set_pHYs(writing->png, writing->info, dots, dots, PNG_RESOLUTION_METER);
    }
}

static void set_xmp(struct writing *writing)
{
    const struct pp_blob *xmp = &writing->metadata->xmp;
    char key[] = "XML:com.adobe.xmp";
    char nothing[] = "";
    char *packet;
    png_text text = {
        .compression = PNG_ITXT_COMPRESSION_NONE, .key = key, .lang = nothing, .lang_key = nothing};

    /* libpng wants a text that ends in NUL. Its copy lives until the file is written. */
    packet = png_malloc(writing->png, xmp->length + 1);
    memcpy(packet, xmp->bytes, xmp->length);
    packet[xmp->length] = '\0';
    text.text = packet;
    png_set_text(writing->png, writing->info, &text, 1);
    png_free(writing->png, packet);
}

static void set_metadata(struct writing *writing)
{
    const struct pp_metadata *metadata = writing->metadata;

    if (metadata->icc.length > 0 && metadata->icc.length <= PNG_UINT_31_MAX) {
        png_set_iCCP(writing->png, writing->info, "ICC", PNG_COMPRESSION_TYPE_BASE,
                     metadata->icc.bytes, (png_uint_32)metadata->icc.length);
    }
    if (metadata->exif.length > 0 && metadata->exif.length <= PNG_UINT_31_MAX) {
        png_set_eXIf_1(writing->png, writing->info, (png_uint_32)metadata->exif.length,
                       metadata->exif.bytes);
    }
    if (metadata->xmp.length > 0 && metadata->xmp.length <= PNG_UINT_31_MAX / 2) {
        set_xmp(writing);
    }
}

static void write_numbers(png_structp png, const char *type, const uint32_t *numbers, size_t count)
{
    png_byte bytes[32];

    for (size_t i = 0; i < count; i++) {
        png_save_uint_32(bytes + i * 4, numbers[i]);
    }
    png_write_chunk(png, (png_const_bytep)type, bytes, count * 4);
}

/* As another file had them: libpng's own way changes or drops what it finds inconsistent. A profile
 * and sRGB exclude each other, and the profile says more. */
static void write_colours(struct writing *writing)
{
    const struct pp_colours *colours = &writing->metadata->colours;

    if (colours->has_gamma) {
        write_numbers(writing->png, "gAMA", &colours->gamma, 1);
    }
    if (colours->has_chromaticities) {
        write_numbers(writing->png, "cHRM", colours->chromaticities, 8);
    }
    if (colours->has_srgb && writing->metadata->icc.length == 0) {
        png_write_chunk(writing->png, (png_const_bytep) "sRGB", &colours->srgb_intent, 1);
    }
}

static void encode(struct writing *writing)
{
    open_png(writing);
    set_header(writing);
    set_metadata(writing);
    /* The order of chunks: the header first, and colours before what belongs to the picture. */
    png_write_info_before_PLTE(writing->png, writing->info);
    write_colours(writing);
    png_write_info(writing->png, writing->info);
    if (writing->image->bits == 16 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) {
        png_set_swap(writing->png);
    }
    for (int32_t y = 0; y < writing->image->height; y++) {
        png_write_row(writing->png, pp_image_row(writing->image, y));
    }
    png_write_end(writing->png, NULL);
}

/* Run encode() where libpng's errors can end it, and free what libpng took. */
static int guard(struct writing *writing)
{
    if (setjmp(writing->escape) == 0) {
        encode(writing);
    }
    png_destroy_write_struct(&writing->png, &writing->info);
    return writing->code;
}

static int encode_png(struct pp_image *image, const struct pp_metadata *metadata,
                      const struct pp_encode_options *options, struct pp_sink *sink,
                      struct pp_error *error)
{
    struct writing writing = {.error = error, .image = image, .metadata = metadata, .sink = sink};

    (void)options;
    return guard(&writing);
}

const struct pp_codec_writer pp_codec_png_writer = {PP_FORMAT_PNG, NULL, encode_png};
