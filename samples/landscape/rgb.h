/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Rgb: light in three colours, linear, 1 being white paper in the sun
 */

#include <stdint.h>

#include "samples/landscape/batch.h"

struct rgb {
    float r;
    float g;
    float b;
};

static inline struct rgb rgb_scale(struct rgb color, float factor)
{
    return (struct rgb){color.r * factor, color.g * factor, color.b * factor};
}

static inline struct rgb rgb_add(struct rgb a, struct rgb b)
{
    return (struct rgb){a.r + b.r, a.g + b.g, a.b + b.b};
}

static inline struct rgb rgb_multiply(struct rgb a, struct rgb b)
{
    return (struct rgb){a.r * b.r, a.g * b.g, a.b * b.b};
}

/* @a where @share is 0, @b where it is 1. */
static inline struct rgb rgb_mix(struct rgb a, struct rgb b, float share)
{
    return (struct rgb){
        a.r + (b.r - a.r) * share,
        a.g + (b.g - a.g) * share,
        a.b + (b.b - a.b) * share,
    };
}

/* One colour for each pixel of a batch. */
struct rgb_batch {
    float r[BATCH];
    float g[BATCH];
    float b[BATCH];
};

static inline struct rgb rgb_get(const struct rgb_batch *batch, int i)
{
    return (struct rgb){batch->r[i], batch->g[i], batch->b[i]};
}

static inline void rgb_put(struct rgb_batch *batch, int i, struct rgb color)
{
    batch->r[i] = color.r;
    batch->g[i] = color.g;
    batch->b[i] = color.b;
}
