/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Codec: files to pixels and back
 *
 * A file is known by its content, never by its name. Each format is read by one library (JPEG by
 * libjpeg-turbo, PNG by libpng, BMP, TGA, PSD, PIC, HDR and PNM by stb_image, all others and what
 * those decline by libvips), behind the four functions below; codec_*.c hold one library each.
 * Input is a whole file in memory, output goes to memory; nothing here opens a file.
 *
 * Truncated or corrupt input is a failure, never half a picture. Images with several frames or
 * pages give the first.
 *
 * Errors: -EILSEQ for input that is broken, -ENOTSUP for a format or variant that nothing here
 * reads or writes, -EFBIG for one that exceeds a limit, -ENOMEM, -ENOSPC where the output does not
 * fit. The message says what is wrong and, where it can be mended, how.
 *
 * Any process, one thread at a time in each.
 */

#include "filters/image.h"
#include "filters/metadata.h"

enum pp_format {
    PP_FORMAT_UNKNOWN,
    PP_FORMAT_JPEG,
    PP_FORMAT_PNG,
    PP_FORMAT_BMP,
    PP_FORMAT_TGA,
    PP_FORMAT_PSD,
    PP_FORMAT_PIC,
    PP_FORMAT_HDR,
    PP_FORMAT_PNM, /* PGM and PPM in their binary forms, P5 and P6 */
    PP_FORMAT_WEBP,
    PP_FORMAT_TIFF,
    PP_FORMAT_HEIF,
    PP_FORMAT_AVIF,
    PP_FORMAT_GIF,
    PP_FORMAT_JXL,
    PP_FORMAT_JP2,
    PP_FORMAT_SVG,
    PP_FORMAT_OTHER /* libvips knows it by another name */
};

/* Which library reads the file: decided by pp_codec_probe(), followed by pp_codec_decode(). */
enum pp_reader { PP_READER_JPEG, PP_READER_PNG, PP_READER_STB, PP_READER_VIPS };

/* A file in memory, not owned. */
struct pp_source {
    const uint8_t *bytes;
    size_t length; /* bytes */
};

/* What a file's header says, as it will be decoded. Plain data. */
struct pp_header {
    enum pp_format format;
    enum pp_reader reader;
    struct pp_size size; /* pixels as stored, before orientation */
    int32_t bands;       /* 1 to 4, as in struct pp_image; CMYK is converted and counts as 3 */
    int32_t bits;        /* 8 or 16 */
    int32_t orientation; /* 1 to 8, still to be applied; 1 where the reader applies it */
    int32_t shrink_max;  /* the coarsest 1/m that the reader decodes at: 8 for JPEG, else 1 */
    bool means;          /* the reader can make means of what it decoded in full, row by row */
    bool progressive;    /* JPEG in several scans, interlaced PNG */
    bool plain;          /* nothing was converted about which readers differ: no palette, key
                            colour, ink or single bits; false where that is not known */
    int32_t frames;      /* in the file; the first is read */
    char loader[32];     /* the library's own name of the format, for people */
};

/*
 * Read the header of @source.
 *
 * Returns 0 with *ret_header filled, or an error as above. No memory for pixels is taken.
 */
PP_MUST_CHECK int pp_codec_probe(const struct pp_source *source, struct pp_header *ret_header,
                                 struct pp_error *error);

/*
 * How much smaller than in the file a picture is decoded. Either way its pixels are means of shrink
 * x shrink pixels. The decoder's own are cheap, but were taken before colours beyond 0 to 255 were
 * cut off, which shows where a photo has many of those; the others are of pixels as they are seen.
 */
struct pp_decode_scale {
    int32_t shrink; /* 1, 2, 4 or 8; unless means, at most the header's shrink_max */
    bool means;     /* of pixels decoded in full: where the header has means */
};

/* The size at which @header's image is decoded at 1/@shrink: sides divided and rounded up. */
struct pp_size pp_codec_shrunk_size(const struct pp_header *header, int32_t shrink);

/*
 * Decode @source at @scale into @target, whose shape (pp_codec_shrunk_size(), header bands and
 * bits) and memory the caller made, and its metadata into *metadata.
 *
 * *metadata: empty before; on success owned by the caller, who finishes it; empty on failure.
 * Returns 0 or an error as above; then the pixels are unspecified.
 */
PP_MUST_CHECK int pp_codec_decode(const struct pp_source *source, const struct pp_header *header,
                                  struct pp_decode_scale scale, const struct pp_image *target,
                                  struct pp_metadata *metadata, struct pp_error *error);

/* How to write. All zero is a good default but for the format. */
struct pp_encode_options {
    enum pp_format format; /* JPEG, PNG, WEBP, TIFF or AVIF */
    int32_t quality;       /* 1 to 100 for JPEG, WEBP and AVIF; 0: 80, 80 and 50 */
};

/* Memory that receives a file. */
struct pp_sink {
    uint8_t *bytes;  /* not owned */
    size_t capacity; /* bytes */
    size_t length;   /* bytes written so far */
};

/*
 * Whether pp_codec_encode() can write @format with the libraries of this machine. For AVIF this is
 * found out by writing a tiny picture, once, which like all writing by libvips starts threads: a
 * process that asks must not fork afterwards without exec.
 */
bool pp_codec_can_encode(enum pp_format format);

/*
 * A capacity that is enough for any image of that shape with @metadata_bytes of metadata in
 * @format. Memory that is never written costs nothing, so it is generous.
 */
size_t pp_codec_encoded_bytes_max(enum pp_format format, struct pp_size size, int32_t bands,
                                  int32_t bits, size_t metadata_bytes);

/*
 * Write @image and @metadata (may be NULL) to @sink as a whole file.
 *
 * What the format cannot hold is converted: 16 bits become 8 for JPEG, WEBP and AVIF, alpha is
 * laid over white for JPEG. @image may be changed by that (its memory is scratch afterwards).
 * No date, host or user enters the file: the same input gives the same bytes.
 * Returns 0 with sink->length set, or an error as above; -ENOSPC where @sink is too small.
 */
PP_MUST_CHECK int pp_codec_encode(const struct pp_image *image, const struct pp_metadata *metadata,
                                  const struct pp_encode_options *options, struct pp_sink *sink,
                                  struct pp_error *error);

/* The format that people call @name ("jpg", "jpeg", "png", "webp", "tif", "tiff", "avif"), any
 * case, or PP_FORMAT_UNKNOWN. */
enum pp_format pp_format_from_name(const char *name);

/* The usual file name extension of @format without a dot ("jpg"), "" where it has none. */
const char *pp_format_extension(enum pp_format format);
