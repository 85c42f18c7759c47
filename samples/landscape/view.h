/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * View: the camera before a scene, and one column of the picture in the making
 */

#include "samples/landscape/rgb.h"
#include "samples/landscape/sky.h"

struct view {
    const struct scene *scene;
    struct sky sky;
    int32_t width; /* of the picture, in pixels */
    int32_t height;
    float focal_px;
    float horizon; /* rows from the top */
};

/* A column of pixels; it looks along one upright plane. All arrays have the picture's height. */
struct view_column {
    float across;    /* where it looks: metres right per metre away */
    float *depth;    /* metres along z to what a row sees; negative: to water; 0: the sky */
    float *sunlight; /* on the land that a row sees, 0 to 1 */
    float *mirrored; /* the row that a row of water reflects; may lie above the picture */
    int32_t *rows;   /* for lists of rows */
    float *color[3]; /* light: red, green, blue */
};

void view_init(struct view *view, const struct scene *scene, int32_t width, int32_t height);

/* How far a row looks up: metres up per metre away. */
static inline float view_rise(const struct view *view, float row)
{
    return (view->horizon - row - 0.5F) / view->focal_px;
}

/* The row that sees a thing @height metres above the camera and @z metres away. */
static inline float view_row(const struct view *view, float height, float z)
{
    return view->horizon - height / z * view->focal_px - 0.5F;
}

/* The directions of BATCH rows of a column. */
void view_rays(const struct view *view, const struct view_column *column, const float *rows,
               struct rays *rays);

/* Take BATCH rows of a list from @first on; the last one again and again behind its end. */
void view_take_rows(const int32_t *list, int32_t count, int32_t first, float *rows);

/* Put light where it belongs. */
void view_store(const struct view_column *column, const float *rows, const struct rgb_batch *light);
