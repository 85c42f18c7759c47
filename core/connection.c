/* SPDX-License-Identifier: MIT */
/*
 * Each message is one packet of a SOCK_SEQPACKET pair (core/channel.h), which the kernel takes
 * whole or not at all. What is too long for a packet goes into sealed memory (core/sealed.h) first,
 * and the packet carries its descriptor: a sender that dies has sent all of it or nothing, and a
 * receiver that is slow makes nobody wait in the middle. That packet is as long as any can be, as
 * only what is in packets fills the socket: so a sender is stopped after a few long messages that
 * nobody takes, as it is after many short ones.
 *
 * The other end may belong to somebody hostile, so all that a packet says is checked against what
 * came with it; what does not hold is dropped with its descriptors, and the next packet is another
 * try.
 *
 * No call waits in the socket, but in poll(): an end may be shared with other processes, and
 * whether it waits is a property that they share too. Where several wait for one message, all wake
 * and one gets it.
 *
 * A pipe for one direction is a pair of which one direction is shut down. The kernel says EPIPE and
 * end of file for that as it does for a peer that is gone; but only where that one is gone has the
 * socket hung up.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/channel.h"
#include "core/clock.h"
#include "core/connection.h"
#include "core/futex.h"
#include "core/point.h"
#include "core/sealed.h"

#define MAGIC         UINT32_C(0x6e637070) /* "ppcn" */
#define NS_PER_SECOND UINT64_C(1000000000)

enum kind {
    INLINE = 1, /* the bytes follow */
    SEALED = 2  /* the first descriptor is sealed memory with them; what follows only weighs */
};

/* How each packet begins. */
struct header {
    uint32_t magic;
    uint32_t kind;
    uint64_t length; /* of the message */
};

/* The longest message that a packet has room for. */
#define INLINE_BYTES (PP_CHANNEL_BYTES_MAX - sizeof(struct header))

_Static_assert(PP_CONNECTION_FDS_MAX < PP_CHANNEL_FDS_MAX, "one more for the memory");
_Static_assert(sizeof(size_t) <= sizeof(uint64_t), "a length fits its field");

int pp_connection_pipe(struct pp_connection ends[2], bool duplex)
{
    int fds[2];
    int r = pp_channel_pair(fds);

    if (r != 0) {
        return r;
    }
    if (!duplex && (shutdown(fds[0], SHUT_WR) != 0 || shutdown(fds[1], SHUT_RD) != 0)) {
        r = -errno;
        close(fds[0]);
        close(fds[1]);
        return r;
    }
    ends[0] = pp_connection_of(fds[0]);
    ends[1] = pp_connection_of(fds[1]);
    return 0;
}

struct pp_connection pp_connection_of(int fd)
{
    return (struct pp_connection){.fd = fd};
}

void pp_connection_close(struct pp_connection *connection)
{
    if (connection->fd >= 0) {
        close(connection->fd);
        connection->fd = -1;
    }
}

/* Wait for one of @events, or for the other end to hang up. Returns 0, -ETIMEDOUT or an errno. */
static int wait_until(int fd, short events, uint64_t deadline)
{
    struct pollfd state = {.fd = fd, .events = events};
    uint64_t now = deadline == 0 || deadline == UINT64_MAX ? 0 : pp_clock_ns();
    uint64_t left = deadline > now ? deadline - now : 0;
    struct timespec timeout = {(time_t)(left / NS_PER_SECOND), (long)(left % NS_PER_SECOND)};
    int r;

    if (fd < 0) {
        return -EBADF;
    }
    r = ppoll(&state, 1, deadline == UINT64_MAX ? NULL : &timeout, NULL);
    if (r <= 0) {
        return r == 0 ? -ETIMEDOUT : -errno;
    }
    return state.revents & POLLNVAL ? -EBADF : 0;
}

/* The kernel says that this direction is closed: @gone where the other end is, else it has never
 * been open. */
static int closed_because(int fd, int gone)
{
    struct pollfd state = {.fd = fd};

    return poll(&state, 1, 0) > 0 && (state.revents & POLLHUP) ? gone : -EBADF;
}

static int send_packet(int fd, const struct header *header, const void *bytes, size_t length,
                       const int *fds, uint32_t fd_count, int timeout_ms)
{
    uint64_t deadline = pp_futex_deadline(timeout_ms);
    int r;

    do {
        r = pp_channel_send_now(fd, header, sizeof(*header), bytes, length, fds, fd_count);
        if (r != PP_CHANNEL_AGAIN) {
            return r == PP_CHANNEL_CLOSED ? closed_because(fd, -EPIPE) : r;
        }
        r = wait_until(fd, POLLOUT, deadline);
    } while (r == 0);
    return r;
}

static int send_sealed(int fd, const struct header *header, const void *bytes, size_t length,
                       const int *fds, uint32_t fd_count, int timeout_ms)
{
    int all[PP_CONNECTION_FDS_MAX + 1];
    int r = pp_sealed_create(&all[0], bytes, length);

    if (r != 0) {
        return r;
    }
    if (fd_count > 0) {
        memcpy(all + 1, fds, fd_count * sizeof(*fds));
    }
    pp_point("connection.send.sealed");
    r = send_packet(fd, header, bytes, INLINE_BYTES, all, fd_count + 1, timeout_ms);
    close(all[0]);
    return r;
}

int pp_connection_send(struct pp_connection *connection, const void *bytes, size_t length,
                       const int *fds, uint32_t fd_count, int timeout_ms)
{
    struct header header = {.magic = MAGIC, .kind = INLINE, .length = length};
    int r;

    if (fd_count > PP_CONNECTION_FDS_MAX) {
        return -E2BIG;
    }
    pp_point("connection.send");
    if (length <= INLINE_BYTES) {
        r = send_packet(connection->fd, &header, bytes, length, fds, fd_count, timeout_ms);
    } else {
        header.kind = SEALED;
        r = send_sealed(connection->fd, &header, bytes, length, fds, fd_count, timeout_ms);
    }
    pp_point("connection.sent");
    return r;
}

/* Returns 0; PP_CONNECTION_EOF; or as pp_connection_recv(). */
static int receive_packet(int fd, struct pp_message *packet, int timeout_ms)
{
    uint64_t deadline = pp_futex_deadline(timeout_ms);
    int r;

    do {
        r = pp_channel_receive_now(fd, packet);
        if (r != PP_CHANNEL_AGAIN) {
            break;
        }
        r = wait_until(fd, POLLIN, deadline);
        if (r != 0) {
            return r;
        }
    } while (true);
    if (r == PP_CHANNEL_CLOSED) {
        return closed_because(fd, PP_CONNECTION_EOF);
    }
    return r == -EMSGSIZE ? -EPROTO : r;
}

static int open_inline(const struct pp_message *packet, struct pp_connection_message *message)
{
    size_t length = packet->length - sizeof(struct header);

    if (message->length != length) {
        return -EPROTO;
    }
    message->bytes = malloc(length == 0 ? 1 : length);
    if (message->bytes == NULL) {
        return -ENOMEM;
    }
    memcpy(message->bytes, packet->bytes + sizeof(struct header), length);
    return 0;
}

static int open_sealed(const struct pp_message *packet, struct pp_connection_message *message)
{
    if (packet->fd_count == 0 || message->length <= INLINE_BYTES) {
        return -EPROTO;
    }
    message->mapped = true;
    return pp_sealed_map(packet->fds[0], message->length, &message->bytes);
}

/* Make a message of what came. Its descriptors stay the packet's unless this returns 0. */
static int open_packet(struct pp_message *packet, struct pp_connection_message *message)
{
    struct header header;
    uint32_t own;
    int r;

    if (packet->length < sizeof(header)) {
        return -EPROTO;
    }
    memcpy(&header, packet->bytes, sizeof(header));
    own = header.kind == SEALED ? 1 : 0;
    if (header.magic != MAGIC || header.length > SIZE_MAX ||
        packet->fd_count > PP_CONNECTION_FDS_MAX + own) {
        return -EPROTO;
    }
    message->length = (size_t)header.length;
    switch (header.kind) {
    case INLINE:
        r = open_inline(packet, message);
        break;
    case SEALED:
        r = open_sealed(packet, message);
        break;
    default:
        r = -EPROTO;
        break;
    }
    for (uint32_t i = own; r == 0 && i < packet->fd_count; i++) {
        message->fds[message->fd_count++] = pp_message_take_fd(packet, i);
    }
    return r;
}

int pp_connection_recv(struct pp_connection *connection, struct pp_connection_message *message,
                       int timeout_ms)
{
    struct pp_connection_message opened = {0};
    struct pp_message packet;
    int r = receive_packet(connection->fd, &packet, timeout_ms);

    if (r != 0) {
        return r;
    }
    pp_point("connection.received");
    r = open_packet(&packet, &opened);
    pp_message_close(&packet);
    if (r == 0) {
        *message = opened;
    }
    return r;
}

void pp_connection_message_finish(struct pp_connection_message *message)
{
    for (uint32_t i = 0; i < message->fd_count; i++) {
        if (message->fds[i] >= 0) {
            close(message->fds[i]);
        }
    }
    if (message->mapped) {
        munmap(message->bytes, message->length);
    } else {
        free(message->bytes);
    }
    *message = (struct pp_connection_message){0};
}

int pp_connection_poll(struct pp_connection *connection, int timeout_ms)
{
    int r = wait_until(connection->fd, POLLIN, pp_futex_deadline(timeout_ms));

    if (r == 0) {
        return 1;
    }
    return r == -ETIMEDOUT ? 0 : r;
}
