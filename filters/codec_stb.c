/* SPDX-License-Identifier: MIT */

/*
 * BMP, TGA, PSD, PIC, HDR and the binary PGM and PPM (PNM) in, by stb_image. It returns memory of
 * its own, from which the rows are copied.
 *
 * stb_image takes zeros for whatever lies behind the end of its input and calls that success. So it
 * gets its input by callbacks, which see when it asks for more than there is: that is a failure. In
 * a palette that is too short it reads whatever lay in that memory before: see colours_exist().
 *
 * Its reader of PIC crashes where a damaged file is to be converted, so it is always asked for the
 * four bands that it works with, and the fourth is dropped here.
 *
 * Of a PNM it leaves the bytes of 16-bit samples as they lie in the file, forgets which value is
 * white, and takes a header that is none for a picture without pixels. So the header is read here,
 * and the samples are put right afterwards: see filters/pnm.h.
 *
 * HDR samples are floating-point light. They come as 8-bit codes here, by stb_image's own mapping
 * (a power of 1/2.2), and lighter than white is white.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <stb_image.h>

#include "filters/codec_library.h"
#include "filters/pnm.h"

/* What follows the end: see stream_read(). */
#define PADDING_BYTES 65536

struct stream {
    const struct pp_source *source;
    size_t place;   /* bytes of the source that are read or skipped */
    size_t padding; /* bytes that were made up */
    char *buffer;   /* stb_image's own, where a read that is cut short is no sign of anything */
    bool ended;     /* more was needed than there is */
};

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/*
 * At the end it is not enough to say so: stb_image would read zeros from then on, which its reader
 * of HDR takes for runs of no length, for ever. All bits set are runs that are too long, or pixels,
 * so that it comes to an end, and what it returns is thrown away.
 */
static int stream_read(void *user, char *bytes, int count)
{
    struct stream *stream = user;
    size_t wanted = (size_t)count;
    size_t length = smaller(wanted, stream->source->length - stream->place);

    if (stream->buffer == NULL) {
        stream->buffer = bytes; /* the first read fills it */
    }
    memcpy(bytes, stream->source->bytes + stream->place, length);
    stream->place += length;
    if (length == 0 || (length < wanted && bytes != stream->buffer)) {
        size_t padding = smaller(wanted - length, PADDING_BYTES - stream->padding);

        stream->ended = true;
        memset(bytes + length, 0xFF, padding);
        stream->padding += padding;
        length += padding;
    }
    return (int)length;
}

static void stream_skip(void *user, int count)
{
    struct stream *stream = user;

    stream->place += smaller((size_t)count, stream->source->length - stream->place);
}

static int stream_is_at_end(void *user)
{
    const struct stream *stream = user;

    return stream->place == stream->source->length;
}

static const stbi_io_callbacks callbacks = {stream_read, stream_skip, stream_is_at_end};

static uint16_t little_endian_16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static uint32_t little_endian_32(const uint8_t *bytes)
{
    return little_endian_16(bytes) | (uint32_t)little_endian_16(bytes + 2) << 16;
}

/* A BMP whose pixels are indices. */
struct indexed {
    const uint8_t *rows;
    size_t bytes;     /* from there to the end of the file */
    uint32_t colours; /* in the palette */
    uint32_t width;
    uint32_t height;
    unsigned bits; /* of an index: 1, 4 or 8 */
};

/* Returns false for a file that has no palette, or whose header stb_image refuses anyway. */
static bool read_indexed(const struct pp_source *source, struct indexed *ret_indexed)
{
    const uint8_t *bytes = source->bytes;
    uint32_t header_end;
    uint32_t offset;
    int32_t height;
    bool old;

    if (source->length < 54 || !pp_codec_starts_with(source, "BM", 2)) {
        return false;
    }
    offset = little_endian_32(bytes + 10);
    old = little_endian_32(bytes + 14) == 12;
    header_end = 14 + (little_endian_32(bytes + 14) & 0xFF);
    if (offset < header_end || offset >= source->length) {
        return false;
    }
    height = old ? little_endian_16(bytes + 20) : (int32_t)little_endian_32(bytes + 22);
    *ret_indexed = (struct indexed){
        .rows = bytes + offset,
        .bytes = source->length - offset,
        .colours = (offset - header_end) / (old ? 3 : 4),
        .width = old ? little_endian_16(bytes + 18) : little_endian_32(bytes + 18),
        .height = height < 0 ? 0 - (uint32_t)height : (uint32_t)height,
        .bits = little_endian_16(bytes + (old ? 24 : 28)),
    };
    return ret_indexed->bits == 1 || ret_indexed->bits == 4 || ret_indexed->bits == 8;
}

/* Whether every pixel of a BMP has a colour: stb_image takes it from unset memory otherwise. */
static bool colours_exist(const struct pp_source *source)
{
    struct indexed bmp;
    size_t stride;

    if (!read_indexed(source, &bmp) || bmp.colours >= 1u << bmp.bits) {
        return true;
    }
    stride = ((size_t)bmp.width * bmp.bits + 31) / 32 * 4;
    for (uint32_t y = 0; y < bmp.height && (y + 1) * stride <= bmp.bytes; y++) {
        const uint8_t *row = bmp.rows + y * stride;

        for (size_t x = 0; x < bmp.width; x++) {
            size_t bit = x * bmp.bits;
            uint32_t index = row[bit / 8] >> (8 - bmp.bits - bit % 8) & ((1u << bmp.bits) - 1);

            if (index >= bmp.colours) {
                return false;
            }
        }
    }
    return true;
}

static const struct {
    const char *mark;
    size_t length;
    enum pp_format format;
    const char *name;
} marks[] = {
    {"BM", 2, PP_FORMAT_BMP, "BMP"},
    {"8BPS", 4, PP_FORMAT_PSD, "PSD"},
    {"\x53\x80\xf6\x34", 4, PP_FORMAT_PIC, "PIC"},
    {"#?RADIANCE\n", 11, PP_FORMAT_HDR, "HDR"},
    {"#?RGBE\n", 7, PP_FORMAT_HDR, "HDR"},
};

static const char *name_of(enum pp_format format)
{
    for (size_t i = 0; i < PP_ARRAY_LENGTH(marks); i++) {
        if (marks[i].format == format) {
            return marks[i].name;
        }
    }
    return format == PP_FORMAT_PNM ? "PNM" : "TGA";
}

/* What stb_image is asked for: grey, RGB or their variants with alpha. */
static int32_t count_bands(const struct pp_source *source, enum pp_format format, int components)
{
    /* Of a PSD file it always says RGB and alpha; the header knows better. */
    if (format == PP_FORMAT_PSD) {
        return source->bytes[12] == 0 && source->bytes[13] == 3 ? 3 : 4;
    }
    return components;
}

/* Why stb_image failed, in its words. */
static int fail(const struct stream *stream, enum pp_format format, int code,
                struct pp_error *error)
{
    const char *name = name_of(format);
    const char *reason = stbi_failure_reason();

    if (stream->ended && format == PP_FORMAT_HDR) {
        return pp_error_set(error, -EILSEQ,
                            "this HDR is truncated, or packed in an old way that is not read");
    }
    if (stream->ended) {
        return pp_error_set(error, -EILSEQ, "truncated %s: the data ends before the picture does",
                            name);
    }
    if (reason != NULL && strcmp(reason, "Out of memory") == 0) {
        return pp_error_set(error, -ENOMEM, "no memory for the pixels of this %s", name);
    }
    if (code == -ENOTSUP) {
        return pp_error_set(error, code, "this kind of %s is not read (%s); save it as PNG", name,
                            reason == NULL ? "unknown" : reason);
    }
    return pp_error_set(error, code, "this %s cannot be read: %s", name,
                        reason == NULL ? "unknown" : reason);
}

/* stbi_info() forgets the reason of its failure; loading stops at the same place and tells it. */
static int explain_refusal(const struct pp_source *source, enum pp_format format,
                           struct pp_error *error)
{
    struct stream stream = {.source = source};
    int width;
    int height;
    int components;

    stbi_image_free(stbi_load_from_callbacks(&callbacks, &stream, &width, &height, &components, 0));
    return fail(&stream, format, -ENOTSUP, error);
}

/* A BMP of three bytes a pixel is; what other readers make of the others here is another matter. */
static bool is_plain(const struct pp_source *source, enum pp_format format)
{
    return format == PP_FORMAT_BMP && source->length >= 54 &&
           little_endian_32(source->bytes + 14) >= 40 && /* the size of its header */
           little_endian_16(source->bytes + 28) == 24;
}

static bool is_deep(const struct pp_source *source)
{
    struct stream stream = {.source = source};

    return stbi_is_16_bit_from_callbacks(&callbacks, &stream);
}

static int read_header(const struct pp_source *source, enum pp_format format,
                       struct pp_header *ret_header, struct pp_error *error)
{
    struct stream stream = {.source = source};
    int width;
    int height;
    int components;

    if (!stbi_info_from_callbacks(&callbacks, &stream, &width, &height, &components)) {
        return explain_refusal(source, format, error);
    }
    if (height < 0 && height >= -PP_IMAGE_SIDE_MAX) {
        height = -height; /* a BMP whose rows go from top to bottom */
    }
    ret_header->format = format;
    ret_header->size = (struct pp_size){width, height};
    ret_header->bands = count_bands(source, format, components);
    ret_header->bits = is_deep(source) ? 16 : 8;
    ret_header->plain = is_plain(source, format);
    snprintf(ret_header->loader, sizeof(ret_header->loader), "stb_image");
    return 0;
}

static int probe_pnm(const struct pp_source *source, struct pp_header *ret_header,
                     struct pp_error *error)
{
    int32_t white;
    int r = pp_pnm_parse(source, ret_header, &white, error);

    ret_header->format = PP_FORMAT_PNM;
    ret_header->plain = r == 0 && (white == UINT8_MAX || white == UINT16_MAX);
    snprintf(ret_header->loader, sizeof(ret_header->loader), "stb_image");
    return r;
}

static int probe_stb(const struct pp_source *source, struct pp_header *ret_header,
                     struct pp_error *error)
{
    if (pp_pnm_applies(source)) {
        return probe_pnm(source, ret_header, error);
    }
    for (size_t i = 0; i < PP_ARRAY_LENGTH(marks); i++) {
        if (pp_codec_starts_with(source, marks[i].mark, marks[i].length)) {
            return read_header(source, marks[i].format, ret_header, error);
        }
    }
    return PP_CODEC_NOT_MINE;
}

/* Whether 18 bytes make sense as a header of TGA, in more than the fields that stb_image checks. */
static bool looks_like_tga(const struct pp_source *source)
{
    const uint8_t *bytes = source->bytes;
    unsigned type;
    unsigned depth;

    if (source->length < 18) {
        return false;
    }
    type = bytes[2] & ~8u; /* 8: run-length encoded */
    depth = bytes[16];
    if (type < 1 || type > 3 || bytes[1] != (type == 1) || (bytes[17] & 0xC0) != 0) {
        return false;
    }
    if (little_endian_16(bytes + 12) == 0 || little_endian_16(bytes + 14) == 0) {
        return false;
    }
    if (type == 2) {
        return depth == 15 || depth == 16 || depth == 24 || depth == 32;
    }
    return depth == 8 || depth == 16;
}

static int probe_tga(const struct pp_source *source, struct pp_header *ret_header,
                     struct pp_error *error)
{
    if (!looks_like_tga(source)) {
        return PP_CODEC_NOT_MINE;
    }
    return read_header(source, PP_FORMAT_TGA, ret_header, error);
}

/* Copy @pixels, rows of pixels of @bands samples without gaps, and leave out bands that @target
 * does not have. */
static void copy_pixels(const void *pixels, int32_t bands, const struct pp_image *target)
{
    size_t sample_bytes = pp_image_sample_bytes(target);
    size_t from_bytes = (size_t)bands * sample_bytes;
    size_t to_bytes = (size_t)target->bands * sample_bytes;
    const uint8_t *from = pixels;

    for (int32_t y = 0; y < target->height; y++) {
        uint8_t *to = pp_image_row(target, y);

        if (from_bytes == to_bytes) {
            memcpy(to, from, from_bytes * (size_t)target->width);
            from += from_bytes * (size_t)target->width;
            continue;
        }
        for (int32_t x = 0; x < target->width; x++, from += from_bytes, to += to_bytes) {
            memcpy(to, from, to_bytes);
        }
    }
}

/* Whether @source, of which nothing is known, has what its format's reader needs. */
static int check_again(const struct pp_source *source, const struct pp_header *header,
                       struct pp_error *error)
{
    struct pp_header now;
    int32_t white;
    int r;

    if (!colours_exist(source)) {
        return pp_error_set(error, -EILSEQ, "corrupt BMP: a pixel has a colour that is not there");
    }
    if (header->format != PP_FORMAT_PNM) {
        return 0;
    }
    r = pp_pnm_applies(source) ? pp_pnm_parse(source, &now, &white, error) : -EINVAL;
    if (r == -EINVAL || (r == 0 && (now.bands != header->bands || now.bits != header->bits))) {
        return pp_error_set(error, -EINVAL, "the file is not the one that was probed");
    }
    return r;
}

static int decode_stb(const struct pp_source *source, const struct pp_header *header,
                      struct pp_decode_scale scale, const struct pp_image *target,
                      struct pp_metadata *metadata, struct pp_error *error)
{
    struct stream stream = {.source = source};
    int32_t bands = header->format == PP_FORMAT_PIC ? 4 : target->bands;
    int width = 0;
    int height = 0;
    int components;
    void *pixels;
    int r = check_again(source, header, error);

    (void)scale;
    (void)metadata;
    if (r != 0) {
        return r;
    }
    if (target->bits == 16) {
        pixels =
            stbi_load_16_from_callbacks(&callbacks, &stream, &width, &height, &components, bands);
    } else {
        pixels = stbi_load_from_callbacks(&callbacks, &stream, &width, &height, &components, bands);
    }
    if (pixels == NULL || stream.ended) {
        r = fail(&stream, header->format, -EILSEQ, error);
    } else if (width != target->width || height != target->height) {
        r = pp_error_set(error, -EINVAL, "the file is not the one that was probed");
    } else {
        copy_pixels(pixels, bands, target);
        r = header->format == PP_FORMAT_PNM ? pp_pnm_finish(source, target, error) : 0;
    }
    stbi_image_free(pixels);
    return r;
}

const struct pp_codec_reader pp_codec_stb_reader = {PP_READER_STB, probe_stb, decode_stb};
const struct pp_codec_reader pp_codec_tga_reader = {PP_READER_STB, probe_tga, decode_stb};
