/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Paint options: the painter's command line
 */

#include "samples/paint_task.h"

/* What the user wants. */
enum paint_wish {
    PAINT_MISUSED, /* the reason has been printed */
    PAINT_HELP,    /* the help has been printed */
    PAINT_LIST,
    PAINT_SAMPLES, /* all into .directory */
    PAINT_ONE,     /* .photo into .output */
};

struct paint_options {
    unsigned workers; /* 0: as many as the pool thinks best */
    const char *directory;
    const char *output;
    struct paint_photo photo;
    bool list;
    bool has_scene;
};

/* Fill @options, whose strings are those of @argv. */
enum paint_wish paint_options_read(struct paint_options *options, int argc, char **argv);

/* The user's word for an enum photo_format. */
const char *paint_format_name(uint32_t format);
