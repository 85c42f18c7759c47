/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Sky: light of the air, the clouds and the sun, and what air does to things far away
 */

#include <stdbool.h>

#include "samples/landscape/batch.h"
#include "samples/landscape/scene.h"

/* Directions, of length 1. */
struct rays {
    float x[BATCH]; /* right */
    float y[BATCH]; /* up */
    float z[BATCH]; /* where the camera looks */
};

/* What does not depend on the pixel; made once per tile. */
struct sky {
    const struct scene *scene;
    struct {
        float x;
        float y;
        float z;
    } sun;       /* where it stands; of length 1 */
    float pixel; /* width of a pixel, in radians */
};

void sky_init(struct sky *sky, const struct scene *scene, float pixel);

/* Light that comes from the sky along @rays. @disc: with the sun itself. */
void sky_light(const struct sky *sky, const struct rays *rays, bool disc, struct rgb_batch *light);

/*
 * Turn @light of things that are @distance metres away along @rays into what arrives at a camera
 * at height @eye.
 */
void sky_through_air(const struct sky *sky, const struct rays *rays, float eye,
                     const float *distance, struct rgb_batch *light);
