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
 * A Gaussian that the same pass applies, as if the picture was blurred before it is resized. NULL
 * where the functions below take one means none.
 */
struct pp_resize_blur {
    double variance; /* source pixels squared; below 0 as in pp_resampling_init() */
    double detail;   /* source pixels: the side of the finest pixel that the picture had before it
                        became this source, 1 / m where it was decoded at 1 / m; else 1. An output
                        coarser than this is resampled as coarsely as it is, no more. */
};

/*
 * Bytes of scratch memory that pp_resize() needs for that pair of images (their pixels are not
 * looked at).
 */
size_t pp_resize_scratch_bytes(const struct pp_image *source, const struct pp_image *target,
                               const struct pp_resize_blur *blur);

/*
 * Resample the rectangle of @source that starts at its top left corner and is @source_width by
 * @source_height pixels large (fractions allowed, at most the image: an image decoded at 1/m may
 * end in the middle of a pixel) to fill @target.
 *
 * @target: other memory than @source, same bands and bits, any size.
 * @scratch: pp_resize_scratch_bytes() bytes, aligned to PP_IMAGE_ALIGNMENT.
 * Pixels beyond an edge of the rectangle do not count (the kernel is cut and normalised); with a
 * blur of a variance above 0 they repeat the pixel on it.
 */
void pp_resize(const struct pp_image *source, double source_width, double source_height,
               const struct pp_image *target, const struct pp_resize_blur *blur, void *scratch);

/*
 * The rows @first_row to @first_row + @rows - 1 of what pp_resize() makes, with the same bytes; so
 * several workers can share one target.
 */
void pp_resize_rows(const struct pp_image *source, double source_width, double source_height,
                    const struct pp_image *target, const struct pp_resize_blur *blur,
                    int32_t first_row, int32_t rows, void *scratch);
