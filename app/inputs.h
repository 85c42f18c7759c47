/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Inputs: the files that a run is about
 *
 * Files that were named are always taken, and one that cannot be is an input with a failure: it
 * gets its error event like any other. Directories are walked in sorted order, so that the same
 * tree gives the same order everywhere.
 */

#include <glib.h>
#include <sys/stat.h>

#include "app/failure.h"
#include "filters/codec.h"

/* What makes two names the same file. */
struct file_id {
    dev_t device;
    ino_t inode;
};

struct input {
    char *path;              /* to open it, and to name it: as given, or below a given directory */
    char *relative;          /* below the directory it was found in: what outputs are named after */
    enum pp_format format;   /* by its signature: a guess, UNKNOWN where there is none */
    struct file_id id;       /* zero where not even stat() tells */
    off_t bytes;             /* its size */
    struct timespec changed; /* its modification time */
    int fd; /* standard input, kept in memory: to be used in place of path; or -1 */
    struct failure *failure; /* why it cannot be an input; NULL: it can */
};

/* Where inputs come from. Read during the call. */
struct inputs_options {
    char *const *paths;      /* files, directories, or "-"; ends with NULL */
    const char *files_from;  /* a list of more, "-" for standard input; NULL: none */
    gboolean null_separated; /* the names of the list end with NUL instead of a line end */
    char *const *include;    /* patterns, ends with NULL; NULL: all */
    char *const *exclude;    /* likewise; NULL: none */
    const char *output;      /* a directory that is not walked into; NULL: none */
};

struct inputs {
    GPtrArray *list;    /* of struct input */
    GPtrArray *skipped; /* of char: files of directories that are no images */
    GPtrArray *empty;   /* of char: directories that were given and hold no image */
};

/*
 * Find all inputs. The caller finishes @inputs in any case.
 *
 * Returns TRUE; or FALSE where the list of --files-from cannot be read or a name in it leads
 * outside (".."), which no output could mirror.
 */
gboolean inputs_collect(struct inputs *inputs, const struct inputs_options *options,
                        GError **error);

void inputs_finish(struct inputs *inputs);
