/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Resize: separable resampling with antialiasing
 *
 * A piecewise cubic (Catmull-Rom, a = -0.5) stretched by the shrink factor, so that every source
 * pixel under the kernel counts; the same family that Pillow calls BICUBIC. Every band is filtered
 * alone, so alpha has to be premultiplied before.
 */

#include "filters/image.h"

/*
 * Bytes of scratch memory that pp_resize() needs for that pair of images (their pixels are not
 * looked at).
 */
size_t pp_resize_scratch_bytes(const struct pp_image *source, const struct pp_image *target);

/*
 * Resample the rectangle of @source that starts at its top left corner and is @source_width by
 * @source_height pixels large (fractions allowed, at most the image: an image decoded at 1/m may
 * end in the middle of a pixel) to fill @target.
 *
 * @target: other memory than @source, same bands and bits, any size.
 * @scratch: pp_resize_scratch_bytes() bytes, aligned to PP_IMAGE_ALIGNMENT.
 * Pixels beyond an edge of the rectangle do not count (the kernel is cut and normalised).
 */
void pp_resize(const struct pp_image *source, double source_width, double source_height,
               const struct pp_image *target, void *scratch);

/*
 * The rows @first_row to @first_row + @rows - 1 of what pp_resize() makes, with the same bytes; so
 * several workers can share one target.
 */
void pp_resize_rows(const struct pp_image *source, double source_width, double source_height,
                    const struct pp_image *target, int32_t first_row, int32_t rows, void *scratch);
