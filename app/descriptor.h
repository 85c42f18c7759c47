/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Descriptor: whole reads and writes
 *
 * Interrupted and partial calls live only here.
 */

#include <glib.h>
#include <sys/types.h>

/* The most bytes of standard input, and of any input file: 2 GiB. */
#define DESCRIPTOR_BYTES_MAX (G_GINT64_CONSTANT(2) << 30)

/*
 * Read up to @length bytes at @offset of @fd; fewer only where the file ends.
 * Returns the bytes read, or a negative errno.
 */
ssize_t descriptor_read_at(int fd, void *bytes, size_t length, off_t offset);

/* Write all of @length bytes to @fd. Returns 0 or a negative errno. */
int descriptor_write(int fd, const void *bytes, size_t length);

/*
 * Copy what @fd gives until its end into memory that has a descriptor. Returns that one, which the
 * caller closes; or a negative errno, -EFBIG beyond DESCRIPTOR_BYTES_MAX.
 */
int descriptor_spool(int fd);

/* Append the contents of the file @path, "-" for standard input, to @into. */
gboolean descriptor_read_list(const char *path, GByteArray *into, GError **error);

/*
 * Give every standard descriptor that is closed a place of its own, so that no file that is opened
 * later takes its number and gets what is printed. Reading from it gives nothing, writing to it
 * fails. The first thing in main().
 */
void descriptor_fill_standard(void);
