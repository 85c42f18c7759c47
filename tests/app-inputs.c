/* SPDX-License-Identifier: MIT */
#include <glib.h>

#include "app/inputs.h"
#include "app/signature.h"
#include "tests/folder.h"

static struct inputs collect(const struct inputs_options *options)
{
    struct inputs inputs;

    g_assert_true(inputs_collect(&inputs, options, NULL));
    return inputs;
}

static struct inputs collect_paths(const char *const *paths)
{
    return collect(&(struct inputs_options){.paths = (char *const *)paths});
}

/* "relative" of every input, "!code" behind those with a failure. */
static char *list(const struct inputs *inputs)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < inputs->list->len; i++) {
        const struct input *input = g_ptr_array_index(inputs->list, i);

        g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "", input->relative);
        if (input->failure != NULL) {
            g_string_append_printf(text, "!%s", failure_word(input->failure->code));
        }
    }
    return g_string_free(text, FALSE);
}

static void assert_inputs(struct inputs *inputs, const char *expected)
{
    g_autofree char *listed = list(inputs);

    g_assert_cmpstr(listed, ==, expected);
    inputs_finish(inputs);
}

static void test_a_directory_is_walked_in_order(void)
{
    struct folder folder = folder_enter();
    struct inputs inputs;

    folder_write_jpeg_like("photos/b/2.jpg");
    folder_write_jpeg_like("photos/b/10.jpg");
    folder_write_jpeg_like("photos/a.jpg");
    folder_write_jpeg_like("photos/c.jpg");
    inputs = collect_paths((const char *[]){"photos", NULL});
    g_assert_cmpstr(((struct input *)g_ptr_array_index(inputs.list, 0))->path, ==, "photos/a.jpg");
    assert_inputs(&inputs, "a.jpg b/10.jpg b/2.jpg c.jpg");
    inputs = collect_paths((const char *[]){"photos/", "photos/b/2.jpg", NULL});
    assert_inputs(&inputs, "a.jpg b/10.jpg b/2.jpg c.jpg 2.jpg");
    folder_leave(&folder);
}

static void test_images_are_known_by_content(void)
{
    struct folder folder = folder_enter();
    struct inputs inputs;

    folder_write_jpeg_like("photos/no-extension");
    folder_write_jpeg_like("photos/wrong.txt");
    folder_write_text("photos/notes.txt", "nothing to see");
    folder_write_text("photos/empty.txt", "");
    /* What calls itself an image is taken, so that its owner hears that it is broken. */
    folder_write_text("photos/zeros.jpg", "nothing to see");
    folder_write_text("photos/nothing.png", "");
    folder_write_text("photos/old.tga", "TGA has no signature");
    inputs = collect_paths((const char *[]){"photos", NULL});
    g_assert_cmpuint(inputs.skipped->len, ==, 2);
    g_assert_cmpstr(g_ptr_array_index(inputs.skipped, 0), ==, "photos/empty.txt");
    g_assert_cmpstr(g_ptr_array_index(inputs.skipped, 1), ==, "photos/notes.txt");
    assert_inputs(&inputs, "no-extension nothing.png!empty old.tga wrong.txt zeros.jpg");
    /* Named files are taken in any case. */
    inputs = collect_paths((const char *[]){"photos/notes.txt", NULL});
    assert_inputs(&inputs, "notes.txt");
    folder_leave(&folder);
}

static void test_hidden_files_and_links_to_directories_are_passed_over(void)
{
    struct folder folder = folder_enter();
    struct inputs inputs;

    folder_write_jpeg_like("photos/a.jpg");
    folder_write_jpeg_like("photos/.hidden.jpg");
    folder_write_jpeg_like("photos/.pixpool-abcdef");
    folder_write_jpeg_like("photos/.thumbnails/a.jpg");
    folder_write_jpeg_like("elsewhere/e.jpg");
    g_assert_cmpint(symlink("..", "photos/loop"), ==, 0);
    g_assert_cmpint(symlink("../elsewhere", "photos/link"), ==, 0);
    g_assert_cmpint(symlink("../elsewhere/e.jpg", "photos/linked.jpg"), ==, 0);
    g_assert_cmpint(symlink("nowhere", "photos/dangling.jpg"), ==, 0);
    inputs = collect_paths((const char *[]){"photos", NULL});
    g_assert_cmpuint(inputs.skipped->len, ==, 0);
    assert_inputs(&inputs, "a.jpg dangling.jpg!not-found linked.jpg");
    /* A link that was named is followed. */
    inputs = collect_paths((const char *[]){"photos/link", NULL});
    assert_inputs(&inputs, "e.jpg");
    folder_leave(&folder);
}

static void test_what_cannot_be_read_is_an_input_with_a_failure(void)
{
    struct folder folder = folder_enter();
    struct inputs inputs;

    folder_write_text("empty.jpg", "");
    folder_write_jpeg_like("good.jpg");
    g_assert_cmpint(mkfifo("pipe.jpg", 0600), ==, 0);
    inputs = collect_paths((const char *[]){"missing.jpg", "empty.jpg", "pipe.jpg", "good.jpg",
                                            "good.jpg/below.jpg", NULL});
    assert_inputs(&inputs, "missing.jpg!not-found empty.jpg!empty pipe.jpg!unreadable good.jpg "
                           "below.jpg!unreadable");
    folder_leave(&folder);
}

static void test_unreadable_files_and_directories_are_named(void)
{
    struct folder folder = folder_enter();
    struct inputs inputs;

    folder_write_jpeg_like("photos/secret.jpg");
    folder_write_jpeg_like("photos/dark/b.jpg");
    g_assert_cmpint(chmod("photos/secret.jpg", 0), ==, 0);
    g_assert_cmpint(chmod("photos/dark", 0), ==, 0);
    if (access("photos/secret.jpg", R_OK) == 0) {
        g_test_skip("root reads everything");
    } else {
        inputs = collect_paths((const char *[]){"photos", NULL});
        assert_inputs(&inputs, "dark!unreadable secret.jpg!unreadable");
    }
    g_assert_cmpint(chmod("photos/dark", 0700), ==, 0);
    folder_leave(&folder);
}

static void test_directories_without_images_are_told(void)
{
    struct folder folder = folder_enter();
    struct inputs inputs;

    folder_write_text("docs/a.txt", "text");
    g_assert_cmpint(g_mkdir("void", 0777), ==, 0);
    inputs = collect_paths((const char *[]){"docs", "void", NULL});
    g_assert_cmpuint(inputs.empty->len, ==, 2);
    g_assert_cmpstr(g_ptr_array_index(inputs.empty, 1), ==, "void");
    assert_inputs(&inputs, "");
    folder_leave(&folder);
}

static void test_patterns_choose_files_of_directories(void)
{
    struct folder folder = folder_enter();
    char *include[] = {(char *)"*.jpg", NULL};
    char *exclude[] = {(char *)"raw", (char *)"2026/b*", NULL};
    char *paths[] = {(char *)"photos", (char *)"photos/2026/b.jpg", NULL};
    struct inputs_options options = {.paths = paths, .include = include, .exclude = exclude};
    struct inputs inputs;

    folder_write_jpeg_like("photos/2026/a.jpg");
    folder_write_jpeg_like("photos/2026/b.jpg");
    folder_write_jpeg_like("photos/2026/c.jpeg");
    folder_write_jpeg_like("photos/2026/raw/d.jpg");
    inputs = collect(&options);
    /* The file that was named is taken, whatever the patterns say. */
    assert_inputs(&inputs, "2026/a.jpg b.jpg");
    folder_leave(&folder);
}

static void test_the_output_directory_is_not_walked_into(void)
{
    struct folder folder = folder_enter();
    char *paths[] = {(char *)".", NULL};
    struct inputs inputs;

    folder_write_jpeg_like("a.jpg");
    folder_write_jpeg_like("out/a.jpg");
    inputs = collect(&(struct inputs_options){.paths = paths, .output = "./out"});
    assert_inputs(&inputs, "a.jpg");
    folder_leave(&folder);
}

static void test_lists_name_inputs(void)
{
    struct folder folder = folder_enter();
    char *none[] = {NULL};
    struct inputs inputs;

    folder_write_jpeg_like("a/b.jpg");
    folder_write_jpeg_like("a/new\nline.jpg");
    folder_write_jpeg_like("d/e.jpg");
    folder_write_text("lines", "./a//b.jpg\n\nd\nmissing.jpg");
    folder_write("zeros", "a/new\nline.jpg\0a/b.jpg\0", 23);
    inputs = collect(&(struct inputs_options){.paths = none, .files_from = "lines"});
    assert_inputs(&inputs, "a/b.jpg d/e.jpg missing.jpg!not-found");
    inputs = collect(
        &(struct inputs_options){.paths = none, .files_from = "zeros", .null_separated = TRUE});
    assert_inputs(&inputs, "a/new\nline.jpg a/b.jpg");
    folder_leave(&folder);
}

static void test_lists_that_lead_upwards_or_are_missing_are_refused(void)
{
    struct folder folder = folder_enter();
    char *none[] = {NULL};
    g_autoptr(GError) upwards = NULL;
    g_autoptr(GError) missing = NULL;
    struct inputs inputs;

    folder_write_text("list", "../a.jpg\n");
    g_assert_false(inputs_collect(
        &inputs, &(struct inputs_options){.paths = none, .files_from = "list"}, &upwards));
    g_assert_nonnull(strstr(upwards->message, "'../a.jpg' leads upwards"));
    inputs_finish(&inputs);
    g_assert_false(inputs_collect(
        &inputs, &(struct inputs_options){.paths = none, .files_from = "none"}, &missing));
    g_assert_nonnull(strstr(missing->message, "'none' cannot be read"));
    inputs_finish(&inputs);
    folder_leave(&folder);
}

static void assert_signature(const char *bytes, size_t length, enum pp_format format)
{
    g_assert_cmpint(signature_format((const uint8_t *)bytes, length), ==, format);
}

static void test_signatures(void)
{
    assert_signature("\xff\xd8\xff", 3, PP_FORMAT_JPEG);
    assert_signature("\xff\xd8", 2, PP_FORMAT_UNKNOWN);
    assert_signature("RIFF\0\0\0\0WEBPVP8 ", 16, PP_FORMAT_WEBP);
    assert_signature("RIFF\0\0\0\0AVI LIST", 16, PP_FORMAT_UNKNOWN);
    assert_signature("\0\0\0\x1c"
                     "ftypheic",
                     12, PP_FORMAT_HEIF);
    assert_signature("\0\0\0\x1c"
                     "ftypavif",
                     12, PP_FORMAT_AVIF);
    assert_signature("\0\0\0\x1c"
                     "ftypmp42\0\0\0\0isomavif",
                     24, PP_FORMAT_AVIF);
    assert_signature("\0\0\0\x18"
                     "ftypmp42\0\0\0\0isommp41avif",
                     28, PP_FORMAT_UNKNOWN);
    assert_signature("P6\n1 1 255\n", 11, PP_FORMAT_OTHER);
    assert_signature("Plain text", 10, PP_FORMAT_UNKNOWN);
    assert_signature("BMW is not a bitmap", 19, PP_FORMAT_UNKNOWN);
    assert_signature("<?xml version='1.0'?><svg xmlns=''/>", 36, PP_FORMAT_SVG);
    assert_signature("<x:xmpmeta xmlns:x='adobe:ns:meta/'>", 36, PP_FORMAT_UNKNOWN);
    assert_signature("", 0, PP_FORMAT_UNKNOWN);
    g_assert_true(signature_expected("a/b.TGA"));
    g_assert_false(signature_expected("a/jpg"));
    g_assert_false(signature_expected("a.jpg.txt"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inputs/a-directory-is-walked-in-order", test_a_directory_is_walked_in_order);
    g_test_add_func("/inputs/images-are-known-by-content", test_images_are_known_by_content);
    g_test_add_func("/inputs/hidden-files-and-links-to-directories-are-passed-over",
                    test_hidden_files_and_links_to_directories_are_passed_over);
    g_test_add_func("/inputs/what-cannot-be-read-is-an-input-with-a-failure",
                    test_what_cannot_be_read_is_an_input_with_a_failure);
    g_test_add_func("/inputs/unreadable-files-and-directories-are-named",
                    test_unreadable_files_and_directories_are_named);
    g_test_add_func("/inputs/directories-without-images-are-told",
                    test_directories_without_images_are_told);
    g_test_add_func("/inputs/patterns-choose-files-of-directories",
                    test_patterns_choose_files_of_directories);
    g_test_add_func("/inputs/the-output-directory-is-not-walked-into",
                    test_the_output_directory_is_not_walked_into);
    g_test_add_func("/inputs/lists-name-inputs", test_lists_name_inputs);
    g_test_add_func("/inputs/lists-that-lead-upwards-or-are-missing-are-refused",
                    test_lists_that_lead_upwards_or_are_missing_are_refused);
    g_test_add_func("/inputs/signatures", test_signatures);
    return g_test_run();
}
