/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "filters/blur.h"
#include "filters/exif.h"
#include "filters/orientation.h"
#include "filters/pillow_blur.h"
#include "filters/pillow_thumbnail.h"
#include "filters/premultiply.h"
#include "filters/render.h"
#include "filters/resize.h"

/*
 * A plan has settled everything, so this only walks: the image is filtered in place, or goes from
 * one area of the pixel memory to the other and back. The picture may end in the middle of the last
 * decoded pixel, where its side is no multiple of the decoder's shrink; so the picture's own extent
 * goes along with the image, as a fraction, until a thumbnail makes it whole again.
 */

struct walk {
    const struct pp_plan *plan;
    struct pp_render_memory *memory;
    struct pp_image image; /* as it is now */
    int area;              /* of the two, where it is */
    double width;          /* of the picture, in pixels of the image */
    double height;
};

static void enter_phase(const struct walk *walk, const char *phase)
{
    if (walk->memory->phase != NULL) {
        walk->memory->phase(walk->memory->user, phase);
    }
}

/* Makes *ret_target an image of that shape in the area that the walk does not use. */
static int prepare_other_area(const struct walk *walk, struct pp_size size, int32_t bits,
                              struct pp_image *ret_target)
{
    size_t bytes;
    int r = pp_image_init(ret_target, size, walk->image.bands, bits, &bytes);

    if (r == 0) {
        ret_target->pixels = walk->memory->pixels;
        ret_target->pixels += walk->area == 0 ? walk->plan->second_area : 0;
    }
    return r;
}

/* Goes on with @target, which the picture fills. */
static void move_on(struct walk *walk, const struct pp_image *target)
{
    walk->image = *target;
    walk->area = !walk->area;
    walk->width = target->width;
    walk->height = target->height;
}

static void copy_pixel(const struct pp_image *image, int32_t y, int32_t from, int32_t to)
{
    size_t bytes = (size_t)image->bands * pp_image_sample_bytes(image);
    uint8_t *row = pp_image_row(image, y);

    memcpy(row + (size_t)to * bytes, row + (size_t)from * bytes, bytes);
}

/*
 * The last decoded column or row, where it is not wholly inside the picture, is a mean of it and of
 * whatever the encoder filled its last block with, which shows as a coloured line in some photos.
 * The neighbour, all picture, takes its place.
 */
static void mend_edges(const struct pp_image *image, struct pp_size size, int32_t shrink)
{
    int32_t whole_columns = size.width / shrink;
    int32_t whole_rows = size.height / shrink;

    if (whole_columns > 0 && whole_columns < image->width) {
        for (int32_t y = 0; y < image->height; y++) {
            copy_pixel(image, y, whole_columns - 1, whole_columns);
        }
    }
    if (whole_rows > 0 && whole_rows < image->height) {
        memcpy(pp_image_row(image, whole_rows), pp_image_row(image, whole_rows - 1),
               (size_t)image->width * (size_t)image->bands * pp_image_sample_bytes(image));
    }
}

static int decode(struct walk *walk, const struct pp_source *source, struct pp_metadata *metadata,
                  struct pp_error *error)
{
    const struct pp_plan *plan = walk->plan;
    struct pp_image decoded;
    size_t bytes;
    int r = pp_plan_images(plan, &decoded, &walk->image, &bytes);

    if (r < 0) {
        return pp_error_set_errno(error, r, "plan is broken");
    }
    decoded.pixels = walk->memory->pixels;
    walk->image.pixels = walk->memory->pixels;
    walk->width = (double)plan->header.size.width / plan->scale.shrink;
    walk->height = (double)plan->header.size.height / plan->scale.shrink;
    enter_phase(walk, "decode");
    r = pp_codec_decode(source, &plan->header, plan->scale, &decoded, metadata, error);
    if (r < 0) {
        return r;
    }
    if (!plan->scale.means && plan->mode != PP_PLAN_PILLOW) {
        mend_edges(&decoded, plan->header.size, plan->scale.shrink);
    }
    if (decoded.bits != walk->image.bits) {
        pp_widen(&decoded, &walk->image);
    }
    return 0;
}

static void blur(struct walk *walk, const struct pp_plan_step *step)
{
    if (walk->plan->mode == PP_PLAN_PILLOW) {
        pp_pillow_blur(&walk->image, step->sigma, walk->memory->scratch);
    } else {
        pp_blur(&walk->image, step->sigma, walk->memory->scratch);
    }
}

static int thumbnail(struct walk *walk, const struct pp_plan_step *step)
{
    struct pp_image target;
    int r = prepare_other_area(walk, step->to, walk->image.bits, &target);

    if (r < 0) {
        return r;
    }
    if (walk->plan->mode == PP_PLAN_PILLOW) {
        pp_pillow_thumbnail(&walk->image, walk->width, walk->height, &target,
                            walk->memory->scratch);
    } else {
        pp_resize(&walk->image, walk->width, walk->height, &target, &step->blur,
                  walk->memory->scratch);
    }
    move_on(walk, &target);
    return 0;
}

static int run_steps(struct walk *walk)
{
    int r = 0;

    for (int32_t i = 0; i < walk->plan->count && r == 0; i++) {
        const struct pp_plan_step *step = &walk->plan->steps[i];

        if (step->kind == PP_STEP_BLUR) {
            enter_phase(walk, "blur");
            blur(walk, step);
        } else {
            enter_phase(walk, step->sigma > 0 ? "resample" : "thumbnail");
            r = thumbnail(walk, step);
        }
    }
    return r;
}

static int turn_upright(struct walk *walk)
{
    const int32_t orientation = walk->plan->header.orientation;
    const struct pp_size size = {walk->image.width, walk->image.height};
    struct pp_image target;
    int r =
        prepare_other_area(walk, pp_orientation_size(size, orientation), walk->image.bits, &target);

    if (r == 0) {
        enter_phase(walk, "orient");
        pp_orientation_apply(&walk->image, orientation, &target);
        move_on(walk, &target);
    }
    return r;
}

/* Everything between decoding and encoding, as Pillow does it. */
static int filter_as_pillow(struct walk *walk)
{
    int r = pp_plan_turns(walk->plan) ? turn_upright(walk) : 0;

    return r < 0 ? r : run_steps(walk);
}

/* Everything between decoding and encoding. */
static int filter(struct walk *walk)
{
    int r;

    if (walk->plan->count > 0) {
        pp_premultiply(&walk->image);
    }
    r = run_steps(walk);
    if (walk->plan->count > 0) {
        pp_unpremultiply(&walk->image);
    }
    if (walk->image.bits != walk->plan->header.bits) {
        struct pp_image wide = walk->image;

        pp_narrow(&wide, &walk->image);
    }
    if (r == 0 && pp_plan_turns(walk->plan)) {
        r = turn_upright(walk);
    }
    return r;
}

static int render(struct walk *walk, const struct pp_source *source, struct pp_metadata *metadata,
                  struct pp_error *error)
{
    int r = decode(walk, source, metadata, error);

    if (r < 0) {
        return r;
    }
    r = walk->plan->mode == PP_PLAN_PILLOW ? filter_as_pillow(walk) : filter(walk);
    if (r < 0) {
        return pp_error_set_errno(error, r, "plan is broken");
    }
    pp_exif_update(&metadata->exif, walk->plan->size);
    enter_phase(walk, "encode");
    return pp_codec_encode(&walk->image, metadata, &walk->plan->encode, &walk->memory->sink, error);
}

int pp_render(const struct pp_plan *plan, const struct pp_source *source,
              struct pp_render_memory *memory, struct pp_error *error)
{
    struct walk walk = {.plan = plan, .memory = memory};
    struct pp_metadata metadata = PP_METADATA_NONE;
    int r;

    memory->sink.length = 0;
    r = render(&walk, source, &metadata, error);
    pp_metadata_finish(&metadata);
    return r;
}
