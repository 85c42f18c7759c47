/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/channel.h"
#include "core/connection.h"

/* What packets begin with, as core/connection.c has it: who sends rubbish knows that. */
struct header {
    uint32_t magic;
    uint32_t kind;
    uint64_t length;
};

enum { INLINE = 1, SEALED = 2, FDS_MAX = 32, LONG_BYTES = 100000, ROUNDS = 20000 };

#define MAGIC UINT32_C(0x6e637070)
#define SEALS (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)

/* The other one is used as what it is: a socket. */
static struct pp_connection end;
static int raw;

static void open_ends(void)
{
    struct pp_connection ends[2];

    g_assert_cmpint(pp_connection_pipe(ends, true), ==, 0);
    end = ends[0];
    raw = ends[1].fd;
}

static void close_ends(void)
{
    pp_connection_close(&end);
    close(raw);
}

static int lowest_fd(void)
{
    int fd = dup(STDERR_FILENO);

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    return fd;
}

static void send_raw(const void *bytes, size_t length, const int *fds, uint32_t fd_count)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int) * FDS_MAX)];
    } space = {0};
    struct iovec piece = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = length};
    struct msghdr header = {.msg_iov = &piece, .msg_iovlen = 1};

    if (fd_count > 0) {
        struct cmsghdr *control;

        header.msg_control = space.bytes;
        header.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
        control = CMSG_FIRSTHDR(&header);
        control->cmsg_level = SOL_SOCKET;
        control->cmsg_type = SCM_RIGHTS;
        control->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
        memcpy(CMSG_DATA(control), fds, sizeof(int) * fd_count);
    }
    g_assert_cmpint(sendmsg(raw, &header, 0), ==, (gssize)length);
}

/* What was sent is refused, leaves nothing open, and the next message comes as ever. */
static void check_refused(int expected)
{
    struct pp_connection_message message = {0};
    struct pp_connection sender = pp_connection_of(raw);
    int lowest = lowest_fd();

    g_assert_cmpint(pp_connection_recv(&end, &message, 0), ==, expected);
    g_assert_null(message.bytes);
    g_assert_cmpint(lowest_fd(), ==, lowest);
    g_assert_cmpint(pp_connection_send(&sender, "good", 4, NULL, 0, 0), ==, 0);
    g_assert_cmpint(pp_connection_recv(&end, &message, 0), ==, 0);
    g_assert_cmpmem(message.bytes, message.length, "good", 4);
    pp_connection_message_finish(&message);
}

static void send_header(uint32_t magic, uint32_t kind, uint64_t length, const int *fds,
                        uint32_t fd_count)
{
    struct header header = {magic, kind, length};

    send_raw(&header, sizeof(header), fds, fd_count);
}

static void test_packets_without_a_whole_header_are_refused(void)
{
    struct header header = {MAGIC, INLINE, 0};
    int fd = STDERR_FILENO;

    open_ends();
    for (size_t length = 0; length < sizeof(header); length++) {
        send_raw(&header, length, NULL, 0);
        check_refused(-EPROTO);
        send_raw(&header, length, &fd, 1);
        check_refused(-EPROTO);
    }
    close_ends();
}

static void test_headers_that_are_not_ours_are_refused(void)
{
    open_ends();
    send_header(MAGIC + 1, INLINE, 0, NULL, 0);
    check_refused(-EPROTO);
    send_header(MAGIC, 0, 0, NULL, 0);
    check_refused(-EPROTO);
    send_header(MAGIC, 3, 0, NULL, 0);
    check_refused(-EPROTO);
    send_header(MAGIC, UINT32_MAX, UINT64_MAX, NULL, 0);
    check_refused(-EPROTO);
    close_ends();
}

static void test_lengths_that_are_not_true_are_refused(void)
{
    static const uint64_t lengths[] = {
        1,         15, 17, PP_CHANNEL_BYTES_MAX, INT64_MAX, UINT64_MAX - sizeof(struct header) + 1,
        UINT64_MAX};

    open_ends();
    for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
        send_header(MAGIC, INLINE, lengths[i], NULL, 0);
        check_refused(-EPROTO);
    }
    close_ends();
}

static void test_a_packet_that_is_too_long_is_refused(void)
{
    static uint8_t bytes[PP_CHANNEL_BYTES_MAX + 1];
    struct header header = {MAGIC, INLINE, sizeof(bytes) - sizeof(header)};

    open_ends();
    memcpy(bytes, &header, sizeof(header));
    send_raw(bytes, sizeof(bytes), NULL, 0);
    check_refused(-EPROTO);
    close_ends();
}

static void test_too_many_descriptors_are_refused(void)
{
    int fds[FDS_MAX];

    open_ends();
    for (int i = 0; i < FDS_MAX; i++) {
        fds[i] = STDERR_FILENO;
    }
    send_header(MAGIC, INLINE, 0, fds, PP_CONNECTION_FDS_MAX + 1);
    check_refused(-EPROTO);
    send_header(MAGIC, INLINE, 0, fds, PP_CHANNEL_FDS_MAX);
    check_refused(-EPROTO);
    /* The kernel itself drops what the receiver has made no room for. */
    send_header(MAGIC, INLINE, 0, fds, FDS_MAX);
    check_refused(-EMFILE);
    close_ends();
}

static int open_memory(size_t bytes_there, size_t size, int seals)
{
    g_autofree uint8_t *bytes = g_malloc0(bytes_there + 1);
    int fd = memfd_create("hostile", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(write(fd, bytes, bytes_there), ==, (gssize)bytes_there);
    g_assert_cmpint(ftruncate(fd, (off_t)size), ==, 0);
    g_assert_cmpint(fcntl(fd, F_ADD_SEALS, seals), ==, 0);
    return fd;
}

static void check_memory_refused(int fd, uint64_t length)
{
    open_ends();
    send_header(MAGIC, SEALED, length, &fd, 1);
    close(fd);
    check_refused(-EPROTO);
    close_ends();
}

/* With the right seals, size and blocks it is one of ours, so that the others fail for what they
 * are. */
static void test_memory_as_it_should_be_is_taken(void)
{
    struct pp_connection_message message = {0};
    int fd = open_memory(LONG_BYTES, LONG_BYTES, SEALS);

    open_ends();
    send_header(MAGIC, SEALED, LONG_BYTES, &fd, 1);
    close(fd);
    g_assert_cmpint(pp_connection_recv(&end, &message, 0), ==, 0);
    g_assert_cmpuint(message.length, ==, LONG_BYTES);
    g_assert_cmpuint(message.fd_count, ==, 0);
    pp_connection_message_finish(&message);
    close_ends();
}

static void test_memory_that_can_still_change_is_refused(void)
{
    check_memory_refused(open_memory(LONG_BYTES, LONG_BYTES, F_SEAL_SEAL), LONG_BYTES);
    check_memory_refused(open_memory(LONG_BYTES, LONG_BYTES, SEALS & ~F_SEAL_WRITE), LONG_BYTES);
    check_memory_refused(open_memory(LONG_BYTES, LONG_BYTES, SEALS & ~F_SEAL_SHRINK), LONG_BYTES);
    check_memory_refused(open_memory(LONG_BYTES, LONG_BYTES, SEALS & ~F_SEAL_GROW), LONG_BYTES);
}

static void test_memory_of_another_length_is_refused(void)
{
    check_memory_refused(open_memory(LONG_BYTES, LONG_BYTES, SEALS), LONG_BYTES + 1);
    check_memory_refused(open_memory(LONG_BYTES, LONG_BYTES, SEALS), LONG_BYTES - 1);
    check_memory_refused(open_memory(LONG_BYTES, LONG_BYTES, SEALS), UINT64_MAX);
    check_memory_refused(open_memory(100, 100, SEALS), 100);
    check_memory_refused(open_memory(0, 0, SEALS), 0);
}

/* A terabyte that costs its sender nothing. */
static void test_memory_that_is_not_there_is_refused(void)
{
    size_t terabyte = (size_t)1 << 40;

    check_memory_refused(open_memory(0, terabyte, SEALS), terabyte);
    check_memory_refused(open_memory(LONG_BYTES, terabyte, SEALS), terabyte);
    check_memory_refused(open_memory(LONG_BYTES, 2 * LONG_BYTES, SEALS), 2 * LONG_BYTES);
}

static void test_huge_pages_are_refused(void)
{
    int fd = memfd_create("hostile", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB);

    if (fd < 0) {
        g_test_skip("this system has no huge pages");
        return;
    }
    g_assert_cmpint(ftruncate(fd, 1 << 30), ==, 0);
    g_assert_cmpint(fcntl(fd, F_ADD_SEALS, SEALS), ==, 0);
    check_memory_refused(fd, 1 << 30);
}

static void test_what_is_no_memory_is_refused(void)
{
    int pipe_ends[2];
    int none = open("/dev/null", O_RDWR | O_CLOEXEC);

    g_assert_cmpint(pipe2(pipe_ends, O_CLOEXEC), ==, 0);
    close(pipe_ends[1]);
    check_memory_refused(pipe_ends[0], LONG_BYTES);
    check_memory_refused(none, LONG_BYTES);
    check_memory_refused(open("/proc/self/exe", O_RDONLY | O_CLOEXEC), LONG_BYTES);
    open_ends();
    send_header(MAGIC, SEALED, LONG_BYTES, NULL, 0);
    check_refused(-EPROTO);
    close_ends();
}

/* A good packet in which some bytes are other ones, with any descriptors: whatever is made of it,
 * nothing stays open. */
static void test_rubbish_does_no_harm(void)
{
    static uint8_t bytes[1000];
    int memory = open_memory(LONG_BYTES, LONG_BYTES, SEALS);
    int fds[FDS_MAX];
    int lowest;
    int taken = 0;

    open_ends();
    lowest = lowest_fd();
    for (int i = 0; i < ROUNDS; i++) {
        struct header header = {MAGIC, INLINE, 0};
        struct pp_connection_message message = {0};
        size_t length = (size_t)g_test_rand_int_range(sizeof(header), sizeof(bytes));
        uint32_t fd_count = (uint32_t)g_test_rand_int_range(0, i % 8 == 0 ? FDS_MAX + 1 : 3);

        header.kind = g_test_rand_bit() ? INLINE : SEALED;
        header.length = header.kind == INLINE ? length - sizeof(header) : LONG_BYTES;
        memcpy(bytes, &header, sizeof(header));
        for (int k = g_test_rand_int_range(0, 3); k > 0; k--) {
            bytes[g_test_rand_int_range(0, sizeof(header))] = (uint8_t)g_test_rand_int();
        }
        for (uint32_t k = 0; k < fd_count; k++) {
            fds[k] = g_test_rand_bit() ? memory : STDERR_FILENO;
        }
        send_raw(bytes, g_test_rand_bit() ? length : length / 2, fds, fd_count);
        if (pp_connection_recv(&end, &message, 0) == 0) {
            taken++;
            memset(message.bytes, 1, message.length);
        }
        pp_connection_message_finish(&message);
        g_assert_cmpint(lowest_fd(), ==, lowest);
    }
    g_test_message("%d of %d were taken", taken, ROUNDS);
    close(memory);
    close_ends();
}

/* A peer that shuts its side down, but is still there. */
static void test_a_peer_that_goes_halfway_is_an_error(void)
{
    struct pp_connection_message message = {0};

    open_ends();
    g_assert_cmpint(shutdown(raw, SHUT_WR), ==, 0);
    g_assert_cmpint(pp_connection_recv(&end, &message, -1), ==, -EBADF);
    g_assert_cmpint(pp_connection_send(&end, "x", 1, NULL, 0, 0), ==, 0);
    g_assert_cmpint(shutdown(raw, SHUT_RD), ==, 0);
    g_assert_cmpint(pp_connection_send(&end, "x", 1, NULL, 0, -1), ==, -EPIPE);
    g_assert_cmpint(pp_connection_recv(&end, &message, -1), ==, PP_CONNECTION_EOF);
    close_ends();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/connection/packets-without-a-whole-header-are-refused",
                    test_packets_without_a_whole_header_are_refused);
    g_test_add_func("/connection/headers-that-are-not-ours-are-refused",
                    test_headers_that_are_not_ours_are_refused);
    g_test_add_func("/connection/lengths-that-are-not-true-are-refused",
                    test_lengths_that_are_not_true_are_refused);
    g_test_add_func("/connection/a-packet-that-is-too-long-is-refused",
                    test_a_packet_that_is_too_long_is_refused);
    g_test_add_func("/connection/too-many-descriptors-are-refused",
                    test_too_many_descriptors_are_refused);
    g_test_add_func("/connection/memory-as-it-should-be-is-taken",
                    test_memory_as_it_should_be_is_taken);
    g_test_add_func("/connection/memory-that-can-still-change-is-refused",
                    test_memory_that_can_still_change_is_refused);
    g_test_add_func("/connection/memory-of-another-length-is-refused",
                    test_memory_of_another_length_is_refused);
    g_test_add_func("/connection/memory-that-is-not-there-is-refused",
                    test_memory_that_is_not_there_is_refused);
    g_test_add_func("/connection/huge-pages-are-refused", test_huge_pages_are_refused);
    g_test_add_func("/connection/what-is-no-memory-is-refused", test_what_is_no_memory_is_refused);
    g_test_add_func("/connection/rubbish-does-no-harm", test_rubbish_does_no_harm);
    g_test_add_func("/connection/a-peer-that-goes-halfway-is-an-error",
                    test_a_peer_that_goes_halfway_is_an_error);
    return g_test_run();
}
