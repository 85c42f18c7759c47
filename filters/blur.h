/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Blur: the Gaussian of any standard deviation, in place
 *
 * Separable: all rows first, then all columns, and each of the two halves can be cut into strips
 * that several workers filter in one shared image: the bytes are the same for any cut. Pixels
 * beyond an edge repeat the pixel on it. Every band is filtered alone, so alpha has to be
 * premultiplied before (filters/premultiply.h).
 *
 * Accuracy: within 1 level of a double-precision Gaussian that is rounded to levels at the end, 8
 * and 16 bit, any standard deviation from 0 to PP_BLUR_SIGMA_MAX (filters/gaussian.c says why).
 */

#include "filters/image.h"

/* The largest standard deviation, in pixels of the image that is filtered. */
#define PP_BLUR_SIGMA_MAX 1000.0

/* Bytes of scratch memory that the calls below need for @image; 0 where none is needed. */
size_t pp_blur_scratch_bytes(const struct pp_image *image, double sigma);

/*
 * Filter rows @first_row to @first_row + @rows - 1 of @image along the row, in place.
 *
 * @sigma: standard deviation in pixels, 0 (nothing happens) to PP_BLUR_SIGMA_MAX.
 * @scratch: pp_blur_scratch_bytes() bytes, aligned to PP_IMAGE_ALIGNMENT, this caller's alone.
 * Any thread or process, as long as no two calls at a time touch one row.
 */
void pp_blur_rows(const struct pp_image *image, double sigma, int32_t first_row, int32_t rows,
                  void *scratch);

/*
 * Filter columns @first_column to @first_column + @columns - 1 of @image along the column, in
 * place; otherwise like pp_blur_rows(). Every row of these columns must have been filtered before.
 */
void pp_blur_columns(const struct pp_image *image, double sigma, int32_t first_column,
                     int32_t columns, void *scratch);

/* The whole Gaussian: pp_blur_rows() over all rows, then pp_blur_columns() over all columns. */
void pp_blur(const struct pp_image *image, double sigma, void *scratch);
