/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Noise: smooth random functions of the plane, the same on every machine
 *
 * Value noise: a random number at every whole point, from an integer hash, and a smooth curve in
 * between. There is no table and no state, so any worker asks for any place in any order. One
 * octave of it looks like fog; octaves added up, each finer and weaker than the one before, look
 * like most things in nature.
 */

#include <stdint.h>

#include "samples/landscape/batch.h"

/* Odd numbers with bits all over: they spread x and y over all bits of a hash. */
#define NOISE_X 0x9E3779B1U
#define NOISE_Y 0xC2B2AE3DU

/* Mix all bits of @h into its upper ones. */
static inline uint32_t noise_scramble(uint32_t h)
{
    h ^= h >> 15;
    h *= 0x2C1B3C6DU;
    h ^= h >> 13;
    return h * 0x297A2D39U;
}

/* One of 2^32 values that look unrelated for neighbours; x and y may be negative. */
static inline uint32_t noise_hash(uint32_t seed, int32_t x, int32_t y)
{
    uint32_t h = noise_scramble(seed ^ ((uint32_t)x * NOISE_X) ^ ((uint32_t)y * NOISE_Y));

    return h ^ (h >> 16);
}

/* A hash as a number from 0 to below 1. */
static inline float noise_unit(uint32_t hash)
{
    return (float)(int32_t)(hash >> 8) * (1.0F / 16777216.0F);
}

/* Another number from 0 to below 1 from the same hash; @which picks one. */
static inline float noise_another(uint32_t hash, uint32_t which)
{
    return noise_unit(hash * (0x9E3779B1U + 2 * which));
}

/* The largest whole number that is not above @value. (floorf() is a call before SSE 4.1.) */
static inline int32_t noise_floor(float value)
{
    int32_t whole = (int32_t)value;

    return whole - (value < (float)whole);
}

/* A value from 0 to 1, its slope along u and v, and how fast the slope turns. */
struct noise {
    float value;
    float du;
    float dv;
    float duu;
    float duv;
    float dvv;
};

static inline struct noise noise_at(uint32_t seed, float u, float v)
{
    int32_t iu = noise_floor(u);
    int32_t iv = noise_floor(v);
    float fu = u - (float)iu;
    float fv = v - (float)iv;
    float su = fu * fu * (3.0F - 2.0F * fu);
    float sv = fv * fv * (3.0F - 2.0F * fv);
    float su1 = 6.0F * fu * (1.0F - fu);
    float sv1 = 6.0F * fv * (1.0F - fv);
    uint32_t left = seed ^ ((uint32_t)iu * NOISE_X);
    uint32_t right = seed ^ ((uint32_t)iu * NOISE_X + NOISE_X);
    uint32_t upper = (uint32_t)iv * NOISE_Y;
    uint32_t lower = upper + NOISE_Y;
    float a = noise_unit(noise_scramble(left ^ upper));
    float b = noise_unit(noise_scramble(right ^ upper)) - a;
    float c = noise_unit(noise_scramble(left ^ lower)) - a;
    float d = noise_unit(noise_scramble(right ^ lower)) - a - b - c;

    return (struct noise){
        .value = a + b * su + c * sv + d * su * sv,
        .du = su1 * (b + d * sv),
        .dv = sv1 * (c + d * su),
        .duu = (6.0F - 12.0F * fu) * (b + d * sv),
        .duv = su1 * sv1 * d,
        .dvv = (6.0F - 12.0F * fv) * (c + d * su),
    };
}

/*
 * Each octave is twice as fine as the one before it and turned against it, so that the grid does
 * not show. This is the turn and the scale that lead from the first octave to another, as a
 * complex number.
 */
struct noise_turn {
    float re;
    float im;
};

static inline struct noise_turn noise_next(struct noise_turn turn)
{
    return (struct noise_turn){1.6F * turn.re - 1.2F * turn.im, 1.2F * turn.re + 1.6F * turn.im};
}

/* Noise at (@u, @v) of the octave at @turn; the slopes are those along the unturned u and v. */
static inline struct noise noise_octave(uint32_t seed, struct noise_turn turn, float u, float v)
{
    float re = turn.re;
    float im = turn.im;
    struct noise n = noise_at(seed, re * u - im * v, im * u + re * v);

    return (struct noise){
        .value = n.value,
        .du = re * n.du + im * n.dv,
        .dv = re * n.dv - im * n.du,
        .duu = re * re * n.duu + 2.0F * re * im * n.duv + im * im * n.dvv,
        .duv = re * im * (n.dvv - n.duu) + (re * re - im * im) * n.duv,
        .dvv = im * im * n.duu - 2.0F * re * im * n.duv + re * re * n.dvv,
    };
}

/*
 * 1 for waves of @wavelength that a pixel of width @footprint can show, 0 for finer ones, which
 * would only flicker.
 */
static inline float noise_visible(float wavelength, float footprint)
{
    float visible = 0.5F * wavelength / (footprint + 1e-12F) - 0.5F;

    visible = visible < 0.0F ? 0.0F : visible;
    return visible > 1.0F ? 1.0F : visible;
}

/* Normally distributed around 0 with a standard deviation of 1, nearly: four bytes added up. */
static inline float noise_normal(uint32_t hash)
{
    int32_t sum = (int32_t)(hash & 255) + (int32_t)((hash >> 8) & 255) +
                  (int32_t)((hash >> 16) & 255) + (int32_t)(hash >> 24);

    return (float)(sum - 510) * (1.0F / 147.8F);
}

/* Octaves of noise over the ground, or over any plane. */
struct noise_field {
    uint32_t seed;
    int octaves;
    float across; /* width of the first octave's waves, along the two directions */
    float down;
};

/*
 * The field at BATCH places: octaves each half as strong as the one before, added up; mean 0, at
 * most 1 away from it. @footprint: width of what one pixel sees, along @x.
 */
void noise_fill(const struct noise_field *field, const float *restrict x, const float *restrict y,
                const float *restrict footprint, float *restrict value);

/* Like noise_fill(), and the slope along @x and @y. */
void noise_fill_slopes(const struct noise_field *field, const float *restrict x,
                       const float *restrict y, const float *restrict footprint,
                       float *restrict value, float *restrict dx, float *restrict dy);

/* The smallest of BATCH numbers, and the largest. */
float noise_smallest(const float *values);
float noise_largest(const float *values);
