/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Ground: light that comes back from meadows, woods, rock and snow
 */

#include "samples/landscape/sky.h"
#include "samples/landscape/terrain.h"

/* Spots of ground, as pixels see them. */
struct spots {
    struct places places;  /* footprint: of the pixel, the coarser of its two directions */
    float height[BATCH];   /* of what is seen, tree tops included */
    float across[BATCH];   /* width of the pixel on the ground, across the view */
    float sunlight[BATCH]; /* of ground_sunlight() */
};

/* How much of the sun reaches @places at @height past the mountains, 0 to 1. */
void ground_sunlight(const struct sky *sky, const struct places *places, const float *height,
                     float *sunlight);

/* Light from @spots, as it leaves there. */
void ground_light(const struct sky *sky, const struct spots *spots, struct rgb_batch *light);
