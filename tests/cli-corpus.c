/* SPDX-License-Identifier: MIT */
/*
 * The program on files from all over: PIXPOOL_CORPUS names a folder with photos/, formats/ and
 * hostile/. What is missing there is skipped.
 */
#include <glib.h>

#include "tests/program.h"

/* The folder @name of the corpus, or NULL with the test skipped. */
static char *corpus(const char *name)
{
    const char *top = g_getenv("PIXPOOL_CORPUS");
    char *path = top != NULL ? g_build_filename(top, name, NULL) : NULL;

    if (path == NULL || !g_file_test(path, G_FILE_TEST_IS_DIR)) {
        g_test_skip("PIXPOOL_CORPUS names no such folder");
        g_clear_pointer(&path, g_free);
    }
    return path;
}

static guint count_files(const char *path)
{
    g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
    const char *name;
    guint count = 0;

    while ((name = g_dir_read_name(directory)) != NULL) {
        count += !g_str_has_suffix(name, ".tsv") && !g_str_has_suffix(name, ".stamp");
    }
    return count;
}

/* Every file is one event, no more and no less; and every output that was told of is there. */
static void assert_every_file_told_once(const struct ran *ran, guint files)
{
    g_autoptr(GPtrArray) events = ran_events(ran);
    g_autoptr(GHashTable) paths = g_hash_table_new(g_str_hash, g_str_equal);

    g_assert_cmpuint(events_count(events, "begin"), ==, 1);
    g_assert_cmpuint(events_count(events, "end"), ==, 1);
    g_assert_cmpuint(events_count(events, "done") + events_count(events, "error"), ==, files);
    for (guint i = 1; i + 1 < events->len; i++) {
        JsonObject *event = event_at(events, i);

        g_assert_true(g_hash_table_add(
            paths, (gpointer)(uintptr_t)json_object_get_string_member(event, "path")));
        if (json_object_has_member(event, "outputs")) {
            JsonObject *output =
                json_array_get_object_element(json_object_get_array_member(event, "outputs"), 0);

            g_assert_true(
                g_file_test(json_object_get_string_member(output, "path"), G_FILE_TEST_IS_REGULAR));
        }
    }
}

static void assert_no_temporary(const char *directory)
{
    g_autofree char *list = folder_list(directory);

    g_assert_null(strstr(list, ".pixpool-"));
}

static void test_photos_are_all_done(void)
{
    g_autofree char *photos = corpus("photos");
    struct folder folder;
    struct ran ran;

    if (photos != NULL) {
        g_autofree char *line =
            g_strdup_printf("run %s -o out -j 2 --json --blur 15 --thumbnail 1200x1200", photos);

        folder = folder_enter();
        ran = program_run(line);
        assert_every_file_told_once(&ran, count_files(photos));
        assert_no_temporary("out");
        ran_assert(&ran, 0, (const char *[]){NULL});
        folder_leave(&folder);
    }
}

/* Names in that folder differ by extension alone, which %E keeps apart. */
static void test_formats_are_done_or_named(void)
{
    g_autofree char *formats = corpus("formats");
    struct folder folder;
    struct ran ran;

    if (formats != NULL) {
        g_autofree char *line =
            g_strdup_printf("run %s -o out/%%f-%%E.%%e --json --thumbnail 64x64", formats);

        folder = folder_enter();
        ran = program_run(line);
        assert_every_file_told_once(&ran, count_files(formats));
        assert_no_temporary("out");
        g_assert_cmpint(ran.code, <=, 1);
        ran_finish(&ran);
        folder_leave(&folder);
    }
}

static void test_hostile_files_harm_nobody(void)
{
    g_autofree char *hostile = corpus("hostile");
    struct folder folder;
    struct ran ran;

    if (hostile != NULL) {
        g_autofree char *line = g_strdup_printf(
            "run %s -o out/%%f-%%E.%%e --json --timeout 10 --blur 2 --thumbnail 200x200", hostile);

        folder = folder_enter();
        ran = program_run(line);
        assert_every_file_told_once(&ran, count_files(hostile));
        assert_no_temporary("out");
        ran_assert(&ran, 1, (const char *[]){"written", "failed", NULL});
        folder_leave(&folder);
    }
}

int main(int argc, char **argv)
{
    pictures_test_init(&argc, &argv);
    g_test_add_func("/corpus/photos-are-all-done", test_photos_are_all_done);
    g_test_add_func("/corpus/formats-are-done-or-named", test_formats_are_done_or_named);
    g_test_add_func("/corpus/hostile-files-harm-nobody", test_hostile_files_harm_nobody);
    return g_test_run();
}
