/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Pillow's blur: the same bytes as GaussianBlur of Pillow 9.4
 *
 * Three box filters along each axis stand in for the Gaussian, and each rounds to 8 bits. What
 * comes of it is 2 to 3 levels off (filters/blur.h is within 1); what it is good for is that the
 * pictures of a Python program stay as they were. Every band is filtered alone, alpha too, and
 * colours are not multiplied by it: so does Pillow.
 *
 * The cost of a pixel depends neither on the standard deviation nor on what the image shows.
 */

#include "filters/image.h"

/* Bytes of scratch memory that pp_pillow_blur() needs for such an image, of 8 bits. */
size_t pp_pillow_blur_scratch_bytes(const struct pp_image *image, double sigma);

/*
 * Blur @image in place, which has 8 bits.
 *
 * @sigma: standard deviation in pixels, 0 to PP_BLUR_SIGMA_MAX; what Pillow calls radius.
 * @scratch: pp_pillow_blur_scratch_bytes() bytes, aligned to PP_IMAGE_ALIGNMENT.
 */
void pp_pillow_blur(const struct pp_image *image, double sigma, void *scratch);
