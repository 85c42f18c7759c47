/* SPDX-License-Identifier: MIT */

/*
 * The eight orientations against what the EXIF standard says of each: which corner of the upright
 * picture the first stored pixel belongs to, and which way rows and columns run from there.
 */

#include "filters/orientation.h"
#include "tests/canvas.h"

/*
 * Where stored pixel (x, y) belongs. "Row 0 is the top, column 0 the left" and so on, as in the
 * standard's table for tag 0x0112.
 */
static void true_place(int32_t orientation, struct pp_size upright, int32_t x, int32_t y,
                       int32_t *to_x, int32_t *to_y)
{
    const int32_t right = upright.width - 1, bottom = upright.height - 1;
    const int32_t places[8][2] = {
        {x, y},                  /* 1: row 0 is the top, column 0 the left side */
        {right - x, y},          /* 2: top, right */
        {right - x, bottom - y}, /* 3: bottom, right */
        {x, bottom - y},         /* 4: bottom, left */
        {y, x},                  /* 5: left, top: the row runs down */
        {right - y, x},          /* 6: right, top */
        {right - y, bottom - x}, /* 7: right, bottom */
        {y, bottom - x},         /* 8: left, bottom */
    };

    *to_x = places[orientation - 1][0];
    *to_y = places[orientation - 1][1];
}

static void assert_turned(int32_t width, int32_t height, int32_t bands, int32_t bits,
                          int32_t orientation)
{
    struct canvas source = canvas_create(width, height, bands, bits);
    const struct pp_size upright =
        pp_orientation_size((struct pp_size){width, height}, orientation);
    struct canvas target = canvas_create(upright.width, upright.height, bands, bits);

    canvas_noise(&source, (guint32)(orientation + bands), false);
    pp_orientation_apply(&source.image, orientation, &target.image);
    for (int32_t y = 0; y < height; y++) {
        for (int32_t x = 0; x < width; x++) {
            int32_t to_x, to_y;

            true_place(orientation, upright, x, y, &to_x, &to_y);
            for (int32_t band = 0; band < bands; band++) {
                g_assert_cmpint(canvas_get(&target, to_x * bands + band, to_y), ==,
                                canvas_get(&source, x * bands + band, y));
            }
        }
    }
    canvas_finish(&source);
    canvas_finish(&target);
}

static void test_all_eight(void)
{
    /* Sides that are smaller than, as large as, and no multiple of any block. */
    static const struct pp_size sizes[] = {{1, 1},   {1, 70},   {70, 1},
                                           {64, 64}, {131, 90}, {17, 200}};

    for (int32_t orientation = 1; orientation <= 8; orientation++) {
        for (int32_t bands = 1; bands <= 4; bands++) {
            for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
                assert_turned(sizes[i].width, sizes[i].height, bands, 8, orientation);
                assert_turned(sizes[i].width, sizes[i].height, bands, 16, orientation);
            }
        }
    }
}

static void test_sides(void)
{
    for (int32_t orientation = 1; orientation <= 8; orientation++) {
        const struct pp_size size = pp_orientation_size((struct pp_size){30, 20}, orientation);

        g_assert_cmpint(size.width, ==, orientation < 5 ? 30 : 20);
        g_assert_cmpint(size.height, ==, orientation < 5 ? 20 : 30);
    }
}

static void test_unknown_is_a_copy(void)
{
    static const int32_t unknown[] = {0, 9, -1, INT32_MIN, INT32_MAX};

    for (guint i = 0; i < G_N_ELEMENTS(unknown); i++) {
        struct canvas source = canvas_create(9, 7, 3, 8), target = canvas_create(9, 7, 3, 8);
        const struct pp_size size = pp_orientation_size((struct pp_size){9, 7}, unknown[i]);

        canvas_noise(&source, i, false);
        g_assert_cmpint(size.width, ==, 9);
        g_assert_cmpint(size.height, ==, 7);
        pp_orientation_apply(&source.image, unknown[i], &target.image);
        canvas_assert_same(&source, &target);
        canvas_finish(&source);
        canvas_finish(&target);
    }
}

static void test_turning_back(void)
{
    /* 6 and 8 undo each other and all others undo themselves: nothing is lost on the way. */
    static const int32_t undo[] = {1, 2, 3, 4, 5, 8, 7, 6};

    for (int32_t orientation = 1; orientation <= 8; orientation++) {
        struct canvas source = canvas_create(75, 66, 3, 16), back = canvas_create(75, 66, 3, 16);
        const struct pp_size size = pp_orientation_size((struct pp_size){75, 66}, orientation);
        struct canvas turned = canvas_create(size.width, size.height, 3, 16);

        canvas_noise(&source, 1, false);
        pp_orientation_apply(&source.image, orientation, &turned.image);
        pp_orientation_apply(&turned.image, undo[orientation - 1], &back.image);
        canvas_assert_same(&source, &back);
        canvas_finish(&source);
        canvas_finish(&turned);
        canvas_finish(&back);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/orientation/every-pixel-goes-where-the-standard-says", test_all_eight);
    g_test_add_func("/orientation/five-to-eight-swap-the-sides", test_sides);
    g_test_add_func("/orientation/unknown-numbers-are-a-copy", test_unknown_is_a_copy);
    g_test_add_func("/orientation/turning-back-restores-every-byte", test_turning_back);
    return g_test_run();
}
