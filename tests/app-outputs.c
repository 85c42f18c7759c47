/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <glib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "app/outputs.h"
#include "tests/folder.h"

static const struct pp_size size = {640, 480};

/* The name that -o @argument gives the input @relative. */
static char *name_of(const char *argument, const char *relative, enum pp_format format)
{
    struct output_rule rule;
    char *name;

    g_assert_true(output_rule_parse(&rule, argument, PP_FORMAT_UNKNOWN, FALSE, NULL));
    name = output_rule_name(&rule, relative, format, size, NULL);
    output_rule_finish(&rule);
    return name;
}

static void assert_name(const char *argument, const char *relative, enum pp_format format,
                        const char *expected)
{
    g_autofree char *name = name_of(argument, relative, format);

    g_assert_cmpstr(name, ==, expected);
}

static void test_trees_are_mirrored(void)
{
    assert_name("out", "a.jpg", PP_FORMAT_JPEG, "out/a.jpg");
    assert_name("out/", "2026/07/a.jpg", PP_FORMAT_JPEG, "out/2026/07/a.jpg");
    assert_name("/", "a.jpg", PP_FORMAT_JPEG, "/a.jpg");
}

static void test_the_extension_changes_only_with_the_format(void)
{
    assert_name("out", "IMG.JPEG", PP_FORMAT_JPEG, "out/IMG.JPEG");
    assert_name("out", "a.jfif", PP_FORMAT_JPEG, "out/a.jfif");
    assert_name("out", "IMG.JPEG", PP_FORMAT_WEBP, "out/IMG.webp");
    assert_name("out", "scan.TIFF", PP_FORMAT_TIFF, "out/scan.TIFF");
    /* Known by content: what a JPEG is called by mistake is put right. */
    assert_name("out", "wrong.png", PP_FORMAT_JPEG, "out/wrong.jpg");
    assert_name("out", "raw.CR2", PP_FORMAT_TIFF, "out/raw.tif");
}

static void test_only_what_looks_like_an_extension_is_one(void)
{
    assert_name("out", "IMG_0001", PP_FORMAT_JPEG, "out/IMG_0001.jpg");
    assert_name("out", "shot.2026", PP_FORMAT_JPEG, "out/shot.2026.jpg");
    assert_name("out", "a.b c", PP_FORMAT_JPEG, "out/a.b c.jpg");
    assert_name("out", "v1.2.final.png", PP_FORMAT_JPEG, "out/v1.2.final.jpg");
    assert_name("out", "odd\xff\n.png", PP_FORMAT_PNG, "out/odd\xff\n.png");
}

static void test_templates_are_filled_in(void)
{
    assert_name("web/%d/%f-%wx%h.%e", "2026/a.png", PP_FORMAT_JPEG, "web/2026/a-640x480.jpg");
    assert_name("web/%d/%f.%e", "a.png", PP_FORMAT_PNG, "web/a.png");
    assert_name("%d/%f.%e", "a.png", PP_FORMAT_PNG, "a.png");
    assert_name("/web/%d/%f.%e", "a.png", PP_FORMAT_PNG, "/web/a.png");
    assert_name("../%f-%E.%e", "a.CR2", PP_FORMAT_JPEG, "../a-CR2.jpg");
    assert_name("100%%/%f.%e", "a.png", PP_FORMAT_PNG, "100%/a.png");
    assert_name("%f", "a%w.png", PP_FORMAT_PNG, "a%w");
}

static void assert_directory(const char *argument, const char *expected)
{
    struct output_rule rule;
    g_autofree char *directory = NULL;

    g_assert_true(output_rule_parse(&rule, argument, PP_FORMAT_UNKNOWN, FALSE, NULL));
    directory = output_rule_directory(&rule);
    g_assert_cmpstr(directory, ==, expected);
    output_rule_finish(&rule);
}

static void test_what_all_outputs_are_below_is_known(void)
{
    assert_directory("out/", "out");
    assert_directory("w/small/%f-s.%e", "w/small");
    assert_directory("w/%d/small/%f.%e", "w");
    assert_directory("100%%/s%w/%f.%e", "100%");
    assert_directory("/%f.%e", "/");
    assert_directory("/w//%f.%e", "/w/");
    assert_directory("%d/%f.%e", NULL);
    assert_directory("w/one.jpg", NULL);
    assert_directory("-", NULL);
}

static void test_a_template_cannot_be_led_out_of_its_directory(void)
{
    struct output_rule rule;
    g_autoptr(GError) error = NULL;

    g_assert_true(output_rule_parse(&rule, "out/%f/%e", PP_FORMAT_UNKNOWN, FALSE, NULL));
    g_assert_null(output_rule_name(&rule, "...jpg", PP_FORMAT_JPEG, size, &error));
    g_assert_nonnull(strstr(error->message, "no file name of its own"));
    output_rule_finish(&rule);
}

static void assert_rule_refused(const char *argument, enum pp_format format, const char *message)
{
    struct output_rule rule;
    g_autoptr(GError) error = NULL;

    g_assert_false(output_rule_parse(&rule, argument, format, FALSE, &error));
    if (strstr(error->message, message) == NULL) {
        g_error("'%s' told '%s' instead of '%s'", argument, error->message, message);
    }
}

static void test_bad_templates_are_refused(void)
{
    assert_rule_refused("out/%x", PP_FORMAT_UNKNOWN, "%x");
    assert_rule_refused("out/%f%", PP_FORMAT_UNKNOWN, "single %");
    assert_rule_refused("out/%d/", PP_FORMAT_UNKNOWN, "names a directory");
    assert_rule_refused("out/%f.png", PP_FORMAT_JPEG, "-f says jpg");
    /* Two spellings of one name would not be seen to be one. */
    assert_rule_refused("out/%d/../%f.%e", PP_FORMAT_UNKNOWN, "'..' after a placeholder");
    assert_rule_refused("%f/../a.%e", PP_FORMAT_UNKNOWN, "'..' after a placeholder");
    assert_name("100%%/../%f.%e", "a.jpg", PP_FORMAT_JPEG, "100%/../a.jpg");
}

static void test_formats_that_cannot_be_written_are_refused(void)
{
    assert_rule_refused("out/%f.gif", PP_FORMAT_UNKNOWN,
                        "gif cannot be written; jpg, png, webp, tiff and avif can");
    assert_rule_refused("out/%f.HEIC", PP_FORMAT_JPEG, "heic cannot be written");
    assert_rule_refused("one.bmp", PP_FORMAT_UNKNOWN, "bmp cannot be written");
    /* What ends in a slash is a directory, and so is one that is there. */
    assert_name("one.bmp/", "a.jpg", PP_FORMAT_JPEG, "one.bmp/a.jpg");
    assert_name("2026.07", "a.jpg", PP_FORMAT_JPEG, "2026.07/a.jpg");
}

static void assert_name_refused(const char *argument, const char *relative, enum pp_format format,
                                const char *message)
{
    struct output_rule rule;
    g_autoptr(GError) error = NULL;

    g_assert_true(output_rule_parse(&rule, argument, PP_FORMAT_UNKNOWN, FALSE, NULL));
    g_assert_null(output_rule_name(&rule, relative, format, size, &error));
    g_assert_nonnull(strstr(error->message, message));
    output_rule_finish(&rule);
}

static void test_a_name_says_the_format_that_is_in_it(void)
{
    assert_name("%f-s.%E", "a.JPG", PP_FORMAT_JPEG, "a-s.JPG");
    assert_name_refused("%f.%E", "a.gif", PP_FORMAT_JPEG, "'a.gif', but it is going to be jpg");
    assert_name_refused("%f.%E", "a.CR2", PP_FORMAT_JPEG, "'a.CR2'");
    assert_name_refused("%f.%E", "a", PP_FORMAT_JPEG, "'a.'");
    assert_name_refused("%f", "x.bmp.jpg", PP_FORMAT_JPEG, "'x.bmp'");
    /* In a name without an extension nothing is wrong. */
    assert_name("%f", "x.2026.jpg", PP_FORMAT_JPEG, "x.2026");
    assert_name("%f-%E", "a.gif", PP_FORMAT_JPEG, "a-gif");
}

static void test_a_file_name_is_a_template_without_placeholders(void)
{
    struct output_rule rule;

    g_assert_true(output_rule_parse(&rule, "small.webp", PP_FORMAT_UNKNOWN, FALSE, NULL));
    g_assert_cmpint(rule.kind, ==, OUTPUT_TEMPLATE);
    g_assert_cmpint(rule.format, ==, PP_FORMAT_WEBP);
    output_rule_finish(&rule);
    /* A directory may be called so, too. */
    g_assert_true(output_rule_parse(&rule, "small.webp", PP_FORMAT_UNKNOWN, TRUE, NULL));
    g_assert_cmpint(rule.kind, ==, OUTPUT_DIRECTORY);
    output_rule_finish(&rule);
    g_assert_true(output_rule_parse(&rule, "small.webp/", PP_FORMAT_UNKNOWN, FALSE, NULL));
    g_assert_cmpint(rule.kind, ==, OUTPUT_DIRECTORY);
    output_rule_finish(&rule);
}

struct planned {
    struct inputs inputs;
    struct output_rule rule;
    struct outputs outputs;
    GError *error;
};

/* What "run PATHS... -f FORMAT -o OUTPUT" comes to. */
static struct planned *plan(const char *const *paths, const char *output, enum pp_format format,
                            enum overwrite overwrite)
{
    struct planned *planned = g_new0(struct planned, 1);
    const struct inputs_options options = {.paths = (char *const *)paths};

    g_assert_true(inputs_collect(&planned->inputs, &options, NULL));
    g_assert_true(output_rule_parse(&planned->rule, output, format,
                                    g_file_test(output, G_FILE_TEST_IS_DIR), NULL));
    if (outputs_init(&planned->outputs, &planned->inputs, &planned->rule, &planned->error)) {
        (void)outputs_check(&planned->outputs, &planned->inputs, overwrite, &planned->error);
    }
    return planned;
}

static const struct output *output_of(const struct planned *planned, guint i)
{
    return &g_array_index(planned->outputs.list, struct output, i);
}

static void planned_free(struct planned *planned)
{
    g_clear_error(&planned->error);
    outputs_finish(&planned->outputs);
    output_rule_finish(&planned->rule);
    inputs_finish(&planned->inputs);
    g_free(planned);
}

static void assert_planned_refused(struct planned *planned, const char *const *words)
{
    g_assert_nonnull(planned->error);
    for (; *words != NULL; words++) {
        if (strstr(planned->error->message, *words) == NULL) {
            g_error("'%s' does not name '%s'", planned->error->message, *words);
        }
    }
    planned_free(planned);
}

static void test_two_inputs_with_one_output_are_refused(void)
{
    struct folder folder = folder_enter();

    folder_write_jpeg_like("a/x.jpg");
    folder_write_jpeg_like("b/x.jpg");
    folder_write_jpeg_like("b/x.jpeg");
    assert_planned_refused(plan((const char *[]){"a/x.jpg", "b/x.jpg", NULL}, "out",
                                PP_FORMAT_UNKNOWN, OVERWRITE_ALWAYS),
                           (const char *[]){"'a/x.jpg'", "'b/x.jpg'", "'out/x.jpg'", NULL});
    assert_planned_refused(plan((const char *[]){"b", NULL}, "out", PP_FORMAT_PNG, OVERWRITE_NEVER),
                           (const char *[]){"'b/x.jpeg'", "'b/x.jpg'", "'out/x.png'", NULL});
    assert_planned_refused(
        plan((const char *[]){"a", "b", NULL}, "one.jpg", PP_FORMAT_UNKNOWN, OVERWRITE_NEVER),
        (const char *[]){"'one.jpg'", NULL});
    folder_leave(&folder);
}

/* Advice that would not help is worse than none. */
static void test_a_collision_is_told_with_a_way_out(void)
{
    struct folder folder = folder_enter();

    folder_write_jpeg_like("a/x.jpg");
    folder_write_jpeg_like("b/x.jpg");
    folder_write_jpeg_like("b/x.jpeg");
    folder_write_jpeg_like("c/1/x.jpg");
    folder_write_jpeg_like("c/2/x.jpg");
    assert_planned_refused(plan((const char *[]){"a/x.jpg", "b/x.jpg", NULL}, "out",
                                PP_FORMAT_UNKNOWN, OVERWRITE_NEVER),
                           (const char *[]){"run them into different directories", NULL});
    assert_planned_refused(plan((const char *[]){"b", NULL}, "out", PP_FORMAT_PNG, OVERWRITE_NEVER),
                           (const char *[]){"such as -o 'DIR/%d/%f-%E.%e'", NULL});
    assert_planned_refused(
        plan((const char *[]){"c", NULL}, "out/%f.%e", PP_FORMAT_UNKNOWN, OVERWRITE_NEVER),
        (const char *[]){"such as -o 'DIR/%d/%f.%e'", NULL});
    folder_leave(&folder);
}

static void test_the_same_file_twice_is_done_once(void)
{
    struct folder folder = folder_enter();
    struct planned *planned;

    folder_write_jpeg_like("a/x.jpg");
    planned = plan((const char *[]){"a/x.jpg", "./a//x.jpg", NULL}, "out", PP_FORMAT_UNKNOWN,
                   OVERWRITE_NEVER);
    g_assert_no_error(planned->error);
    g_assert_false(output_of(planned, 0)->duplicate);
    g_assert_true(output_of(planned, 1)->duplicate);
    planned_free(planned);
    folder_leave(&folder);
}

static void test_an_input_is_never_an_output(void)
{
    struct folder folder = folder_enter();
    const char *const names[] = {"'a/x.jpg'", "never written over", NULL};

    folder_write_jpeg_like("a/x.jpg");
    assert_planned_refused(
        plan((const char *[]){"a", NULL}, "a", PP_FORMAT_UNKNOWN, OVERWRITE_ALWAYS), names);
    assert_planned_refused(
        plan((const char *[]){"a/x.jpg", NULL}, "./a/../a", PP_FORMAT_UNKNOWN, OVERWRITE_NEVER),
        names);
    /* By another name: what counts is the file. */
    g_assert_cmpint(g_mkdir("out", 0777), ==, 0);
    g_assert_cmpint(link("a/x.jpg", "out/x.jpg"), ==, 0);
    assert_planned_refused(
        plan((const char *[]){"a", NULL}, "out", PP_FORMAT_UNKNOWN, OVERWRITE_ALWAYS),
        (const char *[]){"'out/x.jpg'", "'a/x.jpg'", NULL});
    folder_leave(&folder);
}

/* A socket cannot be opened by anybody, root included, as another's secret file cannot by others.
 */
static void make_socket(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(address.sun_path, name, sizeof(address.sun_path));
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(bind(fd, (const struct sockaddr *)&address, sizeof(address)), ==, 0);
    close(fd);
}

static void test_an_input_that_cannot_be_opened_is_no_output_either(void)
{
    struct folder folder = folder_enter();

    folder_write_jpeg_like("a/x.png");
    make_socket("a/x.jpg");
    assert_planned_refused(
        plan((const char *[]){"a/x.png", "a/x.jpg", NULL}, "./a", PP_FORMAT_JPEG, OVERWRITE_ALWAYS),
        (const char *[]){"'a/x.jpg'", "never written over", NULL});
    g_assert_cmpint(g_unlink("a/x.jpg"), ==, 0);
    /* Nor is a link that leads nowhere, which may do so only today. */
    g_assert_cmpint(symlink("nowhere", "a/x.jpg"), ==, 0);
    assert_planned_refused(
        plan((const char *[]){"a", NULL}, "./a", PP_FORMAT_JPEG, OVERWRITE_ALWAYS),
        (const char *[]){"'a/x.jpg'", "never written over", NULL});
    folder_leave(&folder);
}

static gboolean is_kept(enum overwrite overwrite)
{
    struct planned *planned =
        plan((const char *[]){"in.jpg", NULL}, "out", PP_FORMAT_UNKNOWN, overwrite);
    gboolean kept = output_of(planned, 0)->kept;

    g_assert_no_error(planned->error);
    planned_free(planned);
    return kept;
}

static void set_age(const char *name, time_t seconds)
{
    struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};

    g_assert_cmpint(utimensat(AT_FDCWD, name, times, 0), ==, 0);
}

static void test_existing_outputs_are_kept_as_asked(void)
{
    struct folder folder = folder_enter();

    folder_write_jpeg_like("in.jpg");
    g_assert_false(is_kept(OVERWRITE_NEVER));
    folder_write_jpeg_like("out/in.jpg");
    g_assert_true(is_kept(OVERWRITE_NEVER));
    g_assert_false(is_kept(OVERWRITE_ALWAYS));
    set_age("in.jpg", 1000);
    set_age("out/in.jpg", 2000);
    g_assert_true(is_kept(OVERWRITE_OLDER));
    set_age("in.jpg", 3000);
    g_assert_false(is_kept(OVERWRITE_OLDER));
    g_assert_true(is_kept(OVERWRITE_NEVER));
    folder_leave(&folder);
}

/* A link to nothing is somebody's as well; it says nothing about which picture is older. */
static void test_a_link_that_leads_nowhere_is_an_existing_output(void)
{
    struct folder folder = folder_enter();

    folder_write_jpeg_like("in.jpg");
    g_assert_cmpint(g_mkdir("out", 0777), ==, 0);
    g_assert_cmpint(symlink("nowhere", "out/in.jpg"), ==, 0);
    g_assert_true(is_kept(OVERWRITE_NEVER));
    g_assert_false(is_kept(OVERWRITE_OLDER));
    g_assert_false(is_kept(OVERWRITE_ALWAYS));
    /* Where it leads to a file, that file's time counts. */
    folder_write_jpeg_like("out/nowhere");
    set_age("out/nowhere", 1000);
    g_assert_false(is_kept(OVERWRITE_OLDER));
    set_age("in.jpg", 500);
    g_assert_true(is_kept(OVERWRITE_OLDER));
    folder_leave(&folder);
}

static void test_names_that_depend_on_the_header_stay_open(void)
{
    struct folder folder = folder_enter();
    struct planned *planned;

    folder_write_text("a.gif", "GIF89a");
    folder_write_jpeg_like("b.jpg");
    planned =
        plan((const char *[]){"a.gif", "b.jpg", NULL}, "out", PP_FORMAT_UNKNOWN, OVERWRITE_NEVER);
    g_assert_true(outputs_is_open(&planned->outputs, output_of(planned, 0)));
    g_assert_false(outputs_is_open(&planned->outputs, output_of(planned, 1)));
    g_assert_cmpint(output_of(planned, 1)->format, ==, PP_FORMAT_JPEG);
    planned_free(planned);
    planned = plan((const char *[]){"a.gif", NULL}, "out", PP_FORMAT_PNG, OVERWRITE_NEVER);
    g_assert_cmpstr(output_of(planned, 0)->path, ==, "out/a.png");
    planned_free(planned);
    planned = plan((const char *[]){"b.jpg", NULL}, "%f-%w.%e", PP_FORMAT_UNKNOWN, OVERWRITE_NEVER);
    g_assert_true(outputs_is_open(&planned->outputs, output_of(planned, 0)));
    planned_free(planned);
    folder_leave(&folder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/outputs/trees-are-mirrored", test_trees_are_mirrored);
    g_test_add_func("/outputs/the-extension-changes-only-with-the-format",
                    test_the_extension_changes_only_with_the_format);
    g_test_add_func("/outputs/only-what-looks-like-an-extension-is-one",
                    test_only_what_looks_like_an_extension_is_one);
    g_test_add_func("/outputs/templates-are-filled-in", test_templates_are_filled_in);
    g_test_add_func("/outputs/what-all-outputs-are-below-is-known",
                    test_what_all_outputs_are_below_is_known);
    g_test_add_func("/outputs/a-template-cannot-be-led-out-of-its-directory",
                    test_a_template_cannot_be_led_out_of_its_directory);
    g_test_add_func("/outputs/bad-templates-are-refused", test_bad_templates_are_refused);
    g_test_add_func("/outputs/formats-that-cannot-be-written-are-refused",
                    test_formats_that_cannot_be_written_are_refused);
    g_test_add_func("/outputs/a-name-says-the-format-that-is-in-it",
                    test_a_name_says_the_format_that_is_in_it);
    g_test_add_func("/outputs/a-file-name-is-a-template-without-placeholders",
                    test_a_file_name_is_a_template_without_placeholders);
    g_test_add_func("/outputs/two-inputs-with-one-output-are-refused",
                    test_two_inputs_with_one_output_are_refused);
    g_test_add_func("/outputs/a-collision-is-told-with-a-way-out",
                    test_a_collision_is_told_with_a_way_out);
    g_test_add_func("/outputs/the-same-file-twice-is-done-once",
                    test_the_same_file_twice_is_done_once);
    g_test_add_func("/outputs/an-input-is-never-an-output", test_an_input_is_never_an_output);
    g_test_add_func("/outputs/an-input-that-cannot-be-opened-is-no-output-either",
                    test_an_input_that_cannot_be_opened_is_no_output_either);
    g_test_add_func("/outputs/existing-outputs-are-kept-as-asked",
                    test_existing_outputs_are_kept_as_asked);
    g_test_add_func("/outputs/a-link-that-leads-nowhere-is-an-existing-output",
                    test_a_link_that_leads_nowhere_is_an_existing_output);
    g_test_add_func("/outputs/names-that-depend-on-the-header-stay-open",
                    test_names_that_depend_on_the_header_stay_open);
    return g_test_run();
}
