/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Plan: the cheapest way from a header and a chain to the picture
 *
 * A pure function, as a database plans a query: nothing is read, decoded or allocated. The plan
 * says at which scale to decode, which filters run on which sizes, and what memory that takes, so
 * that the host admits the work before it starts. Plain data.
 */

#include "filters/chain.h"
#include "filters/codec.h"
#include "filters/resize.h"

enum pp_plan_mode {
    PP_PLAN_FAST,  /* at least 55 dB from exact; falls back to exact where it cannot promise that */
    PP_PLAN_EXACT, /* the true Gaussian at full size, then the resize */
    PP_PLAN_PILLOW /* the same bytes as Pillow 9.4, or none: filters/pillow_plan.h */
};

struct pp_plan_options {
    enum pp_plan_mode mode;
    struct pp_encode_options encode; /* format UNKNOWN: the input's own if it can be written, else
                                        PNG for images with alpha or 16 bits and JPEG for others */
    int64_t pixels_max;              /* refuse larger images; 0: PP_PLAN_PIXELS_MAX */
};

/* The default of pixels_max: 500 megapixels. */
#define PP_PLAN_PIXELS_MAX INT64_C(500000000)

struct pp_plan_step {
    enum pp_step_kind kind;
    double sigma; /* BLUR: standard deviation in pixels of the image at this step; THUMBNAIL:
                     of the blur that the same pass does, in pixels of the picture that was
                     not shrunk; 0: none */
    struct pp_resize_blur blur; /* THUMBNAIL: the same for pp_resize() */
    struct pp_size from;        /* pixels, as stored (before orientation), but see
                                   pp_plan_turns_first() */
    struct pp_size to;          /* the same */
};

struct pp_plan {
    struct pp_header header;      /* what was planned for */
    enum pp_plan_mode mode;       /* what was asked for */
    struct pp_decode_scale scale; /* at which to decode */
    int32_t bits;  /* filter at this depth: 16 where there is alpha (but for PILLOW), else the
                      header's */
    int32_t count; /* of steps; steps that change nothing are left out */
    struct pp_plan_step steps[PP_CHAIN_STEPS_MAX];
    struct pp_encode_options encode; /* with format and quality settled */
    struct pp_size size;             /* of the output, upright */
    size_t pixel_bytes;              /* memory of the pixel slot: two areas, used in turn */
    size_t second_area;              /* where in it the second one starts; the first is at 0 */
    size_t scratch_bytes;            /* private memory of the worker */
    size_t output_bytes;             /* memory of the output slot */
    char reason[160];                /* why this shrink, for --explain */
};

/*
 * Plan @chain for an image with @header.
 *
 * Returns 0 with *ret_plan filled; -EFBIG where the image has more pixels than options->pixels_max
 * (the message names the limit, the need and the option --max-pixels) or a side above
 * PP_IMAGE_SIDE_MAX; -ENOTSUP where the output format cannot be written or cannot hold the size
 * (65500 pixels a side for JPEG, 16383 for WEBP, 65536 for AVIF), and where Pillow's pixels are
 * asked for and it has none of the image; -EINVAL for a quality above 100 or below 0 and for a
 * header that is none.
 */
PP_MUST_CHECK int pp_plan_make(const struct pp_header *header, const struct pp_chain *chain,
                               const struct pp_plan_options *options, struct pp_plan *ret_plan,
                               struct pp_error *error);

/*
 * Describe the image as it is decoded, and as the first step gets it: in the same memory, which
 * takes *ret_bytes, but with samples of plan->bits. Both have pixels == NULL.
 *
 * Returns 0, or what pp_image_init() does; for a plan that was made, 0.
 */
PP_MUST_CHECK int pp_plan_images(const struct pp_plan *plan, struct pp_image *ret_decoded,
                                 struct pp_image *ret_working, size_t *ret_bytes);

/* Whether the picture is turned upright: a copy to the other area, as a rule after the steps. */
bool pp_plan_turns(const struct pp_plan *plan);

/* Whether it is turned before the steps instead, so that their sizes are upright: for PILLOW. */
bool pp_plan_turns_first(const struct pp_plan *plan);

/*
 * Write @plan for people, one line a stage with its sizes and reasons, into @text of @bytes bytes,
 * cut to fit.
 */
void pp_plan_explain(const struct pp_plan *plan, char *text, size_t bytes);
