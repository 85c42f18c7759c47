/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Plain pixels: any image of libvips' as the rest of the program knows images
 *
 * 8 or 16 bits of grey or sRGB, with or without alpha. For the files that use libvips' types alone.
 */

#include <vips/vips.h>

#include "core/base.h"

/* Whether the samples of @image are unsigned numbers of 8 or 16 bits. */
bool pp_vips_is_plain(const VipsImage *image);

/*
 * Replace *image, a reference that the caller owns, by one to a plain image, as libvips itself
 * converts for writing a PNG: CMYK by its profile, Lab, linear light and others to sRGB. What is
 * plain already, or of a kind that libvips has no way from, stays as it is. No pixel is computed.
 *
 * Returns 0; -1 with *image NULL and libvips' error set.
 */
PP_MUST_CHECK int pp_vips_make_plain(VipsImage **image);
