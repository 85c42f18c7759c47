/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/channel.h"

static int ends[2];
static struct pp_message message;

static void open_pair(void)
{
    g_assert_cmpint(pp_channel_pair(ends), ==, 0);
    g_assert_cmpint(pp_channel_set_nonblocking(ends[1]), ==, 0);
}

static void close_pair(void)
{
    close(ends[0]);
    close(ends[1]);
}

/* Two sends of two pieces each are two receives: borders are kept, pieces are joined. */
static void test_messages_keep_their_borders(void)
{
    open_pair();
    g_assert_cmpint(pp_channel_send(ends[0], "head", 4, "body", 4, NULL, 0), ==, 0);
    g_assert_cmpint(pp_channel_send(ends[0], "x", 1, NULL, 0, NULL, 0), ==, 0);
    g_assert_cmpint(pp_channel_receive(ends[1], &message), ==, 0);
    g_assert_cmpmem(message.bytes, message.length, "headbody", 8);
    g_assert_cmpint(pp_channel_receive(ends[1], &message), ==, 0);
    g_assert_cmpmem(message.bytes, message.length, "x", 1);
    g_assert_cmpint(pp_channel_receive(ends[1], &message), ==, PP_CHANNEL_AGAIN);
    close_pair();
}

static void test_the_largest_message_arrives_and_a_larger_one_is_refused(void)
{
    g_autofree uint8_t *bytes = g_malloc0(PP_CHANNEL_BYTES_MAX + 1);

    open_pair();
    memset(bytes, 0x5a, PP_CHANNEL_BYTES_MAX);
    g_assert_cmpint(pp_channel_send(ends[0], bytes, PP_CHANNEL_BYTES_MAX, NULL, 0, NULL, 0), ==, 0);
    g_assert_cmpint(pp_channel_receive(ends[1], &message), ==, 0);
    g_assert_cmpmem(message.bytes, message.length, bytes, PP_CHANNEL_BYTES_MAX);
    g_assert_cmpint(pp_channel_send(ends[0], bytes, PP_CHANNEL_BYTES_MAX, bytes, 1, NULL, 0), ==,
                    -EMSGSIZE);
    close_pair();
}

/* What was sent before the peer went is still read; then the end is told, each time. */
static void test_a_peer_that_is_gone_reads_as_closed(void)
{
    open_pair();
    g_assert_cmpint(pp_channel_send(ends[0], "last", 4, NULL, 0, NULL, 0), ==, 0);
    close(ends[0]);
    g_assert_cmpint(pp_channel_receive(ends[1], &message), ==, 0);
    g_assert_cmpint(pp_channel_receive(ends[1], &message), ==, PP_CHANNEL_CLOSED);
    g_assert_cmpint(pp_channel_receive(ends[1], &message), ==, PP_CHANNEL_CLOSED);
    /* Sending to it is an outcome, not a SIGPIPE. */
    g_assert_cmpint(pp_channel_send(ends[1], "x", 1, NULL, 0, NULL, 0), ==, PP_CHANNEL_CLOSED);
    close(ends[1]);
}

/* A peer that dies with a message of ours unread: what it had sent before is not lost. */
static void test_what_a_peer_sent_before_it_died_arrives(void)
{
    open_pair();
    g_assert_cmpint(pp_channel_send(ends[1], "unread", 6, NULL, 0, NULL, 0), ==, 0);
    g_assert_cmpint(pp_channel_send(ends[0], "answer", 6, NULL, 0, NULL, 0), ==, 0);
    close(ends[0]);
    g_assert_cmpint(pp_channel_receive(ends[1], &message), ==, 0);
    g_assert_cmpmem(message.bytes, message.length, "answer", 6);
    g_assert_cmpint(pp_channel_receive(ends[1], &message), ==, PP_CHANNEL_CLOSED);
    close(ends[1]);
}

/* Nobody reads: the sender must learn that instead of waiting. */
static void test_a_full_channel_says_so(void)
{
    g_autofree uint8_t *bytes = g_malloc0(PP_CHANNEL_BYTES_MAX);
    int r = 0;

    open_pair();
    for (int i = 0; i < 1000 && r == 0; i++) {
        r = pp_channel_send(ends[1], bytes, PP_CHANNEL_BYTES_MAX, NULL, 0, NULL, 0);
    }
    g_assert_cmpint(r, ==, PP_CHANNEL_AGAIN);
    close_pair();
}

/* The descriptor that arrives reads the pipe that was sent, and is closed on exec. */
static void test_descriptors_travel(void)
{
    int pipe_ends[2];
    char text[8];

    open_pair();
    g_assert_cmpint(pipe2(pipe_ends, O_CLOEXEC), ==, 0);
    g_assert_cmpint(pp_channel_send(ends[0], "fd", 2, NULL, 0, pipe_ends, 2), ==, 0);
    close(pipe_ends[0]);
    g_assert_cmpint(write(pipe_ends[1], "through", 7), ==, 7);
    close(pipe_ends[1]);
    g_assert_cmpint(pp_channel_receive(ends[1], &message), ==, 0);
    g_assert_cmpuint(message.fd_count, ==, 2);
    g_assert_cmpint(fcntl(message.fds[0], F_GETFD) & FD_CLOEXEC, !=, 0);
    g_assert_cmpint(read(message.fds[0], text, sizeof(text)), ==, 7);
    /* A descriptor that was taken out is not closed with the message. */
    pipe_ends[0] = pp_message_take_fd(&message, 0);
    pp_message_close(&message);
    g_assert_cmpint(fcntl(pipe_ends[0], F_GETFD), >=, 0);
    close(pipe_ends[0]);
    close_pair();
}

/*
 * With no room for the descriptors the message is an error, and none of them stays open unseen: the
 * lowest free number is the same before and after.
 */
static void test_descriptors_that_do_not_fit_fail_the_message(void)
{
    struct rlimit limit;
    struct rlimit tight;
    int fds[PP_CHANNEL_FDS_MAX];
    int lowest;

    open_pair();
    for (int i = 0; i < PP_CHANNEL_FDS_MAX; i++) {
        fds[i] = ends[0];
    }
    g_assert_cmpint(pp_channel_send(ends[0], "x", 1, NULL, 0, fds, PP_CHANNEL_FDS_MAX), ==, 0);
    lowest = dup(ends[0]);
    close(lowest);
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    tight = limit;
    tight.rlim_cur = (rlim_t)lowest + 2;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &tight), ==, 0);
    g_assert_cmpint(pp_channel_receive(ends[1], &message), ==, -EMFILE);
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    g_assert_cmpint(dup(ends[0]), ==, lowest);
    close(lowest);
    close_pair();
}

/* A peer that sends more than anybody may send is an error too, not a cut message. */
static void test_a_message_that_is_too_large_is_an_error(void)
{
    g_autofree uint8_t *bytes = g_malloc0(PP_CHANNEL_BYTES_MAX + 100);

    open_pair();
    g_assert_cmpint(send(ends[0], bytes, PP_CHANNEL_BYTES_MAX + 100, 0), >, 0);
    g_assert_cmpint(pp_channel_receive(ends[1], &message), ==, -EMSGSIZE);
    close_pair();
}

/* Nobody of ours sends it: it is neither the end nor a way to fill up this process's descriptors.
 */
static void test_an_empty_message_is_an_error(void)
{
    struct msghdr header = {0};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } space = {0};
    struct cmsghdr *control;
    int lowest;

    open_pair();
    header.msg_control = space.bytes;
    header.msg_controllen = sizeof(space.bytes);
    control = CMSG_FIRSTHDR(&header);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(control), &ends[0], sizeof(int));
    g_assert_cmpint(sendmsg(ends[0], &header, 0), ==, 0);
    lowest = dup(ends[0]);
    close(lowest);
    g_assert_cmpint(pp_channel_receive(ends[1], &message), ==, -EPROTO);
    g_assert_cmpint(dup(ends[0]), ==, lowest);
    close(lowest);
    g_assert_cmpint(pp_channel_send(ends[0], "next", 4, NULL, 0, NULL, 0), ==, 0);
    g_assert_cmpint(pp_channel_receive(ends[1], &message), ==, 0);
    g_assert_cmpmem(message.bytes, message.length, "next", 4);
    close_pair();
}

/* The end itself would wait. */
static void test_what_is_to_be_done_now_does_not_wait(void)
{
    g_autofree uint8_t *bytes = g_malloc0(PP_CHANNEL_BYTES_MAX);
    int r = 0;

    open_pair();
    g_assert_cmpint(pp_channel_receive_now(ends[0], &message), ==, PP_CHANNEL_AGAIN);
    for (int i = 0; i < 1000 && r == 0; i++) {
        r = pp_channel_send_now(ends[0], bytes, PP_CHANNEL_BYTES_MAX, NULL, 0, NULL, 0);
    }
    g_assert_cmpint(r, ==, PP_CHANNEL_AGAIN);
    close_pair();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/channel/messages-keep-their-borders", test_messages_keep_their_borders);
    g_test_add_func("/channel/the-largest-message-arrives-and-a-larger-one-is-refused",
                    test_the_largest_message_arrives_and_a_larger_one_is_refused);
    g_test_add_func("/channel/a-peer-that-is-gone-reads-as-closed",
                    test_a_peer_that_is_gone_reads_as_closed);
    g_test_add_func("/channel/what-a-peer-sent-before-it-died-arrives",
                    test_what_a_peer_sent_before_it_died_arrives);
    g_test_add_func("/channel/a-full-channel-says-so", test_a_full_channel_says_so);
    g_test_add_func("/channel/descriptors-travel", test_descriptors_travel);
    g_test_add_func("/channel/descriptors-that-do-not-fit-fail-the-message",
                    test_descriptors_that_do_not_fit_fail_the_message);
    g_test_add_func("/channel/a-message-that-is-too-large-is-an-error",
                    test_a_message_that_is_too_large_is_an_error);
    g_test_add_func("/channel/an-empty-message-is-an-error", test_an_empty_message_is_an_error);
    g_test_add_func("/channel/what-is-to-be-done-now-does-not-wait",
                    test_what_is_to_be_done_now_does_not_wait);
    return g_test_run();
}
