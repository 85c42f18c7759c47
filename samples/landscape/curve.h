/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Curve: the shapes that every part of the painter bends its numbers with
 */

#include <stdint.h>
#include <string.h>

static inline float curve_min(float a, float b)
{
    return a < b ? a : b;
}

static inline float curve_max(float a, float b)
{
    return a > b ? a : b;
}

static inline float curve_clamp(float value, float low, float high)
{
    return curve_min(curve_max(value, low), high);
}

/* @a where @share is 0, @b where it is 1. */
static inline float curve_mix(float a, float b, float share)
{
    return a + (b - a) * share;
}

/* 0 up to @low, 1 from @high on, without a corner in between; the other way round if low > high. */
static inline float curve_step(float low, float high, float value)
{
    float t = curve_clamp((value - low) / (high - low), 0.0F, 1.0F);

    return t * t * (3.0F - 2.0F * t);
}

/*
 * e to the power of -@value, for 0 and above; right to three digits. Unlike expf() it can be done
 * for many numbers at once and is the same everywhere. In base 2 the whole part of the power is the
 * exponent of a float, and a polynomial does for the rest.
 */
static inline float curve_fade(float value)
{
    float power = curve_max(-1.44269504F * value, -120.0F);
    int32_t whole = (int32_t)power - 1;
    float rest = power - (float)whole;
    int32_t bits = (whole + 127) * (1 << 23);
    float scale;

    memcpy(&scale, &bits, sizeof(scale));
    return scale * (1.0F + rest * (0.6951786F + rest * (0.2266009F + rest * 0.0782205F)));
}
