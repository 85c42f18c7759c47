/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <glib.h>
#include <locale.h>
#include <math.h>
#include <string.h>

#include "filters/blur.h"
#include "filters/chain.h"

/* Adds one step to an empty chain and returns what pp_chain_add() did. */
static int add(struct pp_chain *chain, const char *name, const char *argument,
               struct pp_error *error)
{
    memset(chain, 0, sizeof(*chain));
    memset(error, 0, sizeof(*error));
    return pp_chain_add(chain, name, argument, error);
}

static double add_blur(const char *argument)
{
    struct pp_chain chain;
    struct pp_error error;

    g_assert_cmpint(add(&chain, "blur", argument, &error), ==, 0);
    g_assert_cmpint(chain.count, ==, 1);
    g_assert_cmpint(chain.steps[0].kind, ==, PP_STEP_BLUR);
    return chain.steps[0].sigma;
}

static void check_box(const char *argument, int32_t width, int32_t height)
{
    struct pp_chain chain;
    struct pp_error error;

    g_assert_cmpint(add(&chain, "thumbnail", argument, &error), ==, 0);
    g_assert_cmpint(chain.count, ==, 1);
    g_assert_cmpint(chain.steps[0].kind, ==, PP_STEP_THUMBNAIL);
    g_assert_cmpint(chain.steps[0].box.width, ==, width);
    g_assert_cmpint(chain.steps[0].box.height, ==, height);
}

/* The step is refused, the message holds @word, and the chain is as it was. */
static void check_refused(const char *name, const char *argument, const char *word)
{
    struct pp_chain chain;
    struct pp_error error;

    g_assert_cmpint(add(&chain, name, argument, &error), ==, -EINVAL);
    g_assert_cmpint(error.code, ==, -EINVAL);
    g_assert_nonnull(strstr(error.message, word));
    g_assert_cmpint(chain.count, ==, 0);
}

static void test_blur_takes_a_standard_deviation(void)
{
    /* Each number has one nearest double, so equality is the right comparison. */
    g_assert_cmpfloat(add_blur("15"), ==, 15.0);
    g_assert_cmpfloat(add_blur("0.8"), ==, 0.8);
    g_assert_cmpfloat(add_blur(".5"), ==, 0.5);
    g_assert_cmpfloat(add_blur("2."), ==, 2.0);
    g_assert_cmpfloat(add_blur("1.5e1"), ==, 15.0);
    g_assert_cmpfloat(add_blur("0"), ==, 0.0);
    g_assert_cmpfloat(add_blur("1000"), ==, PP_BLUR_SIGMA_MAX);
    g_assert_false(signbit(add_blur("-0")));
}

static void test_blur_refuses_what_is_no_number(void)
{
    /* strtod() would take all but the first four of these. */
    static const char *const junk[] = {
        "",    "abc", "e5",  ".",    "15px", "15 ", " 15",
        "1,5", "nan", "inf", "-inf", "0x10", "1e",  "--1",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(junk); i++) {
        check_refused("blur", junk[i], "is not a number");
    }
    check_refused("blur", "abc",
                  "--blur: 'abc' is not a number; give the standard deviation in pixels, e.g. 15");
}

static void test_blur_refuses_what_is_out_of_range(void)
{
    /* 1e999 does not fit a double: it must be called too large, like any other large number. */
    check_refused("blur", "-1", "is below 0");
    check_refused("blur", "-1e999", "is below 0");
    check_refused("blur", "1000.1", "up to 1000 pixels");
    check_refused("blur", "1e999", "up to 1000 pixels");
}

static void test_thumbnail_takes_a_box(void)
{
    check_box("1200x900", 1200, 900);
    check_box("1200X900", 1200, 900);
    check_box("1200", 1200, 1200);
    check_box("1200x", 1200, PP_IMAGE_SIDE_MAX);
    check_box("x1200", PP_IMAGE_SIDE_MAX, 1200);
    check_box("0001x1", 1, 1);
    check_box("1000000x1000000", PP_IMAGE_SIDE_MAX, PP_IMAGE_SIDE_MAX);
}

static void test_thumbnail_refuses_what_is_no_box(void)
{
    static const char *const junk[] = {
        "", "x", "X", "-", "-x-", "1200x900x2", "1200*900", "12.5x10", "1200 x 900", "+5x5", "0x5g",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(junk); i++) {
        check_refused("thumbnail", junk[i], "is not a box");
    }
}

static void test_thumbnail_refuses_what_is_out_of_range(void)
{
    /* The last has more digits than int64_t holds: reading it must not overflow. */
    check_refused("thumbnail", "0", "below 1");
    check_refused("thumbnail", "0x100", "below 1");
    check_refused("thumbnail", "100x0", "below 1");
    check_refused("thumbnail", "-5x100", "below 1");
    check_refused("thumbnail", "x-5", "below 1");
    check_refused("thumbnail", "1000001x1", "up to 1000000 pixels");
    check_refused("thumbnail", "1x99999999999999999999999999", "up to 1000000 pixels");
}

static void test_unknown_step_is_refused(void)
{
    /* A step is known by its whole name: neither a part of it nor more than it. */
    check_refused("sharpen", "1", "--sharpen is no step");
    check_refused("", "1", "is no step");
    check_refused("blu", "1", "is no step");
    check_refused("blurs", "1", "is no step");
}

static void test_long_argument_leaves_room_for_the_reason(void)
{
    char argument[1000];

    /* Far more than a message holds: what is right must still be said behind it. */
    memset(argument, 'a', sizeof(argument) - 1);
    argument[sizeof(argument) - 1] = '\0';
    check_refused("blur", argument, "e.g. 15");
    check_refused("thumbnail", argument, "for one free side");
}

static void test_full_chain_is_refused(void)
{
    struct pp_chain chain = {0};
    struct pp_error error;

    for (int i = 0; i < PP_CHAIN_STEPS_MAX; i++) {
        g_assert_cmpint(pp_chain_add(&chain, "blur", "1", NULL), ==, 0);
    }
    g_assert_cmpint(pp_chain_add(&chain, "blur", "1", &error), ==, -E2BIG);
    g_assert_cmpint(error.code, ==, -E2BIG);
    g_assert_cmpint(chain.count, ==, PP_CHAIN_STEPS_MAX);
}

static void test_steps_keep_their_order(void)
{
    struct pp_chain chain = {0};
    char text[200];

    g_assert_cmpint(pp_chain_add(&chain, "thumbnail", "1200x", NULL), ==, 0);
    g_assert_cmpint(pp_chain_add(&chain, "blur", "0.8", NULL), ==, 0);
    g_assert_cmpint(pp_chain_add(&chain, "thumbnail", "300", NULL), ==, 0);
    pp_chain_format(&chain, text, sizeof(text));
    g_assert_cmpstr(text, ==, "--thumbnail 1200x --blur 0.8 --thumbnail 300x300");
}

/* Formats a chain of the one step and reads that back: both chains must be the same. */
static void check_round_trip(const char *name, const char *argument)
{
    struct pp_chain chain;
    struct pp_chain again;
    struct pp_error error;
    char text[200];

    g_assert_cmpint(add(&chain, name, argument, &error), ==, 0);
    pp_chain_format(&chain, text, sizeof(text));
    g_assert_true(g_str_has_prefix(text, "--"));
    g_assert_cmpint(add(&again, name, strchr(text, ' ') + 1, &error), ==, 0);
    g_assert_cmpfloat(again.steps[0].sigma, ==, chain.steps[0].sigma);
    g_assert_cmpint(again.steps[0].box.width, ==, chain.steps[0].box.width);
    g_assert_cmpint(again.steps[0].box.height, ==, chain.steps[0].box.height);
}

static void test_format_reads_back_as_the_same_chain(void)
{
    char argument[40];

    /* Random doubles need up to 17 digits; the boxes are all the ways to be free or not. */
    for (int i = 0; i < 1000; i++) {
        g_ascii_dtostr(argument, sizeof(argument), g_test_rand_double_range(0, 1000));
        check_round_trip("blur", argument);
    }
    check_round_trip("blur", "1e-300");
    check_round_trip("thumbnail", "17x1000000");
    check_round_trip("thumbnail", "1000000x17");
    check_round_trip("thumbnail", "1000000x1000000");
    check_round_trip("thumbnail", "17x18");
}

static void test_empty_chain_formats_as_nothing(void)
{
    struct pp_chain chain = {0};
    char text[4] = "abc";

    pp_chain_format(&chain, text, sizeof(text));
    g_assert_cmpstr(text, ==, "");
}

static void test_format_is_cut_to_fit(void)
{
    struct pp_chain chain = {0};
    char whole[200];
    char text[200];

    g_assert_cmpint(pp_chain_add(&chain, "blur", "15", NULL), ==, 0);
    g_assert_cmpint(pp_chain_add(&chain, "thumbnail", "1200x1200", NULL), ==, 0);
    pp_chain_format(&chain, whole, sizeof(whole));
    for (size_t bytes = 0; bytes <= strlen(whole); bytes++) {
        /* The byte behind the buffer is a guard; the rest is the start of the whole text. */
        memset(text, '#', sizeof(text));
        pp_chain_format(&chain, text, bytes);
        g_assert_cmpint(text[bytes], ==, '#');
        if (bytes > 0) {
            g_assert_cmpint(strlen(text), ==, bytes - 1);
            g_assert_true(g_str_has_prefix(whole, text));
        }
    }
}

static void test_locale_changes_nothing(void)
{
    static const char *const commas[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "fr_FR"};
    const char *found = NULL;
    struct pp_chain chain = {0};
    char text[40];

    /* A locale whose decimal point is a comma: one of these is there on most machines. */
    for (size_t i = 0; i < G_N_ELEMENTS(commas) && found == NULL; i++) {
        found = setlocale(LC_ALL, commas[i]);
    }
    if (found == NULL) {
        g_test_skip("no locale with a decimal comma is installed");
        return;
    }
    g_assert_cmpfloat(add_blur("0.8"), ==, 0.8);
    check_refused("blur", "0,8", "is not a number");
    g_assert_cmpint(pp_chain_add(&chain, "blur", "0.8", NULL), ==, 0);
    pp_chain_format(&chain, text, sizeof(text));
    setlocale(LC_ALL, "C");
    g_assert_cmpstr(text, ==, "--blur 0.8");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/chain/blur-takes-a-standard-deviation", test_blur_takes_a_standard_deviation);
    g_test_add_func("/chain/blur-refuses-what-is-no-number", test_blur_refuses_what_is_no_number);
    g_test_add_func("/chain/blur-refuses-what-is-out-of-range",
                    test_blur_refuses_what_is_out_of_range);
    g_test_add_func("/chain/thumbnail-takes-a-box", test_thumbnail_takes_a_box);
    g_test_add_func("/chain/thumbnail-refuses-what-is-no-box",
                    test_thumbnail_refuses_what_is_no_box);
    g_test_add_func("/chain/thumbnail-refuses-what-is-out-of-range",
                    test_thumbnail_refuses_what_is_out_of_range);
    g_test_add_func("/chain/unknown-step-is-refused", test_unknown_step_is_refused);
    g_test_add_func("/chain/long-argument-leaves-room-for-the-reason",
                    test_long_argument_leaves_room_for_the_reason);
    g_test_add_func("/chain/full-chain-is-refused", test_full_chain_is_refused);
    g_test_add_func("/chain/steps-keep-their-order", test_steps_keep_their_order);
    g_test_add_func("/chain/format-reads-back-as-the-same-chain",
                    test_format_reads_back_as_the_same_chain);
    g_test_add_func("/chain/empty-chain-formats-as-nothing", test_empty_chain_formats_as_nothing);
    g_test_add_func("/chain/format-is-cut-to-fit", test_format_is_cut_to_fit);
    g_test_add_func("/chain/locale-changes-nothing", test_locale_changes_nothing);
    return g_test_run();
}
