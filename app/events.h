/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Events: what happens, for programs
 *
 * One JSON object a line on standard output, "type" first, flushed at once. Stable: fields may be
 * added, none changes its meaning. Every input has exactly one "done" or "error" unless the run was
 * stopped.
 *
 *     begin   v (1), inputs, processes
 *     done    path, status (written, kept, planned), outputs[] of path, width, height, bytes;
 *             ms, plan of mode, shrink and, where asked for, explain[]
 *     error   path, code (app/failure.h), message, attempts
 *     end     written, kept, failed, left, skipped, bytes_in, bytes_out, ms, exit
 *
 * What is not known is left out: a kept output has no size in pixels, a planned one no bytes. A
 * path that is not UTF-8 is replaced by what can be shown of it, with the exact bytes beside it in
 * path_b64.
 */

#include "app/failure.h"
#include "filters/plan.h"

struct events;

/* What was done to one input. */
struct done {
    const char *path;
    const char *status;         /* "written", "kept", "planned" */
    const char *output;         /* NULL: written nowhere, or to standard output */
    const struct pp_plan *plan; /* NULL: there was no need of one */
    bool explain;               /* tell the plan in full */
    uint64_t bytes;             /* of the output; 0: none */
    uint64_t ms;                /* of work on it */
};

/* How the run went; app/summary.h counts it. */
struct totals {
    uint64_t written, kept, failed;
    uint64_t left;    /* inputs that were not tried, after a stop */
    uint64_t skipped; /* files of directories that are no images */
    uint64_t bytes_in, bytes_out;
    uint64_t ms;
};

/* Events go to @fd, which stays the caller's. */
struct events *events_create(int fd);

void events_begin(struct events *events, uint64_t inputs, unsigned processes);
void events_done(struct events *events, const struct done *done);
void events_error(struct events *events, const char *path, const struct failure *failure);
void events_end(struct events *events, const struct totals *totals, int exit_code);

/* The errno of the first write that failed, negative; later events are dropped. 0: none did. */
int events_status(const struct events *events);

/* NULL is fine. */
void events_destroy(struct events *events);
