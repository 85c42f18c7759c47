/* SPDX-License-Identifier: MIT */
/*
 * Nothing that a user named gets lost: a name that cannot be opened becomes an input with a
 * failure, as does a directory below a given one that cannot be read. What is passed over in a
 * walk is counted: files that are no image by their first bytes and do not claim to be one by
 * their name. Hidden files are not even counted; temporary outputs of a run that was killed are
 * among them. Links to files are followed; links to directories inside a walk are not, so a walk
 * ends.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>
#include <unistd.h>

#include "app/descriptor.h"
#include "app/inputs.h"
#include "app/signature.h"

struct walk {
    struct inputs *inputs;
    const struct inputs_options *options;
    struct file_id output; /* zero: none */
};

static struct input *input_new(const char *path, const char *relative)
{
    struct input *input = g_new0(struct input, 1);

    input->path = g_strdup(path);
    input->relative = g_strdup(relative);
    input->fd = -1;
    return input;
}

static void input_free(gpointer data)
{
    struct input *input = data;

    if (input->fd >= 0) {
        close(input->fd);
    }
    g_free(input->failure);
    g_free(input->relative);
    g_free(input->path);
    g_free(input);
}

static struct failure *failure_of(struct input *input)
{
    if (input->failure == NULL) {
        input->failure = g_new0(struct failure, 1);
    }
    return input->failure;
}

/*
 * What cannot be opened is a file of the user's all the same: its identity keeps it from being an
 * output. Of a link that leads nowhere it is the link's own.
 */
static void identify_unopened(struct input *input)
{
    struct stat status;

    if (stat(input->path, &status) == 0 || lstat(input->path, &status) == 0) {
        input->id = (struct file_id){status.st_dev, status.st_ino};
    }
}

static void add_unreadable(struct walk *walk, const char *path, const char *relative, int code)
{
    struct input *input = input_new(path, relative);

    failure_from_reading(failure_of(input), code);
    identify_unopened(input);
    g_ptr_array_add(walk->inputs->list, input);
}

/* Take size, time and signature from the open file @fd. */
static void look_at(struct input *input, int fd)
{
    uint8_t bytes[SIGNATURE_BYTES];
    struct stat status;
    ssize_t length;

    if (fstat(fd, &status) < 0) {
        failure_from_reading(failure_of(input), -errno);
        return;
    }
    input->id = (struct file_id){status.st_dev, status.st_ino};
    input->bytes = status.st_size;
    input->changed = status.st_mtim;
    if (!S_ISREG(status.st_mode)) {
        failure_set(failure_of(input), FAILURE_UNREADABLE,
                    "not a file; to read an image from a pipe, give - and redirect it");
        return;
    }
    if (status.st_size == 0) {
        failure_set(failure_of(input), FAILURE_EMPTY, "the file is empty");
        return;
    }
    if (status.st_size > DESCRIPTOR_BYTES_MAX) {
        failure_from_reading(failure_of(input), -EFBIG);
        return;
    }
    length = descriptor_read_at(fd, bytes, sizeof(bytes), 0);
    if (length < 0) {
        failure_from_reading(failure_of(input), (int)length);
        return;
    }
    input->format = signature_format(bytes, (size_t)length);
}

/* Without O_NONBLOCK the open of a named pipe would wait for a writer. */
static void open_and_look_at(struct input *input)
{
    int fd = open(input->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0) {
        failure_from_reading(failure_of(input), -errno);
        identify_unopened(input);
        return;
    }
    look_at(input, fd);
    close(fd);
}

/* A pattern with a slash is about the path below the directory, one without about the name. */
static gboolean matches(char *const *patterns, const char *relative)
{
    const char *slash = strrchr(relative, '/');
    const char *name = slash != NULL ? slash + 1 : relative;

    for (; *patterns != NULL; patterns++) {
        gboolean whole = strchr(*patterns, '/') != NULL;

        if (fnmatch(*patterns, whole ? relative : name, 0) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean wanted(const struct inputs_options *options, const char *relative)
{
    return (options->include == NULL || matches(options->include, relative)) &&
           (options->exclude == NULL || !matches(options->exclude, relative));
}

static void take_found_file(struct walk *walk, const char *path, const char *relative)
{
    struct input *input;

    if (!wanted(walk->options, relative)) {
        return;
    }
    input = input_new(path, relative);
    open_and_look_at(input);
    if (input->format == PP_FORMAT_UNKNOWN && !signature_expected(path) &&
        (input->failure == NULL || input->failure->code == FAILURE_EMPTY)) {
        g_ptr_array_add(walk->inputs->skipped, g_strdup(path));
        input_free(input);
        return;
    }
    g_ptr_array_add(walk->inputs->list, input);
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names in the directory @path, sorted, without hidden ones; or NULL with *ret_code set. */
static GPtrArray *list_directory(const char *path, int *ret_code)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    DIR *directory = opendir(path);
    struct dirent *entry = NULL;

    errno = directory == NULL ? errno : 0;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] != '.') {
            g_ptr_array_add(names, g_strdup(entry->d_name));
        }
        errno = 0;
    }
    *ret_code = -errno;
    if (directory != NULL) {
        closedir(directory);
    }
    if (*ret_code != 0) {
        g_ptr_array_unref(names);
        return NULL;
    }
    g_ptr_array_sort(names, compare_names);
    return names;
}

static gboolean is_output(const struct walk *walk, const struct stat *status)
{
    return walk->output.inode != 0 && walk->output.inode == status->st_ino &&
           walk->output.device == status->st_dev;
}

static void walk_directory(struct walk *walk, const char *path, const char *relative);

static void walk_entry(struct walk *walk, const char *path, const char *relative)
{
    struct stat status;

    if (lstat(path, &status) < 0) {
        add_unreadable(walk, path, relative, -errno);
    } else if (S_ISDIR(status.st_mode)) {
        if (!is_output(walk, &status) &&
            (walk->options->exclude == NULL || !matches(walk->options->exclude, relative))) {
            walk_directory(walk, path, relative);
        }
    } else if (!S_ISLNK(status.st_mode)) {
        if (S_ISREG(status.st_mode)) {
            take_found_file(walk, path, relative);
        }
    } else if (stat(path, &status) < 0) {
        add_unreadable(walk, path, relative, errno == ENOENT ? -ELOOP : -errno);
    } else if (S_ISREG(status.st_mode)) {
        take_found_file(walk, path, relative);
    }
}

static void walk_directory(struct walk *walk, const char *path, const char *relative)
{
    int code;
    g_autoptr(GPtrArray) names = list_directory(path, &code);

    if (names == NULL) {
        add_unreadable(walk, path, relative, code);
        return;
    }
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *entry = g_build_filename(path, name, NULL);
        g_autofree char *below =
            relative[0] == '\0' ? g_strdup(name) : g_build_filename(relative, name, NULL);

        walk_entry(walk, entry, below);
    }
}

/* Standard input has no size before its end, so it is kept in memory that a worker can map. */
static void take_standard_input(struct walk *walk)
{
    struct input *input = input_new("-", "stdin");
    int fd = descriptor_spool(STDIN_FILENO);

    if (fd < 0) {
        failure_from_reading(failure_of(input), fd);
    } else {
        look_at(input, fd);
        input->fd = fd;
    }
    g_ptr_array_add(walk->inputs->list, input);
}

/* Take what a user named: @relative is its name below the root, "" for the root itself. */
static void take_named(struct walk *walk, const char *path, const char *relative, const char *name)
{
    struct stat status;
    struct input *input;

    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        guint before = walk->inputs->list->len;

        walk_directory(walk, path, relative);
        if (walk->inputs->list->len == before) {
            g_ptr_array_add(walk->inputs->empty, g_strdup(path));
        }
        return;
    }
    input = input_new(path, name);
    open_and_look_at(input);
    g_ptr_array_add(walk->inputs->list, input);
}

static void take_argument(struct walk *walk, const char *path)
{
    g_autofree char *name = NULL;

    if (g_str_equal(path, "-")) {
        take_standard_input(walk);
        return;
    }
    name = g_path_get_basename(path);
    take_named(walk, path, "", name);
}

/*
 * @path without what changes nothing in it ("./", "//", a leading "/"); or NULL where a ".." would
 * lead an output that mirrors it out of its directory.
 */
static char *mirrored(const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    g_autoptr(GString) clean = g_string_new(NULL);

    for (char **part = parts; *part != NULL; part++) {
        if (g_str_equal(*part, "..")) {
            return NULL;
        }
        if (**part == '\0' || g_str_equal(*part, ".")) {
            continue;
        }
        if (clean->len > 0) {
            g_string_append_c(clean, '/');
        }
        g_string_append(clean, *part);
    }
    return g_strdup(clean->str);
}

static gboolean take_listed(struct walk *walk, const char *path, GError **error)
{
    g_autofree char *relative = mirrored(path);

    if (relative == NULL) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "--files-from: '%s' leads upwards with '..', which cannot be mirrored under "
                    "the output directory; list it from a directory above, or by its full path",
                    path);
        return FALSE;
    }
    take_named(walk, path, relative, relative);
    return TRUE;
}

static gboolean take_list(struct walk *walk, GError **error)
{
    g_autoptr(GByteArray) list = g_byte_array_new();
    guint8 end = walk->options->null_separated ? '\0' : '\n';
    guint start = 0;

    if (!descriptor_read_list(walk->options->files_from, list, error)) {
        return FALSE;
    }
    for (guint i = 0; i <= list->len; i++) {
        if (i < list->len && list->data[i] != end) {
            continue;
        }
        if (i > start) {
            g_autofree char *path = g_strndup((const char *)list->data + start, i - start);

            if (!take_listed(walk, path, error)) {
                return FALSE;
            }
        }
        start = i + 1;
    }
    return TRUE;
}

gboolean inputs_collect(struct inputs *inputs, const struct inputs_options *options, GError **error)
{
    struct walk walk = {.inputs = inputs, .options = options};
    struct stat status;

    inputs->list = g_ptr_array_new_with_free_func(input_free);
    inputs->skipped = g_ptr_array_new_with_free_func(g_free);
    inputs->empty = g_ptr_array_new_with_free_func(g_free);
    if (options->output != NULL && stat(options->output, &status) == 0) {
        walk.output = (struct file_id){status.st_dev, status.st_ino};
    }
    for (char *const *path = options->paths; *path != NULL; path++) {
        take_argument(&walk, *path);
    }
    return options->files_from == NULL || take_list(&walk, error);
}

void inputs_finish(struct inputs *inputs)
{
    g_clear_pointer(&inputs->list, g_ptr_array_unref);
    g_clear_pointer(&inputs->skipped, g_ptr_array_unref);
    g_clear_pointer(&inputs->empty, g_ptr_array_unref);
}
