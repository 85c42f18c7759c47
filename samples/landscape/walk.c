/* SPDX-License-Identifier: MIT */

/*
 * Walk over the land in the upright plane of the column, away from the camera. Whatever rises above
 * all that came before is seen, and fills the rows between; a row that is never filled sees the
 * sky. Most land is hidden: for it only the coarsest octaves are looked at, which cannot be missed
 * by the finer ones.
 */

#include "samples/landscape/walk.h"

#include <string.h>

#include "samples/landscape/curve.h"
#include "samples/landscape/terrain.h"

#define FARTHEST 60000.0F

struct walk {
    float z;      /* of the next step */
    int32_t top;  /* rows from here on downwards are settled */
    float last_z; /* of the last step, and the row that sees it */
    float last_row;
    struct places places; /* of the steps of this batch, and how high the surface is there */
    float height[BATCH];
    float tree[BATCH]; /* the part of it that is tree */
};

/* Take BATCH steps; far away each is a smaller part of the way, for there are trees. */
static void take_steps(const struct view *view, const struct view_column *column, struct walk *walk)
{
    for (int i = 0; i < BATCH; i++) {
        float stride = curve_mix(0.005F, 0.0018F, curve_step(100.0F, 400.0F, walk->z));

        walk->places.x[i] = column->across * walk->z;
        walk->places.z[i] = walk->z;
        walk->places.footprint[i] = 0.8F * walk->z / view->focal_px;
        walk->z *= 1.0F + curve_max(stride, 3.0F / view->focal_px);
    }
}

/* Find the surface under the steps. Returns false where all of it is hidden. */
static bool find_surface(const struct view *view, struct walk *walk)
{
    const struct scene *scene = view->scene;
    float highest_tree = scene->land.forest > 0.0F ? 1.2F * scene->land.tree_height : 0.0F;
    float line = view_rise(view, (float)walk->top - 0.5F);
    float lowest[BATCH];
    struct terrain terrain;
    struct trees trees;

    for (int i = 0; i < BATCH; i++) {
        lowest[i] = scene->camera.eye + line * walk->places.z[i] - highest_tree;
    }
    if (!terrain_find(scene, &walk->places, lowest, &terrain)) {
        return false;
    }
    terrain_find_trees(scene, &walk->places, &terrain, &trees);
    for (int i = 0; i < BATCH; i++) {
        walk->tree[i] = trees.height[i];
        walk->height[i] = terrain.height[i] + trees.height[i];
    }
    return true;
}

/* Settle the rows that see what rises at step @i. */
static void settle_rows(const struct view *view, const struct view_column *column,
                        struct walk *walk, int i)
{
    float eye = view->scene->camera.eye;
    float z = walk->places.z[i];
    bool water = walk->height[i] <= 0.0F;
    float row = view_row(view, curve_max(walk->height[i], 0.0F) - eye, z);
    float per_row = 1.0F / (walk->last_row - row + 1e-6F);
    bool upright = walk->tree[i] > 0.0F; /* a tree, not a slope that leads up to it */

    while (walk->top > 0 && (float)(walk->top - 1) >= row) {
        float share;

        walk->top--;
        share = curve_clamp((walk->last_row - (float)walk->top) * per_row, 0.0F, 1.0F);
        share = upright ? 1.0F : share;
        column->depth[walk->top] =
            water ? eye / view_rise(view, (float)walk->top) : curve_mix(walk->last_z, z, share);
    }
    walk->last_row = row;
    walk->last_z = z;
}

void walk_land(const struct view *view, const struct view_column *column)
{
    const struct scene *scene = view->scene;
    struct walk walk = {.top = view->height, .last_row = (float)view->height};

    walk.z = -0.05F * scene->camera.eye / view_rise(view, (float)view->height);
    walk.last_z = walk.z;
    memset(column->depth, 0, (size_t)view->height * sizeof(float));
    while (walk.top > 0 && walk.z < FARTHEST &&
           scene->camera.eye + view_rise(view, (float)walk.top) * walk.z < terrain_highest(scene)) {
        take_steps(view, column, &walk);
        if (find_surface(view, &walk)) {
            for (int i = 0; i < BATCH; i++) {
                settle_rows(view, column, &walk, i);
            }
        } else {
            walk.last_z = walk.places.z[BATCH - 1];
            walk.last_row = (float)view->height;
        }
    }
}
