/* SPDX-License-Identifier: MIT */
/*
 * A line is built whole and written with one call, so a reader at the other end of a pipe never
 * waits for half of one. json-glib keeps members in the order in which they were added and escapes
 * what JSON wants escaped; it wants UTF-8 from us.
 */
#include <json-glib/json-glib.h>
#include <string.h>

#include "app/descriptor.h"
#include "app/events.h"
#include "app/option_values.h"

#define EVENTS_VERSION 1

#define EXPLAIN_BYTES 4096

struct events {
    int fd;
    int status; /* negative errno of the first failed write */
};

struct events *events_create(int fd)
{
    struct events *events = g_new0(struct events, 1);

    events->fd = fd;
    return events;
}

int events_status(const struct events *events)
{
    return events->status;
}

void events_destroy(struct events *events)
{
    g_free(events);
}

static void add_string(JsonBuilder *builder, const char *name, const char *value)
{
    g_autofree char *valid = g_utf8_make_valid(value, -1);

    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, valid);
}

static void add_number(JsonBuilder *builder, const char *name, uint64_t value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, (gint64)value);
}

static void add_path(JsonBuilder *builder, const char *path)
{
    add_string(builder, "path", path);
    if (!g_utf8_validate(path, -1, NULL)) {
        g_autofree char *exact = g_base64_encode((const guchar *)path, strlen(path));

        add_string(builder, "path_b64", exact);
    }
}

static JsonBuilder *event_new(const char *type)
{
    JsonBuilder *builder = json_builder_new();

    json_builder_begin_object(builder);
    add_string(builder, "type", type);
    return builder;
}

/* Close the object, write it as one line, and free @builder. */
static void emit(struct events *events, JsonBuilder *builder)
{
    g_autoptr(JsonGenerator) generator = json_generator_new();
    g_autoptr(JsonNode) root = NULL;
    g_autoptr(GString) line = g_string_new(NULL);

    json_builder_end_object(builder);
    root = json_builder_get_root(builder);
    json_generator_set_root(generator, root);
    json_generator_to_gstring(generator, line);
    g_string_append_c(line, '\n');
    if (events->status == 0) {
        events->status = descriptor_write(events->fd, line->str, line->len);
    }
    g_object_unref(builder);
}

void events_begin(struct events *events, uint64_t inputs, unsigned processes)
{
    JsonBuilder *builder = event_new("begin");

    add_number(builder, "v", EVENTS_VERSION);
    add_number(builder, "inputs", inputs);
    add_number(builder, "processes", processes);
    emit(events, builder);
}

static void add_output(JsonBuilder *builder, const struct done *done)
{
    json_builder_set_member_name(builder, "outputs");
    json_builder_begin_array(builder);
    if (done->output != NULL) {
        json_builder_begin_object(builder);
        add_path(builder, done->output);
        /* A kept output has the size that it has, not that of the plan. */
        if (done->plan != NULL && !g_str_equal(done->status, "kept")) {
            add_number(builder, "width", (uint64_t)done->plan->size.width);
            add_number(builder, "height", (uint64_t)done->plan->size.height);
        }
        if (done->bytes > 0) {
            add_number(builder, "bytes", done->bytes);
        }
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

static void add_explanation(JsonBuilder *builder, const struct pp_plan *plan)
{
    char text[EXPLAIN_BYTES];
    g_auto(GStrv) lines = NULL;

    pp_plan_explain(plan, text, sizeof(text));
    g_strchomp(text);
    lines = g_strsplit(text, "\n", -1);
    json_builder_set_member_name(builder, "explain");
    json_builder_begin_array(builder);
    for (char **line = lines; *line != NULL; line++) {
        json_builder_add_string_value(builder, *line);
    }
    json_builder_end_array(builder);
}

static void add_plan(JsonBuilder *builder, const struct pp_plan *plan, bool explain)
{
    json_builder_set_member_name(builder, "plan");
    json_builder_begin_object(builder);
    add_string(builder, "mode", option_plan_word(plan->mode));
    add_number(builder, "shrink", (uint64_t)plan->scale.shrink);
    if (explain) {
        add_explanation(builder, plan);
    }
    json_builder_end_object(builder);
}

void events_done(struct events *events, const struct done *done)
{
    JsonBuilder *builder = event_new("done");

    add_path(builder, done->path);
    add_string(builder, "status", done->status);
    add_output(builder, done);
    add_number(builder, "ms", done->ms);
    if (done->plan != NULL && done->plan->header.frames > 1) {
        add_number(builder, "frames", (uint64_t)done->plan->header.frames);
    }
    if (done->plan != NULL) {
        add_plan(builder, done->plan, done->explain);
    }
    emit(events, builder);
}

void events_error(struct events *events, const char *path, const struct failure *failure)
{
    JsonBuilder *builder = event_new("error");

    add_path(builder, path);
    add_string(builder, "code", failure_word(failure->code));
    add_string(builder, "message", failure->message);
    add_number(builder, "attempts", failure->attempts);
    emit(events, builder);
}

void events_end(struct events *events, const struct totals *totals, int exit_code)
{
    JsonBuilder *builder = event_new("end");

    add_number(builder, "written", totals->written);
    add_number(builder, "kept", totals->kept);
    add_number(builder, "failed", totals->failed);
    add_number(builder, "left", totals->left);
    add_number(builder, "skipped", totals->skipped);
    add_number(builder, "bytes_in", totals->bytes_in);
    add_number(builder, "bytes_out", totals->bytes_out);
    add_number(builder, "ms", totals->ms);
    add_number(builder, "exit", (uint64_t)exit_code);
    emit(events, builder);
}
