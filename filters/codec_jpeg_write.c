/* SPDX-License-Identifier: MIT */

/*
 * JPEG out, by libjpeg-turbo, straight from the image's rows into the sink.
 *
 * Chroma is kept at half size below quality 90 and whole from there on, as libvips does by itself
 * and Pillow for its default quality. Huffman tables are the standard ones: made to measure they
 * save 1 to 3 % of the bytes and take twice the time, for 1.5 megapixels 8.4 against 3.8 ms.
 *
 * EXIF and XMP go into one segment each, which holds 64 kB; what is larger is left out, since the
 * ways around that limit are read by few programs. ICC profiles have a standard way and use it.
 */

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdio.h>

/* jpeglib.h needs FILE from stdio.h, and does not say so. */
#include <jpeglib.h>

#include <jerror.h>

#include "filters/codec_library.h"

#define QUALITY_DEFAULT     80
#define QUALITY_FULL_CHROMA 90
#define SEGMENT_BYTES_MAX   65533

struct writing {
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_destination_mgr output;
    jmp_buf escape;
    int code;               /* why it was jumped; 0: it was not */
    struct pp_error *error; /* of the caller, may be NULL */
    const struct pp_image *image;
    const struct pp_metadata *metadata;
    int32_t quality;
    struct pp_sink *sink;
};

static _Noreturn void escape(struct writing *writing, int code)
{
    writing->code = code;
    longjmp(writing->escape, 1);
}

static _Noreturn void fail(j_common_ptr jpeg)
{
    struct writing *writing = jpeg->client_data;
    int code = jpeg->err->msg_code == JERR_OUT_OF_MEMORY ? -ENOMEM : -EINVAL;
    char message[JMSG_LENGTH_MAX];

    jpeg->err->format_message(jpeg, message);
    escape(writing, pp_error_set(writing->error, code, "cannot write JPEG: %s", message));
}

static void ignore_level(j_common_ptr jpeg, int level)
{
    (void)jpeg;
    (void)level;
}

static void ignore_message(j_common_ptr jpeg)
{
    (void)jpeg;
}

static boolean output_full(j_compress_ptr jpeg)
{
    struct writing *writing = jpeg->client_data;

    escape(writing, pp_error_set(writing->error, -ENOSPC,
                                 "the JPEG does not fit the %zu bytes that it was given",
                                 writing->sink->capacity));
}

static void output_start(j_compress_ptr jpeg)
{
    struct writing *writing = jpeg->client_data;

    /* libjpeg writes a byte, then looks whether there was room for it and one more. */
    if (writing->sink->capacity == 0) {
        output_full(jpeg);
    }
    jpeg->dest->next_output_byte = writing->sink->bytes;
    jpeg->dest->free_in_buffer = writing->sink->capacity;
}

static void output_end(j_compress_ptr jpeg)
{
    struct writing *writing = jpeg->client_data;

    writing->sink->length = writing->sink->capacity - jpeg->dest->free_in_buffer;
}

static void open_output(struct writing *writing)
{
    writing->output = (struct jpeg_destination_mgr){
        .init_destination = output_start,
        .empty_output_buffer = output_full,
        .term_destination = output_end,
    };
    writing->jpeg.dest = &writing->output;
}

static void set_parameters(struct writing *writing)
{
    j_compress_ptr jpeg = &writing->jpeg;
    double dots_per_inch = writing->metadata->dots_per_mm * 25.4;

    jpeg->image_width = (JDIMENSION)writing->image->width;
    jpeg->image_height = (JDIMENSION)writing->image->height;
    jpeg->input_components = writing->image->bands;
    jpeg->in_color_space = writing->image->bands == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(jpeg);
    jpeg_set_quality(jpeg, writing->quality, TRUE);
    if (writing->quality >= QUALITY_FULL_CHROMA) {
        jpeg->comp_info[0].h_samp_factor = 1;
        jpeg->comp_info[0].v_samp_factor = 1;
    }
    if (dots_per_inch >= 1.0 && dots_per_inch <= UINT16_MAX) {
        jpeg->density_unit = 1;
        jpeg->X_density = (UINT16)lround(dots_per_inch);
        jpeg->Y_density = jpeg->X_density;
    }
}

/* One APP1 segment: @mark, then @blob; nothing where there is no blob or it is too large. */
static void write_app1(j_compress_ptr jpeg, const char *mark, size_t mark_bytes,
                       const struct pp_blob *blob)
{
    if (blob->length == 0 || blob->length > SEGMENT_BYTES_MAX - mark_bytes) {
        return;
    }
    jpeg_write_m_header(jpeg, JPEG_APP0 + 1, (unsigned)(mark_bytes + blob->length));
    for (size_t i = 0; i < mark_bytes; i++) {
        jpeg_write_m_byte(jpeg, mark[i]);
    }
    for (size_t i = 0; i < blob->length; i++) {
        jpeg_write_m_byte(jpeg, blob->bytes[i]);
    }
}

static void write_metadata(struct writing *writing)
{
    static const char exif_mark[6] = "Exif";
    static const char xmp_mark[] = "http://ns.adobe.com/xap/1.0/";
    const struct pp_metadata *metadata = writing->metadata;

    write_app1(&writing->jpeg, exif_mark, sizeof(exif_mark), &metadata->exif);
    write_app1(&writing->jpeg, xmp_mark, sizeof(xmp_mark), &metadata->xmp);
    if (metadata->icc.length > 0 && metadata->icc.length <= UINT32_MAX) {
        jpeg_write_icc_profile(&writing->jpeg, metadata->icc.bytes, (unsigned)metadata->icc.length);
    }
}

static void encode(struct writing *writing)
{
    j_compress_ptr jpeg = &writing->jpeg;

    jpeg_create_compress(jpeg);
    open_output(writing);
    set_parameters(writing);
    jpeg_start_compress(jpeg, TRUE);
    write_metadata(writing);
    while (jpeg->next_scanline < jpeg->image_height) {
        JSAMPROW row = pp_image_row(writing->image, (int32_t)jpeg->next_scanline);

        jpeg_write_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_compress(jpeg);
}

/* Run encode() where libjpeg's errors can end it, and free what libjpeg took. */
static int guard(struct writing *writing)
{
    writing->jpeg.err = jpeg_std_error(&writing->errors);
    writing->jpeg.client_data = writing;
    writing->errors.error_exit = fail;
    writing->errors.emit_message = ignore_level;
    writing->errors.output_message = ignore_message;
    if (setjmp(writing->escape) == 0) {
        encode(writing);
    }
    jpeg_destroy_compress(&writing->jpeg);
    return writing->code;
}

static int encode_jpeg(struct pp_image *image, const struct pp_metadata *metadata,
                       const struct pp_encode_options *options, struct pp_sink *sink,
                       struct pp_error *error)
{
    struct writing writing = {
        .error = error,
        .image = image,
        .metadata = metadata,
        .quality = options->quality == 0 ? QUALITY_DEFAULT : options->quality,
        .sink = sink,
    };

    if (image->width > JPEG_MAX_DIMENSION || image->height > JPEG_MAX_DIMENSION) {
        return pp_error_set(error, -ENOTSUP, "a JPEG holds at most %ld pixels a side, not %d x %d",
                            JPEG_MAX_DIMENSION, (int)image->width, (int)image->height);
    }
    pp_codec_flatten(image);
    pp_codec_make_8_bit(image);
    return guard(&writing);
}

const struct pp_codec_writer pp_codec_jpeg_writer = {PP_FORMAT_JPEG, NULL, encode_jpeg};
