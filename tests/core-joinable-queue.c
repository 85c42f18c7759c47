/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>

#include "core/clock.h"
#include "core/futex.h"
#include "core/joinable_queue.h"
#include "core/point.h"
#include "tests/instructions.h"
#include "tests/seccomp.h"

enum { ROOM = 4, WORKERS = 4 };

/* A storm: so many messages at most, so many deaths, and as long as this for a message. */
enum { MESSAGES = 1 << 20, KILLS = 200, WORK_NS = 20000 };

/* Beyond what is copied under the lock. */
enum { LONG_BYTES = 5000 };

struct shared {
    _Atomic uint32_t said;
    _Atomic uint64_t ticket;
    char point[32]; /* where children die */
    _Atomic uint32_t progress;
    _Atomic uint32_t stop; /* the writer should */
    _Atomic uint32_t put;  /* messages that were */
};

/* What became of each message of a storm. */
struct books {
    _Atomic uint8_t begun[MESSAGES]; /* how often its work was begun */
    _Atomic uint8_t done[MESSAGES];  /* how often that was said and believed */
};

static struct books *books;

#define QUEUE_OFFSET 128

_Static_assert(sizeof(struct shared) <= QUEUE_OFFSET, "the queue lies behind it");

static struct pp_joinable_queue *queue_of(struct shared *shared)
{
    return (void *)((char *)shared + QUEUE_OFFSET);
}

static size_t bytes_of(uint32_t room, size_t message_bytes)
{
    return QUEUE_OFFSET + pp_joinable_queue_bytes(room, message_bytes);
}

static struct shared *begin_with(struct pp_slot *slot, uint32_t room, size_t message_bytes)
{
    struct shared *shared = share(slot, bytes_of(room, message_bytes));

    g_assert_cmpint(pp_joinable_queue_init(queue_of(shared), room, message_bytes), ==, 0);
    return shared;
}

static struct shared *begin(struct pp_slot *slot)
{
    return begin_with(slot, ROOM, sizeof(uint32_t));
}

static int put(struct shared *shared, uint32_t number, int timeout_ms)
{
    return pp_joinable_queue_put(queue_of(shared), &number, sizeof(number), timeout_ms);
}

static int get(struct shared *shared, uint32_t *ret_number, uint64_t *ret_ticket, int timeout_ms)
{
    char message[LONG_BYTES];
    size_t length = 0;
    int r = pp_joinable_queue_get(queue_of(shared), message, sizeof(message), &length, ret_ticket,
                                  timeout_ms);

    if (r == 0) {
        memcpy(ret_number, message, sizeof(*ret_number));
    }
    return r;
}

/* Returns its ticket. */
static uint64_t check_next(struct shared *shared, uint32_t expected)
{
    uint32_t number = UINT32_MAX;
    uint64_t ticket = 0;

    g_assert_cmpint(get(shared, &number, &ticket, PATIENCE_MS), ==, 0);
    g_assert_cmpuint(number, ==, expected);
    g_assert_cmpuint(ticket, !=, 0);
    return ticket;
}

static void finish_task(struct shared *shared, uint64_t ticket)
{
    g_assert_cmpint(pp_joinable_queue_task_done(queue_of(shared), ticket), ==, 0);
}

static int join(struct shared *shared, int timeout_ms)
{
    return pp_joinable_queue_join(queue_of(shared), timeout_ms);
}

/* All is done, and all places can be used, no more and no less. */
static void check_that_it_is_done_and_whole(struct shared *shared)
{
    g_assert_cmpint(join(shared, 0), ==, 0);
    for (uint32_t i = 0; i < ROOM; i++) {
        g_assert_cmpint(put(shared, 100 + i, 0), ==, 0);
    }
    g_assert_cmpint(put(shared, 0, 0), ==, -ETIMEDOUT);
    g_assert_cmpint(join(shared, 0), ==, -ETIMEDOUT);
    for (uint32_t i = 0; i < ROOM; i++) {
        finish_task(shared, check_next(shared, 100 + i));
    }
    g_assert_cmpint(join(shared, 0), ==, 0);
}

static void test_a_message_is_kept_until_it_is_done(void)
{
    struct pp_slot slot;
    struct shared *shared = begin_with(&slot, 1, sizeof(uint32_t));
    uint64_t ticket;

    g_assert_cmpint(join(shared, -1), ==, 0);
    g_assert_cmpint(put(shared, 1, 0), ==, 0);
    g_assert_cmpint(join(shared, 0), ==, -ETIMEDOUT);
    ticket = check_next(shared, 1);
    g_assert_true(pp_joinable_queue_empty(queue_of(shared)));
    g_assert_true(pp_joinable_queue_full(queue_of(shared)));
    g_assert_cmpuint(pp_joinable_queue_qsize(queue_of(shared)), ==, 0);
    g_assert_cmpint(put(shared, 2, 0), ==, -ETIMEDOUT);
    g_assert_cmpint(join(shared, 0), ==, -ETIMEDOUT);
    finish_task(shared, ticket);
    g_assert_cmpint(join(shared, -1), ==, 0);
    g_assert_cmpint(put(shared, 2, 0), ==, 0);
    pp_slot_finish(&slot);
}

static void test_what_is_done_is_done_once(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);
    uint64_t first;
    uint64_t second;

    g_assert_cmpint(pp_joinable_queue_task_done(queue_of(shared), 1), ==, -EINVAL);
    g_assert_cmpint(pp_joinable_queue_task_done(queue_of(shared), UINT64_MAX), ==, -EINVAL);
    g_assert_cmpint(put(shared, 1, 0), ==, 0);
    first = check_next(shared, 1);
    finish_task(shared, first);
    g_assert_cmpint(pp_joinable_queue_task_done(queue_of(shared), first), ==, -EINVAL);
    /* The same place has another ticket the next time. */
    g_assert_cmpint(put(shared, 2, 0), ==, 0);
    second = check_next(shared, 2);
    g_assert_cmpuint(second, !=, first);
    g_assert_cmpint(pp_joinable_queue_task_done(queue_of(shared), first), ==, -EINVAL);
    finish_task(shared, second);
    check_that_it_is_done_and_whole(shared);
    pp_slot_finish(&slot);
}

static void test_none_is_done_when_it_is_taken(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);
    uint32_t number;
    uint64_t ticket = 1;

    g_assert_cmpint(pp_joinable_queue_put_none(queue_of(shared), 0), ==, 0);
    g_assert_cmpint(join(shared, 0), ==, -ETIMEDOUT);
    g_assert_cmpint(get(shared, &number, &ticket, 0), ==, PP_QUEUE_NONE);
    g_assert_cmpuint(ticket, ==, 0);
    g_assert_cmpint(join(shared, 0), ==, 0);
    finish_task(shared, ticket);
    check_that_it_is_done_and_whole(shared);
    pp_slot_finish(&slot);
}

/* One that takes long keeps its place, and no more than that. */
static void test_a_long_task_holds_nobody_up(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);
    uint64_t ticket;

    g_assert_cmpint(put(shared, 0, 0), ==, 0);
    ticket = check_next(shared, 0);
    for (uint32_t i = 1; i < 10 * ROOM; i++) {
        g_assert_cmpint(put(shared, i, 0), ==, 0);
        finish_task(shared, check_next(shared, i));
    }
    finish_task(shared, ticket);
    check_that_it_is_done_and_whole(shared);
    pp_slot_finish(&slot);
}

static void test_queues_that_cannot_be_are_errors(void)
{
    struct pp_slot slot;
    void *memory = share(&slot, bytes_of(ROOM, 4));

    g_assert_cmpuint(pp_joinable_queue_bytes(0, 4), ==, 0);
    g_assert_cmpint(pp_joinable_queue_init(memory, 1, 0), ==, -EINVAL);
    pp_slot_finish(&slot);
}

static int join_for_long(void *memory)
{
    struct shared *shared = memory;

    atomic_fetch_add(&shared->said, 1);
    return -join(shared, PATIENCE_MS);
}

/* Two wait; there is one message that nobody has and one that somebody has. */
static void test_join_waits_until_all_is_done(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);
    uint64_t first;
    uint64_t second;
    pid_t pids[2];

    g_assert_cmpint(put(shared, 1, 0), ==, 0);
    g_assert_cmpint(put(shared, 2, 0), ==, 0);
    first = check_next(shared, 1);
    for (uint32_t i = 0; i < 2; i++) {
        pids[i] = start_child(join_for_long, shared);
        WAIT_UNTIL(atomic_load(&shared->said) == i + 1 && sleeps(pids[i]));
    }
    finish_task(shared, first);
    second = check_next(shared, 2);
    for (uint32_t i = 0; i < 2; i++) {
        g_assert_cmpint(waitpid(pids[i], NULL, WNOHANG), ==, 0);
    }
    finish_task(shared, second);
    for (uint32_t i = 0; i < 2; i++) {
        g_assert_cmpint(join_child(pids[i]), ==, 0);
    }
    pp_slot_finish(&slot);
}

static int finish_for_another(void *memory)
{
    struct shared *shared = memory;

    return -pp_joinable_queue_task_done(queue_of(shared), atomic_load(&shared->ticket));
}

static void test_another_process_may_say_that_it_is_done(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);

    g_assert_cmpint(put(shared, 1, 0), ==, 0);
    atomic_store(&shared->ticket, check_next(shared, 1));
    g_assert_cmpint(join_child(start_child(finish_for_another, shared)), ==, 0);
    check_that_it_is_done_and_whole(shared);
    pp_slot_finish(&slot);
}

static int finish_without_futex(void *memory)
{
    return forbid_call(SYS_futex) ? finish_for_another(memory) : SECCOMP_SKIP;
}

static void test_saying_that_all_is_done_calls_who_joins(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);
    pid_t pid;
    int r;

    g_assert_cmpint(put(shared, 1, 0), ==, 0);
    atomic_store(&shared->ticket, check_next(shared, 1));
    pid = start_child(join_for_long, shared);
    WAIT_UNTIL(atomic_load(&shared->said) == 1 && sleeps(pid));
    r = join_child(start_child(finish_without_futex, shared));
    if (r == SECCOMP_SKIP) {
        g_test_skip("this system does not let a process filter its system calls");
        kill_child(pid);
    } else {
        g_assert_cmpint(r, ==, -1);
        g_assert_cmpint(join_child(pid), ==, 0);
    }
    pp_slot_finish(&slot);
}

static int take_and_wait(void *memory)
{
    struct shared *shared = memory;
    uint32_t number;
    uint64_t ticket;

    if (get(shared, &number, &ticket, PATIENCE_MS) != 0) {
        return 1;
    }
    atomic_store(&shared->ticket, ticket);
    atomic_fetch_add(&shared->said, 1);
    pause();
    return 0;
}

/* A child that has taken one message, and works on it for ever. */
static pid_t start_taker(struct shared *shared)
{
    uint32_t said = atomic_load(&shared->said);
    pid_t pid = start_child(take_and_wait, shared);

    WAIT_UNTIL(atomic_load(&shared->said) == said + 1);
    return pid;
}

/* 2 and 3 came later; and what the dead one could still have said counts no more. */
static void test_what_the_dead_worked_on_is_given_again_in_front(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);
    uint64_t ticket;
    uint64_t dead_ticket;
    pid_t pid;

    g_assert_cmpint(put(shared, 1, 0), ==, 0);
    pid = start_taker(shared);
    dead_ticket = atomic_load(&shared->ticket);
    g_assert_cmpint(put(shared, 2, 0), ==, 0);
    g_assert_cmpint(put(shared, 3, 0), ==, 0);
    kill_child(pid);
    g_assert_cmpint(join(shared, 0), ==, -ETIMEDOUT);
    ticket = check_next(shared, 1);
    g_assert_cmpint(pp_joinable_queue_task_done(queue_of(shared), dead_ticket), ==, -EINVAL);
    finish_task(shared, ticket);
    finish_task(shared, check_next(shared, 2));
    finish_task(shared, check_next(shared, 3));
    check_that_it_is_done_and_whole(shared);
    pp_slot_finish(&slot);
}

/* All who have taken one die, the last one first. */
static void test_all_that_the_dead_worked_on_comes_in_its_old_order(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);
    pid_t pids[ROOM];

    for (uint32_t i = 0; i < ROOM; i++) {
        g_assert_cmpint(put(shared, i, 0), ==, 0);
        pids[i] = start_taker(shared);
    }
    for (uint32_t i = ROOM; i > 0; i--) {
        kill_child(pids[i - 1]);
        g_assert_cmpint(put(shared, 99, 0), ==, -ETIMEDOUT);
        g_assert_cmpuint(pp_joinable_queue_qsize(queue_of(shared)), ==, ROOM - (i - 1));
    }
    for (uint32_t i = 0; i < ROOM; i++) {
        finish_task(shared, check_next(shared, i));
    }
    check_that_it_is_done_and_whole(shared);
    pp_slot_finish(&slot);
}

static int get_and_finish(void *memory)
{
    struct shared *shared = memory;
    uint32_t number = 0;
    uint64_t ticket;

    atomic_fetch_add(&shared->said, 1);
    if (get(shared, &number, &ticket, PATIENCE_MS) != 0) {
        return 99;
    }
    return pp_joinable_queue_task_done(queue_of(shared), ticket) == 0 ? (int)number : 98;
}

static pid_t start_sleeper(struct shared *shared)
{
    uint32_t said = atomic_load(&shared->said);
    pid_t pid = start_child(get_and_finish, shared);

    WAIT_UNTIL(atomic_load(&shared->said) == said + 1 && sleeps(pid));
    return pid;
}

/* Both the one who waits for messages and the one who joins sleep when it happens. */
static void test_join_waits_for_what_the_dead_left_undone(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);
    pid_t taker;
    pid_t sleeper;

    g_assert_cmpint(put(shared, 7, 0), ==, 0);
    taker = start_taker(shared);
    sleeper = start_sleeper(shared);
    kill_child(taker);
    g_assert_cmpint(join(shared, PATIENCE_MS), ==, 0);
    g_assert_cmpint(join_child(sleeper), ==, 7);
    check_that_it_is_done_and_whole(shared);
    pp_slot_finish(&slot);
}

static void test_a_stopped_worker_keeps_its_message(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);
    uint32_t number;
    uint64_t ticket;
    siginfo_t info;
    pid_t pid;

    g_assert_cmpint(put(shared, 7, 0), ==, 0);
    pid = start_taker(shared);
    g_assert_cmpint(kill(pid, SIGSTOP), ==, 0);
    g_assert_cmpint(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT), ==, 0);
    g_assert_cmpint(get(shared, &number, &ticket, 3 * PP_FUTEX_LOOK_MS), ==, -ETIMEDOUT);
    finish_task(shared, atomic_load(&shared->ticket));
    kill_child(pid);
    check_that_it_is_done_and_whole(shared);
    pp_slot_finish(&slot);
}

/* The worker that sleeps gets what the other one dies with; closing does not send it away. */
static void test_a_closed_queue_keeps_workers_until_all_is_done(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);
    pid_t taker;
    pid_t sleeper;
    pid_t last;

    g_assert_cmpint(put(shared, 7, 0), ==, 0);
    taker = start_taker(shared);
    sleeper = start_sleeper(shared);
    last = start_sleeper(shared);
    g_assert_cmpint(pp_joinable_queue_close(queue_of(shared)), ==, 0);
    kill_child(taker);
    g_assert_cmpint(join(shared, PATIENCE_MS), ==, 0);
    g_assert_cmpint(join_child(sleeper) + join_child(last), ==, 7 + 99);
    g_assert_cmpint(put(shared, 1, 0), ==, -EPIPE);
    pp_slot_finish(&slot);
}

/* It could wait for the other one while that one waits for it. */
static void test_who_has_something_to_do_is_not_kept(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);
    uint32_t number;
    uint64_t ticket;
    uint64_t mine;
    pid_t taker;

    g_assert_cmpint(put(shared, 1, 0), ==, 0);
    g_assert_cmpint(put(shared, 2, 0), ==, 0);
    taker = start_taker(shared);
    mine = check_next(shared, 2);
    g_assert_cmpint(pp_joinable_queue_close(queue_of(shared)), ==, 0);
    g_assert_cmpint(get(shared, &number, &ticket, -1), ==, -EPIPE);
    finish_task(shared, mine);
    g_assert_cmpint(get(shared, &number, &ticket, 0), ==, -ETIMEDOUT);
    finish_task(shared, atomic_load(&shared->ticket));
    g_assert_cmpint(get(shared, &number, &ticket, -1), ==, -EPIPE);
    kill_child(taker);
    pp_slot_finish(&slot);
}

static const char *fatal_point;

static void die_there(const char *name)
{
    if (strcmp(name, fatal_point) == 0) {
        raise(SIGKILL);
    }
}

static int get_and_die(void *memory)
{
    struct shared *shared = memory;
    uint32_t number;
    uint64_t ticket;

    fatal_point = shared->point;
    pp_point_hook = die_there;
    return get(shared, &number, &ticket, -1);
}

static int finish_and_die(void *memory)
{
    struct shared *shared = memory;
    uint32_t number;
    uint64_t ticket;

    if (get(shared, &number, &ticket, -1) != 0) {
        return 1;
    }
    fatal_point = shared->point;
    pp_point_hook = die_there;
    return pp_joinable_queue_task_done(queue_of(shared), ticket);
}

static void check_death(size_t bytes, child_fn run, const char *point, bool is_done)
{
    static char message[LONG_BYTES];
    struct pp_slot slot;
    struct shared *shared = begin_with(&slot, ROOM, bytes);

    message[0] = 1;
    g_assert_cmpint(pp_joinable_queue_put(queue_of(shared), message, bytes, 0), ==, 0);
    message[0] = 2;
    g_assert_cmpint(pp_joinable_queue_put(queue_of(shared), message, bytes, 0), ==, 0);
    g_strlcpy(shared->point, point, sizeof(shared->point));
    g_assert_cmpint(join_child(start_child(run, shared)), ==, -1);
    if (!is_done) {
        finish_task(shared, check_next(shared, 1));
    }
    finish_task(shared, check_next(shared, 2));
    check_that_it_is_done_and_whole(shared);
    pp_slot_finish(&slot);
}

static void test_a_worker_may_die_at_each_point(void)
{
    static const char *const points[] = {"queue.get.taken", "queue.get.done", "queue.left"};

    for (size_t i = 0; i < G_N_ELEMENTS(points); i++) {
        check_death(sizeof(uint32_t), get_and_die, points[i], false);
        check_death(LONG_BYTES, get_and_die, points[i], false);
    }
    check_death(LONG_BYTES, get_and_die, "queue.get.read", false);
    check_death(sizeof(uint32_t), finish_and_die, "queue.done", true);
    check_death(sizeof(uint32_t), finish_and_die, "queue.left", true);
}

static void prepare_two(void *memory)
{
    struct shared *shared = memory;

    memset((void *)shared, 0, sizeof(*shared));
    g_assert_cmpint(pp_joinable_queue_init(queue_of(shared), ROOM, sizeof(uint32_t)), ==, 0);
    g_assert_cmpint(put(shared, 1, 0), ==, 0);
    g_assert_cmpint(put(shared, 2, 0), ==, 0);
}

/* Gets 1 and says that it is done. */
static int work_on_one(void *memory)
{
    struct shared *shared = memory;
    uint32_t number;
    uint64_t ticket;
    int r = pp_joinable_queue_get(queue_of(shared), &number, sizeof(number), NULL, &ticket, -1);

    return r != 0 ? r : pp_joinable_queue_task_done(queue_of(shared), ticket);
}

/* 1 is done, or it comes again. */
static void check_what_is_left(void *memory)
{
    struct shared *shared = memory;
    uint32_t number = UINT32_MAX;
    uint64_t ticket = 0;

    g_assert_cmpint(get(shared, &number, &ticket, PATIENCE_MS), ==, 0);
    if (number == 1) {
        g_assert_cmpint(join(shared, 0), ==, -ETIMEDOUT);
        finish_task(shared, ticket);
        ticket = check_next(shared, 2);
    } else {
        g_assert_cmpuint(number, ==, 2);
    }
    finish_task(shared, ticket);
    check_that_it_is_done_and_whole(shared);
}

static void test_a_worker_may_die_at_any_instruction(void)
{
    struct pp_slot slot;
    size_t bytes = bytes_of(ROOM, sizeof(uint32_t));

    kill_at_each_instruction(share(&slot, bytes), bytes, prepare_two, work_on_one,
                             check_what_is_left);
    pp_slot_finish(&slot);
}

static int put_until_stopped(void *memory)
{
    struct shared *shared = memory;

    for (uint32_t i = 0; i < MESSAGES && atomic_load(&shared->stop) == 0; i++) {
        if (put(shared, i, PATIENCE_MS) != 0) {
            return 1;
        }
        atomic_store(&shared->put, i + 1);
    }
    return 0;
}

static void work(void)
{
    uint64_t end = pp_clock_ns() + WORK_NS;

    while (pp_clock_ns() < end) {
    }
}

static int work_until_closed(void *memory)
{
    struct shared *shared = memory;
    uint32_t number;
    uint64_t ticket;
    int r;

    while ((r = get(shared, &number, &ticket, PATIENCE_MS)) == 0) {
        atomic_fetch_add(&books->begun[number], 1);
        work();
        if (pp_joinable_queue_task_done(queue_of(shared), ticket) != 0) {
            return 2;
        }
        atomic_fetch_add(&books->done[number], 1);
        atomic_fetch_add(&shared->progress, 1);
    }
    return r == -EPIPE ? 0 : 1;
}

static void kill_workers(struct shared *shared, pid_t *pids)
{
    for (int i = 0; i < KILLS; i++) {
        uint32_t seen = atomic_load(&shared->progress);
        int victim = g_test_rand_int_range(0, WORKERS);

        WAIT_UNTIL(atomic_load(&shared->progress) - seen >= (uint32_t)g_test_rand_int_range(1, 30));
        kill_child(pids[victim]);
        pids[victim] = start_child(work_until_closed, shared);
    }
}

/* Not one is missing; and of those whose work was begun again, each was a dead worker's. */
static void check_books(const struct shared *shared)
{
    uint32_t messages = atomic_load(&shared->put);
    uint32_t again = 0;

    for (uint32_t i = 0; i < messages; i++) {
        g_assert_cmpuint(atomic_load(&books->begun[i]), >=, 1);
        g_assert_cmpuint(atomic_load(&books->done[i]), <=, 1);
        again += atomic_load(&books->begun[i]) - 1u;
    }
    g_assert_cmpuint(again, <=, KILLS);
    g_test_message("%u of %u were begun again", again, messages);
}

static void test_a_storm_of_deaths_leaves_nothing_undone(void)
{
    struct pp_slot slot;
    struct pp_slot books_slot;
    struct shared *shared = begin_with(&slot, 10, sizeof(uint32_t));
    pid_t pids[WORKERS];
    pid_t writer;

    books = share(&books_slot, sizeof(*books));
    for (int i = 0; i < WORKERS; i++) {
        pids[i] = start_child(work_until_closed, shared);
    }
    writer = start_child(put_until_stopped, shared);
    kill_workers(shared, pids);
    atomic_store(&shared->stop, 1);
    g_assert_cmpint(join_child(writer), ==, 0);
    g_assert_cmpint(join(shared, PATIENCE_MS), ==, 0);
    g_assert_cmpint(pp_joinable_queue_close(queue_of(shared)), ==, 0);
    for (int i = 0; i < WORKERS; i++) {
        g_assert_cmpint(join_child(pids[i]), ==, 0);
    }
    check_books(shared);
    pp_slot_finish(&books_slot);
    pp_slot_finish(&slot);
}

static void *work_in_thread(void *memory)
{
    g_assert_cmpint(work_until_closed(memory), ==, 0);
    return NULL;
}

/* Threads of one process, as this is where a race detector sees what join() orders: the parent
 * reads the books without more ado. */
static void test_threads_work_on_each_message_once(void)
{
    struct pp_slot slot;
    struct pp_slot books_slot;
    struct shared *shared = begin_with(&slot, 10, sizeof(uint32_t));
    pthread_t threads[WORKERS];
    uint32_t messages = 20000;

    books = share(&books_slot, sizeof(*books));
    for (int i = 0; i < WORKERS; i++) {
        g_assert_cmpint(pthread_create(&threads[i], NULL, work_in_thread, shared), ==, 0);
    }
    for (uint32_t i = 0; i < messages; i++) {
        g_assert_cmpint(put(shared, i, PATIENCE_MS), ==, 0);
    }
    g_assert_cmpint(join(shared, PATIENCE_MS), ==, 0);
    for (uint32_t i = 0; i < messages; i++) {
        g_assert_cmpuint(atomic_load_explicit(&books->begun[i], memory_order_relaxed), ==, 1);
    }
    g_assert_cmpint(pp_joinable_queue_close(queue_of(shared)), ==, 0);
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(threads[i], NULL);
    }
    pp_slot_finish(&books_slot);
    pp_slot_finish(&slot);
}

static void add_death_tests(void)
{
    g_test_add_func("/joinable-queue/what-the-dead-worked-on-is-given-again-in-front",
                    test_what_the_dead_worked_on_is_given_again_in_front);
    g_test_add_func("/joinable-queue/all-that-the-dead-worked-on-comes-in-its-old-order",
                    test_all_that_the_dead_worked_on_comes_in_its_old_order);
    g_test_add_func("/joinable-queue/join-waits-for-what-the-dead-left-undone",
                    test_join_waits_for_what_the_dead_left_undone);
    g_test_add_func("/joinable-queue/a-stopped-worker-keeps-its-message",
                    test_a_stopped_worker_keeps_its_message);
    g_test_add_func("/joinable-queue/a-closed-queue-keeps-workers-until-all-is-done",
                    test_a_closed_queue_keeps_workers_until_all_is_done);
    g_test_add_func("/joinable-queue/a-worker-may-die-at-each-point",
                    test_a_worker_may_die_at_each_point);
    g_test_add_func("/joinable-queue/a-worker-may-die-at-any-instruction",
                    test_a_worker_may_die_at_any_instruction);
    g_test_add_func("/joinable-queue/a-storm-of-deaths-leaves-nothing-undone",
                    test_a_storm_of_deaths_leaves_nothing_undone);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    pp_point_follow_environment();
    g_test_add_func("/joinable-queue/a-message-is-kept-until-it-is-done",
                    test_a_message_is_kept_until_it_is_done);
    g_test_add_func("/joinable-queue/what-is-done-is-done-once", test_what_is_done_is_done_once);
    g_test_add_func("/joinable-queue/none-is-done-when-it-is-taken",
                    test_none_is_done_when_it_is_taken);
    g_test_add_func("/joinable-queue/a-long-task-holds-nobody-up",
                    test_a_long_task_holds_nobody_up);
    g_test_add_func("/joinable-queue/queues-that-cannot-be-are-errors",
                    test_queues_that_cannot_be_are_errors);
    g_test_add_func("/joinable-queue/join-waits-until-all-is-done",
                    test_join_waits_until_all_is_done);
    g_test_add_func("/joinable-queue/saying-that-all-is-done-calls-who-joins",
                    test_saying_that_all_is_done_calls_who_joins);
    g_test_add_func("/joinable-queue/another-process-may-say-that-it-is-done",
                    test_another_process_may_say_that_it_is_done);
    g_test_add_func("/joinable-queue/who-has-something-to-do-is-not-kept",
                    test_who_has_something_to_do_is_not_kept);
    add_death_tests();
    g_test_add_func("/joinable-queue/threads-work-on-each-message-once",
                    test_threads_work_on_each_message_once);
    return g_test_run();
}
