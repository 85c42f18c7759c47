/* SPDX-License-Identifier: MIT */
/*
 * A run over a hundred thousand files may have thousands of failures, each of which was reported
 * when it happened; at the end a few names for each cause are enough to see what went wrong.
 */
#include "app/summary.h"
#include "app/name.h"

void summary_add_failure(struct summary *summary, const char *path, const struct failure *failure)
{
    uint64_t count = summary->failures[failure->code].count++;

    if (count < SUMMARY_NAMES_MAX) {
        g_autofree char *name = g_path_get_basename(path);

        summary->failures[failure->code].names[count] = name_display(name);
    }
    summary->totals.failed++;
    summary->environment += failure->environment ? 1 : 0;
}

static void append_count(GString *text, uint64_t count, const char *word)
{
    if (count > 0) {
        g_string_append_printf(text, "%s%" G_GUINT64_FORMAT " %s", text->len > 0 ? ", " : "", count,
                               word);
    }
}

static void append_bytes(GString *text, uint64_t bytes)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
    double value = (double)bytes;
    size_t unit = 0;

    while (value >= 999.95 && unit + 1 < G_N_ELEMENTS(units)) {
        value /= 1000.0;
        unit++;
    }
    g_string_append_printf(text, "%.*f %s", unit == 0 ? 0 : 1, value, units[unit]);
}

static void append_time(GString *text, uint64_t ms)
{
    if (ms >= 60000) {
        g_string_append_printf(text, " in %u min %u s", (unsigned)(ms / 60000),
                               (unsigned)(ms / 1000 % 60));
    } else {
        g_string_append_printf(text, " in %.1f s", (double)ms / 1000.0);
    }
}

char *summary_format(const struct summary *summary)
{
    const struct totals *totals = &summary->totals;
    g_autoptr(GString) text = g_string_new(NULL);

    append_count(text, summary->planned, "planned");
    append_count(text, totals->written, "written");
    append_count(text, totals->kept, "kept");
    append_count(text, totals->failed, "failed");
    append_count(text, totals->left, "not tried");
    append_count(text, totals->skipped, "skipped (not an image)");
    if (text->len == 0) {
        g_string_append(text, "nothing to do");
    }
    append_time(text, totals->ms);
    if (totals->written > 0) {
        g_string_append(text, "; ");
        append_bytes(text, totals->bytes_in);
        g_string_append(text, " -> ");
        append_bytes(text, totals->bytes_out);
    }
    return g_strdup(text->str);
}

static void append_names(GString *text, char *const *names, uint64_t count)
{
    g_string_append(text, " (");
    for (guint i = 0; i < SUMMARY_NAMES_MAX && names[i] != NULL; i++) {
        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    g_string_append(text, count > SUMMARY_NAMES_MAX ? ", ...)" : ")");
}

char *summary_format_failures(const struct summary *summary)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < G_N_ELEMENTS(summary->failures); i++) {
        if (summary->failures[i].count > 0) {
            append_count(text, summary->failures[i].count, failure_word((enum failure_code)i));
            append_names(text, summary->failures[i].names, summary->failures[i].count);
        }
    }
    if (text->len == 0) {
        return NULL;
    }
    g_string_prepend(text, "failed: ");
    return g_strdup(text->str);
}

int summary_exit_code(const struct summary *summary)
{
    const struct totals *totals = &summary->totals;

    if (summary->environment > 0) {
        return 4;
    }
    if (totals->failed == 0) {
        return 0;
    }
    return totals->written + totals->kept + summary->planned > 0 ? 1 : 3;
}

void summary_finish(struct summary *summary)
{
    for (guint i = 0; i < G_N_ELEMENTS(summary->failures); i++) {
        for (guint j = 0; j < SUMMARY_NAMES_MAX; j++) {
            g_clear_pointer(&summary->failures[i].names[j], g_free);
        }
    }
}
