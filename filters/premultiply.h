/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Premultiply: colour times opacity, before a filter, and back
 *
 * A filter that mixes pixels must mix them by their opacity, or the colour of transparent pixels
 * bleeds into the visible ones. Both calls are in place and do nothing to an image without alpha.
 * Images with alpha are filtered at 16 bits (filters/plan.h), so the way there and back loses
 * nothing that shows in 8.
 */

#include "filters/image.h"

/* Multiply every colour sample by alpha / the largest alpha, rounded. */
void pp_premultiply(const struct pp_image *image);

/* Divide every colour sample by alpha / the largest alpha, rounded and clamped; where alpha is 0,
 * the colour becomes 0. */
void pp_unpremultiply(const struct pp_image *image);

/*
 * Widen 8 bits to 16 in place: @image describes the 8-bit pixels, @wide the 16-bit ones in the
 * same memory (same pixels pointer, width, height and bands; its stride at least twice as large).
 * 255 becomes 65535.
 */
void pp_widen(const struct pp_image *image, const struct pp_image *wide);

/*
 * Narrow 16 bits to 8 in place, rounded: the reverse of pp_widen(). Sets *ret_narrow to describe
 * the 8-bit pixels, which keep @wide's stride.
 */
void pp_narrow(const struct pp_image *wide, struct pp_image *ret_narrow);
