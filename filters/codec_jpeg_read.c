/* SPDX-License-Identifier: MIT */

/*
 * JPEG in, by libjpeg-turbo's own API: it decodes at 1/2, 1/4 and 1/8 for little more than the
 * entropy decoding costs, and straight into the target's rows. The accurate inverse transform and
 * smooth ("fancy") chroma are the library's defaults; other programs that use it get the same
 * pixels.
 *
 * Four-channel files (CMYK, YCCK) are left to libvips, for its colour management. Lossless files
 * and those of 12 bits a sample are not: libvips reads JPEG by this same library.
 */

#include <errno.h>
#include <stdlib.h>

#include "filters/block_mean.h"
#include "filters/exif.h"
#include "filters/jpeg_reading.h"

/* Rows that one call asks for: libjpeg gives as many as an iMCU row has left. */
#define ROWS_AT_A_TIME 16

/* Everything before the first scan. */
static void read_header(struct pp_jpeg_reading *reading)
{
    j_decompress_ptr jpeg = &reading->jpeg;

    jpeg_save_markers(jpeg, JPEG_APP0 + 1, 0xFFFF);
    jpeg_save_markers(jpeg, JPEG_APP0 + 2, 0xFFFF);
    jpeg_read_header(jpeg, TRUE);
    reading->started = true;
}

/* The bytes after @mark in the first APP1 segment that starts with it; NULL where there is none. */
static const uint8_t *find_app1(const struct jpeg_decompress_struct *jpeg, const char *mark,
                                size_t mark_bytes, size_t *ret_length)
{
    jpeg_saved_marker_ptr marker;

    for (marker = jpeg->marker_list; marker != NULL; marker = marker->next) {
        if (marker->marker == JPEG_APP0 + 1 && marker->data_length > mark_bytes &&
            memcmp(marker->data, mark, mark_bytes) == 0) {
            *ret_length = marker->data_length - mark_bytes;
            return marker->data + mark_bytes;
        }
    }
    return NULL;
}

static int keep_icc(struct pp_jpeg_reading *reading)
{
    JOCTET *bytes;
    unsigned length;
    int r = 0;

    /* In any number of segments; where they do not fit together there is no profile. */
    if (jpeg_read_icc_profile(&reading->jpeg, &bytes, &length)) {
        r = pp_blob_set(&reading->metadata->icc, bytes, length);
        free(bytes);
    }
    return r;
}

static double dots_per_mm(const struct jpeg_decompress_struct *jpeg)
{
    if (!jpeg->saw_JFIF_marker) {
        return 0.0;
    }
    switch (jpeg->density_unit) {
    case 1:
        return jpeg->X_density / 25.4;
    case 2:
        return jpeg->X_density / 10.0;
    default:
        return 0.0;
    }
}

static int keep_metadata(struct pp_jpeg_reading *reading)
{
    static const char exif_mark[6] = "Exif";
    static const char xmp_mark[] = "http://ns.adobe.com/xap/1.0/";
    struct pp_metadata *metadata = reading->metadata;
    const uint8_t *bytes;
    size_t length;
    int r = keep_icc(reading);

    bytes = find_app1(&reading->jpeg, exif_mark, sizeof(exif_mark), &length);
    if (r == 0 && bytes != NULL) {
        r = pp_metadata_set_exif(metadata, bytes, length);
    }
    bytes = find_app1(&reading->jpeg, xmp_mark, sizeof(xmp_mark), &length);
    if (r == 0 && bytes != NULL) {
        r = pp_blob_set(&metadata->xmp, bytes, length);
    }
    metadata->dots_per_mm = dots_per_mm(&reading->jpeg);
    return r;
}

static int check_target(struct pp_jpeg_reading *reading)
{
    const struct jpeg_decompress_struct *jpeg = &reading->jpeg;
    const struct pp_image *target = reading->target;
    struct pp_header header = {.size = {(int32_t)jpeg->image_width, (int32_t)jpeg->image_height}};
    struct pp_size size = pp_codec_shrunk_size(&header, reading->scale.shrink);

    if (size.width != target->width || size.height != target->height ||
        jpeg->output_components != target->bands || target->bits != 8) {
        return pp_error_set(reading->error, -EINVAL, "the file is not the one that was probed");
    }
    return 0;
}

static void read_rows(struct pp_jpeg_reading *reading)
{
    j_decompress_ptr jpeg = &reading->jpeg;

    reading->drawing = true;
    while (jpeg->output_scanline < jpeg->output_height) {
        unsigned left = jpeg->output_height - jpeg->output_scanline;
        unsigned count = left < ROWS_AT_A_TIME ? left : ROWS_AT_A_TIME;
        JSAMPROW rows[ROWS_AT_A_TIME];

        for (unsigned i = 0; i < count; i++) {
            rows[i] = pp_image_row(reading->target, (int32_t)(jpeg->output_scanline + i));
        }
        jpeg_read_scanlines(jpeg, rows, count);
    }
}

/* Take the means while the rows come; a few of them are in memory, which is libjpeg's to free. */
static void read_means(struct pp_jpeg_reading *reading)
{
    j_decompress_ptr jpeg = &reading->jpeg;
    j_common_ptr owner = (j_common_ptr)jpeg;
    struct pp_size size = {(int32_t)jpeg->image_width, (int32_t)jpeg->image_height};
    JDIMENSION samples = jpeg->output_width * (JDIMENSION)jpeg->output_components;
    JSAMPARRAY rows = jpeg->mem->alloc_sarray(owner, JPOOL_IMAGE, samples, ROWS_AT_A_TIME);
    struct pp_block_mean mean;

    pp_block_mean_init(&mean, size, reading->scale.shrink, reading->target,
                       jpeg->mem->alloc_large(owner, JPOOL_IMAGE,
                                              pp_block_mean_bytes(size, reading->target->bands)));
    reading->drawing = true;
    while (jpeg->output_scanline < jpeg->output_height) {
        JDIMENSION count = jpeg_read_scanlines(jpeg, rows, ROWS_AT_A_TIME);

        for (JDIMENSION i = 0; i < count; i++) {
            pp_block_mean_add(&mean, rows[i]);
        }
    }
}

static int decode(struct pp_jpeg_reading *reading)
{
    j_decompress_ptr jpeg = &reading->jpeg;
    int r;

    read_header(reading);
    jpeg->scale_num = 1;
    jpeg->scale_denom = reading->scale.means ? 1 : (unsigned)reading->scale.shrink;
    jpeg_calc_output_dimensions(jpeg);
    r = check_target(reading);
    if (r == 0) {
        r = keep_metadata(reading);
    }
    if (r == 0) {
        jpeg_start_decompress(jpeg);
        if (reading->scale.means) {
            read_means(reading);
        } else {
            read_rows(reading);
        }
        /* Reads on to the end marker: a file without one was cut off. */
        jpeg_finish_decompress(jpeg);
    }
    return r;
}

static int probe(struct pp_jpeg_reading *reading)
{
    static const char exif_mark[6] = "Exif";
    j_decompress_ptr jpeg = &reading->jpeg;
    struct pp_blob exif = {NULL, 0};
    const uint8_t *bytes;

    read_header(reading);
    if (jpeg->num_components == 4) {
        return PP_CODEC_NOT_MINE;
    }
    if (jpeg->num_components != 1 && jpeg->num_components != 3) {
        return pp_error_set(reading->error, -ENOTSUP, "a JPEG of %d colour components",
                            jpeg->num_components);
    }
    bytes = find_app1(jpeg, exif_mark, sizeof(exif_mark), &exif.length);
    exif.bytes = (uint8_t *)bytes;
    reading->header->format = PP_FORMAT_JPEG;
    reading->header->size =
        (struct pp_size){(int32_t)jpeg->image_width, (int32_t)jpeg->image_height};
    reading->header->bands = jpeg->num_components;
    reading->header->bits = 8;
    reading->header->orientation = bytes == NULL ? 1 : pp_exif_orientation(&exif);
    reading->header->shrink_max = 8;
    reading->header->means = true;
    reading->header->progressive = jpeg_has_multiple_scans(jpeg);
    reading->header->plain = true;
    snprintf(reading->header->loader, sizeof(reading->header->loader), "libjpeg");
    return 0;
}

static int probe_jpeg(const struct pp_source *source, struct pp_header *ret_header,
                      struct pp_error *error)
{
    struct pp_jpeg_reading reading = {.source = source, .header = ret_header, .error = error};

    if (!pp_codec_starts_with(source, "\xff\xd8\xff", 3)) {
        return PP_CODEC_NOT_MINE;
    }
    return pp_jpeg_reading_run(&reading, probe);
}

static int decode_jpeg(const struct pp_source *source, const struct pp_header *header,
                       struct pp_decode_scale scale, const struct pp_image *target,
                       struct pp_metadata *metadata, struct pp_error *error)
{
    struct pp_jpeg_reading reading = {
        .source = source, .scale = scale, .target = target, .metadata = metadata, .error = error};

    (void)header;
    return pp_jpeg_reading_run(&reading, decode);
}

const struct pp_codec_reader pp_codec_jpeg_reader = {PP_READER_JPEG, probe_jpeg, decode_jpeg};
