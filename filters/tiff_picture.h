/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * TIFF picture: what a TIFF file says of its first picture
 *
 * Reads the first directory alone; libvips reads the picture.
 */

#include "filters/codec.h"

/* Whether it is only a small copy of another one. Camera raw files are TIFF files that begin so. */
bool pp_tiff_picture_is_preview(const struct pp_source *source);

/* Whether it is grey or RGB without alpha, or YCbCr packed as JPEG, in 8 or 16 bits: as
 * pp_header.plain. */
bool pp_tiff_picture_is_plain(const struct pp_source *source);
