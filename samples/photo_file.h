/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Photo file: pixels into JPEG and PNG files, as a camera writes them
 */

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

enum photo_format {
    PHOTO_JPEG,
    PHOTO_PROGRESSIVE, /* JPEG in several passes */
    PHOTO_PNG,
};

/* Three bytes a pixel, red, green and blue; rows follow each other without a gap. */
struct photo_pixels {
    const uint8_t *bytes;
    int32_t width;
    int32_t height;
};

/*
 * Write @pixels to the file that @fd is open on, from its start, with the EXIF block @exif (a TIFF
 * structure; NULL: none). @fd stays the caller's.
 *
 * Returns 0; or a negative errno with the reason in @error, and a file that is not whole.
 */
PP_MUST_CHECK int photo_write(int fd, enum photo_format format, const struct photo_pixels *pixels,
                              const uint8_t *exif, size_t exif_length, struct pp_error *error);

/*
 * Make the small JPEG that cameras put beside the picture: 160x120, with black bars where the
 * picture has another shape.
 *
 * Returns 0 and sets *ret_bytes, which the caller frees; or a negative errno as above.
 */
PP_MUST_CHECK int photo_preview(const struct photo_pixels *pixels, uint8_t **ret_bytes,
                                size_t *ret_length, struct pp_error *error);
