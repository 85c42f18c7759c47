/* SPDX-License-Identifier: MIT */
#include "filters/tiff_picture.h"
#include "filters/tiff_directory.h"

/* Whose first bit says that this is a small copy of another picture. */
#define TAG_SUBFILE_TYPE 0x00FE

#define TAG_BITS        0x0102 /* one value for each sample of a pixel; 1 where it is missing */
#define TAG_COMPRESSION 0x0103
#define TAG_PHOTOMETRIC 0x0106 /* what the samples are */
#define TAG_SAMPLES     0x0115 /* in a pixel; 1 where it is missing */

#define COMPRESSION_NONE 1
#define COMPRESSION_JPEG 7

enum { PHOTOMETRIC_BLACK_IS_0 = 1, PHOTOMETRIC_RGB = 2, PHOTOMETRIC_YCBCR = 6 };

/* The first value of @tag, or @otherwise. */
static uint32_t read_tag(const struct pp_tiff *tiff, uint16_t tag, uint32_t otherwise)
{
    struct pp_tiff_entry entry;
    uint32_t value;

    if (pp_tiff_find(tiff, pp_tiff_first(tiff), tag, &entry) &&
        pp_tiff_value(tiff, &entry, 0, &value)) {
        return value;
    }
    return otherwise;
}

bool pp_tiff_picture_is_preview(const struct pp_source *source)
{
    struct pp_tiff tiff;

    return pp_tiff_open(&tiff, source->bytes, source->length) &&
           (read_tag(&tiff, TAG_SUBFILE_TYPE, 0) & 1) != 0;
}

bool pp_tiff_picture_is_plain(const struct pp_source *source)
{
    struct pp_tiff tiff;
    uint32_t samples;
    uint32_t bits;

    if (!pp_tiff_open(&tiff, source->bytes, source->length)) {
        return false;
    }
    samples = read_tag(&tiff, TAG_SAMPLES, 1);
    bits = read_tag(&tiff, TAG_BITS, 1);
    if (bits != 8 && bits != 16) {
        return false;
    }
    switch (read_tag(&tiff, TAG_PHOTOMETRIC, UINT32_MAX)) {
    case PHOTOMETRIC_BLACK_IS_0:
        return samples == 1;
    case PHOTOMETRIC_RGB:
        return samples == 3;
    case PHOTOMETRIC_YCBCR:
        return samples == 3 &&
               read_tag(&tiff, TAG_COMPRESSION, COMPRESSION_NONE) == COMPRESSION_JPEG;
    default:
        return false;
    }
}
