/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Summary: what a run came to, counted and in words
 */

#include <glib.h>

#include "app/events.h"

#define SUMMARY_NAMES_MAX 3

/* All zero is the start. */
struct summary {
    struct totals totals;
    uint64_t planned;     /* of a dry run */
    uint64_t environment; /* failures that are the machine's fault */
    struct {
        uint64_t count;
        char *names[SUMMARY_NAMES_MAX]; /* the first ones, for people */
    } failures[FAILURE_ENGINE + 1];
};

/* Count one input that failed; its name is kept only if it is among the first of its cause. */
void summary_add_failure(struct summary *summary, const char *path, const struct failure *failure);

/* The line that ends a run: "46 written, 1 kept, 1 failed in 2.3 s; 98.2 MB -> 11.4 MB". */
char *summary_format(const struct summary *summary);

/* "failed: 3 corrupt (a.jpg, b.jpg, c.jpg), 1 crashed (d.jpg)"; NULL where nothing failed. */
char *summary_format_failures(const struct summary *summary);

/* 0, 1, 3 or 4: what the counts say about the run. */
int summary_exit_code(const struct summary *summary);

void summary_finish(struct summary *summary);
