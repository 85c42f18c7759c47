/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Pillow's thumbnail: the same bytes as Image.thumbnail() of Pillow 9.4
 *
 * What that does beside resizing: a JPEG is decoded at a smaller scale where nothing has touched
 * it yet (draft), large images are averaged to smaller ones first, to no less than twice the
 * thumbnail (reducing_gap), and colours are multiplied by their opacity and divided again. The size
 * is that of filters/thumbnail.h.
 */

#include "filters/image.h"

/*
 * The m of the 1/m at which Pillow decodes a JPEG of @size for a thumbnail of @to: 1, 2, 4 or 8.
 */
int32_t pp_pillow_thumbnail_shrink(struct pp_size size, struct pp_size to);

/* Bytes of scratch memory that pp_pillow_thumbnail() needs for these arguments. */
size_t pp_pillow_thumbnail_scratch_bytes(const struct pp_image *source, double width, double height,
                                         const struct pp_image *target);

/*
 * Make @target of the rectangle of @source that starts at its top left corner and is @width by
 * @height pixels large (fractions allowed, at most the image: an image decoded at 1/m may end in
 * the middle of a pixel). Where there is alpha, the colours of @source are multiplied by it.
 *
 * @source, @target: 8 bits, same bands, in other memory, of different sizes.
 * @scratch: pp_pillow_thumbnail_scratch_bytes() bytes, aligned to PP_IMAGE_ALIGNMENT.
 */
void pp_pillow_thumbnail(const struct pp_image *source, double width, double height,
                         const struct pp_image *target, void *scratch);
