/* SPDX-License-Identifier: MIT */

/*
 * Mountains are octaves of noise, each half as high and half as wide as the one before, with one
 * twist that makes them look weathered: an octave counts for less where the coarser ones are
 * steep. So slopes are smooth where water would run down, and ridges and valley floors are rough.
 *
 * Where they stand is a slow function of the place: they rise behind the valley and beside it, and
 * leave the middle of the view free. The ground before the camera and the floor of the valley are
 * gentle hills; where the floor lies below 0 there is a lake.
 *
 * Trees are cones on a jittered grid. They are part of the surface that the camera sees, so they
 * stand before one another, and on a ridge they stand against the sky.
 */

#include "samples/landscape/terrain.h"

#include <math.h>
#include <string.h>

#include "samples/landscape/curve.h"
#include "samples/landscape/noise.h"

#define MOUNTAIN_OCTAVES 14

/* Waves that are shorter than this are bumps on a hillside, not its slope. */
#define HILLSIDE 60.0F

/* No tree stands nearer than this to the camera: cones would show that they are cones. */
#define NEAREST_TREE 350.0F

/* Trees are so far from each other, in heights of the tallest. */
#define TREE_SPACING 0.42F

/* How much of their height the mountains have at a place, 0 to 1. */
static inline float mountain_share(const struct scene *scene, float x, float z)
{
    const struct scene_land *land = &scene->land;
    float swing = noise_at(scene->seed + 300, 0.45F * z / land->valley, 0.5F).value - 0.5F;
    float away = x / land->valley - swing;
    float beside = curve_step(0.5F, 2.2F, away < 0.0F ? -away : away);
    float behind = curve_step(land->mountains_near, land->mountains_far, z);
    float started = curve_step(0.1F * land->mountains_near, land->mountains_near, z);

    return 1.0F - (1.0F - behind) * (1.0F - beside * started);
}

BATCH_WIDE static void find_shares(const struct scene *scene, const struct places *places,
                                   float aside, float away, float *share)
{
    for (int i = 0; i < BATCH; i++) {
        share[i] = mountain_share(scene, places->x[i] + aside, places->z[i] + away);
    }
}

/* The floor of the valley, and the bank before the camera's feet, which ends in a ragged line. */
static void find_floor(const struct scene *scene, const struct places *places,
                       struct terrain *terrain)
{
    const struct scene_land *land = &scene->land;
    struct noise_field hills = {scene->seed + 100, 6, land->hill_size, land->hill_size};
    struct noise_field ragged = {scene->seed + 200, 7, land->bank_reach, land->bank_reach};
    float shore[BATCH];

    noise_fill_slopes(&hills, places->x, places->z, places->footprint, terrain->height, terrain->dx,
                      terrain->dz);
    for (int i = 0; i < BATCH; i++) {
        terrain->height[i] = land->floor + land->hills * terrain->height[i];
        terrain->dx[i] *= land->hills;
        terrain->dz[i] *= land->hills;
    }
    if (noise_smallest(places->z) > 3.0F * land->bank_reach) {
        return;
    }
    noise_fill(&ragged, places->x, places->z, places->footprint, shore);
    for (int i = 0; i < BATCH; i++) {
        float from = places->z[i] / land->bank_reach * (1.0F + 0.8F * shore[i]);

        terrain->height[i] += land->bank * curve_step(1.0F, 0.0F, from);
    }
}

/* Octaves of a mountain added up so far, as parts of its whole height and width. */
struct mountain {
    float value[BATCH];
    float du[BATCH];
    float dv[BATCH];
    float hill_du[BATCH]; /* slope without bumps */
    float hill_dv[BATCH];
    float rough_du[BATCH]; /* slope of the plain octaves, which weakens the finer ones ... */
    float rough_dv[BATCH];
    float rough_duu[BATCH]; /* ... and how fast it turns */
    float rough_duv[BATCH];
    float rough_dvv[BATCH];
};

BATCH_WIDE static void add_octave(const struct scene *scene, const struct places *places,
                                  int octave, struct noise_turn turn, float strength,
                                  struct mountain *m)
{
    uint32_t seed = scene->seed + 310 + (uint32_t)octave;
    float size = scene->land.mountain_size;

    for (int i = 0; i < BATCH; i++) {
        struct noise n = noise_octave(seed, turn, places->x[i] / size, places->z[i] / size);
        float du = m->rough_du[i] + n.du * strength;
        float dv = m->rough_dv[i] + n.dv * strength;
        float duu = m->rough_duu[i] + n.duu * strength;
        float duv = m->rough_duv[i] + n.duv * strength;
        float dvv = m->rough_dvv[i] + n.dvv * strength;
        float weaker = 1.0F / (1.0F + du * du + dv * dv);
        float seen = strength * weaker * noise_visible(strength * size, places->footprint[i]);

        m->rough_du[i] = du;
        m->rough_dv[i] = dv;
        m->rough_duu[i] = duu;
        m->rough_duv[i] = duv;
        m->rough_dvv[i] = dvv;
        m->value[i] += seen * n.value;
        m->du[i] += seen * (n.du - 2.0F * n.value * weaker * (du * duu + dv * duv));
        m->dv[i] += seen * (n.dv - 2.0F * n.value * weaker * (du * duv + dv * dvv));
    }
}

/* Whether some of the ground may still reach @lowest when the octaves to come add @more. */
static bool may_reach(const float *floor, const float *value, const float *relief,
                      const float *lowest, float more)
{
    int reached = 0;

    for (int i = 0; i < BATCH; i++) {
        reached += floor[i] + relief[i] * (value[i] + more) >= lowest[i];
    }
    return reached > 0;
}

/* Add up the octaves of the mountains. Returns false where they stay below @lowest. */
static bool find_mountain(const struct scene *scene, const struct places *places,
                          const float *relief, const float *lowest, const struct terrain *terrain,
                          struct mountain *m)
{
    struct noise_turn turn = {1.0F, 0.0F};
    float strength = 1.0F;
    float finest = noise_smallest(places->footprint);
    float size = scene->land.mountain_size;

    memset(m, 0, sizeof(*m));
    for (int octave = 0; octave < MOUNTAIN_OCTAVES; octave++) {
        if (noise_visible(strength * size, finest) <= 0.0F) {
            break;
        }
        if (lowest && octave % 2 == 0 &&
            !may_reach(terrain->height, m->value, relief, lowest, 2.0F * strength)) {
            return false;
        }
        add_octave(scene, places, octave, turn, strength, m);
        if (strength * size > HILLSIDE) {
            memcpy(m->hill_du, m->du, sizeof(m->du));
            memcpy(m->hill_dv, m->dv, sizeof(m->dv));
        }
        turn = noise_next(turn);
        strength *= 0.5F;
    }
    return true;
}

bool terrain_find(const struct scene *scene, const struct places *places, const float *lowest,
                  struct terrain *terrain)
{
    const struct scene_land *land = &scene->land;
    float relief[BATCH];
    float aside[BATCH];
    float away[BATCH];
    struct mountain m;

    find_shares(scene, places, 0.0F, 0.0F, relief);
    for (int i = 0; i < BATCH; i++) {
        relief[i] *= land->relief;
        m.value[i] = 0.0F;
        terrain->height[i] = land->floor + land->hills + land->bank;
        terrain->steepness[i] = 0.0F;
    }
    if (lowest && !may_reach(terrain->height, m.value, relief, lowest, 2.0F)) {
        return false;
    }
    find_floor(scene, places, terrain);
    if (noise_largest(relief) <= 0.0F) {
        return true;
    }
    if (!find_mountain(scene, places, relief, lowest, terrain, &m)) {
        return false;
    }
    find_shares(scene, places, 20.0F, 0.0F, aside);
    find_shares(scene, places, 0.0F, 20.0F, away);
    for (int i = 0; i < BATCH; i++) {
        float per = relief[i] / land->mountain_size;
        float grown_dx = (land->relief * aside[i] - relief[i]) / 20.0F * m.value[i];
        float grown_dz = (land->relief * away[i] - relief[i]) / 20.0F * m.value[i];
        float hill_dx = per * m.hill_du[i] + grown_dx;
        float hill_dz = per * m.hill_dv[i] + grown_dz;

        terrain->height[i] += relief[i] * m.value[i];
        terrain->dx[i] += per * m.du[i] + grown_dx;
        terrain->dz[i] += per * m.dv[i] + grown_dz;
        terrain->steepness[i] = sqrtf(hill_dx * hill_dx + hill_dz * hill_dz);
    }
    return true;
}

float terrain_highest(const struct scene *scene)
{
    const struct scene_land *land = &scene->land;

    return land->floor + land->hills + land->bank + 2.0F * land->relief + 1.2F * land->tree_height;
}

/* How likely a tree is to grow at each place, 0 to 1. Returns false where it is 0 everywhere. */
static bool find_forest(const struct scene *scene, const struct places *places,
                        const struct terrain *terrain, float *share)
{
    const struct scene_land *land = &scene->land;
    struct noise_field field = {scene->seed + 400, 5, 900.0F, 900.0F};
    float woods[BATCH];

    for (int i = 0; i < BATCH; i++) {
        float height = terrain->height[i];

        share[i] = curve_step(land->tree_line, 0.7F * land->tree_line, height) *
                   curve_step(1.0F, 4.0F, height) * curve_step(1.1F, 0.75F, terrain->steepness[i]) *
                   curve_step(NEAREST_TREE, 2.0F * NEAREST_TREE, places->z[i]);
    }
    if (noise_largest(share) <= 0.0F) {
        return false;
    }
    noise_fill(&field, places->x, places->z, places->footprint, woods);
    for (int i = 0; i < BATCH; i++) {
        float bare = 1.0F - land->forest;

        share[i] *= curve_step(bare - 0.12F, bare + 0.12F, 0.5F + woods[i]);
    }
    return noise_largest(share) > 0.0F;
}

/* Let the tree of one cell of the grid stand where it is higher than what stands there. */
BATCH_WIDE static void grow_tree(const struct scene *scene, const struct places *places,
                                 const float *share, int32_t right, int32_t behind,
                                 struct trees *trees)
{
    float tallest = scene->land.tree_height;
    float per = 1.0F / (TREE_SPACING * tallest);

    for (int i = 0; i < BATCH; i++) {
        float u = places->x[i] * per - 0.5F;
        float v = places->z[i] * per - 0.5F;
        int32_t iu = noise_floor(u) + right;
        int32_t iv = noise_floor(v) + behind;
        uint32_t hash = noise_hash(scene->seed + 500, iu, iv);
        float mu = u - (float)iu - 0.7F * (noise_unit(hash) - 0.5F);
        float mv = v - (float)iv - 0.7F * (noise_another(hash, 1) - 0.5F);
        float from = sqrtf(mu * mu + mv * mv + 1e-6F);
        float top = tallest * (0.5F + 0.7F * noise_another(hash, 2));
        float height = top * (1.0F - from / 0.65F);
        float slope = -top * per / (0.65F * from);
        bool grows = (height > trees->height[i]) & (noise_another(hash, 3) < share[i]);

        trees->height[i] = grows ? height : trees->height[i];
        trees->top[i] = grows ? top : trees->top[i];
        trees->dx[i] = grows ? slope * mu : trees->dx[i];
        trees->dz[i] = grows ? slope * mv : trees->dz[i];
        trees->tone[i] = grows ? noise_another(hash, 4) : trees->tone[i];
    }
}

bool terrain_find_trees(const struct scene *scene, const struct places *places,
                        const struct terrain *terrain, struct trees *trees)
{
    float share[BATCH];

    memset(trees, 0, sizeof(*trees));
    if (scene->land.forest <= 0.0F || !find_forest(scene, places, terrain, share)) {
        return false;
    }
    for (int32_t cell = 0; cell < 4; cell++) {
        grow_tree(scene, places, share, cell & 1, cell >> 1, trees);
    }
    return true;
}
