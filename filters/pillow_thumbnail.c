/* SPDX-License-Identifier: MIT */

/*
 * Opacity goes in and out in 8 bits, unlike in filters/premultiply.h: a product is rounded, and a
 * quotient cut. Images with alpha are not averaged first, however large they are: Pillow forgets
 * the gap when it converts them.
 */

#include "filters/pillow_thumbnail.h"
#include "filters/pillow_resize.h"

/* Pixels that the first step leaves for each of the thumbnail, along either axis. */
#define GAP 2.0

/* value * alpha / 255, rounded. */
static uint8_t multiply(uint32_t value, uint32_t alpha)
{
    const uint32_t product = value * alpha + 128;

    return (uint8_t)((product + (product >> 8)) >> 8);
}

static uint8_t divide(uint32_t value, uint32_t alpha)
{
    const uint32_t quotient = 255 * value / alpha;

    return (uint8_t)(quotient > 255 ? 255 : quotient);
}

static void multiply_by_alpha(const struct pp_image *image)
{
    const int32_t bands = image->bands;

    for (int32_t y = 0; y < image->height; y++) {
        uint8_t *pixel = pp_image_row(image, y);

        for (int32_t x = 0; x < image->width; x++, pixel += bands) {
            for (int32_t band = 0; band < bands - 1; band++) {
                pixel[band] = multiply(pixel[band], pixel[bands - 1]);
            }
        }
    }
}

/* Where alpha is 0 the colour stays what it is, which is what the kernel's negative weights left.
 */
static void divide_by_alpha(const struct pp_image *image)
{
    const int32_t bands = image->bands;

    for (int32_t y = 0; y < image->height; y++) {
        uint8_t *pixel = pp_image_row(image, y);

        for (int32_t x = 0; x < image->width; x++, pixel += bands) {
            for (int32_t band = 0; band < bands - 1 && pixel[bands - 1] > 0; band++) {
                pixel[band] = divide(pixel[band], pixel[bands - 1]);
            }
        }
    }
}

/* How many pixels of @length may become one before they become @side. */
static int32_t factor_for(double length, int32_t side)
{
    const int32_t factor = (int32_t)(length / side / GAP);

    return factor > 1 ? factor : 1;
}

static struct pp_pillow_factor choose_factor(double width, double height,
                                             const struct pp_image *target)
{
    if (pp_image_has_alpha(target)) {
        return (struct pp_pillow_factor){1, 1};
    }
    return (struct pp_pillow_factor){factor_for(width, target->width),
                                     factor_for(height, target->height)};
}

int32_t pp_pillow_thumbnail_shrink(struct pp_size size, struct pp_size to)
{
    const int32_t across = factor_for(size.width, to.width);
    const int32_t down = factor_for(size.height, to.height);
    const int32_t most = across < down ? across : down;

    return most >= 8 ? 8 : most >= 4 ? 4 : most >= 2 ? 2 : 1;
}

size_t pp_pillow_thumbnail_scratch_bytes(const struct pp_image *source, double width, double height,
                                         const struct pp_image *target)
{
    return pp_pillow_resize_scratch_bytes(source, width, height,
                                          choose_factor(width, height, target), target);
}

void pp_pillow_thumbnail(const struct pp_image *source, double width, double height,
                         const struct pp_image *target, void *scratch)
{
    const struct pp_pillow_factor factor = choose_factor(width, height, target);

    if (pp_image_has_alpha(source)) {
        multiply_by_alpha(source);
    }
    pp_pillow_resize(source, width, height, factor, target, scratch);
    if (pp_image_has_alpha(target)) {
        divide_by_alpha(target);
    }
}
