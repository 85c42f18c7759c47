/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * EXIF: the few tags that processing makes wrong
 *
 * Works on the TIFF structure in place and changes no length, so maker notes with offsets of their
 * own stay whole. Every offset is checked: the bytes come from strangers.
 */

#include "filters/image.h"
#include "filters/metadata.h"

/*
 * The orientation, 1 to 8, that the first directory of @exif tells; 1 where it is missing, out of
 * range or the structure is broken.
 */
int32_t pp_exif_orientation(const struct pp_blob *exif);

/*
 * Make @exif true of a picture that was turned upright and processed to @size: orientation 1, the
 * pixel sizes (tags 0x0100, 0x0101, 0xA002, 0xA003, where present) set, and the embedded preview
 * removed: unlinked from the directory and its bytes cleared, since it shows the picture as it was
 * before. A broken structure is left as far as it could be followed.
 */
void pp_exif_update(struct pp_blob *exif, struct pp_size size);
