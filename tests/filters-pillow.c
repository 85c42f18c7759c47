/* SPDX-License-Identifier: MIT */

/*
 * Pillow's filters against their definitions, worked out sample by sample, and the plan that uses
 * them. Whether the definitions are Pillow's is what filters-pillow.py finds out, from Pillow.
 */

#include <math.h>
#include <stdlib.h>

#include "filters/orientation.h"
#include "filters/pillow_blur.h"
#include "filters/pillow_plan.h"
#include "filters/pillow_thumbnail.h"
#include "filters/thumbnail.h"
#include "tests/canvas.h"
#include "tests/rendering.h"

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

static int32_t shrink_for(const struct pp_header *header, struct pp_chain chain)
{
    return make_plan(header, &chain, PP_PLAN_PILLOW).scale.shrink;
}

static void test_jpeg_is_decoded_small_where_nothing_has_touched_it(void)
{
    struct pp_header jpeg = jpeg_header(4000, 3000);
    struct pp_header png = png_header(4000, 3000, 3, 8);

    g_assert_cmpint(shrink_for(&jpeg, CHAIN("thumbnail", "1001")), ==, 1);
    g_assert_cmpint(shrink_for(&jpeg, CHAIN("thumbnail", "1000")), ==, 2);
    g_assert_cmpint(shrink_for(&jpeg, CHAIN("thumbnail", "500")), ==, 4);
    g_assert_cmpint(shrink_for(&jpeg, CHAIN("thumbnail", "10")), ==, 8);
    g_assert_cmpint(shrink_for(&png, CHAIN("thumbnail", "10")), ==, 1);
    /* One that changes nothing leaves the file alone; a blur loads it, even by 0. */
    g_assert_cmpint(shrink_for(&jpeg, CHAIN("thumbnail", "9000", "thumbnail", "10")), ==, 8);
    g_assert_cmpint(shrink_for(&jpeg, CHAIN("thumbnail", "10", "blur", "3")), ==, 8);
    g_assert_cmpint(shrink_for(&jpeg, CHAIN("blur", "3", "thumbnail", "10")), ==, 1);
    g_assert_cmpint(shrink_for(&jpeg, CHAIN("blur", "0", "thumbnail", "10")), ==, 1);
    /* So does turning it. */
    jpeg.orientation = 3;
    g_assert_cmpint(shrink_for(&jpeg, CHAIN("thumbnail", "10")), ==, 1);
}

static void test_photo_on_its_side_is_turned_first(void)
{
    struct pp_header header = jpeg_header(4000, 3000);
    struct pp_chain chain = CHAIN("blur", "2", "thumbnail", "300x1000");
    struct pp_plan plan;
    char text[1000];

    header.orientation = 6;
    plan = make_plan(&header, &chain, PP_PLAN_PILLOW);
    g_assert_true(pp_plan_turns_first(&plan));
    g_assert_cmpint(plan.steps[0].from.width, ==, 3000);
    g_assert_cmpint(plan.steps[1].to.width, ==, 300);
    g_assert_cmpint(plan.steps[1].to.height, ==, 400);
    g_assert_cmpint(plan.size.width, ==, 300);
    pp_plan_explain(&plan, text, sizeof(text));
    g_assert_true(g_str_has_prefix(
        text, "decode     JPEG 4000x3000, 3 bands, 8 bits: Pillow uses every pixel\n"
              "orient     90 degrees clockwise (EXIF 6) -> 3000x4000\n"
              "blur       sigma 2 at 3000x4000, as Pillow does\n"
              "thumbnail  3000x4000 -> 300x400, as Pillow does\n"
              "encode     JPEG quality 80\n"));
    header.orientation = 1;
    plan = make_plan(&header, &chain, PP_PLAN_PILLOW);
    g_assert_false(pp_plan_turns_first(&plan));
}

static void test_explain_tells_that_opacity_does_not_count(void)
{
    struct pp_header header = png_header(40, 30, 4, 8);
    struct pp_chain chain = CHAIN("blur", "3");
    struct pp_plan plan = make_plan(&header, &chain, PP_PLAN_PILLOW);
    char text[1000];

    g_assert_cmpint(plan.bits, ==, 8);
    pp_plan_explain(&plan, text, sizeof(text));
    g_assert_nonnull(strstr(text, "sigma 3 at 40x30, whatever the opacity, as Pillow does\n"));
}

static void assert_refused(struct pp_header header, const char *reason)
{
    struct pp_plan_options options = {.mode = PP_PLAN_PILLOW};
    struct pp_chain chain = CHAIN("blur", "3");
    struct pp_error error = {0};
    struct pp_plan plan;

    g_assert_cmpint(pp_plan_make(&header, &chain, &options, &plan, &error), ==, -ENOTSUP);
    g_assert_nonnull(strstr(error.message, reason));
    g_assert_nonnull(strstr(error.message, "choose --plan fast or exact"));
}

static void test_what_pillow_does_not_have_is_refused(void)
{
    struct pp_header header = png_header(40, 30, 3, 8);

    header.plain = false;
    assert_refused(header, "other pixels");
    assert_refused(png_header(40, 30, 1, 16), "8 bits");
    header = png_header(40, 30, 3, 8);
    header.format = PP_FORMAT_HEIF;
    assert_refused(header, "does not read");
}

/* A photo told to lie as @orientation says, and the same photo stored upright. */
static void check_turned(int32_t orientation)
{
    struct pp_chain chain = CHAIN("blur", "1.5", "thumbnail", "24x");
    struct picture stored =
        picture_paint((struct pp_size){64 + orientation, 41}, 3, 8, orientation % 2 == 0);
    struct picture upright =
        picture_new(pp_orientation_size((struct pp_size){64 + orientation, 41}, orientation), 3, 8);
    struct pp_metadata metadata = PP_METADATA_NONE;
    uint8_t exif[26] = {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1};
    g_autoptr(GBytes) told = NULL;
    g_autoptr(GBytes) plain = NULL;
    struct picture result, expected;

    exif[18] = (uint8_t)orientation;
    g_assert_cmpint(pp_blob_set(&metadata.exif, exif, sizeof(exif)), ==, 0);
    pp_orientation_apply(&stored.image, orientation, &upright.image);
    told = picture_write(&stored, PP_FORMAT_PNG, 0, &metadata);
    plain = picture_write(&upright, PP_FORMAT_PNG, 0, NULL);
    result = render_picture(told, &chain, PP_PLAN_PILLOW);
    expected = render_picture(plain, &chain, PP_PLAN_PILLOW);
    picture_assert_equal(&expected, &result);
    pp_metadata_finish(&metadata);
    picture_free(&stored);
    picture_free(&upright);
    picture_free(&result);
    picture_free(&expected);
}

static void test_turned_photo_is_the_one_that_was_stored_upright(void)
{
    for (int32_t orientation = 1; orientation <= 8; orientation++) {
        check_turned(orientation);
    }
}

static void test_any_chain_fits_its_memory(void)
{
    for (int i = 0; i < 60; i++) {
        struct pp_size size = {random_side() * (1 + i % 3), random_side()};
        struct picture picture = picture_paint(size, g_test_rand_int_range(1, 5), 8, i % 2 == 0);
        bool is_jpeg = picture.image.bands % 2 == 1 && g_test_rand_bit();
        g_autoptr(GBytes) file =
            picture_write(&picture, is_jpeg ? PP_FORMAT_JPEG : PP_FORMAT_PNG, 0, NULL);
        struct pp_chain chain = {.count = g_test_rand_int_range(0, 4)};
        struct picture result;

        for (int32_t j = 0; j < chain.count; j++) {
            struct pp_step *step = &chain.steps[j];

            step->kind = g_test_rand_bit() ? PP_STEP_BLUR : PP_STEP_THUMBNAIL;
            step->sigma = step->kind == PP_STEP_BLUR ? g_test_rand_double_range(0, 90) : 0;
            step->box = (struct pp_size){random_side(), random_side()};
        }
        result = render_picture(file, &chain, PP_PLAN_PILLOW);
        picture_free(&picture);
        picture_free(&result);
    }
}

int main(int argc, char **argv)
{
    pictures_test_init(&argc, &argv);
    g_test_add_func("/pillow/blur-is-six-boxes", test_blur_is_six_boxes);
    g_test_add_func("/pillow/thumbnail-is-mean-and-bicubic", test_thumbnail_is_mean_and_bicubic);
    g_test_add_func("/pillow/one-colour-stays-that-colour", test_one_colour_stays_that_colour);
    g_test_add_func("/pillow/opacity-weighs-in-the-thumbnail-only",
                    test_opacity_weighs_in_the_thumbnail_only);
    g_test_add_func("/pillow/jpeg-is-decoded-small-where-nothing-has-touched-it",
                    test_jpeg_is_decoded_small_where_nothing_has_touched_it);
    g_test_add_func("/pillow/photo-on-its-side-is-turned-first",
                    test_photo_on_its_side_is_turned_first);
    g_test_add_func("/pillow/explain-tells-that-opacity-does-not-count",
                    test_explain_tells_that_opacity_does_not_count);
    g_test_add_func("/pillow/what-pillow-does-not-have-is-refused",
                    test_what_pillow_does_not_have_is_refused);
    g_test_add_func("/pillow/turned-photo-is-the-one-that-was-stored-upright",
                    test_turned_photo_is_the_one_that_was_stored_upright);
    g_test_add_func("/pillow/any-chain-fits-its-memory", test_any_chain_fits_its_memory);
    return g_test_run();
}
