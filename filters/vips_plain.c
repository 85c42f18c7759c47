/* SPDX-License-Identifier: MIT */
#include "filters/vips_plain.h"

/* Replace *image by what a libvips call made of it, which is NULL where it failed. */
static int replace(VipsImage **image, VipsImage *by)
{
    g_object_unref(*image);
    *image = by;
    return by == NULL ? -1 : 0;
}

static int uncode(VipsImage **image)
{
    VipsImage *out = NULL;

    if ((*image)->Coding == VIPS_CODING_LABQ) {
        (void)vips_LabQ2sRGB(*image, &out, NULL);
        return replace(image, out);
    }
    if ((*image)->Coding == VIPS_CODING_RAD) {
        (void)vips_rad2float(*image, &out, NULL);
        return replace(image, out);
    }
    return 0;
}

bool pp_vips_is_plain(const VipsImage *image)
{
    return image->BandFmt == VIPS_FORMAT_UCHAR || image->BandFmt == VIPS_FORMAT_USHORT;
}

/* Bring colours that are neither grey nor RGB to sRGB, as libvips does where it writes a PNG. */
static int convert_colours(VipsImage **image)
{
    bool deep = (*image)->BandFmt == VIPS_FORMAT_USHORT;
    VipsImage *out = NULL;

    if ((*image)->Type == VIPS_INTERPRETATION_CMYK && (*image)->Bands >= 4) {
        /* By the file's profile, or libvips' own where it has none. */
        (void)vips_icc_transform(*image, &out, "srgb", "embedded", TRUE, "input_profile", "cmyk",
                                 "depth", deep ? 16 : 8, NULL);
        return replace(image, out);
    }
    if ((*image)->Bands < 3 || !vips_colourspace_issupported(*image) ||
        (pp_vips_is_plain(*image) && ((*image)->Type == VIPS_INTERPRETATION_sRGB ||
                                      (*image)->Type == VIPS_INTERPRETATION_RGB16))) {
        return 0;
    }
    (void)vips_colourspace(*image, &out,
                           deep ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB, NULL);
    return replace(image, out);
}

/* A fifth band and those that follow hold neither colour nor opacity. */
static int drop_bands(VipsImage **image)
{
    VipsImage *out = NULL;

    if ((*image)->Bands <= 4) {
        return 0;
    }
    (void)vips_extract_band(*image, &out, 0, "n", 4, NULL);
    return replace(image, out);
}

int pp_vips_make_plain(VipsImage **image)
{
    return uncode(image) != 0 || convert_colours(image) != 0 || drop_bands(image) != 0 ? -1 : 0;
}
