/* SPDX-License-Identifier: MIT */
#include <poll.h>

#include "core/manager_barrier.h"
#include "core/manager_condition.h"
#include "core/manager_dict.h"
#include "core/manager_event.h"
#include "core/manager_joinable_queue.h"
#include "core/manager_list.h"
#include "core/manager_lock.h"
#include "core/manager_protocol.h"
#include "core/manager_queue.h"
#include "core/manager_semaphore.h"
#include "core/manager_value.h"
#include "tests/managing.h"

#define MEGABYTES (1 << 20)

/* Long enough that an honest client, on a busy machine, is never so slow. */
enum { STALL_MS = 1000 };

static void begin_with(struct fixture *fixture, const struct pp_manager_limits *limits)
{
    start_server_at(&fixture->server, NULL, limits);
    fixture->manager = connect_to(&fixture->server);
}

/* A connection that says nothing by itself. */
static int connect_raw(const struct fixture *fixture)
{
    int fd = -1;

    g_assert_cmpint(pp_manager_address_connect(fixture->server.address.path, false, &fd), ==, 0);
    return fd;
}

/* Returns false where the server does not listen any more. */
static bool send_bytes(int fd, const void *bytes, size_t length)
{
    size_t done = 0;

    while (done < length) {
        ssize_t sent = send(fd, (const char *)bytes + done, length - done, MSG_NOSIGNAL);

        if (sent <= 0) {
            return false;
        }
        done += (size_t)sent;
    }
    return true;
}

static bool send_frame(int fd, uint64_t object, uint32_t operation, const void *payload,
                       size_t length)
{
    struct pp_frame_writer frame = {.bytes = NULL};
    bool sent;

    pp_frame_put_u32(&frame, (uint32_t)length);
    pp_frame_put_u32(&frame, 7);
    pp_frame_put_u64(&frame, object);
    pp_frame_put_u32(&frame, operation);
    sent = send_bytes(fd, frame.bytes, frame.length) && send_bytes(fd, payload, length);
    pp_frame_writer_finish(&frame);
    return sent;
}

static bool receive_bytes(int fd, void *bytes, size_t length)
{
    size_t done = 0;

    while (done < length) {
        ssize_t received = recv(fd, (char *)bytes + done, length - done, 0);

        if (received <= 0) {
            return false;
        }
        done += (size_t)received;
    }
    return true;
}

static void greet(int fd)
{
    struct pp_frame_writer hello = {.bytes = NULL};
    uint8_t answer[PP_MANAGER_ANSWER_BYTES + 12];

    pp_frame_put_u64(&hello, PP_MANAGER_MAGIC);
    pp_frame_put_u32(&hello, PP_MANAGER_VERSION);
    g_assert_true(send_frame(fd, 0, PP_MANAGER_HELLO, hello.bytes, hello.length));
    g_assert_true(receive_bytes(fd, answer, sizeof(answer)));
    pp_frame_writer_finish(&hello);
}

/* Waits until the server has closed the connection; what it had to say before is dropped. */
static void wait_for_close(int fd)
{
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    char bytes[4096];

    do {
        g_assert_cmpint(poll(&poller, 1, PATIENCE_MS), ==, 1);
    } while (recv(fd, bytes, sizeof(bytes), 0) > 0);
    close(fd);
}

static void fill_randomly(uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        bytes[i] = (uint8_t)g_test_rand_int_range(0, 256);
    }
}

/* Read what there is, so that the server can go on, and see whether it has closed. */
static bool drain(int fd)
{
    char bytes[4096];
    ssize_t received;

    do {
        received = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    } while (received > 0);
    return received < 0 && errno == EAGAIN;
}

static void test_any_bytes_do_no_harm(void)
{
    struct fixture fixture;

    begin_with(&fixture, NULL);
    for (int round = 0; round < 500; round++) {
        int fd = connect_raw(&fixture);
        uint8_t bytes[200];

        if (g_test_rand_int_range(0, 2) == 0) {
            greet(fd);
        }
        fill_randomly(bytes, sizeof(bytes));
        /* Short lengths, or there is no more to it than that it is too long. */
        bytes[1] = bytes[2] = bytes[3] = 0;
        send_bytes(fd, bytes, (size_t)g_test_rand_int_range(0, sizeof(bytes)));
        drain(fd);
        close(fd);
    }
    check_service(&fixture);
    end(&fixture);
}

/* One object of each kind, where there is room and nobody has removed its name or taken it for
 * something else. Returns the highest number of one. */
static uint64_t make_objects(struct pp_manager *manager)
{
    struct pp_manager_dict dict;
    struct pp_manager_list list;
    struct pp_manager_queue queue;
    struct pp_manager_joinable_queue joinable;
    struct pp_manager_value value;
    struct pp_manager_lock lock;
    struct pp_manager_rlock rlock;
    struct pp_manager_semaphore semaphore;
    struct pp_manager_event event;
    struct pp_manager_condition condition;
    struct pp_manager_barrier barrier;
    int r = pp_manager_dict(manager, "dict", &dict);

    r |= pp_manager_list(manager, "list", &list);
    r |= pp_manager_queue(manager, "queue", 2, &queue);
    r |= pp_manager_joinable_queue(manager, "joinable", 2, &joinable);
    r |= pp_manager_value(manager, "value", 'i', &value);
    r |= pp_manager_lock(manager, "lock", &lock);
    r |= pp_manager_semaphore(manager, "semaphore", 1, &semaphore);
    r |= pp_manager_event(manager, "event", &event);
    r |= pp_manager_barrier(manager, "barrier", 2, &barrier);
    if (pp_manager_rlock(manager, "rlock", &rlock) == 0) {
        r |= pp_manager_condition(manager, "condition", &rlock, &condition);
    }
    return r == 0 ? MAX(barrier.proxy.object, condition.proxy.object) : 0;
}

/* Operations that there are, and some that there are not. */
static uint32_t random_operation(void)
{
    return (uint32_t)(g_test_rand_int_range(0, 10) << 8 | g_test_rand_int_range(0, 14));
}

/* What a request may carry, in any order: so some of it is what is expected. */
static void put_random_field(struct pp_frame_writer *payload)
{
    static const char *const names[] = {"dict", "queue", "rlock", "condition", "n", "", "new"};
    const char *name = names[g_test_rand_int_range(0, PP_ARRAY_LENGTH(names))];
    struct pp_item item = g_test_rand_int_range(0, 2) == 0
                              ? pp_item_int(g_test_rand_int_range(-3, 3))
                              : pp_item_text(name);

    switch (g_test_rand_int_range(0, 6)) {
    case 0:
        pp_frame_put_u8(payload, (uint8_t)g_test_rand_int_range(0, 16));
        break;
    case 1:
        pp_frame_put_u32(payload, (uint32_t)g_test_rand_int_range(0, 3));
        break;
    case 2:
        pp_frame_put_i64(payload, g_test_rand_int_range(-3, 3));
        break;
    case 3:
        pp_frame_put_text(payload, name, strlen(name));
        break;
    case 4:
        pp_frame_put_item(payload, &item);
        break;
    default:
        pp_frame_put_u32(payload, g_test_rand_bit() ? 1 : (uint32_t)g_test_rand_int());
        break;
    }
}

static bool send_random_request(int fd, uint64_t last_object)
{
    struct pp_frame_writer payload = {.bytes = NULL};
    int fields = g_test_rand_int_range(0, 4);
    bool sent;

    for (int i = 0; i < fields; i++) {
        put_random_field(&payload);
    }
    if (payload.length > 0 && g_test_rand_int_range(0, 8) == 0) {
        payload.bytes[g_test_rand_int_range(0, (int)payload.length)] ^=
            (uint8_t)(1 << g_test_rand_int_range(0, 8));
    }
    sent = send_frame(fd, (uint64_t)g_test_rand_int_range(0, (gint32)last_object + 2),
                      random_operation(), payload.bytes, payload.length);
    pp_frame_writer_finish(&payload);
    return sent;
}

/* Requests that look like requests, from several clients at once: many are nonsense and close the
 * connection, the others do all there is to do, and wait for each other. A sanitizer watches the
 * server. */
static void send_random_requests(const struct pp_manager_limits *limits)
{
    enum { CLIENTS = 8, REQUESTS = 20000 };
    struct fixture fixture;
    uint64_t last_object = 0;
    int fds[CLIENTS];

    begin_with(&fixture, limits);
    for (int i = 0; i < CLIENTS; i++) {
        fds[i] = connect_raw(&fixture);
        greet(fds[i]);
    }
    for (int i = 0; i < REQUESTS; i++) {
        int *fd = &fds[g_test_rand_int_range(0, CLIENTS)];

        if (i % 500 == 0) {
            last_object = MAX(last_object, make_objects(fixture.manager));
        }
        if (!send_random_request(*fd, last_object) || !drain(*fd) ||
            g_test_rand_int_range(0, 50) == 0) {
            close(*fd);
            *fd = connect_raw(&fixture);
            greet(*fd);
        }
    }
    for (int i = 0; i < CLIENTS; i++) {
        close(fds[i]);
    }
    end(&fixture);
}

static void test_requests_of_any_kind_do_no_harm(void)
{
    static const struct pp_manager_limits wide = {.memory_bytes = 2 * MEGABYTES};
    static const struct pp_manager_limits narrow = {.memory_bytes = 5000};

    send_random_requests(&wide);
    send_random_requests(&narrow);
}

static void test_a_request_that_is_too_long_is_not_waited_for(void)
{
    static const uint8_t header[PP_MANAGER_REQUEST_BYTES] = {0xff, 0xff, 0xff, 0x7f};
    struct fixture fixture;
    int fd;

    begin_with(&fixture, NULL);
    fd = connect_raw(&fixture);
    greet(fd);
    g_assert_true(send_bytes(fd, header, sizeof(header)));
    wait_for_close(fd);
    check_service(&fixture);
    end(&fixture);
}

static void test_strangers_who_do_not_greet_are_hung_up_on(void)
{
    struct fixture fixture;
    int fd;

    begin_with(&fixture, NULL);
    fd = connect_raw(&fixture);
    g_assert_true(send_bytes(fd, "GET / HTTP/1.1\r\n\r\n and more", 28));
    wait_for_close(fd);
    fd = connect_raw(&fixture);
    g_assert_true(send_frame(fd, 0, PP_MANAGER_REMOVE, "\4\0dict", 6));
    wait_for_close(fd);
    check_service(&fixture);
    end(&fixture);
}

/* In the middle of a hello, of a header and of what follows one; and one that says nothing at all.
 */
static void test_half_a_request_is_waited_for_only_so_long(void)
{
    static const struct pp_manager_limits limits = {.stall_ms = STALL_MS};
    struct fixture fixture;
    int fds[4];

    begin_with(&fixture, &limits);
    for (int i = 0; i < 4; i++) {
        fds[i] = connect_raw(&fixture);
    }
    g_assert_true(send_bytes(fds[1], "\x0c\0\0", 3));
    greet(fds[2]);
    g_assert_true(send_bytes(fds[2], "\x0c", 1));
    greet(fds[3]);
    g_assert_true(send_bytes(fds[3], "\x0c\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0\0\1\0\0half", 24));
    check_service(&fixture);
    for (int i = 0; i < 4; i++) {
        wait_for_close(fds[i]);
    }
    /* Who has nothing to say is not half way through anything. */
    check_service(&fixture);
    end(&fixture);
}

/* A lock that is waited for is no stall, though longer than one. */
static void test_who_waits_does_not_stall(void)
{
    static const struct pp_manager_limits limits = {.stall_ms = STALL_MS};
    struct fixture fixture;
    struct pp_manager_event event;

    begin_with(&fixture, &limits);
    g_assert_cmpint(pp_manager_event(fixture.manager, "never", &event), ==, 0);
    g_assert_cmpint(pp_manager_event_wait(&event, STALL_MS + 200), ==, -ETIMEDOUT);
    check_service(&fixture);
    end(&fixture);
}

/* It asks for a long item again and again, and reads nothing. */
static void test_who_does_not_read_is_hung_up_on(void)
{
    static const struct pp_manager_limits limits = {.stall_ms = STALL_MS};
    struct fixture fixture;
    struct pp_manager_dict dict;
    char *filler = g_malloc0(8 * MEGABYTES);
    struct pp_item item = pp_item_bytes(filler, 8 * MEGABYTES);
    int fd;

    begin_with(&fixture, &limits);
    g_assert_cmpint(pp_manager_dict(fixture.manager, "dict", &dict), ==, 0);
    g_assert_cmpint(pp_manager_dict_set(&dict, "n", &item), ==, 0);
    fd = connect_raw(&fixture);
    greet(fd);
    for (int i = 0; i < 20; i++) {
        if (!send_frame(fd, dict.proxy.object, PP_MANAGER_DICT_GET, "\1\0n", 3)) {
            break;
        }
    }
    check_service(&fixture);
    WAIT_UNTIL(send(fd, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno == EPIPE);
    close(fd);
    check_service(&fixture);
    g_free(filler);
    end(&fixture);
}

static long resident_bytes(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/statm", (int)pid);
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return strtol(strchr(text, ' '), NULL, 10) * sysconf(_SC_PAGESIZE);
}

/* Each sends almost all of what may be sent, and no end of it. */
static void test_half_requests_do_not_fill_the_memory(void)
{
    enum { HALVES = 12, EACH = 60 * MEGABYTES };
    struct fixture fixture;
    char *filler = g_malloc0(EACH);
    struct pp_frame_writer header = {.bytes = NULL};
    int fds[HALVES];
    int closed = 0;

    begin_with(&fixture, NULL);
    pp_frame_put_u32(&header, EACH + 1000);
    pp_frame_put_u32(&header, 1);
    pp_frame_put_u64(&header, 1);
    pp_frame_put_u32(&header, PP_MANAGER_DICT_SET);
    for (int i = 0; i < HALVES; i++) {
        fds[i] = connect_raw(&fixture);
        greet(fds[i]);
        send_bytes(fds[i], header.bytes, header.length);
        send_bytes(fds[i], filler, EACH);
        check_service(&fixture);
        g_assert_cmpint(resident_bytes(fixture.server.pid), <, 600L * MEGABYTES);
    }
    for (int i = 0; i < HALVES; i++) {
        closed += drain(fds[i]) ? 0 : 1;
        close(fds[i]);
    }
    g_assert_cmpint(closed, >, HALVES / 2);
    pp_frame_writer_finish(&header);
    g_free(filler);
    end(&fixture);
}

/* Many requests before the first answer is read; each is answered, in order. */
static void test_requests_may_be_sent_ahead(void)
{
    enum { AHEAD = 3000 };
    struct fixture fixture;
    struct pp_manager_dict dict;
    struct pp_frame_writer requests = {.bytes = NULL};
    int fd;

    begin_with(&fixture, NULL);
    g_assert_cmpint(pp_manager_dict(fixture.manager, "dict", &dict), ==, 0);
    fd = connect_raw(&fixture);
    greet(fd);
    for (uint32_t i = 0; i < AHEAD; i++) {
        pp_frame_put_u32(&requests, 0);
        pp_frame_put_u32(&requests, i);
        pp_frame_put_u64(&requests, dict.proxy.object);
        pp_frame_put_u32(&requests, PP_MANAGER_DICT_LENGTH);
    }
    g_assert_true(send_bytes(fd, requests.bytes, requests.length));
    for (uint32_t i = 0; i < AHEAD; i++) {
        uint8_t answer[PP_MANAGER_ANSWER_BYTES + 8];
        struct pp_frame_reader reader = pp_frame_reader_of(answer, sizeof(answer));

        g_assert_true(receive_bytes(fd, answer, sizeof(answer)));
        g_assert_cmpuint(pp_frame_get_u32(&reader), ==, 8);
        g_assert_cmpuint(pp_frame_get_u32(&reader), ==, i);
        g_assert_cmpuint(pp_frame_get_u32(&reader), ==, 0);
    }
    close(fd);
    pp_frame_writer_finish(&requests);
    end(&fixture);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manager-hostile/any-bytes-do-no-harm", test_any_bytes_do_no_harm);
    g_test_add_func("/manager-hostile/requests-of-any-kind-do-no-harm",
                    test_requests_of_any_kind_do_no_harm);
    g_test_add_func("/manager-hostile/a-request-that-is-too-long-is-not-waited-for",
                    test_a_request_that_is_too_long_is_not_waited_for);
    g_test_add_func("/manager-hostile/strangers-who-do-not-greet-are-hung-up-on",
                    test_strangers_who_do_not_greet_are_hung_up_on);
    g_test_add_func("/manager-hostile/half-a-request-is-waited-for-only-so-long",
                    test_half_a_request_is_waited_for_only_so_long);
    g_test_add_func("/manager-hostile/who-waits-does-not-stall", test_who_waits_does_not_stall);
    g_test_add_func("/manager-hostile/who-does-not-read-is-hung-up-on",
                    test_who_does_not_read_is_hung_up_on);
    g_test_add_func("/manager-hostile/half-requests-do-not-fill-the-memory",
                    test_half_requests_do_not_fill_the_memory);
    g_test_add_func("/manager-hostile/requests-may-be-sent-ahead", test_requests_may_be_sent_ahead);
    return g_test_run();
}
