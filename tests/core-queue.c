/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>

#include "core/clock.h"
#include "core/futex.h"
#include "core/point.h"
#include "core/simple_queue.h"
#include "tests/seccomp.h"

/* Short messages are copied under the lock, long ones without it. */
enum { ROOM = 7, SHORT_BYTES = 16, LONG_BYTES = 5000 };
enum { WRITERS = 3, READERS = 3, MESSAGES = 4000 };

struct message {
    uint32_t writer;
    uint32_t number;
    uint8_t fill[LONG_BYTES - 8];
};

/* What the processes of a test have in common; the queue lies behind it. */
struct shared {
    _Atomic uint32_t said;
    _Atomic uint32_t received[WRITERS][MESSAGES];
    size_t length; /* of the messages that they send */
};

#define QUEUE_OFFSET ((sizeof(struct shared) + 63) / 64 * 64)

static struct pp_queue *queue_of(struct shared *shared)
{
    return (void *)((char *)shared + QUEUE_OFFSET);
}

static struct shared *begin(struct pp_slot *slot, uint32_t room, size_t message_bytes)
{
    struct shared *shared = share(slot, QUEUE_OFFSET + pp_queue_bytes(room, message_bytes));

    g_assert_cmpint(pp_queue_init(queue_of(shared), room, message_bytes), ==, 0);
    shared->length = message_bytes;
    return shared;
}

static void put_number(struct pp_queue *queue, uint32_t number)
{
    g_assert_cmpint(pp_queue_put(queue, &number, sizeof(number), 0), ==, 0);
}

static void check_next_number(struct pp_queue *queue, uint32_t expected)
{
    uint32_t number = UINT32_MAX;
    size_t length = 0;

    g_assert_cmpint(pp_queue_get(queue, &number, sizeof(number), &length, 0), ==, 0);
    g_assert_cmpuint(length, ==, sizeof(number));
    g_assert_cmpuint(number, ==, expected);
}

static void test_first_in_is_first_out(void)
{
    struct pp_slot slot;
    struct pp_queue *queue = queue_of(begin(&slot, ROOM, SHORT_BYTES));

    for (uint32_t i = 0; i < 3 * ROOM; i++) {
        put_number(queue, 2 * i);
        put_number(queue, 2 * i + 1);
        check_next_number(queue, 2 * i);
        check_next_number(queue, 2 * i + 1);
    }
    pp_slot_finish(&slot);
}

static void test_counts_say_what_is_there(void)
{
    struct pp_slot slot;
    struct pp_queue *queue = queue_of(begin(&slot, ROOM, SHORT_BYTES));

    for (uint32_t i = 0; i < ROOM; i++) {
        g_assert_true(pp_queue_empty(queue) == (i == 0));
        g_assert_false(pp_queue_full(queue));
        g_assert_cmpuint(pp_queue_qsize(queue), ==, i);
        put_number(queue, i);
    }
    g_assert_true(pp_queue_full(queue));
    g_assert_cmpuint(pp_queue_qsize(queue), ==, ROOM);
    g_assert_cmpint(pp_queue_put(queue, "x", 1, 0), ==, -ETIMEDOUT);
    g_assert_cmpint(pp_queue_put_none(queue, 0), ==, -ETIMEDOUT);
    check_next_number(queue, 0);
    g_assert_false(pp_queue_full(queue));
    pp_slot_finish(&slot);
}

static void test_a_message_may_have_no_bytes(void)
{
    struct pp_slot slot;
    struct pp_queue *queue = queue_of(begin(&slot, ROOM, SHORT_BYTES));
    size_t length = 1;

    g_assert_cmpint(pp_queue_put(queue, NULL, 0, 0), ==, 0);
    g_assert_cmpint(pp_queue_get(queue, NULL, 0, &length, 0), ==, 0);
    g_assert_cmpuint(length, ==, 0);
    pp_slot_finish(&slot);
}

static void test_none_is_no_message(void)
{
    struct pp_slot slot;
    struct pp_queue *queue = queue_of(begin(&slot, ROOM, SHORT_BYTES));
    size_t length = 1;

    put_number(queue, 5);
    g_assert_cmpint(pp_queue_put_none(queue, 0), ==, 0);
    put_number(queue, 6);
    check_next_number(queue, 5);
    g_assert_cmpint(pp_queue_get(queue, NULL, 0, &length, 0), ==, PP_QUEUE_NONE);
    g_assert_cmpuint(length, ==, 0);
    check_next_number(queue, 6);
    pp_slot_finish(&slot);
}

static void test_a_message_that_does_not_fit_stays(void)
{
    struct pp_slot slot;
    struct pp_queue *queue = queue_of(begin(&slot, ROOM, SHORT_BYTES));
    char bytes[SHORT_BYTES + 1] = "0123456789";
    size_t length = 0;

    g_assert_cmpint(pp_queue_put(queue, bytes, SHORT_BYTES + 1, 0), ==, -EMSGSIZE);
    g_assert_true(pp_queue_empty(queue));
    g_assert_cmpint(pp_queue_put(queue, "0123456789", 10, 0), ==, 0);
    g_assert_cmpint(pp_queue_get(queue, bytes, 9, &length, 0), ==, -EMSGSIZE);
    g_assert_cmpuint(length, ==, 10);
    g_assert_cmpint(pp_queue_get(queue, bytes, 10, NULL, 0), ==, 0);
    g_assert_cmpmem(bytes, 10, "0123456789", 10);
    pp_slot_finish(&slot);
}

static void test_queues_that_cannot_be_are_errors(void)
{
    struct pp_slot slot;
    void *memory = share(&slot, pp_queue_bytes(2, 16));

    g_assert_cmpuint(pp_queue_bytes(0, 16), ==, 0);
    g_assert_cmpuint(pp_queue_bytes(16, 0), ==, 0);
    g_assert_cmpuint(pp_queue_bytes(2, SIZE_MAX / 2), ==, 0);
    g_assert_cmpuint(pp_queue_bytes(1, SIZE_MAX - 50), ==, 0);
    g_assert_cmpuint(pp_queue_bytes(UINT32_MAX, SIZE_MAX >> 31), ==, 0);
    g_assert_cmpint(pp_queue_init(memory, 0, 16), ==, -EINVAL);
    g_assert_cmpint(pp_queue_init(memory, 2, SIZE_MAX), ==, -EINVAL);
    g_assert_cmpint(pp_queue_init((void *)((char *)memory + 8), 1, 8), ==, -EINVAL);
    g_assert_cmpint(pp_queue_init(memory, 2, 16), ==, 0);
    pp_slot_finish(&slot);
}

static void test_a_wait_ends_when_its_time_is_over(void)
{
    struct pp_slot slot;
    struct pp_queue *queue = queue_of(begin(&slot, 1, SHORT_BYTES));
    int timeout_ms = 2 * PP_FUTEX_LOOK_MS + 3;
    uint64_t start = pp_clock_ns();
    uint32_t number;

    g_assert_cmpint(pp_queue_get(queue, &number, sizeof(number), NULL, timeout_ms), ==, -ETIMEDOUT);
    put_number(queue, 1);
    g_assert_cmpint(pp_queue_put(queue, "x", 1, timeout_ms), ==, -ETIMEDOUT);
    g_assert_cmpuint(pp_clock_ns() - start, >=, 2 * (uint64_t)timeout_ms * 1000000);
    check_next_number(queue, 1);
    pp_slot_finish(&slot);
}

/* Random steps, beside a queue that cannot be wrong. */
static void test_it_does_as_a_simple_list_does(void)
{
    static uint8_t bytes[LONG_BYTES];
    static uint8_t got[LONG_BYTES];
    struct pp_slot slot;
    struct pp_queue *queue = queue_of(begin(&slot, ROOM, LONG_BYTES));
    g_autoptr(GQueue) model = g_queue_new();
    size_t length;

    for (int i = 0; i < 20000; i++) {
        if (g_test_rand_bit()) {
            int r;

            length = (size_t)g_test_rand_int_range(0, g_test_rand_bit() ? 16 : LONG_BYTES + 1);
            memset(bytes, i & 0xff, length);
            r = pp_queue_put(queue, bytes, length, 0);
            g_assert_cmpint(r, ==, g_queue_get_length(model) < ROOM ? 0 : -ETIMEDOUT);
            if (r == 0) {
                g_queue_push_tail(model, g_bytes_new(bytes, length));
            }
        } else if (g_queue_is_empty(model)) {
            g_assert_cmpint(pp_queue_get(queue, got, sizeof(got), &length, 0), ==, -ETIMEDOUT);
        } else {
            g_autoptr(GBytes) expected = g_queue_pop_head(model);

            g_assert_cmpint(pp_queue_get(queue, got, sizeof(got), &length, 0), ==, 0);
            g_assert_cmpmem(got, length, g_bytes_get_data(expected, NULL),
                            g_bytes_get_size(expected));
        }
        g_assert_cmpuint(pp_queue_qsize(queue), ==, g_queue_get_length(model));
    }
    g_queue_clear_full(model, (GDestroyNotify)g_bytes_unref);
    pp_slot_finish(&slot);
}

static int get_one(void *memory)
{
    struct shared *shared = memory;
    uint32_t number;

    atomic_fetch_add(&shared->said, 1);
    return -pp_queue_get(queue_of(shared), &number, sizeof(number), NULL, PATIENCE_MS);
}

static int put_one(void *memory)
{
    struct shared *shared = memory;

    atomic_fetch_add(&shared->said, 1);
    return -pp_queue_put(queue_of(shared), "late", 4, PATIENCE_MS);
}

/* Start @count children that wait in @run. */
static void start_sleepers(struct shared *shared, child_fn run, pid_t *pids, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t said = atomic_load(&shared->said);

        pids[i] = start_child(run, shared);
        WAIT_UNTIL(atomic_load(&shared->said) == said + 1 && sleeps(pids[i]));
    }
}

static void test_those_who_wait_for_a_message_get_one_each(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, ROOM, SHORT_BYTES);
    pid_t pids[READERS];

    start_sleepers(shared, get_one, pids, READERS);
    for (uint32_t i = 0; i < READERS; i++) {
        put_number(queue_of(shared), i);
    }
    for (uint32_t i = 0; i < READERS; i++) {
        g_assert_cmpint(join_child(pids[i]), ==, 0);
    }
    g_assert_true(pp_queue_empty(queue_of(shared)));
    pp_slot_finish(&slot);
}

static void test_those_who_wait_for_room_get_it(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, WRITERS, SHORT_BYTES);
    pid_t pids[WRITERS];

    for (uint32_t i = 0; i < WRITERS; i++) {
        put_number(queue_of(shared), i);
    }
    start_sleepers(shared, put_one, pids, WRITERS);
    for (uint32_t i = 0; i < WRITERS; i++) {
        check_next_number(queue_of(shared), i);
    }
    for (uint32_t i = 0; i < WRITERS; i++) {
        g_assert_cmpint(join_child(pids[i]), ==, 0);
    }
    g_assert_cmpuint(pp_queue_qsize(queue_of(shared)), ==, WRITERS);
    pp_slot_finish(&slot);
}

/* The one who is called first has no room for the message; it must go to the other one. */
static int get_too_short(void *memory)
{
    struct shared *shared = memory;
    char byte;

    atomic_fetch_add(&shared->said, 1);
    return -pp_queue_get(queue_of(shared), &byte, 1, NULL, PATIENCE_MS);
}

static void test_a_message_that_one_refuses_goes_to_another(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, ROOM, SHORT_BYTES);
    pid_t pids[2];

    start_sleepers(shared, get_too_short, pids, 1);
    start_sleepers(shared, get_one, pids + 1, 1);
    put_number(queue_of(shared), 1);
    g_assert_cmpint(join_child(pids[1]), ==, 0);
    /* If he was the second to be called, the first one waits still. */
    g_assert_cmpint(pp_queue_close(queue_of(shared)), ==, 0);
    g_assert_cmpint(join_child(pids[0]), !=, 0);
    pp_slot_finish(&slot);
}

static void test_closing_wakes_who_waits_for_a_message(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, ROOM, SHORT_BYTES);
    pid_t pids[READERS];

    start_sleepers(shared, get_one, pids, READERS);
    g_assert_cmpint(pp_queue_close(queue_of(shared)), ==, 0);
    for (uint32_t i = 0; i < READERS; i++) {
        g_assert_cmpint(join_child(pids[i]), ==, EPIPE);
    }
    pp_slot_finish(&slot);
}

static void test_closing_wakes_who_waits_for_room(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, 1, SHORT_BYTES);
    pid_t pids[WRITERS];

    put_number(queue_of(shared), 3);
    start_sleepers(shared, put_one, pids, WRITERS);
    g_assert_cmpint(pp_queue_close(queue_of(shared)), ==, 0);
    for (uint32_t i = 0; i < WRITERS; i++) {
        g_assert_cmpint(join_child(pids[i]), ==, EPIPE);
    }
    check_next_number(queue_of(shared), 3);
    pp_slot_finish(&slot);
}

static void test_what_is_in_a_closed_queue_can_be_taken(void)
{
    struct pp_slot slot;
    struct pp_queue *queue = queue_of(begin(&slot, ROOM, SHORT_BYTES));

    put_number(queue, 1);
    put_number(queue, 2);
    g_assert_cmpint(pp_queue_close(queue), ==, 0);
    g_assert_cmpint(pp_queue_close(queue), ==, 0);
    g_assert_cmpint(pp_queue_put(queue, "x", 1, -1), ==, -EPIPE);
    g_assert_cmpint(pp_queue_put_none(queue, -1), ==, -EPIPE);
    check_next_number(queue, 1);
    check_next_number(queue, 2);
    g_assert_cmpint(pp_queue_get(queue, NULL, 0, NULL, -1), ==, -EPIPE);
    pp_slot_finish(&slot);
}

static struct pp_queue *queue_to_close;

static void close_when_written(const char *name)
{
    if (strcmp(name, "queue.put.written") == 0) {
        g_assert_cmpint(pp_queue_close(queue_to_close), ==, 0);
    }
}

/* Readers may have gone by then. */
static void test_a_message_that_is_late_is_refused(void)
{
    static uint8_t bytes[LONG_BYTES];
    struct pp_slot slot;
    struct pp_queue *queue = queue_of(begin(&slot, ROOM, LONG_BYTES));

    queue_to_close = queue;
    pp_point_hook = close_when_written;
    g_assert_cmpint(pp_queue_put(queue, bytes, sizeof(bytes), -1), ==, -EPIPE);
    pp_point_hook = NULL;
    g_assert_cmpint(pp_queue_get(queue, bytes, sizeof(bytes), NULL, -1), ==, -EPIPE);
    pp_slot_finish(&slot);
}

static void fill_message(struct message *message, uint32_t writer, uint32_t number, size_t length)
{
    message->writer = writer;
    message->number = number;
    memset(message->fill, (int)((writer * 31 + number) & 0xff), length - 8);
}

static bool is_whole(const struct message *message, size_t length)
{
    uint8_t expected = (uint8_t)((message->writer * 31 + message->number) & 0xff);

    for (size_t i = 0; i < length - 8; i++) {
        if (message->fill[i] != expected) {
            return false;
        }
    }
    return true;
}

static int write_messages(struct shared *shared, uint32_t writer)
{
    struct message message;

    for (uint32_t i = 0; i < MESSAGES; i++) {
        fill_message(&message, writer, i, shared->length);
        if (pp_queue_put(queue_of(shared), &message, shared->length, PATIENCE_MS) != 0) {
            return 1;
        }
    }
    return 0;
}

/* Each reader sees what one writer wrote in the order in which it was written. */
static int read_messages(void *memory)
{
    struct shared *shared = memory;
    uint32_t next[WRITERS] = {0};
    struct message message;
    size_t length;
    int r;

    while ((r = pp_queue_get(queue_of(shared), &message, sizeof(message), &length, PATIENCE_MS)) ==
           0) {
        if (length != shared->length || !is_whole(&message, length)) {
            return 2;
        }
        if (message.number < next[message.writer]) {
            return 3;
        }
        next[message.writer] = message.number + 1;
        atomic_fetch_add(&shared->received[message.writer][message.number], 1);
    }
    return r == PP_QUEUE_NONE ? 0 : 4;
}

static int write_as_next(void *memory)
{
    struct shared *shared = memory;

    return write_messages(shared, atomic_fetch_add(&shared->said, 1));
}

static void end_readers(struct shared *shared)
{
    for (int i = 0; i < READERS; i++) {
        g_assert_cmpint(pp_queue_put_none(queue_of(shared), PATIENCE_MS), ==, 0);
    }
}

static void check_that_each_came_once(struct shared *shared)
{
    for (int writer = 0; writer < WRITERS; writer++) {
        for (int i = 0; i < MESSAGES; i++) {
            g_assert_cmpuint(atomic_load(&shared->received[writer][i]), ==, 1);
        }
    }
    g_assert_true(pp_queue_empty(queue_of(shared)));
}

static void pass_between_processes(size_t length, uint32_t room)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, room, length);
    pid_t readers[READERS];
    pid_t writers[WRITERS];

    for (int i = 0; i < READERS; i++) {
        readers[i] = start_child(read_messages, shared);
    }
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = start_child(write_as_next, shared);
    }
    for (int i = 0; i < WRITERS; i++) {
        g_assert_cmpint(join_child(writers[i]), ==, 0);
    }
    end_readers(shared);
    for (int i = 0; i < READERS; i++) {
        g_assert_cmpint(join_child(readers[i]), ==, 0);
    }
    check_that_each_came_once(shared);
    pp_slot_finish(&slot);
}

static void test_processes_pass_each_message_once(void)
{
    pass_between_processes(SHORT_BYTES, 64);
}

static void test_processes_pass_long_messages(void)
{
    pass_between_processes(LONG_BYTES, 64);
}

static void test_processes_pass_messages_through_one_place(void)
{
    pass_between_processes(SHORT_BYTES, 1);
    pass_between_processes(LONG_BYTES, 1);
}

static void *write_in_thread(void *memory)
{
    g_assert_cmpint(write_as_next(memory), ==, 0);
    return NULL;
}

static void *read_in_thread(void *memory)
{
    g_assert_cmpint(read_messages(memory), ==, 0);
    return NULL;
}

static void pass_between_threads(size_t length)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, ROOM, length);
    pthread_t readers[READERS];
    pthread_t writers[WRITERS];

    for (int i = 0; i < READERS; i++) {
        g_assert_cmpint(pthread_create(&readers[i], NULL, read_in_thread, shared), ==, 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        g_assert_cmpint(pthread_create(&writers[i], NULL, write_in_thread, shared), ==, 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        pthread_join(writers[i], NULL);
    }
    end_readers(shared);
    for (int i = 0; i < READERS; i++) {
        pthread_join(readers[i], NULL);
    }
    check_that_each_came_once(shared);
    pp_slot_finish(&slot);
}

/* Threads of one process, as this is where a race detector sees what the lock orders, and what is
 * copied without it. */
static void test_threads_pass_each_message_once(void)
{
    pass_between_threads(SHORT_BYTES);
    pass_between_threads(LONG_BYTES);
}

static int put_and_get_without_futex(void *memory)
{
    static uint8_t bytes[LONG_BYTES];
    struct pp_queue *queue = queue_of(memory);

    if (!forbid_call(SYS_futex)) {
        return SECCOMP_SKIP;
    }
    for (size_t i = 0; i < 100; i++) {
        if (pp_queue_put(queue, bytes, i % 2 == 0 ? 1 : LONG_BYTES, -1) != 0 ||
            pp_queue_get(queue, bytes, sizeof(bytes), NULL, -1) != 0 ||
            pp_queue_get(queue, bytes, sizeof(bytes), NULL, 0) != -ETIMEDOUT) {
            return 1;
        }
    }
    return 0;
}

/* Somebody had slept before, and nobody does any more: one call that finds nobody is allowed. */
static void test_the_system_is_not_called_where_nobody_sleeps(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, ROOM, LONG_BYTES);
    pid_t sleeper;
    int r;

    start_sleepers(shared, get_one, &sleeper, 1);
    put_number(queue_of(shared), 1);
    g_assert_cmpint(join_child(sleeper), ==, 0);
    put_number(queue_of(shared), 2);
    check_next_number(queue_of(shared), 2);
    r = join_child(start_child(put_and_get_without_futex, shared));
    if (r == SECCOMP_SKIP) {
        g_test_skip("this system does not let a process filter its system calls");
    } else {
        g_assert_cmpint(r, ==, 0);
    }
    pp_slot_finish(&slot);
}

static int put_without_futex(void *memory)
{
    return forbid_call(SYS_futex) ? -pp_queue_put(queue_of(memory), "x", 1, -1) : SECCOMP_SKIP;
}

static int get_without_futex(void *memory)
{
    uint32_t number;

    if (!forbid_call(SYS_futex)) {
        return SECCOMP_SKIP;
    }
    return -pp_queue_get(queue_of(memory), &number, sizeof(number), NULL, -1);
}

/* @run dies of its call, and the sleeper goes on. */
static void check_that_it_calls(struct shared *shared, child_fn run, pid_t sleeper)
{
    int r = join_child(start_child(run, shared));

    if (r == SECCOMP_SKIP) {
        g_test_skip("this system does not let a process filter its system calls");
        kill_child(sleeper);
    } else {
        g_assert_cmpint(r, ==, -1);
        g_assert_cmpint(join_child(sleeper), ==, 0);
    }
}

/* Sleepers look from time to time, so they would go on without being called; but late. */
static void test_those_who_sleep_are_called(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, 1, SHORT_BYTES);
    pid_t sleeper;

    start_sleepers(shared, get_one, &sleeper, 1);
    check_that_it_calls(shared, put_without_futex, sleeper);
    g_assert_cmpint(pp_queue_init(queue_of(shared), 1, SHORT_BYTES), ==, 0);
    put_number(queue_of(shared), 1);
    start_sleepers(shared, put_one, &sleeper, 1);
    check_that_it_calls(shared, get_without_futex, sleeper);
    pp_slot_finish(&slot);
}

static void test_a_simple_queue_is_a_queue(void)
{
    struct pp_slot slot;
    size_t bytes = pp_simple_queue_bytes(ROOM, SHORT_BYTES);
    struct pp_simple_queue *queue = share(&slot, bytes);
    char text[SHORT_BYTES];
    size_t length = 0;

    g_assert_cmpuint(pp_simple_queue_bytes(0, SHORT_BYTES), ==, 0);
    g_assert_cmpint(pp_simple_queue_init(queue, 0, SHORT_BYTES), ==, -EINVAL);
    g_assert_cmpint(pp_simple_queue_init(queue, ROOM, SHORT_BYTES), ==, 0);
    g_assert_true(pp_simple_queue_empty(queue));
    g_assert_cmpint(pp_simple_queue_put(queue, "simple", 6), ==, 0);
    g_assert_cmpint(pp_simple_queue_put_none(queue), ==, 0);
    g_assert_cmpint(pp_simple_queue_put(queue, text, SHORT_BYTES + 1), ==, -EMSGSIZE);
    g_assert_false(pp_simple_queue_empty(queue));
    g_assert_cmpint(pp_simple_queue_get(queue, text, sizeof(text), &length), ==, 0);
    g_assert_cmpmem(text, length, "simple", 6);
    g_assert_cmpint(pp_simple_queue_get(queue, text, sizeof(text), NULL), ==, PP_QUEUE_NONE);
    g_assert_cmpint(pp_simple_queue_close(queue), ==, 0);
    g_assert_cmpint(pp_simple_queue_get(queue, text, sizeof(text), NULL), ==, -EPIPE);
    g_assert_cmpint(pp_simple_queue_put(queue, "simple", 6), ==, -EPIPE);
    pp_slot_finish(&slot);
}

static void add_tests_of_one_process(void)
{
    g_test_add_func("/queue/first-in-is-first-out", test_first_in_is_first_out);
    g_test_add_func("/queue/counts-say-what-is-there", test_counts_say_what_is_there);
    g_test_add_func("/queue/a-message-may-have-no-bytes", test_a_message_may_have_no_bytes);
    g_test_add_func("/queue/none-is-no-message", test_none_is_no_message);
    g_test_add_func("/queue/a-message-that-does-not-fit-stays",
                    test_a_message_that_does_not_fit_stays);
    g_test_add_func("/queue/queues-that-cannot-be-are-errors",
                    test_queues_that_cannot_be_are_errors);
    g_test_add_func("/queue/a-wait-ends-when-its-time-is-over",
                    test_a_wait_ends_when_its_time_is_over);
    g_test_add_func("/queue/it-does-as-a-simple-list-does", test_it_does_as_a_simple_list_does);
    g_test_add_func("/queue/what-is-in-a-closed-queue-can-be-taken",
                    test_what_is_in_a_closed_queue_can_be_taken);
    g_test_add_func("/queue/a-message-that-is-late-is-refused",
                    test_a_message_that_is_late_is_refused);
    g_test_add_func("/queue/a-simple-queue-is-a-queue", test_a_simple_queue_is_a_queue);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    pp_point_follow_environment();
    add_tests_of_one_process();
    g_test_add_func("/queue/those-who-wait-for-a-message-get-one-each",
                    test_those_who_wait_for_a_message_get_one_each);
    g_test_add_func("/queue/those-who-wait-for-room-get-it", test_those_who_wait_for_room_get_it);
    g_test_add_func("/queue/a-message-that-one-refuses-goes-to-another",
                    test_a_message_that_one_refuses_goes_to_another);
    g_test_add_func("/queue/closing-wakes-who-waits-for-a-message",
                    test_closing_wakes_who_waits_for_a_message);
    g_test_add_func("/queue/closing-wakes-who-waits-for-room",
                    test_closing_wakes_who_waits_for_room);
    g_test_add_func("/queue/the-system-is-not-called-where-nobody-sleeps",
                    test_the_system_is_not_called_where_nobody_sleeps);
    g_test_add_func("/queue/those-who-sleep-are-called", test_those_who_sleep_are_called);
    g_test_add_func("/queue/processes-pass-each-message-once",
                    test_processes_pass_each_message_once);
    g_test_add_func("/queue/processes-pass-long-messages", test_processes_pass_long_messages);
    g_test_add_func("/queue/processes-pass-messages-through-one-place",
                    test_processes_pass_messages_through_one_place);
    g_test_add_func("/queue/threads-pass-each-message-once", test_threads_pass_each_message_once);
    return g_test_run();
}
