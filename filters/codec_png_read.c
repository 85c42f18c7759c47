/* SPDX-License-Identifier: MIT */

/*
 * PNG in, by libpng, straight into the target's rows. Palettes become RGB, shallow greys 8 bits and
 * transparent colours an alpha band; 16 bits stay 16, in native order.
 *
 * Like libjpeg, libpng reports by a callback that must not return: see guard(), the only setjmp().
 *
 * Every chunk has a checksum and a wrong one is a failure, also outside the picture: a photo whose
 * profile or EXIF is damaged is damaged. Chunks that nothing here uses are skipped before they are
 * unpacked. gAMA, cHRM and sRGB are among them, as far as libpng is concerned: it drops an iCCP
 * chunk that comes after an sRGB one, and has opinions on what goes together. They do not change
 * the codes, so they are taken from the file as they are, for the writer.
 *
 * Some programs write EXIF behind the picture. The probe must not unpack that to learn the
 * orientation, so it walks over the chunks' lengths by itself.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <png.h>

#include "filters/block_mean.h"
#include "filters/codec_library.h"
#include "filters/exif.h"

#define SIGNATURE       "\x89PNG\r\n\x1a\n"
#define SIGNATURE_BYTES 8

/* Of one chunk, unpacked: profiles and packets are some kilobytes, rarely a few megabytes. */
#define CHUNK_BYTES_MAX (32u << 20)

/* Text chunks, of which one matters. */
#define TEXTS_MAX 32

struct reading {
    png_structp png;
    png_infop info;
    png_infop end; /* what comes after the picture */
    jmp_buf escape;
    int code;               /* what to return; kept here because of the jumps */
    struct pp_error *error; /* of the caller, may be NULL */
    const struct pp_source *source;
    size_t place; /* bytes of the source that are read */
    int32_t row;  /* that is being decoded, from 1; 0: none yet */
    struct pp_size size;
    struct pp_decode_scale scale;
    void *rows; /* memory for the means; freed with the rest */
    const struct pp_image *target;
    struct pp_metadata *metadata;
    struct pp_header *header;
};

static _Noreturn void escape(struct reading *reading, int code)
{
    reading->code = code;
    longjmp(reading->escape, 1);
}

static void describe_place(const struct reading *reading, char *text, size_t bytes)
{
    if (reading->row == 0) {
        snprintf(text, bytes, "in the header");
    } else if (reading->row > reading->size.height) {
        snprintf(text, bytes, "after the picture");
    } else {
        snprintf(text, bytes, "in row %d of %d", (int)reading->row, (int)reading->size.height);
    }
}

static _Noreturn void fail(png_structp png, png_const_charp message)
{
    struct reading *reading = png_get_error_ptr(png);
    char place[64];

    describe_place(reading, place, sizeof(place));
    escape(reading, pp_error_set(reading->error, -EILSEQ, "corrupt PNG %s: %s", place, message));
}

static void ignore_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static void read_bytes(png_structp png, png_bytep bytes, size_t count)
{
    struct reading *reading = png_get_io_ptr(png);
    char place[64];

    if (count > reading->source->length - reading->place) {
        describe_place(reading, place, sizeof(place));
        escape(reading,
               pp_error_set(reading->error, -EILSEQ, "truncated PNG: the data ends %s", place));
    }
    memcpy(bytes, reading->source->bytes + reading->place, count);
    reading->place += count;
}

static void open_png(struct reading *reading)
{
    /* Known to libpng, but not to us. */
    static const png_byte unused[] = "bKGD\0cHRM\0gAMA\0hIST\0oFFs\0pCAL\0sBIT\0sCAL\0sPLT\0"
                                     "sRGB\0tEXt\0tIME\0zTXt";

    reading->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reading, fail, ignore_warning);
    reading->info = reading->png == NULL ? NULL : png_create_info_struct(reading->png);
    reading->end = reading->png == NULL ? NULL : png_create_info_struct(reading->png);
    if (reading->info == NULL || reading->end == NULL) {
        escape(reading, pp_error_set(reading->error, -ENOMEM, "no memory for libpng"));
    }
    png_set_read_fn(reading->png, reading, read_bytes);
    png_set_user_limits(reading->png, PP_IMAGE_SIDE_MAX, PP_IMAGE_SIDE_MAX);
    png_set_chunk_malloc_max(reading->png, CHUNK_BYTES_MAX);
    png_set_chunk_cache_max(reading->png, TEXTS_MAX);
    png_set_crc_action(reading->png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_set_keep_unknown_chunks(reading->png, PNG_HANDLE_CHUNK_NEVER, NULL, 0);
    png_set_keep_unknown_chunks(reading->png, PNG_HANDLE_CHUNK_NEVER, unused,
                                (int)(sizeof(unused) / 5));
}

/* Everything before the picture, and what its pixels are to become. */
static void read_header(struct reading *reading)
{
    open_png(reading);
    png_read_info(reading->png, reading->info);
    reading->size = (struct pp_size){(int32_t)png_get_image_width(reading->png, reading->info),
                                     (int32_t)png_get_image_height(reading->png, reading->info)};
    png_set_expand(reading->png);
    if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) {
        png_set_swap(reading->png);
    }
}

static uint32_t big_endian_32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* The data of the first chunk called @type, wherever it is; NULL where there is none. */
static const uint8_t *find_chunk(const struct pp_source *source, const char *type,
                                 size_t *ret_length)
{
    size_t place = SIGNATURE_BYTES;

    /* A length, a type, the data and a checksum. */
    while (source->length - place >= 12) {
        uint32_t length = big_endian_32(source->bytes + place);

        if (length > source->length - place - 12) {
            return NULL;
        }
        if (memcmp(source->bytes + place + 4, type, 4) == 0) {
            *ret_length = length;
            return source->bytes + place + 8;
        }
        place += 12 + (size_t)length;
    }
    return NULL;
}

static int32_t count_frames(const struct pp_source *source)
{
    size_t length;
    const uint8_t *animation = find_chunk(source, "acTL", &length);
    uint32_t frames = animation != NULL && length >= 4 ? big_endian_32(animation) : 1;

    return frames >= 1 && frames <= INT32_MAX ? (int32_t)frames : 1;
}

static int32_t find_orientation(const struct pp_source *source)
{
    struct pp_blob exif = {NULL, 0};

    exif.bytes = (uint8_t *)find_chunk(source, "eXIf", &exif.length);
    return exif.bytes == NULL ? 1 : pp_exif_orientation(&exif);
}

/* Not so where there is a palette or a key colour, or black and white in single bits. */
static bool is_plain(const struct reading *reading)
{
    return png_get_color_type(reading->png, reading->info) != PNG_COLOR_TYPE_PALETTE &&
           png_get_bit_depth(reading->png, reading->info) > 1 &&
           png_get_valid(reading->png, reading->info, PNG_INFO_tRNS) == 0;
}

static int probe(struct reading *reading)
{
    struct pp_header *header = reading->header;

    read_header(reading);
    header->plain = is_plain(reading);
    header->progressive = png_get_interlace_type(reading->png, reading->info) != PNG_INTERLACE_NONE;
    png_read_update_info(reading->png, reading->info);
    header->format = PP_FORMAT_PNG;
    header->size = reading->size;
    header->bands = png_get_channels(reading->png, reading->info);
    header->bits = png_get_bit_depth(reading->png, reading->info);
    /* Opacity has to be multiplied in before a mean is taken. */
    header->means = !header->progressive && header->bands % 2 == 1;
    header->orientation = find_orientation(reading->source);
    header->frames = count_frames(reading->source);
    snprintf(header->loader, sizeof(header->loader), "libpng");
    return 0;
}

static int check_target(struct reading *reading)
{
    const struct pp_image *target = reading->target;
    struct pp_header header = {.size = reading->size};
    struct pp_size size = pp_codec_shrunk_size(&header, reading->scale.shrink);

    if (size.width != target->width || size.height != target->height ||
        png_get_channels(reading->png, reading->info) != target->bands ||
        png_get_bit_depth(reading->png, reading->info) != target->bits) {
        return pp_error_set(reading->error, -EINVAL, "the file is not the one that was probed");
    }
    return 0;
}

static void read_rows(struct reading *reading, int passes)
{
    for (int pass = 0; pass < passes; pass++) {
        for (int32_t y = 0; y < reading->size.height; y++) {
            reading->row = y + 1;
            png_read_row(reading->png, pp_image_row(reading->target, y), NULL);
        }
    }
}

/* Take the means while the rows come; only one of them is in memory. */
static int read_means(struct reading *reading)
{
    size_t sums = pp_block_mean_bytes(reading->size, reading->target->bands);
    size_t row_bytes = png_get_rowbytes(reading->png, reading->info);
    struct pp_block_mean mean;
    uint8_t *row;

    reading->rows = malloc(sums + row_bytes);
    if (reading->rows == NULL) {
        return pp_error_set(reading->error, -ENOMEM, "no memory for a row");
    }
    row = (uint8_t *)reading->rows + sums;
    pp_block_mean_init(&mean, reading->size, reading->scale.shrink, reading->target, reading->rows);
    for (int32_t y = 0; y < reading->size.height; y++) {
        reading->row = y + 1;
        png_read_row(reading->png, row, NULL);
        pp_block_mean_add(&mean, row);
    }
    return 0;
}

static int keep_xmp(struct reading *reading, png_infop info)
{
    png_textp texts;
    int count = png_get_text(reading->png, info, &texts, NULL);

    for (int i = 0; i < count; i++) {
        if (strcmp(texts[i].key, "XML:com.adobe.xmp") == 0) {
            size_t length = texts[i].compression >= PNG_ITXT_COMPRESSION_NONE
                                ? texts[i].itxt_length
                                : texts[i].text_length;

            return pp_blob_set(&reading->metadata->xmp, texts[i].text, length);
        }
    }
    return 0;
}

static int keep_exif(struct reading *reading, png_infop info)
{
    png_bytep bytes;
    png_uint_32 length;

    if (png_get_eXIf_1(reading->png, info, &length, &bytes) == 0) {
        return 0;
    }
    return pp_metadata_set_exif(reading->metadata, bytes, length);
}

static int keep_icc(struct reading *reading)
{
    png_charp name;
    int compression;
    png_bytep bytes;
    png_uint_32 length;

    if (png_get_iCCP(reading->png, reading->info, &name, &compression, &bytes, &length) == 0) {
        return 0;
    }
    return pp_blob_set(&reading->metadata->icc, bytes, length);
}

/* The data of a chunk called @type that lies before the picture and has @length bytes, or NULL. */
static const uint8_t *find_colour_chunk(const struct pp_source *source, const char *type,
                                        size_t length)
{
    size_t picture_length = 0;
    size_t found_length = 0;
    const uint8_t *picture = find_chunk(source, "IDAT", &picture_length);
    const uint8_t *found = find_chunk(source, type, &found_length);

    return found != NULL && found < picture && found_length == length ? found : NULL;
}

/* By the time that this is called, libpng has checked the checksums. */
static void keep_colours(const struct pp_source *source, struct pp_colours *colours)
{
    const uint8_t *gamma = find_colour_chunk(source, "gAMA", 4);
    const uint8_t *chromaticities = find_colour_chunk(source, "cHRM", 32);
    const uint8_t *srgb = find_colour_chunk(source, "sRGB", 1);

    if (gamma != NULL) {
        colours->gamma = big_endian_32(gamma);
        colours->has_gamma = colours->gamma > 0 && colours->gamma <= PNG_UINT_31_MAX;
    }
    if (chromaticities != NULL) {
        for (int i = 0; i < 8; i++) {
            colours->chromaticities[i] = big_endian_32(chromaticities + (size_t)i * 4);
        }
        colours->has_chromaticities = true;
    }
    if (srgb != NULL) {
        colours->srgb_intent = srgb[0];
        colours->has_srgb = srgb[0] < PNG_sRGB_INTENT_LAST;
    }
}

static int keep_metadata(struct reading *reading)
{
    int r = keep_icc(reading);

    for (int i = 0; i < 2 && r == 0; i++) {
        png_infop info = i == 0 ? reading->info : reading->end;

        r = keep_exif(reading, info);
        if (r == 0) {
            r = keep_xmp(reading, info);
        }
    }
    keep_colours(reading->source, &reading->metadata->colours);
    reading->metadata->dots_per_mm =
        png_get_x_pixels_per_meter(reading->png, reading->info) / 1000.0;
    return r;
}

static int decode(struct reading *reading)
{
    int passes;
    int r;

    read_header(reading);
    passes = png_set_interlace_handling(reading->png);
    png_read_update_info(reading->png, reading->info);
    r = check_target(reading);
    if (r == 0 && reading->scale.shrink > 1) {
        r = passes == 1 ? read_means(reading) : -EINVAL;
    } else if (r == 0) {
        read_rows(reading, passes);
    }
    if (r == 0) {
        reading->row = reading->size.height + 1;
        png_read_end(reading->png, reading->end);
        r = keep_metadata(reading);
    }
    return r;
}

/* Run @step where libpng's errors can end it, and free what libpng took. */
static int guard(struct reading *reading, int (*step)(struct reading *reading))
{
    if (setjmp(reading->escape) == 0) {
        reading->code = step(reading);
    }
    png_destroy_read_struct(&reading->png, &reading->info, &reading->end);
    free(reading->rows);
    return reading->code;
}

static int probe_png(const struct pp_source *source, struct pp_header *ret_header,
                     struct pp_error *error)
{
    struct reading reading = {.source = source, .header = ret_header, .error = error};

    if (!pp_codec_starts_with(source, SIGNATURE, SIGNATURE_BYTES)) {
        return PP_CODEC_NOT_MINE;
    }
    return guard(&reading, probe);
}

static int decode_png(const struct pp_source *source, const struct pp_header *header,
                      struct pp_decode_scale scale, const struct pp_image *target,
                      struct pp_metadata *metadata, struct pp_error *error)
{
    struct reading reading = {
        .source = source, .scale = scale, .target = target, .metadata = metadata, .error = error};

    (void)header;
    return guard(&reading, decode);
}

const struct pp_codec_reader pp_codec_png_reader = {PP_READER_PNG, probe_png, decode_png};
