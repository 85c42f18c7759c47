/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Channel: whole messages between two processes, over a private pair of sockets
 *
 * A message arrives whole or not at all, with up to PP_CHANNEL_FDS_MAX descriptors. Each end
 * belongs to one process; no third process ever holds either, so a peer that dies leaves nothing
 * locked and its end reads as closed.
 */

#include "core/base.h"

#define PP_CHANNEL_FDS_MAX   16
#define PP_CHANNEL_BYTES_MAX 32768 /* of one message */

/* Outcomes that are no failure, but that the caller must handle. */
enum {
    PP_CHANNEL_CLOSED = 1, /* the peer is gone; nothing more will come or arrive */
    PP_CHANNEL_AGAIN = 2   /* nothing to receive now, or no room to send into now */
};

/* A message that was received. */
struct pp_message {
    _Alignas(16) uint8_t bytes[PP_CHANNEL_BYTES_MAX];
    size_t length; /* bytes */
    int fds[PP_CHANNEL_FDS_MAX];
    uint32_t fd_count; /* owned by whoever received; pp_message_close() closes what is left */
};

/*
 * Make two connected ends; the caller closes them. Both block and are closed on exec; neither has
 * the number of a standard stream, 0 to 2.
 * Returns 0 or a negative errno.
 */
PP_MUST_CHECK int pp_channel_pair(int ret_ends[2]);

/* Make this process's @end return PP_CHANNEL_AGAIN instead of waiting. Returns 0 or an errno. */
PP_MUST_CHECK int pp_channel_set_nonblocking(int end);

/*
 * Send a message made of two pieces (@second may be NULL with 0 bytes) and copies of @fds.
 * Returns 0, PP_CHANNEL_CLOSED, PP_CHANNEL_AGAIN or a negative errno; unless 0 nothing was sent.
 */
PP_MUST_CHECK int pp_channel_send(int end, const void *first, size_t first_length,
                                  const void *second, size_t second_length, const int *fds,
                                  uint32_t fd_count);

/* Like pp_channel_send(), but never waits, however the end is set, which others may share. */
PP_MUST_CHECK int pp_channel_send_now(int end, const void *first, size_t first_length,
                                      const void *second, size_t second_length, const int *fds,
                                      uint32_t fd_count);

/*
 * Receive the next message into *message; its descriptors are the caller's.
 * Returns 0, PP_CHANNEL_CLOSED, PP_CHANNEL_AGAIN; -EMSGSIZE for a message that is too large,
 * -EPROTO for one that is empty and -EMFILE for one whose descriptors did not fit into this
 * process: these are lost, with all their descriptors closed, but the last one's bytes are there; or
 * another negative errno.
 */
PP_MUST_CHECK int pp_channel_receive(int end, struct pp_message *message);

/* Like pp_channel_receive(), but never waits, however the end is set. */
PP_MUST_CHECK int pp_channel_receive_now(int end, struct pp_message *message);

/* Close the descriptors that are still in @message. */
void pp_message_close(struct pp_message *message);

/* Take descriptor @index out of @message: it is the caller's now. */
int pp_message_take_fd(struct pp_message *message, uint32_t index);
