/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Sensor: what lens, sensor and camera make of the light
 */

#include <stddef.h>

#include "samples/landscape/scene.h"

#define SENSOR_CURVE_STEPS 4096

/* What does not depend on the pixel; made once per tile. */
struct sensor {
    const struct scene *scene;
    int32_t width;
    int32_t height;
    uint8_t curve[SENSOR_CURVE_STEPS + 1]; /* of the square root of the light */
};

/* The light of one column of the picture, or what the sensor counted of it. */
struct sensor_column {
    float *color[3]; /* red, green, blue; the picture's height of each */
};

void sensor_init(struct sensor *sensor, const struct scene *scene, int32_t width, int32_t height);

/*
 * Turn the light of column @x into what the sensor counts: darker towards the corners, grainy, and
 * cut off where a pixel is full.
 */
void sensor_expose(const struct sensor *sensor, int32_t x, const struct sensor_column *column);

/*
 * Develop rows @first to @end - 1 of a column from its counts and its neighbours': @columns are the
 * one on the left, its own and the one on the right. Pixels are written from @out on, @below_bytes
 * apart.
 */
void sensor_develop(const struct sensor *sensor, const struct sensor_column columns[3],
                    int32_t first, int32_t end, uint8_t *out, ptrdiff_t below_bytes);
