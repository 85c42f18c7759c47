/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Scene: everything that makes one landscape differ from another, as numbers
 *
 * Lengths are metres, angles are degrees, heights count from the water's level. The camera stands
 * at x = 0, z = 0 and looks along z.
 */

#include <stdint.h>

#include "samples/landscape/rgb.h"

struct scene_camera {
    float eye;        /* height of the camera */
    float horizon;    /* where the horizon lies: 0 top of the picture, 1 bottom */
    float focal_35mm; /* focal length if the long side of the sensor were 36 mm, in mm */
    float exposure;   /* factor from light to what the sensor counts; 1 is full */
    float noise;      /* grain: standard deviation at full exposure, of full exposure */
    uint32_t iso;     /* the next four only tell the story in the EXIF block */
    float f_number;
    uint32_t shutter; /* 1/s */
    uint32_t focal_mm;
};

struct scene_sky {
    float sun_azimuth; /* right of where the camera looks */
    float sun_elevation;
    struct rgb sun;    /* light of the sun on a surface that faces it */
    struct rgb zenith; /* light of the sky above, and at the horizon */
    struct rgb horizon;
    float ambient; /* how much of the sky's light lands on the ground */
    float glow;    /* of the air around the sun */
    float clouds;  /* share of the sky that is covered, 0 to 1 */
    float cloud_size;
    float cirrus;      /* thin high clouds: strength, 0 to 1 */
    float haze_length; /* the distance that takes 63 % of a mountain's contrast */
    float fog;         /* density at height 0 per metre; 0: none */
    float fog_height;  /* fog thins out by 63 % per this height */
};

struct scene_land {
    float floor; /* height of the valley's floor; below 0: a lake */
    float hills; /* height of its hills, and their width */
    float hill_size;
    float bank; /* height and reach of the ground before the camera's feet */
    float bank_reach;
    float relief; /* height of the mountains, and width of one */
    float mountain_size;
    float mountains_near; /* they begin here and are full grown there */
    float mountains_far;
    float valley;    /* half the width that they leave free along the view */
    float snow_line; /* height; 9999: no snow */
    float tree_line;
    float forest; /* share of the ground that is wooded, 0 to 1 */
    float tree_height;
    struct rgb grass; /* share of the light that each gives back */
    struct rgb trees; /* needles and leaves */
    struct rgb leaves;
    struct rgb rock;
    struct rgb soil;
    struct rgb water; /* seen from above */
    float waves;      /* steepness */
    float flowers;    /* share of the meadow in bloom, 0 to 1 */
};

struct scene {
    const char *name;
    uint32_t seed;
    struct scene_camera camera;
    struct scene_sky sky;
    struct scene_land land;
};

/* The scenes; @index counts from 0. NULL behind the last. */
const struct scene *scene_at(uint32_t index);

/* The scene called @name, and its index. NULL where there is none. */
const struct scene *scene_find(const char *name, uint32_t *ret_index);
