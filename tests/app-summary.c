/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "app/progress.h"
#include "app/summary.h"

static void add_failure(struct summary *summary, const char *path, enum failure_code code)
{
    struct failure failure;

    failure_set(&failure, code, "why");
    summary_add_failure(summary, path, &failure);
}

static void assert_summary(const struct summary *summary, const char *expected)
{
    g_autofree char *text = summary_format(summary);

    g_assert_cmpstr(text, ==, expected);
}

static void test_the_last_line(void)
{
    struct summary summary = {.totals = {.written = 46,
                                         .kept = 1,
                                         .failed = 1,
                                         .bytes_in = 98200000,
                                         .bytes_out = 11449999,
                                         .ms = 2300}};

    assert_summary(&summary, "46 written, 1 kept, 1 failed in 2.3 s; 98.2 MB -> 11.4 MB");
    summary = (struct summary){.totals = {.kept = 3, .ms = 61000}};
    assert_summary(&summary, "3 kept in 1 min 1 s");
    summary = (struct summary){.planned = 2, .totals = {.skipped = 4}};
    assert_summary(&summary, "2 planned, 4 skipped (not an image) in 0.0 s");
    summary = (struct summary){.totals = {.written = 1, .bytes_in = 999, .bytes_out = 999999}};
    assert_summary(&summary, "1 written in 0.0 s; 999 bytes -> 1.0 MB");
    summary = (struct summary){.planned = 0};
    assert_summary(&summary, "nothing to do in 0.0 s");
}

static void test_failures_are_grouped_by_cause(void)
{
    struct summary summary = {.planned = 0};
    g_autofree char *none = summary_format_failures(&summary);
    g_autofree char *text = NULL;

    g_assert_null(none);
    add_failure(&summary, "in/a.jpg", FAILURE_CORRUPT);
    add_failure(&summary, "in/d.jpg", FAILURE_CRASHED);
    add_failure(&summary, "in/b\n.jpg", FAILURE_CORRUPT);
    add_failure(&summary, "in/c.jpg", FAILURE_CORRUPT);
    add_failure(&summary, "in/e.jpg", FAILURE_CORRUPT);
    text = summary_format_failures(&summary);
    g_assert_cmpstr(text, ==,
                    "failed: 4 corrupt (a.jpg, b\\x0a.jpg, c.jpg, ...), 1 crashed (d.jpg)");
    summary_finish(&summary);
}

static void test_exit_codes(void)
{
    struct summary summary = {.totals = {.written = 1}};
    struct failure full;

    g_assert_cmpint(summary_exit_code(&summary), ==, 0);
    add_failure(&summary, "a", FAILURE_CORRUPT);
    g_assert_cmpint(summary_exit_code(&summary), ==, 1);
    summary.totals.written = 0;
    g_assert_cmpint(summary_exit_code(&summary), ==, 3);
    summary.totals.kept = 1;
    g_assert_cmpint(summary_exit_code(&summary), ==, 1);
    failure_from_writing(&full, &(struct pp_error){.code = -ENOSPC, .message = "no space"});
    g_assert_true(full.final);
    summary_add_failure(&summary, "b", &full);
    g_assert_cmpint(summary_exit_code(&summary), ==, 4);
    summary_finish(&summary);
}

static void assert_progress(const struct progress_state *state, unsigned columns,
                            const char *expected)
{
    g_autofree char *line = progress_format(state, columns);

    g_assert_cmpstr(line, ==, expected);
}

static void test_the_progress_line(void)
{
    assert_progress(&(struct progress_state){.total = 8}, 30, "[>                   ] 0/8  0%");
    assert_progress(
        &(struct progress_state){.done = 1287, .total = 2014, .failed = 2, .elapsed_ms = 15506}, 70,
        "[=================>         ] 1287/2014  63%  83/s  ETA 0:09  2 failed");
    assert_progress(&(struct progress_state){.done = 1, .total = 3601, .elapsed_ms = 1000}, 40,
                    "1/3601  0%  1.0/s  ETA 1:00:00");
    assert_progress(&(struct progress_state){.done = 2, .total = 2, .elapsed_ms = 100}, 20,
                    "[========] 2/2  100%");
}

static void test_the_progress_line_never_wraps(void)
{
    const struct progress_state state = {
        .done = 123456, .total = 9999999, .failed = 77, .elapsed_ms = 100000};

    for (unsigned columns = 0; columns < 200; columns++) {
        g_autofree char *line = progress_format(&state, columns);

        g_assert_cmpuint(strlen(line), <=, columns);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/summary/the-last-line", test_the_last_line);
    g_test_add_func("/summary/failures-are-grouped-by-cause", test_failures_are_grouped_by_cause);
    g_test_add_func("/summary/exit-codes", test_exit_codes);
    g_test_add_func("/progress/the-line", test_the_progress_line);
    g_test_add_func("/progress/the-line-never-wraps", test_the_progress_line_never_wraps);
    return g_test_run();
}
