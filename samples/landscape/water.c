/* SPDX-License-Identifier: MIT */

/*
 * Water reflects what the same column shows further up. What a row of water reflects is what a
 * camera as far below the water as ours is above it would see in that direction; nearer land hides
 * what lies behind it.
 *
 * Waves tilt the mirror, so a row reflects another one, higher or lower. Where waves are too far
 * away to be seen one by one, each pixel is tilted by chance.
 */

#include "samples/landscape/water.h"

#include <string.h>

#include "samples/landscape/curve.h"
#include "samples/landscape/noise.h"

/* Reflections are looked up so many times per pixel. */
#define LOOKS 4

/* Find what rows @first to @end - 1 reflect: one piece of water, with land beyond it. */
static void mirror_land(const struct view *view, const struct view_column *column, int32_t first,
                        int32_t end)
{
    float eye = view->scene->camera.eye;
    int32_t settled = first; /* rows above this one know what they reflect */

    for (int32_t row = first - 1; row >= 0 && settled < end; row--) {
        float z = column->depth[row];
        float top;

        if (z <= 0.0F) {
            continue;
        }
        top = view_row(view, -2.0F * eye - view_rise(view, (float)row) * z, z);
        while (settled < end && (float)settled <= top) {
            column->mirrored[settled++] = (float)row;
        }
    }
    for (; settled < end; settled++) {
        column->mirrored[settled] = 2.0F * view->horizon - 1.0F - (float)settled; /* the sky */
    }
}

static void find_mirrored(const struct view *view, const struct view_column *column)
{
    for (int32_t first = 0; first < view->height; first++) {
        int32_t end = first;

        while (end < view->height && column->depth[end] < 0.0F) {
            end++;
        }
        if (end > first) {
            mirror_land(view, column, first, end);
            first = end;
        }
    }
}

/* Water as BATCH rows see it. */
struct ripples {
    float x[BATCH];
    float z[BATCH];
    float footprint[BATCH];
    float tilt[BATCH];
    float spread[BATCH]; /* how far the tilt of waves too small to see differs from that */
};

static void find_ripples(const struct view *view, const struct view_column *column,
                         const float *rows, struct ripples *ripples)
{
    const struct scene *scene = view->scene;
    struct noise_field breezes = {scene->seed + 830, 5, 700.0F, 350.0F};
    struct noise_field waves = {scene->seed + 840, 5, 7.0F, 3.0F};
    float breeze[BATCH];
    float wave[BATCH];

    for (int i = 0; i < BATCH; i++) {
        float z = -column->depth[(int32_t)rows[i]];

        ripples->x[i] = column->across * z;
        ripples->z[i] = z;
        ripples->footprint[i] = z * z / (scene->camera.eye * view->focal_px);
    }
    noise_fill(&breezes, ripples->x, ripples->z, ripples->footprint, breeze);
    noise_fill(&waves, ripples->x, ripples->z, ripples->footprint, wave);
    for (int i = 0; i < BATCH; i++) {
        uint32_t hash = noise_hash(scene->seed + 850, (int32_t)rows[i],
                                   (int32_t)(column->across * view->focal_px + 32768.0F));
        float wind = 0.35F + 0.65F * curve_step(-0.1F, 0.25F, breeze[i]);

        ripples->tilt[i] = scene->land.waves * wind * (wave[i] + 0.08F * noise_normal(hash));
        ripples->spread[i] = scene->land.waves * wind * 0.12F;
    }
}

/* The light that BATCH rows reflect when they are tilted by @tilt; added to *sum. */
static void add_reflection(const struct view *view, const struct view_column *column,
                           const float *rows, const float *tilt, struct rgb_batch *sum)
{
    float seen[BATCH];
    struct rays rays;
    struct rgb_batch above = {.r = {0.0F}};

    for (int i = 0; i < BATCH; i++) {
        seen[i] = column->mirrored[(int32_t)rows[i]] - 2.0F * tilt[i] * view->focal_px;
    }
    if (noise_smallest(seen) < 0.0F) {
        view_rays(view, column, seen, &rays);
        sky_light(&view->sky, &rays, false, &above);
    }
    for (int i = 0; i < BATCH; i++) {
        int32_t row = (int32_t)curve_clamp(seen[i], 0.0F, (float)view->height - 1.0F);
        struct rgb light = rgb_get(&above, i);

        if (seen[i] >= 0.0F) {
            row = column->depth[row] < 0.0F
                      ? (int32_t)curve_max(column->mirrored[(int32_t)rows[i]], 0.0F)
                      : row;
            light =
                (struct rgb){column->color[0][row], column->color[1][row], column->color[2][row]};
        }
        rgb_put(sum, i, rgb_add(rgb_get(sum, i), light));
    }
}

/* The light that BATCH rows reflect: the mean over the tilts that a pixel sees. */
static void find_reflection(const struct view *view, const struct view_column *column,
                            const float *rows, const struct ripples *ripples,
                            struct rgb_batch *light)
{
    static const float spread[LOOKS] = {-1.3F, -0.4F, 0.4F, 1.3F};
    float tilt[BATCH];

    memset(light, 0, sizeof(*light));
    for (int look = 0; look < LOOKS; look++) {
        for (int i = 0; i < BATCH; i++) {
            tilt[i] = ripples->tilt[i] + spread[look] * ripples->spread[i];
        }
        add_reflection(view, column, rows, tilt, light);
    }
    for (int i = 0; i < BATCH; i++) {
        rgb_put(light, i, rgb_scale(rgb_get(light, i), 1.0F / LOOKS));
    }
}

static void paint_rows(const struct view *view, const struct view_column *column, const float *rows)
{
    const struct scene *scene = view->scene;
    struct rgb deep =
        rgb_multiply(scene->land.water, rgb_mix(scene->sky.zenith, scene->sky.horizon, 0.5F));
    struct rays rays;
    struct ripples ripples;
    struct rgb_batch light;

    view_rays(view, column, rows, &rays);
    find_ripples(view, column, rows, &ripples);
    find_reflection(view, column, rows, &ripples, &light);
    for (int i = 0; i < BATCH; i++) {
        float facing = curve_clamp(-rays.y[i] + ripples.tilt[i], 0.0F, 1.0F);
        float flat = (1.0F - facing) * (1.0F - facing);
        float mirror = 0.02F + 0.98F * flat * flat * (1.0F - facing);

        rgb_put(&light, i, rgb_mix(deep, rgb_get(&light, i), mirror));
    }
    view_store(column, rows, &light);
}

void water_paint(const struct view *view, const struct view_column *column)
{
    int32_t count = 0;

    for (int32_t row = 0; row < view->height; row++) {
        if (column->depth[row] < 0.0F) {
            column->rows[count++] = row;
        }
    }
    if (count == 0) {
        return;
    }
    find_mirrored(view, column);
    for (int32_t first = 0; first < count; first += BATCH) {
        float rows[BATCH];

        view_take_rows(column->rows, count, first, rows);
        paint_rows(view, column, rows);
    }
}
