/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Options: the command line of 'pixpool run' as plain values
 *
 * All defaults and ranges are here. Nothing is opened or looked up: what the files are is found out
 * later.
 */

#include "app/option_values.h"
#include "filters/chain.h"

struct run_options {
    char **paths;          /* inputs as given, ends with NULL; never NULL itself */
    struct pp_chain chain; /* in the order written */

    char *output;          /* -o: directory or template; NULL only where explain is set */
    enum pp_format format; /* -f; UNKNOWN: the input's own where possible */
    int32_t quality;       /* -q, 1 to 100; 0: the format's default */
    enum pp_plan_mode mode;
    enum overwrite overwrite;

    unsigned processes;  /* -j; 0: one for each processor that may be used */
    size_t memory_bytes; /* --mem; 0: the pool's default */
    uint32_t timeout_ms; /* of one input's probe and of its rendering; 0: none */
    int64_t pixels_max;  /* 0: the planner's default */
    gboolean in_process; /* no workers: tasks run in this process, for a debugger */

    char *files_from;          /* a list of inputs, "-" for standard input; or NULL */
    gboolean null_separated;   /* the list's names end with NUL, not with a line end */
    char **include, **exclude; /* patterns for files in directories; NULL: none given */

    gboolean dry_run;
    gboolean explain;
    gboolean json;
    gboolean quiet;
    gboolean verbose;
    gboolean help;
    enum progress_when progress;
};

/*
 * Read @argv (argv[0] is the verb) into @options, which the caller finishes in any case.
 *
 * Returns true; or false with *error saying what is wrong and what is right. With options->help set
 * nothing else was checked.
 */
gboolean run_options_parse(struct run_options *options, int argc, char **argv, GError **error);

/* The text of --help; newly allocated. */
char *run_options_help(void);

void run_options_finish(struct run_options *options);
