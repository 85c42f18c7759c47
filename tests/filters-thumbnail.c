/* SPDX-License-Identifier: MIT */

/*
 * The size rule: cases whose answers come from Pillow 9.4, and what must hold for any size.
 */

#include <glib.h>
#include <math.h>

#include "filters/thumbnail.h"

static void test_sizes_are_those_of_pillow(void)
{
    /* Ties, both ways round, sides that would be 0, and boxes that bind one side only. */
    static const struct {
        struct pp_size source, box, wanted;
    } cases[] = {
        {{4000, 3000}, {1200, 1200}, {1200, 900}},
        {{3000, 4000}, {1200, 1200}, {900, 1200}},
        {{1920, 1080}, {1200, 1200}, {1200, 675}},
        {{5472, 3648}, {256, 256}, {256, 171}},
        {{100, 100}, {200, 50}, {50, 50}},
        {{100, 100}, {50, 200}, {50, 50}},
        {{640, 480}, {640, 480}, {640, 480}},
        {{640, 480}, {1000, 1000}, {640, 480}},
        {{640, 480}, {640, 479}, {639, 479}},
        {{640, 480}, {639, 480}, {639, 479}},
        {{1000, 1}, {500, 500}, {500, 1}},
        {{1, 1000}, {500, 500}, {1, 500}},
        {{1000000, 1}, {1, 1}, {1, 1}},
        {{1, 1000000}, {1, 1}, {1, 1}},
        {{1000000, 999999}, {1000, 1000}, {1000, 1000}},
        {{3, 2}, {2, 2}, {2, 1}},
        {{2, 3}, {2, 2}, {1, 2}},
        {{7, 5}, {3, 3}, {3, 2}},
        {{5, 7}, {3, 3}, {2, 3}},
        {{13, 9}, {6, 6}, {6, 4}},
        {{9, 13}, {6, 6}, {4, 6}},
        {{11, 3}, {5, 4}, {5, 2}},
        {{3, 11}, {4, 5}, {1, 5}},
        {{1, 1}, {1, 1}, {1, 1}},
        {{2, 1}, {1, 1}, {1, 1}},
        {{8256, 5504}, {1491, 1200}, {1491, 994}},
        {{4912, 3264}, {1200, 1200}, {1200, 797}},
        {{3264, 2448}, {333, 77}, {103, 77}},
        {{2448, 3264}, {77, 333}, {77, 103}},
        {{6016, 4016}, {1199, 1201}, {1199, 800}},
        {{5184, 3456}, {1, 5000}, {1, 1}},
        {{5184, 3456}, {5000, 1}, {1, 1}},
        {{997, 991}, {499, 500}, {499, 496}},
        {{991, 997}, {500, 499}, {496, 499}},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const struct pp_size got = pp_thumbnail_size(cases[i].source, cases[i].box);

        g_test_message("%dx%d in %dx%d", cases[i].source.width, cases[i].source.height,
                       cases[i].box.width, cases[i].box.height);
        g_assert_cmpint(got.width, ==, cases[i].wanted.width);
        g_assert_cmpint(got.height, ==, cases[i].wanted.height);
    }
}

typedef void (*check_fn)(struct pp_size source, struct pp_size box, struct pp_size got);

static int32_t roll(GRand *dice)
{
    static const int32_t most[] = {3, 12, 100, 5000, PP_IMAGE_SIDE_MAX};

    return g_rand_int_range(dice, 1, most[g_rand_int_range(dice, 0, 5)] + 1);
}

/* Call @check for all small sizes and many others. */
static void for_many_sizes(check_fn check)
{
    GRand *dice = g_rand_new_with_seed(1);

    for (int32_t i = 0; i < 12 * 12 * 8 * 8; i++) {
        const struct pp_size source = {i % 12 + 1, i / 12 % 12 + 1};
        const struct pp_size box = {i / 144 % 8 + 1, i / 1152 + 1};

        check(source, box, pp_thumbnail_size(source, box));
    }
    for (int32_t i = 0; i < 100000; i++) {
        const struct pp_size source = {roll(dice), roll(dice)};
        const struct pp_size box = {roll(dice), roll(dice)};

        check(source, box, pp_thumbnail_size(source, box));
    }
    g_rand_free(dice);
}

static void check_bounds(struct pp_size source, struct pp_size box, struct pp_size got)
{
    g_assert_cmpint(got.width, >=, 1);
    g_assert_cmpint(got.height, >=, 1);
    g_assert_cmpint(got.width, <=, MIN(source.width, box.width));
    g_assert_cmpint(got.height, <=, MIN(source.height, box.height));
}

static void check_box_is_used(struct pp_size source, struct pp_size box, struct pp_size got)
{
    g_assert_true(got.width == box.width || got.height == box.height ||
                  (got.width == source.width && got.height == source.height));
}

static double aspect_error(struct pp_size source, int32_t width, int32_t height)
{
    return fabs((double)source.width / source.height - (double)width / height);
}

static void check_aspect(struct pp_size source, struct pp_size box, struct pp_size got)
{
    const double error = aspect_error(source, got.width, got.height);

    /* Of the side that the box leaves free, no neighbour would have kept the aspect better. */
    if (got.height == box.height && got.width < box.width) {
        g_assert_cmpfloat(error, <=, aspect_error(source, got.width + 1, got.height));
        g_assert_cmpfloat(error, <=, aspect_error(source, MAX(got.width - 1, 1), got.height));
    } else if (got.width == box.width && got.height < box.height) {
        g_assert_cmpfloat(error, <=, aspect_error(source, got.width, got.height + 1));
        g_assert_cmpfloat(error, <=, aspect_error(source, got.width, MAX(got.height - 1, 1)));
    }
}

static void test_bounds(void)
{
    for_many_sizes(check_bounds);
}

static void test_box_is_used(void)
{
    for_many_sizes(check_box_is_used);
}

static void test_aspect(void)
{
    for_many_sizes(check_aspect);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/thumbnail/sizes-are-those-of-pillow", test_sizes_are_those_of_pillow);
    g_test_add_func("/thumbnail/never-enlarges-and-never-leaves-the-box", test_bounds);
    g_test_add_func("/thumbnail/fills-the-box-one-way-or-the-other", test_box_is_used);
    g_test_add_func("/thumbnail/no-neighbour-keeps-the-aspect-better", test_aspect);
    return g_test_run();
}
