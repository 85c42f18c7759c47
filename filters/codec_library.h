/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Codec library: what one library behind the codec offers
 *
 * Only codec.c, which holds the tables, and codec_*.c, one library and direction each, include
 * this.
 */

#include <string.h>

#include "filters/codec.h"

/* What a probe returns for a file that another library may know; nothing is wrong with it. */
enum { PP_CODEC_NOT_MINE = 1 };

struct pp_codec_reader {
    enum pp_reader reader;

    /* As pp_codec_probe(), or PP_CODEC_NOT_MINE with *ret_header unspecified. */
    int (*probe)(const struct pp_source *source, struct pp_header *ret_header,
                 struct pp_error *error);

    /* As pp_codec_decode(): the shape of @target is that of @header, but @header may not be that of
     * @source, so it is compared once more. Metadata may be left half filled on failure. */
    int (*decode)(const struct pp_source *source, const struct pp_header *header,
                  struct pp_decode_scale scale, const struct pp_image *target,
                  struct pp_metadata *metadata, struct pp_error *error);
};

struct pp_codec_writer {
    enum pp_format format;

    /* NULL: always. */
    bool (*is_there)(void);

    /* As pp_codec_encode(); @image and its pixels may be changed, @metadata is never NULL. */
    int (*encode)(struct pp_image *image, const struct pp_metadata *metadata,
                  const struct pp_encode_options *options, struct pp_sink *sink,
                  struct pp_error *error);
};

extern const struct pp_codec_reader pp_codec_jpeg_reader;
extern const struct pp_codec_reader pp_codec_png_reader;
extern const struct pp_codec_reader pp_codec_stb_reader;
extern const struct pp_codec_reader
    pp_codec_tga_reader; /* a TGA file has no mark of its own: last */
extern const struct pp_codec_reader pp_codec_vips_reader;

extern const struct pp_codec_writer pp_codec_jpeg_writer;
extern const struct pp_codec_writer pp_codec_png_writer;
extern const struct pp_codec_writer pp_codec_webp_writer;
extern const struct pp_codec_writer pp_codec_tiff_writer;
extern const struct pp_codec_writer pp_codec_avif_writer;

/* Whether @source starts with @count bytes of @mark. */
static inline bool pp_codec_starts_with(const struct pp_source *source, const void *mark,
                                        size_t count)
{
    return source->length >= count && memcmp(source->bytes, mark, count) == 0;
}

/* Narrow @image to 8 bits a sample in place, where it has 16. */
void pp_codec_make_8_bit(struct pp_image *image);

/* Lay @image over white in place, where it has alpha: it loses that band. */
void pp_codec_flatten(struct pp_image *image);

/* Move the rows of @image together in place, so that nothing lies between them. */
void pp_codec_pack(struct pp_image *image);
