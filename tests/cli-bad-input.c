/* SPDX-License-Identifier: MIT */
/*
 * What a user can do wrong: each has its message and its exit code, and nothing is written.
 */
#include <glib.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/program.h"

static void assert_nothing_written(const char *name)
{
    g_assert_false(g_file_test(name, G_FILE_TEST_EXISTS));
}

static void test_a_missing_file(void)
{
    struct folder folder = folder_enter();

    program_assert("run missing.jpg -o out", 3, "pixpool: missing.jpg: there is no such file");
    program_write_jpeg("good.jpg");
    program_assert("run missing.jpg good.jpg -o out", 1, "1 written, 1 failed");
    g_assert_true(g_file_test("out/good.jpg", G_FILE_TEST_EXISTS));
    folder_leave(&folder);
}

/* Root reads everything, so the tests of permissions run as nobody. */
static void become_nobody(gpointer data)
{
    (void)data;
    if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0)) {
        _exit(99);
    }
}

/* Runs as nobody; FALSE, and the test is skipped, where nobody cannot get at the program. */
static gboolean run_as_nobody(const char *line, struct ran *ran)
{
    *ran = program_run_with("--version", become_nobody);
    if (ran->code != 0) {
        g_test_skip("the user nobody cannot run the program here");
        ran_finish(ran);
        return FALSE;
    }
    ran_finish(ran);
    *ran = program_run_with(line, become_nobody);
    return TRUE;
}

static void test_an_unreadable_file(void)
{
    struct folder folder = folder_enter();
    struct ran ran;

    program_write_jpeg("secret.jpg");
    g_assert_cmpint(chmod("secret.jpg", 0), ==, 0);
    g_assert_cmpint(chmod(".", 0777), ==, 0);
    if (run_as_nobody("run secret.jpg -o out", &ran)) {
        ran_assert(&ran, 3, (const char *[]){"secret.jpg: no permission to read it", NULL});
    }
    folder_leave(&folder);
}

static void test_an_unreadable_file_is_not_written_over(void)
{
    struct folder folder = folder_enter();
    struct ran ran;

    program_write_photo("a.png", SMALL_PHOTO, PP_FORMAT_PNG);
    folder_write_text("a.jpg", "a secret");
    g_assert_cmpint(chmod("a.png", 0644), ==, 0);
    g_assert_cmpint(chmod("a.jpg", 0), ==, 0);
    g_assert_cmpint(chmod(".", 0777), ==, 0);
    if (run_as_nobody("run a.png a.jpg -f jpg -o . --overwrite always", &ran)) {
        ran_assert(&ran, 2, (const char *[]){"is the input 'a.jpg'", "never written over", NULL});
    }
    folder_leave(&folder);
}

static void test_an_output_directory_without_permission(void)
{
    struct folder folder = folder_enter();
    struct ran ran;

    program_write_jpeg("good.jpg");
    g_assert_cmpint(chmod("good.jpg", 0644), ==, 0);
    g_assert_cmpint(mkdir("locked", 0755), ==, 0);
    g_assert_cmpint(chmod("locked", 0555), ==, 0);
    g_assert_cmpint(chmod(".", 0755), ==, 0);
    if (run_as_nobody("run good.jpg -o locked/out", &ran)) {
        ran_assert(&ran, 4,
                   (const char *[]){"cannot make the directory 'locked/out'", "denied", NULL});
    }
    if (run_as_nobody("run good.jpg -o locked", &ran)) {
        ran_assert(&ran, 4, (const char *[]){"cannot write 'locked/good.jpg'", NULL});
    }
    folder_leave(&folder);
}

static void test_an_output_directory_that_cannot_be_made(void)
{
    struct folder folder = folder_enter();

    program_write_jpeg("good.jpg");
    folder_write_text("file", "");
    program_assert("run good.jpg -o file/out", 2, "cannot make the directory 'file/out'");
    program_assert("run good.jpg -o file", 2, "-o 'file' is a file; give a directory");
    folder_leave(&folder);
}

static void test_an_empty_file(void)
{
    struct folder folder = folder_enter();

    folder_write_text("empty.jpg", "");
    program_assert("run empty.jpg -o out", 3, "empty.jpg: the file is empty");
    assert_nothing_written("out");
    folder_leave(&folder);
}

static void test_a_directory_without_images(void)
{
    struct folder folder = folder_enter();

    folder_write_text("docs/a.txt", "text");
    program_assert("run docs -o out", 2, "no images found in 'docs'");
    program_write_jpeg("photos/a.jpg");
    program_assert("run photos --include *.png -o out", 2, "--include");
    /* Beside others it is worth a word, no more. */
    program_assert("run docs photos -o out", 0, "no images found in 'docs'");
    folder_leave(&folder);
}

static void test_what_is_no_image(void)
{
    struct folder folder = folder_enter();
    struct picture picture = picture_paint(SMALL_PHOTO, 3, 8, FALSE);
    g_autoptr(GBytes) file = picture_write(&picture, PP_FORMAT_JPEG, 0, NULL);

    picture_free(&picture);
    folder_write_text("text.jpg", "this is no photo");
    folder_write("half.jpg", g_bytes_get_data(file, NULL), g_bytes_get_size(file) / 2);
    program_assert("run text.jpg -o out", 3, "pixpool: text.jpg: ");
    program_assert("run half.jpg -o out", 3, "pixpool: half.jpg: ");
    assert_nothing_written("out/half.jpg");
    folder_leave(&folder);
}

static void test_names_of_formats_that_cannot_be_written(void)
{
    struct folder folder = folder_enter();

    program_write_jpeg("a.jpg");
    program_write_photo("b.jpg", SMALL_PHOTO, PP_FORMAT_PNG);
    program_assert("run a.jpg -o w/%f.gif", 2, "gif cannot be written");
    program_assert("run a.jpg -o w.bmp", 2, "bmp cannot be written; jpg, png, webp, tiff and avif");
    program_assert("run b.jpg -o w/%f.%E", 2, "'w/b.jpg', but it is going to be png");
    assert_nothing_written("w");
    assert_nothing_written("w.bmp");
    folder_leave(&folder);
}

static void test_unknown_words(void)
{
    struct folder folder = folder_enter();

    program_assert("rnu a -o b", 2, "there is no verb 'rnu'; did you mean 'run'?");
    program_assert("--versoin", 2, "did you mean '--version'?");
    program_assert("run a -o b --blurr 3", 2, "unknown option --blurr; did you mean --blur?");
    program_assert("run a -o b --sharpen 3", 2, "unknown option --sharpen");
    program_assert("run a -o b -Z", 2, "-Z");
    assert_nothing_written("b");
    folder_leave(&folder);
}

static void test_sizes_and_sigmas(void)
{
    struct folder folder = folder_enter();

    program_write_jpeg("a.jpg");
    program_assert("run a.jpg -o b --thumbnail 0x100", 2, "has a side below 1");
    program_assert("run a.jpg -o b --thumbnail 100x-1", 2, "has a side below 1");
    program_assert("run a.jpg -o b --thumbnail big", 2, "give WIDTHxHEIGHT");
    program_assert("run a.jpg -o b --blur nan", 2, "is not a number");
    program_assert("run a.jpg -o b --blur -2", 2, "is below 0");
    program_assert("run a.jpg -o b -j 0", 2, "-j takes");
    program_assert("run a.jpg -o b --plan quick", 2, "--plan takes fast, exact or pillow");
    assert_nothing_written("b");
    /* A blur of 0 is a copy. */
    program_assert("run a.jpg -o b --blur 0", 0, "1 written");
    folder_leave(&folder);
}

static void test_two_inputs_with_one_output(void)
{
    struct folder folder = folder_enter();
    struct ran ran;

    program_write_jpeg("a/x.jpg");
    program_write_jpeg("b/x.jpg");
    program_write_photo("c/x.bmp.png", SMALL_PHOTO, PP_FORMAT_PNG);
    program_write_photo("d/x.bmp.jpg", SMALL_PHOTO, PP_FORMAT_JPEG);
    ran = program_run("run a b -o out");
    ran_assert(&ran, 2, (const char *[]){"'a/x.jpg'", "'b/x.jpg'", "'out/x.jpg'", NULL});
    program_assert("run c d -f webp -o out", 2, "'out/x.bmp.webp'");
    program_assert("run a b -o out/%w.%e", 2, "'out/96.jpg'");
    assert_nothing_written("out");
    program_assert("run c d -o out", 0, "2 written");
    folder_leave(&folder);
}

/* Only the file system knows that out/b is out/a: what is written there first, stays. */
static void test_two_names_of_one_output(void)
{
    const char *const lines[] = {"run photos -o out -j 1",
                                 "run photos -o out -j 1 --overwrite always"};

    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        struct folder folder = folder_enter();
        struct ran ran;

        program_write_jpeg("photos/a/x.jpg");
        program_write_jpeg("photos/b/x.jpg");
        g_assert_cmpint(g_mkdir_with_parents("out/a", 0777), ==, 0);
        g_assert_cmpint(symlink("a", "out/b"), ==, 0);
        ran = program_run(lines[i]);
        ran_assert(&ran, 1,
                   (const char *[]){"'out/b/x.jpg' is the same file as 'out/a/x.jpg'",
                                    "1 written, 1 failed", NULL});
        folder_leave(&folder);
    }
}

static void test_an_input_as_output(void)
{
    struct folder folder = folder_enter();
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;
    gsize before_length, after_length;

    program_write_jpeg("photos/a.jpg");
    before = folder_read("photos/a.jpg", &before_length);
    program_assert("run photos -o photos --overwrite always --blur 3", 2, "never written over");
    program_assert("run photos/a.jpg -o photos/a.jpg --overwrite always", 2, "never written over");
    after = folder_read("photos/a.jpg", &after_length);
    g_assert_cmpmem(before, before_length, after, after_length);
    folder_leave(&folder);
}

static void test_limits_are_named(void)
{
    struct folder folder = folder_enter();

    program_write_jpeg("a.jpg");
    program_assert("run a.jpg -o out --max-pixels 1K", 3, "--max-pixels");
    folder_leave(&folder);
}

static void test_pixels_that_pillow_does_not_have(void)
{
    struct folder folder = folder_enter();
    struct picture picture = picture_paint(SMALL_PHOTO, 1, 16, FALSE);
    g_autoptr(GBytes) file = picture_write(&picture, PP_FORMAT_PNG, 0, NULL);

    folder_write("deep.png", g_bytes_get_data(file, NULL), g_bytes_get_size(file));
    program_write_jpeg("a.jpg");
    program_assert("run a.jpg deep.png -o out --plan pillow --blur 3", 1,
                   "deep.png: Pillow does not filter more than 8 bits a sample: choose --plan "
                   "fast or exact");
    g_assert_false(g_file_test("out/deep.png", G_FILE_TEST_EXISTS));
    g_assert_true(g_file_test("out/a.jpg", G_FILE_TEST_EXISTS));
    picture_free(&picture);
    folder_leave(&folder);
}

static void test_standard_output_that_is_full(void)
{
    struct folder folder = folder_enter();
    g_autofree char *path = program_path();
    g_autofree char *quoted = g_shell_quote(path);
    g_autofree char *image = g_strconcat(quoted, " run a.jpg -o - >/dev/full", NULL);
    g_autofree char *events = g_strconcat(quoted, " run a.jpg -o b --json >/dev/full", NULL);
    int status;

    program_write_jpeg("a.jpg");
    g_spawn_sync(NULL, (char *[]){(char *)"/bin/sh", (char *)"-c", image, NULL}, NULL,
                 G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL, NULL, &status, NULL);
    g_assert_cmpint(program_code(status), ==, 4);
    g_spawn_sync(NULL, (char *[]){(char *)"/bin/sh", (char *)"-c", events, NULL}, NULL,
                 G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL, NULL, &status, NULL);
    g_assert_cmpint(program_code(status), ==, 4);
    folder_leave(&folder);
}

int main(int argc, char **argv)
{
    pictures_test_init(&argc, &argv);
    g_test_add_func("/bad-input/a-missing-file", test_a_missing_file);
    g_test_add_func("/bad-input/an-unreadable-file", test_an_unreadable_file);
    g_test_add_func("/bad-input/an-unreadable-file-is-not-written-over",
                    test_an_unreadable_file_is_not_written_over);
    g_test_add_func("/bad-input/an-output-directory-without-permission",
                    test_an_output_directory_without_permission);
    g_test_add_func("/bad-input/an-output-directory-that-cannot-be-made",
                    test_an_output_directory_that_cannot_be_made);
    g_test_add_func("/bad-input/an-empty-file", test_an_empty_file);
    g_test_add_func("/bad-input/a-directory-without-images", test_a_directory_without_images);
    g_test_add_func("/bad-input/what-is-no-image", test_what_is_no_image);
    g_test_add_func("/bad-input/names-of-formats-that-cannot-be-written",
                    test_names_of_formats_that_cannot_be_written);
    g_test_add_func("/bad-input/unknown-words", test_unknown_words);
    g_test_add_func("/bad-input/sizes-and-sigmas", test_sizes_and_sigmas);
    g_test_add_func("/bad-input/two-inputs-with-one-output", test_two_inputs_with_one_output);
    g_test_add_func("/bad-input/two-names-of-one-output", test_two_names_of_one_output);
    g_test_add_func("/bad-input/an-input-as-output", test_an_input_as_output);
    g_test_add_func("/bad-input/limits-are-named", test_limits_are_named);
    g_test_add_func("/bad-input/pixels-that-pillow-does-not-have",
                    test_pixels_that_pillow_does_not_have);
    g_test_add_func("/bad-input/standard-output-that-is-full", test_standard_output_that_is_full);
    return g_test_run();
}
