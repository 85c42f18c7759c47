/* SPDX-License-Identifier: MIT */

/*
 * The ground is painted in layers: meadow, over it rock where it is steep or high, over it snow
 * where it is higher and not too steep, over it trees. Each layer mixes its colour into what lies
 * below. A layer that no pixel of the batch shows is left out.
 *
 * Light is that of the sun, by the angle at which it falls and where no mountain is in the way, and
 * that of the sky, as far as the spot is open to it: between blades and below branches it is dark.
 */

#include "samples/landscape/ground.h"

#include <math.h>
#include <string.h>

#include "samples/landscape/curve.h"
#include "samples/landscape/noise.h"

#define SHADOW_STEPS 12

/* A crown that is so many metres above the ground lets nothing of it be seen. */
#define TREE_HIDES 0.8F

/* What is known of the surface, layer by layer. */
struct surface {
    struct rgb_batch color; /* share of the light that it gives back */
    float dx[BATCH];        /* slope */
    float dz[BATCH];
    float open[BATCH]; /* share of the sky that it sees */
};

void ground_sunlight(const struct sky *sky, const struct places *places, const float *height,
                     float *sunlight)
{
    float level = sqrtf(sky->sun.x * sky->sun.x + sky->sun.z * sky->sun.z) + 1e-6F;
    float step = 45.0F; /* metres to the first look at what is in the way */
    struct places on_way;
    struct terrain terrain;
    float lowest[BATCH];

    for (int i = 0; i < BATCH; i++) {
        sunlight[i] = 1.0F;
    }
    for (int look = 0; look < SHADOW_STEPS; look++) {
        for (int i = 0; i < BATCH; i++) {
            on_way.x[i] = places->x[i] + sky->sun.x / level * step;
            on_way.z[i] = places->z[i] + sky->sun.z / level * step;
            on_way.footprint[i] = 15.0F + 0.08F * step;
            lowest[i] = height[i] + step * (sky->sun.y / level - 0.03F);
        }
        if (terrain_find(sky->scene, &on_way, lowest, &terrain)) {
            for (int i = 0; i < BATCH; i++) {
                float over = (terrain.height[i] - lowest[i]) / (0.06F * step);

                sunlight[i] = curve_min(sunlight[i], curve_clamp(1.0F - over, 0.0F, 1.0F));
            }
        }
        step *= 1.6F;
    }
}

static void paint_meadow(const struct scene *scene, const struct spots *spots,
                         struct surface *surface)
{
    const struct scene_land *land = &scene->land;
    struct noise_field patches = {scene->seed + 600, 4, 40.0F, 40.0F};
    struct noise_field tufts = {scene->seed + 610, 5, 1.6F, 2.6F};
    struct noise_field blades = {scene->seed + 620, 3, 0.06F, 0.35F};
    float patch[BATCH];
    float tuft[BATCH];
    float blade[BATCH];

    noise_fill(&patches, spots->places.x, spots->places.z, spots->places.footprint, patch);
    noise_fill(&tufts, spots->places.x, spots->places.z, spots->across, tuft);
    noise_fill(&blades, spots->places.x, spots->places.z, spots->across, blade);
    for (int i = 0; i < BATCH; i++) {
        float lush = curve_clamp(0.5F + 1.1F * patch[i], 0.0F, 1.0F);
        float detail = 0.6F * tuft[i] + 0.9F * blade[i];
        struct rgb color = rgb_mix(land->soil, land->grass, 0.4F + 0.6F * lush);

        rgb_put(&surface->color, i, rgb_scale(color, curve_clamp(1.0F + detail, 0.15F, 2.2F)));
        surface->open[i] = curve_clamp(0.9F + 0.6F * detail, 0.2F, 1.0F);
    }
}

/* Flowers in the nearest meadow: single bright dots. */
static void paint_flowers(const struct scene *scene, const struct spots *spots,
                          struct surface *surface)
{
    static const struct rgb petals[4] = {
        {0.75F, 0.74F, 0.70F}, {0.75F, 0.55F, 0.04F}, {0.42F, 0.20F, 0.60F}, {0.62F, 0.60F, 0.55F}};
    struct noise_field beds = {scene->seed + 630, 4, 25.0F, 25.0F};
    float bed[BATCH];
    float bare = 1.0F - scene->land.flowers;

    noise_fill(&beds, spots->places.x, spots->places.z, spots->places.footprint, bed);
    for (int i = 0; i < BATCH; i++) {
        float u = spots->places.x[i] / 0.08F;
        float v = spots->places.z[i] / 0.20F;
        int32_t iu = noise_floor(u);
        int32_t iv = noise_floor(v);
        uint32_t hash = noise_hash(scene->seed + 640, iu, iv);
        float mu = u - (float)iu - 0.5F;
        float mv = v - (float)iv - 0.5F;
        float share = 0.12F * curve_step(bare, bare + 0.3F, 0.5F + bed[i]);
        float petal =
            curve_step(0.25F, 0.12F, mu * mu + mv * mv) * noise_visible(0.12F, spots->across[i]);

        if (noise_unit(hash) < share) {
            rgb_put(&surface->color, i,
                    rgb_mix(rgb_get(&surface->color, i), petals[hash & 3], petal));
        }
    }
}

/* Where there is rock: 0 to 1. */
static void find_rock(const struct scene *scene, const struct terrain *terrain, float *share)
{
    const struct scene_land *land = &scene->land;

    for (int i = 0; i < BATCH; i++) {
        float steep = sqrtf(terrain->dx[i] * terrain->dx[i] + terrain->dz[i] * terrain->dz[i]);
        float high = curve_step(land->tree_line, 1.6F * land->tree_line, terrain->height[i]);
        float wet = curve_step(2.0F, 0.4F, terrain->height[i]);

        share[i] = curve_max(curve_max(high, wet), curve_step(0.55F, 0.95F, steep));
    }
}

static void paint_rock(const struct scene *scene, const struct spots *spots, const float *share,
                       struct surface *surface)
{
    struct noise_field layers = {scene->seed + 650, 6, 400.0F, 35.0F};
    struct noise_field grains = {scene->seed + 660, 7, 6.0F, 6.0F};
    float layer[BATCH];
    float grain[BATCH];
    float footprint[BATCH];
    float along[BATCH];

    for (int i = 0; i < BATCH; i++) {
        along[i] = spots->places.x[i] + 0.3F * spots->places.z[i];
        footprint[i] = 11.0F * spots->across[i];
    }
    noise_fill(&layers, along, spots->height, footprint, layer);
    noise_fill(&grains, along, spots->height, spots->across, grain);
    for (int i = 0; i < BATCH; i++) {
        float detail = curve_clamp(1.0F + 0.7F * layer[i] + 0.7F * grain[i], 0.2F, 2.0F);
        float wet = 0.45F + 0.55F * curve_step(0.2F, 1.2F, spots->height[i]);
        struct rgb color = rgb_scale(scene->land.rock, detail * wet);

        rgb_put(&surface->color, i, rgb_mix(rgb_get(&surface->color, i), color, share[i]));
        surface->open[i] = curve_mix(surface->open[i], 0.85F, share[i]);
    }
}

static void paint_snow(const struct scene *scene, const struct spots *spots,
                       const struct terrain *terrain, struct surface *surface)
{
    static const struct rgb white = {0.86F, 0.88F, 0.91F};
    struct noise_field drifts = {scene->seed + 670, 6, 300.0F, 300.0F};
    struct noise_field crusts = {scene->seed + 700, 7, 1.5F, 2.5F};
    float drift[BATCH];
    float crust[BATCH];

    noise_fill(&drifts, spots->places.x, spots->places.z, spots->places.footprint, drift);
    noise_fill(&crusts, spots->places.x, spots->places.z, spots->across, crust);
    for (int i = 0; i < BATCH; i++) {
        float steep = sqrtf(terrain->dx[i] * terrain->dx[i] + terrain->dz[i] * terrain->dz[i]);
        float over = spots->height[i] - scene->land.snow_line + 500.0F * drift[i];
        float share =
            curve_step(-120.0F, 120.0F, over) * curve_step(1.25F, 0.8F, steep + 0.8F * drift[i]);

        rgb_put(&surface->color, i, rgb_mix(rgb_get(&surface->color, i), white, share));
        surface->open[i] = curve_mix(surface->open[i], 0.9F + 0.35F * crust[i], share);
    }
}

static void paint_trees(const struct scene *scene, const struct spots *spots,
                        const struct trees *trees, struct surface *surface)
{
    static const struct rgb white = {0.80F, 0.82F, 0.86F};
    struct noise_field leaves = {scene->seed + 680, 4, 1.1F, 0.8F};
    struct noise_field stands = {scene->seed + 690, 3, 500.0F, 500.0F};
    float leaf[BATCH];
    float stand[BATCH];
    float up[BATCH];

    for (int i = 0; i < BATCH; i++) {
        up[i] = spots->height[i] + 0.4F * spots->places.z[i];
    }
    noise_fill(&leaves, spots->places.x, up, spots->across, leaf);
    noise_fill(&stands, spots->places.x, spots->places.z, spots->places.footprint, stand);
    for (int i = 0; i < BATCH; i++) {
        float share = curve_step(0.0F, TREE_HIDES, trees->height[i]);
        float kind =
            curve_step(0.35F, 0.75F, 0.5F + 1.2F * stand[i] + 0.4F * (trees->tone[i] - 0.5F));
        float tone =
            (0.65F + 0.7F * trees->tone[i]) * curve_clamp(1.0F + 1.7F * leaf[i], 0.1F, 2.4F);
        float snowed = 0.75F * curve_step(0.0F, 100.0F, spots->height[i] - scene->land.snow_line) *
                       curve_step(-0.1F, 0.25F, leaf[i]);
        struct rgb color = rgb_mix(
            rgb_scale(rgb_mix(scene->land.trees, scene->land.leaves, kind), tone), white, snowed);
        float crown = curve_clamp(trees->height[i] / curve_max(trees->top[i], 0.1F), 0.0F, 1.0F);

        rgb_put(&surface->color, i, rgb_mix(rgb_get(&surface->color, i), color, share));
        surface->dx[i] += 0.35F * trees->dx[i] * share;
        surface->dz[i] += 0.35F * trees->dz[i] * share;
        surface->open[i] = curve_mix(surface->open[i], 0.2F + 0.8F * crown, share);
    }
}

static void shine(const struct sky *sky, const struct spots *spots, const struct surface *surface,
                  struct rgb_batch *light)
{
    const struct scene_sky *s = &sky->scene->sky;
    struct rgb ambient = rgb_scale(rgb_mix(s->zenith, s->horizon, 0.5F), s->ambient);

    for (int i = 0; i < BATCH; i++) {
        float dx = surface->dx[i];
        float dz = surface->dz[i];
        float up = 1.0F / sqrtf(1.0F + dx * dx + dz * dz);
        float facing = (sky->sun.y - dx * sky->sun.x - dz * sky->sun.z) * up;
        float direct =
            curve_max(facing, 0.0F) * spots->sunlight[i] * (0.4F + 0.6F * surface->open[i]);
        struct rgb all = rgb_add(rgb_scale(s->sun, direct),
                                 rgb_scale(ambient, surface->open[i] * (0.45F + 0.4F * up)));

        rgb_put(light, i, rgb_multiply(rgb_get(&surface->color, i), all));
    }
}

/* The layers below the trees. */
static void paint_bare(const struct scene *scene, const struct spots *spots,
                       const struct terrain *terrain, struct surface *surface)
{
    float rock[BATCH];

    find_rock(scene, terrain, rock);
    if (noise_smallest(rock) < 1.0F) {
        paint_meadow(scene, spots, surface);
        if (scene->land.flowers > 0.0F && noise_smallest(spots->across) < 0.12F) {
            paint_flowers(scene, spots, surface);
        }
    }
    if (noise_largest(rock) > 0.0F) {
        paint_rock(scene, spots, rock, surface);
    }
    if (noise_largest(spots->height) > scene->land.snow_line - 620.0F) {
        paint_snow(scene, spots, terrain, surface);
    }
}

void ground_light(const struct sky *sky, const struct spots *spots, struct rgb_batch *light)
{
    const struct scene *scene = sky->scene;
    struct terrain terrain;
    struct trees trees;
    struct surface surface = {.open = {0.0F}};

    terrain_find(scene, &spots->places, NULL, &terrain);
    memcpy(surface.dx, terrain.dx, sizeof(surface.dx));
    memcpy(surface.dz, terrain.dz, sizeof(surface.dz));
    if (!terrain_find_trees(scene, &spots->places, &terrain, &trees) ||
        noise_smallest(trees.height) < TREE_HIDES) {
        paint_bare(scene, spots, &terrain, &surface);
    }
    if (noise_largest(trees.height) > 0.0F) {
        paint_trees(scene, spots, &trees, &surface);
    }
    shine(sky, spots, &surface, light);
}
