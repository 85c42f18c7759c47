/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/time.h>

#include "core/channel.h"
#include "core/clock.h"
#include "core/connection.h"
#include "core/point.h"
#include "tests/processes.h"

/* Where a packet has no room for a message any more is the connection's own business; but tests go
 * around it. */
enum { HEADER_BYTES = 16, INLINE_BYTES = PP_CHANNEL_BYTES_MAX - HEADER_BYTES };
enum { HUGE_BYTES = 50 << 20, PEERS = 3, MESSAGES = 2000 };

static struct pp_connection ends[2];

static void open_ends(bool duplex)
{
    g_assert_cmpint(pp_connection_pipe(ends, duplex), ==, 0);
}

static void close_ends(void)
{
    pp_connection_close(&ends[0]);
    pp_connection_close(&ends[1]);
}

static int send_text(struct pp_connection *end, const char *text)
{
    return pp_connection_send(end, text, strlen(text), NULL, 0, PATIENCE_MS);
}

static void check_text(struct pp_connection *end, const char *text)
{
    struct pp_connection_message message = {0};

    g_assert_cmpint(pp_connection_recv(end, &message, PATIENCE_MS), ==, 0);
    g_assert_cmpmem(message.bytes, message.length, text, strlen(text));
    g_assert_cmpuint(message.fd_count, ==, 0);
    pp_connection_message_finish(&message);
    pp_connection_message_finish(&message);
}

/* The number that the next descriptor would get: the same as before where none was left open. */
static int lowest_fd(void)
{
    int fd = dup(STDERR_FILENO);

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    return fd;
}

static void test_messages_go_both_ways(void)
{
    open_ends(true);
    g_assert_cmpint(send_text(&ends[0], "one"), ==, 0);
    g_assert_cmpint(send_text(&ends[0], "two"), ==, 0);
    g_assert_cmpint(send_text(&ends[1], "back"), ==, 0);
    check_text(&ends[1], "one");
    check_text(&ends[1], "two");
    check_text(&ends[0], "back");
    g_assert_cmpint(fcntl(ends[0].fd, F_GETFD) & FD_CLOEXEC, !=, 0);
    g_assert_cmpint(fcntl(ends[1].fd, F_GETFD) & FD_CLOEXEC, !=, 0);
    close_ends();
}

static void test_a_pipe_may_go_one_way(void)
{
    struct pp_connection_message message = {0};

    open_ends(false);
    g_assert_cmpint(send_text(&ends[1], "one way"), ==, 0);
    g_assert_cmpint(send_text(&ends[0], "back"), ==, -EBADF);
    g_assert_cmpint(pp_connection_recv(&ends[1], &message, -1), ==, -EBADF);
    check_text(&ends[0], "one way");
    g_assert_cmpint(pp_connection_recv(&ends[0], &message, 0), ==, -ETIMEDOUT);
    pp_connection_close(&ends[1]);
    g_assert_cmpint(pp_connection_recv(&ends[0], &message, -1), ==, PP_CONNECTION_EOF);
    pp_connection_close(&ends[0]);

    open_ends(false);
    pp_connection_close(&ends[0]);
    g_assert_cmpint(send_text(&ends[1], "nobody"), ==, -EPIPE);
    close_ends();
}

static void fill(uint8_t *bytes, size_t length, uint32_t seed)
{
    for (size_t i = 0; i < length; i++) {
        seed = seed * 1664525 + 1013904223;
        bytes[i] = (uint8_t)(seed >> 24);
    }
}

/* The longest would fill the socket many times over if it went through it. */
static void test_a_message_has_any_length(void)
{
    static const size_t lengths[] = {0,
                                     1,
                                     4096,
                                     INLINE_BYTES - 1,
                                     INLINE_BYTES,
                                     INLINE_BYTES + 1,
                                     PP_CHANNEL_BYTES_MAX,
                                     PP_CHANNEL_BYTES_MAX + 1,
                                     1000001,
                                     HUGE_BYTES};
    g_autofree uint8_t *bytes = g_malloc(HUGE_BYTES);
    int lowest;

    open_ends(true);
    lowest = lowest_fd();
    for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
        struct pp_connection_message message = {0};

        fill(bytes, lengths[i], (uint32_t)i);
        g_assert_cmpint(pp_connection_send(&ends[0], bytes, lengths[i], NULL, 0, 0), ==, 0);
        g_assert_cmpint(pp_connection_recv(&ends[1], &message, 0), ==, 0);
        g_assert_cmpmem(message.bytes, message.length, bytes, lengths[i]);
        g_assert_nonnull(message.bytes);
        g_assert_cmpuint((uintptr_t)message.bytes % 16, ==, 0);
        memset(message.bytes, 0, message.length);
        pp_connection_message_finish(&message);
        g_assert_null(message.bytes);
        g_assert_cmpint(lowest_fd(), ==, lowest);
    }
    close_ends();
}

/* What the sender does with its memory afterwards is its own. */
static void test_what_was_sent_does_not_change(void)
{
    g_autofree uint8_t *bytes = g_malloc(1000000);
    g_autofree uint8_t *copy = g_malloc(1000000);
    struct pp_connection_message message = {0};

    open_ends(true);
    fill(bytes, 1000000, 7);
    memcpy(copy, bytes, 1000000);
    g_assert_cmpint(pp_connection_send(&ends[0], bytes, 1000000, NULL, 0, 0), ==, 0);
    memset(bytes, 0, 1000000);
    g_assert_cmpint(pp_connection_recv(&ends[1], &message, 0), ==, 0);
    g_assert_cmpmem(message.bytes, message.length, copy, 1000000);
    pp_connection_message_finish(&message);
    close_ends();
}

/* Even where the other end had something unread, which the kernel calls a reset. */
static void test_the_end_comes_after_all_that_was_sent(void)
{
    struct pp_connection_message message = {0};

    open_ends(true);
    g_assert_cmpint(send_text(&ends[1], "unread"), ==, 0);
    g_assert_cmpint(send_text(&ends[0], "last"), ==, 0);
    pp_connection_close(&ends[0]);
    g_assert_cmpint(pp_connection_poll(&ends[1], 0), ==, 1);
    check_text(&ends[1], "last");
    g_assert_cmpint(pp_connection_poll(&ends[1], -1), ==, 1);
    for (int i = 0; i < 3; i++) {
        g_assert_cmpint(pp_connection_recv(&ends[1], &message, -1), ==, PP_CONNECTION_EOF);
        g_assert_cmpint(send_text(&ends[1], "nobody"), ==, -EPIPE);
    }
    close_ends();
}

static void test_a_closed_end_is_an_error(void)
{
    struct pp_connection_message message = {0};

    open_ends(true);
    close_ends();
    close_ends();
    g_assert_cmpint(send_text(&ends[0], "x"), ==, -EBADF);
    g_assert_cmpint(pp_connection_recv(&ends[0], &message, -1), ==, -EBADF);
    g_assert_cmpint(pp_connection_poll(&ends[0], -1), ==, -EBADF);
    ends[0] = pp_connection_of(lowest_fd());
    g_assert_cmpint(pp_connection_poll(&ends[0], -1), ==, -EBADF);
    pp_connection_message_finish(&message);
}

static void test_nothing_comes_before_its_time_is_over(void)
{
    struct pp_connection_message message = {0};
    uint64_t start;

    open_ends(true);
    g_assert_cmpint(pp_connection_poll(&ends[0], 0), ==, 0);
    g_assert_cmpint(pp_connection_recv(&ends[0], &message, 0), ==, -ETIMEDOUT);
    start = pp_clock_ns();
    g_assert_cmpint(pp_connection_recv(&ends[0], &message, 11), ==, -ETIMEDOUT);
    g_assert_cmpint(pp_connection_poll(&ends[0], 11), ==, 0);
    g_assert_cmpuint(pp_clock_ns() - start, >=, 22 * UINT64_C(1000000));
    close_ends();
}

/* Returns how many messages the socket took. */
static int fill_socket(struct pp_connection *end)
{
    static uint8_t bytes[20000];
    int count = 0;
    int r;

    while ((r = pp_connection_send(end, bytes, sizeof(bytes), NULL, 0, 0)) == 0) {
        count++;
        g_assert_cmpint(count, <, 10000);
    }
    g_assert_cmpint(r, ==, -ETIMEDOUT);
    return count;
}

static void test_a_full_pipe_says_so(void)
{
    struct pp_connection_message message = {0};
    uint64_t start;
    int count;

    open_ends(true);
    count = fill_socket(&ends[0]);
    start = pp_clock_ns();
    g_assert_cmpint(pp_connection_send(&ends[0], "x", 1, NULL, 0, 15), ==, -ETIMEDOUT);
    g_assert_cmpuint(pp_clock_ns() - start, >=, 15 * UINT64_C(1000000));
    for (int i = 0; i < count; i++) {
        g_assert_cmpint(pp_connection_recv(&ends[1], &message, 0), ==, 0);
        g_assert_cmpuint(message.length, ==, 20000);
        pp_connection_message_finish(&message);
    }
    g_assert_cmpint(pp_connection_recv(&ends[1], &message, 0), ==, -ETIMEDOUT);
    close_ends();
}

/* Memory does not count as the socket's, but a sender must not fill the machine with it. */
static void test_a_slow_receiver_stops_who_sends_long_messages(void)
{
    g_autofree uint8_t *bytes = g_malloc0(1 << 20);
    struct pp_connection_message message = {0};
    int count = 0;
    int r;

    open_ends(true);
    while ((r = pp_connection_send(&ends[0], bytes, 1 << 20, NULL, 0, 0)) == 0) {
        count++;
        g_assert_cmpint(count, <, 20);
    }
    g_assert_cmpint(r, ==, -ETIMEDOUT);
    for (int i = 0; i < count; i++) {
        g_assert_cmpint(pp_connection_recv(&ends[1], &message, 0), ==, 0);
        pp_connection_message_finish(&message);
    }
    close_ends();
}

/* Others may have set the end to whatever they like. */
static void test_an_end_that_does_not_block_waits_as_well(void)
{
    struct pp_connection_message message = {0};

    open_ends(true);
    g_assert_cmpint(fcntl(ends[0].fd, F_SETFL, O_NONBLOCK), ==, 0);
    g_assert_cmpint(pp_connection_recv(&ends[0], &message, 5), ==, -ETIMEDOUT);
    fill_socket(&ends[0]);
    g_assert_cmpint(pp_connection_send(&ends[0], "x", 1, NULL, 0, 5), ==, -ETIMEDOUT);
    close_ends();
}

static void ignore_signal(int number)
{
    (void)number;
}

/* The timer comes again, so one signal too early does no harm. */
static void test_a_signal_ends_a_wait(void)
{
    struct sigaction action = {.sa_handler = ignore_signal, .sa_flags = SA_RESTART};
    struct sigaction before;
    struct itimerval often = {.it_interval = {0, 5000}, .it_value = {0, 5000}};
    struct itimerval never = {0};
    struct pp_connection_message message = {0};

    open_ends(true);
    fill_socket(&ends[0]);
    g_assert_cmpint(sigaction(SIGALRM, &action, &before), ==, 0);
    g_assert_cmpint(setitimer(ITIMER_REAL, &often, NULL), ==, 0);
    g_assert_cmpint(pp_connection_recv(&ends[0], &message, -1), ==, -EINTR);
    g_assert_cmpint(pp_connection_poll(&ends[0], -1), ==, -EINTR);
    g_assert_cmpint(pp_connection_send(&ends[0], "x", 1, NULL, 0, -1), ==, -EINTR);
    g_assert_cmpint(setitimer(ITIMER_REAL, &never, NULL), ==, 0);
    g_assert_cmpint(sigaction(SIGALRM, &before, NULL), ==, 0);
    close_ends();
}

static void test_descriptors_travel_with_messages(void)
{
    static uint8_t bytes[100000];
    const size_t lengths[] = {0, 5, sizeof(bytes)};
    int lowest;

    open_ends(true);
    lowest = lowest_fd();
    for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
        struct pp_connection_message message = {0};
        int fds[PP_CONNECTION_FDS_MAX];
        int taken;

        for (int k = 0; k < PP_CONNECTION_FDS_MAX; k++) {
            fds[k] = ends[k % 2].fd;
        }
        g_assert_cmpint(
            pp_connection_send(&ends[0], bytes, lengths[i], fds, PP_CONNECTION_FDS_MAX, 0), ==, 0);
        g_assert_cmpint(pp_connection_recv(&ends[1], &message, 0), ==, 0);
        g_assert_cmpuint(message.length, ==, lengths[i]);
        g_assert_cmpuint(message.fd_count, ==, PP_CONNECTION_FDS_MAX);
        for (int k = 0; k < PP_CONNECTION_FDS_MAX; k++) {
            g_assert_cmpint(fcntl(message.fds[k], F_GETFD) & FD_CLOEXEC, !=, 0);
        }
        taken = message.fds[3];
        message.fds[3] = -1;
        pp_connection_message_finish(&message);
        g_assert_cmpint(fcntl(taken, F_GETFD), >=, 0);
        close(taken);
        g_assert_cmpint(lowest_fd(), ==, lowest);
    }
    close_ends();
}

static void test_too_many_descriptors_are_refused(void)
{
    struct pp_connection_message message = {0};
    int fds[PP_CONNECTION_FDS_MAX + 1] = {0};

    open_ends(true);
    g_assert_cmpint(pp_connection_send(&ends[0], "x", 1, fds, PP_CONNECTION_FDS_MAX + 1, 0), ==,
                    -E2BIG);
    fds[0] = lowest_fd();
    g_assert_cmpint(pp_connection_send(&ends[0], "x", 1, fds, 1, 0), ==, -EBADF);
    g_assert_cmpint(pp_connection_recv(&ends[1], &message, 0), ==, -ETIMEDOUT);
    close_ends();
}

/* What is received before is not lost, and what comes after is not in the way. */
static void test_descriptors_that_do_not_fit_lose_the_message(void)
{
    static uint8_t bytes[100000];
    struct pp_connection_message message = {0};
    struct rlimit limit;
    struct rlimit tight;
    int fds[4] = {0, 0, 0, 0};
    int lowest;

    open_ends(true);
    g_assert_cmpint(send_text(&ends[0], "before"), ==, 0);
    g_assert_cmpint(pp_connection_send(&ends[0], "x", 1, fds, 4, 0), ==, 0);
    g_assert_cmpint(pp_connection_send(&ends[0], bytes, sizeof(bytes), NULL, 0, 0), ==, 0);
    g_assert_cmpint(send_text(&ends[0], "after"), ==, 0);
    lowest = lowest_fd();
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    tight = limit;
    tight.rlim_cur = (rlim_t)lowest;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &tight), ==, 0);
    check_text(&ends[1], "before");
    g_assert_cmpint(pp_connection_recv(&ends[1], &message, 0), ==, -EMFILE);
    g_assert_cmpint(pp_connection_recv(&ends[1], &message, 0), ==, -EMFILE);
    check_text(&ends[1], "after");
    /* Nor is there room for the memory of a long message that is to be sent. */
    g_assert_cmpint(pp_connection_send(&ends[0], bytes, sizeof(bytes), NULL, 0, 0), ==, -EMFILE);
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    g_assert_cmpint(lowest_fd(), ==, lowest);
    g_assert_cmpint(pp_connection_recv(&ends[1], &message, 0), ==, -ETIMEDOUT);
    close_ends();
}

/* From here on with other processes: each closes the end that is not its own. */

static pid_t start_peer(child_fn run)
{
    return start_child(run, NULL);
}

static int write_into_what_comes(void *unused)
{
    struct pp_connection_message message = {0};

    (void)unused;
    pp_connection_close(&ends[0]);
    if (pp_connection_recv(&ends[1], &message, PATIENCE_MS) != 0 || message.fd_count != 1) {
        return 1;
    }
    return write(message.fds[0], message.bytes, message.length) == (ssize_t)message.length ? 0 : 2;
}

static void test_a_child_writes_into_a_pipe_that_it_was_sent(void)
{
    int pipe_ends[2];
    char text[16];
    pid_t pid;

    open_ends(true);
    pid = start_peer(write_into_what_comes);
    g_assert_cmpint(pipe2(pipe_ends, O_CLOEXEC), ==, 0);
    g_assert_cmpint(pp_connection_send(&ends[0], "through", 7, &pipe_ends[1], 1, PATIENCE_MS), ==,
                    0);
    close(pipe_ends[1]);
    g_assert_cmpint(read(pipe_ends[0], text, sizeof(text)), ==, 7);
    g_assert_cmpmem(text, 7, "through", 7);
    g_assert_cmpint(read(pipe_ends[0], text, sizeof(text)), ==, 0);
    close(pipe_ends[0]);
    g_assert_cmpint(join_child(pid), ==, 0);
    close_ends();
}

static int echo(void *unused)
{
    struct pp_connection_message message = {0};
    int r;

    (void)unused;
    pp_connection_close(&ends[0]);
    while ((r = pp_connection_recv(&ends[1], &message, PATIENCE_MS)) == 0) {
        r = pp_connection_send(&ends[1], message.bytes, message.length, message.fds,
                               message.fd_count, PATIENCE_MS);
        pp_connection_message_finish(&message);
        if (r != 0) {
            return 1;
        }
    }
    return r == PP_CONNECTION_EOF ? 0 : 2;
}

static void test_a_peer_sends_back_what_it_gets(void)
{
    g_autofree uint8_t *bytes = g_malloc(300000);
    pid_t pid;

    open_ends(true);
    pid = start_peer(echo);
    pp_connection_close(&ends[1]);
    for (uint32_t i = 0; i < 300; i++) {
        size_t length = (size_t)g_test_rand_int_range(0, i % 10 == 0 ? 300000 : 2000);
        struct pp_connection_message message = {0};

        fill(bytes, length, i);
        g_assert_cmpint(pp_connection_send(&ends[0], bytes, length, NULL, 0, -1), ==, 0);
        g_assert_cmpint(pp_connection_recv(&ends[0], &message, PATIENCE_MS), ==, 0);
        g_assert_cmpmem(message.bytes, message.length, bytes, length);
        pp_connection_message_finish(&message);
    }
    pp_connection_close(&ends[0]);
    g_assert_cmpint(join_child(pid), ==, 0);
}

static const char *fatal_point;
static size_t fatal_length;

static void die_there(const char *name)
{
    if (strcmp(name, fatal_point) == 0) {
        raise(SIGKILL);
    }
}

static int send_and_die(void *unused)
{
    static uint8_t bytes[100000];

    (void)unused;
    pp_connection_close(&ends[0]);
    if (send_text(&ends[1], "whole") != 0) {
        return 1;
    }
    pp_point_hook = die_there;
    return pp_connection_send(&ends[1], bytes, fatal_length, NULL, 0, -1);
}

static void check_death(const char *point, size_t length, bool is_sent)
{
    struct pp_connection_message message = {0};

    fatal_point = point;
    fatal_length = length;
    open_ends(true);
    g_assert_cmpint(join_child(start_peer(send_and_die)), ==, -1);
    pp_connection_close(&ends[1]);
    check_text(&ends[0], "whole");
    if (is_sent) {
        g_assert_cmpint(pp_connection_recv(&ends[0], &message, -1), ==, 0);
        g_assert_cmpuint(message.length, ==, length);
        pp_connection_message_finish(&message);
    }
    g_assert_cmpint(pp_connection_recv(&ends[0], &message, -1), ==, PP_CONNECTION_EOF);
    close_ends();
}

static void test_a_sender_that_dies_has_sent_all_or_nothing(void)
{
    check_death("connection.send", 10, false);
    check_death("connection.sent", 10, true);
    check_death("connection.send", 100000, false);
    check_death("connection.send.sealed", 100000, false);
    check_death("connection.sent", 100000, true);
}

static int receive_and_die(void *unused)
{
    struct pp_connection_message message = {0};

    (void)unused;
    pp_connection_close(&ends[0]);
    fatal_point = "connection.received";
    pp_point_hook = die_there;
    return pp_connection_recv(&ends[1], &message, PATIENCE_MS);
}

/* It has taken one with it; the others are there for who holds the same end. */
static void test_a_receiver_that_dies_takes_one_message_with_it(void)
{
    static uint8_t bytes[100000];
    pid_t pid;

    open_ends(true);
    pid = start_peer(receive_and_die);
    g_assert_cmpint(pp_connection_send(&ends[0], bytes, sizeof(bytes), NULL, 0, 0), ==, 0);
    g_assert_cmpint(join_child(pid), ==, -1);
    g_assert_cmpint(send_text(&ends[0], "next"), ==, 0);
    check_text(&ends[1], "next");
    close_ends();
}

static int wait_for_room(void *unused)
{
    (void)unused;
    pp_connection_close(&ends[0]);
    return send_text(&ends[1], "at last") == 0 ? 0 : EPIPE;
}

static void test_who_waits_for_room_gets_it(void)
{
    struct pp_connection_message message = {0};
    pid_t pid;
    int count;

    open_ends(true);
    count = fill_socket(&ends[1]);
    pid = start_peer(wait_for_room);
    WAIT_UNTIL(sleeps(pid));
    for (int i = 0; i < count; i++) {
        g_assert_cmpint(pp_connection_recv(&ends[0], &message, 0), ==, 0);
        pp_connection_message_finish(&message);
    }
    check_text(&ends[0], "at last");
    g_assert_cmpint(join_child(pid), ==, 0);
    close_ends();
}

static void test_who_waits_for_room_learns_that_nobody_reads(void)
{
    pid_t pid;

    open_ends(true);
    fill_socket(&ends[1]);
    pid = start_peer(wait_for_room);
    WAIT_UNTIL(sleeps(pid));
    close_ends();
    g_assert_cmpint(join_child(pid), ==, EPIPE);
}

struct tally {
    _Atomic uint32_t writers;
    _Atomic uint8_t received[PEERS][MESSAGES];
};

static size_t length_of(uint32_t number)
{
    return number % 16 == 0 ? 40000 : 100;
}

static int send_many(void *memory)
{
    struct tally *tally = memory;
    uint32_t words[40000 / 4];
    uint32_t writer = atomic_fetch_add(&tally->writers, 1);

    for (uint32_t i = 0; i < MESSAGES; i++) {
        for (size_t k = 0; k < length_of(i) / 4; k++) {
            words[k] = writer * MESSAGES + i;
        }
        if (pp_connection_send(&ends[0], words, length_of(i), NULL, 0, PATIENCE_MS) != 0) {
            return 1;
        }
    }
    return 0;
}

/* Each message is whole, and one sender's come in order. */
static int receive_many(void *memory)
{
    struct tally *tally = memory;
    uint32_t next[PEERS] = {0};
    struct pp_connection_message message = {0};
    int r;

    pp_connection_close(&ends[0]);
    while ((r = pp_connection_recv(&ends[1], &message, PATIENCE_MS)) == 0) {
        const uint32_t *words = message.bytes;
        uint32_t writer = words[0] / MESSAGES;
        uint32_t number = words[0] % MESSAGES;

        if (message.length != length_of(number) || number < next[writer]) {
            return 1;
        }
        for (size_t i = 0; i < message.length / 4; i++) {
            if (words[i] != words[0]) {
                return 2;
            }
        }
        next[writer] = number + 1;
        atomic_fetch_add(&tally->received[writer][number], 1);
        pp_connection_message_finish(&message);
    }
    return r == PP_CONNECTION_EOF ? 0 : 3;
}

static void test_several_processes_hold_each_end(void)
{
    struct pp_slot slot;
    struct tally *tally = share(&slot, sizeof(*tally));
    pid_t pids[2 * PEERS];

    open_ends(true);
    for (int i = 0; i < PEERS; i++) {
        pids[i] = start_child(receive_many, tally);
        pids[PEERS + i] = start_child(send_many, tally);
    }
    close_ends();
    for (int i = 0; i < 2 * PEERS; i++) {
        g_assert_cmpint(join_child(pids[i]), ==, 0);
    }
    for (int writer = 0; writer < PEERS; writer++) {
        for (int i = 0; i < MESSAGES; i++) {
            g_assert_cmpuint(atomic_load(&tally->received[writer][i]), ==, 1);
        }
    }
    pp_slot_finish(&slot);
}

static void *send_in_thread(void *memory)
{
    g_assert_cmpint(send_many(memory), ==, 0);
    return NULL;
}

static void *receive_in_thread(void *memory)
{
    struct tally *tally = memory;
    struct pp_connection_message message = {0};

    while (pp_connection_recv(&ends[1], &message, PATIENCE_MS) == 0) {
        uint32_t first = *(const uint32_t *)message.bytes;

        atomic_fetch_add(&tally->received[first / MESSAGES][first % MESSAGES], 1);
        pp_connection_message_finish(&message);
    }
    return NULL;
}

static void test_several_threads_use_each_end(void)
{
    struct pp_slot slot;
    struct tally *tally = share(&slot, sizeof(*tally));
    pthread_t senders[PEERS];
    pthread_t receivers[PEERS];

    open_ends(true);
    for (int i = 0; i < PEERS; i++) {
        g_assert_cmpint(pthread_create(&receivers[i], NULL, receive_in_thread, tally), ==, 0);
        g_assert_cmpint(pthread_create(&senders[i], NULL, send_in_thread, tally), ==, 0);
    }
    for (int i = 0; i < PEERS; i++) {
        pthread_join(senders[i], NULL);
    }
    pp_connection_close(&ends[0]);
    for (int i = 0; i < PEERS; i++) {
        pthread_join(receivers[i], NULL);
    }
    for (int writer = 0; writer < PEERS; writer++) {
        for (int i = 0; i < MESSAGES; i++) {
            g_assert_cmpuint(atomic_load(&tally->received[writer][i]), ==, 1);
        }
    }
    close_ends();
    pp_slot_finish(&slot);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    pp_point_follow_environment();
    g_test_add_func("/connection/messages-go-both-ways", test_messages_go_both_ways);
    g_test_add_func("/connection/a-pipe-may-go-one-way", test_a_pipe_may_go_one_way);
    g_test_add_func("/connection/a-message-has-any-length", test_a_message_has_any_length);
    g_test_add_func("/connection/what-was-sent-does-not-change",
                    test_what_was_sent_does_not_change);
    g_test_add_func("/connection/the-end-comes-after-all-that-was-sent",
                    test_the_end_comes_after_all_that_was_sent);
    g_test_add_func("/connection/a-closed-end-is-an-error", test_a_closed_end_is_an_error);
    g_test_add_func("/connection/nothing-comes-before-its-time-is-over",
                    test_nothing_comes_before_its_time_is_over);
    g_test_add_func("/connection/a-full-pipe-says-so", test_a_full_pipe_says_so);
    g_test_add_func("/connection/a-slow-receiver-stops-who-sends-long-messages",
                    test_a_slow_receiver_stops_who_sends_long_messages);
    g_test_add_func("/connection/an-end-that-does-not-block-waits-as-well",
                    test_an_end_that_does_not_block_waits_as_well);
    g_test_add_func("/connection/a-signal-ends-a-wait", test_a_signal_ends_a_wait);
    g_test_add_func("/connection/descriptors-travel-with-messages",
                    test_descriptors_travel_with_messages);
    g_test_add_func("/connection/too-many-descriptors-are-refused",
                    test_too_many_descriptors_are_refused);
    g_test_add_func("/connection/descriptors-that-do-not-fit-lose-the-message",
                    test_descriptors_that_do_not_fit_lose_the_message);
    g_test_add_func("/connection/a-child-writes-into-a-pipe-that-it-was-sent",
                    test_a_child_writes_into_a_pipe_that_it_was_sent);
    g_test_add_func("/connection/a-peer-sends-back-what-it-gets",
                    test_a_peer_sends_back_what_it_gets);
    g_test_add_func("/connection/a-sender-that-dies-has-sent-all-or-nothing",
                    test_a_sender_that_dies_has_sent_all_or_nothing);
    g_test_add_func("/connection/a-receiver-that-dies-takes-one-message-with-it",
                    test_a_receiver_that_dies_takes_one_message_with_it);
    g_test_add_func("/connection/who-waits-for-room-gets-it", test_who_waits_for_room_gets_it);
    g_test_add_func("/connection/who-waits-for-room-learns-that-nobody-reads",
                    test_who_waits_for_room_learns_that_nobody_reads);
    g_test_add_func("/connection/several-processes-hold-each-end",
                    test_several_processes_hold_each_end);
    g_test_add_func("/connection/several-threads-use-each-end", test_several_threads_use_each_end);
    return g_test_run();
}
