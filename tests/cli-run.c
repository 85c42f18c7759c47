/* SPDX-License-Identifier: MIT */
/*
 * What 'pixpool run' promises when all goes well.
 */
#include <glib.h>

#include "tests/program.h"

static void assert_files(const char *directory, const char *expected)
{
    g_autofree char *files = folder_list(directory);

    g_assert_cmpstr(files, ==, expected);
}

/* All of the files in @directory, one after the other, with their names. */
static GString *contents(const char *directory)
{
    g_autofree char *list = folder_list(directory);
    g_auto(GStrv) names = g_strsplit(list, " ", -1);
    GString *all = g_string_new(NULL);

    for (char **name = names; *name != NULL; name++) {
        g_autofree char *path = g_build_filename(directory, *name, NULL);
        gsize length;
        g_autofree char *bytes = folder_read(path, &length);

        g_string_append_printf(all, "%s %" G_GSIZE_FORMAT "\n", *name, length);
        g_string_append_len(all, bytes, (gssize)length);
    }
    return all;
}

static void write_tree(void)
{
    program_write_jpeg("photos/IMG_1.JPG");
    program_write_photo("photos/2026/wide.jpg", (struct pp_size){400, 100}, PP_FORMAT_JPEG);
    program_write_photo("photos/2026/summer/p.png", (struct pp_size){120, 200}, PP_FORMAT_PNG);
    folder_write_text("photos/notes.txt", "no image");
}

static void test_trees_are_mirrored_and_nothing_else_is_left(void)
{
    struct folder folder = folder_enter();

    write_tree();
    program_assert("run photos -o out --blur 1.5 --thumbnail 50x50", 0,
                   "3 written, 1 skipped (not an image)");
    assert_files("out", "2026/summer/p.png 2026/wide.jpg IMG_1.JPG");
    folder_leave(&folder);
}

static void test_existing_outputs_are_kept(void)
{
    struct folder folder = folder_enter();

    write_tree();
    folder_write_text("out/IMG_1.JPG", "mine");
    program_assert("run photos -o out", 0, "2 written, 1 kept");
    program_assert("run photos -o out", 0, "3 kept");
    program_assert("run photos -o out --overwrite older", 0, "3 kept");
    program_assert("run photos -o out --overwrite always", 0, "3 written");
    assert_files("out", "2026/summer/p.png 2026/wide.jpg IMG_1.JPG");
    folder_leave(&folder);
}

static void test_a_link_in_the_way_is_kept_as_a_file_is(void)
{
    struct folder folder = folder_enter();
    struct ran ran;

    program_write_jpeg("a.jpg");
    g_assert_cmpint(g_mkdir("out", 0777), ==, 0);
    g_assert_cmpint(symlink("nowhere", "out/a.jpg"), ==, 0);
    ran = program_run("run -n a.jpg -o out");
    g_assert_cmpstr(ran.out, ==, "a.jpg -> out/a.jpg (kept)\n");
    ran_assert(&ran, 0, (const char *[]){"1 kept", NULL});
    program_assert("run a.jpg -o out", 0, "1 kept");
    program_assert("run a.jpg -o out --overwrite always", 0, "1 written");
    g_assert_true(g_file_test("out/a.jpg", G_FILE_TEST_IS_REGULAR));
    folder_leave(&folder);
}

static void test_the_same_bytes_however_they_are_made(void)
{
    const char *const ways[] = {"-j 1", "-j 2", "-j 7", "--in-process"};
    struct folder folder = folder_enter();
    g_autoptr(GString) first = NULL;

    write_tree();
    for (int i = 0; i < 12; i++) {
        g_autofree char *name = g_strdup_printf("photos/more/%d.jpg", i);

        program_write_photo(name, (struct pp_size){300 + 7 * i, 200 - i}, PP_FORMAT_JPEG);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
        g_autofree char *line =
            g_strdup_printf("run photos -o out%d --blur 4 --thumbnail 90x90 %s", (int)i, ways[i]);
        g_autofree char *out = g_strdup_printf("out%d", (int)i);
        GString *all;

        program_assert(line, 0, "15 written");
        all = contents(out);
        if (first == NULL) {
            first = all;
        } else {
            g_assert_cmpmem(first->str, first->len, all->str, all->len);
            g_string_free(all, TRUE);
        }
    }
    folder_leave(&folder);
}

static void test_formats_and_templates(void)
{
    struct folder folder = folder_enter();

    write_tree();
    program_assert("run photos -o web/%d/%f-%wx%h-%E.%e --thumbnail 40x40 -f webp -q 60", 0,
                   "3 written");
    assert_files("web", "2026/summer/p-24x40-png.webp 2026/wide-40x10-jpg.webp "
                        "IMG_1-40x27-JPG.webp");
    program_assert("run photos/IMG_1.JPG -o one.png", 0, "1 written");
    g_assert_true(g_file_test("one.png", G_FILE_TEST_IS_REGULAR));
    folder_leave(&folder);
}

/* What a run wrote below the directory that it walks is not what the next one starts from. */
static void test_a_second_run_finds_the_same_inputs(void)
{
    struct folder folder = folder_enter();

    program_write_jpeg("photos/a.jpg");
    program_assert("run photos -o photos/small/%f-s.%e", 0, "1 written");
    program_assert("run photos -o photos/small/%f-s.%e", 0, "1 kept");
    assert_files("photos", "a.jpg small/a-s.jpg");
    /* The directory that was named is walked in any case. */
    program_assert("run photos/small -o photos/small/%f-t.%e", 0, "1 written");
    folder_leave(&folder);
}

static void test_a_dry_run_writes_nothing(void)
{
    struct folder folder = folder_enter();
    struct ran ran;

    write_tree();
    folder_write_text("out/IMG_1.JPG", "mine");
    ran = program_run("run -n photos -o out -f png");
    g_assert_cmpstr(ran.out, ==,
                    "photos/2026/summer/p.png -> out/2026/summer/p.png\n"
                    "photos/2026/wide.jpg -> out/2026/wide.png\n"
                    "photos/IMG_1.JPG -> out/IMG_1.png\n");
    ran_assert(&ran, 0, (const char *[]){"3 planned", NULL});
    ran = program_run("run -n photos -o out");
    g_assert_nonnull(strstr(ran.out, "photos/IMG_1.JPG -> out/IMG_1.JPG (kept)\n"));
    ran_assert(&ran, 0, (const char *[]){"2 planned, 1 kept", NULL});
    assert_files("out", "IMG_1.JPG");
    folder_leave(&folder);
}

static void test_explain_prints_the_plan(void)
{
    struct folder folder = folder_enter();
    struct ran ran;

    program_write_photo("big.jpg", (struct pp_size){1600, 1200}, PP_FORMAT_JPEG);
    ran = program_run("run --explain big.jpg --thumbnail 100x100");
    g_assert_true(g_str_has_prefix(ran.out, "big.jpg\n    decode "));
    g_assert_nonnull(strstr(ran.out, "1600x1200"));
    g_assert_nonnull(strstr(ran.out, "100x75"));
    ran_assert(&ran, 0, (const char *[]){NULL});
    folder_leave(&folder);
}

/* A plan is asked about in the middle of a job as well, when outputs are there. */
static void test_explain_tells_of_kept_outputs_too(void)
{
    struct folder folder = folder_enter();
    g_autoptr(GPtrArray) events = NULL;
    JsonObject *first;
    struct ran ran;

    write_tree();
    folder_write_text("out/2026/wide.jpg", "mine");
    ran = program_run("run --explain photos/2026 -o out/2026 --thumbnail 100x100");
    g_assert_nonnull(strstr(ran.out, "photos/2026/wide.jpg -> out/2026/wide.jpg (kept)\n    dec"));
    g_assert_true(g_str_has_prefix(ran.out, "photos/2026/summer/p.png -> "));
    ran_assert(&ran, 0, (const char *[]){"1 planned, 1 kept", NULL});
    ran = program_run("run --explain --json photos/2026/wide.jpg -o out/2026");
    events = ran_events(&ran);
    g_assert_cmpuint(events_count(events, "done"), ==, 1);
    g_assert_cmpstr(json_object_get_string_member(event_at(events, 1), "status"), ==, "kept");
    g_assert_true(json_object_has_member(event_at(events, 1), "plan"));
    first = json_array_get_object_element(
        json_object_get_array_member(event_at(events, 1), "outputs"), 0);
    /* The size is that of the plan; nobody has looked into the file. */
    g_assert_false(json_object_has_member(first, "width"));
    ran_finish(&ran);
    folder_leave(&folder);
}

static void assert_done(JsonObject *event, const char *path, const char *output, int width)
{
    JsonObject *first =
        json_array_get_object_element(json_object_get_array_member(event, "outputs"), 0);
    struct stat status;

    g_assert_cmpint(stat(output, &status), ==, 0);
    g_assert_cmpstr(json_object_get_string_member(event, "path"), ==, path);
    g_assert_cmpstr(json_object_get_string_member(first, "path"), ==, output);
    g_assert_cmpint(json_object_get_int_member(first, "width"), ==, width);
    g_assert_cmpint(json_object_get_int_member(first, "bytes"), ==, status.st_size);
    g_assert_true(json_object_has_member(event, "ms"));
    g_assert_true(json_object_has_member(event, "plan"));
}

static void test_events_tell_everything_once(void)
{
    struct folder folder = folder_enter();
    g_autoptr(GPtrArray) events = NULL;
    JsonObject *end;
    struct ran ran;

    write_tree();
    folder_write_text("photos/broken.jpg", "no image");
    ran = program_run("run --json photos missing.jpg -o out -j 1 --thumbnail 48x48");
    events = ran_events(&ran);
    g_assert_cmpint(ran.code, ==, 1);
    g_assert_cmpuint(events->len, ==, 7);
    g_assert_cmpint(json_object_get_int_member(event_at(events, 0), "inputs"), ==, 5);
    g_assert_cmpuint(events_count(events, "done"), ==, 3);
    g_assert_cmpuint(events_count(events, "error"), ==, 2);
    for (guint i = 0; i < events->len; i++) {
        JsonObject *event = event_at(events, i);

        if (g_strcmp0(json_object_get_string_member_with_default(event, "path", NULL),
                      "photos/IMG_1.JPG") == 0) {
            assert_done(event, "photos/IMG_1.JPG", "out/IMG_1.JPG", 48);
        }
    }
    end = event_at(events, 6);
    g_assert_cmpstr(json_object_get_string_member(end, "type"), ==, "end");
    g_assert_cmpint(json_object_get_int_member(end, "written"), ==, 3);
    g_assert_cmpint(json_object_get_int_member(end, "failed"), ==, 2);
    g_assert_cmpint(json_object_get_int_member(end, "exit"), ==, 1);
    ran_finish(&ran);
    folder_leave(&folder);
}

static void test_standard_output_is_silent_without_being_asked(void)
{
    struct folder folder = folder_enter();
    struct ran ran;

    write_tree();
    ran = program_run("run photos -o out -v");
    g_assert_cmpstr(ran.out, ==, "");
    g_assert_null(strchr(ran.err, '\r'));
    ran_assert(&ran, 0, (const char *[]){"photos/IMG_1.JPG -> out/IMG_1.JPG", "notes.txt", NULL});
    ran = program_run("run photos -o out --overwrite always --quiet");
    g_assert_cmpstr(ran.out, ==, "");
    g_assert_cmpstr(ran.err, ==, "");
    ran_finish(&ran);
    folder_leave(&folder);
}

static void test_names_may_be_odd(void)
{
    struct folder folder = folder_enter();
    struct ran ran;

    program_write_jpeg("photos/-q\n\xff.jpg");
    program_write_jpeg("photos/%d%%.jpg");
    program_write_jpeg("photos/'\"$(x).jpg");
    program_assert("run photos -o out", 0, "3 written");
    g_assert_true(g_file_test("out/-q\n\xff.jpg", G_FILE_TEST_EXISTS));
    g_assert_true(g_file_test("out/%d%%.jpg", G_FILE_TEST_EXISTS));
    ran = program_run("run photos -o out --json");
    g_assert_nonnull(strstr(ran.out, "\"path_b64\":\""));
    g_assert_true(g_utf8_validate(ran.out, -1, NULL));
    ran_finish(&ran);
    folder_leave(&folder);
}

static void test_images_go_through_pipes(void)
{
    struct folder folder = folder_enter();
    g_autofree char *path = program_path();
    g_autofree char *quoted = g_shell_quote(path);
    g_autofree char *line =
        g_strconcat("cat a.jpg | ", quoted, " run - -o - --thumbnail 20x20 -f png >b.png", NULL);
    g_autofree char *bytes = NULL;
    gsize length;
    int status;

    program_write_jpeg("a.jpg");
    g_spawn_sync(NULL, (char *[]){(char *)"/bin/sh", (char *)"-c", line, NULL}, NULL,
                 G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, &status, NULL);
    g_assert_cmpint(program_code(status), ==, 0);
    bytes = folder_read("b.png", &length);
    g_assert_cmpuint(length, >, 100);
    g_assert_cmpmem(bytes, 4, "\x89PNG", 4);
    folder_leave(&folder);
}

static void test_lists_mirror_what_they_name(void)
{
    struct folder folder = folder_enter();

    write_tree();
    folder_write("list", "photos/2026/wide.jpg\0photos/IMG_1.JPG\0", 38);
    program_assert("run --files-from list -0 -o out", 0, "2 written");
    assert_files("out", "photos/2026/wide.jpg photos/IMG_1.JPG");
    folder_write("nothing", "", 0);
    program_assert("run --files-from nothing -o out", 0, "nothing to do");
    folder_leave(&folder);
}

static void test_help_and_version(void)
{
    struct ran ran = program_run("--help");

    g_assert_nonnull(strstr(ran.out, "pixpool run --blur 15 --thumbnail 1200x1200"));
    ran_assert(&ran, 0, (const char *[]){NULL});
    ran = program_run("run --help");
    g_assert_true(g_str_has_prefix(ran.out, "Usage:\n  pixpool run "));
    ran_assert(&ran, 0, (const char *[]){NULL});
    ran = program_run("--version");
    g_assert_true(g_str_has_prefix(ran.out, "pixpool "));
    ran_assert(&ran, 0, (const char *[]){NULL});
}

int main(int argc, char **argv)
{
    pictures_test_init(&argc, &argv);
    g_test_add_func("/run/trees-are-mirrored-and-nothing-else-is-left",
                    test_trees_are_mirrored_and_nothing_else_is_left);
    g_test_add_func("/run/existing-outputs-are-kept", test_existing_outputs_are_kept);
    g_test_add_func("/run/a-link-in-the-way-is-kept-as-a-file-is",
                    test_a_link_in_the_way_is_kept_as_a_file_is);
    g_test_add_func("/run/the-same-bytes-however-they-are-made",
                    test_the_same_bytes_however_they_are_made);
    g_test_add_func("/run/formats-and-templates", test_formats_and_templates);
    g_test_add_func("/run/a-second-run-finds-the-same-inputs",
                    test_a_second_run_finds_the_same_inputs);
    g_test_add_func("/run/a-dry-run-writes-nothing", test_a_dry_run_writes_nothing);
    g_test_add_func("/run/explain-prints-the-plan", test_explain_prints_the_plan);
    g_test_add_func("/run/explain-tells-of-kept-outputs-too",
                    test_explain_tells_of_kept_outputs_too);
    g_test_add_func("/run/events-tell-everything-once", test_events_tell_everything_once);
    g_test_add_func("/run/standard-output-is-silent-without-being-asked",
                    test_standard_output_is_silent_without_being_asked);
    g_test_add_func("/run/names-may-be-odd", test_names_may_be_odd);
    g_test_add_func("/run/images-go-through-pipes", test_images_go_through_pipes);
    g_test_add_func("/run/lists-mirror-what-they-name", test_lists_mirror_what_they_name);
    g_test_add_func("/run/help-and-version", test_help_and_version);
    return g_test_run();
}
