/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Paint task: what the painter's workers do
 *
 * "paint-tile" paints a tile of a photo into slot 0; "write-photo" writes the photo in slot 0 to
 * descriptor 0. Their arguments are the structs below: plain data, for the host and the workers
 * are different processes.
 */

#include <stdint.h>

#include "core/task.h"
#include "samples/landscape/landscape.h"

/* Arguments of "write-photo". */
struct paint_photo {
    uint32_t scene; /* index of scene_at() */
    int32_t width;  /* of the upright picture, in pixels */
    int32_t height;
    uint32_t format; /* enum photo_format */
    uint32_t
        turned; /* 1: stored turned to the left, with a note in the EXIF block to turn it back */
};

/* Arguments of "paint-tile". */
struct paint_tile {
    struct paint_photo photo;
    struct landscape_tile tile;
};

/* Bytes of the slot that @photo takes. */
size_t paint_photo_bytes(const struct paint_photo *photo);

int paint_tile(struct pp_call *call);
int paint_write(struct pp_call *call);
