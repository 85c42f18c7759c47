/* SPDX-License-Identifier: MIT */
/*
 * Standard output carries data only: events with --json, else what a dry run or --explain was asked
 * for. All else is for people and goes to standard error, through the progress line's hands.
 */
#include <string.h>
#include <unistd.h>

#include "app/descriptor.h"
#include "app/name.h"
#include "app/progress.h"
#include "app/report.h"

#define EXPLAIN_BYTES 4096

struct report {
    struct report_options options;
    struct events *events; /* NULL: none are wanted */
    struct progress *progress;
    struct summary summary;
    gint64 began_us;
    int status; /* negative errno of the first failed write of text to standard output */
};

struct report *report_create(const struct report_options *options)
{
    struct report *report = g_new0(struct report, 1);
    enum progress_when when = options->progress;

    if (when == PROGRESS_AUTO && (options->quiet || (options->json && isatty(STDOUT_FILENO)))) {
        when = PROGRESS_NEVER;
    }
    report->options = *options;
    report->events = options->json ? events_create(STDOUT_FILENO) : NULL;
    report->progress = progress_create(STDERR_FILENO, when);
    report->began_us = g_get_monotonic_time();
    return report;
}

/* One line of text as data on standard output. */
static void print_data(struct report *report, const char *text)
{
    if (report->status == 0) {
        report->status = descriptor_write(STDOUT_FILENO, text, strlen(text));
    }
}

static void update_progress(struct report *report)
{
    const struct totals *totals = &report->summary.totals;

    progress_update(report->progress,
                    totals->written + totals->kept + totals->failed + report->summary.planned,
                    totals->failed);
}

void report_message(struct report *report, const char *format, ...)
{
    g_autofree char *text = NULL;
    g_autofree char *line = NULL;
    va_list arguments;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    line = g_strconcat("pixpool: ", text, NULL);
    progress_print(report->progress, line);
}

void report_begin(struct report *report, uint64_t inputs, unsigned processes)
{
    if (report->events != NULL) {
        events_begin(report->events, inputs, processes);
    }
    progress_start(report->progress, inputs);
}

static void print_explanation(struct report *report, const struct pp_plan *plan)
{
    char text[EXPLAIN_BYTES];
    g_auto(GStrv) lines = NULL;

    pp_plan_explain(plan, text, sizeof(text));
    g_strchomp(text);
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        g_autofree char *shown = name_display(*line);
        g_autofree char *indented = g_strdup_printf("    %s\n", shown);

        print_data(report, indented);
    }
}

/* What was asked for as data: the names of a dry run, the plan. */
static void print_planned(struct report *report, const struct done *done)
{
    g_autofree char *path = name_display(done->path);
    g_autofree char *output = done->output != NULL ? name_display(done->output) : NULL;
    g_autofree char *line = g_strdup_printf("%s%s%s%s\n", path, output != NULL ? " -> " : "",
                                            output != NULL ? output : "",
                                            g_str_equal(done->status, "kept") ? " (kept)" : "");

    print_data(report, line);
    if (report->options.explain && done->plan != NULL) {
        print_explanation(report, done->plan);
    }
}

static void print_verbose(struct report *report, const struct done *done)
{
    g_autofree char *path = name_display(done->path);
    g_autofree char *output = name_display(done->output != NULL ? done->output : "-");
    g_autofree char *line = NULL;

    if (done->plan == NULL || g_str_equal(done->status, "kept")) {
        line = g_strdup_printf("%s -> %s  %s", path, output, done->status);
    } else {
        line = g_strdup_printf(
            "%s -> %s  %dx%d, %" G_GUINT64_FORMAT " bytes, %" G_GUINT64_FORMAT " ms", path, output,
            done->plan->size.width, done->plan->size.height, done->bytes, done->ms);
    }
    progress_print(report->progress, line);
}

void report_done(struct report *report, const struct done *done, uint64_t bytes_in)
{
    struct summary *summary = &report->summary;
    gboolean written = g_str_equal(done->status, "written");

    if (written) {
        summary->totals.written++;
        summary->totals.bytes_in += bytes_in;
        summary->totals.bytes_out += done->bytes;
    } else if (g_str_equal(done->status, "kept")) {
        summary->totals.kept++;
    } else {
        summary->planned++;
    }
    if (report->events != NULL) {
        events_done(report->events, done);
    } else if (report->options.explain || report->options.dry_run) {
        print_planned(report, done);
    }
    if (report->options.verbose) {
        print_verbose(report, done);
    }
    update_progress(report);
}

void report_error(struct report *report, const char *path, const struct failure *failure)
{
    g_autofree char *shown = name_display(path);
    g_autofree char *message = name_display(failure->message);

    summary_add_failure(&report->summary, path, failure);
    if (report->events != NULL) {
        events_error(report->events, path, failure);
    }
    report_message(report, "%s: %s", shown, message);
    update_progress(report);
}

void report_skipped(struct report *report, const char *path)
{
    report->summary.totals.skipped++;
    if (report->options.verbose) {
        g_autofree char *shown = name_display(path);

        report_message(report, "%s: skipped, not an image", shown);
    }
}

void report_left(struct report *report, uint64_t inputs)
{
    report->summary.totals.left += inputs;
}

int report_wait_ms(const struct report *report)
{
    return progress_wait_ms(report->progress);
}

void report_tick(struct report *report)
{
    progress_tick(report->progress);
}

int report_status(const struct report *report)
{
    int status = report->events != NULL ? events_status(report->events) : 0;

    return status != 0 ? status : report->status;
}

int report_exit_code(const struct report *report)
{
    return summary_exit_code(&report->summary);
}

static void print_summary(struct report *report)
{
    g_autofree char *line = summary_format(&report->summary);
    g_autofree char *failures = summary_format_failures(&report->summary);

    if (report->summary.totals.failed > 1) {
        progress_print(report->progress, failures);
    }
    if (!report->options.quiet) {
        progress_print(report->progress, line);
    }
}

void report_end(struct report *report, int exit_code)
{
    report->summary.totals.ms = (uint64_t)(g_get_monotonic_time() - report->began_us) / 1000;
    progress_stop(report->progress);
    print_summary(report);
    if (report->events != NULL) {
        events_end(report->events, &report->summary.totals, exit_code);
    }
}

void report_destroy(struct report *report)
{
    if (report != NULL) {
        progress_destroy(report->progress);
        events_destroy(report->events);
        summary_finish(&report->summary);
        g_free(report);
    }
}
