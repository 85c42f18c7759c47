/* SPDX-License-Identifier: MIT */

/*
 * Stages that cannot work in place go from one of two areas to the other and back. Images hardly
 * ever grow, so the second area is small: a thumbnail. Only where the whole image is turned before
 * anything else, both are large.
 */

#include <errno.h>

#include "filters/blur.h"
#include "filters/orientation.h"
#include "filters/pillow_blur.h"
#include "filters/pillow_thumbnail.h"
#include "filters/plan_memory.h"
#include "filters/resize.h"

/* Room for the profile, EXIF and XMP that go into the output; the header does not tell. */
#define METADATA_BYTES ((size_t)8 << 20)

/* What a walk through the stages finds. */
struct memory {
    struct pp_image image; /* as the stage at hand gets it */
    double width;          /* of the picture, in pixels of the image: it may end within the last */
    double height;
    int area;             /* of the two, where it is */
    size_t area_bytes[2]; /* the largest image that each area ever holds */
    size_t scratch_bytes; /* the most that a stage needs */
};

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Goes on with an image of that shape in the other area. */
static int move_on(struct memory *memory, struct pp_size size, int32_t bits)
{
    size_t bytes;
    int r = pp_image_init(&memory->image, size, memory->image.bands, bits, &bytes);

    if (r == 0) {
        memory->area = !memory->area;
        memory->area_bytes[memory->area] = larger(memory->area_bytes[memory->area], bytes);
        memory->width = size.width;
        memory->height = size.height;
    }
    return r;
}

static size_t blur_scratch_bytes(const struct pp_plan *plan, const struct pp_plan_step *step,
                                 const struct pp_image *image)
{
    if (plan->mode == PP_PLAN_PILLOW) {
        return pp_pillow_blur_scratch_bytes(image, step->sigma);
    }
    return pp_blur_scratch_bytes(image, step->sigma);
}

static size_t thumbnail_scratch_bytes(const struct pp_plan *plan, const struct pp_plan_step *step,
                                      const struct memory *from, const struct pp_image *target)
{
    if (plan->mode == PP_PLAN_PILLOW) {
        return pp_pillow_thumbnail_scratch_bytes(&from->image, from->width, from->height, target);
    }
    return pp_resize_scratch_bytes(&from->image, target, &step->blur);
}

static int walk_step(const struct pp_plan *plan, const struct pp_plan_step *step,
                     struct memory *memory)
{
    struct memory from = *memory;
    size_t scratch;
    int r = 0;

    if (step->kind == PP_STEP_BLUR) {
        scratch = blur_scratch_bytes(plan, step, &from.image);
    } else {
        r = move_on(memory, step->to, from.image.bits);
        scratch = r < 0 ? 0 : thumbnail_scratch_bytes(plan, step, &from, &memory->image);
    }
    memory->scratch_bytes = larger(memory->scratch_bytes, scratch);
    return r;
}

static int walk_stages(const struct pp_plan *plan, struct memory *memory)
{
    struct pp_image decoded;
    int r = pp_plan_images(plan, &decoded, &memory->image, &memory->area_bytes[0]);

    memory->width = (double)plan->header.size.width / plan->scale.shrink;
    memory->height = (double)plan->header.size.height / plan->scale.shrink;
    if (r == 0 && pp_plan_turns_first(plan)) {
        r = move_on(memory, pp_orientation_size(plan->header.size, plan->header.orientation),
                    plan->header.bits);
    }
    for (int32_t i = 0; i < plan->count && r == 0; i++) {
        r = walk_step(plan, &plan->steps[i], memory);
    }
    if (r == 0 && pp_plan_turns(plan) && !pp_plan_turns_first(plan)) {
        r = move_on(memory, plan->size, plan->header.bits);
    }
    return r;
}

int pp_plan_memory_measure(struct pp_plan *plan, struct pp_error *error)
{
    struct memory memory = {0};
    int r = walk_stages(plan, &memory);

    if (r < 0) {
        return pp_error_set_errno(error, r, "image of %dx%d pixels, %d bands of %d bits",
                                  plan->header.size.width, plan->header.size.height,
                                  plan->header.bands, plan->header.bits);
    }
    if (!pp_size_add(memory.area_bytes[0], memory.area_bytes[1], &plan->pixel_bytes)) {
        return pp_error_set(error, -EOVERFLOW, "image does not fit the address space");
    }
    plan->second_area = memory.area_bytes[0];
    plan->scratch_bytes = memory.scratch_bytes;
    plan->output_bytes = pp_codec_encoded_bytes_max(
        plan->encode.format, plan->size, plan->header.bands, plan->header.bits, METADATA_BYTES);
    return 0;
}
