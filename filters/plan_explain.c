/* SPDX-License-Identifier: MIT */
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>

#include "filters/orientation.h"
#include "filters/plan.h"

/*
 * The plan as its reader wants it: one line a stage, in the order in which they run, sizes as they
 * lie in memory. Numbers are written in the C locale, so that the same plan reads the same
 * anywhere.
 */

/* What is written so far; length may pass bytes, the rest is then cut. */
struct text {
    char *start;
    size_t bytes;
    size_t length;
};

static const char *const format_names[] = {
    [PP_FORMAT_UNKNOWN] = "unknown", [PP_FORMAT_JPEG] = "JPEG", [PP_FORMAT_PNG] = "PNG",
    [PP_FORMAT_BMP] = "BMP",         [PP_FORMAT_TGA] = "TGA",   [PP_FORMAT_PSD] = "PSD",
    [PP_FORMAT_PIC] = "PIC",         [PP_FORMAT_HDR] = "HDR",   [PP_FORMAT_WEBP] = "WebP",
    [PP_FORMAT_TIFF] = "TIFF",       [PP_FORMAT_HEIF] = "HEIF", [PP_FORMAT_AVIF] = "AVIF",
    [PP_FORMAT_GIF] = "GIF",         [PP_FORMAT_JXL] = "JXL",   [PP_FORMAT_JP2] = "JP2",
    [PP_FORMAT_SVG] = "SVG",         [PP_FORMAT_PNM] = "PNM",
};

static const char *const turns[] = {
    [2] = "mirrored left to right",      [3] = "by 180 degrees",
    [4] = "mirrored top to bottom",      [5] = "mirrored along the falling diagonal",
    [6] = "90 degrees clockwise",        [7] = "mirrored along the rising diagonal",
    [8] = "90 degrees counterclockwise",
};

PP_PRINTF(2, 3) static void add(struct text *text, const char *format, ...)
{
    size_t left = text->length < text->bytes ? text->bytes - text->length : 0;
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(left > 0 ? text->start + text->length : NULL, left, format, arguments);
    va_end(arguments);
    text->length += length > 0 ? (size_t)length : 0;
}

/* What is left out of a file that holds more than the picture that is read. */
static void add_frames(struct text *text, const struct pp_header *header)
{
    if (header->frames <= 1) {
        return;
    }
    switch (header->format) {
    case PP_FORMAT_GIF:
    case PP_FORMAT_JXL:
    case PP_FORMAT_PNG:
    case PP_FORMAT_WEBP:
        add(text, ", frame 1 of %d", header->frames);
        break;
    case PP_FORMAT_AVIF:
    case PP_FORMAT_HEIF:
        /* The file says which one is the picture; that need not be the first. */
        add(text, ", main image of %d", header->frames);
        break;
    default:
        add(text, ", page 1 of %d", header->frames);
    }
}

static void add_decode(struct text *text, const struct pp_plan *plan)
{
    const struct pp_header *header = &plan->header;
    bool is_named = (size_t)header->format < PP_ARRAY_LENGTH(format_names);
    struct pp_size size = pp_codec_shrunk_size(header, plan->scale.shrink);

    add(text, "decode     %s %dx%d", is_named ? format_names[header->format] : header->loader,
        header->size.width, header->size.height);
    add_frames(text, header);
    add(text, ", %d band%s, %d bits", header->bands, header->bands == 1 ? "" : "s", header->bits);
    if (plan->scale.shrink > 1) {
        add(text, "%s 1/%d -> %dx%d", plan->scale.means ? ", means of all at" : ", at",
            plan->scale.shrink, size.width, size.height);
    }
    add(text, ": %s\n", plan->reason);
    if (plan->bits != header->bits) {
        add(text, "widen      to %d bits, colour multiplied by opacity\n", plan->bits);
    }
}

/* A blur alone that works on means goes back to the full size. */
static const char *step_name(const struct pp_plan_step *step)
{
    return step->to.width > step->from.width ? "enlarge  " : "thumbnail";
}

static void add_step_as_pillow(struct text *text, const struct pp_plan *plan,
                               const struct pp_plan_step *step)
{
    const bool has_alpha = plan->header.bands == 2 || plan->header.bands == 4;

    if (step->kind == PP_STEP_BLUR) {
        add(text, "blur       sigma %g at %dx%d%s, as Pillow does\n", step->sigma, step->from.width,
            step->from.height, has_alpha ? ", whatever the opacity" : "");
    } else {
        add(text, "thumbnail  %dx%d -> %dx%d, as Pillow does\n", step->from.width,
            step->from.height, step->to.width, step->to.height);
    }
}

static void add_turn(struct text *text, const struct pp_plan *plan)
{
    struct pp_size size = plan->size;

    if (pp_plan_turns_first(plan)) {
        size = pp_orientation_size(plan->header.size, plan->header.orientation);
    }
    add(text, "orient     %s (EXIF %d) -> %dx%d\n", turns[plan->header.orientation],
        plan->header.orientation, size.width, size.height);
}

static void add_step(struct text *text, const struct pp_plan *plan, const struct pp_plan_step *step)
{
    if (plan->mode == PP_PLAN_PILLOW) {
        add_step_as_pillow(text, plan, step);
    } else if (step->kind == PP_STEP_BLUR) {
        add(text, "blur       sigma %g at %dx%d\n", step->sigma, step->from.width,
            step->from.height);
    } else {
        if (step->sigma > 0) {
            add(text, "blur       sigma %g of the full size, in one pass with:\n", step->sigma);
        }
        add(text, "%s  %dx%d -> %dx%d\n", step_name(step), step->from.width, step->from.height,
            step->to.width, step->to.height);
    }
}

static void add_encode(struct text *text, const struct pp_encode_options *encode)
{
    add(text, "encode     %s", format_names[encode->format]);
    if (encode->quality > 0) {
        add(text, " quality %d", encode->quality);
    }
    add(text, "\n");
}

static void add_memory(struct text *text, const struct pp_plan *plan)
{
    add(text, "memory     %.1f MB pixels, %.1f MB scratch\n", (double)plan->pixel_bytes / 1e6,
        (double)plan->scratch_bytes / 1e6);
}

void pp_plan_explain(const struct pp_plan *plan, char *text, size_t bytes)
{
    struct text lines = {.start = text, .bytes = bytes};
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    locale_t users_locale = uselocale(c_locale);

    add_decode(&lines, plan);
    if (pp_plan_turns_first(plan)) {
        add_turn(&lines, plan);
    }
    for (int32_t i = 0; i < plan->count; i++) {
        add_step(&lines, plan, &plan->steps[i]);
    }
    if (pp_plan_turns(plan) && !pp_plan_turns_first(plan)) {
        add_turn(&lines, plan);
    }
    add_encode(&lines, &plan->encode);
    add_memory(&lines, plan);
    uselocale(users_locale);
    if (c_locale != (locale_t)0) {
        freelocale(c_locale);
    }
}
