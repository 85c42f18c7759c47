/* SPDX-License-Identifier: MIT */
/*
 * A template is expanded one component at a time, and only "%d", whose parts were checked when the
 * input was found, may give more than one. So a file that is called "...jpg" cannot make a ".." out
 * of "%f", while a ".." that the user wrote keeps its meaning.
 *
 * An extension is what follows the last dot if it looks like one: one to five letters or digits,
 * not digits alone, so "shot.2024" and "a.b c" have none and get theirs appended.
 */
#include <string.h>

#include "app/name.h"
#include "app/output_rule.h"
#include "app/signature.h"

struct parts {
    char *directory; /* "" where there is none */
    char *stem;
    char *extension; /* without its dot, "" where there is none */
};

static const struct {
    const char *extension;
    enum pp_format format;
} spellings[] = {
    {"jfif", PP_FORMAT_JPEG},
    {"jif", PP_FORMAT_JPEG},
    {"jpe", PP_FORMAT_JPEG},
    {"apng", PP_FORMAT_PNG},
};

static enum pp_format format_of_extension(const char *extension)
{
    for (size_t i = 0; i < G_N_ELEMENTS(spellings); i++) {
        if (g_ascii_strcasecmp(extension, spellings[i].extension) == 0) {
            return spellings[i].format;
        }
    }
    return pp_format_from_name(extension);
}

/* The place of the dot of the extension in @name, or NULL. */
static const char *extension_dot(const char *name)
{
    const char *dot = strrchr(name, '.');
    gboolean letter = FALSE;
    size_t length;

    if (dot == NULL || dot == name) {
        return NULL;
    }
    length = strlen(dot + 1);
    for (const char *at = dot + 1; *at != '\0'; at++) {
        if (!g_ascii_isalnum(*at)) {
            return NULL;
        }
        letter = letter || g_ascii_isalpha(*at);
    }
    return letter && length <= 5 ? dot : NULL;
}

static void parts_init(struct parts *parts, const char *relative)
{
    const char *slash = strrchr(relative, '/');
    const char *name = slash != NULL ? slash + 1 : relative;
    const char *dot = extension_dot(name);

    parts->directory =
        slash != NULL ? g_strndup(relative, (gsize)(slash - relative)) : g_strdup("");
    parts->stem = dot != NULL ? g_strndup(name, (gsize)(dot - name)) : g_strdup(name);
    parts->extension = g_strdup(dot != NULL ? dot + 1 : "");
}

static void parts_finish(struct parts *parts)
{
    g_free(parts->directory);
    g_free(parts->stem);
    g_free(parts->extension);
}

static gboolean refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static gboolean refuse(GError **error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (error != NULL) {
        *error = g_error_new_valist(G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, format, arguments);
    }
    va_end(arguments);
    return FALSE;
}

static gboolean check_placeholders(const char *template, GError **error)
{
    for (const char *at = strchr(template, '%'); at != NULL; at = strchr(at + 2, '%')) {
        if (at[1] == '\0') {
            return refuse(error, "-o '%s' ends in a single %%; write %%%% for a percent sign",
                          template);
        }
        if (strchr("dfeEwh%", at[1]) == NULL) {
            return refuse(error,
                          "-o '%s' has %%%c; the placeholders are %%d %%f %%e %%E %%w %%h, and "
                          "%%%% is a percent sign",
                          template, at[1]);
        }
    }
    return TRUE;
}

/* The place of the first placeholder in @template whose text depends on the input, or NULL. */
static const char *first_placeholder(const char *template)
{
    const char *at = strchr(template, '%');

    while (at != NULL && at[1] == '%') {
        at = strchr(at + 2, '%');
    }
    return at;
}

/* Behind what differs between inputs, ".." could make one name of two spellings. */
static gboolean check_upwards(const char *template, GError **error)
{
    g_auto(GStrv) components = g_strsplit(template, "/", -1);
    gboolean depends = FALSE;

    for (char **component = components; *component != NULL; component++) {
        depends = depends || first_placeholder(*component) != NULL;
        if (depends && g_str_equal(*component, "..")) {
            return refuse(error,
                          "-o '%s' has '..' after a placeholder; write the directory without it",
                          template);
        }
    }
    return TRUE;
}

/* The format that the template's own extension asks for, UNKNOWN where it leaves that to %e. */
static enum pp_format literal_format(const char *template)
{
    g_autofree char *name = g_path_get_basename(template);
    const char *dot = extension_dot(name);

    return dot != NULL ? format_of_extension(dot + 1) : PP_FORMAT_UNKNOWN;
}

/* Whether the last part of @name is called like an image, whatever can be written. */
static gboolean names_format(const char *name)
{
    return literal_format(name) != PP_FORMAT_UNKNOWN || signature_expected(name);
}

/* The bytes of one format under the name of another would mislead whoever opens the file. */
static gboolean check_writable(const char *argument, GError **error)
{
    g_autofree char *name = NULL;

    if (literal_format(argument) != PP_FORMAT_UNKNOWN || !signature_expected(argument)) {
        return TRUE;
    }
    name = g_ascii_strdown(strrchr(argument, '.') + 1, -1);
    return refuse(error, "-o '%s': %s cannot be written; jpg, png, webp, tiff and avif can",
                  argument, name);
}

static gboolean settle_template(struct output_rule *rule, const char *argument,
                                enum pp_format format, GError **error)
{
    enum pp_format literal = literal_format(argument);

    if (!check_placeholders(argument, error) || !check_upwards(argument, error) ||
        !check_writable(argument, error)) {
        return FALSE;
    }
    if (g_str_has_suffix(argument, "/")) {
        return refuse(error,
                      "-o '%s' names a directory; end the template with a file name, such "
                      "as '%s%%f.%%e'",
                      argument, argument);
    }
    if (literal != PP_FORMAT_UNKNOWN && format != PP_FORMAT_UNKNOWN && literal != format) {
        return refuse(error, "-o '%s' says %s, but -f says %s; write %%e for the extension",
                      argument, pp_format_extension(literal), pp_format_extension(format));
    }
    rule->kind = OUTPUT_TEMPLATE;
    rule->format = literal != PP_FORMAT_UNKNOWN ? literal : format;
    rule->text = g_strdup(argument);
    return TRUE;
}

gboolean output_rule_parse(struct output_rule *rule, const char *argument, enum pp_format format,
                           gboolean is_directory, GError **error)
{
    size_t length;

    *rule = (struct output_rule){.kind = OUTPUT_NOWHERE, .format = format};
    if (argument == NULL) {
        return TRUE;
    }
    if (g_str_equal(argument, "-")) {
        rule->kind = OUTPUT_STDOUT;
        return TRUE;
    }
    if (strchr(argument, '%') != NULL ||
        (!is_directory && names_format(argument) && !g_str_has_suffix(argument, "/"))) {
        return settle_template(rule, argument, format, error);
    }
    rule->kind = OUTPUT_DIRECTORY;
    length = strlen(argument);
    while (length > 1 && argument[length - 1] == '/') {
        length--;
    }
    rule->text = g_strndup(argument, length);
    return TRUE;
}

gboolean output_rule_needs_size(const struct output_rule *rule)
{
    if (rule->kind != OUTPUT_TEMPLATE) {
        return FALSE;
    }
    for (const char *at = strchr(rule->text, '%'); at != NULL; at = strchr(at + 2, '%')) {
        if (at[1] == 'w' || at[1] == 'h') {
            return TRUE;
        }
    }
    return FALSE;
}

/* The extension of an output: the input's own spelling where that is true. */
static const char *output_extension(const struct parts *parts, enum pp_format format)
{
    return format_of_extension(parts->extension) == format ? parts->extension
                                                           : pp_format_extension(format);
}

static char *mirrored_name(const struct output_rule *rule, const struct parts *parts,
                           enum pp_format format)
{
    g_autofree char *name = g_strdup_printf("%s.%s", parts->stem, output_extension(parts, format));

    return parts->directory[0] != '\0' ? g_build_filename(rule->text, parts->directory, name, NULL)
                                       : g_build_filename(rule->text, name, NULL);
}

static void expand_placeholder(GString *into, char letter, const struct parts *parts,
                               enum pp_format format, struct pp_size size)
{
    switch (letter) {
    case 'd':
        g_string_append(into, parts->directory);
        break;
    case 'f':
        g_string_append(into, parts->stem);
        break;
    case 'e':
        g_string_append(into, output_extension(parts, format));
        break;
    case 'E':
        g_string_append(into, parts->extension);
        break;
    case 'w':
        g_string_append_printf(into, "%d", size.width);
        break;
    case 'h':
        g_string_append_printf(into, "%d", size.height);
        break;
    default:
        g_string_append_c(into, '%');
        break;
    }
}

static char *expand_component(const char *component, const struct parts *parts,
                              enum pp_format format, struct pp_size size)
{
    GString *expanded = g_string_new(NULL);

    for (const char *at = component; *at != '\0'; at++) {
        if (*at == '%') {
            expand_placeholder(expanded, *++at, parts, format, size);
        } else {
            g_string_append_c(expanded, *at);
        }
    }
    return g_string_free(expanded, FALSE);
}

static gboolean is_special(const char *component)
{
    return g_str_equal(component, ".") || g_str_equal(component, "..");
}

static char *expanded_name(const struct output_rule *rule, const struct parts *parts,
                           enum pp_format format, struct pp_size size, GError **error)
{
    g_auto(GStrv) components = g_strsplit(rule->text, "/", -1);
    g_autoptr(GString) name = g_string_new(NULL);

    for (char **component = components; *component != NULL; component++) {
        g_autofree char *expanded = expand_component(*component, parts, format, size);
        gboolean last = component[1] == NULL;

        if ((is_special(expanded) && !is_special(*component)) || (last && expanded[0] == '\0')) {
            refuse(error, "-o '%s' gives '%s' no file name of its own", rule->text, parts->stem);
            return NULL;
        }
        /* An empty %d leaves out its slash; the first empty component is the root. */
        if (expanded[0] != '\0' || component == components) {
            g_string_append(name, expanded);
            if (!last && (expanded[0] != '\0' || (*component)[0] == '\0')) {
                g_string_append_c(name, '/');
            }
        }
    }
    return g_strdup(name->str);
}

/* Whether @name, which a template gave, does not claim a format that the output has not. */
static gboolean check_claim(const struct output_rule *rule, const struct parts *parts,
                            const char *name, enum pp_format format, GError **error)
{
    gboolean keeps_old = g_str_has_suffix(rule->text, ".%E");
    g_autofree char *stem = NULL;
    g_autofree char *shown = NULL;

    if (literal_format(name) == format || (!keeps_old && !names_format(name))) {
        return TRUE;
    }
    stem = name_display(parts->stem);
    shown = name_display(name);
    return refuse(error,
                  "-o '%s' calls the output of '%s' '%s', but it is going to be %s; write %%e for "
                  "the extension of the output",
                  rule->text, stem, shown, pp_format_extension(format));
}

static char *checked_name(const struct output_rule *rule, const struct parts *parts,
                          enum pp_format format, struct pp_size size, GError **error)
{
    g_autofree char *name = expanded_name(rule, parts, format, size, error);

    return name != NULL && check_claim(rule, parts, name, format, error) ? g_steal_pointer(&name)
                                                                         : NULL;
}

char *output_rule_name(const struct output_rule *rule, const char *relative, enum pp_format format,
                       struct pp_size size, GError **error)
{
    struct parts parts;
    char *name;

    parts_init(&parts, relative);
    name = rule->kind == OUTPUT_DIRECTORY ? mirrored_name(rule, &parts, format)
                                          : checked_name(rule, &parts, format, size, error);
    parts_finish(&parts);
    return name;
}

static char *fixed_directory(const char *template)
{
    const char *end = first_placeholder(template);
    g_autofree char *fixed = NULL;
    g_auto(GStrv) pieces = NULL;

    while (end != NULL && end > template && end[-1] != '/') {
        end--;
    }
    if (end == NULL || end == template) {
        return NULL;
    }
    /* Without its slash, unless that is all. */
    fixed = g_strndup(template, end - template > 1 ? (gsize)(end - template) - 1 : 1);
    pieces = g_strsplit(fixed, "%%", -1);
    return g_strjoinv("%", pieces);
}

char *output_rule_directory(const struct output_rule *rule)
{
    switch (rule->kind) {
    case OUTPUT_DIRECTORY:
        return g_strdup(rule->text);
    case OUTPUT_TEMPLATE:
        return fixed_directory(rule->text);
    default:
        return NULL;
    }
}

void output_rule_finish(struct output_rule *rule)
{
    g_clear_pointer(&rule->text, g_free);
}
