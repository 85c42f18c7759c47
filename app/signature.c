/* SPDX-License-Identifier: MIT */
/*
 * A walk through a directory of photos meets sidecar files, videos and thumbnails databases. Those
 * are passed over and counted; what is an image by its first bytes is taken, whatever its name.
 * A file that is none by its bytes but calls itself photo.jpg is taken as well: an error that
 * names it is what its owner wants to hear (a card that failed leaves files full of zeros). TGA
 * and a few others have no signature and are found by name alone.
 */
#include <string.h>
#include <strings.h>

#include "app/signature.h"

struct magic {
    size_t offset;
    const char *bytes;
    size_t length;
    enum pp_format format;
};

#define MAGIC(offset, bytes, format)                                                               \
    {                                                                                              \
        offset, bytes, sizeof(bytes) - 1, format                                                   \
    }

static const struct magic magics[] = {
    MAGIC(0, "\xff\xd8\xff", PP_FORMAT_JPEG),
    MAGIC(0, "\x89PNG\r\n\x1a\n", PP_FORMAT_PNG),
    MAGIC(0, "GIF87a", PP_FORMAT_GIF),
    MAGIC(0, "GIF89a", PP_FORMAT_GIF),
    MAGIC(8, "WEBP", PP_FORMAT_WEBP),
    MAGIC(0, "II*\0", PP_FORMAT_TIFF),
    MAGIC(0, "MM\0*", PP_FORMAT_TIFF),
    MAGIC(0, "II+\0", PP_FORMAT_TIFF),
    MAGIC(0, "MM\0+", PP_FORMAT_TIFF),
    MAGIC(0, "8BPS", PP_FORMAT_PSD),
    MAGIC(0, "\x53\x80\xf6\x34", PP_FORMAT_PIC),
    MAGIC(0, "#?RADIANCE\n", PP_FORMAT_HDR),
    MAGIC(0, "#?RGBE\n", PP_FORMAT_HDR),
    MAGIC(0, "\xff\x0a", PP_FORMAT_JXL),
    MAGIC(0, "\0\0\0\x0cJXL \r\n\x87\n", PP_FORMAT_JXL),
    MAGIC(0, "\0\0\0\x0cjP  \r\n\x87\n", PP_FORMAT_JP2),
    MAGIC(0, "\xff\x4f\xff\x51", PP_FORMAT_JP2),
    MAGIC(0, "v/1\x01", PP_FORMAT_OTHER), /* OpenEXR */
    MAGIC(0, "qoif", PP_FORMAT_OTHER),
    MAGIC(0, "%PDF-", PP_FORMAT_OTHER),
};

static const struct {
    const char *brand;
    enum pp_format format;
} brands[] = {
    {"avif", PP_FORMAT_AVIF}, {"avis", PP_FORMAT_AVIF}, {"heic", PP_FORMAT_HEIF},
    {"heix", PP_FORMAT_HEIF}, {"heim", PP_FORMAT_HEIF}, {"heis", PP_FORMAT_HEIF},
    {"hevc", PP_FORMAT_HEIF}, {"hevx", PP_FORMAT_HEIF}, {"mif1", PP_FORMAT_HEIF},
    {"msf1", PP_FORMAT_HEIF},
};

static const char *const image_extensions[] = {
    "apng", "avif", "bmp", "cur",  "dib",  "exr", "gif",  "hdr",  "heic", "heif",
    "hif",  "ico",  "j2k", "jfif", "jp2",  "jpe", "jpeg", "jpf",  "jpg",  "jpx",
    "jxl",  "pam",  "pbm", "pcx",  "pfm",  "pgm", "pic",  "png",  "pnm",  "ppm",
    "psb",  "psd",  "qoi", "svg",  "svgz", "tga", "tif",  "tiff", "webp",
};

static bool has(const uint8_t *bytes, size_t length, const struct magic *magic)
{
    return length >= magic->offset + magic->length &&
           memcmp(bytes + magic->offset, magic->bytes, magic->length) == 0;
}

/* The first brand of an ISO media file that names a kind of still image; videos name none. */
static enum pp_format media_format(const uint8_t *bytes, size_t length)
{
    size_t end;

    if (length < 12 || memcmp(bytes + 4, "ftyp", 4) != 0) {
        return PP_FORMAT_UNKNOWN;
    }
    end = (size_t)bytes[2] << 8 | bytes[3];
    if (end > length) {
        end = length;
    }
    for (size_t at = 8; at == 8 || at + 4 <= end; at += at == 8 ? 8 : 4) {
        for (size_t i = 0; i < PP_ARRAY_LENGTH(brands); i++) {
            if (memcmp(bytes + at, brands[i].brand, 4) == 0) {
                return brands[i].format;
            }
        }
    }
    return PP_FORMAT_UNKNOWN;
}

/* BMP has two letters only, which many a text begins with: its header size is looked at as well. */
static bool is_bmp(const uint8_t *bytes, size_t length)
{
    return length >= 18 && bytes[0] == 'B' && bytes[1] == 'M' && bytes[15] == 0 && bytes[16] == 0 &&
           bytes[17] == 0 && bytes[14] >= 12;
}

/* "P6" and its relations, followed by the white space that their definition asks for. */
static bool is_netpbm(const uint8_t *bytes, size_t length)
{
    return length >= 3 && bytes[0] == 'P' && strchr("1234567Ff", bytes[1]) != NULL &&
           bytes[1] != '\0' && strchr(" \t\r\n", bytes[2]) != NULL && bytes[2] != '\0';
}

/* XML is an image if its root is one; the element comes early in what drawing programs write. */
static bool is_svg(const uint8_t *bytes, size_t length)
{
    return length > 0 && memchr("<\xef \t\r\n", bytes[0], 6) != NULL &&
           memmem(bytes, length, "<svg", 4) != NULL;
}

enum pp_format signature_format(const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < PP_ARRAY_LENGTH(magics); i++) {
        if (has(bytes, length, &magics[i])) {
            return magics[i].format;
        }
    }
    if (is_bmp(bytes, length)) {
        return PP_FORMAT_BMP;
    }
    if (is_netpbm(bytes, length)) {
        return PP_FORMAT_OTHER;
    }
    if (is_svg(bytes, length)) {
        return PP_FORMAT_SVG;
    }
    return media_format(bytes, length);
}

bool signature_expected(const char *name)
{
    const char *dot = strrchr(name, '.');

    if (dot == NULL || dot == name) {
        return false;
    }
    for (size_t i = 0; i < PP_ARRAY_LENGTH(image_extensions); i++) {
        if (strcasecmp(dot + 1, image_extensions[i]) == 0) {
            return true;
        }
    }
    return false;
}
