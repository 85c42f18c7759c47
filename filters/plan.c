/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "filters/orientation.h"
#include "filters/pillow_plan.h"
#include "filters/plan_memory.h"
#include "filters/resize.h"
#include "filters/thumbnail.h"

/*
 * The user's chain speaks of the picture as one sees it, upright; the pixels are filtered as they
 * are stored, and turned at the very end, when the image is smallest. So sizes are worked out
 * upright, step by step, and swapped where the camera was held sideways.
 *
 * The fast plan works on fewer pixels than the file has: means of blocks of m x m of them, and does
 * a blur and the thumbnail after it in one pass over the output (filters/resampling.h). The mean is
 * a blur of variance (m^2 - 1) / 12, which is taken off the one that the pass applies; for a plain
 * thumbnail that makes it a slightly sharpening one. What is left is what repeats every m pixels or
 * so and becomes a slow wave; less, the wider the blur, or the more means each pixel of the output
 * has. SIGMA_MIN and SAMPLES_MIN settle that.
 *
 * There are two kinds of means. A JPEG decoder makes them for less than a full decode costs; but it
 * cuts off colours beyond 0 to 255 after taking the mean, not before. Under a blur that is what one
 * sees of a photo with much black, white or strong colour: 49 dB at the worst. So a blur gets means
 * of pixels that were decoded in full, which a header cannot tell to be needed. A thumbnail that is
 * small enough, with 64 means or more for each of its pixels, gets the decoder's own; a larger one
 * the others, which save no time but that for the memory of a whole image.
 *
 * Pillow's plan does what Pillow does, in its order: filters/pillow_plan.h.
 */

/*
 * Means that must remain for each pixel of a thumbnail, along each axis: of the decoder, and of
 * what was decoded in full. Against the exact plan on 48 photos, at 256 and 600 pixels: 8 of the
 * decoder keep 57 dB, but for one photo that is half clipped (52.6), 4 fail in 14 of 96; 4 of the
 * others keep 55.9 dB, 3 fail in 2 of 96.
 */
#define SAMPLES_MIN      8
#define FULL_SAMPLES_MIN 4

/*
 * The standard deviation of a blur, in means. On the same photos with a blur of 15 and a thumbnail
 * of 1200: 3.7 keeps 57.9 dB and 2 levels away from the border; 1.85 keeps 56.2 dB, but is off by 3
 * levels in photos of regular patterns.
 */
#define SIGMA_MIN 3.7

/* The widest blur that a thumbnail's pass takes along at full size, in pixels of the output: the
 * pass costs more with each, two separate ones do not. */
#define JOINED_SIGMA_MAX 8

/* What can be written, and up to which side: the formats' limits, but for JPEG, where it is
 * libjpeg's own, a little under the format's 65535. */
static const struct output_rule {
    enum pp_format format;
    int32_t side_max; /* pixels */
    int32_t quality;  /* where none is asked for; 0: the format has none */
} output_rules[] = {
    {PP_FORMAT_JPEG, 65500, 80}, {PP_FORMAT_PNG, PP_IMAGE_SIDE_MAX, 0},
    {PP_FORMAT_WEBP, 16383, 80}, {PP_FORMAT_TIFF, PP_IMAGE_SIDE_MAX, 0},
    {PP_FORMAT_AVIF, 65536, 50},
};

static const struct output_rule *find_rule(enum pp_format format)
{
    for (size_t i = 0; i < PP_ARRAY_LENGTH(output_rules); i++) {
        if (output_rules[i].format == format) {
            return &output_rules[i];
        }
    }
    return NULL;
}

static bool header_has_alpha(const struct pp_header *header)
{
    return header->bands == 2 || header->bands == 4;
}

/* Says it in megapixels where the limit is a whole number of them, as people write it. */
static int refuse_pixels(struct pp_size size, int64_t pixels, int64_t pixels_max,
                         struct pp_error *error)
{
    const char *unit = "pixels";

    if (pixels_max % 1000000 == 0) {
        pixels = (pixels + 999999) / 1000000;
        pixels_max /= 1000000;
        unit = "megapixels";
    }
    return pp_error_set(error, -EFBIG,
                        "image has %lld %s (%dx%d), the limit is %lld: raise it with --max-pixels",
                        (long long)pixels, unit, size.width, size.height, (long long)pixels_max);
}

static int check_size(struct pp_size size, int64_t pixels_max, struct pp_error *error)
{
    int64_t pixels = (int64_t)size.width * size.height;

    if (size.width < 1 || size.height < 1) {
        return pp_error_set(error, -EINVAL, "image of %dx%d pixels has nothing to process",
                            size.width, size.height);
    }
    if (pixels_max == 0) {
        pixels_max = PP_PLAN_PIXELS_MAX;
    }
    if (pixels > pixels_max) {
        return refuse_pixels(size, pixels, pixels_max, error);
    }
    if (size.width > PP_IMAGE_SIDE_MAX || size.height > PP_IMAGE_SIDE_MAX) {
        return pp_error_set(error, -EFBIG,
                            "image is %dx%d; sides of up to %d pixels can be processed", size.width,
                            size.height, PP_IMAGE_SIDE_MAX);
    }
    return 0;
}

/* Fills the steps at full size, and the size of the output. */
static void add_steps(struct pp_plan *plan, const struct pp_chain *chain)
{
    int32_t orientation = pp_plan_turns_first(plan) ? 1 : plan->header.orientation;
    struct pp_size size = pp_orientation_size(plan->header.size, plan->header.orientation);

    for (int32_t i = 0; i < chain->count; i++) {
        const struct pp_step *step = &chain->steps[i];
        bool is_blur = step->kind == PP_STEP_BLUR;
        struct pp_size to = is_blur ? size : pp_thumbnail_size(size, step->box);

        if (is_blur ? step->sigma > 0 : to.width != size.width || to.height != size.height) {
            struct pp_plan_step *added = &plan->steps[plan->count++];

            added->kind = step->kind;
            added->sigma = is_blur ? step->sigma : 0;
            added->blur.detail = 1;
            added->from = pp_orientation_size(size, orientation); /* swapping twice is no swap */
            added->to = pp_orientation_size(to, orientation);
        }
        size = to;
    }
    plan->size = size;
}

static enum pp_format choose_format(const struct pp_header *header, enum pp_format wanted)
{
    if (wanted != PP_FORMAT_UNKNOWN) {
        return wanted;
    }
    if (find_rule(header->format) != NULL && pp_codec_can_encode(header->format)) {
        return header->format;
    }
    return header_has_alpha(header) || header->bits == 16 ? PP_FORMAT_PNG : PP_FORMAT_JPEG;
}

static int settle_encode(struct pp_plan *plan, const struct pp_encode_options *wanted,
                         struct pp_error *error)
{
    enum pp_format format = choose_format(&plan->header, wanted->format);
    const struct output_rule *rule = find_rule(format);
    const char *name = pp_format_extension(format);

    if (rule == NULL || !pp_codec_can_encode(format)) {
        return pp_error_set(error, -ENOTSUP,
                            "%s cannot be written here: choose another format with -f", name);
    }
    if (wanted->quality < 0 || wanted->quality > 100) {
        return pp_error_set(error, -EINVAL, "quality %d is out of range: it goes from 1 to 100",
                            wanted->quality);
    }
    if (plan->size.width > rule->side_max || plan->size.height > rule->side_max) {
        return pp_error_set(error, -ENOTSUP,
                            "%s holds sides of up to %d pixels, the picture is %dx%d: choose "
                            "another format with -f or make it smaller with --thumbnail",
                            name, rule->side_max, plan->size.width, plan->size.height);
    }
    plan->encode.format = format;
    if (rule->quality > 0) {
        plan->encode.quality = wanted->quality > 0 ? wanted->quality : rule->quality;
    }
    return 0;
}

/* Whether a blur is wide enough to be worked out of means of @shrink x @shrink pixels. */
static bool blur_allows(const struct pp_plan *plan, double sigma, int32_t shrink)
{
    return plan->header.means && sigma >= SIGMA_MIN * shrink;
}

/* Whether at that scale there are enough means for the thumbnail that the first step makes. */
static bool thumbnail_allows(const struct pp_plan *plan, struct pp_decode_scale scale)
{
    const struct pp_plan_step *step = &plan->steps[0];
    int32_t samples = scale.means ? FULL_SAMPLES_MIN : SAMPLES_MIN;

    return (scale.means ? plan->header.means : scale.shrink <= plan->header.shrink_max) &&
           step->from.width / scale.shrink / samples >= step->to.width &&
           step->from.height / scale.shrink / samples >= step->to.height;
}

/* Whether one pass for a blur and the thumbnail after it costs less than a pass for each. */
static bool joining_pays(const struct pp_plan *plan, int32_t index)
{
    const struct pp_plan_step *blur = &plan->steps[index];
    const struct pp_plan_step *next = &plan->steps[index + 1];

    return next->kind == PP_STEP_BLUR ||
           blur->sigma * next->to.width <= JOINED_SIGMA_MAX * next->from.width ||
           (index == 0 && blur_allows(plan, blur->sigma, 2));
}

/* One blur does what several in a row do, and a thumbnail that follows can do it in its pass. */
static void join_steps(struct pp_plan *plan)
{
    int32_t i = 0;

    while (i + 1 < plan->count) {
        struct pp_plan_step *step = &plan->steps[i];
        struct pp_plan_step *next = &plan->steps[i + 1];

        if (step->kind != PP_STEP_BLUR || !joining_pays(plan, i)) {
            i++;
            continue;
        }
        next->sigma = hypot(step->sigma, next->sigma);
        next->blur.variance = next->sigma * next->sigma;
        plan->count--;
        memmove(step, next, (size_t)(plan->count - i) * sizeof(*step));
        memset(&plan->steps[plan->count], 0, sizeof(*step));
    }
}

/* The coarsest scale that the first step allows; the decoder's own where it has a choice. */
static struct pp_decode_scale coarsest_scale(const struct pp_plan *plan)
{
    struct pp_decode_scale scale = {.shrink = 8, .means = true};

    while (scale.shrink > 1 && !blur_allows(plan, plan->steps[0].sigma, scale.shrink)) {
        scale.shrink /= 2;
    }
    for (int means = 0; means <= 1 && scale.shrink == 1; means++) {
        scale = (struct pp_decode_scale){.shrink = 8, .means = means};
        while (scale.shrink > 1 && !thumbnail_allows(plan, scale)) {
            scale.shrink /= 2;
        }
    }
    return scale;
}

/* The first step gets means of shrink x shrink pixels, which are a blur that it had already. */
static void shrink_first_step(struct pp_plan *plan)
{
    struct pp_plan_step *step = &plan->steps[0];
    double area = (double)plan->scale.shrink * plan->scale.shrink;

    step->kind = PP_STEP_THUMBNAIL;
    step->from = pp_codec_shrunk_size(&plan->header, plan->scale.shrink);
    step->blur.detail = 1.0 / plan->scale.shrink;
    step->blur.variance = (step->sigma * step->sigma - (area - 1) / 12) / area;
}

/* At the scale that Pillow takes. Returns why. */
static const char *scale_as_pillow(struct pp_plan *plan, const struct pp_chain *chain)
{
    const char *reason;

    plan->scale.shrink = pp_pillow_plan_shrink(&plan->header, chain, &reason);
    if (plan->scale.shrink > 1) {
        plan->steps[0].from = pp_codec_shrunk_size(&plan->header, plan->scale.shrink);
    }
    return reason;
}

/* Decides at which scale to decode, and says why. */
static void choose_scale(struct pp_plan *plan, const struct pp_chain *chain)
{
    const char *reason;

    plan->scale = (struct pp_decode_scale){.shrink = 1, .means = false};
    if (plan->count == 0) {
        reason = "no step changes it";
    } else if (plan->mode == PP_PLAN_PILLOW) {
        reason = scale_as_pillow(plan, chain);
    } else if (plan->mode == PP_PLAN_EXACT) {
        reason = "the exact plan uses every pixel";
    } else if (plan->header.shrink_max <= 1 && !plan->header.means) {
        reason = "this format has no smaller scale";
    } else {
        join_steps(plan);
        plan->scale = coarsest_scale(plan);
        reason =
            plan->steps[0].sigma > 0 ? "the blur needs no more" : "the thumbnail needs no more";
        if (plan->scale.shrink > 1) {
            shrink_first_step(plan);
        } else {
            plan->scale.means = false;
            reason = "what follows needs every pixel to stay within 55 dB";
        }
    }
    snprintf(plan->reason, sizeof(plan->reason), "%s", reason);
}

bool pp_plan_turns(const struct pp_plan *plan)
{
    return plan->header.orientation >= 2 && plan->header.orientation <= 8;
}

bool pp_plan_turns_first(const struct pp_plan *plan)
{
    return plan->mode == PP_PLAN_PILLOW && pp_plan_turns(plan);
}

int pp_plan_images(const struct pp_plan *plan, struct pp_image *ret_decoded,
                   struct pp_image *ret_working, size_t *ret_bytes)
{
    struct pp_size size = pp_codec_shrunk_size(&plan->header, plan->scale.shrink);
    int r = pp_image_init(ret_decoded, size, plan->header.bands, plan->header.bits, ret_bytes);

    if (r < 0) {
        return r;
    }
    *ret_working = *ret_decoded;
    if (plan->bits == plan->header.bits) {
        return 0;
    }
    ret_working->bits = plan->bits;
    ret_working->stride *= 2;
    return pp_size_multiply(*ret_bytes, 2, ret_bytes) ? 0 : -EOVERFLOW;
}

static int32_t filtered_bits(const struct pp_plan *plan)
{
    const bool is_careful = plan->mode != PP_PLAN_PILLOW && plan->count > 0;

    return is_careful && header_has_alpha(&plan->header) ? 16 : plan->header.bits;
}

int pp_plan_make(const struct pp_header *header, const struct pp_chain *chain,
                 const struct pp_plan_options *options, struct pp_plan *ret_plan,
                 struct pp_error *error)
{
    struct pp_plan plan;
    int r = check_size(header->size, options->pixels_max, error);

    if (r == 0 && options->mode == PP_PLAN_PILLOW) {
        r = pp_pillow_plan_check(header, error);
    }
    if (r < 0) {
        return r;
    }
    memset(&plan, 0, sizeof(plan)); /* its bytes travel, so none of them is left to chance */
    plan.header = *header;
    plan.mode = options->mode;
    add_steps(&plan, chain);
    plan.bits = filtered_bits(&plan);
    choose_scale(&plan, chain);
    r = settle_encode(&plan, &options->encode, error);
    if (r == 0) {
        r = pp_plan_memory_measure(&plan, error);
    }
    if (r == 0) {
        memcpy(ret_plan, &plan, sizeof(plan));
    }
    return r;
}
