/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Report: what a run tells, to people on standard error and to programs on standard output
 *
 * The one place that prints while a run goes on: each thing that happens is told here once, and
 * goes to the events, the progress line and the summary as the options want it.
 */

#include "app/option_values.h"
#include "app/summary.h"

struct report;

struct report_options {
    enum progress_when progress;
    gboolean json;    /* events on standard output */
    gboolean quiet;   /* errors only */
    gboolean verbose; /* every file */
    gboolean dry_run; /* what would be written, as data */
    gboolean explain; /* plans in full, as data */
};

struct report *report_create(const struct report_options *options);

void report_begin(struct report *report, uint64_t inputs, unsigned processes);
void report_done(struct report *report, const struct done *done, uint64_t bytes_in);
void report_error(struct report *report, const char *path, const struct failure *failure);
void report_skipped(struct report *report, const char *path);
void report_left(struct report *report, uint64_t inputs);

/* Tell people something that is not about one input; always shown. */
void report_message(struct report *report, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* For the loop: how long it may sleep (-1: as long as it likes), and that it woke up. */
int report_wait_ms(const struct report *report);
void report_tick(struct report *report);

/* A negative errno once standard output could not be written; there is no use in going on then. */
int report_status(const struct report *report);

/* What the counts so far say about the run: 0, 1, 3 or 4. */
int report_exit_code(const struct report *report);

/* The last words. */
void report_end(struct report *report, int exit_code);

/* NULL is fine. */
void report_destroy(struct report *report);
