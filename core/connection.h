/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Connection: one end of a pipe between two processes
 *
 * Messages of any length, whole or not at all, whenever either end dies; with them may travel open
 * descriptors. Long messages travel as memory, so a pipe does not fill up with the half of one.
 *
 *     struct pp_connection ends[2];
 *     int r = pp_connection_pipe(ends, true);
 *     ... start a process with .fds = {ends[1].fd}, .fd_count = 1; then close that end here ...
 *     r = pp_connection_send(&ends[0], "hello", 5, NULL, 0, -1);
 *
 * and in the process: struct pp_connection end = pp_connection_of(call->fds[0]).
 *
 * Python: multiprocessing.Pipe() and Connection; poll is pp_connection_poll(). One end may be held
 * by several processes: then each message goes to one of them. Any thread, any process.
 */

#include "core/base.h"

#define PP_CONNECTION_FDS_MAX 8

/* An end. Copying it copies the number, not the end. */
struct pp_connection {
    int fd; /* -1: closed; a plain descriptor, that may be passed on as any other */
};

/* A message that was received. */
struct pp_connection_message {
    void *bytes; /* aligned to 16; owned, see pp_connection_message_finish() */
    size_t length;
    int fds[PP_CONNECTION_FDS_MAX]; /* owned; -1 where the receiver took one */
    uint32_t fd_count;
    bool mapped; /* how the bytes are to be freed; the message's own */
};

/* A positive return is not a failure, but the caller must handle it. */
enum { PP_CONNECTION_EOF = 1 /* the other end is closed, and all that was sent was received */ };

/*
 * Make a pipe: two ends, closed on exec, which the caller closes. @duplex: both can send and
 * receive; else ends[0] receives and ends[1] sends.
 * Returns 0 or a negative errno.
 */
PP_MUST_CHECK int pp_connection_pipe(struct pp_connection ends[2], bool duplex);

/* The end that came as descriptor @fd; takes it over. */
struct pp_connection pp_connection_of(int fd);

/*
 * Send @length bytes (0 is a message too) and duplicates of @fd_count descriptors, waiting up to
 * @timeout_ms for room; -1 waits as long as it takes.
 * Returns 0; -EPIPE where the other end is closed; -ETIMEDOUT; -E2BIG for too many descriptors;
 * -EBADF for an end that only receives, or for a descriptor that is not open; -ENOMEM; -EINTR; or
 * another errno of the system. Unless 0, nothing was sent. Never SIGPIPE.
 */
PP_MUST_CHECK int pp_connection_send(struct pp_connection *connection, const void *bytes,
                                     size_t length, const int *fds, uint32_t fd_count,
                                     int timeout_ms);

/*
 * Receive the next message, waiting up to @timeout_ms for one.
 * Returns 0 with *message, to be finished by the caller; PP_CONNECTION_EOF; -ETIMEDOUT; -EINTR;
 * -EBADF for an end that only sends; -EPROTO for what no pp_connection_send() has sent, which is
 * dropped; -EMFILE where its descriptors do not fit into this process, and -ENOMEM where its bytes
 * do not, with the message lost. Unless 0, *message is untouched.
 */
PP_MUST_CHECK int pp_connection_recv(struct pp_connection *connection,
                                     struct pp_connection_message *message, int timeout_ms);

/* Free its bytes and close the descriptors that are left in it. All zero is fine. */
void pp_connection_message_finish(struct pp_connection_message *message);

/*
 * Is there something to receive, or the end of it, within @timeout_ms?
 * Returns 1 or 0, or a negative errno.
 */
PP_MUST_CHECK int pp_connection_poll(struct pp_connection *connection, int timeout_ms);

/* Close this end. Twice is fine. */
void pp_connection_close(struct pp_connection *connection);
