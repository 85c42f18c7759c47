/* SPDX-License-Identifier: MIT */
/*
 * A redraw is one write: carriage return, the line, and "erase to the end of the line", so nothing
 * flickers and nothing of a longer line is left. The rate is the mean since the work began; photos
 * differ so much in size that anything quicker only makes the time left jump about.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "app/descriptor.h"
#include "app/progress.h"

#define REDRAW_MS 100
#define TICK_MS   1000

#define ERASE "\r\x1b[K"

struct progress {
    int fd;
    gboolean enabled;
    gboolean started;
    gboolean shown; /* the line is on the terminal */
    gint64 began_us;
    gint64 drawn_us; /* when it was last drawn */
    struct progress_state state;
};

static gboolean is_redrawable(int fd)
{
    const char *term = g_getenv("TERM");
    const char *ci = g_getenv("CI");

    return isatty(fd) && term != NULL && term[0] != '\0' && strcmp(term, "dumb") != 0 &&
           (ci == NULL || ci[0] == '\0');
}

struct progress *progress_create(int fd, enum progress_when when)
{
    struct progress *progress = g_new0(struct progress, 1);

    progress->fd = fd;
    progress->enabled = when == PROGRESS_ALWAYS || (when == PROGRESS_AUTO && is_redrawable(fd));
    return progress;
}

static unsigned columns_of(int fd)
{
    struct winsize size;

    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* What is written last in the line: how fast, how long still, what failed. */
static char *format_rate(const struct progress_state *state)
{
    g_autoptr(GString) text = g_string_new(NULL);

    if (state->done > 0 && state->elapsed_ms >= 500) {
        double rate = (double)state->done * 1000.0 / (double)state->elapsed_ms;
        uint64_t left = (uint64_t)((double)(state->total - state->done) / rate + 0.5);

        g_string_append_printf(text, "  %.*f/s", rate < 10.0 ? 1 : 0, rate);
        if (left >= 3600) {
            g_string_append_printf(text, "  ETA %u:%02u:%02u", (unsigned)(left / 3600),
                                   (unsigned)(left / 60 % 60), (unsigned)(left % 60));
        } else {
            g_string_append_printf(text, "  ETA %u:%02u", (unsigned)(left / 60),
                                   (unsigned)(left % 60));
        }
    }
    if (state->failed > 0) {
        g_string_append_printf(text, "  %" G_GUINT64_FORMAT " failed", state->failed);
    }
    return g_strdup(text->str);
}

static void append_bar(GString *line, const struct progress_state *state, unsigned width)
{
    unsigned filled = state->total > 0 ? (unsigned)(state->done * width / state->total) : width;

    g_string_append_c(line, '[');
    for (unsigned i = 0; i < width; i++) {
        g_string_append_c(line, i < filled ? '=' : i == filled ? '>' : ' ');
    }
    g_string_append(line, "] ");
}

char *progress_format(const struct progress_state *state, unsigned columns)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_autofree char *rate = format_rate(state);
    uint64_t percent = state->total > 0 ? state->done * 100 / state->total : 100;
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT "  %u%%%s",
                                            state->done, state->total, (unsigned)percent, rate);
    size_t taken = strlen(text) + 3;

    if (columns >= taken + 8) {
        append_bar(line, state, MIN((unsigned)(columns - taken), 40U));
    }
    g_string_append(line, text);
    if (line->len > columns) {
        g_string_truncate(line, columns);
    }
    return g_strdup(line->str);
}

static void put(struct progress *progress, const char *text)
{
    /* Standard error that cannot be written to leaves nobody to tell. */
    (void)!descriptor_write(progress->fd, text, strlen(text));
}

static void draw(struct progress *progress)
{
    g_autofree char *line = NULL;
    g_autofree char *redraw = NULL;

    progress->drawn_us = g_get_monotonic_time();
    progress->state.elapsed_ms = (uint64_t)(progress->drawn_us - progress->began_us) / 1000;
    /* A line as wide as the terminal would wrap on some of them. */
    line = progress_format(&progress->state, columns_of(progress->fd) - 1);
    redraw = g_strconcat(ERASE, line, NULL);
    put(progress, redraw);
    progress->shown = TRUE;
}

static gint64 since_drawn_ms(const struct progress *progress)
{
    return (g_get_monotonic_time() - progress->drawn_us) / 1000;
}

void progress_start(struct progress *progress, uint64_t total)
{
    progress->state = (struct progress_state){.total = total};
    progress->began_us = g_get_monotonic_time();
    progress->started = TRUE;
    if (progress->enabled) {
        draw(progress);
    }
}

void progress_update(struct progress *progress, uint64_t done, uint64_t failed)
{
    progress->state.done = done;
    progress->state.failed = failed;
    if (progress->enabled && progress->started && since_drawn_ms(progress) >= REDRAW_MS) {
        draw(progress);
    }
}

void progress_print(struct progress *progress, const char *line)
{
    g_autofree char *text = g_strconcat(progress->shown ? ERASE : "", line, "\n", NULL);

    put(progress, text);
    if (progress->shown) {
        draw(progress);
    }
}

int progress_wait_ms(const struct progress *progress)
{
    gint64 since;

    if (!progress->shown) {
        return -1;
    }
    since = since_drawn_ms(progress);
    return since >= TICK_MS ? 0 : (int)(TICK_MS - since);
}

void progress_tick(struct progress *progress)
{
    if (progress->shown && since_drawn_ms(progress) >= TICK_MS) {
        draw(progress);
    }
}

void progress_stop(struct progress *progress)
{
    if (progress->shown) {
        put(progress, ERASE);
        progress->shown = FALSE;
    }
    progress->started = FALSE;
}

void progress_destroy(struct progress *progress)
{
    if (progress != NULL) {
        progress_stop(progress);
        g_free(progress);
    }
}
