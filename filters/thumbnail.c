/* SPDX-License-Identifier: MIT */

/*
 * Pillow's rule, in the same double-precision steps, so that no rounding can come out differently:
 * the side that the box leaves free is rounded down or up, to whichever makes an aspect nearer to
 * the source's, down if both are as near; and to 1 where down is 0.
 */

#include <math.h>

#include "filters/thumbnail.h"

/* The width for @height whose quotient comes nearest to @aspect. */
static int32_t nearest_width(double aspect, int32_t height)
{
    const double low = floor(height * aspect);
    const double high = ceil(height * aspect);
    const bool up = fabs(aspect - high / height) < fabs(aspect - low / height);

    return (int32_t)fmax(up ? high : low, 1);
}

/* The height for @width whose quotient comes nearest to @aspect. */
static int32_t nearest_height(double aspect, int32_t width)
{
    const double low = floor(width / aspect);
    const double high = ceil(width / aspect);
    const bool up = low > 0 && fabs(aspect - width / high) < fabs(aspect - width / low);

    return (int32_t)fmax(up ? high : low, 1);
}

struct pp_size pp_thumbnail_size(struct pp_size source, struct pp_size box)
{
    const double aspect = (double)source.width / source.height;

    if (box.width >= source.width && box.height >= source.height) {
        return source;
    }
    if ((double)box.width / box.height >= aspect) {
        return (struct pp_size){nearest_width(aspect, box.height), box.height};
    }
    return (struct pp_size){box.width, nearest_height(aspect, box.width)};
}
