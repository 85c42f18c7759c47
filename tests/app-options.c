/* SPDX-License-Identifier: MIT */
#include <glib.h>

#include "app/options.h"
#include "app/suggest.h"

/* Parses the words of @line; the caller finishes @options. Returns the message, NULL for none. */
static char *parse(struct run_options *options, const char *line)
{
    g_autofree char *whole = g_strconcat("run ", line, NULL);
    g_auto(GStrv) argv = g_strsplit(whole, " ", -1);
    g_autoptr(GError) error = NULL;

    if (run_options_parse(options, (int)g_strv_length(argv), argv, &error)) {
        return NULL;
    }
    return g_strdup(error->message);
}

static void assert_refused(const char *line, const char *message)
{
    struct run_options options;
    g_autofree char *told = parse(&options, line);

    run_options_finish(&options);
    g_assert_nonnull(told);
    if (strstr(told, message) == NULL) {
        g_error("'%s' told '%s' instead of '%s'", line, told, message);
    }
}

static void test_steps_keep_their_order(void)
{
    struct run_options options;
    char text[200];

    g_assert_null(parse(&options, "--thumbnail 800x600 a.jpg --blur 2 -o out --blur 0.5"));
    pp_chain_format(&options.chain, text, sizeof(text));
    g_assert_cmpstr(text, ==, "--thumbnail 800x600 --blur 2 --blur 0.5");
    run_options_finish(&options);
}

static void test_options_and_files_mix(void)
{
    struct run_options options;

    g_assert_null(parse(&options, "a.jpg -f png b.jpg -o out -- -q --c.jpg"));
    g_assert_cmpuint(g_strv_length(options.paths), ==, 4);
    g_assert_cmpstr(options.paths[2], ==, "-q");
    g_assert_cmpstr(options.paths[3], ==, "--c.jpg");
    g_assert_cmpint(options.format, ==, PP_FORMAT_PNG);
    g_assert_cmpint(options.quality, ==, 0);
    run_options_finish(&options);
}

static void test_values(void)
{
    struct run_options options;

    g_assert_null(parse(&options, "a -o b -q 70 -j 3 --plan exact --overwrite older --mem 512M "
                                  "--timeout 1.5 --max-pixels 24M --progress never"));
    g_assert_cmpint(options.quality, ==, 70);
    g_assert_cmpuint(options.processes, ==, 3);
    g_assert_cmpint(options.mode, ==, PP_PLAN_EXACT);
    g_assert_cmpint(options.overwrite, ==, OVERWRITE_OLDER);
    g_assert_cmpuint(options.memory_bytes, ==, 512 * 1024 * 1024);
    g_assert_cmpuint(options.timeout_ms, ==, 1500);
    g_assert_cmpint(options.pixels_max, ==, 24000000);
    g_assert_cmpint(options.progress, ==, PROGRESS_NEVER);
    run_options_finish(&options);
}

static void test_every_plan_has_a_word(void)
{
    for (enum pp_plan_mode mode = PP_PLAN_FAST; mode <= PP_PLAN_PILLOW; mode++) {
        g_autofree char *line = g_strconcat("a -o b --plan ", option_plan_word(mode), NULL);
        struct run_options options;

        g_assert_null(parse(&options, line));
        g_assert_cmpint(options.mode, ==, mode);
        run_options_finish(&options);
    }
}

static void test_defaults(void)
{
    struct run_options options;

    g_assert_null(parse(&options, "a -o b"));
    g_assert_cmpint(options.mode, ==, PP_PLAN_FAST);
    g_assert_cmpint(options.overwrite, ==, OVERWRITE_NEVER);
    g_assert_cmpuint(options.timeout_ms, ==, 60000);
    g_assert_cmpint(options.chain.count, ==, 0);
    g_assert_false(options.json);
    run_options_finish(&options);
}

static void test_values_may_touch_their_letters(void)
{
    struct run_options options;

    /* The value of -o looks like a letter with a value, and has to stay whole. */
    g_assert_null(parse(&options, "a -j4 -q80 -fwebp -o -jdir -n0 --files-from list"));
    g_assert_cmpuint(options.processes, ==, 4);
    g_assert_cmpint(options.quality, ==, 80);
    g_assert_cmpint(options.format, ==, PP_FORMAT_WEBP);
    g_assert_cmpstr(options.output, ==, "-jdir");
    g_assert_true(options.dry_run);
    g_assert_true(options.null_separated);
    run_options_finish(&options);
}

static void test_names_are_bytes(void)
{
    struct run_options options;

    g_assert_null(parse(&options, "a\xff.jpg -o \xfe --include \xfd*"));
    g_assert_cmpstr(options.paths[0], ==, "a\xff.jpg");
    g_assert_cmpstr(options.output, ==, "\xfe");
    g_assert_cmpstr(options.include[0], ==, "\xfd*");
    run_options_finish(&options);
}

static void test_bad_values_say_what_is_right(void)
{
    assert_refused("a -o b --blur x", "not a number");
    assert_refused("a -o b --blur nan", "not a number");
    assert_refused("a -o b --blur inf", "not a number");
    assert_refused("a -o b --blur -1", "below 0");
    assert_refused("a -o b --blur 1e9", "too large");
    assert_refused("a -o b --thumbnail 0x5", "below 1");
    assert_refused("a -o b --thumbnail -3", "below 1");
    assert_refused("a -o b --thumbnail big", "WIDTHxHEIGHT");
    assert_refused("a -o b -f bmp", "-f takes jpg, png, webp, tiff or avif, not 'bmp'");
    assert_refused("a -o b -q 0", "-q takes a whole number from 1 to 100, not '0'");
    assert_refused("a -o b --quality=101", "--quality takes a whole number from 1 to 100");
    assert_refused("a -o b -j 0", "-j takes a whole number from 1 to 1024");
    assert_refused("a -o b -j two", "-j takes a whole number");
    assert_refused("a -o b --plan quick", "--plan takes fast, exact or pillow, not 'quick'");
    assert_refused("a -o b --overwrite yes", "--overwrite takes never, older or always");
    assert_refused("a -o b --mem 10", "--mem takes an amount of memory of 1M or more");
    assert_refused("a -o b --mem 1X", "--mem takes an amount of memory");
    assert_refused("a -o b --mem 99999999999G", "--mem takes an amount of memory");
    assert_refused("a -o b --timeout -1", "--timeout takes seconds");
    assert_refused("a -o b --timeout nan", "--timeout takes seconds");
    assert_refused("a -o b --max-pixels 0", "--max-pixels takes a number of 1 or more");
    assert_refused("a -o b --progress maybe", "--progress takes auto, always or never");
}

static void test_missing_and_conflicting_words(void)
{
    assert_refused("-o b", "no input");
    assert_refused("a", "no output");
    assert_refused("a -o ", "not an empty name");
    assert_refused("a -o", "Missing argument for -o");
    assert_refused("a -o b -0", "--files-from");
    assert_refused("a -o - --json", "-o -");
    assert_refused("- --files-from - -o b", "standard input");
}

static void test_unknown_options_are_named_with_what_was_meant(void)
{
    assert_refused("a -o b --thumbnial 3", "unknown option --thumbnial; did you mean --thumbnail?");
    assert_refused("a -o b --blurr=3", "unknown option --blurr; did you mean --blur?");
    assert_refused("a -o b --frobnicate", "unknown option --frobnicate");
    assert_refused("a -o b --sharpen 2", "unknown option --sharpen");
    assert_refused("a -o b -z", "-z");
}

static void test_too_many_steps_are_refused(void)
{
    GString *line = g_string_new("a -o b");

    for (int i = 0; i <= PP_CHAIN_STEPS_MAX; i++) {
        g_string_append(line, " --blur 1");
    }
    assert_refused(line->str, "");
    g_string_free(line, TRUE);
}

static void test_explain_needs_no_output(void)
{
    struct run_options options;

    g_assert_null(parse(&options, "--explain a.jpg"));
    g_assert_null(options.output);
    run_options_finish(&options);
}

/* Every option that GOption knows has to be known where "did you mean" looks, and the reverse. */
static void test_help_and_suggestions_know_the_same_options(void)
{
    g_autofree char *help = run_options_help();
    g_auto(GStrv) words = g_strsplit_set(help, " \n,=[](", -1);

    for (char **word = words; *word != NULL; word++) {
        g_autofree char *line = NULL;
        struct run_options options;
        g_autofree char *told = NULL;

        if (!g_str_has_prefix(*word, "--") || (*word)[2] == '\0') {
            continue;
        }
        line = g_strconcat("a -o b ", *word, "x", NULL);
        told = parse(&options, line);
        run_options_finish(&options);
        g_assert_nonnull(told);
        g_assert_nonnull(strstr(told, *word));
        g_assert_nonnull(strstr(told, "did you mean"));
    }
}

static void test_suggestions_are_close(void)
{
    const char *const words[] = {"run", "watch", "set", NULL};

    g_assert_cmpstr(suggest("rnu", words), ==, "run");
    g_assert_cmpstr(suggest("wach", words), ==, "watch");
    g_assert_null(suggest("photograph", words));
    g_assert_null(suggest("", words));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/options/steps-keep-their-order", test_steps_keep_their_order);
    g_test_add_func("/options/options-and-files-mix", test_options_and_files_mix);
    g_test_add_func("/options/values", test_values);
    g_test_add_func("/options/every-plan-has-a-word", test_every_plan_has_a_word);
    g_test_add_func("/options/defaults", test_defaults);
    g_test_add_func("/options/values-may-touch-their-letters", test_values_may_touch_their_letters);
    g_test_add_func("/options/names-are-bytes", test_names_are_bytes);
    g_test_add_func("/options/bad-values-say-what-is-right", test_bad_values_say_what_is_right);
    g_test_add_func("/options/missing-and-conflicting-words", test_missing_and_conflicting_words);
    g_test_add_func("/options/unknown-options-are-named-with-what-was-meant",
                    test_unknown_options_are_named_with_what_was_meant);
    g_test_add_func("/options/too-many-steps-are-refused", test_too_many_steps_are_refused);
    g_test_add_func("/options/explain-needs-no-output", test_explain_needs_no_output);
    g_test_add_func("/options/help-and-suggestions-know-the-same-options",
                    test_help_and_suggestions_know_the_same_options);
    g_test_add_func("/options/suggestions-are-close", test_suggestions_are_close);
    return g_test_run();
}
