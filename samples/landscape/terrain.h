/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Terrain: how high the ground is, and the trees that stand on it
 */

#include <stdbool.h>

#include "samples/landscape/batch.h"
#include "samples/landscape/scene.h"

/* Places on the map. */
struct places {
    float x[BATCH];
    float z[BATCH];
    float footprint[BATCH]; /* details finer than this do not matter */
};

/* The ground there. */
struct terrain {
    float height[BATCH];
    float dx[BATCH]; /* metres up per metre right, and per metre away */
    float dz[BATCH];
    float steepness[BATCH]; /* of the hillside on the whole: metres up per metre along */
};

/* What grows there. */
struct trees {
    float height[BATCH]; /* of the crown above the ground; 0: no tree */
    float top[BATCH];    /* height of the whole tree */
    float dx[BATCH];     /* slope of the crown */
    float dz[BATCH];
    float tone[BATCH]; /* a number from 0 to 1 that differs from tree to tree */
};

/*
 * Find the ground at @places.
 *
 * @lowest: heights below these do not matter to the caller; NULL: all matter. Returns false, with
 * *terrain unspecified, where the ground is certain to stay below them everywhere.
 */
bool terrain_find(const struct scene *scene, const struct places *places, const float *lowest,
                  struct terrain *terrain);

/* Find the trees at @places, on the ground @terrain. Returns false, with all 0, where none grows.
 */
bool terrain_find_trees(const struct scene *scene, const struct places *places,
                        const struct terrain *terrain, struct trees *trees);

/* No ground and no tree is higher than this. */
float terrain_highest(const struct scene *scene);
