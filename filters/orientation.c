/* SPDX-License-Identifier: MIT */

/*
 * Each of the eight is a walk through the source: where it starts, how far one target pixel to the
 * right is in the source's memory, and how far one down. Where the walk goes across the rows it
 * goes block by block, so that the lines of the cache that a block touches stay there until all of
 * their pixels have been used.
 */

#include <string.h>

#include "filters/orientation.h"

/* The side of a block in pixels: 64 rows of a cache line or a few, on either side. */
#define BLOCK 64

/* What the source's x and y do while the target's go from left to right, from top to bottom. */
struct turn {
    bool swapped;  /* the source's y goes along with the target's x */
    bool mirrored; /* the source's x goes backwards */
    bool flipped;  /* the source's y goes backwards */
};

static struct turn turn_of(int32_t orientation)
{
    static const struct turn turns[] = {
        {false, false, false}, {false, true, false}, {false, true, true}, {false, false, true},
        {true, false, false},  {true, false, true},  {true, true, true},  {true, true, false},
    };

    return turns[orientation >= 1 && orientation <= 8 ? orientation - 1 : 0];
}

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

struct pp_size pp_orientation_size(struct pp_size size, int32_t orientation)
{
    return turn_of(orientation).swapped ? (struct pp_size){size.height, size.width} : size;
}

/* A walk through the source in bytes. */
struct walk {
    const uint8_t *start;
    ptrdiff_t right;
    ptrdiff_t down;
};

static struct walk walk_of(const struct pp_image *source, struct turn turn)
{
    const ptrdiff_t pixel = source->bands * (ptrdiff_t)pp_image_sample_bytes(source);
    const ptrdiff_t along = turn.mirrored ? -pixel : pixel;
    const ptrdiff_t across = turn.flipped ? -(ptrdiff_t)source->stride : (ptrdiff_t)source->stride;

    return (struct walk){
        .start = pp_image_row(source, turn.flipped ? source->height - 1 : 0) +
                 (turn.mirrored ? source->width - 1 : 0) * pixel,
        .right = turn.swapped ? across : along,
        .down = turn.swapped ? along : across,
    };
}

/* Copy @columns by @rows pixels of @bytes bytes, a number that the compiler knows. */
static inline __attribute__((always_inline)) void copy_block_sized(struct walk walk, uint8_t *to,
                                                                   size_t stride, int32_t columns,
                                                                   int32_t rows, size_t bytes)
{
    for (int32_t y = 0; y < rows; y++) {
        const uint8_t *from = walk.start + y * walk.down;
        uint8_t *pixel = to + (size_t)y * stride;

        for (int32_t x = 0; x < columns; x++) {
            memcpy(pixel, from, bytes);
            pixel += bytes;
            from += walk.right;
        }
    }
}

static void copy_block(struct walk walk, uint8_t *to, size_t stride, int32_t columns, int32_t rows,
                       size_t bytes)
{
    switch (bytes) {
    case 1:
        copy_block_sized(walk, to, stride, columns, rows, 1);
        break;
    case 2:
        copy_block_sized(walk, to, stride, columns, rows, 2);
        break;
    case 3:
        copy_block_sized(walk, to, stride, columns, rows, 3);
        break;
    case 4:
        copy_block_sized(walk, to, stride, columns, rows, 4);
        break;
    case 6:
        copy_block_sized(walk, to, stride, columns, rows, 6);
        break;
    default:
        copy_block_sized(walk, to, stride, columns, rows, 8);
        break;
    }
}

static void copy_rows(struct walk walk, const struct pp_image *target, size_t bytes)
{
    for (int32_t y = 0; y < target->height; y++) {
        memcpy(pp_image_row(target, y), walk.start + y * walk.down, (size_t)target->width * bytes);
    }
}

void pp_orientation_apply(const struct pp_image *source, int32_t orientation,
                          const struct pp_image *target)
{
    const struct turn turn = turn_of(orientation);
    const struct walk walk = walk_of(source, turn);
    const size_t bytes = (size_t)source->bands * pp_image_sample_bytes(source);

    if (!turn.swapped && !turn.mirrored) {
        copy_rows(walk, target, bytes);
        return;
    }
    for (int32_t y = 0; y < target->height; y += BLOCK) {
        for (int32_t x = 0; x < target->width; x += BLOCK) {
            struct walk block = walk;

            block.start += x * walk.right + y * walk.down;
            copy_block(block, pp_image_row(target, y) + (size_t)x * bytes, target->stride,
                       smaller(target->width - x, BLOCK), smaller(target->height - y, BLOCK),
                       bytes);
        }
    }
}
