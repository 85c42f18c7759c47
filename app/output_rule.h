/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Output rule: how -o turns the name of an input into the name of its output
 *
 *     -o DIR           the input's place below its own directory, mirrored under DIR
 *     -o TEMPLATE      a name with placeholders:
 *                      %d directory of the input below the one given, %f its name without
 *                      extension, %e extension of the output, %E extension of the input,
 *                      %w %h size of the output in pixels, %% a percent sign
 *     -o NAME.png      without a placeholder, where the extension names a format: that very file
 *     -o -             standard output
 *
 * Pure text: nothing is opened.
 */

#include <glib.h>

#include "filters/codec.h"

enum output_kind { OUTPUT_NOWHERE, OUTPUT_DIRECTORY, OUTPUT_TEMPLATE, OUTPUT_STDOUT };

struct output_rule {
    enum output_kind kind;
    char *text;            /* the directory or template, without slashes at its end */
    enum pp_format format; /* what every output has to be; UNKNOWN: each its own */
};

/*
 * Read the argument of -o (NULL: there are no outputs) together with that of -f (UNKNOWN: none).
 * @is_directory: whether a directory of that name exists.
 *
 * Returns TRUE, and the caller finishes @rule; or FALSE with *error, and nothing is to be finished.
 */
gboolean output_rule_parse(struct output_rule *rule, const char *argument, enum pp_format format,
                           gboolean is_directory, GError **error);

/* Whether names depend on the size of the output. */
gboolean output_rule_needs_size(const struct output_rule *rule);

/*
 * The directory that all outputs are below, whatever their inputs: that of -o, or what a template
 * has before its first placeholder. Newly allocated; NULL where there is none, or a file was named.
 */
char *output_rule_directory(const struct output_rule *rule);

/*
 * The output's name for an input at @relative; @format and @size are those of the output (@size is
 * looked at only where output_rule_needs_size()). Newly allocated; NULL with *error where it would
 * lead out of its directory, name no file, or claim a format that it has not. For a rule of one of
 * the first two kinds.
 *
 * An extension that already says @format stays as it is spelled.
 */
char *output_rule_name(const struct output_rule *rule, const char *relative, enum pp_format format,
                       struct pp_size size, GError **error);

void output_rule_finish(struct output_rule *rule);
