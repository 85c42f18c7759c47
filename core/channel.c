/* SPDX-License-Identifier: MIT */
/*
 * SOCK_SEQPACKET keeps the borders of messages, is atomic, and tells the end of the peer; a stream
 * would need a parser for half messages, datagrams do not tell the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/channel.h"

union control_space {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int) * PP_CHANNEL_FDS_MAX)];
};

/* Where this process has no standard stream, its number must not be that of an end: what is set up
 * for another process at these numbers would go over it. Returns @end or its successor; -1. */
static int move_from_standard(int end)
{
    int moved;

    if (end > STDERR_FILENO) {
        return end;
    }
    moved = fcntl(end, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (moved >= 0) {
        close(end);
    }
    return moved;
}

int pp_channel_pair(int ret_ends[2])
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return -errno;
    }
    for (int i = 0; i < 2; i++) {
        int moved = move_from_standard(ends[i]);

        if (moved < 0) {
            int r = -errno;

            close(ends[0]);
            close(ends[1]);
            return r;
        }
        ends[i] = moved;
    }
    ret_ends[0] = ends[0];
    ret_ends[1] = ends[1];
    return 0;
}

int pp_channel_set_nonblocking(int end)
{
    int flags = fcntl(end, F_GETFL);

    return flags >= 0 && fcntl(end, F_SETFL, flags | O_NONBLOCK) == 0 ? 0 : -errno;
}

static void attach_fds(struct msghdr *header, union control_space *space, const int *fds,
                       uint32_t count)
{
    struct cmsghdr *control;

    memset(space, 0, sizeof(*space));
    header->msg_control = space->bytes;
    header->msg_controllen = CMSG_SPACE(sizeof(int) * count);
    control = CMSG_FIRSTHDR(header);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(sizeof(int) * count);
    memcpy(CMSG_DATA(control), fds, sizeof(int) * count);
}

/* What a failed call means; peers that are gone announce themselves in three ways. */
static int outcome_of_errno(void)
{
    switch (errno) {
    case EAGAIN:
        return PP_CHANNEL_AGAIN;
    case EPIPE:
    case ECONNRESET:
    case ENOTCONN:
        return PP_CHANNEL_CLOSED;
    default:
        return -errno;
    }
}

static int send_message(int end, const void *first, size_t first_length, const void *second,
                        size_t second_length, const int *fds, uint32_t fd_count, int flags)
{
    struct iovec pieces[2] = {
        {.iov_base = (void *)(uintptr_t)first, .iov_len = first_length},
        {.iov_base = (void *)(uintptr_t)second, .iov_len = second_length},
    };
    struct msghdr header = {.msg_iov = pieces, .msg_iovlen = second_length == 0 ? 1 : 2};
    union control_space space;
    ssize_t sent;

    if (first_length + second_length > PP_CHANNEL_BYTES_MAX || fd_count > PP_CHANNEL_FDS_MAX) {
        return -EMSGSIZE;
    }
    if (fd_count != 0) {
        attach_fds(&header, &space, fds, fd_count);
    }
    do {
        sent = sendmsg(end, &header, flags | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? outcome_of_errno() : 0;
}

int pp_channel_send(int end, const void *first, size_t first_length, const void *second,
                    size_t second_length, const int *fds, uint32_t fd_count)
{
    return send_message(end, first, first_length, second, second_length, fds, fd_count, 0);
}

int pp_channel_send_now(int end, const void *first, size_t first_length, const void *second,
                        size_t second_length, const int *fds, uint32_t fd_count)
{
    return send_message(end, first, first_length, second, second_length, fds, fd_count,
                        MSG_DONTWAIT);
}

static void take_fds(struct msghdr *header, struct pp_message *message)
{
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control != NULL;
         control = CMSG_NXTHDR(header, control)) {
        size_t count;

        if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        if (count <= PP_CHANNEL_FDS_MAX - message->fd_count) {
            memcpy(message->fds + message->fd_count, CMSG_DATA(control), count * sizeof(int));
            message->fd_count += (uint32_t)count;
        }
    }
}

/* Nothing was received: was that the end, or an empty message, which nobody of ours sends? */
static int outcome_of_nothing(int end)
{
    struct pollfd state = {.fd = end, .events = POLLRDHUP};

    return poll(&state, 1, 0) == 0 ? -EPROTO : PP_CHANNEL_CLOSED;
}

static int receive_message(int end, struct pp_message *message, int flags)
{
    union control_space space;
    struct iovec piece = {.iov_base = message->bytes, .iov_len = sizeof(message->bytes)};
    struct msghdr header = {.msg_iov = &piece, .msg_iovlen = 1};
    ssize_t received;

    message->length = 0;
    message->fd_count = 0;
    do {
        header.msg_control = space.bytes;
        header.msg_controllen = sizeof(space.bytes);
        received = recvmsg(end, &header, flags | MSG_CMSG_CLOEXEC);
        /* A peer that died with messages unread says so once, before what it sent is through. */
    } while (received < 0 && (errno == EINTR || errno == ECONNRESET));
    if (received < 0) {
        return outcome_of_errno();
    }
    take_fds(&header, message);
    if (received == 0) {
        pp_message_close(message);
        return outcome_of_nothing(end);
    }
    if (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
        pp_message_close(message);
    }
    if (header.msg_flags & MSG_TRUNC) {
        return -EMSGSIZE;
    }
    message->length = (size_t)received;
    return header.msg_flags & MSG_CTRUNC ? -EMFILE : 0;
}

int pp_channel_receive(int end, struct pp_message *message)
{
    return receive_message(end, message, 0);
}

int pp_channel_receive_now(int end, struct pp_message *message)
{
    return receive_message(end, message, MSG_DONTWAIT);
}

void pp_message_close(struct pp_message *message)
{
    for (uint32_t i = 0; i < message->fd_count; i++) {
        if (message->fds[i] >= 0) {
            close(message->fds[i]);
        }
    }
    message->fd_count = 0;
}

int pp_message_take_fd(struct pp_message *message, uint32_t index)
{
    int fd = message->fds[index];

    message->fds[index] = -1;
    return fd;
}
