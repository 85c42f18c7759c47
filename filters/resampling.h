/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Resampling: the kernel that a resize weighs its source with, along one axis
 *
 * A piecewise cubic (Catmull-Rom, a = -0.5), stretched by what the image shrinks; and, where the
 * picture is blurred as well, that cubic folded with a Gaussian: one pass does the work of two.
 */

#include "core/base.h"

#define PP_RESAMPLING_TABLE 512

/* A kernel, ready to be used any number of times. Plain data; all fields are read only. */
struct pp_resampling {
    double spread;                         /* source pixels: the cubic reaches two of these */
    double variance;                       /* of the Gaussian, source pixels squared */
    double reach;                          /* source pixels: weights are 0 farther away than that */
    double places;                         /* of the table for one source pixel */
    double table[PP_RESAMPLING_TABLE + 2]; /* weights at equal distances, where variance > 0 */
};

/*
 * Set up the cubic of @spread source pixels (1 where nothing shrinks), folded with a Gaussian of
 * @variance source pixels squared. A variance below 0 takes off that much of a blur which the
 * source has had already, such as the mean over a block of pixels that became one of its pixels;
 * it may be as low as -spread * spread / 12.
 */
void pp_resampling_init(struct pp_resampling *resampling, double spread, double variance);

/* The reach that such a kernel has, without the work of setting it up. */
double pp_resampling_reach(double spread, double variance);

/* The weight of a source pixel at @distance; those of one output need not add up to 1. */
double pp_resampling_weight(const struct pp_resampling *resampling, double distance);
