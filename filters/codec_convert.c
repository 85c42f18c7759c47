/* SPDX-License-Identifier: MIT */

/*
 * What a format cannot hold is converted in place before it is written: a sample or a pixel never
 * grows by it, so that reading from the left stays ahead of writing.
 */

#include "filters/codec_library.h"
#include "filters/premultiply.h"

void pp_codec_make_8_bit(struct pp_image *image)
{
    if (image->bits == 16) {
        struct pp_image wide = *image;

        pp_narrow(&wide, image);
    }
}

/* colour * alpha + white * (1 - alpha), rounded, where white and the whole of alpha are @most. */
static uint32_t over_white(uint32_t colour, uint32_t alpha, uint32_t most)
{
    return most - ((most - colour) * alpha + most / 2) / most;
}

static void flatten_row_8(uint8_t *row, int32_t width, int32_t colours)
{
    const uint8_t *from = row;
    uint8_t *to = row;

    for (int32_t x = 0; x < width; x++, from += colours + 1) {
        uint32_t alpha = from[colours];

        for (int32_t band = 0; band < colours; band++) {
            *to++ = (uint8_t)over_white(from[band], alpha, UINT8_MAX);
        }
    }
}

static void flatten_row_16(uint16_t *row, int32_t width, int32_t colours)
{
    const uint16_t *from = row;
    uint16_t *to = row;

    for (int32_t x = 0; x < width; x++, from += colours + 1) {
        uint32_t alpha = from[colours];

        for (int32_t band = 0; band < colours; band++) {
            *to++ = (uint16_t)over_white(from[band], alpha, UINT16_MAX);
        }
    }
}

void pp_codec_flatten(struct pp_image *image)
{
    int32_t colours = image->bands - 1;

    if (!pp_image_has_alpha(image)) {
        return;
    }
    for (int32_t y = 0; y < image->height; y++) {
        uint8_t *row = pp_image_row(image, y);

        if (image->bits == 16) {
            flatten_row_16((void *)row, image->width, colours);
        } else {
            flatten_row_8(row, image->width, colours);
        }
    }
    image->bands = colours;
}

void pp_codec_pack(struct pp_image *image)
{
    size_t bytes = (size_t)image->width * (size_t)image->bands * pp_image_sample_bytes(image);

    for (int32_t y = 1; y < image->height; y++) {
        memmove(image->pixels + (size_t)y * bytes, pp_image_row(image, y), bytes);
    }
    image->stride = bytes;
}
