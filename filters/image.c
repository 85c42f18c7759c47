/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "filters/image.h"

static bool side_is_valid(int32_t side)
{
    return side >= 1 && side <= PP_IMAGE_SIDE_MAX;
}

int pp_image_init(struct pp_image *image, struct pp_size size, int32_t bands, int32_t bits,
                  size_t *ret_bytes)
{
    size_t stride;
    size_t bytes;

    if (!side_is_valid(size.width) || !side_is_valid(size.height) || bands < 1 || bands > 4 ||
        (bits != 8 && bits != 16)) {
        return -EINVAL;
    }
    stride = pp_size_round_up((size_t)size.width * (size_t)bands * ((size_t)bits / 8),
                              PP_IMAGE_ALIGNMENT);
    if (!pp_size_multiply(stride, (size_t)size.height, &bytes)) {
        return -EOVERFLOW;
    }
    *image = (struct pp_image){
        .width = size.width,
        .height = size.height,
        .bands = bands,
        .bits = bits,
        .stride = stride,
    };
    *ret_bytes = bytes;
    return 0;
}
