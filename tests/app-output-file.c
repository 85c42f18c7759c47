/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <sys/resource.h>

#include "app/output_file.h"
#include "tests/folder.h"

static void assert_contents(const char *name, const char *expected)
{
    gsize length;
    g_autofree char *bytes = folder_read(name, &length);

    g_assert_cmpmem(bytes, length, expected, strlen(expected));
}

static void assert_files(const char *expected)
{
    g_autofree char *files = folder_list(".");

    g_assert_cmpstr(files, ==, expected);
}

static void test_directories_are_made_and_nothing_else_is_left(void)
{
    struct folder folder = folder_enter();

    g_assert_cmpint(output_file_write("a/b/c.jpg", "new", 3, false, NULL), ==, 0);
    assert_contents("a/b/c.jpg", "new");
    g_assert_cmpint(output_file_write("here.jpg", "too", 3, false, NULL), ==, 0);
    assert_files("a/b/c.jpg here.jpg");
    folder_leave(&folder);
}

static void test_an_existing_file_is_replaced_only_if_asked(void)
{
    struct folder folder = folder_enter();
    struct pp_error error;

    folder_write_text("a.jpg", "old");
    g_assert_cmpint(output_file_write("a.jpg", "new", 3, false, &error), ==, -EEXIST);
    g_assert_nonnull(strstr(error.message, "'a.jpg' appeared meanwhile"));
    assert_contents("a.jpg", "old");
    g_assert_cmpint(output_file_write("a.jpg", "new", 3, true, &error), ==, 0);
    assert_contents("a.jpg", "new");
    assert_files("a.jpg");
    folder_leave(&folder);
}

/* A reader that opened the old file keeps it whole: the name moves, the bytes do not change. */
static void test_replacing_does_not_touch_the_old_file(void)
{
    struct folder folder = folder_enter();

    folder_write_text("a.jpg", "old");
    g_assert_cmpint(link("a.jpg", "second-name"), ==, 0);
    g_assert_cmpint(output_file_write("a.jpg", "new", 3, true, NULL), ==, 0);
    assert_contents("second-name", "old");
    folder_leave(&folder);
}

static void test_a_link_in_the_way_is_replaced_not_followed(void)
{
    struct folder folder = folder_enter();

    folder_write_text("precious", "old");
    g_assert_cmpint(symlink("precious", "a.jpg"), ==, 0);
    g_assert_cmpint(output_file_write("a.jpg", "new", 3, false, NULL), ==, -EEXIST);
    g_assert_cmpint(output_file_write("a.jpg", "new", 3, true, NULL), ==, 0);
    assert_contents("precious", "old");
    assert_contents("a.jpg", "new");
    folder_leave(&folder);
}

static void test_what_is_in_the_way_is_named(void)
{
    struct folder folder = folder_enter();
    struct pp_error error;

    g_assert_cmpint(g_mkdir("a.jpg", 0777), ==, 0);
    folder_write_text("file", "");
    g_assert_cmpint(output_file_write("a.jpg", "new", 3, false, &error), ==, -EISDIR);
    g_assert_cmpint(output_file_write("a.jpg", "new", 3, true, &error), ==, -EISDIR);
    g_assert_nonnull(strstr(error.message, "cannot write 'a.jpg': "));
    g_assert_cmpint(output_file_write("file/a.jpg", "new", 3, true, &error), ==, -ENOTDIR);
    g_assert_nonnull(strstr(error.message, "'file'"));
    assert_files("file");
    folder_leave(&folder);
}

static void test_permissions_follow_the_mask(void)
{
    struct folder folder = folder_enter();
    mode_t before = umask(027);
    struct stat status;

    g_assert_cmpint(output_file_write("a.jpg", "new", 3, false, NULL), ==, 0);
    umask(before);
    g_assert_cmpint(stat("a.jpg", &status), ==, 0);
    g_assert_cmpint(status.st_mode & 0777, ==, 0640);
    folder_leave(&folder);
}

/* A limit on file sizes fails the write in the middle, as a full disk does. */
static void test_a_failed_write_leaves_the_old_file_and_no_temporary(void)
{
    struct folder folder = folder_enter();
    struct rlimit before, small = {.rlim_cur = 4096};
    g_autofree char *big = g_malloc0(1 << 20);
    struct pp_error error;

    folder_write_text("a.jpg", "old");
    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &before), ==, 0);
    small.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
    g_assert_cmpint(output_file_write("a.jpg", big, 1 << 20, true, &error), ==, -EFBIG);
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &before), ==, 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_contents("a.jpg", "old");
    assert_files("a.jpg");
    folder_leave(&folder);
}

static void test_names_are_bytes_and_shown_harmless(void)
{
    struct folder folder = folder_enter();
    struct pp_error error;

    g_assert_cmpint(output_file_write("\xff\x1b[2J.jpg", "new", 3, false, &error), ==, 0);
    assert_contents("\xff\x1b[2J.jpg", "new");
    g_assert_cmpint(output_file_write("\xff\x1b[2J.jpg", "new", 3, false, &error), ==, -EEXIST);
    g_assert_nonnull(strstr(error.message, "'\\xff\\x1b[2J.jpg'"));
    folder_leave(&folder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/output-file/directories-are-made-and-nothing-else-is-left",
                    test_directories_are_made_and_nothing_else_is_left);
    g_test_add_func("/output-file/an-existing-file-is-replaced-only-if-asked",
                    test_an_existing_file_is_replaced_only_if_asked);
    g_test_add_func("/output-file/replacing-does-not-touch-the-old-file",
                    test_replacing_does_not_touch_the_old_file);
    g_test_add_func("/output-file/a-link-in-the-way-is-replaced-not-followed",
                    test_a_link_in_the_way_is_replaced_not_followed);
    g_test_add_func("/output-file/what-is-in-the-way-is-named", test_what_is_in_the_way_is_named);
    g_test_add_func("/output-file/permissions-follow-the-mask", test_permissions_follow_the_mask);
    g_test_add_func("/output-file/a-failed-write-leaves-the-old-file-and-no-temporary",
                    test_a_failed_write_leaves_the_old_file_and_no_temporary);
    g_test_add_func("/output-file/names-are-bytes-and-shown-harmless",
                    test_names_are_bytes_and_shown_harmless);
    return g_test_run();
}
