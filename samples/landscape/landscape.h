/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Landscape: paint a part of a picture
 *
 * A pure function of the scene and of the place: painted in tiles of any size, in any order and by
 * any number of workers, a picture has the same bytes as painted at once.
 */

#include <stddef.h>
#include <stdint.h>

#include "samples/landscape/scene.h"

/* A part of a picture, in pixels from its upper left corner. */
struct landscape_tile {
    int32_t x;
    int32_t y;
    int32_t width;
    int32_t height;
};

/*
 * Where the pixels go, three bytes each (red, green, blue): that of the whole picture's upper left
 * corner, and how many bytes on its neighbours on the right and below are. Negative and swapped
 * steps lay the picture down turned.
 */
struct landscape_canvas {
    uint8_t *origin;
    ptrdiff_t right_bytes;
    ptrdiff_t below_bytes;
};

/* Memory that painting any tile of a picture @height pixels high needs for its work. */
size_t landscape_scratch_bytes(int32_t height);

/*
 * Paint @tile of the picture of @scene that is @width x @height pixels big.
 *
 * @tile lies inside the picture; tiles of the full height are the cheapest, since the painter
 * works column by column. @scratch: landscape_scratch_bytes(), aligned to 16 bytes.
 */
void landscape_paint(const struct scene *scene, int32_t width, int32_t height,
                     const struct landscape_tile *tile, const struct landscape_canvas *canvas,
                     void *scratch);
