/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Thumbnail: how large the picture gets
 *
 * The size rule alone: pure arithmetic on pixels, no image is touched.
 */

#include "filters/image.h"

/*
 * The size of @source fitted inside @box: the aspect is kept, nothing is ever enlarged, and each
 * side is at least 1 pixel. The free side is rounded to whichever neighbour keeps the aspect
 * better, as Pillow's Image.thumbnail() does, so that both give the same size.
 *
 * @source, @box: sides from 1 to PP_IMAGE_SIDE_MAX.
 */
struct pp_size pp_thumbnail_size(struct pp_size source, struct pp_size box);
