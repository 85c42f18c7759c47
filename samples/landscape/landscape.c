/* SPDX-License-Identifier: MIT */

/*
 * A tile is painted column by column. To develop a column the camera needs its neighbours on both
 * sides, so three columns of light go round in a ring, and a tile paints one column more than it
 * has on either side: what lies beyond its edges is the same as in the tile next to it.
 */

#include "samples/landscape/landscape.h"

#include "samples/landscape/land.h"
#include "samples/landscape/sensor.h"
#include "samples/landscape/sky.h"
#include "samples/landscape/view.h"
#include "samples/landscape/walk.h"
#include "samples/landscape/water.h"

/* Arrays of the picture's height: those of a column's making, and the light of three columns. */
#define MAKING_ARRAYS 4
#define LIGHT_ARRAYS  9

size_t landscape_scratch_bytes(int32_t height)
{
    return (size_t)height * (MAKING_ARRAYS + LIGHT_ARRAYS) * sizeof(float);
}

static void paint_sky(const struct view *view, const struct view_column *column)
{
    int32_t count = 0;

    for (int32_t row = 0; row < view->height; row++) {
        if (column->depth[row] == 0.0F) {
            column->rows[count++] = row;
        }
    }
    for (int32_t first = 0; first < count; first += BATCH) {
        float rows[BATCH];
        struct rays rays;
        struct rgb_batch light;

        view_take_rows(column->rows, count, first, rows);
        view_rays(view, column, rows, &rays);
        sky_light(&view->sky, &rays, true, &light);
        view_store(column, rows, &light);
    }
}

/* Cut @scratch into the arrays of a column and of the light of three. */
static void lay_out(float *scratch, int32_t height, struct view_column *column,
                    struct sensor_column lights[3])
{
    column->depth = scratch;
    column->sunlight = column->depth + height;
    column->mirrored = column->sunlight + height;
    column->rows = (int32_t *)(column->mirrored + height);
    scratch += (ptrdiff_t)MAKING_ARRAYS * height;
    for (int i = 0; i < LIGHT_ARRAYS; i++) {
        lights[i / 3].color[i % 3] = scratch + (ptrdiff_t)i * height;
    }
}

/* Paint column @x, in turn with its neighbours, and expose it. */
static void paint_column(const struct view *view, const struct sensor *sensor, int32_t x,
                         struct view_column *column, const struct sensor_column *light)
{
    column->across = ((float)x + 0.5F - 0.5F * (float)view->width) / view->focal_px;
    for (int i = 0; i < 3; i++) {
        column->color[i] = light->color[i];
    }
    walk_land(view, column);
    paint_sky(view, column);
    land_paint(view, column);
    water_paint(view, column);
    sensor_expose(sensor, x, light);
}

void landscape_paint(const struct scene *scene, int32_t width, int32_t height,
                     const struct landscape_tile *tile, const struct landscape_canvas *canvas,
                     void *scratch)
{
    struct view view;
    struct view_column column;
    struct sensor sensor;
    struct sensor_column lights[3];
    uint8_t *out = canvas->origin + tile->x * canvas->right_bytes + tile->y * canvas->below_bytes;

    view_init(&view, scene, width, height);
    sensor_init(&sensor, scene, width, height);
    lay_out((float *)scratch, height, &column, lights);
    for (int32_t x = tile->x - 1; x <= tile->x + tile->width; x++) {
        struct sensor_column oldest = lights[0];

        lights[0] = lights[1];
        lights[1] = lights[2];
        lights[2] = oldest;
        paint_column(&view, &sensor, x, &column, &lights[2]);
        if (x > tile->x) {
            sensor_develop(&sensor, lights, tile->y, tile->y + tile->height, out,
                           canvas->below_bytes);
            out += canvas->right_bytes;
        }
    }
}
