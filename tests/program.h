/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Program: run the built pixpool as a user does, and look at what it said
 *
 * The environment variable PIXPOOL names it. Needs tests/folder.h's folder as current directory.
 */

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/folder.h"
#include "tests/pictures.h"

/* What a run came to. */
struct ran {
    int code; /* exit code, or minus the signal that ended it */
    char *out;
    char *err;
};

static inline char *program_path(void)
{
    g_assert_nonnull(g_getenv("PIXPOOL"));
    return g_strdup(g_getenv("PIXPOOL"));
}

static inline int program_code(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Run "pixpool @line", words parted by spaces; @setup runs in the child before it. */
static inline struct ran program_run_with(const char *line, GSpawnChildSetupFunc setup)
{
    g_autofree char *path = program_path();
    g_autofree char *whole = g_strconcat(path, " ", line, NULL);
    g_auto(GStrv) argv = g_strsplit(whole, " ", -1);
    g_autoptr(GError) error = NULL;
    struct ran ran = {0};
    int status;

    g_spawn_sync(NULL, argv, NULL, G_SPAWN_DEFAULT, setup, NULL, &ran.out, &ran.err, &status,
                 &error);
    g_assert_no_error(error);
    ran.code = program_code(status);
    return ran;
}

static inline struct ran program_run(const char *line)
{
    return program_run_with(line, NULL);
}

static inline void ran_finish(struct ran *ran)
{
    g_free(ran->out);
    g_free(ran->err);
}

/* The run ended with @code and said all of @words (ends with NULL) on standard error. */
static inline void ran_assert(struct ran *ran, int code, const char *const *words)
{
    if (ran->code != code) {
        g_error("exit %d instead of %d; it said: %s%s", ran->code, code, ran->out, ran->err);
    }
    for (; *words != NULL; words++) {
        if (strstr(ran->err, *words) == NULL) {
            g_error("'%s' is missing in: %s", *words, ran->err);
        }
    }
    ran_finish(ran);
}

static inline void program_assert(const char *line, int code, const char *word)
{
    struct ran ran = program_run(line);

    ran_assert(&ran, code, (const char *[]){word, NULL});
}

/* The events of a run with --json; each line was one object. The caller frees the array. */
static inline GPtrArray *ran_events(const struct ran *ran)
{
    GPtrArray *events = g_ptr_array_new_with_free_func((GDestroyNotify)json_node_unref);
    g_auto(GStrv) lines = g_strsplit(ran->out, "\n", -1);

    for (char **line = lines; *line != NULL && **line != '\0'; line++) {
        g_autoptr(GError) error = NULL;
        JsonNode *node = json_from_string(*line, &error);

        g_assert_no_error(error);
        g_assert_true(g_str_has_prefix(*line, "{\"type\":\""));
        g_ptr_array_add(events, node);
    }
    return events;
}

static inline JsonObject *event_at(const GPtrArray *events, guint i)
{
    g_assert_cmpuint(i, <, events->len);
    return json_node_get_object(g_ptr_array_index(events, i));
}

static inline guint events_count(const GPtrArray *events, const char *type)
{
    guint count = 0;

    for (guint i = 0; i < events->len; i++) {
        count += g_str_equal(json_object_get_string_member(event_at(events, i), "type"), type);
    }
    return count;
}

/* Write a painted photo of that size to the file @name. */
static inline void program_write_photo(const char *name, struct pp_size size, enum pp_format format)
{
    struct picture picture = picture_paint(size, 3, 8, FALSE);
    g_autoptr(GBytes) file = picture_write(&picture, format, 0, NULL);

    folder_write(name, g_bytes_get_data(file, NULL), g_bytes_get_size(file));
    picture_free(&picture);
}

#define SMALL_PHOTO ((struct pp_size){96, 64})

static inline void program_write_jpeg(const char *name)
{
    program_write_photo(name, SMALL_PHOTO, PP_FORMAT_JPEG);
}
