/* SPDX-License-Identifier: MIT */

#include "samples/landscape/view.h"

#include <math.h>

void view_init(struct view *view, const struct scene *scene, int32_t width, int32_t height)
{
    float long_side = (float)(width > height ? width : height);

    view->scene = scene;
    view->width = width;
    view->height = height;
    view->focal_px = scene->camera.focal_35mm / 36.0F * long_side;
    view->horizon = scene->camera.horizon * (float)height;
    sky_init(&view->sky, scene, 1.0F / view->focal_px);
}

void view_rays(const struct view *view, const struct view_column *column, const float *rows,
               struct rays *rays)
{
    for (int i = 0; i < BATCH; i++) {
        float up = view_rise(view, rows[i]);
        float length = 1.0F / sqrtf(1.0F + column->across * column->across + up * up);

        rays->x[i] = column->across * length;
        rays->y[i] = up * length;
        rays->z[i] = length;
    }
}

void view_take_rows(const int32_t *list, int32_t count, int32_t first, float *rows)
{
    for (int32_t i = 0; i < BATCH; i++) {
        rows[i] = (float)list[first + i < count ? first + i : count - 1];
    }
}

void view_store(const struct view_column *column, const float *rows, const struct rgb_batch *light)
{
    for (int i = 0; i < BATCH; i++) {
        int32_t row = (int32_t)rows[i];

        column->color[0][row] = light->r[i];
        column->color[1][row] = light->g[i];
        column->color[2][row] = light->b[i];
    }
}
