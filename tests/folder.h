/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Folder: a temporary directory with files in it, for one test
 *
 * Names are relative to it; directories are made as they are needed. The current directory is the
 * folder's while it exists, so that tests read as a user would type.
 */

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder {
    char *path;
    char *before; /* the directory to go back to */
};

static inline struct folder folder_enter(void)
{
    struct folder folder = {
        .path = g_dir_make_tmp("pixpool-test-XXXXXX", NULL),
        .before = g_get_current_dir(),
    };

    g_assert_nonnull(folder.path);
    g_assert_cmpint(chdir(folder.path), ==, 0);
    return folder;
}

static inline void folder_remove_tree(const char *path)
{
    g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
    const char *name;

    while (directory != NULL && (name = g_dir_read_name(directory)) != NULL) {
        g_autofree char *below = g_build_filename(path, name, NULL);

        if (g_file_test(below, G_FILE_TEST_IS_DIR) && !g_file_test(below, G_FILE_TEST_IS_SYMLINK)) {
            folder_remove_tree(below);
        } else {
            g_assert_cmpint(g_unlink(below), ==, 0);
        }
    }
    g_assert_cmpint(g_rmdir(path), ==, 0);
}

static inline void folder_leave(struct folder *folder)
{
    g_assert_cmpint(chdir(folder->before), ==, 0);
    folder_remove_tree(folder->path);
    g_free(folder->path);
    g_free(folder->before);
}

static inline void folder_write(const char *name, const void *bytes, size_t length)
{
    g_autofree char *above = g_path_get_dirname(name);

    g_assert_cmpint(g_mkdir_with_parents(above, 0777), ==, 0);
    g_assert_true(g_file_set_contents(name, bytes, (gssize)length, NULL));
}

static inline void folder_write_text(const char *name, const char *text)
{
    folder_write(name, text, strlen(text));
}

/* The first bytes of a JPEG, enough to be taken for one; nothing decodes it. */
static inline void folder_write_jpeg_like(const char *name)
{
    folder_write_text(name, "\xff\xd8\xff\xe0 not much of a photo");
}

static inline gint folder_compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static inline void folder_list_into(GString *list, const char *path, const char *relative)
{
    g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *name;

    while (directory != NULL && (name = g_dir_read_name(directory)) != NULL) {
        g_ptr_array_add(names, g_strdup(name));
    }
    g_ptr_array_sort(names, folder_compare_names);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *below = g_build_filename(path, g_ptr_array_index(names, i), NULL);
        g_autofree char *shown = g_build_filename(relative, g_ptr_array_index(names, i), NULL);

        if (g_file_test(below, G_FILE_TEST_IS_DIR)) {
            folder_list_into(list, below, shown);
        } else {
            g_string_append_printf(list, "%s%s", list->len > 0 ? " " : "", shown);
        }
    }
}

/* All files below @path, hidden ones as well, sorted, with a space between; newly allocated. */
static inline char *folder_list(const char *path)
{
    GString *list = g_string_new(NULL);

    folder_list_into(list, path, "");
    return g_string_free(list, FALSE);
}

static inline char *folder_read(const char *name, gsize *ret_length)
{
    char *bytes = NULL;

    g_assert_true(g_file_get_contents(name, &bytes, ret_length, NULL));
    return bytes;
}
