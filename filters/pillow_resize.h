/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Pillow's resize: the same bytes as Image.resize() of Pillow 9.4 with BICUBIC
 *
 * Every band is resized alone, alpha too: what Pillow does about that is in
 * filters/pillow_thumbnail.h.
 */

#include "filters/pillow_reduce.h"

/* Bytes of scratch memory that pp_pillow_resize() needs for these arguments. */
size_t pp_pillow_resize_scratch_bytes(const struct pp_image *source, double width, double height,
                                      struct pp_pillow_factor factor,
                                      const struct pp_image *target);

/*
 * Reduce @source by @factor, and resize the rectangle of the result that starts at its top left
 * corner and is @width / factor.across by @height / factor.down pixels large to fill @target.
 *
 * @source, @target: 8 bits, same bands, in other memory.
 * @width, @height: in pixels of the source, fractions allowed, at most its own.
 * @scratch: pp_pillow_resize_scratch_bytes() bytes, aligned to PP_IMAGE_ALIGNMENT.
 */
void pp_pillow_resize(const struct pp_image *source, double width, double height,
                      struct pp_pillow_factor factor, const struct pp_image *target, void *scratch);
