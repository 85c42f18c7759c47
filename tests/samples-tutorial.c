/* SPDX-License-Identifier: MIT */
/*
 * Every program of the course does what its tutorial says, and prints what it printed.
 *
 * What a program prints is in samples/tutorial/expected, as it is but for two things, since
 * processes are not told in which order to run. <int>, <decimal>, <word> and <path> stand for what
 * differs from run to run. And neighbouring lines that begin with a mark, "a| ", may come in any
 * order, as long as those of one mark keep theirs: what one process prints comes in its order.
 * Lines marked "*| " have no order at all.
 */
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/folder.h"

/* A second of the tutorials' sleeps, in milliseconds. */
#define SECOND_MS "20"

struct ran {
    int pid;
    int status;
    char *out;
    char *err;
};

/*
 * A leak detector that is killed with its worker while it looks has a word to say about itself.
 * What it finds goes on for more than this line.
 */
static void drop_last_words(char **err)
{
    g_autoptr(GRegex) words = g_regex_new(
        "^==[0-9]+==Unable to get registers from thread [0-9]+\\.\n", G_REGEX_MULTILINE, 0, NULL);
    char *rest = g_regex_replace_literal(words, *err, -1, 0, "", 0, NULL);

    g_assert_nonnull(rest);
    g_free(*err);
    *err = rest;
}

/* Run the program @name with the words of @arguments. The shell is there to tell its pid. */
static struct ran run(const char *name, const char *arguments)
{
    g_autofree char *path = g_build_filename(g_getenv("TUTORIAL"), name, NULL);
    g_autofree char *line = g_strdup_printf("echo $$; exec %s %s", path, arguments);
    char *argv[] = {(char *)"/bin/sh", (char *)"-c", line, NULL};
    g_autoptr(GError) error = NULL;
    g_autofree char *out = NULL;
    struct ran ran = {0};
    char *rest;

    g_spawn_sync(NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, &ran.err, &ran.status,
                 &error);
    g_assert_no_error(error);
    drop_last_words(&ran.err);
    ran.pid = (int)g_ascii_strtoll(out, &rest, 10);
    g_assert_cmpint(*rest, ==, '\n');
    ran.out = g_strdup(rest + 1);
    return ran;
}

static void ran_finish(struct ran *ran)
{
    g_free(ran->out);
    g_free(ran->err);
}

/* ---- Comparing ---- */

/* A line that is expected. */
struct expected {
    char *text; /* without the mark */
    GRegex *pattern;
    char mark; /* '\0': none */
    gboolean found;
};

static void expected_free(gpointer data)
{
    struct expected *expected = data;

    g_free(expected->text);
    g_regex_unref(expected->pattern);
    g_free(expected);
}

/* The pattern of a line: literal, but for its placeholders. */
static GRegex *pattern_of(const char *text)
{
    static const char *const placeholders[][2] = {
        {"<int>", "-?[0-9]+"},
        {"<decimal>", "[0-9]+\\.[0-9]+"},
        {"<word>", "[a-z]+"},
        {"<path>", "/[^ ]+"},
    };
    g_autofree char *escaped = g_regex_escape_string(text, -1);
    g_autoptr(GString) pattern = g_string_new(escaped);
    g_autoptr(GError) error = NULL;
    GRegex *regex;

    for (gsize i = 0; i < G_N_ELEMENTS(placeholders); i++) {
        g_string_replace(pattern, placeholders[i][0], placeholders[i][1], 0);
    }
    g_string_prepend(pattern, "^");
    g_string_append(pattern, "$");
    regex = g_regex_new(pattern->str, G_REGEX_DOLLAR_ENDONLY, 0, &error);
    g_assert_no_error(error);
    return regex;
}

static GPtrArray *parse_expected(const char *text)
{
    GPtrArray *lines = g_ptr_array_new_with_free_func(expected_free);
    g_auto(GStrv) texts = g_strsplit(text, "\n", -1);

    g_assert_true(g_str_has_suffix(text, "\n"));
    for (char **line = texts; line[1] != NULL; line++) {
        gboolean marked = (*line)[0] != '\0' && strncmp(*line + 1, "| ", 2) == 0;
        struct expected *expected = g_new0(struct expected, 1);

        expected->mark = marked ? (*line)[0] : '\0';
        expected->text = g_strdup(marked ? *line + 3 : *line);
        expected->pattern = pattern_of(expected->text);
        g_ptr_array_add(lines, expected);
    }
    return lines;
}

/* Whether the expected line @i may come now: nothing that has to come before it is missing. */
static gboolean is_due(const GPtrArray *lines, guint i)
{
    const struct expected *line = g_ptr_array_index(lines, i);

    for (guint k = i; k-- > 0;) {
        const struct expected *before = g_ptr_array_index(lines, k);

        if (before->found) {
            continue;
        }
        if (before->mark == '\0' || line->mark == '\0') {
            return FALSE;
        }
        if (before->mark == line->mark && line->mark != '*') {
            return FALSE;
        }
    }
    return TRUE;
}

/* Find a line that is due and reads like @text, and cross it off. */
static gboolean take(GPtrArray *lines, const char *text)
{
    for (guint i = 0; i < lines->len; i++) {
        struct expected *line = g_ptr_array_index(lines, i);

        if (!line->found && is_due(lines, i) && g_regex_match(line->pattern, text, 0, NULL)) {
            line->found = TRUE;
            return TRUE;
        }
    }
    return FALSE;
}

/* What is wrong with @out; NULL where it is as expected. */
static char *find_difference(const char *expected, const char *out)
{
    g_autoptr(GPtrArray) lines = parse_expected(expected);
    g_auto(GStrv) texts = g_strsplit(out, "\n", -1);

    for (char **text = texts; *text != NULL; text++) {
        if (text[1] == NULL) { /* behind the last line */
            if (**text != '\0') {
                return g_strdup_printf("'%s' has no end", *text);
            }
        } else if (!take(lines, *text)) {
            return g_strdup_printf("'%s' is not expected here", *text);
        }
    }
    for (guint i = 0; i < lines->len; i++) {
        const struct expected *line = g_ptr_array_index(lines, i);

        if (!line->found) {
            return g_strdup_printf("'%s' is missing", line->text);
        }
    }
    return NULL;
}

static void assert_difference(const char *expected, const char *out, const char *message)
{
    g_autofree char *found = find_difference(expected, out);

    g_assert_cmpstr(found, ==, message);
}

/* The tests below are worth what this is. */
static void test_comparing_knows_which_order_matters(void)
{
    static const char expected[] = "first\na| 1\na| 2\nb| 1\nb| 3\nlast <decimal>\n";

    assert_difference(expected, "first\n1\n2\n1\n3\nlast 0.5\n", NULL);
    assert_difference(expected, "first\n1\n1\n3\n2\nlast 0.5\n", NULL);
    assert_difference(expected, "first\n2\n1\n1\n3\nlast 0.5\n", "'2' is not expected here");
    assert_difference(expected, "1\nfirst\n1\n2\n3\nlast 0.5\n", "'1' is not expected here");
    assert_difference(expected, "first\n1\n1\n3\nlast 0.5\n", "'last 0.5' is not expected here");
    assert_difference(expected, "first\n1\n1\n3\n2\n", "'last <decimal>' is missing");
    assert_difference(expected, "first\n1\n1\n3\n2\nlast 5\n", "'last 5' is not expected here");
    assert_difference("*| a\n*| b\n", "b\na\n", NULL);
    assert_difference("*| a\n*| b\n", "b\nb\n", "'b' is not expected here");
    assert_difference("a.\n", "ab\n", "'ab' is not expected here");
    assert_difference("a\n", "a", "'a' has no end");
}

static void assert_output(const char *name, const struct ran *ran)
{
    g_autofree char *file = g_strconcat(name, ".txt", NULL);
    g_autofree char *path = g_build_filename(g_getenv("TUTORIAL_EXPECTED"), file, NULL);
    g_autofree char *expected = folder_read(path, NULL);
    g_autofree char *difference = find_difference(expected, ran->out);

    if (ran->status != 0 || *ran->err != '\0') {
        g_error("%s: wait status %d; it said: %s", name, ran->status, ran->err);
    }
    if (difference != NULL) {
        g_error("%s: %s, in:\n%s", name, difference, ran->out);
    }
}

/* ---- The programs ---- */

/* Those that need arguments; and files, which they find in the current directory. */
static const struct {
    const char *name;
    const char *arguments;
} with_arguments[] = {
    {"45_too_many_processes", "50"},
    {"47_debugging", "trace.json"},
    {"48_image_processing", "photos/meadow.ppm photos/lake.ppm"},
    {"49_file_search", "lock tree"},
};

static const char *arguments_of(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(with_arguments); i++) {
        if (g_str_equal(name, with_arguments[i].name)) {
            return with_arguments[i].arguments;
        }
    }
    return "";
}

static void write_ppm(const char *name)
{
    g_autoptr(GString) file = g_string_new("P6\n60 40\n255\n");

    for (int i = 0; i < 60 * 40 * 3; i++) {
        g_string_append_c(file, (char)(i * 7));
    }
    folder_write(name, file->str, file->len);
}

static void write_files(void)
{
    folder_write_text("tree/a.txt", "nothing\nthe lock is here\n");
    folder_write_text("tree/b/c.txt", "a lock\nand\ntwo locks");
    folder_write_text("tree/empty", "");
    write_ppm("photos/meadow.ppm");
    write_ppm("photos/lake.ppm");
}

static void test_it_prints_what_the_tutorial_prints(gconstpointer name)
{
    struct folder folder = folder_enter();
    struct ran ran;

    write_files();
    ran = run(name, arguments_of(name));
    assert_output(name, &ran);
    ran_finish(&ran);
    folder_leave(&folder);
}

/* ---- What lines cannot say ---- */

static int number_after(const char *text, const char *words)
{
    const char *at = strstr(text, words);

    g_assert_nonnull(at);
    return (int)g_ascii_strtoll(at + strlen(words), NULL, 10);
}

static void test_a_process_knows_who_started_it(void)
{
    struct ran ran = run("05_process_information", "");

    g_assert_cmpint(number_after(ran.out, "Parent PID: "), ==, ran.pid);
    g_assert_cmpint(number_after(ran.out, "\nPID: "), ==, number_after(ran.out, "had PID "));
    ran_finish(&ran);
}

static void test_four_workers_do_all_the_squares(void)
{
    struct ran ran = run("29_pool_pids", "");
    g_autoptr(GHashTable) pids = g_hash_table_new(NULL, NULL);

    for (const char *at = ran.out; (at = strstr(at, "Process ")) != NULL; at++) {
        g_hash_table_add(pids, GINT_TO_POINTER(number_after(at, "Process ")));
    }
    g_assert_cmpuint(g_hash_table_size(pids), >=, 1);
    g_assert_cmpuint(g_hash_table_size(pids), <=, 4);
    ran_finish(&ran);
}

static int compare_texts(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void test_no_word_is_lost_with_the_manager(void)
{
    struct ran ran = run("27_manager_pool", "");
    g_auto(GStrv) words = g_strsplit(ran.out, "'", -1);
    g_autoptr(GPtrArray) sorted = g_ptr_array_new();
    g_autofree char *line = NULL;

    for (guint i = 1; i < g_strv_length(words); i += 2) {
        g_ptr_array_add(sorted, words[i]);
    }
    g_ptr_array_sort(sorted, compare_texts);
    g_ptr_array_add(sorted, NULL);
    line = g_strjoinv(" ", (char **)sorted->pdata);
    g_assert_cmpstr(line, ==, "comes great great power responsibilty with");
    ran_finish(&ran);
}

static void test_images_are_written_and_broken_ones_named(void)
{
    struct folder folder = folder_enter();
    g_autofree char *list = NULL;
    struct ran ran;

    write_files();
    folder_write_text("photos/broken.jpg", "\xff\xd8\xff\xe0 and no more");
    ran = run("48_image_processing", "photos/meadow.ppm photos/broken.jpg photos/lake.ppm");
    g_assert_true(WIFEXITED(ran.status));
    g_assert_cmpint(WEXITSTATUS(ran.status), ==, 1);
    g_assert_nonnull(strstr(ran.err, "photos/broken.jpg: "));
    list = folder_list("processed");
    g_assert_cmpstr(list, ==, "lake.ppm meadow.ppm");
    ran_finish(&ran);
    folder_leave(&folder);
}

static void test_the_trace_is_there(void)
{
    struct folder folder = folder_enter();
    struct ran ran = run("47_debugging", "trace.json in-process");
    g_autofree char *trace = NULL;

    g_assert_cmpint(ran.status, ==, 0);
    trace = folder_read("trace.json", NULL);
    g_assert_nonnull(strstr(trace, "\"work\""));
    ran_finish(&ran);
    folder_leave(&folder);
}

int main(int argc, char **argv)
{
    g_auto(GStrv) names = NULL;

    g_test_init(&argc, &argv, NULL);
    g_setenv("TUTORIAL_SECOND_MS", SECOND_MS, TRUE);
    g_test_add_func("/tutorial/comparing-knows-which-order-matters",
                    test_comparing_knows_which_order_matters);
    names = g_strsplit(g_getenv("TUTORIAL_PROGRAMS"), " ", -1);
    for (char **name = names; *name != NULL; name++) {
        g_autofree char *path = g_strconcat("/tutorial/", *name, NULL);

        g_test_add_data_func(path, *name, test_it_prints_what_the_tutorial_prints);
    }
    g_test_add_func("/tutorial/a-process-knows-who-started-it",
                    test_a_process_knows_who_started_it);
    g_test_add_func("/tutorial/four-workers-do-all-the-squares",
                    test_four_workers_do_all_the_squares);
    g_test_add_func("/tutorial/no-word-is-lost-with-the-manager",
                    test_no_word_is_lost_with_the_manager);
    g_test_add_func("/tutorial/images-are-written-and-broken-ones-named",
                    test_images_are_written_and_broken_ones_named);
    g_test_add_func("/tutorial/the-trace-is-there", test_the_trace_is_there);
    return g_test_run();
}
