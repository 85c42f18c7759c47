/* SPDX-License-Identifier: MIT */
/*
 * Every message has two halves: what was given and what is accepted. GLib's own number parsers are
 * used for their independence of the locale; their messages are not.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "app/option_values.h"

#define SECONDS_MAX (7.0 * 24 * 60 * 60)

static gboolean refuse(GError **error, const char *text, const char *accepted)
{
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "takes %s, not '%s'", accepted,
                text);
    return FALSE;
}

gboolean option_number(const char *text, int64_t min, int64_t max, int64_t *ret, GError **error)
{
    g_autofree char *accepted = NULL;

    if (g_ascii_string_to_signed(text, 10, min, max, ret, NULL)) {
        return TRUE;
    }
    accepted =
        g_strdup_printf("a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, min, max);
    return refuse(error, text, accepted);
}

/* A whole number with one of the letters @units behind it, each worth @step of the one before. */
static gboolean scaled(const char *text, const char *units, uint64_t step, uint64_t *ret)
{
    char *end = NULL;
    const char *unit;
    uint64_t value;

    errno = 0;
    value = g_ascii_strtoull(text, &end, 10);
    if (errno != 0 || !g_ascii_isdigit(text[0])) {
        return FALSE;
    }
    if (*end != '\0') {
        unit = strchr(units, g_ascii_toupper(*end));
        if (unit == NULL || end[1] != '\0') {
            return FALSE;
        }
        for (; unit >= units; unit--) {
            if (!g_uint64_checked_mul(&value, value, step)) {
                return FALSE;
            }
        }
    }
    *ret = value;
    return TRUE;
}

gboolean option_bytes(const char *text, size_t *ret, GError **error)
{
    uint64_t value;

    if (!scaled(text, "KMGT", 1024, &value) || value < 1024 * 1024 || value > SIZE_MAX / 2) {
        return refuse(error, text, "an amount of memory of 1M or more, such as 512M or 2G");
    }
    *ret = (size_t)value;
    return TRUE;
}

gboolean option_count(const char *text, int64_t *ret, GError **error)
{
    uint64_t value;

    if (!scaled(text, "KMG", 1000, &value) || value < 1 || value > INT64_MAX) {
        return refuse(error, text, "a number of 1 or more, such as 24000000 or 24M");
    }
    *ret = (int64_t)value;
    return TRUE;
}

gboolean option_seconds(const char *text, uint32_t *ret_ms, GError **error)
{
    char *end = NULL;
    double value = g_ascii_strtod(text, &end);

    if (end == text || *end != '\0' || !(value >= 0.0 && value <= SECONDS_MAX)) {
        return refuse(error, text, "seconds from 0 (no limit) to 604800");
    }
    *ret_ms = (uint32_t)ceil(value * 1000.0);
    return TRUE;
}

gboolean option_format(const char *text, enum pp_format *ret, GError **error)
{
    enum pp_format format = pp_format_from_name(text);

    if (format == PP_FORMAT_UNKNOWN) {
        return refuse(error, text, "jpg, png, webp, tiff or avif");
    }
    *ret = format;
    return TRUE;
}

/* The place of @text in @words, or -1. */
static int place(const char *text, const char *const *words)
{
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(text, words[i]) == 0) {
            return i;
        }
    }
    return -1;
}

static const char *const plan_words[] = {
    [PP_PLAN_FAST] = "fast", [PP_PLAN_EXACT] = "exact", [PP_PLAN_PILLOW] = "pillow", NULL};

const char *option_plan_word(enum pp_plan_mode mode)
{
    return plan_words[mode];
}

gboolean option_plan(const char *text, enum pp_plan_mode *ret, GError **error)
{
    int at = place(text, plan_words);

    if (at < 0) {
        return refuse(error, text, "fast, exact or pillow");
    }
    *ret = (enum pp_plan_mode)at;
    return TRUE;
}

gboolean option_overwrite(const char *text, enum overwrite *ret, GError **error)
{
    const char *const words[] = {"never", "older", "always", NULL};
    int at = place(text, words);

    if (at < 0) {
        return refuse(error, text, "never, older or always");
    }
    *ret = (enum overwrite)at;
    return TRUE;
}

gboolean option_progress(const char *text, enum progress_when *ret, GError **error)
{
    const char *const words[] = {"auto", "always", "never", NULL};
    int at = place(text, words);

    if (at < 0) {
        return refuse(error, text, "auto, always or never");
    }
    *ret = (enum progress_when)at;
    return TRUE;
}
