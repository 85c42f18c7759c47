/* SPDX-License-Identifier: MIT */

/*
 * Pillow's filters against their definitions, worked out sample by sample.
 */

#include <math.h>
#include <stdlib.h>

#include "filters/pillow_blur.h"
#include "filters/pillow_thumbnail.h"
#include "filters/thumbnail.h"
#include "tests/canvas.h"

/* Memory of exactly that size, so that a sanitizer sees what goes beyond. */
static void *scratch_create(size_t bytes)
{
    void *scratch = NULL;

    g_assert_cmpint(posix_memalign(&scratch, PP_IMAGE_ALIGNMENT, MAX(bytes, 1)), ==, 0);
    return memset(scratch, 0xa7, bytes);
}

static void blur(const struct canvas *canvas, double sigma)
{
    void *scratch = scratch_create(pp_pillow_blur_scratch_bytes(&canvas->image, sigma));

    pp_pillow_blur(&canvas->image, sigma, scratch);
    free(scratch);
}

/* Leaves its own copy of @source alone. */
static void thumbnail(const struct canvas *source, double width, double height,
                      const struct canvas *target)
{
    struct canvas copy = canvas_copy(source);
    void *scratch = scratch_create(
        pp_pillow_thumbnail_scratch_bytes(&copy.image, width, height, &target->image));

    pp_pillow_thumbnail(&copy.image, width, height, &target->image, scratch);
    free(scratch);
    canvas_finish(&copy);
}

/* One box along a line of @length samples, @step apart. */
static void model_box(uint8_t *line, int32_t length, size_t step, float radius)
{
    const int32_t whole = (int32_t)radius;
    const uint32_t weight = (uint32_t)(16777216 / (radius * 2 + 1));
    const uint32_t rest = (16777216 - (uint32_t)(2 * whole + 1) * weight) / 2;
    g_autofree uint8_t *before = g_malloc((gsize)length);

    for (int32_t i = 0; i < length; i++) {
        before[i] = line[(size_t)i * step];
    }
    for (int32_t i = 0; i < length; i++) {
        uint32_t sum = 0;

        for (int32_t j = -whole - 1; j <= whole + 1; j++) {
            sum += before[CLAMP(i + j, 0, length - 1)] * (ABS(j) <= whole ? weight : rest);
        }
        line[(size_t)i * step] = (uint8_t)((sum + 8388608) >> 24);
    }
}

/* All lines of one axis, three times. */
static void model_blur_axis(const struct canvas *canvas, bool down, float radius)
{
    const struct pp_image *image = &canvas->image;
    const int32_t samples = canvas_samples(canvas);

    for (int32_t line = 0; line < (down ? samples : image->height * image->bands); line++) {
        uint8_t *start = down ? image->pixels + line
                              : pp_image_row(image, line / image->bands) + line % image->bands;

        for (int32_t i = 0; i < 3; i++) {
            model_box(start, down ? image->height : image->width,
                      down ? image->stride : (size_t)image->bands, radius);
        }
    }
}

static void model_blur(const struct canvas *canvas, double sigma)
{
    const float s = (float)sigma;
    const float v = s * s / 3; /* the variance of one box */
    const float l = (float)floor((sqrt(12 * (double)v + 1) - 1) / 2);
    const float rest = (2 * l + 1) * (l * (l + 1) - 3 * v) / (6 * (v - (l + 1) * (l + 1)));

    model_blur_axis(canvas, false, l + rest);
    model_blur_axis(canvas, true, l + rest);
}

static int32_t random_side(void)
{
    return g_test_rand_int_range(1, g_test_rand_bit() ? 12 : 180);
}

static void test_blur_is_six_boxes(void)
{
    static const double sigmas[] = {0.0, 0.05, 0.4, 1.0, 2.75, 15.0, 64.0, 1000.0};

    for (int i = 0; i < 200; i++) {
        struct canvas canvas =
            canvas_create(random_side(), random_side(), g_test_rand_int_range(1, 5), 8);
        struct canvas expected;
        double sigma = sigmas[g_test_rand_int_range(0, G_N_ELEMENTS(sigmas))];

        canvas_noise(&canvas, (guint32)g_test_rand_int(), g_test_rand_bit());
        expected = canvas_copy(&canvas);
        model_blur(&expected, sigma);
        blur(&canvas, sigma);
        canvas_assert_same(&expected, &canvas);
        canvas_finish(&expected);
        canvas_finish(&canvas);
    }
}

/* The mean of each block of @columns by @rows pixels. */
static struct canvas model_reduce(const struct canvas *source, int32_t columns, int32_t rows)
{
    const struct pp_image *image = &source->image;
    const int32_t bands = image->bands;
    struct canvas target = canvas_create((image->width + columns - 1) / columns,
                                         (image->height + rows - 1) / rows, bands, 8);

    for (int32_t y = 0; y < target.image.height; y++) {
        for (int32_t x = 0; x < canvas_samples(&target); x++) {
            const int32_t left = x / bands * columns, top = y * rows;
            uint32_t sum = 0, count = 0;

            for (int32_t j = top; j < MIN(top + rows, image->height); j++) {
                for (int32_t i = left; i < MIN(left + columns, image->width); i++, count++) {
                    sum += (uint32_t)canvas_get(source, i * bands + x % bands, j);
                }
            }
            canvas_set(&target, x, y, (int32_t)((sum + count / 2) * (16777216 / count) / 16777216));
        }
    }
    return target;
}

static double model_kernel(double x)
{
    x = fabs(x);
    if (x < 1) {
        return (1.5 * x - 2.5) * x * x + 1;
    }
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
}

/* The weighted sum around target sample @at of a line of @length samples, @step apart. */
static uint8_t model_weigh(const uint8_t *line, int32_t length, size_t step, double scale,
                           int32_t at)
{
    const double spread = MAX(scale, 1.0), centre = (at + 0.5) * scale;
    const int32_t first = MAX((int32_t)(centre - 2 * spread + 0.5), 0);
    const int32_t end = MIN((int32_t)(centre + 2 * spread + 0.5), length);
    int32_t level = 1 << 21;
    double sum = 0;

    for (int32_t i = first; i < end; i++) {
        sum += model_kernel((i + 0.5 - centre) / spread);
    }
    for (int32_t i = first; i < end; i++) {
        const double weight = model_kernel((i + 0.5 - centre) / spread) / sum;

        level += line[(size_t)i * step] * (int32_t)round(weight * (1 << 22));
    }
    return (uint8_t)CLAMP(level >> 22, 0, 255);
}

/* The line of the samples at @along of one axis becomes @side long, for all lines. */
static struct canvas model_resize_axis(const struct canvas *source, bool down, float length,
                                       int32_t side)
{
    const struct pp_image *image = &source->image;
    const int32_t bands = image->bands;
    struct canvas target =
        canvas_create(down ? image->width : side, down ? side : image->height, bands, 8);

    for (int32_t y = 0; y < target.image.height; y++) {
        for (int32_t x = 0; x < canvas_samples(&target); x++) {
            const uint8_t *line = down ? image->pixels + x : pp_image_row(image, y) + x % bands;

            canvas_set(&target, x, y,
                       model_weigh(line, down ? image->height : image->width,
                                   down ? image->stride : (size_t)bands, (double)length / side,
                                   down ? y : x / bands));
        }
    }
    return target;
}

static struct canvas model_thumbnail(const struct canvas *source, double width, double height,
                                     struct pp_size to)
{
    const int32_t columns = MAX((int32_t)(width / to.width / 2), 1);
    const int32_t rows = MAX((int32_t)(height / to.height / 2), 1);
    struct canvas reduced = model_reduce(source, columns, rows);
    struct canvas narrow = model_resize_axis(&reduced, false, (float)(width / columns), to.width);
    struct canvas target = model_resize_axis(&narrow, true, (float)(height / rows), to.height);

    canvas_finish(&reduced);
    canvas_finish(&narrow);
    return target;
}

/* Sums in another order differ in the last digit of a weight now and then, which shows where a
 * sample is on the edge between two levels; so hardly ever. */
static int32_t count_differences(const struct canvas *a, const struct canvas *b)
{
    int32_t count = 0;

    for (int32_t y = 0; y < a->image.height; y++) {
        for (int32_t x = 0; x < canvas_samples(a); x++) {
            const int32_t difference = ABS(canvas_get(a, x, y) - canvas_get(b, x, y));

            g_assert_cmpint(difference, <=, 1);
            count += difference;
        }
    }
    return count;
}

static void test_thumbnail_is_mean_and_bicubic(void)
{
    int32_t differences = 0, samples = 0;

    for (int i = 0; i < 300; i++) {
        struct canvas source =
            canvas_create(random_side(), random_side(), g_test_rand_bit() ? 3 : 1, 8);
        struct pp_size box = {random_side(), random_side()};
        struct pp_size to =
            pp_thumbnail_size((struct pp_size){source.image.width, source.image.height}, box);
        struct canvas target = canvas_create(to.width, to.height, source.image.bands, 8);
        /* As of an image decoded at 1/4, whose last pixel is only a part of one. */
        double part = 0.25 * g_test_rand_int_range(0, 4);
        double width = source.image.width - part, height = source.image.height - part;
        struct canvas expected;

        canvas_noise(&source, (guint32)g_test_rand_int(), g_test_rand_bit());
        expected = model_thumbnail(&source, width, height, to);
        thumbnail(&source, width, height, &target);
        differences += count_differences(&expected, &target);
        samples += to.width * to.height * source.image.bands;
        canvas_finish(&source);
        canvas_finish(&expected);
        canvas_finish(&target);
    }
    g_assert_cmpint(differences, <, samples / 1000 + 10);
}

static void test_one_colour_stays_that_colour(void)
{
    for (int32_t level = 0; level <= 255; level++) {
        struct canvas source = canvas_create(70, 50, 3, 8);
        struct canvas target = canvas_create(17, 12, 3, 8);
        struct canvas expected = canvas_create(17, 12, 3, 8);

        canvas_fill(&source, level);
        canvas_fill(&expected, level);
        blur(&source, 0.3 + level / 20.0);
        thumbnail(&source, 70, 50, &target);
        canvas_assert_same(&expected, &target);
        canvas_finish(&source);
        canvas_finish(&target);
        canvas_finish(&expected);
    }
}

/* Left opaque red, right transparent black. */
static void test_opacity_weighs_in_the_thumbnail_only(void)
{
    struct canvas source = canvas_create(64, 48, 4, 8);
    struct canvas target = canvas_create(16, 12, 4, 8);

    for (int32_t y = 0; y < 48; y++) {
        for (int32_t x = 0; x < 64; x++) {
            canvas_set(&source, 4 * x, y, x < 32 ? 255 : 0);
            canvas_set(&source, 4 * x + 3, y, x < 32 ? 255 : 0);
        }
    }
    thumbnail(&source, 64, 48, &target);
    for (int32_t x = 0; x < 16; x++) {
        const int32_t alpha = canvas_get(&target, 4 * x + 3, 6);

        /* The black of the transparent side is nowhere seen. */
        g_assert_cmpint(canvas_get(&target, 4 * x, 6), ==, alpha > 0 ? 255 : 0);
    }
    blur(&source, 4);
    /* Here it darkens the red as far as the edge of alpha reaches: the same numbers. */
    for (int32_t x = 0; x < 64; x++) {
        g_assert_cmpint(canvas_get(&source, 4 * x, 24), ==, canvas_get(&source, 4 * x + 3, 24));
    }
    canvas_finish(&source);
    canvas_finish(&target);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pillow/blur-is-six-boxes", test_blur_is_six_boxes);
    g_test_add_func("/pillow/thumbnail-is-mean-and-bicubic", test_thumbnail_is_mean_and_bicubic);
    g_test_add_func("/pillow/one-colour-stays-that-colour", test_one_colour_stays_that_colour);
    g_test_add_func("/pillow/opacity-weighs-in-the-thumbnail-only",
                    test_opacity_weighs_in_the_thumbnail_only);
    return g_test_run();
}
