/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <locale.h>
#include <string.h>

#include "tests/planning.h"

/* Planning an image of that size fails with @code; returns the message. */
static char *refused(int32_t width, int32_t height, int64_t pixels_max, int code)
{
    struct pp_plan_options options = {.pixels_max = pixels_max};
    struct pp_header header = png_header(width, height, 3, 8);
    struct pp_chain chain = {0};
    struct pp_error error = {0};
    struct pp_plan plan;

    g_assert_cmpint(pp_plan_make(&header, &chain, &options, &plan, &error), ==, code);
    g_assert_cmpint(error.code, ==, code);
    return g_strdup(error.message);
}

static void test_too_many_pixels_are_refused_with_limit_need_and_option(void)
{
    g_autofree char *large = refused(65000, 65000, 0, -EFBIG);
    g_autofree char *above = refused(20001, 25000, 0, -EFBIG);
    g_autofree char *own = refused(101, 100, 10050, -EFBIG);
    g_autofree char *vast = refused(INT32_MAX, INT32_MAX, 0, -EFBIG);

    g_assert_cmpstr(large, ==,
                    "image has 4225 megapixels (65000x65000), the limit is 500: raise it with "
                    "--max-pixels");
    /* 500.025 megapixels are not called 500 while the limit is 500. */
    g_assert_cmpstr(above, ==,
                    "image has 501 megapixels (20001x25000), the limit is 500: raise it with "
                    "--max-pixels");
    g_assert_cmpstr(own, ==,
                    "image has 10100 pixels (101x100), the limit is 10050: raise it with "
                    "--max-pixels");
    g_assert_nonnull(strstr(vast, "the limit is 500"));
}

static void test_pixels_up_to_the_limit_are_planned(void)
{
    struct pp_plan_options options = {.pixels_max = 1000000};
    struct pp_header header = png_header(1000, 1000, 3, 8);
    struct pp_chain chain = {0};
    struct pp_plan plan;

    g_assert_cmpint(pp_plan_make(&header, &chain, &options, &plan, NULL), ==, 0);
    header = png_header(20000, 25000, 3, 8);
    make_plan(&header, &chain, PP_PLAN_FAST);
}

static void test_impossible_sides_are_refused(void)
{
    g_autofree char *none = refused(0, 100, 0, -EINVAL);
    g_autofree char *negative = refused(100, -5, 0, -EINVAL);
    g_autofree char *band = refused(PP_IMAGE_SIDE_MAX + 1, 2, 0, -EFBIG);

    g_assert_nonnull(strstr(none, "0x100"));
    g_assert_nonnull(strstr(negative, "100x-5"));
    g_assert_nonnull(strstr(band, "up to 1000000 pixels"));
}

static void test_shape_that_no_image_has_is_refused(void)
{
    struct pp_plan_options options = {.mode = PP_PLAN_EXACT};
    struct pp_chain chain = CHAIN("blur", "2", "thumbnail", "10");
    struct pp_header header = png_header(40, 30, 5, 8);
    struct pp_error error = {0};
    struct pp_plan plan;

    g_assert_cmpint(pp_plan_make(&header, &chain, &options, &plan, &error), ==, -EINVAL);
    g_assert_nonnull(strstr(error.message, "5 bands of 8 bits"));
    header = png_header(40, 30, 3, 12);
    g_assert_cmpint(pp_plan_make(&header, &chain, &options, &plan, &error), ==, -EINVAL);
    g_assert_nonnull(strstr(error.message, "3 bands of 12 bits"));
}

static enum pp_format planned_format(enum pp_format format, int32_t bands, int32_t bits)
{
    struct pp_header header = png_header(100, 80, bands, bits);
    struct pp_chain chain = {0};

    header.format = format;
    return make_plan(&header, &chain, PP_PLAN_FAST).encode.format;
}

static void test_output_format_is_the_inputs_own_or_one_that_holds_it(void)
{
    g_assert_cmpint(planned_format(PP_FORMAT_JPEG, 3, 8), ==, PP_FORMAT_JPEG);
    g_assert_cmpint(planned_format(PP_FORMAT_PNG, 3, 8), ==, PP_FORMAT_PNG);
    g_assert_cmpint(planned_format(PP_FORMAT_BMP, 3, 8), ==, PP_FORMAT_JPEG);
    g_assert_cmpint(planned_format(PP_FORMAT_HEIF, 3, 8), ==, PP_FORMAT_JPEG);
    g_assert_cmpint(planned_format(PP_FORMAT_OTHER, 1, 8), ==, PP_FORMAT_JPEG);
    /* JPEG would lose these. */
    g_assert_cmpint(planned_format(PP_FORMAT_TGA, 4, 8), ==, PP_FORMAT_PNG);
    g_assert_cmpint(planned_format(PP_FORMAT_GIF, 2, 8), ==, PP_FORMAT_PNG);
    g_assert_cmpint(planned_format(PP_FORMAT_PSD, 3, 16), ==, PP_FORMAT_PNG);
}

/* Plans a copy of a photo of that size with these options and returns what came of it. */
static int plan_output(int32_t width, int32_t height, enum pp_format format, int32_t quality,
                       struct pp_plan *ret_plan, struct pp_error *error)
{
    struct pp_plan_options options = {.encode = {.format = format, .quality = quality}};
    struct pp_header header = png_header(width, height, 3, 8);
    struct pp_chain chain = {0};

    return pp_plan_make(&header, &chain, &options, ret_plan, error);
}

static void test_quality_is_settled(void)
{
    struct pp_error error = {0};
    struct pp_plan plan;

    g_assert_cmpint(plan_output(9, 9, PP_FORMAT_JPEG, 0, &plan, NULL), ==, 0);
    g_assert_cmpint(plan.encode.quality, ==, 80);
    g_assert_cmpint(plan_output(9, 9, PP_FORMAT_JPEG, 100, &plan, NULL), ==, 0);
    g_assert_cmpint(plan.encode.quality, ==, 100);
    /* PNG loses nothing, so it has no quality, asked for or not. */
    g_assert_cmpint(plan_output(9, 9, PP_FORMAT_PNG, 70, &plan, NULL), ==, 0);
    g_assert_cmpint(plan.encode.quality, ==, 0);
    g_assert_cmpint(plan_output(9, 9, PP_FORMAT_JPEG, 101, &plan, &error), ==, -EINVAL);
    g_assert_nonnull(strstr(error.message, "1 to 100"));
    g_assert_cmpint(plan_output(9, 9, PP_FORMAT_JPEG, -1, &plan, &error), ==, -EINVAL);
}

static void test_output_that_the_format_cannot_hold_is_refused(void)
{
    struct pp_error error = {0};
    struct pp_plan plan;

    g_assert_cmpint(plan_output(65500, 10, PP_FORMAT_JPEG, 0, &plan, NULL), ==, 0);
    g_assert_cmpint(plan_output(65501, 10, PP_FORMAT_JPEG, 0, &plan, &error), ==, -ENOTSUP);
    g_assert_nonnull(strstr(error.message, "65500"));
    g_assert_nonnull(strstr(error.message, "65501x10"));
    g_assert_cmpint(plan_output(10, 65501, PP_FORMAT_JPEG, 0, &plan, &error), ==, -ENOTSUP);
    g_assert_cmpint(plan_output(10, 65501, PP_FORMAT_PNG, 0, &plan, NULL), ==, 0);
    if (pp_codec_can_encode(PP_FORMAT_WEBP)) {
        g_assert_cmpint(plan_output(16383, 10, PP_FORMAT_WEBP, 0, &plan, NULL), ==, 0);
        g_assert_cmpint(plan_output(16384, 10, PP_FORMAT_WEBP, 0, &plan, &error), ==, -ENOTSUP);
    }
}

static void test_format_that_nothing_writes_is_refused(void)
{
    struct pp_error error = {0};
    struct pp_plan plan;

    g_assert_cmpint(plan_output(10, 10, PP_FORMAT_PSD, 0, &plan, &error), ==, -ENOTSUP);
    g_assert_nonnull(strstr(error.message, "psd cannot be written"));
}

static void test_failure_leaves_the_plan_as_it_was(void)
{
    struct pp_plan plan;
    struct pp_plan before;

    memset(&plan, 0x5a, sizeof(plan));
    memcpy(&before, &plan, sizeof(plan));
    g_assert_cmpint(plan_output(65501, 10, PP_FORMAT_JPEG, 0, &plan, NULL), <, 0);
    g_assert_cmpint(plan_output(65501, 65501, PP_FORMAT_PNG, 0, &plan, NULL), <, 0);
    g_assert_cmpmem(&plan, sizeof(plan), &before, sizeof(before));
}

static void test_explain_tells_every_stage(void)
{
    struct pp_header header = jpeg_header(4032, 3024);
    struct pp_chain chain = CHAIN("thumbnail", "200", "blur", "1.5");
    struct pp_plan plan;
    char text[1000];

    header.orientation = 6;
    plan = make_plan(&header, &chain, PP_PLAN_FAST);
    plan.pixel_bytes = 18251234;
    plan.scratch_bytes = 649999;
    pp_plan_explain(&plan, text, sizeof(text));
    g_assert_cmpstr(text, ==,
                    "decode     JPEG 4032x3024, 3 bands, 8 bits, at 1/2 -> 2016x1512: the "
                    "thumbnail needs no more\n"
                    "thumbnail  2016x1512 -> 200x150\n"
                    "blur       sigma 1.5 at 200x150\n"
                    "orient     90 degrees clockwise (EXIF 6) -> 150x200\n"
                    "encode     JPEG quality 80\n"
                    "memory     18.3 MB pixels, 0.6 MB scratch\n");
}

static void test_explain_tells_how_alpha_is_filtered(void)
{
    struct pp_header header = png_header(40, 30, 2, 8);
    struct pp_chain chain = CHAIN("blur", "3");
    struct pp_plan plan = make_plan(&header, &chain, PP_PLAN_EXACT);
    char text[1000];

    pp_plan_explain(&plan, text, sizeof(text));
    g_assert_nonnull(strstr(text, "widen      to 16 bits"));
    g_assert_nonnull(strstr(text, "encode     PNG\n"));
}

static void test_explain_tells_what_is_left_out(void)
{
    static const struct {
        enum pp_format format;
        int32_t frames;
        const char *line;
    } cases[] = {
        {PP_FORMAT_TIFF, 3, "decode     TIFF 64x64, page 1 of 3, 3 bands, 8 bits"},
        {PP_FORMAT_GIF, 12, "decode     GIF 64x64, frame 1 of 12, 3 bands, 8 bits"},
        {PP_FORMAT_WEBP, 2, "decode     WebP 64x64, frame 1 of 2, 3 bands, 8 bits"},
        {PP_FORMAT_PNG, 2, "decode     PNG 64x64, frame 1 of 2, 3 bands, 8 bits"},
        {PP_FORMAT_HEIF, 4, "decode     HEIF 64x64, main image of 4, 3 bands, 8 bits"},
        {PP_FORMAT_TIFF, 1, "decode     TIFF 64x64, 3 bands, 8 bits"},
    };
    struct pp_chain chain = CHAIN("blur", "2");

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct pp_header header = png_header(64, 64, 3, 8);
        struct pp_plan plan;
        char text[1024];

        header.format = cases[i].format;
        header.frames = cases[i].frames;
        plan = make_plan(&header, &chain, PP_PLAN_FAST);
        pp_plan_explain(&plan, text, sizeof(text));
        g_assert_true(g_str_has_prefix(text, cases[i].line));
    }
}

static void test_explain_is_cut_to_fit(void)
{
    struct pp_header header = jpeg_header(4032, 3024);
    struct pp_chain chain = CHAIN("blur", "15", "thumbnail", "1200");
    struct pp_plan plan = make_plan(&header, &chain, PP_PLAN_FAST);
    char whole[1000];
    char text[1000];

    pp_plan_explain(&plan, whole, sizeof(whole));
    for (size_t bytes = 0; bytes <= strlen(whole); bytes++) {
        /* The byte behind the buffer is a guard; the rest is the start of the whole text. */
        memset(text, '#', sizeof(text));
        pp_plan_explain(&plan, text, bytes);
        g_assert_cmpint(text[bytes], ==, '#');
        if (bytes > 0) {
            g_assert_cmpint(strlen(text), ==, bytes - 1);
            g_assert_true(g_str_has_prefix(whole, text));
        }
    }
}

static void test_explain_is_the_same_in_any_locale(void)
{
    struct pp_header header = jpeg_header(4032, 3024);
    struct pp_chain chain = CHAIN("blur", "1.5");
    struct pp_plan plan = make_plan(&header, &chain, PP_PLAN_FAST);
    char expected[1000];
    char text[1000];

    pp_plan_explain(&plan, expected, sizeof(expected));
    /* A locale whose decimal point is a comma. */
    if (setlocale(LC_ALL, "de_DE.UTF-8") == NULL && setlocale(LC_ALL, "fr_FR.UTF-8") == NULL) {
        g_test_skip("no locale with a decimal comma is installed");
        return;
    }
    pp_plan_explain(&plan, text, sizeof(text));
    setlocale(LC_ALL, "C");
    g_assert_cmpstr(text, ==, expected);
    g_assert_nonnull(strstr(text, "sigma 1.5"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/too-many-pixels-are-refused-with-limit-need-and-option",
                    test_too_many_pixels_are_refused_with_limit_need_and_option);
    g_test_add_func("/plan/pixels-up-to-the-limit-are-planned",
                    test_pixels_up_to_the_limit_are_planned);
    g_test_add_func("/plan/impossible-sides-are-refused", test_impossible_sides_are_refused);
    g_test_add_func("/plan/shape-that-no-image-has-is-refused",
                    test_shape_that_no_image_has_is_refused);
    g_test_add_func("/plan/output-format-is-the-inputs-own-or-one-that-holds-it",
                    test_output_format_is_the_inputs_own_or_one_that_holds_it);
    g_test_add_func("/plan/quality-is-settled", test_quality_is_settled);
    g_test_add_func("/plan/output-that-the-format-cannot-hold-is-refused",
                    test_output_that_the_format_cannot_hold_is_refused);
    g_test_add_func("/plan/format-that-nothing-writes-is-refused",
                    test_format_that_nothing_writes_is_refused);
    g_test_add_func("/plan/failure-leaves-the-plan-as-it-was",
                    test_failure_leaves_the_plan_as_it_was);
    g_test_add_func("/plan/explain-tells-every-stage", test_explain_tells_every_stage);
    g_test_add_func("/plan/explain-tells-how-alpha-is-filtered",
                    test_explain_tells_how_alpha_is_filtered);
    g_test_add_func("/plan/explain-tells-what-is-left-out", test_explain_tells_what_is_left_out);
    g_test_add_func("/plan/explain-is-cut-to-fit", test_explain_is_cut_to_fit);
    g_test_add_func("/plan/explain-is-the-same-in-any-locale",
                    test_explain_is_the_same_in_any_locale);
    return g_test_run();
}
