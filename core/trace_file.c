/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/trace_file.h"
#include "core/utf8.h"

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

static void write_all(struct pp_trace_file *file)
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

/* A pipe that nobody reads any more is an error like others: the signal that comes with it is taken
 * back, unless there was one before. */
static void flush(struct pp_trace_file *file)
{
    const struct timespec now = {0};
    sigset_t broken_pipe;
    sigset_t pending;
    sigset_t before;

    if (file->error != 0 || file->length == 0) {
        file->length = 0;
        return;
    }
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &broken_pipe, &before);
    sigpending(&pending);
    write_all(file);
    if (file->error == -EPIPE && sigismember(&pending, SIGPIPE) == 0) {
        while (sigtimedwait(&broken_pipe, NULL, &now) < 0 && errno == EINTR) {
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
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

void pp_trace_file_string(struct pp_trace_file *file, const char *text)
{
    put(file, "\"", 1);
    while (*text != '\0') {
        size_t length = pp_utf8_measure(text);

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
