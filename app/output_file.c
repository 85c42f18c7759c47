/* SPDX-License-Identifier: MIT */
/*
 * All steps after the directory was opened are relative to it, so they stay together even if
 * somebody renames or replaces a directory above. close() is checked as well: on network file
 * systems it is where a full disk is reported. There is no fsync: after a power cut an output may
 * be missing or short, as with any copy, and a second run writes it again.
 *
 * renameat2() with RENAME_NOREPLACE closes the gap between looking for an existing file and
 * replacing it. File systems without it can link a second name, which fails on an existing one as
 * well; those without links either (FAT) are left with a look before a plain rename.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/descriptor.h"
#include "app/name.h"
#include "app/output_file.h"

#define TEMPORARY_BYTES sizeof(".pixpool-XXXXXX")

/* Fill @error with what was tried, on which file, and the system's text for @code; return @code. */
static int fail(struct pp_error *error, int code, const char *what, const char *path)
{
    g_autofree char *name = name_display(path);

    return pp_error_set_errno(error, code, "%s '%.150s'", what, name);
}

static void temporary_name(char name[TEMPORARY_BYTES])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    memcpy(name, ".pixpool-XXXXXX", TEMPORARY_BYTES);
    for (char *at = name + TEMPORARY_BYTES - 7; *at != '\0'; at++) {
        *at = letters[g_random_int_range(0, (gint32)sizeof(letters) - 1)];
    }
}

/* Make a new file in @directory. Returns its descriptor, with its name in @name, or an errno. */
static int temporary_open(int directory, char name[TEMPORARY_BYTES])
{
    for (int attempt = 0; attempt < 100; attempt++) {
        int fd;

        temporary_name(name);
        fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST) {
            return fd >= 0 ? fd : -errno;
        }
    }
    return -EBUSY;
}

static int write_and_close(int fd, const void *bytes, size_t length)
{
    int r = descriptor_write(fd, bytes, length);

    if (close(fd) < 0 && r == 0) {
        r = -errno;
    }
    return r;
}

static int rename_if_missing(int directory, const char *from, const char *to)
{
    struct stat status;

    if (renameat2(directory, from, directory, to, RENAME_NOREPLACE) == 0) {
        return 0;
    }
    if (errno != EINVAL && errno != ENOSYS) {
        return -errno;
    }
    if (linkat(directory, from, directory, to, 0) == 0) {
        unlinkat(directory, from, 0);
        return 0;
    }
    if (errno == EEXIST) {
        return -errno;
    }
    if (fstatat(directory, to, &status, AT_SYMLINK_NOFOLLOW) == 0) {
        return -EEXIST;
    }
    return renameat(directory, from, directory, to) < 0 ? -errno : 0;
}

/* Give the finished file its name. */
static int publish(int directory, const char *from, const char *to, bool replace)
{
    if (!replace) {
        return rename_if_missing(directory, from, to);
    }
    return renameat(directory, from, directory, to) < 0 ? -errno : 0;
}

static int write_in(int directory, const char *name, const void *bytes, size_t length, bool replace)
{
    char temporary[TEMPORARY_BYTES];
    int fd = temporary_open(directory, temporary);
    int r;

    if (fd < 0) {
        return fd;
    }
    r = write_and_close(fd, bytes, length);
    if (r == 0) {
        r = publish(directory, temporary, name, replace);
    }
    if (r < 0) {
        unlinkat(directory, temporary, 0);
    }
    return r;
}

/* What is in the way of an output that must not replace anything. */
static int fail_existing(int directory, const char *path, const char *name, struct pp_error *error)
{
    g_autofree char *shown = name_display(path);
    struct stat status;

    if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode)) {
        return fail(error, -EISDIR, "cannot write", path);
    }
    return pp_error_set(error, -EEXIST, "'%.150s' appeared meanwhile and was left as it is", shown);
}

int output_directory_make(const char *path, struct pp_error *error)
{
    if (g_mkdir_with_parents(path, 0777) < 0) {
        return fail(error, -errno, "cannot make the directory", path);
    }
    return 0;
}

/* Open @path, which is made if it is not there. Returns its descriptor or an errno. */
static int directory_open(const char *path, struct pp_error *error)
{
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int r;

    if (fd < 0 && errno == ENOENT) {
        r = output_directory_make(path, error);
        if (r < 0) {
            return r;
        }
        fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
    return fd >= 0 ? fd : fail(error, -errno, "cannot open the directory", path);
}

int output_file_write(const char *path, const void *bytes, size_t length, bool replace,
                      struct pp_error *error)
{
    g_autofree char *above = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    int directory = directory_open(above, error);
    int r;

    if (directory < 0) {
        return directory;
    }
    r = write_in(directory, name, bytes, length, replace);
    if (r == -EEXIST) {
        r = fail_existing(directory, path, name, error);
    } else if (r < 0) {
        fail(error, r, "cannot write", path);
    }
    close(directory);
    return r;
}
