/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Rendering: carry out plans in memory that is watched
 *
 * Every rendering runs in memory of exactly the size that the plan asks for, full of rubbish and
 * with guards behind it: so each test that uses this also shows that the plan's numbers are enough.
 */

#include "filters/render.h"
#include "tests/pictures.h"
#include "tests/planning.h"

#define GUARD_BYTES 64
#define GUARD       0xa5
#define RUBBISH     0x5c

static inline void *guarded_alloc(size_t bytes)
{
    uint8_t *memory = aligned_alloc(PP_IMAGE_ALIGNMENT,
                                    pp_size_round_up(bytes + GUARD_BYTES, PP_IMAGE_ALIGNMENT));

    g_assert_nonnull(memory);
    memset(memory + bytes, GUARD, GUARD_BYTES);
    return memory;
}

static inline void *guarded_rubbish(size_t bytes)
{
    return memset(guarded_alloc(bytes), RUBBISH, bytes);
}

static inline void guarded_free(void *memory, size_t bytes)
{
    for (size_t i = 0; i < GUARD_BYTES; i++) {
        g_assert_cmphex(((uint8_t *)memory)[bytes + i], ==, GUARD);
    }
    free(memory);
}

static inline struct pp_plan plan_for(GBytes *file, const struct pp_chain *chain,
                                      enum pp_plan_mode mode, enum pp_format format)
{
    struct pp_plan_options options = {.mode = mode, .encode = {.format = format}};
    struct pp_source source = source_of(file);
    struct pp_header header;
    struct pp_plan plan;

    g_assert_cmpint(pp_codec_probe(&source, &header, NULL), ==, 0);
    g_assert_cmpint(pp_plan_make(&header, chain, &options, &plan, NULL), ==, 0);
    return plan;
}

/* As pp_render() into a sink of @capacity bytes, telling @phase (may be NULL); where
 * that is 0, *ret_output holds the file that was written. */
static inline int render_into(const struct pp_plan *plan, GBytes *file, size_t capacity,
                              pp_render_phase_fn phase, void *user, GBytes **ret_output,
                              struct pp_error *error)
{
    struct pp_source source = source_of(file);
    struct pp_render_memory memory = {
        .pixels = guarded_rubbish(plan->pixel_bytes),
        .scratch = guarded_rubbish(plan->scratch_bytes),
        .sink = {.bytes = guarded_alloc(capacity), .capacity = capacity},
        .phase = phase,
        .user = user,
    };
    int r = pp_render(plan, &source, &memory, error);

    if (r == 0) {
        *ret_output = g_bytes_new(memory.sink.bytes, memory.sink.length);
    }
    guarded_free(memory.pixels, plan->pixel_bytes);
    guarded_free(memory.scratch, plan->scratch_bytes);
    guarded_free(memory.sink.bytes, capacity);
    return r;
}

/* The file that comes of it. */
static inline GBytes *render_file(const struct pp_plan *plan, GBytes *file)
{
    struct pp_error error = {0};
    GBytes *output = NULL;
    int r = render_into(plan, file, plan->output_bytes, NULL, NULL, &output, &error);

    g_assert_cmpstr(error.message, ==, "");
    g_assert_cmpint(r, ==, 0);
    return output;
}

/* The picture that comes of it, by way of a PNG, which loses nothing. */
static inline struct picture render_picture(GBytes *file, const struct pp_chain *chain,
                                            enum pp_plan_mode mode)
{
    struct pp_plan plan = plan_for(file, chain, mode, PP_FORMAT_PNG);
    g_autoptr(GBytes) output = render_file(&plan, file);
    struct pp_metadata metadata = PP_METADATA_NONE;
    struct picture picture = picture_read_good(output, 1, &metadata);

    g_assert_cmpint(picture.image.width, ==, plan.size.width);
    g_assert_cmpint(picture.image.height, ==, plan.size.height);
    pp_metadata_finish(&metadata);
    return picture;
}
