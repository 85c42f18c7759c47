/* SPDX-License-Identifier: MIT */

/*
 * Every pair of 8-bit values, and the 16-bit ones where rounding is hardest, against the plain
 * quotient in extended precision.
 */

#include <math.h>

#include "filters/premultiply.h"
#include "tests/canvas.h"

static void test_premultiply_is_exact_8(void)
{
    struct canvas canvas = canvas_create(256, 256, 2, 8);

    for (int32_t i = 0; i < 65536; i++) {
        canvas_set(&canvas, i % 256 * 2, i / 256, i % 256);
        canvas_set(&canvas, i % 256 * 2 + 1, i / 256, i / 256);
    }
    pp_premultiply(&canvas.image);
    for (int32_t i = 0; i < 65536; i++) {
        const double wanted = floor(i % 256 * (i / 256) / 255.0 + 0.5);

        g_assert_cmpint(canvas_get(&canvas, i % 256 * 2, i / 256), ==, (int32_t)wanted);
        g_assert_cmpint(canvas_get(&canvas, i % 256 * 2 + 1, i / 256), ==, i / 256);
    }
    canvas_finish(&canvas);
}

static void test_unpremultiply_is_exact_8(void)
{
    struct canvas canvas = canvas_create(256, 256, 2, 8);

    for (int32_t i = 0; i < 65536; i++) {
        canvas_set(&canvas, i % 256 * 2, i / 256, i % 256);
        canvas_set(&canvas, i % 256 * 2 + 1, i / 256, i / 256);
    }
    pp_unpremultiply(&canvas.image);
    for (int32_t i = 256; i < 65536; i++) {
        const double wanted = floor(i % 256 * 255.0 / (i / 256) + 0.5);

        g_assert_cmpint(canvas_get(&canvas, i % 256 * 2, i / 256), ==, (int32_t)fmin(wanted, 255));
    }
    /* What nobody can see has no colour. */
    for (int32_t x = 0; x < 256; x++) {
        g_assert_cmpint(canvas_get(&canvas, x * 2, 0), ==, 0);
    }
    canvas_finish(&canvas);
}

/* Values at which products and quotients come near to a half, and the ends of the range. */
static void fill_hard(struct canvas *canvas, guint32 seed)
{
    static const int32_t hard[] = {0, 1, 2, 127, 128, 255, 256, 257, 32767, 32768, 65534, 65535};
    GRand *dice = g_rand_new_with_seed(seed);

    canvas_noise(canvas, seed, false);
    for (int32_t y = 0; y < canvas->image.height; y += 2) {
        for (int32_t x = 0; x < canvas_samples(canvas); x++) {
            canvas_set(canvas, x, y, hard[g_rand_int_range(dice, 0, G_N_ELEMENTS(hard))]);
        }
    }
    g_rand_free(dice);
}

static void test_both_are_exact_16(void)
{
    struct canvas times = canvas_create(300, 200, 4, 16), over, before;

    fill_hard(&times, 1);
    over = canvas_copy(&times);
    before = canvas_copy(&times);
    pp_premultiply(&times.image);
    pp_unpremultiply(&over.image);
    for (int32_t y = 0; y < 200; y++) {
        for (int32_t x = 0; x < 1200; x++) {
            const int32_t colour = canvas_get(&before, x, y);
            const int32_t alpha = canvas_get(&before, x / 4 * 4 + 3, y);
            const long double product = floorl((long double)colour * alpha / 65535 + 0.5L);
            const long double quotient =
                alpha == 0 ? 0 : floorl((long double)colour * 65535 / alpha + 0.5L);

            g_assert_cmpint(canvas_get(&times, x, y), ==, x % 4 == 3 ? alpha : (int32_t)product);
            g_assert_cmpint(canvas_get(&over, x, y), ==,
                            x % 4 == 3 ? alpha : (int32_t)fminl(quotient, 65535));
        }
    }
    canvas_finish(&times);
    canvas_finish(&over);
    canvas_finish(&before);
}

static void test_no_alpha_is_left_alone(void)
{
    for (int32_t i = 0; i < 4; i++) {
        struct canvas canvas = canvas_create(20, 10, i % 2 == 0 ? 1 : 3, i < 2 ? 8 : 16), before;

        canvas_noise(&canvas, (guint32)i, false);
        before = canvas_copy(&canvas);
        pp_premultiply(&canvas.image);
        canvas_assert_same(&canvas, &before);
        pp_unpremultiply(&canvas.image);
        canvas_assert_same(&canvas, &before);
        canvas_finish(&canvas);
        canvas_finish(&before);
    }
}

static void test_there_and_back_shows_nothing(void)
{
    struct canvas wide = canvas_create(256, 256, 2, 16), narrow;
    struct pp_image back;

    /* Every 8-bit colour under every opacity: the way that plans take images with alpha. */
    for (int32_t i = 0; i < 65536; i++) {
        canvas_set(&wide, i % 256 * 2, i / 256, i % 256 * 257);
        canvas_set(&wide, i % 256 * 2 + 1, i / 256, i / 256 * 257);
    }
    pp_premultiply(&wide.image);
    pp_unpremultiply(&wide.image);
    pp_narrow(&wide.image, &back);
    narrow = wide;
    narrow.image = back;
    for (int32_t i = 256; i < 65536; i++) {
        g_assert_cmpint(canvas_get(&narrow, i % 256 * 2, i / 256), ==, i % 256);
    }
    g_free(wide.memory);
}

static void test_widening_takes_its_own_memory(void)
{
    /* One row and many, shorter and longer than any chunk; strides of exactly twice and more. */
    for (int32_t i = 0; i < 24; i++) {
        const int32_t width = 1 + i * i * 4, height = i % 2 == 0 ? 1 : 7, bands = 1 + i % 4;
        struct canvas wide = canvas_create(width, height, bands, 16);
        struct canvas values = canvas_create(width, height, bands, 8);
        struct pp_image narrow = wide.image;

        canvas_noise(&values, (guint32)i, false);
        narrow.bits = 8;
        narrow.stride = i % 3 == 0 ? wide.image.stride / 2 : canvas_row_bytes(&values);
        for (int32_t y = 0; y < height; y++) {
            memcpy(pp_image_row(&narrow, y), pp_image_row(&values.image, y),
                   canvas_row_bytes(&values));
        }
        pp_widen(&narrow, &wide.image);
        for (int32_t y = 0; y < height; y++) {
            for (int32_t x = 0; x < width * bands; x++) {
                g_assert_cmpint(canvas_get(&wide, x, y), ==, canvas_get(&values, x, y) * 257);
            }
        }
        canvas_finish(&values);
        g_free(wide.memory);
    }
}

static void test_narrowing_rounds(void)
{
    struct canvas wide = canvas_create(256, 256, 1, 16), narrow;

    for (int32_t i = 0; i < 65536; i++) {
        canvas_set(&wide, i % 256, i / 256, i);
    }
    narrow = wide;
    pp_narrow(&wide.image, &narrow.image);
    g_assert_cmpint(narrow.image.bits, ==, 8);
    g_assert_cmpuint(narrow.image.stride, ==, wide.image.stride);
    g_assert_true(narrow.image.pixels == wide.image.pixels);
    for (int32_t i = 0; i < 65536; i++) {
        g_assert_cmpint(canvas_get(&narrow, i % 256, i / 256), ==, (int32_t)floor(i / 257.0 + 0.5));
    }
    canvas_finish(&wide);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/premultiply/every-8-bit-product-is-exact", test_premultiply_is_exact_8);
    g_test_add_func("/premultiply/every-8-bit-quotient-is-exact", test_unpremultiply_is_exact_8);
    g_test_add_func("/premultiply/hard-16-bit-values-are-exact", test_both_are_exact_16);
    g_test_add_func("/premultiply/images-without-alpha-are-left-alone",
                    test_no_alpha_is_left_alone);
    g_test_add_func("/premultiply/there-and-back-at-16-bits-shows-nothing-in-8",
                    test_there_and_back_shows_nothing);
    g_test_add_func("/premultiply/widening-works-in-its-own-memory",
                    test_widening_takes_its_own_memory);
    g_test_add_func("/premultiply/narrowing-rounds", test_narrowing_rounds);
    return g_test_run();
}
