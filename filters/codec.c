/* SPDX-License-Identifier: MIT */

/*
 * Readers are asked in the order of their table whether the file is theirs, by its first bytes; the
 * first that does not decline decides. libjpeg-turbo, libpng and stb_image come before libvips,
 * which reads what they decline. TGA comes last because it has no mark: asked earlier, it would
 * claim others' files.
 *
 * For what nobody knows, a table of marks tells the user what the file is instead of "unknown".
 */

#include <errno.h>

#include "filters/codec.h"
#include "filters/codec_library.h"

static const struct pp_codec_reader *const readers[] = {
    &pp_codec_jpeg_reader, &pp_codec_png_reader, &pp_codec_stb_reader,
    &pp_codec_vips_reader, &pp_codec_tga_reader, NULL,
};

static const struct pp_codec_writer *const writers[] = {
    &pp_codec_jpeg_writer, &pp_codec_png_writer,  &pp_codec_webp_writer,
    &pp_codec_tiff_writer, &pp_codec_avif_writer, NULL,
};

/* What people hand to an image program, and what they can do about it. */
static const struct unread {
    size_t offset;
    const char *mark;
    size_t length;
    const char *what;
    const char *hint;
} unread_formats[] = {
    {0, "%PDF-", 5, "a PDF document", "export its pages as PNG first"},
    {0, "%!PS", 4, "a PostScript document", "export its pages as PNG first"},
    {0, "v/1\x01", 4, "an OpenEXR image", "save it as TIFF or HDR first"},
    {0, "qoif", 4, "a QOI image", "save it as PNG first"},
    {0, "\x0a\x05\x01", 3, "a PCX image", "save it as PNG first"},
    {0, "\x00\x00\x01\x00", 4, "an icon", "save the picture wanted as PNG first"},
    {0, "\x00\x00\x02\x00", 4, "a cursor", "save the picture wanted as PNG first"},
    {0, "SIMPLE  =", 9, "a FITS image", "save it as TIFF first"},
    {0, "gimp xcf", 8, "a GIMP project", "export it as PNG first"},
    {0, "DDS ", 4, "a DirectDraw texture", "save it as PNG first"},
    {0, "FUJIFILMCCD-RAW", 15, "a camera raw file", "develop it first"},
    {4, "ftypcrx", 7, "a camera raw file", "develop it first"},
    {4, "ftyp", 4, "a film", "extract the picture wanted first"},
    {0, "\x1a\x45\xdf\xa3", 4, "a film", "extract the picture wanted first"},
    {0, "PK\x03\x04", 4, "a ZIP archive", "unpack it first"},
    {0, "\x1f\x8b", 2, "a compressed file", "unpack it first"},
    {0, "P1", 2, "a portable anymap", "save it as PNG first"},
    {0, "P2", 2, "a portable anymap", "save it as PNG first"},
    {0, "P3", 2, "a portable anymap", "save it as PNG first"},
    {0, "P4", 2, "a portable anymap", "save it as PNG first"},
    {0, "P7", 2, "a portable anymap", "save it as PNG first"},
    {0, "PF", 2, "a portable float map", "save it as TIFF or HDR first"},
    {0, "Pf", 2, "a portable float map", "save it as TIFF or HDR first"},
};

static int say_unread(const struct pp_source *source, struct pp_error *error)
{
    for (size_t i = 0; i < PP_ARRAY_LENGTH(unread_formats); i++) {
        const struct unread *format = &unread_formats[i];

        if (source->length >= format->offset + format->length &&
            memcmp(source->bytes + format->offset, format->mark, format->length) == 0) {
            return pp_error_set(error, -ENOTSUP, "%s is not read here: %s", format->what,
                                format->hint);
        }
    }
    return pp_error_set(error, -ENOTSUP, "not an image in any format that is read here");
}

static int check_size(struct pp_size size, struct pp_error *error)
{
    if (size.width < 1 || size.height < 1) {
        return pp_error_set(error, -EILSEQ, "the header says %d x %d pixels", (int)size.width,
                            (int)size.height);
    }
    if (size.width > PP_IMAGE_SIDE_MAX || size.height > PP_IMAGE_SIDE_MAX) {
        return pp_error_set(error, -EFBIG, "%d x %d pixels: no side may be longer than %d",
                            (int)size.width, (int)size.height, PP_IMAGE_SIDE_MAX);
    }
    return 0;
}

int pp_codec_probe(const struct pp_source *source, struct pp_header *ret_header,
                   struct pp_error *error)
{
    if (source->length == 0) {
        return pp_error_set(error, -EILSEQ, "the file is empty");
    }
    for (size_t i = 0; readers[i] != NULL; i++) {
        struct pp_header header = {
            .reader = readers[i]->reader, .orientation = 1, .shrink_max = 1, .frames = 1};
        int r = readers[i]->probe(source, &header, error);

        if (r == 0) {
            r = check_size(header.size, error);
        }
        if (r == 0) {
            *ret_header = header;
        }
        if (r != PP_CODEC_NOT_MINE) {
            return r;
        }
    }
    return say_unread(source, error);
}

struct pp_size pp_codec_shrunk_size(const struct pp_header *header, int32_t shrink)
{
    return (struct pp_size){(int32_t)(((int64_t)header->size.width + shrink - 1) / shrink),
                            (int32_t)(((int64_t)header->size.height + shrink - 1) / shrink)};
}

static bool shape_is_right(const struct pp_header *header, struct pp_decode_scale scale,
                           const struct pp_image *target)
{
    int32_t shrink = scale.shrink;
    struct pp_size size;

    if ((shrink != 1 && shrink != 2 && shrink != 4 && shrink != 8) ||
        (scale.means ? !header->means : shrink > header->shrink_max)) {
        return false;
    }
    size = pp_codec_shrunk_size(header, shrink);
    return target->width == size.width && target->height == size.height &&
           target->bands == header->bands && target->bits == header->bits;
}

int pp_codec_decode(const struct pp_source *source, const struct pp_header *header,
                    struct pp_decode_scale scale, const struct pp_image *target,
                    struct pp_metadata *metadata, struct pp_error *error)
{
    if (!shape_is_right(header, scale, target)) {
        return pp_error_set(error, -EINVAL, "the memory for the pixels has another shape");
    }
    for (size_t i = 0; readers[i] != NULL; i++) {
        if (readers[i]->reader == header->reader) {
            int r = readers[i]->decode(source, header, scale, target, metadata, error);

            if (r < 0) {
                pp_metadata_finish(metadata);
            }
            return r;
        }
    }
    return pp_error_set(error, -EINVAL, "no library reads this");
}

static const struct pp_codec_writer *find_writer(enum pp_format format)
{
    for (size_t i = 0; writers[i] != NULL; i++) {
        if (writers[i]->format == format) {
            return writers[i];
        }
    }
    return NULL;
}

bool pp_codec_can_encode(enum pp_format format)
{
    const struct pp_codec_writer *writer = find_writer(format);

    return writer != NULL && (writer->is_there == NULL || writer->is_there());
}

/* The most that there is where the product does not fit: no memory holds it anyway. */
static size_t multiply(size_t a, size_t b)
{
    size_t product;

    return pp_size_multiply(a, b, &product) ? product : SIZE_MAX;
}

size_t pp_codec_encoded_bytes_max(enum pp_format format, struct pp_size size, int32_t bands,
                                  int32_t bits, size_t metadata_bytes)
{
    /*
     * No format needs twice the raw samples of a picture whose sides are whole blocks: a JPEG of
     * noise at quality 100 takes up to 2 bytes a sample, the others at most a few in a thousand
     * more than one. Metadata in a PNG may be compressed, which adds little, and gets headers.
     */
    size_t width = pp_size_round_up((size_t)size.width, 64);
    size_t height = pp_size_round_up((size_t)size.height, 64);
    size_t samples = multiply(multiply(width, height), (size_t)(bands < 3 ? 3 : bands));
    size_t pixels = multiply(samples, 2 * (size_t)bits / 8);
    size_t total;

    (void)format;
    if (!pp_size_add(pixels, multiply(2, metadata_bytes), &total) ||
        !pp_size_add(total, (size_t)1 << 20, &total)) {
        return SIZE_MAX;
    }
    return total;
}

int pp_codec_encode(const struct pp_image *image, const struct pp_metadata *metadata,
                    const struct pp_encode_options *options, struct pp_sink *sink,
                    struct pp_error *error)
{
    const struct pp_codec_writer *writer = find_writer(options->format);
    struct pp_image changing = *image;
    struct pp_metadata none = PP_METADATA_NONE;

    if (writer == NULL || (writer->is_there != NULL && !writer->is_there())) {
        return pp_error_set(error, -ENOTSUP, "this machine's libraries do not write %s",
                            pp_format_extension(options->format));
    }
    if (options->quality < 0 || options->quality > 100) {
        return pp_error_set(error, -EINVAL, "quality %d is outside 1 to 100",
                            (int)options->quality);
    }
    sink->length = 0;
    return writer->encode(&changing, metadata == NULL ? &none : metadata, options, sink, error);
}

static const struct {
    enum pp_format format;
    const char *extension; /* the usual one */
    const char *names[3];  /* what people call it where it is written; NULL-ended */
} format_names[] = {
    {PP_FORMAT_JPEG, "jpg", {"jpg", "jpeg", NULL}},
    {PP_FORMAT_PNG, "png", {"png", NULL}},
    {PP_FORMAT_WEBP, "webp", {"webp", NULL}},
    {PP_FORMAT_TIFF, "tif", {"tif", "tiff", NULL}},
    {PP_FORMAT_AVIF, "avif", {"avif", NULL}},
    {PP_FORMAT_BMP, "bmp", {NULL}},
    {PP_FORMAT_TGA, "tga", {NULL}},
    {PP_FORMAT_PSD, "psd", {NULL}},
    {PP_FORMAT_PIC, "pic", {NULL}},
    {PP_FORMAT_HDR, "hdr", {NULL}},
    {PP_FORMAT_PNM, "pnm", {NULL}},
    {PP_FORMAT_HEIF, "heic", {NULL}},
    {PP_FORMAT_GIF, "gif", {NULL}},
    {PP_FORMAT_JXL, "jxl", {NULL}},
    {PP_FORMAT_JP2, "jp2", {NULL}},
    {PP_FORMAT_SVG, "svg", {NULL}},
};

/* Whether two words of ASCII are equal in any case; strcasecmp() asks the locale, and a Turkish one
 * says that TIFF is not tiff. */
static bool same_word(const char *a, const char *b)
{
    while (*a != '\0' && (*a | 0x20) == (*b | 0x20)) {
        a++;
        b++;
    }
    return *a == '\0' && *b == '\0';
}

enum pp_format pp_format_from_name(const char *name)
{
    for (size_t i = 0; i < PP_ARRAY_LENGTH(format_names); i++) {
        for (size_t k = 0; format_names[i].names[k] != NULL; k++) {
            if (same_word(format_names[i].names[k], name)) {
                return format_names[i].format;
            }
        }
    }
    return PP_FORMAT_UNKNOWN;
}

const char *pp_format_extension(enum pp_format format)
{
    for (size_t i = 0; i < PP_ARRAY_LENGTH(format_names); i++) {
        if (format_names[i].format == format) {
            return format_names[i].extension;
        }
    }
    return "";
}
