/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "core/clock.h"
#include "core/futex.h"
#include "core/point.h"
#include "core/queue.h"
#include "tests/instructions.h"

/* Messages of one length: a short one is copied under the lock, a long one without it. The number
 * is the same all through the message. */
enum { ROOM = 4, SHORT_WORDS = 2, LONG_WORDS = 1250 };

/* Just long, so that a copy takes few instructions. */
enum { MIDDLE_WORDS = 260 };

/* A storm: so many at a time, and so many deaths. */
enum { WRITERS = 3, READERS = 3, KILLS = 150, LIVES = 1024, NUMBERS = 1 << 14 };

struct shared {
    _Atomic uint32_t said;
    uint32_t words; /* of a message */
    char point[32]; /* where children die */
};

#define QUEUE_OFFSET ((sizeof(struct shared) + 63) / 64 * 64)

static struct pp_queue *queue_of(struct shared *shared)
{
    return (void *)((char *)shared + QUEUE_OFFSET);
}

static size_t length_of(const struct shared *shared)
{
    return shared->words * sizeof(uint32_t);
}

static size_t bytes_of(uint32_t words)
{
    return QUEUE_OFFSET + pp_queue_bytes(ROOM, words * sizeof(uint32_t));
}

static void prepare(struct shared *shared, uint32_t words)
{
    memset((void *)shared, 0, sizeof(*shared));
    shared->words = words;
    g_assert_cmpint(pp_queue_init(queue_of(shared), ROOM, length_of(shared)), ==, 0);
}

static struct shared *begin(struct pp_slot *slot, uint32_t words)
{
    struct shared *shared = share(slot, bytes_of(words));

    prepare(shared, words);
    return shared;
}

static int put(struct shared *shared, uint32_t number, int timeout_ms)
{
    uint32_t message[LONG_WORDS];

    for (uint32_t i = 0; i < shared->words; i++) {
        message[i] = number;
    }
    return pp_queue_put(queue_of(shared), message, length_of(shared), timeout_ms);
}

/* A message that is not whole is -EBADMSG. */
static int get(struct shared *shared, uint32_t *ret_number, int timeout_ms)
{
    uint32_t message[LONG_WORDS];
    size_t length = 0;
    int r = pp_queue_get(queue_of(shared), message, sizeof(message), &length, timeout_ms);

    if (r != 0) {
        return r;
    }
    for (uint32_t i = 1; i < shared->words; i++) {
        if (message[i] != message[0]) {
            return -EBADMSG;
        }
    }
    *ret_number = message[0];
    return length == length_of(shared) ? 0 : -EBADMSG;
}

static void check_next(struct shared *shared, uint32_t expected)
{
    uint32_t number = UINT32_MAX;

    g_assert_cmpint(get(shared, &number, PATIENCE_MS), ==, 0);
    g_assert_cmpuint(number, ==, expected);
}

/* All its places can be used, no more and no less. */
static void check_that_it_is_empty_and_whole(struct shared *shared)
{
    uint32_t number;

    g_assert_cmpint(get(shared, &number, 0), ==, -ETIMEDOUT);
    for (uint32_t i = 0; i < ROOM; i++) {
        g_assert_cmpint(put(shared, 100 + i, 0), ==, 0);
    }
    g_assert_cmpint(put(shared, 0, 0), ==, -ETIMEDOUT);
    g_assert_cmpuint(pp_queue_qsize(queue_of(shared)), ==, ROOM);
    for (uint32_t i = 0; i < ROOM; i++) {
        check_next(shared, 100 + i);
    }
    g_assert_true(pp_queue_empty(queue_of(shared)));
}

static const char *fatal_point;

static void die_there(const char *name)
{
    if (strcmp(name, fatal_point) == 0) {
        raise(SIGKILL);
    }
}

static int put_2_and_die(void *memory)
{
    struct shared *shared = memory;

    fatal_point = shared->point;
    pp_point_hook = die_there;
    return put(shared, 2, -1);
}

static int get_and_die(void *memory)
{
    struct shared *shared = memory;
    uint32_t number;

    fatal_point = shared->point;
    pp_point_hook = die_there;
    return get(shared, &number, -1);
}

static void die_at(struct shared *shared, const char *point, child_fn run)
{
    g_strlcpy(shared->point, point, sizeof(shared->point));
    g_assert_cmpint(join_child(start_child(run, shared)), ==, -1);
}

/* 1 is there before; 2 is what the dead one was putting, 3 is put after. */
static void check_death_in_put(uint32_t words, const char *point, bool is_put)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, words);

    g_assert_cmpint(put(shared, 1, 0), ==, 0);
    die_at(shared, point, put_2_and_die);
    g_assert_cmpint(put(shared, 3, PATIENCE_MS), ==, 0);
    check_next(shared, 1);
    if (is_put) {
        check_next(shared, 2);
    }
    check_next(shared, 3);
    check_that_it_is_empty_and_whole(shared);
    pp_slot_finish(&slot);
}

static void test_a_writer_may_die_at_each_point(void)
{
    check_death_in_put(SHORT_WORDS, "queue.put.reserved", false);
    check_death_in_put(SHORT_WORDS, "queue.put.committed", true);
    check_death_in_put(SHORT_WORDS, "queue.left", true);
    check_death_in_put(LONG_WORDS, "queue.put.reserved", false);
    check_death_in_put(LONG_WORDS, "queue.left", false);
    check_death_in_put(LONG_WORDS, "queue.put.written", false);
    check_death_in_put(LONG_WORDS, "queue.put.committed", true);
}

/* 1 is what the dead one was getting; who comes next gets it before 2. */
static void check_death_in_get(uint32_t words, const char *point, bool is_taken)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, words);

    g_assert_cmpint(put(shared, 1, 0), ==, 0);
    g_assert_cmpint(put(shared, 2, 0), ==, 0);
    die_at(shared, point, get_and_die);
    if (!is_taken) {
        check_next(shared, 1);
    }
    check_next(shared, 2);
    check_that_it_is_empty_and_whole(shared);
    pp_slot_finish(&slot);
}

static void test_a_reader_may_die_at_each_point(void)
{
    check_death_in_get(SHORT_WORDS, "queue.get.taken", false);
    check_death_in_get(SHORT_WORDS, "queue.get.done", true);
    check_death_in_get(SHORT_WORDS, "queue.left", true);
    check_death_in_get(LONG_WORDS, "queue.get.taken", false);
    check_death_in_get(LONG_WORDS, "queue.left", false);
    check_death_in_get(LONG_WORDS, "queue.get.read", false);
    check_death_in_get(LONG_WORDS, "queue.get.done", true);
}

static void stop_there(const char *name)
{
    if (strcmp(name, fatal_point) == 0) {
        raise(SIGSTOP);
    }
}

static int get_and_stop(void *memory)
{
    struct shared *shared = memory;
    uint32_t number;

    fatal_point = "queue.get.read";
    pp_point_hook = stop_there;
    return get(shared, &number, -1) == 0 ? (int)number : 99;
}

static int put_2_and_stop(void *memory)
{
    fatal_point = "queue.put.written";
    pp_point_hook = stop_there;
    return put(memory, 2, -1);
}

static pid_t start_and_stop(struct shared *shared, child_fn run)
{
    pid_t pid = start_child(run, shared);
    siginfo_t info;

    g_assert_cmpint(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT), ==, 0);
    return pid;
}

static int get_one(void *memory)
{
    struct shared *shared = memory;
    uint32_t number;

    atomic_fetch_add(&shared->said, 1);
    return get(shared, &number, PATIENCE_MS) == 0 ? (int)number : 99;
}

static pid_t start_sleeper(struct shared *shared)
{
    uint32_t said = atomic_load(&shared->said);
    pid_t pid = start_child(get_one, shared);

    WAIT_UNTIL(atomic_load(&shared->said) == said + 1 && sleeps(pid));
    return pid;
}

/* One sleeps already when the reader dies. */
static void test_a_dead_readers_message_wakes_who_sleeps(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, LONG_WORDS);
    pid_t reader;
    pid_t sleeper;

    g_assert_cmpint(put(shared, 7, 0), ==, 0);
    reader = start_and_stop(shared, get_and_stop);
    sleeper = start_sleeper(shared);
    kill_child(reader);
    g_assert_cmpint(join_child(sleeper), ==, 7);
    check_that_it_is_empty_and_whole(shared);
    pp_slot_finish(&slot);
}

/* Those who took 1 and 2 die, the second one first; 3 was there all the time. */
static void test_what_comes_back_comes_in_its_old_order(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, LONG_WORDS);
    uint32_t number;
    pid_t first;
    pid_t second;

    for (uint32_t i = 1; i <= 3; i++) {
        g_assert_cmpint(put(shared, i, 0), ==, 0);
    }
    first = start_and_stop(shared, get_and_stop);
    second = start_and_stop(shared, get_and_stop);
    kill_child(second);
    /* A put that does not wait for long looks for the dead. */
    g_assert_cmpint(put(shared, 4, 0), ==, 0);
    g_assert_cmpint(put(shared, 5, 0), ==, -ETIMEDOUT);
    kill_child(first);
    g_assert_cmpint(put(shared, 5, 0), ==, -ETIMEDOUT);
    for (uint32_t i = 1; i <= 4; i++) {
        g_assert_cmpint(get(shared, &number, 0), ==, 0);
        g_assert_cmpuint(number, ==, i);
    }
    check_that_it_is_empty_and_whole(shared);
    pp_slot_finish(&slot);
}

/* In the other order of deaths, and nobody looks in between. */
static void test_all_that_comes_back_at_once_is_in_order(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, LONG_WORDS);
    pid_t pids[3];

    for (uint32_t i = 1; i <= ROOM; i++) {
        g_assert_cmpint(put(shared, i, 0), ==, 0);
    }
    for (uint32_t i = 0; i < 3; i++) {
        pids[i] = start_and_stop(shared, get_and_stop);
    }
    for (uint32_t i = 0; i < 3; i++) {
        kill_child(pids[i]);
    }
    g_assert_cmpint(put(shared, 9, 0), ==, -ETIMEDOUT);
    for (uint32_t i = 1; i <= ROOM; i++) {
        check_next(shared, i);
    }
    check_that_it_is_empty_and_whole(shared);
    pp_slot_finish(&slot);
}

/* There is always another message to be had, so nobody ever waits. */
static void test_a_dead_readers_message_comes_where_nobody_waits(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, LONG_WORDS);
    gint64 limit = g_get_monotonic_time() + (gint64)PATIENCE_MS * 1000;
    uint32_t number = UINT32_MAX;

    g_assert_cmpint(put(shared, 0, 0), ==, 0);
    kill_child(start_and_stop(shared, get_and_stop));
    g_assert_cmpint(put(shared, 1, 0), ==, 0);
    while (number != 0) {
        g_assert_cmpint(g_get_monotonic_time(), <, limit);
        g_assert_cmpint(put(shared, 2, 0), ==, 0);
        g_assert_cmpint(get(shared, &number, 0), ==, 0);
    }
    g_assert_cmpint(get(shared, &number, 0), ==, 0);
    g_assert_cmpint(get(shared, &number, 0), ==, 0);
    check_that_it_is_empty_and_whole(shared);
    pp_slot_finish(&slot);
}

/* He is not dead: others look for longer than a slice of sleep, and leave his message to him. */
static void test_a_stopped_reader_keeps_its_message(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, LONG_WORDS);
    uint32_t number;
    pid_t pid;

    g_assert_cmpint(put(shared, 7, 0), ==, 0);
    pid = start_and_stop(shared, get_and_stop);
    g_assert_cmpint(get(shared, &number, 3 * PP_FUTEX_LOOK_MS), ==, -ETIMEDOUT);
    g_assert_cmpint(kill(pid, SIGCONT), ==, 0);
    g_assert_cmpint(join_child(pid), ==, 7);
    check_that_it_is_empty_and_whole(shared);
    pp_slot_finish(&slot);
}

static void test_a_stopped_writer_holds_nobody_up(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, LONG_WORDS);
    uint32_t number;
    pid_t pid = start_and_stop(shared, put_2_and_stop);

    for (uint32_t i = 10; i < 20; i++) {
        g_assert_cmpint(put(shared, i, 0), ==, 0);
        check_next(shared, i);
    }
    g_assert_cmpint(get(shared, &number, 3 * PP_FUTEX_LOOK_MS), ==, -ETIMEDOUT);
    g_assert_cmpint(kill(pid, SIGCONT), ==, 0);
    g_assert_cmpint(join_child(pid), ==, 0);
    check_next(shared, 2);
    check_that_it_is_empty_and_whole(shared);
    pp_slot_finish(&slot);
}

/* The place that he had is missed by nobody but him. */
static void test_a_dead_writers_place_is_given_to_who_waits(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, LONG_WORDS);
    pid_t pid = start_and_stop(shared, put_2_and_stop);

    for (uint32_t i = 0; i + 1 < ROOM; i++) {
        g_assert_cmpint(put(shared, i, 0), ==, 0);
    }
    g_assert_cmpint(put(shared, 9, 0), ==, -ETIMEDOUT);
    g_assert_true(pp_queue_full(queue_of(shared)));
    kill_child(pid);
    g_assert_cmpint(put(shared, ROOM - 1, PATIENCE_MS), ==, 0);
    for (uint32_t i = 0; i < ROOM; i++) {
        check_next(shared, i);
    }
    check_that_it_is_empty_and_whole(shared);
    pp_slot_finish(&slot);
}

/* The queue is closed, and its last message is read by one who may die; who asks for more has to
 * wait for that. */
static void test_a_closed_queue_does_not_end_before_its_last_reader(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, LONG_WORDS);
    uint32_t number;
    pid_t reader;
    pid_t sleeper;

    g_assert_cmpint(put(shared, 7, 0), ==, 0);
    reader = start_and_stop(shared, get_and_stop);
    g_assert_cmpint(pp_queue_close(queue_of(shared)), ==, 0);
    g_assert_cmpint(get(shared, &number, 0), ==, -ETIMEDOUT);
    sleeper = start_sleeper(shared);
    g_assert_cmpint(kill(reader, SIGCONT), ==, 0);
    g_assert_cmpint(join_child(reader), ==, 7);
    g_assert_cmpint(join_child(sleeper), ==, 99);
    g_assert_cmpint(get(shared, &number, -1), ==, -EPIPE);
    pp_slot_finish(&slot);
}

static void test_the_last_message_of_a_closed_queue_survives_its_reader(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, LONG_WORDS);
    uint32_t number;
    pid_t reader;
    pid_t sleeper;

    g_assert_cmpint(put(shared, 7, 0), ==, 0);
    reader = start_and_stop(shared, get_and_stop);
    g_assert_cmpint(pp_queue_close(queue_of(shared)), ==, 0);
    sleeper = start_sleeper(shared);
    kill_child(reader);
    g_assert_cmpint(join_child(sleeper), ==, 7);
    g_assert_cmpint(get(shared, &number, -1), ==, -EPIPE);
    pp_slot_finish(&slot);
}

/* The wake-up dies with a stopped sleeper, and the other one still gets the message. */
static void test_a_wake_up_that_died_with_its_sleeper_is_made_up_for(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, SHORT_WORDS);
    pid_t first = start_sleeper(shared);
    pid_t second = start_sleeper(shared);
    siginfo_t info;

    g_assert_cmpint(kill(first, SIGSTOP), ==, 0);
    g_assert_cmpint(waitid(P_PID, (id_t)first, &info, WSTOPPED | WNOWAIT), ==, 0);
    g_assert_cmpint(put(shared, 5, 0), ==, 0);
    kill_child(first);
    g_assert_cmpint(join_child(second), ==, 5);
    check_that_it_is_empty_and_whole(shared);
    pp_slot_finish(&slot);
}

static void prepare_short(void *memory)
{
    prepare(memory, SHORT_WORDS);
    g_assert_cmpint(put(memory, 1, 0), ==, 0);
    g_assert_cmpint(put(memory, 2, 0), ==, 0);
}

static void prepare_long(void *memory)
{
    prepare(memory, MIDDLE_WORDS);
    g_assert_cmpint(put(memory, 1, 0), ==, 0);
    g_assert_cmpint(put(memory, 2, 0), ==, 0);
}

/* No more than the call itself. */
static uint32_t message_3[MIDDLE_WORDS];

static int put_3(void *memory)
{
    return pp_queue_put(queue_of(memory), message_3, length_of(memory), -1);
}

static int get_any(void *memory)
{
    static uint32_t message[MIDDLE_WORDS];

    return pp_queue_get(queue_of(memory), message, sizeof(message), NULL, -1);
}

static int close_it(void *memory)
{
    return pp_queue_close(queue_of(memory));
}

/* 1 and 2, and 3 where it was put. */
static void check_after_put(void *memory)
{
    uint32_t number;

    check_next(memory, 1);
    check_next(memory, 2);
    if (get(memory, &number, 0) == 0) {
        g_assert_cmpuint(number, ==, 3);
    }
    check_that_it_is_empty_and_whole(memory);
}

/* 1 where it was not taken, and 2. */
static void check_after_get(void *memory)
{
    uint32_t number = UINT32_MAX;

    g_assert_cmpint(get(memory, &number, PATIENCE_MS), ==, 0);
    if (number == 1) {
        check_next(memory, 2);
    } else {
        g_assert_cmpuint(number, ==, 2);
    }
    check_that_it_is_empty_and_whole(memory);
}

/* Closed or not, what is there can be taken; and if it is not, it can be closed. */
static void check_after_close(void *memory)
{
    int r = put(memory, 3, 0);

    check_next(memory, 1);
    check_next(memory, 2);
    if (r == 0) {
        check_next(memory, 3);
        check_that_it_is_empty_and_whole(memory);
        g_assert_cmpint(pp_queue_close(queue_of(memory)), ==, 0);
    }
    g_assert_cmpint(put(memory, 4, 0), ==, -EPIPE);
}

static void die_everywhere(uint32_t words, void (*prepare_memory)(void *), child_fn run,
                           void (*check)(void *))
{
    struct pp_slot slot;
    size_t bytes = bytes_of(words);

    for (int i = 0; i < MIDDLE_WORDS; i++) {
        message_3[i] = 3;
    }
    kill_at_each_instruction(share(&slot, bytes), bytes, prepare_memory, run, check);
    pp_slot_finish(&slot);
}

static void test_a_writer_may_die_at_any_instruction(void)
{
    die_everywhere(SHORT_WORDS, prepare_short, put_3, check_after_put);
}

static void test_a_reader_may_die_at_any_instruction(void)
{
    die_everywhere(SHORT_WORDS, prepare_short, get_any, check_after_get);
}

static void test_a_writer_of_a_long_message_may_die_at_any_instruction(void)
{
    die_everywhere(MIDDLE_WORDS, prepare_long, put_3, check_after_put);
}

static void test_a_reader_of_a_long_message_may_die_at_any_instruction(void)
{
    die_everywhere(MIDDLE_WORDS, prepare_long, get_any, check_after_get);
}

static void test_who_closes_may_die_at_any_instruction(void)
{
    die_everywhere(SHORT_WORDS, prepare_short, close_it, check_after_close);
}

/* One who mends and dies as well: what the first one left is prepared again each time. */
static void prepare_a_death(void *memory)
{
    prepare(memory, SHORT_WORDS);
    g_assert_cmpint(put(memory, 1, 0), ==, 0);
    g_assert_cmpint(put(memory, 2, 0), ==, 0);
    die_at(memory, "queue.get.taken", get_and_die);
}

static void test_who_mends_may_die_at_any_instruction(void)
{
    die_everywhere(SHORT_WORDS, prepare_a_death, get_any, check_after_get);
}

/* What became of each message of a storm. Each writer that was started is a life of its own, and
 * begins another one when it has no numbers left. */
struct books {
    _Atomic uint32_t lives;
    _Atomic uint32_t progress;
    _Atomic uint32_t disorder;     /* messages that came after a later one of the same life */
    _Atomic uint32_t begun[LIVES]; /* messages that it began to put */
    _Atomic uint32_t done[LIVES];  /* for which put has returned */
    _Atomic uint8_t received[LIVES][NUMBERS];
};

static struct books *books;

static int write_one_life(struct shared *shared, uint32_t life)
{
    for (uint32_t i = 0; i < NUMBERS; i++) {
        int r;

        atomic_store(&books->begun[life], i + 1);
        r = put(shared, life * NUMBERS + i, PATIENCE_MS);
        if (r != 0) {
            return r;
        }
        atomic_store(&books->done[life], i + 1);
    }
    return 0;
}

static int write_until_closed(void *memory)
{
    uint32_t life;
    int r = 0;

    while (r == 0 && (life = atomic_fetch_add(&books->lives, 1)) < LIVES) {
        r = write_one_life(memory, life);
    }
    return r == -EPIPE ? 0 : 1;
}

static int read_until_closed(void *memory)
{
    static uint32_t next[LIVES];
    uint32_t number;
    int r;

    while ((r = get(memory, &number, PATIENCE_MS)) == 0) {
        uint32_t life = number / NUMBERS;
        uint32_t i = number % NUMBERS;

        atomic_fetch_add(&books->received[life][i], 1);
        if (i < next[life]) {
            atomic_fetch_add(&books->disorder, 1);
        } else {
            next[life] = i + 1;
        }
        atomic_fetch_add(&books->progress, 1);
    }
    return r == -EPIPE ? 0 : 1;
}

/* Kill one after the other, at random steps of the whole. Returns how many readers were killed. */
static uint32_t kill_some(struct shared *shared, pid_t *pids)
{
    uint32_t readers = 0;

    for (int i = 0; i < KILLS; i++) {
        uint32_t seen = atomic_load(&books->progress);
        int victim = g_test_rand_int_range(0, WRITERS + READERS);

        WAIT_UNTIL(atomic_load(&books->progress) - seen >= (uint32_t)g_test_rand_int_range(1, 99));
        kill_child(pids[victim]);
        readers += victim >= WRITERS;
        pids[victim] =
            start_child(victim < WRITERS ? write_until_closed : read_until_closed, shared);
    }
    return readers;
}

/* Who reads counts a message after it has got it, so each reader that was killed may have taken one
 * with it; and one that came back may have come late. */
static void check_books(uint32_t readers_killed)
{
    uint32_t missing = 0;
    uint32_t messages = 0;

    for (uint32_t life = 0; life < MIN(atomic_load(&books->lives), LIVES); life++) {
        uint32_t begun = atomic_load(&books->begun[life]);
        uint32_t done = atomic_load(&books->done[life]);

        for (uint32_t i = 0; i < NUMBERS; i++) {
            uint8_t received = atomic_load(&books->received[life][i]);

            g_assert_cmpuint(received, <=, i < begun ? 1 : 0);
            missing += i < done && received == 0;
        }
        messages += done;
    }
    g_assert_cmpuint(missing, <=, readers_killed);
    g_assert_cmpuint(atomic_load(&books->disorder), <=, readers_killed);
    g_test_message("%u messages, %u of %u readers died with one, %u came late", messages, missing,
                   readers_killed, atomic_load(&books->disorder));
}

static void survive_a_storm(uint32_t words)
{
    struct pp_slot slot;
    struct pp_slot books_slot;
    struct shared *shared = begin(&slot, words);
    pid_t pids[WRITERS + READERS];
    uint32_t readers_killed;
    uint32_t number;

    books = share(&books_slot, sizeof(*books));
    for (int i = 0; i < WRITERS + READERS; i++) {
        pids[i] = start_child(i < WRITERS ? write_until_closed : read_until_closed, shared);
    }
    readers_killed = kill_some(shared, pids);
    g_assert_cmpint(pp_queue_close(queue_of(shared)), ==, 0);
    for (int i = 0; i < WRITERS + READERS; i++) {
        g_assert_cmpint(join_child(pids[i]), ==, 0);
    }
    g_assert_cmpint(get(shared, &number, -1), ==, -EPIPE);
    check_books(readers_killed);
    pp_slot_finish(&books_slot);
    pp_slot_finish(&slot);
}

static void test_a_storm_of_deaths_loses_nothing(void)
{
    survive_a_storm(SHORT_WORDS);
}

static void test_a_storm_of_deaths_loses_no_long_message(void)
{
    survive_a_storm(LONG_WORDS);
}

static void add_tests_of_each_instruction(void)
{
    g_test_add_func("/queue/a-writer-may-die-at-any-instruction",
                    test_a_writer_may_die_at_any_instruction);
    g_test_add_func("/queue/a-reader-may-die-at-any-instruction",
                    test_a_reader_may_die_at_any_instruction);
    g_test_add_func("/queue/a-writer-of-a-long-message-may-die-at-any-instruction",
                    test_a_writer_of_a_long_message_may_die_at_any_instruction);
    g_test_add_func("/queue/a-reader-of-a-long-message-may-die-at-any-instruction",
                    test_a_reader_of_a_long_message_may_die_at_any_instruction);
    g_test_add_func("/queue/who-closes-may-die-at-any-instruction",
                    test_who_closes_may_die_at_any_instruction);
    g_test_add_func("/queue/who-mends-may-die-at-any-instruction",
                    test_who_mends_may_die_at_any_instruction);
}

static void add_tests_of_stopped_processes(void)
{
    g_test_add_func("/queue/a-stopped-reader-keeps-its-message",
                    test_a_stopped_reader_keeps_its_message);
    g_test_add_func("/queue/a-stopped-writer-holds-nobody-up",
                    test_a_stopped_writer_holds_nobody_up);
    g_test_add_func("/queue/a-closed-queue-does-not-end-before-its-last-reader",
                    test_a_closed_queue_does_not_end_before_its_last_reader);
    g_test_add_func("/queue/a-wake-up-that-died-with-its-sleeper-is-made-up-for",
                    test_a_wake_up_that_died_with_its_sleeper_is_made_up_for);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/queue/a-writer-may-die-at-each-point", test_a_writer_may_die_at_each_point);
    g_test_add_func("/queue/a-reader-may-die-at-each-point", test_a_reader_may_die_at_each_point);
    g_test_add_func("/queue/a-dead-reader's-message-wakes-who-sleeps",
                    test_a_dead_readers_message_wakes_who_sleeps);
    g_test_add_func("/queue/what-comes-back-comes-in-its-old-order",
                    test_what_comes_back_comes_in_its_old_order);
    g_test_add_func("/queue/all-that-comes-back-at-once-is-in-order",
                    test_all_that_comes_back_at_once_is_in_order);
    g_test_add_func("/queue/a-dead-reader's-message-comes-where-nobody-waits",
                    test_a_dead_readers_message_comes_where_nobody_waits);
    g_test_add_func("/queue/a-dead-writer's-place-is-given-to-who-waits",
                    test_a_dead_writers_place_is_given_to_who_waits);
    g_test_add_func("/queue/the-last-message-of-a-closed-queue-survives-its-reader",
                    test_the_last_message_of_a_closed_queue_survives_its_reader);
    add_tests_of_stopped_processes();
    add_tests_of_each_instruction();
    g_test_add_func("/queue/a-storm-of-deaths-loses-nothing", test_a_storm_of_deaths_loses_nothing);
    g_test_add_func("/queue/a-storm-of-deaths-loses-no-long-message",
                    test_a_storm_of_deaths_loses_no_long_message);
    return g_test_run();
}
