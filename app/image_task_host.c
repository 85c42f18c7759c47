/* SPDX-License-Identifier: MIT */
/*
 * The host's half. A reply comes from a process that read a stranger's file, so it is checked like
 * the file itself: enumerations and sizes are in range, texts end, before anything is indexed,
 * multiplied or printed with them. A plan that passes can still be a wrong one, but then it is
 * another worker that comes to grief over it.
 */
#include <errno.h>
#include <string.h>

#include "app/image_task.h"

/* Beyond any plan: half the address space of a process. */
#define MEMORY_MAX ((size_t)1 << 46)

void image_task_probe(struct pp_task *task, const struct image_probe *arguments, int fd)
{
    *task = (struct pp_task){
        .function = "probe",
        .arguments = arguments,
        .arguments_length = sizeof(*arguments),
        .fd_count = 1,
        .fds = {fd},
    };
}

void image_task_render(struct pp_task *task, const struct image_render *arguments, int fd)
{
    *task = (struct pp_task){
        .function = "render",
        .arguments = arguments,
        .arguments_length = sizeof(*arguments),
        .slot_count = 2,
        .fd_count = 1,
        .fds = {fd},
    };
    task->slots[IMAGE_SLOT_PIXELS].bytes = arguments->plan.pixel_bytes;
    task->slots[IMAGE_SLOT_PIXELS].scratch = true;
    task->slots[IMAGE_SLOT_OUTPUT].bytes = arguments->plan.output_bytes;
}

static bool is_size(struct pp_size size)
{
    return size.width >= 1 && size.width <= PP_IMAGE_SIDE_MAX && size.height >= 1 &&
           size.height <= PP_IMAGE_SIDE_MAX;
}

static bool is_text(const char *text, size_t bytes)
{
    return memchr(text, '\0', bytes) != NULL;
}

static bool is_header(const struct pp_header *header)
{
    return header->format > PP_FORMAT_UNKNOWN && header->format <= PP_FORMAT_OTHER &&
           is_size(header->size) && header->bands >= 1 && header->bands <= 4 &&
           (header->bits == 8 || header->bits == 16) && header->orientation >= 1 &&
           header->orientation <= 8 && is_text(header->loader, sizeof(header->loader));
}

static bool is_step(const struct pp_plan_step *step)
{
    return (step->kind == PP_STEP_BLUR || step->kind == PP_STEP_THUMBNAIL) && is_size(step->from) &&
           is_size(step->to);
}

static bool is_encoding(const struct pp_encode_options *encode)
{
    return encode->format > PP_FORMAT_UNKNOWN && encode->format <= PP_FORMAT_OTHER &&
           encode->quality >= 0 && encode->quality <= 100;
}

static bool is_memory(size_t bytes)
{
    return bytes > 0 && bytes <= MEMORY_MAX;
}

static bool is_plan(const struct pp_plan *plan)
{
    if (!is_header(&plan->header) || !is_encoding(&plan->encode) || !is_size(plan->size) ||
        !is_text(plan->reason, sizeof(plan->reason)) || !is_memory(plan->pixel_bytes) ||
        !is_memory(plan->output_bytes) || plan->scratch_bytes > MEMORY_MAX ||
        plan->mode < PP_PLAN_FAST || plan->mode > PP_PLAN_PILLOW || plan->scale.shrink < 1 ||
        plan->scale.shrink > 8 || plan->count < 0 || plan->count > PP_CHAIN_STEPS_MAX ||
        (plan->bits != 8 && plan->bits != 16)) {
        return false;
    }
    for (int32_t i = 0; i < plan->count; i++) {
        if (!is_step(&plan->steps[i])) {
            return false;
        }
    }
    return true;
}

int image_task_plan(const struct pp_result *result, struct pp_plan *ret_plan)
{
    struct pp_plan plan;

    if (result->reply_length != sizeof(plan)) {
        return -EPROTO;
    }
    memcpy(&plan, result->reply, sizeof(plan));
    if (!is_plan(&plan)) {
        return -EPROTO;
    }
    *ret_plan = plan;
    return 0;
}

int image_task_output(const struct pp_result *result, const struct pp_plan *plan, size_t *ret_bytes)
{
    struct image_rendered rendered;

    if (result->reply_length != sizeof(rendered)) {
        return -EPROTO;
    }
    memcpy(&rendered, result->reply, sizeof(rendered));
    if (rendered.bytes == 0 || rendered.bytes > plan->output_bytes) {
        return -EPROTO;
    }
    *ret_bytes = (size_t)rendered.bytes;
    return 0;
}
