/* SPDX-License-Identifier: MIT */

#include "samples/landscape/noise.h"

#include <string.h>

#include "samples/landscape/curve.h"

/* Eight columns at once: a single chain of comparisons would wait for each of them. */
#define LANES 8

float noise_smallest(const float *values)
{
    float smallest[LANES];

    memcpy(smallest, values, sizeof(smallest));
    for (int i = LANES; i < BATCH; i += LANES) {
        for (int lane = 0; lane < LANES; lane++) {
            smallest[lane] = curve_min(values[i + lane], smallest[lane]);
        }
    }
    for (int lane = 1; lane < LANES; lane++) {
        smallest[0] = curve_min(smallest[lane], smallest[0]);
    }
    return smallest[0];
}

float noise_largest(const float *values)
{
    float largest[LANES];

    memcpy(largest, values, sizeof(largest));
    for (int i = LANES; i < BATCH; i += LANES) {
        for (int lane = 0; lane < LANES; lane++) {
            largest[lane] = curve_max(values[i + lane], largest[lane]);
        }
    }
    for (int lane = 1; lane < LANES; lane++) {
        largest[0] = curve_max(largest[lane], largest[0]);
    }
    return largest[0];
}

BATCH_WIDE void noise_fill(const struct noise_field *field, const float *restrict x,
                           const float *restrict y, const float *restrict footprint,
                           float *restrict value)
{
    struct noise_turn turn = {1.0F, 0.0F};
    float finest = noise_smallest(footprint);
    float wavelength = field->across;
    float strength = 1.0F;
    float per_across = 1.0F / field->across;
    float per_down = 1.0F / field->down;

    memset(value, 0, BATCH * sizeof(float));
    for (int octave = 0; octave < field->octaves; octave++) {
        uint32_t seed = field->seed + (uint32_t)octave;

        if (noise_visible(wavelength, finest) <= 0.0F) {
            break;
        }
        for (int i = 0; i < BATCH; i++) {
            float n = noise_octave(seed, turn, x[i] * per_across, y[i] * per_down).value - 0.5F;

            value[i] += strength * noise_visible(wavelength, footprint[i]) * n;
        }
        turn = noise_next(turn);
        wavelength *= 0.5F;
        strength *= 0.5F;
    }
}

BATCH_WIDE void noise_fill_slopes(const struct noise_field *field, const float *restrict x,
                                  const float *restrict y, const float *restrict footprint,
                                  float *restrict value, float *restrict dx, float *restrict dy)
{
    struct noise_turn turn = {1.0F, 0.0F};
    float finest = noise_smallest(footprint);
    float wavelength = field->across;
    float strength = 1.0F;
    float per_across = 1.0F / field->across;
    float per_down = 1.0F / field->down;

    memset(value, 0, BATCH * sizeof(float));
    memset(dx, 0, BATCH * sizeof(float));
    memset(dy, 0, BATCH * sizeof(float));
    for (int octave = 0; octave < field->octaves; octave++) {
        uint32_t seed = field->seed + (uint32_t)octave;

        if (noise_visible(wavelength, finest) <= 0.0F) {
            break;
        }
        for (int i = 0; i < BATCH; i++) {
            struct noise n = noise_octave(seed, turn, x[i] * per_across, y[i] * per_down);
            float seen = strength * noise_visible(wavelength, footprint[i]);

            value[i] += seen * (n.value - 0.5F);
            dx[i] += seen * n.du * per_across;
            dy[i] += seen * n.dv * per_down;
        }
        turn = noise_next(turn);
        wavelength *= 0.5F;
        strength *= 0.5F;
    }
}
