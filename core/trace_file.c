/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/trace_file.h"

int pp_trace_file_open(struct pp_trace_file *file, int fd)
{
    char *buffer = malloc(PP_TRACE_FILE_BYTES);
    int copy;

    if (buffer == NULL) {
        return -ENOMEM;
    }
    copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (copy < 0) {
        free(buffer);
        return -errno;
    }
    *file = (struct pp_trace_file){.fd = copy, .buffer = buffer};
    return 0;
}

void pp_trace_file_spoil(struct pp_trace_file *file, int error)
{
    if (file->error == 0) {
        file->error = error;
    }
}

/* Write some of @bytes; a descriptor that does not wait is waited for here. */
static ssize_t write_some(int fd, const char *bytes, size_t length)
{
    ssize_t written;

    while ((written = write(fd, bytes, length)) < 0) {
        struct pollfd room = {.fd = fd, .events = POLLOUT};

        if (errno == EAGAIN && poll(&room, 1, -1) < 0 && errno != EINTR) {
            return -errno;
        }
        if (errno != EAGAIN && errno != EINTR) {
            return -errno;
        }
    }
    return written;
}

static void flush(struct pp_trace_file *file)
{
    size_t done = 0;

    while (file->error == 0 && done < file->length) {
        ssize_t written = write_some(file->fd, file->buffer + done, file->length - done);

        if (written <= 0) {
            pp_trace_file_spoil(file, written == 0 ? -EIO : (int)written);
        } else {
            done += (size_t)written;
        }
    }
    file->length = 0;
}

static void put(struct pp_trace_file *file, const char *bytes, size_t length)
{
    if (length > PP_TRACE_FILE_BYTES - file->length) {
        flush(file);
    }
    memcpy(file->buffer + file->length, bytes, length);
    file->length += length;
}

int pp_trace_file_close(struct pp_trace_file *file)
{
    flush(file);
    /* A file system may tell only now that it had no room. */
    if (close(file->fd) != 0) {
        pp_trace_file_spoil(file, -errno);
    }
    free(file->buffer);
    return file->error;
}

void pp_trace_file_print(struct pp_trace_file *file, const char *format, ...)
{
    char text[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    put(file, text, strlen(text));
}

/* How many bytes the UTF-8 character at @text has; 0 where there is none. */
static size_t measure_character(const unsigned char *text)
{
    size_t length = text[0] < 0x80                       ? 1
                    : text[0] >= 0xc2 && text[0] <= 0xdf ? 2
                    : (text[0] & 0xf0) == 0xe0           ? 3
                    : text[0] >= 0xf0 && text[0] <= 0xf4 ? 4
                                                         : 0;

    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80) { /* the NUL at the end among others */
            return 0;
        }
    }
    /* Too long for what it says, half of a surrogate pair, or above U+10FFFF. */
    if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) ||
        (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f)) {
        return 0;
    }
    return length;
}

void pp_trace_file_string(struct pp_trace_file *file, const char *text)
{
    put(file, "\"", 1);
    while (*text != '\0') {
        size_t length = measure_character((const unsigned char *)text);

        if (length == 0) {
            put(file, "\\ufffd", 6);
            length = 1;
        } else if (*text == '"' || *text == '\\') {
            pp_trace_file_print(file, "\\%c", *text);
        } else if ((unsigned char)*text < ' ' || *text == 0x7f) {
            pp_trace_file_print(file, "\\u%04x", (unsigned)(unsigned char)*text);
        } else {
            put(file, text, length);
        }
        text += length;
    }
    put(file, "\"", 1);
}
