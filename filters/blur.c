/* SPDX-License-Identifier: MIT */

/*
 * The Gaussian of an image is that of all its rows and then that of all its columns, each by
 * filters/gaussian.c, which filters lines that lie beside one another.
 *
 * Columns lie so already: a strip of 32 bytes is taken as it is, whatever bands it cuts through.
 * Rows are laid so: as many as fit into 32 bytes are transposed into a tile in scratch memory,
 * filtered there, band by band, and transposed back. Both strips and tiles may start anywhere,
 * since no line knows of its neighbours; so any partition gives the same bytes.
 *
 * Between the two halves the samples are rounded to what the image stores. What that costs is
 * accounted for in filters/gaussian.c.
 */

#include "filters/blur.h"
#include "filters/block.h"
#include "filters/gaussian.h"

/* Rows in a tile: with more, the tile of a large photo would not stay in the second cache. */
#define TILE_ROWS 32

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* Bytes of a place in a tile: one sample of each of its rows. */
static size_t place_bytes(const struct pp_image *image)
{
    return TILE_ROWS * pp_image_sample_bytes(image);
}

static size_t tile_bytes(const struct pp_image *image)
{
    return pp_size_round_up((size_t)image->width * (size_t)image->bands * place_bytes(image),
                            PP_IMAGE_ALIGNMENT);
}

/* Lay rows @first_row to @first_row + @rows - 1 into the tile, or take them @back from there. */
static void turn(const struct pp_image *image, int32_t first_row, int32_t rows, uint8_t *tile,
                 bool back)
{
    const size_t sample = pp_image_sample_bytes(image);
    const size_t place = place_bytes(image);
    const int32_t samples = image->width * image->bands;

    for (int32_t x = 0; x < samples; x += PP_BLOCK_SIDE) {
        const int32_t columns = smaller(samples - x, PP_BLOCK_SIDE);

        for (int32_t y = 0; y < rows; y += PP_BLOCK_SIDE) {
            const int32_t height = smaller(rows - y, PP_BLOCK_SIDE);
            uint8_t *pixels = pp_image_row(image, first_row + y) + (size_t)x * sample;
            uint8_t *places = tile + (size_t)x * place + (size_t)y * sample;

            if (back) {
                pp_block_move(pixels, image->stride, places, place, columns, height, sample);
            } else {
                pp_block_move(places, place, pixels, image->stride, height, columns, sample);
            }
        }
    }
}

size_t pp_blur_scratch_bytes(const struct pp_image *image, double sigma)
{
    struct pp_gaussian gaussian;
    size_t rows, columns;

    pp_gaussian_init(&gaussian, sigma, image->bits);
    rows = tile_bytes(image) + pp_gaussian_scratch_bytes(&gaussian, TILE_ROWS, image->width);
    columns = pp_gaussian_scratch_bytes(&gaussian, PP_GAUSSIAN_LANES_MAX, image->height);
    return gaussian.radius == 0 ? 0 : rows > columns ? rows : columns;
}

void pp_blur_rows(const struct pp_image *image, double sigma, int32_t first_row, int32_t rows,
                  void *scratch)
{
    struct pp_gaussian gaussian;
    uint8_t *tile = scratch;

    pp_gaussian_init(&gaussian, sigma, image->bits);
    if (gaussian.radius == 0) {
        return;
    }
    for (int32_t y = 0; y < rows; y += TILE_ROWS) {
        const int32_t lanes = smaller(rows - y, TILE_ROWS);

        turn(image, first_row + y, lanes, tile, false);
        for (size_t band = 0; band < (size_t)image->bands; band++) {
            pp_gaussian_filter(&gaussian, tile + band * place_bytes(image),
                               (size_t)image->bands * place_bytes(image), lanes, image->width,
                               tile + tile_bytes(image));
        }
        turn(image, first_row + y, lanes, tile, true);
    }
}

void pp_blur_columns(const struct pp_image *image, double sigma, int32_t first_column,
                     int32_t columns, void *scratch)
{
    struct pp_gaussian gaussian;
    const int32_t first = first_column * image->bands;
    const int32_t end = first + columns * image->bands;

    pp_gaussian_init(&gaussian, sigma, image->bits);
    if (gaussian.radius == 0) {
        return;
    }
    for (int32_t x = first; x < end; x += PP_GAUSSIAN_LANES_MAX) {
        pp_gaussian_filter(&gaussian, image->pixels + (size_t)x * pp_image_sample_bytes(image),
                           image->stride, smaller(end - x, PP_GAUSSIAN_LANES_MAX), image->height,
                           scratch);
    }
}

void pp_blur(const struct pp_image *image, double sigma, void *scratch)
{
    pp_blur_rows(image, sigma, 0, image->height, scratch);
    pp_blur_columns(image, sigma, 0, image->width, scratch);
}
