/* SPDX-License-Identifier: MIT */

/*
 * The resize against its definition: every output as the weighted mean of all source pixels under
 * the kernel, both axes at once, in double precision.
 */

#include <math.h>
#include <stdlib.h>

#include "filters/resize.h"
#include "tests/canvas.h"

/* Memory of exactly that size, so that a sanitizer sees what goes beyond. */
static void *scratch_create(const struct canvas *source, const struct canvas *target)
{
    void *scratch = NULL;
    const size_t bytes = pp_resize_scratch_bytes(&source->image, &target->image, NULL);

    g_assert_cmpint(posix_memalign(&scratch, PP_IMAGE_ALIGNMENT, bytes), ==, 0);
    memset(scratch, 0xff, bytes); /* as float: not a number */
    return scratch;
}

static void resize(const struct canvas *source, double width, double height,
                   const struct canvas *target)
{
    void *scratch = scratch_create(source, target);

    pp_resize(&source->image, width, height, &target->image, NULL, scratch);
    free(scratch);
}

static double catmull_rom(double x)
{
    const double a = -0.5;

    x = fabs(x);
    if (x < 1) {
        return (a + 2) * x * x * x - (a + 3) * x * x + 1;
    }
    return x < 2 ? a * x * x * x - 5 * a * x * x + 8 * a * x - 4 * a : 0;
}

/* weights[i * pixels + j]: how much source pixel j counts for target pixel i. */
static double *true_weights(double source_length, int32_t pixels, int32_t target_length)
{
    const double scale = source_length / target_length, spread = MAX(scale, 1);
    double *weights = g_new0(double, (size_t)pixels *(size_t)target_length);

    for (int32_t i = 0; i < target_length; i++) {
        double sum = 0;

        for (int32_t j = 0; j < pixels && j < source_length; j++) {
            weights[i * pixels + j] = catmull_rom((j + 0.5 - (i + 0.5) * scale) / spread);
            sum += weights[i * pixels + j];
        }
        for (int32_t j = 0; j < pixels; j++) {
            weights[i * pixels + j] /= sum;
        }
    }
    return weights;
}

/* Resize, compare with the true resize, finish both. */
static void assert_true(struct canvas *source, double width, double height, struct canvas *target)
{
    const int32_t from_width = source->image.width, from_height = source->image.height;
    const int32_t bands = source->image.bands, samples = canvas_samples(target);
    double *across = true_weights(width, from_width, target->image.width);
    double *down = true_weights(height, from_height, target->image.height);
    double *half = g_new0(double, (size_t)samples *(size_t)from_height);
    double worst = 0;

    for (int32_t y = 0; y < from_height; y++) {
        for (int32_t s = 0; s < samples; s++) {
            for (int32_t x = 0; x < from_width; x++) {
                half[y * samples + s] += across[s / bands * from_width + x] *
                                         canvas_get(source, x * bands + s % bands, y);
            }
        }
    }
    resize(source, width, height, target);
    for (int32_t y = 0; y < target->image.height; y++) {
        for (int32_t s = 0; s < samples; s++) {
            double wanted = 0;

            for (int32_t from = 0; from < from_height; from++) {
                wanted += down[y * from_height + from] * half[from * samples + s];
            }
            wanted = CLAMP(wanted, 0, canvas_max(target));
            worst = MAX(worst, fabs(wanted - canvas_get(target, s, y)));
        }
    }
    g_test_message("%d bit, %dx%d: %.4f levels from the unrounded truth at most",
                   target->image.bits, target->image.width, target->image.height, worst);
    /* A half for rounding, a tenth of what is allowed for the arithmetic. */
    g_assert_cmpfloat(worst, <=, 0.6);
    g_free(across);
    g_free(down);
    g_free(half);
    canvas_finish(source);
    canvas_finish(target);
}

static void assert_size_is_true(int32_t from_width, int32_t from_height, int32_t to_width,
                                int32_t to_height, guint32 seed)
{
    for (int32_t bits = 8; bits <= 16; bits += 8) {
        const int32_t bands = 1 + (int32_t)seed % 4;
        struct canvas source = canvas_create(from_width, from_height, bands, bits);
        struct canvas target = canvas_create(to_width, to_height, bands, bits);

        if (seed % 2 == 0) {
            canvas_photo(&source, seed);
        } else {
            canvas_noise(&source, seed, seed % 4 == 1);
        }
        assert_true(&source, from_width, from_height, &target);
    }
}

static void test_shrinking_is_true(void)
{
    assert_size_is_true(160, 120, 48, 36, 0);
    assert_size_is_true(97, 83, 31, 82, 1);
    assert_size_is_true(90, 70, 5, 3, 2);
    assert_size_is_true(75, 61, 1, 1, 3);
    assert_size_is_true(200, 9, 10, 1, 4);
    assert_size_is_true(120, 80, 119, 79, 5);
}

static void test_enlarging_is_true(void)
{
    assert_size_is_true(30, 20, 77, 65, 0);
    assert_size_is_true(9, 7, 40, 50, 1);
    assert_size_is_true(1, 1, 20, 17, 2);
    assert_size_is_true(2, 3, 5, 4, 3);
    assert_size_is_true(60, 40, 20, 90, 5);
}

static void test_many_terms_are_true(void)
{
    /*
     * One output from 40000 samples, all near the top of the range: in single precision alone the
     * terms would have lost most of their digits by the end of the sum.
     */
    for (int32_t turned = 0; turned < 2; turned++) {
        struct canvas source = canvas_create(turned ? 2 : 40000, turned ? 40000 : 2, 1, 16);
        struct canvas target = canvas_create(1, 1, 1, 16);

        canvas_noise(&source, 7, false);
        for (int32_t y = 0; y < source.image.height; y++) {
            for (int32_t x = 0; x < source.image.width; x++) {
                canvas_set(&source, x, y, 65000 + canvas_get(&source, x, y) % 500);
            }
        }
        assert_true(&source, source.image.width, source.image.height, &target);
    }
}

static void test_fractions_are_true(void)
{
    GRand *dice = g_rand_new_with_seed(4);

    /* The rectangle ends within a pixel, or before the image does: what lies beyond is noise. */
    for (guint32 i = 0; i < 12; i++) {
        struct canvas source = canvas_create(61, 53, 3, i % 2 == 0 ? 8 : 16);
        struct canvas target =
            canvas_create(7 + (int32_t)i * 6, 66 - (int32_t)i * 5, 3, source.image.bits);
        const double width = g_rand_double_range(dice, 50, 61);
        const double height = g_rand_double_range(dice, 40, 53);

        canvas_noise(&source, i, true);
        assert_true(&source, width, height, &target);
    }
    g_rand_free(dice);
}

static void test_pixels_beyond_do_not_count(void)
{
    struct canvas one = canvas_create(40, 30, 3, 8), other;
    struct canvas from_one = canvas_create(13, 9, 3, 8), from_other = canvas_create(13, 9, 3, 8);

    /* The same within 32.5 x 20.5 pixels, and as different as can be beyond. */
    canvas_noise(&one, 1, false);
    other = canvas_copy(&one);
    for (int32_t y = 0; y < 30; y++) {
        for (int32_t x = 0; x < 40 * 3; x++) {
            if (y >= 21 || x >= 33 * 3) {
                canvas_set(&other, x, y, 255 - canvas_get(&one, x, y));
            }
        }
    }
    resize(&one, 32.5, 20.5, &from_one);
    resize(&other, 32.5, 20.5, &from_other);
    canvas_assert_same(&from_one, &from_other);
    canvas_finish(&one);
    canvas_finish(&other);
    canvas_finish(&from_one);
    canvas_finish(&from_other);
}

static void test_same_size_is_a_copy(void)
{
    /* The kernel is 0 at every other whole distance, so each output is one source pixel. */
    for (int32_t bits = 8; bits <= 16; bits += 8) {
        struct canvas source = canvas_create(45, 37, 4, bits);
        struct canvas target = canvas_create(45, 37, 4, bits);

        canvas_noise(&source, 9, false);
        resize(&source, 45, 37, &target);
        for (int32_t y = 0; y < 37; y++) {
            g_assert_cmpmem(pp_image_row(&source.image, y), canvas_row_bytes(&source),
                            pp_image_row(&target.image, y), canvas_row_bytes(&target));
        }
        canvas_finish(&source);
        canvas_finish(&target);
    }
}

static void test_constant_stays_constant(void)
{
    for (int32_t value = 0; value < 256; value += 5) {
        for (int32_t bits = 8; bits <= 16; bits += 8) {
            const int32_t level = bits == 8 ? value : value * 257;
            struct canvas source = canvas_create(50 + value, 33, 2, bits);
            struct canvas target = canvas_create(20, 4 + value, 2, bits);
            struct canvas wanted = canvas_create(20, 4 + value, 2, bits);

            canvas_fill(&source, level);
            canvas_fill(&wanted, level);
            resize(&source, 49.5 + value, 32.25, &target);
            canvas_assert_same(&target, &wanted);
            canvas_finish(&source);
            canvas_finish(&target);
            canvas_finish(&wanted);
        }
    }
}

static void test_overshoot_is_clamped(void)
{
    struct canvas source = canvas_create(16, 16, 1, 8), target = canvas_create(64, 64, 1, 8);
    bool black = false, white = false;

    /* Beside an edge the kernel overshoots both ways: cut off, never wrapped around. */
    for (int32_t y = 0; y < 16; y++) {
        for (int32_t x = 8; x < 16; x++) {
            canvas_set(&source, x, y, 255);
        }
    }
    resize(&source, 16, 16, &target);
    for (int32_t x = 0; x < 64; x++) {
        const int32_t value = canvas_get(&target, x, 30);

        g_assert_true(x < 31 ? value < 128 : x > 32 ? value > 127 : true);
        black = black || value == 0;
        white = white || value == 255;
    }
    g_assert_true(black && white);
    canvas_finish(&source);
    canvas_finish(&target);
}

static void test_any_cut_into_rows_gives_the_same_bytes(void)
{
    GRand *dice = g_rand_new_with_seed(2);

    /* Cuts of 1 to 40 rows change every row's lane; shrinking by 30 has more terms than 64. */
    for (int32_t round = 0; round < 16; round++) {
        const int32_t bits = round % 2 == 0 ? 8 : 16, bands = 1 + round % 4;
        const int32_t height = round < 8 ? 90 : 9;
        struct canvas source = canvas_create(150, 270, bands, bits);
        struct canvas whole = canvas_create(61, height, bands, bits);
        struct canvas parts = canvas_create(61, height, bands, bits);
        void *scratch = scratch_create(&source, &whole);

        canvas_noise(&source, (guint32)round, false);
        pp_resize(&source.image, 149.5, 269.25, &whole.image, NULL, scratch);
        for (int32_t y = 0, rows; y < height; y += rows) {
            rows = g_rand_int_range(dice, 1, 41);
            rows = MIN(rows, height - y);
            pp_resize_rows(&source.image, 149.5, 269.25, &parts.image, NULL, y, rows, scratch);
        }
        canvas_assert_same(&whole, &parts);
        free(scratch);
        canvas_finish(&source);
        canvas_finish(&whole);
        canvas_finish(&parts);
    }
    g_rand_free(dice);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/resize/shrinking-is-within-one-level-of-the-truth", test_shrinking_is_true);
    g_test_add_func("/resize/enlarging-is-within-one-level-of-the-truth", test_enlarging_is_true);
    g_test_add_func("/resize/many-terms-lose-nothing", test_many_terms_are_true);
    g_test_add_func("/resize/a-rectangle-may-end-within-a-pixel", test_fractions_are_true);
    g_test_add_func("/resize/pixels-beyond-the-rectangle-do-not-count",
                    test_pixels_beyond_do_not_count);
    g_test_add_func("/resize/the-same-size-is-a-copy", test_same_size_is_a_copy);
    g_test_add_func("/resize/a-constant-stays-constant", test_constant_stays_constant);
    g_test_add_func("/resize/overshoot-is-cut-off", test_overshoot_is_clamped);
    g_test_add_func("/resize/any-cut-into-rows-gives-the-same-bytes",
                    test_any_cut_into_rows_gives_the_same_bytes);
    return g_test_run();
}
