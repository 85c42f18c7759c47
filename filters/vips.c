/* SPDX-License-Identifier: MIT */

/*
 * libvips can read far more than photos, and by libraries that nobody has fuzzed. What may touch a
 * stranger's file is therefore a list of what is wanted, not of what is feared: all loaders and
 * savers are blocked, then a few are let in again. Three of them carry libvips' own mark
 * "untrusted" in 8.14: JPEG XL and JPEG 2000, whose libraries are fuzzed by their projects, and
 * SVG, which librsvg reads without access to other files or the net. They are formats that people
 * have photos and drawings in, and they are decoded in a worker of its own. Everything else with
 * that mark stays out: PDF, OpenSlide, FITS, Matlab, raw, CSV, libvips' own format and, first of
 * all, ImageMagick.
 *
 * libvips warns through GLib's log, which prints to standard error. What matters comes back as an
 * error instead; the rest would be noise that no one can tell the photo of, so it is dropped.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <vips/vips.h>

#include "filters/vips.h"

static const char *const allowed[] = {
    "VipsForeignLoadHeif",  "VipsForeignLoadJp2k", "VipsForeignLoadJpeg", "VipsForeignLoadJxl",
    "VipsForeignLoadNsgif", "VipsForeignLoadSvg",  "VipsForeignLoadTiff", "VipsForeignLoadWebp",
    "VipsForeignSaveHeif",  "VipsForeignSaveTiff", "VipsForeignSaveWebp",
};

static void ignore_log(const char *domain, GLogLevelFlags level, const char *message, void *user)
{
    (void)domain;
    (void)level;
    (void)message;
    (void)user;
}

static void block_others(void)
{
    vips_block_untrusted_set(TRUE);
    vips_operation_block_set("VipsForeignLoad", TRUE);
    vips_operation_block_set("VipsForeignSave", TRUE);
    for (size_t i = 0; i < PP_ARRAY_LENGTH(allowed); i++) {
        vips_operation_block_set(allowed[i], FALSE);
    }
}

int pp_vips_start(struct pp_error *error)
{
    static bool started;

    if (started) {
        return 0;
    }
    g_log_set_handler("VIPS", G_LOG_LEVEL_MASK & ~(G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL),
                      ignore_log, NULL);
    if (vips_init("pixpool") != 0) {
        return pp_vips_error(error, -ENODEV, "libvips does not start");
    }
    vips_concurrency_set(1);
    vips_cache_set_max(0);
    block_others();
    started = true;
    return 0;
}

/* A loader that looks for something behind the end says so, and then what it was. */
static bool is_noise(const char *line)
{
    static const char seek[] = "source: bad seek";

    return strncmp(line, seek, sizeof(seek) - 1) == 0;
}

/* Make one line of libvips' text, which has one for every layer that added to it, and some of those
 * many times in a row. */
static void join_lines(const char *text, char *joined, size_t bytes)
{
    const char *last = "";
    size_t last_length = 0;
    size_t length = 0;

    joined[0] = '\0';
    while (*text != '\0' && length < bytes) {
        size_t line = strcspn(text, "\n");
        bool repeats = line == last_length && memcmp(text, last, line) == 0;

        if (line > 0 && !repeats && !is_noise(text)) {
            length += (size_t)snprintf(joined + length, bytes - length, "%s%.*s",
                                       length == 0 ? "" : "; ", (int)line, text);
            last = text;
            last_length = line;
        }
        text += line + (text[line] == '\n');
    }
}

int pp_vips_error(struct pp_error *error, int code, const char *what)
{
    const char *all = vips_error_buffer();
    const char *nothing = all[0] == '\0' ? "no reason given" : "the data ends too soon";
    char text[PP_ERROR_MESSAGE_BYTES];

    join_lines(all, text, sizeof(text));
    vips_error_clear();
    return pp_error_set(error, code, "%s: %s", what, text[0] == '\0' ? nothing : text);
}
