/* SPDX-License-Identifier: MIT */
/*
 * Where a name depends only on the input's format, its signature is enough: the plan is then told
 * to make that format. Where it does not (an input in a format that nothing here writes becomes
 * JPEG or PNG by what its header says; "%w" and "%h" need the size) the header is read first, by a
 * worker as always. Either way all names are known, and compared, before the first output is
 * written.
 */
#include <errno.h>
#include <string.h>

#include "app/name.h"
#include "app/outputs.h"

static struct output *output_at(const struct outputs *outputs, guint i)
{
    return &g_array_index(outputs->list, struct output, i);
}

static void output_clear(gpointer data)
{
    struct output *output = data;

    g_clear_pointer(&output->path, g_free);
    g_clear_pointer(&output->failure, g_free);
}

static gboolean has_name(const struct output_rule *rule)
{
    return rule->kind == OUTPUT_DIRECTORY || rule->kind == OUTPUT_TEMPLATE;
}

/* The output's format as far as the signature tells, else UNKNOWN. */
static enum pp_format settled_format(const struct output_rule *rule, const struct input *input)
{
    if (rule->format != PP_FORMAT_UNKNOWN) {
        return rule->format;
    }
    return pp_codec_can_encode(input->format) ? input->format : PP_FORMAT_UNKNOWN;
}

gboolean outputs_is_open(const struct outputs *outputs, const struct output *output)
{
    return has_name(outputs->rule) && output->path == NULL;
}

gboolean outputs_name(const struct outputs *outputs, struct output *output, enum pp_format format,
                      struct pp_size size, GError **error)
{
    output->format = format;
    if (!has_name(outputs->rule)) {
        return TRUE;
    }
    g_free(output->path);
    output->path = output_rule_name(outputs->rule, output->input->relative, format, size, error);
    return output->path != NULL;
}

static guint hash_id(gconstpointer key)
{
    const struct file_id *id = key;

    return (guint)(id->inode * 31 + id->device);
}

static gboolean equal_ids(gconstpointer a, gconstpointer b)
{
    const struct file_id *x = a, *y = b;

    return x->device == y->device && x->inode == y->inode;
}

gboolean outputs_init(struct outputs *outputs, const struct inputs *inputs,
                      const struct output_rule *rule, GError **error)
{
    gboolean needs_size = output_rule_needs_size(rule);

    outputs->rule = rule;
    outputs->list = g_array_new(FALSE, TRUE, sizeof(struct output));
    g_array_set_clear_func(outputs->list, output_clear);
    outputs->written = g_hash_table_new_full(hash_id, equal_ids, g_free, g_free);
    for (guint i = 0; i < inputs->list->len; i++) {
        const struct input *input = g_ptr_array_index(inputs->list, i);
        struct output output = {.input = input, .format = settled_format(rule, input)};

        if (input->failure != NULL) {
            continue;
        }
        g_array_append_val(outputs->list, output);
        if (output.format != PP_FORMAT_UNKNOWN && !needs_size &&
            !outputs_name(outputs, output_at(outputs, outputs->list->len - 1), output.format,
                          (struct pp_size){0, 0}, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* How to recognize an input in what is about to be written over. */
struct known {
    GHashTable *by_id;   /* of struct input */
    GHashTable *by_path; /* those without identity, by their full path */
};

static void known_init(struct known *known, const struct inputs *inputs)
{
    known->by_id = g_hash_table_new(hash_id, equal_ids);
    known->by_path = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < inputs->list->len; i++) {
        struct input *input = g_ptr_array_index(inputs->list, i);

        if (input->id.inode != 0) {
            g_hash_table_insert(known->by_id, &input->id, input);
        } else if (input->failure == NULL || input->failure->code != FAILURE_NOT_FOUND) {
            g_hash_table_insert(known->by_path, g_canonicalize_filename(input->path, NULL), input);
        }
    }
}

static void known_finish(struct known *known)
{
    g_hash_table_unref(known->by_id);
    g_hash_table_unref(known->by_path);
}

static const struct input *known_by_status(const struct known *known, const struct stat *status)
{
    const struct file_id id = {status->st_dev, status->st_ino};

    return g_hash_table_lookup(known->by_id, &id);
}

static const struct input *known_by_path(const struct known *known, const char *path)
{
    g_autofree char *full = NULL;

    if (g_hash_table_size(known->by_path) == 0) {
        return NULL;
    }
    full = g_canonicalize_filename(path, NULL);
    return g_hash_table_lookup(known->by_path, full);
}

/* Whether @template would give the two outputs names of their own. */
static gboolean tells_apart(const char *template, const struct output *first,
                            const struct output *second)
{
    const struct output_rule rule = {.kind = OUTPUT_TEMPLATE, .text = (char *)template};
    const struct pp_size none = {0, 0};
    g_autofree char *a = output_rule_name(&rule, first->input->relative, first->format, none, NULL);
    g_autofree char *b =
        output_rule_name(&rule, second->input->relative, second->format, none, NULL);

    return a != NULL && b != NULL && !g_str_equal(a, b);
}

/* What helps against a collision; newly allocated. */
static char *advise(const struct output *first, const struct output *second)
{
    static const char *const templates[] = {"DIR/%d/%f.%e", "DIR/%d/%f-%E.%e"};

    for (size_t i = 0; i < G_N_ELEMENTS(templates); i++) {
        if (tells_apart(templates[i], first, second)) {
            return g_strdup_printf("tell them apart with a template, such as -o '%s'",
                                   templates[i]);
        }
    }
    return g_strdup("run them into different directories");
}

static gboolean refuse_collision(const struct output *first, const struct output *second,
                                 GError **error)
{
    g_autofree char *a = name_display(first->input->path);
    g_autofree char *b = name_display(second->input->path);
    g_autofree char *output = name_display(first->path);
    g_autofree char *advice = advise(first, second);

    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_EXIST,
                "'%s' and '%s' would both be written to '%s'; %s", a, b, output, advice);
    return FALSE;
}

static gboolean find_collisions(struct outputs *outputs, GError **error)
{
    g_autoptr(GHashTable) taken = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < outputs->list->len; i++) {
        struct output *output = output_at(outputs, i);
        const struct output *other;

        if (output->path == NULL) {
            continue;
        }
        other = g_hash_table_lookup(taken, output->path);
        if (other == NULL) {
            g_hash_table_insert(taken, output->path, output);
        } else if (output->input->id.inode != 0 &&
                   equal_ids(&other->input->id, &output->input->id)) {
            output->duplicate = TRUE;
        } else {
            return refuse_collision(other, output, error);
        }
    }
    return TRUE;
}

static gboolean is_newer_or_same(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec >= b->tv_nsec;
}

static gboolean refuse_input(const struct output *output, const struct input *input, GError **error)
{
    g_autofree char *path = name_display(output->path);
    g_autofree char *source = name_display(input->path);

    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_EXIST,
                "the output '%s' is the input '%s'; inputs are never written over: choose another "
                "-o",
                path, source);
    return FALSE;
}

/* The input that writing @path would take away: the file itself, or the link to it. */
static const struct input *find_input(const struct known *known, const char *path)
{
    const struct input *input = known_by_path(known, path);
    struct stat status;

    if (input == NULL && stat(path, &status) == 0) {
        input = known_by_status(known, &status);
    }
    if (input == NULL && lstat(path, &status) == 0) {
        input = known_by_status(known, &status);
    }
    return input;
}

/*
 * A directory in the way is not kept: it makes the writing fail, and that is reported. A link is
 * as much in the way as a file, and is replaced, not followed; but where it leads to one, that is
 * the output whose age is asked for.
 */
static void look_for_existing(struct output *output, enum overwrite overwrite)
{
    struct stat status;

    if (lstat(output->path, &status) < 0 || S_ISDIR(status.st_mode)) {
        return;
    }
    if (overwrite == OVERWRITE_NEVER) {
        output->kept = TRUE;
    } else if (overwrite == OVERWRITE_OLDER) {
        output->kept = stat(output->path, &status) == 0 && !S_ISDIR(status.st_mode) &&
                       is_newer_or_same(&status.st_mtim, &output->input->changed);
    }
}

static gboolean check_existing(struct outputs *outputs, const struct known *known,
                               enum overwrite overwrite, GError **error)
{
    for (guint i = 0; i < outputs->list->len; i++) {
        struct output *output = output_at(outputs, i);
        const struct input *input;

        if (output->path == NULL) {
            continue;
        }
        input = find_input(known, output->path);
        if (input != NULL) {
            return refuse_input(output, input, error);
        }
        look_for_existing(output, overwrite);
    }
    return TRUE;
}

gboolean outputs_check(struct outputs *outputs, const struct inputs *inputs,
                       enum overwrite overwrite, GError **error)
{
    struct known known;
    gboolean fine;

    if (!find_collisions(outputs, error)) {
        return FALSE;
    }
    known_init(&known, inputs);
    fine = check_existing(outputs, &known, overwrite, error);
    known_finish(&known);
    return fine;
}

const char *outputs_find_written(const struct outputs *outputs, const struct output *output)
{
    struct file_id id;
    struct stat status;

    if (lstat(output->path, &status) < 0) {
        return NULL;
    }
    id = (struct file_id){status.st_dev, status.st_ino};
    return g_hash_table_lookup(outputs->written, &id);
}

void outputs_add_written(const struct outputs *outputs, const struct output *output)
{
    struct file_id id;
    struct stat status;

    if (lstat(output->path, &status) == 0) {
        id = (struct file_id){status.st_dev, status.st_ino};
        g_hash_table_replace(outputs->written, g_memdup2(&id, sizeof(id)), g_strdup(output->path));
    }
}

void outputs_finish(struct outputs *outputs)
{
    g_clear_pointer(&outputs->written, g_hash_table_unref);
    g_clear_pointer(&outputs->list, g_array_unref);
}
