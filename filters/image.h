/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Image: pixels in memory that somebody else owns
 *
 * Rows from top to bottom, samples of one pixel beside one another (interleaved), sRGB codes or
 * whatever the ICC profile that travels beside them says. Passed by value or pointer; never frees.
 */

#include "core/base.h"
#include "core/error.h"

/* The largest width or height that any filter accepts, in pixels. */
#define PP_IMAGE_SIDE_MAX 1000000

/* Rows of an image made by pp_image_init() start at multiples of this many bytes: one vector. */
#define PP_IMAGE_ALIGNMENT 64

struct pp_size {
    int32_t width;  /* pixels */
    int32_t height; /* pixels */
};

struct pp_image {
    uint8_t *pixels; /* first byte of the first row; not owned */
    int32_t width;   /* pixels, 1 or more */
    int32_t height;  /* pixels, 1 or more */
    int32_t bands;   /* 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha */
    int32_t bits;    /* of one sample: 8 (uint8_t) or 16 (uint16_t, native order) */
    size_t stride;   /* bytes from one row to the next; even where bits is 16 */
};

/* Whether the last band is alpha, the opacity of a pixel. */
static inline bool pp_image_has_alpha(const struct pp_image *image)
{
    return image->bands == 2 || image->bands == 4;
}

/* Bytes of one sample: 1 or 2. */
static inline size_t pp_image_sample_bytes(const struct pp_image *image)
{
    return (size_t)image->bits / 8;
}

/* The first byte of row @y, which the caller knows to be inside. */
static inline uint8_t *pp_image_row(const struct pp_image *image, int32_t y)
{
    return image->pixels + (size_t)y * image->stride;
}

/*
 * Describe an image of that shape, with aligned rows, and say how much memory its pixels need.
 *
 * This is the one place where dimensions are multiplied. Sets *image with pixels == NULL, for the
 * caller to point at *ret_bytes bytes aligned to PP_IMAGE_ALIGNMENT.
 * Returns 0; -EINVAL for a side below 1 or above PP_IMAGE_SIDE_MAX, bands outside 1 to 4 or bits
 * other than 8 and 16; -EOVERFLOW where the bytes do not fit size_t.
 */
PP_MUST_CHECK int pp_image_init(struct pp_image *image, struct pp_size size, int32_t bands,
                                int32_t bits, size_t *ret_bytes);
