/* SPDX-License-Identifier: MIT */

/*
 * What libvips reads, converted to the pixels that the rest of the program knows: 8 or 16 bits of
 * grey or sRGB, with or without alpha. The pipeline is built twice, once to probe and once to
 * decode, by the same functions, and nothing in it computes a pixel before the decoder asks for
 * rows; so probing is cheap and cannot disagree with decoding.
 *
 * The loader is chosen here and called by its name. libvips' own search would also ask ImageMagick
 * about every file, which starts it, blocked or not.
 *
 * Rows are asked for a strip at a time, from top to bottom, in this thread: loaders deliver them in
 * that order and hold little more than a strip. (Some formats are decoded whole by their libraries,
 * in memory of their own: HEIF, AVIF, JPEG XL.)
 *
 * A picture whose codes had to be converted has sRGB codes afterwards, so its profile, which would
 * be wrong for them, is left behind; every other picture keeps codes and profile as they are.
 */

#include <errno.h>
#include <stdio.h>

#include "filters/codec_library.h"
#include "filters/exif.h"
#include "filters/gunzip.h"
#include "filters/tiff_picture.h"
#include "filters/vips.h"
#include "filters/vips_plain.h"

#define STRIP_ROWS 32

/* Of a packed drawing: what is unpacked to see whether it is one, and at most. */
#define DRAWING_BYTES_START 4096
#define DRAWING_BYTES_MAX   ((size_t)64 << 20)

static const struct loader {
    const char *operation;
    const char *name; /* for people */
    enum pp_format format;
    VipsFailOn fail_on;
    bool upright; /* the loader applies the orientation, whatever its metadata says afterwards */
} loaders[] = {
    /* At a warning, because libjpeg only warns of data that it had to make up. */
    {"jpegload_buffer", "JPEG", PP_FORMAT_JPEG, VIPS_FAIL_ON_WARNING, false},
    {"webpload_buffer", "WebP", PP_FORMAT_WEBP, VIPS_FAIL_ON_ERROR, false},
    {"tiffload_buffer", "TIFF", PP_FORMAT_TIFF, VIPS_FAIL_ON_ERROR, false},
    {"gifload_buffer", "GIF", PP_FORMAT_GIF, VIPS_FAIL_ON_ERROR, true},
    {"heifload_buffer", "HEIF", PP_FORMAT_HEIF, VIPS_FAIL_ON_ERROR, true},
    {"jxlload_buffer", "JPEG XL", PP_FORMAT_JXL, VIPS_FAIL_ON_ERROR, true},
    {"jp2kload_buffer", "JPEG 2000", PP_FORMAT_JP2, VIPS_FAIL_ON_ERROR, true},
    {"svgload_buffer", "SVG", PP_FORMAT_SVG, VIPS_FAIL_ON_ERROR, true},
};

/* A file that is open. */
struct opened {
    struct pp_source source; /* unpacked */
    uint8_t *unpacked;       /* NULL where it came so */
    const struct loader *loader;
    VipsImage *loaded;
    VipsImage *converted; /* what its pixels become */
};

static void close_opened(struct opened *opened)
{
    VIPS_UNREF(opened->converted);
    VIPS_UNREF(opened->loaded);
    free(opened->unpacked);
}

static bool is_for(const struct loader *loader, const uint8_t *bytes, size_t length)
{
    return vips_foreign_is_a_buffer(loader->operation, bytes, length);
}

static const struct loader *find_loader(const struct pp_source *source)
{
    const struct loader *found = NULL;

    for (size_t i = 0; i < PP_ARRAY_LENGTH(loaders) && found == NULL; i++) {
        if (is_for(&loaders[i], source->bytes, source->length)) {
            found = &loaders[i];
        }
    }
    vips_error_clear(); /* of loaders that this libvips was built without */
    return found;
}

/* Returns 0 with the packed drawing of @opened unpacked; PP_CODEC_NOT_MINE; or an error. */
static int unpack_drawing(struct opened *opened, struct pp_error *error)
{
    struct pp_source packed = opened->source;
    struct pp_source start;
    uint8_t *bytes;
    bool is_drawing;
    int r = pp_gunzip_start(&packed, DRAWING_BYTES_START, &bytes, &start.length);

    if (r < 0) {
        return PP_CODEC_NOT_MINE;
    }
    start.bytes = bytes;
    opened->loader = find_loader(&start);
    is_drawing = opened->loader != NULL && opened->loader->format == PP_FORMAT_SVG;
    free(bytes);
    if (!is_drawing) {
        return PP_CODEC_NOT_MINE;
    }
    r = pp_gunzip_all(&packed, DRAWING_BYTES_MAX, &opened->unpacked, &opened->source.length);
    if (r < 0) {
        return pp_error_set_errno(error, r, "cannot unpack this SVG");
    }
    opened->source.bytes = opened->unpacked;
    return 0;
}

/* Returns 0 with the loader for @opened found; PP_CODEC_NOT_MINE; or an error. */
static int choose_loader(struct opened *opened, struct pp_error *error)
{
    if (pp_gunzip_applies(&opened->source)) {
        return unpack_drawing(opened, error);
    }
    opened->loader = find_loader(&opened->source);
    return opened->loader == NULL ? PP_CODEC_NOT_MINE : 0;
}

/* libvips has no codes, but says in words what it lacks and what is broken. */
static int fail(const struct opened *opened, struct pp_error *error)
{
    int code = strstr(vips_error_buffer(), "support") != NULL ? -ENOTSUP : -EILSEQ;

    return pp_vips_error(error, code, opened->loader->name);
}

static int convert(struct opened *opened, struct pp_error *error)
{
    opened->converted = opened->loaded;
    g_object_ref(opened->converted);
    if (pp_vips_make_plain(&opened->converted) != 0) {
        return fail(opened, error);
    }
    if (!pp_vips_is_plain(opened->converted)) {
        return pp_error_set(error, -ENOTSUP,
                            "%s with samples of the type \"%s\", whose black and white nobody "
                            "knows; save it with 8 or 16 bits",
                            opened->loader->name,
                            vips_enum_nick(VIPS_TYPE_BAND_FORMAT, opened->converted->BandFmt));
    }
    return 0;
}

static int load(struct opened *opened, struct pp_error *error)
{
    VipsBlob *blob = vips_blob_new(NULL, opened->source.bytes, opened->source.length);
    int r = vips_call(opened->loader->operation, blob, &opened->loaded, "access",
                      VIPS_ACCESS_SEQUENTIAL, "fail_on", opened->loader->fail_on, NULL);

    vips_area_unref(VIPS_AREA(blob));
    return r == 0 ? 0 : fail(opened, error);
}

/* Opens @opened, of which all but the source is empty, and which is closed even where this fails.
 */
static int open_source(struct opened *opened, struct pp_error *error)
{
    int r = pp_vips_start(error);

    if (r == 0) {
        r = choose_loader(opened, error);
    }
    if (r == 0 && opened->loader->format == PP_FORMAT_TIFF &&
        pp_tiff_picture_is_preview(&opened->source)) {
        r = pp_error_set(error, -ENOTSUP,
                         "the first picture is only a preview, as in camera raw files; develop it "
                         "to TIFF or JPEG first");
    }
    if (r == 0) {
        r = load(opened, error);
    }
    if (r == 0) {
        r = convert(opened, error);
    }
    return r;
}

static int read_int(VipsImage *image, const char *field, int otherwise)
{
    int value;

    if (vips_image_get_typeof(image, field) == 0 || vips_image_get_int(image, field, &value) != 0) {
        vips_error_clear();
        return otherwise;
    }
    return value;
}

/* HEIF is a container; with AV1 in it, it is called AVIF. */
static enum pp_format format_of(const struct opened *opened)
{
    const char *compression;

    if (opened->loader->format == PP_FORMAT_HEIF &&
        vips_image_get_typeof(opened->loaded, "heif-compression") != 0 &&
        vips_image_get_string(opened->loaded, "heif-compression", &compression) == 0 &&
        strcmp(compression, "av1") == 0) {
        return PP_FORMAT_AVIF;
    }
    return opened->loader->format;
}

/* Returns 0, -ENOMEM, or 0 with an empty blob where there is no such field. */
static int keep_blob(VipsImage *image, const char *field, struct pp_blob *blob)
{
    const void *bytes;
    size_t length;

    if (vips_image_get_typeof(image, field) == 0) {
        return 0;
    }
    if (vips_image_get_blob(image, field, &bytes, &length) != 0) {
        vips_error_clear();
        return 0;
    }
    return pp_blob_set(blob, bytes, length);
}

static int keep_exif(VipsImage *image, struct pp_metadata *metadata)
{
    struct pp_blob blob = {NULL, 0};
    int r = keep_blob(image, VIPS_META_EXIF_NAME, &blob);

    if (r == 0) {
        r = pp_metadata_set_exif(metadata, blob.bytes, blob.length);
        free(blob.bytes);
    }
    return r;
}

static int32_t orientation_of(VipsImage *image)
{
    struct pp_metadata metadata = PP_METADATA_NONE;
    int32_t orientation = read_int(image, VIPS_META_ORIENTATION, 0);

    if (orientation >= 1 && orientation <= 8) {
        return orientation;
    }
    /* libvips understands the EXIF of WebP files only where it has a mark that it need not have. */
    if (keep_exif(image, &metadata) != 0) {
        return 1;
    }
    orientation = pp_exif_orientation(&metadata.exif);
    pp_metadata_finish(&metadata);
    return orientation;
}

static bool is_plain(const struct opened *opened)
{
    return opened->loader->format == PP_FORMAT_WEBP ||
           (opened->loader->format == PP_FORMAT_TIFF && pp_tiff_picture_is_plain(&opened->source));
}

static void describe(const struct opened *opened, struct pp_header *ret_header)
{
    VipsImage *image = opened->converted;

    ret_header->format = format_of(opened);
    ret_header->size = (struct pp_size){image->Xsize, image->Ysize};
    ret_header->bands = image->Bands;
    ret_header->bits = image->BandFmt == VIPS_FORMAT_USHORT ? 16 : 8;
    ret_header->orientation = opened->loader->upright ? 1 : orientation_of(opened->loaded);
    ret_header->plain = is_plain(opened);
    ret_header->frames = read_int(opened->loaded, VIPS_META_N_PAGES, 1);
    snprintf(ret_header->loader, sizeof(ret_header->loader), "libvips %s", opened->loader->name);
}

static int probe_vips(const struct pp_source *source, struct pp_header *ret_header,
                      struct pp_error *error)
{
    struct opened opened = {.source = *source};
    int r = open_source(&opened, error);

    if (r == 0) {
        describe(&opened, ret_header);
    }
    close_opened(&opened);
    return r;
}

static int keep_metadata(const struct opened *opened, struct pp_metadata *metadata)
{
    VipsImage *image = opened->loaded;
    bool same_codes = opened->loaded->Type == opened->converted->Type;
    int r = same_codes ? keep_blob(image, VIPS_META_ICC_NAME, &metadata->icc) : 0;

    if (r == 0) {
        r = keep_blob(image, VIPS_META_XMP_NAME, &metadata->xmp);
    }
    if (r == 0) {
        r = keep_exif(image, metadata);
    }
    /* 1 is what libvips says where the file says nothing. */
    metadata->dots_per_mm = image->Xres == 1.0 ? 0.0 : image->Xres;
    return r;
}

static bool fits_target(const VipsImage *image, const struct pp_image *target)
{
    return image->Xsize == target->width && image->Ysize == target->height &&
           image->Bands == target->bands &&
           image->BandFmt == (target->bits == 16 ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR);
}

static int read_rows(VipsImage *image, const struct pp_image *target)
{
    VipsRegion *region = vips_region_new(image);
    size_t bytes = VIPS_IMAGE_SIZEOF_LINE(image);
    int r = 0;

    for (int y = 0; y < image->Ysize && r == 0; y += STRIP_ROWS) {
        VipsRect strip = {0, y, image->Xsize, VIPS_MIN(STRIP_ROWS, image->Ysize - y)};

        r = vips_region_prepare(region, &strip);
        for (int i = 0; i < strip.height && r == 0; i++) {
            memcpy(pp_image_row(target, y + i), VIPS_REGION_ADDR(region, 0, y + i), bytes);
        }
    }
    g_object_unref(region);
    return r;
}

static int decode_opened(const struct opened *opened, const struct pp_image *target,
                         struct pp_metadata *metadata, struct pp_error *error)
{
    int r;

    if (!fits_target(opened->converted, target)) {
        return pp_error_set(error, -EINVAL, "the file is not the one that was probed");
    }
    if (read_rows(opened->converted, target) != 0) {
        return fail(opened, error);
    }
    r = keep_metadata(opened, metadata);
    return r == 0 ? 0 : pp_error_set(error, r, "no memory for the metadata");
}

static int decode_vips(const struct pp_source *source, const struct pp_header *header,
                       struct pp_decode_scale scale, const struct pp_image *target,
                       struct pp_metadata *metadata, struct pp_error *error)
{
    struct opened opened = {.source = *source};
    int r = open_source(&opened, error);

    (void)header;
    (void)scale;
    if (r == 0) {
        r = decode_opened(&opened, target, metadata, error);
    } else if (r == PP_CODEC_NOT_MINE) {
        r = pp_error_set(error, -EINVAL, "the file is not the one that was probed");
    }
    close_opened(&opened);
    return r;
}

const struct pp_codec_reader pp_codec_vips_reader = {PP_READER_VIPS, probe_vips, decode_vips};
