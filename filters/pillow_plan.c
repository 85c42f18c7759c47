/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "filters/pillow_plan.h"
#include "filters/pillow_thumbnail.h"
#include "filters/thumbnail.h"

static bool is_read(enum pp_format format)
{
    switch (format) {
    case PP_FORMAT_AVIF:
    case PP_FORMAT_HDR:
    case PP_FORMAT_HEIF:
    case PP_FORMAT_JXL:
    case PP_FORMAT_PIC:
    case PP_FORMAT_SVG:
        return false;
    default:
        return true;
    }
}

int pp_pillow_plan_check(const struct pp_header *header, struct pp_error *error)
{
    const char *reason = NULL;

    if (!is_read(header->format)) {
        reason = "Pillow 9.4 does not read this format";
    } else if (header->bits != 8) {
        reason = "Pillow does not filter more than 8 bits a sample";
    } else if (!header->plain) {
        reason = "Pillow has other pixels of an image of this kind (palette, ink, key colour ...)";
    }
    return reason == NULL
               ? 0
               : pp_error_set(error, -ENOTSUP, "%s: choose --plan fast or exact", reason);
}

/*
 * The thumbnail that finds the file as it was opened. One that changes nothing does not touch it; a
 * blur does, even if it changes nothing.
 */
static bool find_first_thumbnail(struct pp_size size, const struct pp_chain *chain,
                                 struct pp_size *ret_to)
{
    for (int32_t i = 0; i < chain->count && chain->steps[i].kind == PP_STEP_THUMBNAIL; i++) {
        *ret_to = pp_thumbnail_size(size, chain->steps[i].box);
        if (ret_to->width != size.width || ret_to->height != size.height) {
            return true;
        }
    }
    return false;
}

int32_t pp_pillow_plan_shrink(const struct pp_header *header, const struct pp_chain *chain,
                              const char **ret_reason)
{
    struct pp_size to;
    int32_t shrink;

    *ret_reason = "Pillow uses every pixel";
    if (header->format != PP_FORMAT_JPEG || header->orientation != 1 ||
        !find_first_thumbnail(header->size, chain, &to)) {
        return 1;
    }
    shrink = pp_pillow_thumbnail_shrink(header->size, to);
    if (shrink > 1) {
        *ret_reason = "Pillow needs no more for the thumbnail";
    }
    return shrink;
}
