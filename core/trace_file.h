/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Trace file: JSON on its way into a descriptor, through a buffer
 *
 * Writes never fail where they are called, in the middle of a pool's work: the first error is kept,
 * nothing is written after it, and closing returns it.
 */

#include "core/base.h"

#define PP_TRACE_FILE_BYTES 65536 /* of the buffer */

struct pp_trace_file {
    int fd;        /* owned */
    int error;     /* a negative errno: the first; 0 while all went well */
    size_t length; /* bytes in the buffer */
    char *buffer;  /* of PP_TRACE_FILE_BYTES; owned */
};

/* Write into a duplicate of @fd. Returns 0 or a negative errno. */
PP_MUST_CHECK int pp_trace_file_open(struct pp_trace_file *file, int fd);

/* Write what is buffered and close. Returns 0 or the first error of all that was written. */
int pp_trace_file_close(struct pp_trace_file *file);

/* Count @error, a negative errno, as the first one where none was before. */
void pp_trace_file_spoil(struct pp_trace_file *file, int error);

/* JSON as it stands, made by a format like printf's; cut at 255 bytes: for short pieces. */
void pp_trace_file_print(struct pp_trace_file *file, const char *format, ...) PP_PRINTF(2, 3);

/* @text as a JSON string in quotes. What is no UTF-8 in it becomes U+FFFD. */
void pp_trace_file_string(struct pp_trace_file *file, const char *text);
