/* SPDX-License-Identifier: MIT */

/*
 * Clear air is a gradient from the horizon to the zenith, brighter around the sun. Clouds are a
 * layer of noise at one height, seen in perspective; the noise is bent by other noise, so that the
 * clouds have lobes and wisps. They are dark where there is more cloud towards the sun. What is far
 * away fades into the light of the air behind it, blue first; fog is air that is thick near the
 * ground.
 */

#include "samples/landscape/sky.h"

#include <math.h>

#include "samples/landscape/curve.h"
#include "samples/landscape/noise.h"

#define CLOUD_HEIGHT  1800.0F
#define CIRRUS_HEIGHT 8000.0F
#define RADIANS       0.01745329F

void sky_init(struct sky *sky, const struct scene *scene, float pixel)
{
    float azimuth = scene->sky.sun_azimuth * RADIANS;
    float elevation = scene->sky.sun_elevation * RADIANS;

    sky->scene = scene;
    sky->pixel = pixel;
    sky->sun.x = sinf(azimuth) * cosf(elevation);
    sky->sun.y = sinf(elevation);
    sky->sun.z = cosf(azimuth) * cosf(elevation);
}

/* @base to the power of 2 to the power of @squarings. */
static inline float power(float base, int squarings)
{
    for (int i = 0; i < squarings; i++) {
        base *= base;
    }
    return base;
}

/* How near a ray is to the sun: the cosine of the angle. */
static inline float toward_sun(const struct sky *sky, float x, float y, float z)
{
    return x * sky->sun.x + y * sky->sun.y + z * sky->sun.z;
}

static inline struct rgb clear_light(const struct sky *sky, float x, float y, float z)
{
    const struct scene_sky *s = &sky->scene->sky;
    float up = curve_max(y, 0.0F);
    float high = 1.0F - 1.0F / (1.0F + 4.5F * up + 14.0F * up * up);
    float near = curve_clamp(0.5F + 0.5F * toward_sun(sky, x, y, z), 0.0F, 1.0F);
    float wide = power(near, 3);
    float narrow = power(wide, 3);
    float narrower = power(narrow, 3);
    float glow = 0.18F * wide + 0.45F * narrow + 1.8F * narrower + 8.0F * power(narrower, 3);

    return rgb_add(rgb_mix(s->horizon, s->zenith, high), rgb_scale(s->sun, s->glow * glow));
}

/* Where rays meet the cloud layer. */
struct cloud_places {
    float x[BATCH];
    float z[BATCH];
    float footprint[BATCH];
    float distance[BATCH];
};

BATCH_WIDE static void find_cloud_places(const struct sky *sky, const struct rays *rays,
                                         float height, struct cloud_places *at)
{
    for (int i = 0; i < BATCH; i++) {
        float up = curve_max(rays->y[i], 0.0F) + 0.02F;
        float distance = height / up;

        at->x[i] = rays->x[i] * distance;
        at->z[i] = rays->z[i] * distance;
        at->distance[i] = distance;
        at->footprint[i] = distance * sky->pixel * curve_min(0.4F / up, 3.0F);
    }
}

/* How thick the clouds are, 0 to 1. */
static void find_clouds(const struct scene *scene, const struct cloud_places *at, float *thick)
{
    float size = scene->sky.cloud_size;
    struct noise_field bend = {scene->seed + 700, 3, 0.5F * size, 0.5F * size};
    struct noise_field field = {scene->seed + 710, 9, size, size};
    float x[BATCH];
    float z[BATCH];
    float bent[BATCH];

    noise_fill(&bend, at->x, at->z, at->footprint, bent);
    for (int i = 0; i < BATCH; i++) {
        x[i] = at->x[i] + 0.25F * size * bent[i];
        z[i] = at->z[i] - 0.20F * size * bent[i];
    }
    noise_fill(&field, x, z, at->footprint, thick);
    for (int i = 0; i < BATCH; i++) {
        float clear = 1.0F - scene->sky.clouds;

        thick[i] = curve_step(clear, clear + 0.42F, 0.5F + 0.75F * thick[i]);
    }
}

BATCH_WIDE static void paint_clouds(const struct sky *sky, const struct rays *rays,
                                    const struct cloud_places *at, const float *thick,
                                    const float *sunward, struct rgb_batch *light)
{
    const struct scene_sky *s = &sky->scene->sky;
    struct rgb ambient = rgb_scale(rgb_mix(s->zenith, s->horizon, 0.6F), 0.42F);

    for (int i = 0; i < BATCH; i++) {
        float near = 0.5F + 0.5F * toward_sun(sky, rays->x[i], rays->y[i], rays->z[i]);
        float forward = power(curve_clamp(near, 0.0F, 1.0F), 4);
        float bright = 1.0F / (1.0F + 1.7F * sunward[i] + 1.1F * thick[i] * thick[i]);
        struct rgb lit = rgb_add(rgb_scale(s->sun, (0.62F + 1.1F * forward) * bright), ambient);
        struct rgb far = clear_light(sky, rays->x[i], 0.02F, rays->z[i]);

        lit = rgb_mix(far, lit, curve_fade(at->distance[i] / (2.2F * s->haze_length)));
        rgb_put(light, i, rgb_mix(rgb_get(light, i), lit, 1.0F - curve_fade(4.0F * thick[i])));
    }
}

static void add_clouds(const struct sky *sky, const struct rays *rays, struct rgb_batch *light)
{
    const struct scene *scene = sky->scene;
    struct cloud_places at;
    float thick[BATCH];
    float sunward[BATCH];
    float step = 0.12F * scene->sky.cloud_size;

    find_cloud_places(sky, rays, CLOUD_HEIGHT, &at);
    find_clouds(scene, &at, thick);
    if (noise_largest(thick) <= 0.0F) {
        return;
    }
    for (int i = 0; i < BATCH; i++) {
        at.x[i] += sky->sun.x * step;
        at.z[i] += sky->sun.z * step;
        at.footprint[i] = curve_max(at.footprint[i], 0.02F * scene->sky.cloud_size);
    }
    find_clouds(scene, &at, sunward);
    paint_clouds(sky, rays, &at, thick, sunward, light);
}

/* Thin clouds of ice, drawn out by the wind. */
static void add_cirrus(const struct sky *sky, const struct rays *rays, struct rgb_batch *light)
{
    const struct scene_sky *s = &sky->scene->sky;
    struct noise_field wind = {sky->scene->seed + 800, 4, 9000.0F, 9000.0F};
    struct noise_field streaks = {sky->scene->seed + 810, 8, 3500.0F, 16000.0F};
    struct rgb ice = rgb_add(rgb_scale(s->sun, 0.7F), rgb_scale(s->horizon, 0.2F));
    struct cloud_places at;
    float drift[BATCH];
    float thin[BATCH];

    find_cloud_places(sky, rays, CIRRUS_HEIGHT, &at);
    noise_fill(&wind, at.x, at.z, at.footprint, drift);
    for (int i = 0; i < BATCH; i++) {
        float x = at.x[i];

        at.x[i] = 0.8F * at.z[i] - 0.6F * x + 3100.0F * drift[i];
        at.z[i] = 0.8F * x + 0.6F * at.z[i] + 8000.0F * drift[i];
    }
    noise_fill(&streaks, at.x, at.z, at.footprint, thin);
    for (int i = 0; i < BATCH; i++) {
        float share = s->cirrus * curve_step(0.42F, 1.0F, 0.5F + thin[i]) *
                      curve_step(0.0F, 0.12F, rays->y[i]);

        rgb_put(light, i, rgb_mix(rgb_get(light, i), ice, share));
    }
}

BATCH_WIDE static void paint_clear(const struct sky *sky, const struct rays *rays, bool disc,
                                   struct rgb_batch *light)
{
    float bright = disc ? 150.0F : 0.0F;

    for (int i = 0; i < BATCH; i++) {
        float toward = toward_sun(sky, rays->x[i], rays->y[i], rays->z[i]);
        struct rgb clear = clear_light(sky, rays->x[i], rays->y[i], rays->z[i]);
        float sun = bright * curve_step(0.99996F, 0.999985F, toward);

        rgb_put(light, i, rgb_add(clear, rgb_scale(sky->scene->sky.sun, sun)));
    }
}

void sky_light(const struct sky *sky, const struct rays *rays, bool disc, struct rgb_batch *light)
{
    paint_clear(sky, rays, disc, light);
    if (sky->scene->sky.cirrus > 0.0F) {
        add_cirrus(sky, rays, light);
    }
    if (sky->scene->sky.clouds > 0.0F) {
        add_clouds(sky, rays, light);
    }
}

/* Metres of fog as thick as at height 0 that lie on the way. */
static inline float fog_on_way(const struct scene_sky *s, float up, float eye, float distance)
{
    float rise = curve_clamp(up * distance / s->fog_height, -30.0F, 30.0F);
    float level = rise > -0.01F && rise < 0.01F ? 1.0F : 0.0F;
    float share = (1.0F - curve_fade(curve_max(rise, 0.0F)) / curve_fade(curve_max(-rise, 0.0F))) /
                  (rise + level);

    return curve_fade(eye / s->fog_height) * distance * curve_mix(share, 1.0F, level);
}

BATCH_WIDE void sky_through_air(const struct sky *sky, const struct rays *rays, float eye,
                                const float *distance, struct rgb_batch *light)
{
    const struct scene_sky *s = &sky->scene->sky;

    for (int i = 0; i < BATCH; i++) {
        struct rgb far = clear_light(sky, rays->x[i], 0.0F, rays->z[i]);
        struct rgb here = rgb_get(light, i);
        float path = distance[i] / s->haze_length;
        float fog = s->fog > 0.0F ? s->fog * fog_on_way(s, rays->y[i], eye, distance[i]) : 0.0F;
        struct rgb seen = {
            .r = curve_mix(far.r, here.r, curve_fade(0.75F * path)),
            .g = curve_mix(far.g, here.g, curve_fade(path)),
            .b = curve_mix(far.b, here.b, curve_fade(1.45F * path)),
        };

        rgb_put(light, i, rgb_mix(rgb_mix(far, s->horizon, 0.5F), seen, curve_fade(fog)));
    }
}
