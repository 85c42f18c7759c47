/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Pillow's plan: what its bytes are promised for
 *
 * The plan pillow gives the pixels that these lines give with Pillow 9.4 (on x86-64), bit for bit,
 * before they are encoded:
 *
 *     image = Image.open(path)
 *     if image.getexif().get(0x0112, 1) != 1:
 *         image = ImageOps.exif_transpose(image)
 *     image = image.filter(ImageFilter.GaussianBlur(sigma))   # for --blur
 *     image.thumbnail((width, height))                        # for --thumbnail
 *
 * So a photo that lies on its side is turned first (a TIFF is by Image.load() already), and a JPEG
 * that is to be a thumbnail before anything else is decoded at a smaller scale. Where Pillow cannot
 * read a file, or has other pixels to begin with, there is nothing to be equal to, and the plan is
 * refused: under its name, other pixels would be worse than none.
 */

#include "filters/chain.h"
#include "filters/codec.h"

/* Returns 0 where the promise can be kept for @header; -ENOTSUP with the reason and what to do. */
PP_MUST_CHECK int pp_pillow_plan_check(const struct pp_header *header, struct pp_error *error);

/*
 * The m of the 1/m at which Pillow decodes an image with @header for @chain, and in *ret_reason
 * why, for people (static).
 */
int32_t pp_pillow_plan_shrink(const struct pp_header *header, const struct pp_chain *chain,
                              const char **ret_reason);
