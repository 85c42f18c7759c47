/* SPDX-License-Identifier: MIT */

/*
 * The blur against its definition: for every output, the Gaussian's weights of all samples, in
 * double precision, without any cut that could be seen and without rounding between the axes.
 */

#include <math.h>
#include <stdlib.h>

#include "filters/blur.h"
#include "filters/gaussian.h"
#include "tests/canvas.h"

static const double sigmas[] = {0.3, 0.5, 0.8, 1, 1.5, 1.99, 2, 2.11, 2.5, 3.3, 5, 8, 15, 40, 100};

/* Memory of exactly that size, so that a sanitizer sees what goes beyond. */
static void *scratch_create(size_t bytes)
{
    void *scratch = NULL;

    g_assert_cmpint(posix_memalign(&scratch, PP_IMAGE_ALIGNMENT, MAX(bytes, 1)), ==, 0);
    return scratch;
}

static void blur(struct canvas *canvas, double sigma)
{
    void *scratch = scratch_create(pp_blur_scratch_bytes(&canvas->image, sigma));

    pp_blur(&canvas->image, sigma, scratch);
    free(scratch);
}

/* weights[i * length + j]: how much sample j counts for output i of a line. */
static double *true_weights(int32_t length, double sigma)
{
    const int32_t reach = (int32_t)(9 * sigma) + 1;
    double *weights = g_new0(double, (size_t)length *(size_t)length);
    double sum = 0;

    for (int32_t u = -reach; u <= reach; u++) {
        sum += exp(-0.5 * (u / sigma) * (u / sigma));
    }
    for (int32_t i = 0; i < length; i++) {
        for (int32_t u = -reach; u <= reach; u++) {
            const int32_t j = CLAMP(i + u, 0, length - 1);

            weights[i * length + j] += exp(-0.5 * (u / sigma) * (u / sigma)) / sum;
        }
    }
    return weights;
}

/* The blurred samples, row by row, not rounded. */
static double *true_blur(const struct canvas *canvas, double sigma)
{
    const int32_t width = canvas->image.width, height = canvas->image.height;
    const int32_t bands = canvas->image.bands, samples = canvas_samples(canvas);
    double *across = true_weights(width, sigma), *down = true_weights(height, sigma);
    double *half = g_new0(double, (size_t)samples *(size_t)height);
    double *full = g_new0(double, (size_t)samples *(size_t)height);

    for (int32_t y = 0; y < height; y++) {
        for (int32_t s = 0; s < samples; s++) {
            for (int32_t x = 0; x < width; x++) {
                half[y * samples + s] +=
                    across[s / bands * width + x] * canvas_get(canvas, x * bands + s % bands, y);
            }
        }
    }
    for (int32_t y = 0; y < height; y++) {
        for (int32_t from = 0; from < height; from++) {
            for (int32_t s = 0; s < samples; s++) {
                full[y * samples + s] += down[y * height + from] * half[from * samples + s];
            }
        }
    }
    g_free(across);
    g_free(down);
    g_free(half);
    return full;
}

/* Blur @canvas, compare with the true blur, finish @canvas. */
static void assert_true(struct canvas *canvas, double sigma)
{
    double *truth = true_blur(canvas, sigma);
    double worst = 0;

    blur(canvas, sigma);
    for (int32_t y = 0; y < canvas->image.height; y++) {
        for (int32_t x = 0; x < canvas_samples(canvas); x++) {
            const double wanted = truth[y * canvas_samples(canvas) + x];
            const int32_t got = canvas_get(canvas, x, y);

            g_assert_cmpfloat(fabs(got - floor(wanted + 0.5)), <=, 1);
            worst = MAX(worst, fabs(got - wanted));
        }
    }
    g_test_message("%d bit, sigma %g: %.3f levels from the unrounded truth at most",
                   canvas->image.bits, sigma, worst);
    g_free(truth);
    canvas_finish(canvas);
}

static void test_noise_is_true(void)
{
    /* All bands and depths take turns; noise of the extremes comes nearest to the worst image. */
    for (guint i = 0; i < G_N_ELEMENTS(sigmas); i++) {
        for (int32_t bits = 8; bits <= 16; bits += 8) {
            struct canvas canvas = canvas_create(70, 41, 1 + (int32_t)i % 4, bits);

            canvas_noise(&canvas, i, i % 2 == 0);
            assert_true(&canvas, sigmas[i]);
        }
    }
}

static void test_photo_is_true(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(sigmas); i++) {
        for (int32_t bits = 8; bits <= 16; bits += 8) {
            struct canvas canvas = canvas_create(97, 75, 3, bits);

            canvas_photo(&canvas, i);
            assert_true(&canvas, sigmas[i]);
        }
    }
}

static void test_impulse_is_true(void)
{
    /* The kernel itself, and its negative, in an image that shows all of it up to sigma 8. */
    for (guint i = 0; i < G_N_ELEMENTS(sigmas); i++) {
        for (int32_t bits = 8; bits <= 16; bits += 8) {
            struct canvas light = canvas_create(99, 83, 1, bits);
            struct canvas dark = canvas_create(83, 99, 1, bits);

            canvas_set(&light, 49, 41, canvas_max(&light));
            canvas_fill(&dark, canvas_max(&dark));
            canvas_set(&dark, 41, 49, 0);
            assert_true(&light, sigmas[i]);
            assert_true(&dark, sigmas[i]);
        }
    }
}

static void test_impulse_sums_to_one(void)
{
    struct canvas canvas = canvas_create(61, 61, 1, 16);
    double sum = 0;

    /* Each of the 42 x 42 samples that the kernel reaches may be rounded by a half. */
    canvas_set(&canvas, 30, 30, 65535);
    blur(&canvas, 4);
    for (int32_t y = 0; y < 61; y++) {
        for (int32_t x = 0; x < 61; x++) {
            sum += canvas_get(&canvas, x, y);
        }
    }
    g_assert_cmpfloat(fabs(sum - 65535), <, 42 * 42 / 2);
    canvas_finish(&canvas);
}

static void test_small_images_are_true(void)
{
    static const struct pp_size sizes[] = {{1, 1}, {1, 50}, {50, 1}, {2, 3}, {33, 17}};

    /* Most of the window lies outside: nearly all that is seen is the repeated edge. */
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        for (int32_t bits = 8; bits <= 16; bits += 8) {
            for (double sigma = 1; sigma <= PP_BLUR_SIGMA_MAX; sigma *= 10) {
                struct canvas canvas = canvas_create(sizes[i].width, sizes[i].height, 3, bits);

                canvas_noise(&canvas, i, false);
                assert_true(&canvas, sigma);
            }
        }
    }
}

static void test_constant_stays_constant(void)
{
    /* Not one level may be lost, whatever the value: rounding must not lean to a side. */
    for (int32_t value = 0; value < 256; value++) {
        for (int32_t bits = 8; bits <= 16; bits += 8) {
            const double sigma = sigmas[(guint)value % G_N_ELEMENTS(sigmas)];
            struct canvas canvas = canvas_create(23, 9, 2, bits), before;

            canvas_fill(&canvas, bits == 8 ? value : value * 257);
            before = canvas_copy(&canvas);
            blur(&canvas, sigma);
            canvas_assert_same(&canvas, &before);
            canvas_finish(&before);
            canvas_finish(&canvas);
        }
    }
}

static void test_no_sigma_is_a_copy(void)
{
    static const double none[] = {0, 1e-300, 0.1};

    for (guint i = 0; i < G_N_ELEMENTS(none); i++) {
        struct canvas canvas = canvas_create(20, 20, 3, 16), before;

        canvas_noise(&canvas, i, false);
        before = canvas_copy(&canvas);
        g_assert_cmpuint(pp_blur_scratch_bytes(&canvas.image, none[i]), ==, 0);
        pp_blur(&canvas.image, none[i], NULL);
        canvas_assert_same(&canvas, &before);
        canvas_finish(&before);
        canvas_finish(&canvas);
    }
}

static void test_transposing_commutes(void)
{
    /*
     * Rows and columns take different ways through memory but are the same filter, so the blur of
     * the transposed image is the transposed blur; only the rounding between the axes differs.
     */
    for (int32_t bits = 8; bits <= 16; bits += 8) {
        struct canvas canvas = canvas_create(75, 53, 1, bits);
        struct canvas other = canvas_create(53, 75, 1, bits);

        canvas_noise(&canvas, 5, true);
        for (int32_t y = 0; y < 53; y++) {
            for (int32_t x = 0; x < 75; x++) {
                canvas_set(&other, y, x, canvas_get(&canvas, x, y));
            }
        }
        blur(&canvas, 3.7);
        blur(&other, 3.7);
        for (int32_t y = 0; y < 53; y++) {
            for (int32_t x = 0; x < 75; x++) {
                g_assert_cmpint(ABS(canvas_get(&other, y, x) - canvas_get(&canvas, x, y)), <=, 1);
            }
        }
        canvas_finish(&other);
        canvas_finish(&canvas);
    }
}

static void test_any_partition_gives_the_same_bytes(void)
{
    GRand *dice = g_rand_new_with_seed(11);

    /* Strips from one line up to more than a vector holds, so that every line changes its lane. */
    for (int32_t round = 0; round < 24; round++) {
        const double sigma = round % 3 == 0 ? 1.2 : 6;
        struct canvas whole = canvas_create(131, 113, 1 + round % 4, round % 2 == 0 ? 8 : 16);
        struct canvas cut;
        void *scratch = scratch_create(pp_blur_scratch_bytes(&whole.image, sigma));

        canvas_noise(&whole, (guint32)round, false);
        cut = canvas_copy(&whole);
        pp_blur(&whole.image, sigma, scratch);
        for (int32_t y = 0, rows; y < 113; y += rows) {
            rows = g_rand_int_range(dice, 1, 45);
            rows = MIN(rows, 113 - y);
            pp_blur_rows(&cut.image, sigma, y, rows, scratch);
        }
        for (int32_t x = 0, columns; x < 131; x += columns) {
            columns = g_rand_int_range(dice, 1, 45);
            columns = MIN(columns, 131 - x);
            pp_blur_columns(&cut.image, sigma, x, columns, scratch);
        }
        canvas_assert_same(&whole, &cut);
        free(scratch);
        canvas_finish(&cut);
        canvas_finish(&whole);
    }
    g_rand_free(dice);
}

static void test_a_strip_touches_nothing_else(void)
{
    struct canvas canvas = canvas_create(50, 40, 3, 8), before;
    void *scratch = scratch_create(pp_blur_scratch_bytes(&canvas.image, 5));

    /* Other workers filter what lies outside at the same time: not even the same value is put. */
    canvas_noise(&canvas, 3, false);
    before = canvas_copy(&canvas);
    pp_blur_rows(&canvas.image, 5, 7, 9, scratch);
    for (int32_t y = 0; y < 40; y++) {
        if (y < 7 || y >= 16) {
            g_assert_cmpmem(pp_image_row(&canvas.image, y), 150, pp_image_row(&before.image, y),
                            150);
        }
    }
    memcpy(canvas.memory, before.memory, before.bytes);
    pp_blur_columns(&canvas.image, 5, 11, 13, scratch);
    for (int32_t y = 0; y < 40; y++) {
        const uint8_t *row = pp_image_row(&canvas.image, y);
        const uint8_t *old = pp_image_row(&before.image, y);

        g_assert_cmpmem(row, 33, old, 33);
        g_assert_cmpmem(row + 72, 78, old + 72, 78);
    }
    free(scratch);
    canvas_finish(&before);
    canvas_finish(&canvas);
}

static void test_every_processor_gives_the_same_bytes(void)
{
    enum { LENGTH = 700, LANES = 45 };

    for (guint i = 0; i < G_N_ELEMENTS(sigmas) * 2; i++) {
        struct pp_gaussian gaussian;
        struct canvas noise, first;
        enum pp_kernel_level best;
        void *scratch;

        pp_gaussian_init(&gaussian, sigmas[i / 2], i % 2 == 0 ? 8 : 16);
        best = gaussian.level;
        noise = canvas_create(LANES, LENGTH, 1, gaussian.bits);
        canvas_noise(&noise, i, false);
        scratch = scratch_create(pp_gaussian_scratch_bytes(&gaussian, LANES, LENGTH));
        for (guint level = 0; level <= (guint)best; level++) {
            struct canvas canvas = canvas_copy(&noise);

            gaussian.level = (enum pp_kernel_level)level;
            pp_gaussian_filter(&gaussian, canvas.image.pixels, canvas.image.stride, LANES, LENGTH,
                               scratch);
            if (level == 0) {
                first = canvas;
            } else {
                canvas_assert_same(&canvas, &first);
                canvas_finish(&canvas);
            }
        }
        free(scratch);
        canvas_finish(&first);
        canvas_finish(&noise);
    }
}

static void test_long_lines_do_not_drift(void)
{
    /*
     * A square wave of the window's own length drives the first cosine's sum at its resonance, so
     * that every rounding error adds to the last one; and the line is longer than what the sums
     * run without a fresh start, so that the seam is seen as well.
     */
    for (double sigma = 2; sigma <= 20; sigma += 9) {
        struct canvas canvas = canvas_create(150000, 1, 1, 8);
        struct pp_gaussian gaussian;
        const int32_t reach = (int32_t)(9 * sigma) + 1;
        uint8_t *line;

        pp_gaussian_init(&gaussian, sigma, 8);
        for (int32_t x = 0; x < 150000; x++) {
            canvas_set(&canvas, x, 0, x / gaussian.radius % 2 == 0 ? 0 : 255);
        }
        line = g_memdup2(canvas.image.pixels, 150000);
        blur(&canvas, sigma);
        for (int32_t x = 0; x < 150000; x += x % 1000 == 0 && x % 65536 > 2000 ? 200 : 1) {
            double sum = 0, total = 0;

            for (int32_t u = -reach; u <= reach; u++) {
                const double weight = exp(-0.5 * (u / sigma) * (u / sigma));

                total += weight;
                sum += weight * line[CLAMP(x + u, 0, 149999)];
            }
            g_assert_cmpfloat(fabs(canvas_get(&canvas, x, 0) - sum / total), <=, 1);
        }
        g_free(line);
        canvas_finish(&canvas);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/blur/noise-is-within-one-level-of-the-true-gaussian", test_noise_is_true);
    g_test_add_func("/blur/a-photo-is-within-one-level-of-the-true-gaussian", test_photo_is_true);
    g_test_add_func("/blur/an-impulse-is-within-one-level-of-the-true-gaussian",
                    test_impulse_is_true);
    g_test_add_func("/blur/an-impulse-sums-to-one", test_impulse_sums_to_one);
    g_test_add_func("/blur/images-smaller-than-the-kernel-repeat-their-edge",
                    test_small_images_are_true);
    g_test_add_func("/blur/a-constant-stays-constant", test_constant_stays_constant);
    g_test_add_func("/blur/no-sigma-is-a-copy", test_no_sigma_is_a_copy);
    g_test_add_func("/blur/transposing-first-or-last-makes-no-difference",
                    test_transposing_commutes);
    g_test_add_func("/blur/any-partition-gives-the-same-bytes",
                    test_any_partition_gives_the_same_bytes);
    g_test_add_func("/blur/a-strip-touches-nothing-else", test_a_strip_touches_nothing_else);
    g_test_add_func("/blur/every-processor-gives-the-same-bytes",
                    test_every_processor_gives_the_same_bytes);
    g_test_add_func("/blur/long-lines-do-not-drift", test_long_lines_do_not_drift);
    return g_test_run();
}
