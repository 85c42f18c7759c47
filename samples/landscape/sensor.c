/* SPDX-License-Identifier: MIT */

/*
 * Light comes in photons, so a pixel that counts n of them is off by about the square root of n:
 * the grain is stronger in bright parts, but shows in dark ones. A sensor sees one colour per pixel
 * and the camera fills in the other two from the neighbours, which smooths the grain a little, red
 * and blue more than green. Both matter here: grain decides how big a photo's file is.
 */

#include "samples/landscape/sensor.h"

#include <math.h>

#include "samples/landscape/curve.h"
#include "samples/landscape/noise.h"

#define READ_NOISE 0.0012F

/* From light to a byte: the curve of sRGB, with a little more contrast, as cameras do. */
static uint8_t develop_light(float light)
{
    float s = light <= 0.0031308F ? 12.92F * light : 1.055F * powf(light, 1.0F / 2.4F) - 0.055F;

    s = curve_mix(s, curve_step(0.0F, 1.0F, s), 0.35F);
    return (uint8_t)(s * 255.0F + 0.5F);
}

void sensor_init(struct sensor *sensor, const struct scene *scene, int32_t width, int32_t height)
{
    sensor->scene = scene;
    sensor->width = width;
    sensor->height = height;
    for (int i = 0; i <= SENSOR_CURVE_STEPS; i++) {
        float root = (float)i / SENSOR_CURVE_STEPS;

        sensor->curve[i] = develop_light(root * root);
    }
}

BATCH_WIDE void sensor_expose(const struct sensor *sensor, int32_t x,
                              const struct sensor_column *column)
{
    const struct scene_camera *camera = &sensor->scene->camera;
    float cx = 0.5F * (float)sensor->width;
    float cy = 0.5F * (float)sensor->height;
    float across = ((float)x + 0.5F - cx) * ((float)x + 0.5F - cx);
    float corner = 1.0F / (cx * cx + cy * cy);

    for (uint32_t color = 0; color < 3; color++) {
        float *light = column->color[color];
        uint32_t seed = sensor->scene->seed + 900 + color;

        for (int32_t y = 0; y < sensor->height; y++) {
            float down = (float)y + 0.5F - cy;
            float away = (across + down * down) * corner;
            float gain = camera->exposure * (1.0F - 0.32F * away - 0.10F * away * away);
            float count = curve_clamp(light[y] * gain, 0.0F, 1.5F);
            float grain = camera->noise * sqrtf(count) + READ_NOISE;

            light[y] =
                curve_clamp(count + grain * noise_normal(noise_hash(seed, x, y)), 0.0F, 1.0F);
        }
    }
}

/* One colour of one pixel, @soft parts of it taken from each of the four neighbours. */
static inline uint8_t develop(const struct sensor *sensor, const float *left, const float *middle,
                              const float *right, int32_t y, float soft)
{
    int32_t above = y > 0 ? y - 1 : 0;
    int32_t below = y < sensor->height - 1 ? y + 1 : y;
    float around = left[y] + right[y] + middle[above] + middle[below];
    float light = curve_clamp(middle[y] + soft * (around - 4.0F * middle[y]), 0.0F, 1.0F);

    return sensor->curve[(int32_t)(sqrtf(light) * SENSOR_CURVE_STEPS)];
}

void sensor_develop(const struct sensor *sensor, const struct sensor_column columns[3],
                    int32_t first, int32_t end, uint8_t *out, ptrdiff_t below_bytes)
{
    static const float soft[3] = {0.10F, 0.05F, 0.10F};

    for (int32_t y = first; y < end; y++) {
        for (int color = 0; color < 3; color++) {
            out[color] = develop(sensor, columns[0].color[color], columns[1].color[color],
                                 columns[2].color[color], y, soft[color]);
        }
        out += below_bytes;
    }
}
