/* SPDX-License-Identifier: MIT */

/*
 * WebP, TIFF and AVIF out, by libvips' savers. The saver gets the image as it lies in memory, with
 * the rows moved together, and gives back a file in memory of its own, which is copied to the sink.
 *
 * Savers run threads of libvips' own, so a process that came here must not fork any more.
 */

#include <errno.h>

#include <vips/vips.h>

#include "filters/codec_library.h"
#include "filters/exif_container.h"
#include "filters/vips.h"

#define WEBP_QUALITY_DEFAULT 80
#define AVIF_QUALITY_DEFAULT 50
#define WEBP_SIDE_MAX        16383

/* Of libvips' 0 to 9. One more takes three to five times as long for 0.1 to 0.2 decibels; one less
 * loses 0.6 to 1. */
#define AVIF_EFFORT 3

/* Where 32-bit offsets no longer reach: a part of 4 GiB, since a picture can also grow. */
#define TIFF_BYTES_MAX ((size_t)3 << 30)

/* One of libvips' savers: sets *ret_bytes, to be freed by g_free(), and *ret_length. */
typedef int (*save_fn)(VipsImage *image, const struct pp_encode_options *options, bool bare,
                       void **ret_bytes, size_t *ret_length);

static bool has_metadata(const struct pp_metadata *metadata)
{
    return metadata->icc.length > 0 || metadata->exif.length > 0 || metadata->xmp.length > 0;
}

static void set_blob(VipsImage *image, const char *field, const struct pp_blob *blob)
{
    if (blob->length > 0) {
        vips_image_set_blob_copy(image, field, blob->bytes, blob->length);
    }
}

static void set_metadata(VipsImage *image, const struct pp_metadata *metadata)
{
    /* An EXIF without any tag, in the place of the real one: see exif_container.h. */
    static const char stand_in[] = "Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0";

    set_blob(image, VIPS_META_ICC_NAME, &metadata->icc);
    set_blob(image, VIPS_META_XMP_NAME, &metadata->xmp);
    vips_image_set_blob_copy(image, VIPS_META_EXIF_NAME, stand_in, sizeof(stand_in));
}

/* A VipsImage of @image's own pixels, with @metadata; NULL where libvips says no. */
static VipsImage *wrap(struct pp_image *image, const struct pp_metadata *metadata)
{
    bool deep = image->bits == 16;
    VipsInterpretation grey = deep ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W;
    VipsInterpretation colour = deep ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB;
    double resolution = metadata->dots_per_mm > 0.0 ? metadata->dots_per_mm : 1.0;
    VipsImage *bare;
    VipsImage *whole = NULL;

    pp_codec_pack(image);
    bare = vips_image_new_from_memory(image->pixels, image->stride * (size_t)image->height,
                                      image->width, image->height, image->bands,
                                      deep ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR);
    if (bare == NULL) {
        return NULL;
    }
    if (vips_copy(bare, &whole, "interpretation", image->bands < 3 ? grey : colour, "xres",
                  resolution, "yres", resolution, NULL) == 0) {
        set_metadata(whole, metadata);
    }
    g_object_unref(bare);
    return whole;
}

static int put(const void *bytes, size_t length, struct pp_sink *sink, struct pp_error *error)
{
    if (length > sink->capacity) {
        return pp_error_set(error, -ENOSPC, "the file does not fit the %zu bytes that it was given",
                            sink->capacity);
    }
    memcpy(sink->bytes, bytes, length);
    sink->length = length;
    return 0;
}

static int save(struct pp_image *image, const struct pp_metadata *metadata,
                const struct pp_encode_options *options, save_fn saver, struct pp_sink *sink,
                struct pp_error *error)
{
    VipsImage *wrapped = NULL;
    void *bytes = NULL;
    size_t length = 0;
    int r = pp_vips_start(error);

    if (r < 0) {
        return r;
    }
    wrapped = wrap(image, metadata);
    if (wrapped == NULL || saver(wrapped, options, !has_metadata(metadata), &bytes, &length) != 0) {
        r = pp_vips_error(error, -EINVAL, "cannot write the picture");
    } else {
        r = put(bytes, length, sink, error);
    }
    g_free(bytes);
    VIPS_UNREF(wrapped);
    return r;
}

static int save_webp(VipsImage *image, const struct pp_encode_options *options, bool bare,
                     void **ret_bytes, size_t *ret_length)
{
    int quality = options->quality == 0 ? WEBP_QUALITY_DEFAULT : options->quality;

    return vips_webpsave_buffer(image, ret_bytes, ret_length, "Q", quality, "strip", bare, NULL);
}

static int save_avif(VipsImage *image, const struct pp_encode_options *options, bool bare,
                     void **ret_bytes, size_t *ret_length)
{
    int quality = options->quality == 0 ? AVIF_QUALITY_DEFAULT : options->quality;

    return vips_heifsave_buffer(image, ret_bytes, ret_length, "Q", quality, "compression",
                                VIPS_FOREIGN_HEIF_COMPRESSION_AV1, "effort", AVIF_EFFORT, "strip",
                                bare, NULL);
}

/* LZW after horizontal differences: as small as deflate to a tenth, in a quarter of its time, and
 * read by every program that reads TIFF. */
static int save_tiff(VipsImage *image, const struct pp_encode_options *options, bool bare,
                     void **ret_bytes, size_t *ret_length)
{
    bool big = VIPS_IMAGE_SIZEOF_IMAGE(image) > TIFF_BYTES_MAX;

    (void)options;
    return vips_tiffsave_buffer(
        image, ret_bytes, ret_length, "compression", VIPS_FOREIGN_TIFF_COMPRESSION_LZW, "predictor",
        VIPS_FOREIGN_TIFF_PREDICTOR_HORIZONTAL, "bigtiff", big, "strip", bare, NULL);
}

static bool has_saver(const char *operation)
{
    return pp_vips_start(NULL) == 0 && vips_type_find("VipsOperation", operation) != 0;
}

static bool has_webp(void)
{
    return has_saver("webpsave_buffer");
}

static bool has_tiff(void)
{
    return has_saver("tiffsave_buffer");
}

/* The saver is there with every libheif, the AV1 encoder is not: only writing something tells. */
static bool try_avif(void)
{
    uint8_t pixels[16 * 16 * 3] = {0};
    struct pp_image image = {pixels, 16, 16, 3, 8, 16 * 3};
    struct pp_metadata none = PP_METADATA_NONE;
    struct pp_encode_options options = {.format = PP_FORMAT_AVIF};
    uint8_t file[4096];
    struct pp_sink sink = {file, sizeof(file), 0};

    return has_saver("heifsave_buffer") &&
           save(&image, &none, &options, save_avif, &sink, NULL) == 0;
}

static bool has_avif(void)
{
    static int answer = -1;

    if (answer < 0) {
        answer = try_avif();
    }
    return answer == 1;
}

typedef int (*swap_fn)(struct pp_sink *sink, const struct pp_blob *exif);

/* Put the real EXIF where libvips put its own, which some of its versions do even if told not to.
 */
static int swap_exif(struct pp_sink *sink, const struct pp_blob *exif, swap_fn swap,
                     struct pp_error *error)
{
    int r = swap(sink, exif);

    if (r == 0 || (r == -EPROTO && exif->length == 0)) {
        return 0;
    }
    return pp_error_set(error, r,
                        r == -ENOSPC ? "the file does not fit the memory that it was given"
                                     : "this version of libvips leaves no place for EXIF");
}

static int encode_webp(struct pp_image *image, const struct pp_metadata *metadata,
                       const struct pp_encode_options *options, struct pp_sink *sink,
                       struct pp_error *error)
{
    int r;

    if (image->width > WEBP_SIDE_MAX || image->height > WEBP_SIDE_MAX) {
        return pp_error_set(error, -ENOTSUP, "a WebP holds at most %d pixels a side, not %d x %d",
                            WEBP_SIDE_MAX, (int)image->width, (int)image->height);
    }
    pp_codec_make_8_bit(image);
    r = save(image, metadata, options, save_webp, sink, error);
    if (r == 0) {
        r = swap_exif(sink, &metadata->exif, pp_exif_container_webp, error);
    }
    return r;
}

static int encode_avif(struct pp_image *image, const struct pp_metadata *metadata,
                       const struct pp_encode_options *options, struct pp_sink *sink,
                       struct pp_error *error)
{
    int r;

    pp_codec_make_8_bit(image);
    r = save(image, metadata, options, save_avif, sink, error);
    if (r == 0 && metadata->exif.length > 0) {
        r = swap_exif(sink, &metadata->exif, pp_exif_container_avif, error);
    }
    return r;
}

static int encode_tiff(struct pp_image *image, const struct pp_metadata *metadata,
                       const struct pp_encode_options *options, struct pp_sink *sink,
                       struct pp_error *error)
{
    return save(image, metadata, options, save_tiff, sink, error);
}

const struct pp_codec_writer pp_codec_webp_writer = {PP_FORMAT_WEBP, has_webp, encode_webp};
const struct pp_codec_writer pp_codec_tiff_writer = {PP_FORMAT_TIFF, has_tiff, encode_tiff};
const struct pp_codec_writer pp_codec_avif_writer = {PP_FORMAT_AVIF, has_avif, encode_avif};
