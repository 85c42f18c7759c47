/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Orientation: the eight ways a camera can be held (EXIF tag 0x0112)
 */

#include "filters/image.h"

/* What @orientation (1 to 8; anything else counts as 1) makes of a size: 5 to 8 swap the sides. */
struct pp_size pp_orientation_size(struct pp_size size, int32_t orientation);

/*
 * Copy @source to @target, turned and mirrored so that it stands upright.
 *
 * @target: other memory, of the size that pp_orientation_size() gives, same bands and bits.
 * @orientation: 1 to 8; 1 (or anything else) is a plain copy.
 */
void pp_orientation_apply(const struct pp_image *source, int32_t orientation,
                          const struct pp_image *target);
