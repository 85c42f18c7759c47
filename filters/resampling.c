/* SPDX-License-Identifier: MIT */

/*
 * The fold of cubic and Gaussian is worked out by the trapezoid rule over the narrower of the two,
 * which converges fast for both: a Gaussian is smooth, and the cubic and its slope end at 0. A
 * table of 512 weights with straight lines between them is closer than 16 bits show.
 *
 * A Gaussian of a small variance v changes a function f to about f + v / 2 * f''. That is true with
 * v below 0 as well, and it is how a blur is taken off: what remains of it is of the fourth order.
 */

#include <math.h>

#include "filters/resampling.h"

/* Standard deviations of the Gaussian that count: what is beyond them weighs 0.00006. */
#define REACH 4.0

/* Terms of the trapezoid rule on either side of the middle. */
#define TERMS 16

/* Catmull-Rom: the cubic that reaches 2 pixels far, with a = -0.5. */
static double cubic(double distance)
{
    const double x = fabs(distance);

    if (x < 1) {
        return (1.5 * x - 2.5) * x * x + 1;
    }
    return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

/* Its second derivative. */
static double cubic_bend(double distance)
{
    const double x = fabs(distance);

    if (x < 1) {
        return 9 * x - 5;
    }
    return x < 2 ? -3 * x + 5 : 0;
}

/* The fold at @distance; constant factors are left out, since weights are normalised in the end. */
static double fold(double spread, double deviation, double distance)
{
    const bool over_gaussian = deviation < spread;
    const double step = (over_gaussian ? REACH * deviation : 2 * spread) / TERMS;
    double sum = 0;

    for (int32_t i = -TERMS; i <= TERMS; i++) {
        const double at = i * step;
        const double u = (over_gaussian ? at : distance - at) / deviation;
        const double x = (over_gaussian ? distance - at : at) / spread;

        sum += fabs(u) <= REACH ? exp(-0.5 * u * u) * cubic(x) : 0;
    }
    return sum;
}

double pp_resampling_reach(double spread, double variance)
{
    return 2 * spread + (variance > 0 ? REACH * sqrt(variance) : 0);
}

void pp_resampling_init(struct pp_resampling *resampling, double spread, double variance)
{
    const double deviation = variance > 0 ? sqrt(variance) : 0;

    resampling->spread = spread;
    resampling->variance = variance;
    resampling->reach = pp_resampling_reach(spread, variance);
    resampling->places = PP_RESAMPLING_TABLE / resampling->reach;
    for (int32_t i = 0; variance > 0 && i <= PP_RESAMPLING_TABLE; i++) {
        resampling->table[i] = fold(spread, deviation, i / resampling->places);
    }
    resampling->table[PP_RESAMPLING_TABLE + 1] = 0;
}

double pp_resampling_weight(const struct pp_resampling *resampling, double distance)
{
    const double x = distance / resampling->spread;

    if (resampling->variance > 0) {
        const double place = fabs(distance) * resampling->places;
        const int32_t i = (int32_t)fmin(place, PP_RESAMPLING_TABLE);
        const double part = place - i;

        return i == PP_RESAMPLING_TABLE
                   ? 0
                   : resampling->table[i] * (1 - part) + resampling->table[i + 1] * part;
    }
    return cubic(x) +
           resampling->variance / (2 * resampling->spread * resampling->spread) * cubic_bend(x);
}
