/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>

#include "core/barrier.h"
#include "core/clock.h"
#include "core/futex.h"
#include "core/participant.h"
#include "tests/instructions.h"

enum { PARTIES = 4, ROUNDS = 1000 };

struct shared {
    struct pp_barrier barrier;
    _Atomic uint32_t came[ROUNDS]; /* to each round */
    _Atomic uint32_t indices[PARTIES];
    _Atomic uint32_t said;
    _Atomic uint32_t go;
    _Atomic int32_t outcome;
    pid_t pid;
};

static struct shared *begin(struct pp_slot *slot, uint32_t parties)
{
    struct shared *shared = share(slot, sizeof(*shared));

    g_assert_cmpint(pp_barrier_init(&shared->barrier, parties), ==, 0);
    return shared;
}

/* Exits with 0 where it passed, with 1 where the barrier was broken. */
static int wait_once(void *memory)
{
    struct shared *shared = memory;
    int r = pp_barrier_wait(&shared->barrier, PATIENCE_MS, NULL);

    atomic_store(&shared->outcome, r);
    return r >= 0 ? r : 100;
}

/* Returns when the child waits. */
static pid_t start_waiter(struct shared *shared)
{
    uint32_t before = pp_barrier_n_waiting(&shared->barrier);
    pid_t pid = start_child(wait_once, shared);

    WAIT_UNTIL(pp_barrier_n_waiting(&shared->barrier) == before + 1);
    return pid;
}

static void test_parties_that_cannot_be_are_errors(void)
{
    struct pp_barrier barrier;

    g_assert_cmpint(pp_barrier_init(&barrier, 0), ==, -EINVAL);
    g_assert_cmpint(pp_barrier_init(&barrier, PP_BARRIER_PARTIES_MAX + 1), ==, -EINVAL);
    g_assert_cmpint(pp_barrier_init(&barrier, PP_BARRIER_PARTIES_MAX), ==, 0);
    g_assert_cmpuint(pp_barrier_parties(&barrier), ==, PP_BARRIER_PARTIES_MAX);
}

static void test_one_party_never_waits(void)
{
    struct pp_barrier barrier;
    uint32_t index = 7;

    g_assert_cmpint(pp_barrier_init(&barrier, 1), ==, 0);
    for (int i = 0; i < 3; i++) {
        g_assert_cmpint(pp_barrier_wait(&barrier, 0, &index), ==, 0);
        g_assert_cmpuint(index, ==, 0);
    }
    g_assert_cmpuint(pp_barrier_n_waiting(&barrier), ==, 0);
}

/* All but one wait, and none has passed; then the last one comes. */
static void test_all_pass_when_the_last_one_comes(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, PARTIES);
    pid_t pids[PARTIES - 1];
    uint32_t index = 0;

    for (int i = 0; i < PARTIES - 1; i++) {
        pids[i] = start_waiter(shared);
    }
    g_assert_cmpuint(pp_barrier_n_waiting(&shared->barrier), ==, PARTIES - 1);
    g_assert_cmpint(pp_barrier_wait(&shared->barrier, -1, &index), ==, 0);
    g_assert_cmpuint(index, ==, PARTIES - 1);
    for (int i = 0; i < PARTIES - 1; i++) {
        g_assert_cmpint(join_child(pids[i]), ==, 0);
    }
    g_assert_cmpuint(pp_barrier_n_waiting(&shared->barrier), ==, 0);
    pp_slot_finish(&slot);
}

/* In each round all must have come before any goes on; with one index each. */
static int go_round_and_round(void *memory)
{
    struct shared *shared = memory;
    uint32_t index;

    for (int i = 0; i < ROUNDS; i++) {
        atomic_fetch_add(&shared->came[i], 1);
        if (pp_barrier_wait(&shared->barrier, PATIENCE_MS, &index) != 0 || index >= PARTIES ||
            atomic_load(&shared->came[i]) != PARTIES) {
            return 1;
        }
        atomic_fetch_add(&shared->indices[index], 1);
    }
    return 0;
}

static void check_rounds(struct shared *shared)
{
    for (int i = 0; i < PARTIES; i++) {
        g_assert_cmpuint(atomic_load(&shared->indices[i]), ==, ROUNDS);
    }
}

static void test_processes_go_round_and_round_together(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, PARTIES);
    pid_t pids[PARTIES];

    for (int i = 0; i < PARTIES; i++) {
        pids[i] = start_child(go_round_and_round, shared);
    }
    for (int i = 0; i < PARTIES; i++) {
        g_assert_cmpint(join_child(pids[i]), ==, 0);
    }
    check_rounds(shared);
    pp_slot_finish(&slot);
}

static void *go_round_in_thread(void *memory)
{
    g_assert_cmpint(go_round_and_round(memory), ==, 0);
    return NULL;
}

/* Threads of one process, as this is where a race detector sees what the barrier orders. */
static void test_threads_go_round_and_round_together(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, PARTIES);
    pthread_t threads[PARTIES];

    for (int i = 0; i < PARTIES; i++) {
        g_assert_cmpint(pthread_create(&threads[i], NULL, go_round_in_thread, shared), ==, 0);
    }
    for (int i = 0; i < PARTIES; i++) {
        pthread_join(threads[i], NULL);
    }
    check_rounds(shared);
    pp_slot_finish(&slot);
}

/* As in Python: one who does not wait any longer breaks it for all, until it is reset. */
static void test_a_wait_that_times_out_breaks_it(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, 3);
    pid_t pid = start_waiter(shared);
    uint64_t start = pp_clock_ns();
    int limit = 2 * PP_FUTEX_LOOK_MS + 5;

    g_assert_cmpint(pp_barrier_wait(&shared->barrier, limit, NULL), ==, -ETIMEDOUT);
    g_assert_cmpuint(pp_clock_ns() - start, >=, (uint64_t)limit * 1000000);
    g_assert_cmpint(join_child(pid), ==, PP_BARRIER_BROKEN);
    g_assert_true(pp_barrier_is_broken(&shared->barrier));
    g_assert_cmpint(pp_barrier_wait(&shared->barrier, -1, NULL), ==, PP_BARRIER_BROKEN);
    g_assert_cmpint(pp_barrier_reset(&shared->barrier), ==, 0);
    g_assert_false(pp_barrier_is_broken(&shared->barrier));
    g_assert_cmpint(pp_barrier_wait(&shared->barrier, 0, NULL), ==, -ETIMEDOUT);
    pp_slot_finish(&slot);
}

static void test_an_abort_breaks_it_for_all(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, 3);
    pid_t first = start_waiter(shared);
    pid_t second = start_waiter(shared);

    g_assert_cmpint(pp_barrier_abort(&shared->barrier), ==, 0);
    g_assert_cmpint(join_child(first), ==, PP_BARRIER_BROKEN);
    g_assert_cmpint(join_child(second), ==, PP_BARRIER_BROKEN);
    g_assert_cmpint(pp_barrier_wait(&shared->barrier, -1, NULL), ==, PP_BARRIER_BROKEN);
    pp_slot_finish(&slot);
}

/* The waiter is stopped while the barrier is reset and a whole round goes by, so when it looks
 * everything is well again; but it did not pass. */
static void test_a_reset_is_not_mistaken_for_a_round(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, 2);
    pid_t pid = start_waiter(shared);
    pid_t other;
    siginfo_t info;

    g_assert_cmpint(kill(pid, SIGSTOP), ==, 0);
    g_assert_cmpint(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT), ==, 0);
    g_assert_cmpint(pp_barrier_reset(&shared->barrier), ==, 0);
    g_assert_cmpuint(pp_barrier_n_waiting(&shared->barrier), ==, 0);
    other = start_waiter(shared);
    g_assert_cmpint(pp_barrier_wait(&shared->barrier, PATIENCE_MS, NULL), ==, 0);
    g_assert_cmpint(join_child(other), ==, 0);
    g_assert_cmpint(kill(pid, SIGCONT), ==, 0);
    g_assert_cmpint(join_child(pid), ==, PP_BARRIER_BROKEN);
    g_assert_false(pp_barrier_is_broken(&shared->barrier));
    pp_slot_finish(&slot);
}

/* Three wait for a fourth that never comes; one of them dies. The dead one stands first, in the
 * middle and last, as each looks after another one. */
static void test_a_dead_waiter_leaves_it_broken(void)
{
    for (int dead = 0; dead < 3; dead++) {
        struct pp_slot slot;
        struct shared *shared = begin(&slot, 4);
        pid_t pids[3];

        for (int i = 0; i < 3; i++) {
            pids[i] = start_waiter(shared);
        }
        kill_child(pids[dead]);
        for (int i = 0; i < 3; i++) {
            if (i != dead) {
                g_assert_cmpint(join_child(pids[i]), ==, PP_BARRIER_BROKEN);
            }
        }
        g_assert_true(pp_barrier_is_broken(&shared->barrier));
        pp_slot_finish(&slot);
    }
}

/* Nobody is there to find it dead before the last one comes. */
static void test_a_round_with_a_dead_process_in_it_does_not_pass(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, 2);

    kill_child(start_waiter(shared));
    g_assert_cmpint(pp_barrier_wait(&shared->barrier, -1, NULL), ==, PP_BARRIER_BROKEN);
    g_assert_cmpint(pp_barrier_reset(&shared->barrier), ==, 0);
    g_assert_false(pp_barrier_is_broken(&shared->barrier));
    pp_slot_finish(&slot);
}

static int never_come(void *memory)
{
    struct shared *shared = memory;

    atomic_store(&shared->said, 1);
    WAIT_UNTIL(atomic_load(&shared->go) != 0);
    return 0;
}

/* The child ends in peace without ever having been at the barrier. */
static void test_one_that_is_expected_and_ends_breaks_it(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, 2);
    pid_t expected = start_child(never_come, shared);
    pid_t waiter;
    uint64_t participant = 0;

    g_assert_cmpint(pp_participant_of(expected, &participant), ==, 0);
    g_assert_cmpint(pp_barrier_expect(&shared->barrier, participant), ==, 0);
    g_assert_cmpint(pp_barrier_expect(&shared->barrier, participant), ==, 0);
    waiter = start_waiter(shared);
    atomic_store(&shared->go, 1);
    g_assert_cmpint(join_child(waiter), ==, PP_BARRIER_BROKEN);
    g_assert_cmpint(join_child(expected), ==, 0);
    pp_slot_finish(&slot);
}

/* Dead as well, but excused: the wait ends with its time, and not before. */
static void test_one_that_is_excused_may_end(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, 2);
    pid_t expected = start_child(never_come, shared);
    uint64_t participant = 0;

    g_assert_cmpint(pp_participant_of(expected, &participant), ==, 0);
    g_assert_cmpint(pp_barrier_excuse(&shared->barrier, participant), ==, -ESRCH);
    g_assert_cmpint(pp_barrier_expect(&shared->barrier, participant), ==, 0);
    g_assert_cmpint(pp_barrier_excuse(&shared->barrier, participant), ==, 0);
    g_assert_cmpint(pp_barrier_excuse(&shared->barrier, participant), ==, -ESRCH);
    kill_child(expected);
    g_assert_cmpint(pp_barrier_wait(&shared->barrier, 3 * PP_FUTEX_LOOK_MS, NULL), ==, -ETIMEDOUT);
    pp_slot_finish(&slot);
}

/* As many as there may be, round after round: the places of those who have passed come back. */
static void test_many_parties_fit(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, PP_BARRIER_PARTIES_MAX);
    pid_t pids[PP_BARRIER_PARTIES_MAX];

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < PP_BARRIER_PARTIES_MAX; i++) {
            pids[i] = start_child(wait_once, shared);
        }
        for (int i = 0; i < PP_BARRIER_PARTIES_MAX; i++) {
            g_assert_cmpint(join_child(pids[i]), ==, 0);
        }
    }
    pp_slot_finish(&slot);
}

static void start_one_of_two(void *memory)
{
    struct shared *shared = memory;

    memset((void *)shared, 0, sizeof(*shared));
    g_assert_cmpint(pp_barrier_init(&shared->barrier, 2), ==, 0);
    shared->pid = start_waiter(shared);
}

/* On a copy, which its caller makes before, the other one waits in vain. */
static int come_last(void *memory)
{
    struct shared *shared = memory;
    int r = pp_barrier_wait(&shared->barrier, -1, NULL);

    atomic_store(&shared->said, 1);
    return r;
}

/*
 * Dead before it came: the first one still waits, and passes with another. Dead after it came: the
 * round passed, or it broke. In no case does the first one wait for ever, nor is the barrier left
 * so that a reset does not mend it.
 */
static void check_that_nobody_is_stuck(void *memory)
{
    struct shared *shared = memory;
    int first;
    int r = 0;

    if (pp_barrier_n_waiting(&shared->barrier) == 1 && !pp_barrier_is_broken(&shared->barrier)) {
        r = pp_barrier_wait(&shared->barrier, PATIENCE_MS, NULL);
    }
    first = join_child(shared->pid);
    g_assert_true(first == 0 || first == PP_BARRIER_BROKEN);
    g_assert_true(r == 0 || r == PP_BARRIER_BROKEN);
    g_assert_true(atomic_load(&shared->said) == 0 || first == 0);
    g_assert_cmpint(pp_barrier_reset(&shared->barrier), ==, 0);
    g_assert_false(pp_barrier_is_broken(&shared->barrier));
    shared->pid = start_waiter(shared);
    g_assert_cmpint(pp_barrier_wait(&shared->barrier, PATIENCE_MS, NULL), ==, 0);
    g_assert_cmpint(join_child(shared->pid), ==, 0);
}

static void test_the_last_one_may_die_at_any_instruction(void)
{
    struct pp_slot slot;
    struct shared *shared = share(&slot, sizeof(*shared));

    kill_at_each_instruction(shared, sizeof(*shared), start_one_of_two, come_last,
                             check_that_nobody_is_stuck);
    pp_slot_finish(&slot);
}

static int reset_it(void *memory)
{
    return pp_barrier_reset(&((struct shared *)memory)->barrier);
}

/* Before the reset had any effect the first one waits on, and passes with the one who checks; after
 * that it is told that the barrier broke. It never passes alone. */
static void check_that_nobody_passed_alone(void *memory)
{
    struct shared *shared = memory;
    int r = pp_barrier_wait(&shared->barrier, 2 * PP_FUTEX_LOOK_MS, NULL);
    int first = join_child(shared->pid);

    g_assert_true(r == 0 || r == PP_BARRIER_BROKEN || r == -ETIMEDOUT);
    g_assert_cmpint(first, ==, r == 0 ? 0 : PP_BARRIER_BROKEN);
}

static void test_who_resets_it_may_die_at_any_instruction(void)
{
    struct pp_slot slot;
    struct shared *shared = share(&slot, sizeof(*shared));

    kill_at_each_instruction(shared, sizeof(*shared), start_one_of_two, reset_it,
                             check_that_nobody_passed_alone);
    pp_slot_finish(&slot);
}

static void add_death_tests(void)
{
    g_test_add_func("/barrier/a-dead-waiter-leaves-it-broken", test_a_dead_waiter_leaves_it_broken);
    g_test_add_func("/barrier/a-round-with-a-dead-process-in-it-does-not-pass",
                    test_a_round_with_a_dead_process_in_it_does_not_pass);
    g_test_add_func("/barrier/one-that-is-expected-and-ends-breaks-it",
                    test_one_that_is_expected_and_ends_breaks_it);
    g_test_add_func("/barrier/one-that-is-excused-may-end", test_one_that_is_excused_may_end);
    g_test_add_func("/barrier/the-last-one-may-die-at-any-instruction",
                    test_the_last_one_may_die_at_any_instruction);
    g_test_add_func("/barrier/who-resets-it-may-die-at-any-instruction",
                    test_who_resets_it_may_die_at_any_instruction);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/barrier/parties-that-cannot-be-are-errors",
                    test_parties_that_cannot_be_are_errors);
    g_test_add_func("/barrier/one-party-never-waits", test_one_party_never_waits);
    g_test_add_func("/barrier/all-pass-when-the-last-one-comes",
                    test_all_pass_when_the_last_one_comes);
    g_test_add_func("/barrier/processes-go-round-and-round-together",
                    test_processes_go_round_and_round_together);
    g_test_add_func("/barrier/a-wait-that-times-out-breaks-it",
                    test_a_wait_that_times_out_breaks_it);
    g_test_add_func("/barrier/an-abort-breaks-it-for-all", test_an_abort_breaks_it_for_all);
    g_test_add_func("/barrier/a-reset-is-not-mistaken-for-a-round",
                    test_a_reset_is_not_mistaken_for_a_round);
    add_death_tests();
    g_test_add_func("/barrier/many-parties-fit", test_many_parties_fit);
    g_test_add_func("/barrier/threads-go-round-and-round-together",
                    test_threads_go_round_and_round_together);
    return g_test_run();
}
