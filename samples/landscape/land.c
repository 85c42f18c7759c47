/* SPDX-License-Identifier: MIT */

/*
 * Rows that see land are listed from the bottom up and painted in batches: first the shadows of
 * the mountains, which are soft and so are looked up for one row in a few, then the ground, then
 * the air before it.
 */

#include "samples/landscape/land.h"

#include "samples/landscape/curve.h"
#include "samples/landscape/ground.h"

/* One row in so many is looked at for shadows; those between are interpolated. */
#define SHADOW_ROWS 12

/* Land that is so much further away than the row below belongs to another ridge. */
#define ANOTHER_RIDGE 1.03F

/* Where @rows meet the land: the place, and its height. */
static void find_places(const struct view *view, const struct view_column *column,
                        const float *rows, struct places *places, float *height)
{
    for (int i = 0; i < BATCH; i++) {
        float z = column->depth[(int32_t)rows[i]];

        places->x[i] = column->across * z;
        places->z[i] = z;
        places->footprint[i] = z / view->focal_px;
        height[i] = view->scene->camera.eye + view_rise(view, rows[i]) * z;
    }
}

/* Whether @row of the list begins another ridge than the one before it, which lies below. */
static bool begins_ridge(const struct view_column *column, const int32_t *row)
{
    return column->depth[row[0]] > ANOTHER_RIDGE * column->depth[row[-1]] || row[0] != row[-1] - 1;
}

/* Fill the rows between two rows of the list for which sunlight is known. */
static void join_sunlight(const struct view_column *column, const int32_t *list, int32_t from,
                          int32_t to)
{
    float start = column->sunlight[list[from]];
    float end = begins_ridge(column, &list[to]) ? start : column->sunlight[list[to]];

    for (int32_t i = from + 1; i < to; i++) {
        column->sunlight[list[i]] = curve_mix(start, end, (float)(i - from) / (float)(to - from));
    }
}

static void find_sunlight(const struct view *view, const struct view_column *column, int32_t count)
{
    const int32_t *list = column->rows;
    int32_t looked = 0; /* row of the list for which sunlight is known */
    int32_t next = 0;

    while (next < count) {
        int32_t at[BATCH];
        float rows[BATCH];
        float height[BATCH];
        float light[BATCH];
        struct places places;
        int known = 0;

        for (; next < count && known < BATCH; next++) {
            if (next == 0 || next == count - 1 || next % SHADOW_ROWS == 0 ||
                begins_ridge(column, &list[next])) {
                at[known++] = next;
            }
        }
        view_take_rows(at, known, 0, rows);
        for (int i = 0; i < BATCH; i++) {
            rows[i] = (float)list[(int32_t)rows[i]];
        }
        find_places(view, column, rows, &places, height);
        ground_sunlight(&view->sky, &places, height, light);
        for (int i = 0; i < known; i++) {
            column->sunlight[list[at[i]]] = light[i];
            if (at[i] > 0) {
                join_sunlight(column, list, looked, at[i]);
            }
            looked = at[i];
        }
    }
}

/* How many metres of land one row covers along the view. */
static float metres_per_row(const struct view_column *column, int32_t row)
{
    float z = column->depth[row];
    float behind = row > 0 ? column->depth[row - 1] : 0.0F;

    return behind > z && behind < ANOTHER_RIDGE * z ? behind - z : 0.0F;
}

static void paint_spots(const struct view *view, const struct view_column *column,
                        const float *rows)
{
    struct spots spots;
    struct rays rays;
    struct rgb_batch light;
    float distance[BATCH];

    find_places(view, column, rows, &spots.places, spots.height);
    view_rays(view, column, rows, &rays);
    for (int i = 0; i < BATCH; i++) {
        int32_t row = (int32_t)rows[i];
        float along = metres_per_row(column, row);

        spots.across[i] = spots.places.footprint[i];
        spots.places.footprint[i] = curve_max(spots.across[i], 0.35F * along);
        spots.sunlight[i] = column->sunlight[row];
        distance[i] = spots.places.z[i] / rays.z[i];
    }
    ground_light(&view->sky, &spots, &light);
    sky_through_air(&view->sky, &rays, view->scene->camera.eye, distance, &light);
    view_store(column, rows, &light);
}

void land_paint(const struct view *view, const struct view_column *column)
{
    int32_t count = 0;

    for (int32_t row = view->height - 1; row >= 0; row--) {
        if (column->depth[row] > 0.0F) {
            column->rows[count++] = row;
        }
    }
    find_sunlight(view, column, count);
    for (int32_t first = 0; first < count; first += BATCH) {
        float rows[BATCH];

        view_take_rows(column->rows, count, first, rows);
        paint_spots(view, column, rows);
    }
}
