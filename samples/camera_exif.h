/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Camera EXIF: the block of facts that a camera puts into its files
 */

#include <stddef.h>
#include <stdint.h>

/* What the camera says about a photo. */
struct camera_exif {
    uint32_t number;      /* of the photo; stands for its time */
    uint16_t orientation; /* 1: upright; 6: the right side of the stored picture is up ... */
    uint32_t width;       /* of the stored picture, in pixels */
    uint32_t height;
    uint32_t shutter; /* exposed for 1/shutter seconds */
    float f_number;
    uint16_t iso;
    uint32_t focal_mm;
    uint16_t focal_35mm;
    const uint8_t *preview; /* a small JPEG file */
    size_t preview_length;
};

/* Room that a block with a preview of @preview_length bytes fits in. */
size_t camera_exif_room(size_t preview_length);

/*
 * Write the block to @out, which has camera_exif_room() bytes. Returns its length. It is a TIFF
 * structure in little endian, as in the marker APP1 of JPEG after "Exif\0\0" or in the chunk eXIf
 * of PNG.
 */
size_t camera_exif_write(const struct camera_exif *photo, uint8_t *out);
