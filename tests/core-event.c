/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>

#include "core/clock.h"
#include "core/event.h"
#include "core/futex.h"
#include "tests/instructions.h"

enum { WAITERS = 4, ROUNDS = 2000 };

struct shared {
    struct pp_event event;
    struct pp_event answer;
    int data; /* written before the event is set, read after it was */
    _Atomic uint32_t waiting;
    _Atomic uint32_t passed;
};

static void test_a_set_event_lets_pass_until_it_is_cleared(void)
{
    struct pp_event event = {0};

    g_assert_false(pp_event_is_set(&event));
    g_assert_cmpint(pp_event_wait(&event, 0), ==, -ETIMEDOUT);
    pp_event_clear(&event);
    g_assert_false(pp_event_is_set(&event));
    pp_event_set(&event);
    pp_event_set(&event);
    g_assert_true(pp_event_is_set(&event));
    g_assert_cmpint(pp_event_wait(&event, 0), ==, 0);
    g_assert_cmpint(pp_event_wait(&event, -1), ==, 0);
    pp_event_clear(&event);
    g_assert_cmpint(pp_event_wait(&event, 0), ==, -ETIMEDOUT);
}

/* Longer than a slice of sleep, and not a multiple of it. */
static void test_a_wait_ends_when_its_time_is_over(void)
{
    struct pp_event event = {0};
    uint64_t start = pp_clock_ns();

    g_assert_cmpint(pp_event_wait(&event, 2 * PP_FUTEX_LOOK_MS + 5), ==, -ETIMEDOUT);
    g_assert_cmpuint(pp_clock_ns() - start, >=, (2 * PP_FUTEX_LOOK_MS + 5) * UINT64_C(1000000));
}

static int wait_for_event(void *memory)
{
    struct shared *shared = memory;

    atomic_fetch_add(&shared->waiting, 1);
    if (pp_event_wait(&shared->event, PATIENCE_MS) != 0) {
        return 1;
    }
    atomic_fetch_add(&shared->passed, 1);
    return 0;
}

static void start_waiters(struct shared *shared, pid_t *pids)
{
    for (int i = 0; i < WAITERS; i++) {
        pids[i] = start_child(wait_for_event, shared);
    }
    WAIT_UNTIL(atomic_load(&shared->waiting) == WAITERS);
    for (int i = 0; i < WAITERS; i++) {
        WAIT_UNTIL(sleeps(pids[i]));
    }
}

static void join_waiters(pid_t *pids)
{
    for (int i = 0; i < WAITERS; i++) {
        g_assert_cmpint(join_child(pids[i]), ==, 0);
    }
}

/* All sleep before it is set. */
static void test_it_wakes_all_who_wait(void)
{
    struct pp_slot slot;
    struct shared *shared = share(&slot, sizeof(*shared));
    pid_t pids[WAITERS];

    start_waiters(shared, pids);
    g_assert_cmpuint(atomic_load(&shared->passed), ==, 0);
    pp_event_set(&shared->event);
    join_waiters(pids);
    pp_slot_finish(&slot);
}

/* The waiters are stopped while the flag is set and cleared: whenever they look, it is clear. */
static void test_who_waited_passes_even_if_it_was_cleared_at_once(void)
{
    struct pp_slot slot;
    struct shared *shared = share(&slot, sizeof(*shared));
    pid_t pids[WAITERS];
    siginfo_t info;

    start_waiters(shared, pids);
    for (int i = 0; i < WAITERS; i++) {
        g_assert_cmpint(kill(pids[i], SIGSTOP), ==, 0);
        g_assert_cmpint(waitid(P_PID, (id_t)pids[i], &info, WSTOPPED | WNOWAIT), ==, 0);
    }
    pp_event_set(&shared->event);
    pp_event_clear(&shared->event);
    for (int i = 0; i < WAITERS; i++) {
        g_assert_cmpint(kill(pids[i], SIGCONT), ==, 0);
    }
    join_waiters(pids);
    g_assert_false(pp_event_is_set(&shared->event));
    pp_slot_finish(&slot);
}

/* Half of the waiters are dead when it is set; the others must not notice. */
static void test_dead_waiters_harm_nobody(void)
{
    struct pp_slot slot;
    struct shared *shared = share(&slot, sizeof(*shared));
    pid_t pids[WAITERS];

    start_waiters(shared, pids);
    for (int i = 0; i < WAITERS / 2; i++) {
        kill_child(pids[i]);
    }
    pp_event_set(&shared->event);
    for (int i = WAITERS / 2; i < WAITERS; i++) {
        g_assert_cmpint(join_child(pids[i]), ==, 0);
    }
    g_assert_cmpuint(atomic_load(&shared->passed), ==, WAITERS - WAITERS / 2);
    pp_slot_finish(&slot);
}

static void clear_all(void *memory)
{
    memset(memory, 0, sizeof(struct shared));
}

static int set_event(void *memory)
{
    pp_event_set(&((struct shared *)memory)->event);
    return 0;
}

static void start_one_waiter(void *memory)
{
    struct shared *shared = memory;

    clear_all(shared);
    shared->data = start_child(wait_for_event, shared);
    WAIT_UNTIL(atomic_load(&shared->waiting) == 1 && sleeps(shared->data));
}

/* Either the dead one set the flag, and then the sleeper passes though nobody may have woken it; or
 * it did not, and then nobody passes before somebody else sets it. */
static void check_that_the_flag_counts(void *memory)
{
    struct shared *shared = memory;

    if (!pp_event_is_set(&shared->event)) {
        g_assert_cmpuint(atomic_load(&shared->passed), ==, 0);
        pp_event_set(&shared->event);
    }
    g_assert_cmpint(join_child(shared->data), ==, 0);
}

static void test_who_sets_it_may_die_at_any_instruction(void)
{
    struct pp_slot slot;
    struct shared *shared = share(&slot, sizeof(*shared));

    kill_at_each_instruction(shared, sizeof(*shared), start_one_waiter, set_event,
                             check_that_the_flag_counts);
    pp_slot_finish(&slot);
}

static int answer_each_event(void *memory)
{
    struct shared *shared = memory;

    for (int i = 0; i < ROUNDS; i++) {
        if (pp_event_wait(&shared->event, PATIENCE_MS) != 0 || shared->data != i) {
            return 1;
        }
        pp_event_clear(&shared->event);
        pp_event_set(&shared->answer);
    }
    return 0;
}

static void ask(struct shared *shared)
{
    for (int i = 0; i < ROUNDS; i++) {
        shared->data = i;
        pp_event_set(&shared->event);
        g_assert_cmpint(pp_event_wait(&shared->answer, PATIENCE_MS), ==, 0);
        pp_event_clear(&shared->answer);
    }
}

/* Two take turns; one wake-up lost and both would sleep for good, one too many and the data would
 * be of another round. */
static void test_two_processes_take_turns(void)
{
    struct pp_slot slot;
    struct shared *shared = share(&slot, sizeof(*shared));
    pid_t pid = start_child(answer_each_event, shared);

    ask(shared);
    g_assert_cmpint(join_child(pid), ==, 0);
    pp_slot_finish(&slot);
}

static void *answer_in_thread(void *memory)
{
    g_assert_cmpint(answer_each_event(memory), ==, 0);
    return NULL;
}

/* Threads of one process, as this is where a race detector sees what the event orders. */
static void test_two_threads_take_turns(void)
{
    static struct shared shared;
    pthread_t thread;

    g_assert_cmpint(pthread_create(&thread, NULL, answer_in_thread, &shared), ==, 0);
    ask(&shared);
    pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/event/a-set-event-lets-pass-until-it-is-cleared",
                    test_a_set_event_lets_pass_until_it_is_cleared);
    g_test_add_func("/event/a-wait-ends-when-its-time-is-over",
                    test_a_wait_ends_when_its_time_is_over);
    g_test_add_func("/event/it-wakes-all-who-wait", test_it_wakes_all_who_wait);
    g_test_add_func("/event/who-waited-passes-even-if-it-was-cleared-at-once",
                    test_who_waited_passes_even_if_it_was_cleared_at_once);
    g_test_add_func("/event/dead-waiters-harm-nobody", test_dead_waiters_harm_nobody);
    g_test_add_func("/event/who-sets-it-may-die-at-any-instruction",
                    test_who_sets_it_may_die_at_any_instruction);
    g_test_add_func("/event/two-processes-take-turns", test_two_processes_take_turns);
    g_test_add_func("/event/two-threads-take-turns", test_two_threads_take_turns);
    return g_test_run();
}
