/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Progress: one line at the foot of a terminal, redrawn in place
 *
 * Everything else that is printed on standard error while it is shown goes through
 * progress_print(), which puts it above the line.
 */

#include <glib.h>

#include "app/option_values.h"

struct progress;

struct progress_state {
    uint64_t done, total, failed;
    uint64_t elapsed_ms; /* since the work began */
};

/* @when AUTO: only where @fd is a terminal that can redraw a line, and not under CI. */
struct progress *progress_create(int fd, enum progress_when when);

/* Work begins: @total inputs. Nothing is shown before. */
void progress_start(struct progress *progress, uint64_t total);

/* So many are done, of which so many failed; redrawn at most ten times a second. */
void progress_update(struct progress *progress, uint64_t done, uint64_t failed);

/* Print @line, without its line end, above. */
void progress_print(struct progress *progress, const char *line);

/* Milliseconds until the line wants to be redrawn by progress_tick(); -1: it is not shown. */
int progress_wait_ms(const struct progress *progress);
void progress_tick(struct progress *progress);

/* Take the line away. */
void progress_stop(struct progress *progress);

/* NULL is fine. */
void progress_destroy(struct progress *progress);

/* The line for @state in @columns characters; newly allocated, never longer. */
char *progress_format(const struct progress_state *state, unsigned columns);
