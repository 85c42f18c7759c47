/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Outputs: what a run is going to write, settled before it writes anything
 *
 * Life: init names what can be named from signatures; name settles the others once their headers
 * were read; check refuses collisions and finds what is there already.
 */

#include "app/inputs.h"
#include "app/option_values.h"
#include "app/output_rule.h"

struct output {
    const struct input *input; /* not owned; has no failure */
    char *path;                /* NULL: not named yet, or written nowhere or to standard output */
    enum pp_format format;     /* UNKNOWN as long as only the header can tell */
    gboolean kept;             /* there is one, and it is to stay as it is */
    gboolean duplicate;        /* the same file was given twice: once is enough */
    struct failure *failure;   /* why its header could not be read, when naming needed it */
};

struct outputs {
    GArray *list; /* of struct output, in the order of the inputs; settled in size by init */
    const struct output_rule *rule; /* not owned */
    GHashTable *written; /* of char: the path of each file that this run wrote, by its file_id */
};

/*
 * One output for every input without failure. The caller finishes @outputs in any case.
 * Returns FALSE with *error where an output can have no name.
 */
gboolean outputs_init(struct outputs *outputs, const struct inputs *inputs,
                      const struct output_rule *rule, GError **error);

/* Whether @output has to wait for its input's header to get its format or its name. */
gboolean outputs_is_open(const struct outputs *outputs, const struct output *output);

/* Name @output by what the plan for its header says. Returns FALSE with *error. */
gboolean outputs_name(const struct outputs *outputs, struct output *output, enum pp_format format,
                      struct pp_size size, GError **error);

/*
 * Look for two inputs with one output and for outputs that are inputs, and mark what is kept.
 * Returns FALSE with *error, which names the files; nothing was written then.
 */
gboolean outputs_check(struct outputs *outputs, const struct inputs *inputs,
                       enum overwrite overwrite, GError **error);

/*
 * The path under which this run wrote the very file that @output would replace, by links that only
 * the file system knows; or NULL. Owned by @outputs.
 */
const char *outputs_find_written(const struct outputs *outputs, const struct output *output);

/* @output was written. */
void outputs_add_written(const struct outputs *outputs, const struct output *output);

void outputs_finish(struct outputs *outputs);
