/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Render: carry out a plan
 *
 * Decode into the pixel memory, filter there, encode into the output memory.
 */

#include "filters/plan.h"

/* Told before each phase ("decode", "blur", "thumbnail", "resample", "orient", "encode"): where a
 * crash is looked for. */
typedef void (*pp_render_phase_fn)(void *user, const char *phase);

/* The memory of a rendering, all from the caller, each aligned to PP_IMAGE_ALIGNMENT. */
struct pp_render_memory {
    void *pixels;             /* plan->pixel_bytes */
    void *scratch;            /* plan->scratch_bytes */
    struct pp_sink sink;      /* plan->output_bytes; length is set */
    pp_render_phase_fn phase; /* may be NULL */
    void *user;
};

/*
 * Make the picture of @plan from @source, the bytes that its header was read from.
 *
 * Returns 0 with memory->sink.length set to the bytes of the encoded file; or an error of
 * filters/codec.h. The same source and plan give the same bytes in any process.
 */
PP_MUST_CHECK int pp_render(const struct pp_plan *plan, const struct pp_source *source,
                            struct pp_render_memory *memory, struct pp_error *error);
