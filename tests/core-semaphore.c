/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>

#include "core/clock.h"
#include "core/futex.h"
#include "core/semaphore.h"
#include "tests/instructions.h"

enum { PERMITS = 2, PROCESSES = 5, ROUNDS = 5000 };

struct shared {
    struct pp_semaphore semaphore;
    _Atomic uint32_t inside;
    _Atomic uint32_t most;
    _Atomic uint32_t said;
    _Atomic uint32_t taken;
};

static struct shared *begin(struct pp_slot *slot, uint32_t value)
{
    struct shared *shared = share(slot, sizeof(*shared));

    g_assert_cmpint(pp_semaphore_init_bounded(&shared->semaphore, value), ==, 0);
    return shared;
}

static uint32_t value_of(struct pp_semaphore *semaphore)
{
    uint32_t value = UINT32_MAX;

    g_assert_cmpint(pp_semaphore_get_value(semaphore, &value), ==, 0);
    return value;
}

static void test_as_many_as_there_are_permits(void)
{
    struct pp_semaphore semaphore;

    g_assert_cmpint(pp_semaphore_init(&semaphore, 2), ==, 0);
    g_assert_cmpint(pp_semaphore_acquire(&semaphore, -1), ==, 0);
    g_assert_cmpint(pp_semaphore_acquire(&semaphore, 0), ==, 0);
    g_assert_cmpuint(value_of(&semaphore), ==, 0);
    g_assert_cmpint(pp_semaphore_acquire(&semaphore, 0), ==, -ETIMEDOUT);
    g_assert_cmpint(pp_semaphore_release(&semaphore), ==, 0);
    g_assert_cmpuint(value_of(&semaphore), ==, 1);
    g_assert_cmpint(pp_semaphore_acquire(&semaphore, 0), ==, 0);
}

/* Python's word for one that counts up from nothing. */
static void test_a_plain_one_grows_when_released(void)
{
    struct pp_semaphore semaphore;

    g_assert_cmpint(pp_semaphore_init(&semaphore, 0), ==, 0);
    g_assert_cmpint(pp_semaphore_acquire(&semaphore, 0), ==, -ETIMEDOUT);
    g_assert_cmpint(pp_semaphore_release(&semaphore), ==, 0);
    g_assert_cmpint(pp_semaphore_release(&semaphore), ==, 0);
    g_assert_cmpuint(value_of(&semaphore), ==, 2);
    g_assert_cmpint(pp_semaphore_acquire(&semaphore, 0), ==, 0);
}

static void test_values_that_cannot_be_are_errors(void)
{
    struct pp_semaphore semaphore;

    g_assert_cmpint(pp_semaphore_init(&semaphore, UINT32_MAX), ==, -EINVAL);
    g_assert_cmpint(pp_semaphore_init_bounded(&semaphore, UINT32_MAX), ==, -EINVAL);
    g_assert_cmpint(pp_semaphore_init(&semaphore, PP_SEMAPHORE_PERMITS_MAX), ==, 0);
    g_assert_cmpint(pp_semaphore_release(&semaphore), ==, -EOVERFLOW);
}

/* Also after it was used: the bound is the first value, not the present one. */
static void test_a_bounded_one_is_not_released_too_often(void)
{
    struct pp_semaphore semaphore;

    g_assert_cmpint(pp_semaphore_init_bounded(&semaphore, 1), ==, 0);
    g_assert_cmpint(pp_semaphore_release(&semaphore), ==, -EOVERFLOW);
    g_assert_cmpint(pp_semaphore_acquire(&semaphore, 0), ==, 0);
    g_assert_cmpint(pp_semaphore_release(&semaphore), ==, 0);
    g_assert_cmpint(pp_semaphore_release(&semaphore), ==, -EOVERFLOW);
    g_assert_cmpuint(value_of(&semaphore), ==, 1);
}

static void test_a_wait_ends_when_its_time_is_over(void)
{
    struct pp_semaphore semaphore;
    uint64_t start = pp_clock_ns();

    g_assert_cmpint(pp_semaphore_init(&semaphore, 0), ==, 0);
    g_assert_cmpint(pp_semaphore_acquire(&semaphore, 2 * PP_FUTEX_LOOK_MS + 3), ==, -ETIMEDOUT);
    g_assert_cmpuint(pp_clock_ns() - start, >=, (2 * PP_FUTEX_LOOK_MS + 3) * UINT64_C(1000000));
}

static int hold_all_for_ever(void *memory)
{
    struct shared *shared = memory;

    for (int i = 0; i < PERMITS; i++) {
        if (pp_semaphore_acquire(&shared->semaphore, -1) != 0) {
            return 1;
        }
    }
    atomic_store(&shared->said, 1);
    pause();
    return 0;
}

static pid_t start_holder(struct shared *shared)
{
    pid_t pid;

    atomic_store(&shared->said, 0);
    pid = start_child(hold_all_for_ever, shared);
    WAIT_UNTIL(atomic_load(&shared->said) == 1);
    return pid;
}

static int wait_for_one(void *memory)
{
    struct shared *shared = memory;

    atomic_fetch_add(&shared->said, 1);
    return pp_semaphore_acquire(&shared->semaphore, PATIENCE_MS) == 0 ? 0 : 1;
}

static pid_t start_waiter(struct shared *shared)
{
    pid_t pid;

    atomic_store(&shared->said, 0);
    pid = start_child(wait_for_one, shared);
    WAIT_UNTIL(atomic_load(&shared->said) == 1 && sleeps(pid));
    return pid;
}

/* One comes after the death and only tries. */
static void test_the_permits_of_the_dead_come_back(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, PERMITS);

    kill_child(start_holder(shared));
    for (int i = 0; i < PERMITS; i++) {
        g_assert_cmpint(pp_semaphore_acquire(&shared->semaphore, 0), ==, 0);
    }
    g_assert_cmpint(pp_semaphore_acquire(&shared->semaphore, 0), ==, -ETIMEDOUT);
    for (int i = 0; i < PERMITS; i++) {
        g_assert_cmpint(pp_semaphore_release(&shared->semaphore), ==, 0);
    }
    g_assert_cmpint(pp_semaphore_release(&shared->semaphore), ==, -EOVERFLOW);
    pp_slot_finish(&slot);
}

/* As many wait as there are permits, and each gets one, though nobody ever releases any. */
static void test_who_waits_gets_the_permits_of_the_dead(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, PERMITS);
    pid_t holder = start_holder(shared);
    pid_t waiters[PERMITS];

    for (int i = 0; i < PERMITS; i++) {
        waiters[i] = start_waiter(shared);
    }
    g_assert_cmpint(kill(holder, SIGKILL), ==, 0);
    for (int i = 0; i < PERMITS; i++) {
        g_assert_cmpint(join_child(waiters[i]), ==, 0);
    }
    g_assert_cmpint(join_child(holder), ==, -1);
    pp_slot_finish(&slot);
}

/* As in the lock's test: the wake-up dies with a stopped sleeper, and the other one still gets the
 * permit. */
static void test_a_wake_up_that_died_with_its_sleeper_is_made_up_for(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, 1);
    pid_t first;
    pid_t second;
    siginfo_t info;

    g_assert_cmpint(pp_semaphore_acquire(&shared->semaphore, -1), ==, 0);
    first = start_waiter(shared);
    second = start_waiter(shared);
    g_assert_cmpint(kill(first, SIGSTOP), ==, 0);
    g_assert_cmpint(waitid(P_PID, (id_t)first, &info, WSTOPPED | WNOWAIT), ==, 0);
    g_assert_cmpint(pp_semaphore_release(&shared->semaphore), ==, 0);
    kill_child(first);
    g_assert_cmpint(join_child(second), ==, 0);
    pp_slot_finish(&slot);
}

static int spend_one(void *memory)
{
    struct shared *shared = memory;

    if (pp_semaphore_acquire(&shared->semaphore, -1) != 0) {
        return 1;
    }
    return pp_semaphore_spend(&shared->semaphore) == 0 ? 0 : 2;
}

/* The child ends like the one whose permits came back; what it spent must not. */
static void test_a_spent_permit_does_not_come_back(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, 2);

    g_assert_cmpint(pp_semaphore_spend(&shared->semaphore), ==, -EPERM);
    g_assert_cmpint(join_child(start_child(spend_one, shared)), ==, 0);
    g_assert_cmpint(pp_semaphore_acquire(&shared->semaphore, 0), ==, 0);
    g_assert_cmpint(pp_semaphore_acquire(&shared->semaphore, 0), ==, -ETIMEDOUT);
    pp_slot_finish(&slot);
}

static int release_one(void *memory)
{
    return pp_semaphore_release(&((struct shared *)memory)->semaphore) == 0 ? 0 : 1;
}

/* What another process released for the parent is on nobody's books afterwards. */
static void test_another_process_may_release_it(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, 1);

    g_assert_cmpint(pp_semaphore_acquire(&shared->semaphore, 0), ==, 0);
    g_assert_cmpint(join_child(start_child(release_one, shared)), ==, 0);
    g_assert_cmpint(pp_semaphore_release(&shared->semaphore), ==, -EOVERFLOW);
    g_assert_cmpuint(value_of(&shared->semaphore), ==, 1);
    pp_slot_finish(&slot);
}

static int hold_one_for_ever(void *memory)
{
    struct shared *shared = memory;
    int r = pp_semaphore_acquire(&shared->semaphore, -1);

    atomic_fetch_add(&shared->said, r == 0 ? 1 : 1000);
    pause();
    return 0;
}

/* One permit is left but no books for one more process; with one death both are. */
static void test_only_so_many_processes_hold_permits(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, PP_SEMAPHORE_HOLDERS_MAX + 1);
    pid_t pids[PP_SEMAPHORE_HOLDERS_MAX];

    for (int i = 0; i < PP_SEMAPHORE_HOLDERS_MAX; i++) {
        pids[i] = start_child(hold_one_for_ever, shared);
    }
    WAIT_UNTIL(atomic_load(&shared->said) == PP_SEMAPHORE_HOLDERS_MAX);
    g_assert_cmpuint(value_of(&shared->semaphore), ==, 1);
    g_assert_cmpint(pp_semaphore_acquire(&shared->semaphore, 0), ==, -EUSERS);
    kill_child(pids[PP_SEMAPHORE_HOLDERS_MAX / 2]);
    g_assert_cmpint(pp_semaphore_acquire(&shared->semaphore, 0), ==, 0);
    g_assert_cmpuint(value_of(&shared->semaphore), ==, 1);
    for (int i = 0; i < PP_SEMAPHORE_HOLDERS_MAX; i++) {
        if (i != PP_SEMAPHORE_HOLDERS_MAX / 2) {
            kill_child(pids[i]);
        }
    }
    pp_slot_finish(&slot);
}

static void note_one_inside(struct shared *shared)
{
    uint32_t now = atomic_fetch_add(&shared->inside, 1) + 1;
    uint32_t most = atomic_load(&shared->most);

    while (now > most && !atomic_compare_exchange_weak(&shared->most, &most, now)) {
    }
    atomic_fetch_sub(&shared->inside, 1);
}

static int come_and_go(void *memory)
{
    struct shared *shared = memory;

    for (int i = 0; i < ROUNDS; i++) {
        if (pp_semaphore_acquire(&shared->semaphore, PATIENCE_MS) != 0) {
            return 1;
        }
        note_one_inside(shared);
        pp_semaphore_release(&shared->semaphore);
    }
    return 0;
}

static void check_after_come_and_go(struct shared *shared)
{
    g_assert_cmpuint(atomic_load(&shared->most), <=, PERMITS);
    g_assert_cmpuint(value_of(&shared->semaphore), ==, PERMITS);
    g_assert_cmpint(pp_semaphore_release(&shared->semaphore), ==, -EOVERFLOW);
}

static void test_processes_are_never_too_many_inside(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, PERMITS);
    pid_t pids[PROCESSES];

    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = start_child(come_and_go, shared);
    }
    for (int i = 0; i < PROCESSES; i++) {
        g_assert_cmpint(join_child(pids[i]), ==, 0);
    }
    check_after_come_and_go(shared);
    pp_slot_finish(&slot);
}

static void *come_and_go_in_thread(void *memory)
{
    g_assert_cmpint(come_and_go(memory), ==, 0);
    return NULL;
}

/* Threads of one process, as this is where a race detector sees what the semaphore orders. */
static void test_threads_are_never_too_many_inside(void)
{
    static struct shared shared;
    pthread_t threads[PROCESSES];

    g_assert_cmpint(pp_semaphore_init_bounded(&shared.semaphore, PERMITS), ==, 0);
    for (int i = 0; i < PROCESSES; i++) {
        g_assert_cmpint(pthread_create(&threads[i], NULL, come_and_go_in_thread, &shared), ==, 0);
    }
    for (int i = 0; i < PROCESSES; i++) {
        pthread_join(threads[i], NULL);
    }
    check_after_come_and_go(&shared);
}

static int come_and_go_for_ever(void *memory)
{
    struct shared *shared = memory;

    while (pp_semaphore_acquire(&shared->semaphore, PATIENCE_MS) == 0) {
        atomic_fetch_add(&shared->taken, 1);
        pp_semaphore_release(&shared->semaphore);
    }
    return 1;
}

/* Killed with permits, without, and in between; in the end all permits are there, and not one
 * more. */
static void test_a_storm_of_deaths_loses_no_permit(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot, PERMITS);
    pid_t pids[PROCESSES];

    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = start_child(come_and_go_for_ever, shared);
    }
    for (int i = 0; i < 100; i++) {
        uint32_t seen = atomic_load(&shared->taken);

        WAIT_UNTIL(atomic_load(&shared->taken) - seen > (uint32_t)g_test_rand_int_range(1, 50));
        kill_child(pids[i % PROCESSES]);
        pids[i % PROCESSES] = start_child(come_and_go_for_ever, shared);
    }
    for (int i = 0; i < PROCESSES; i++) {
        kill_child(pids[i]);
    }
    for (int i = 0; i < PERMITS; i++) {
        g_assert_cmpint(pp_semaphore_acquire(&shared->semaphore, 0), ==, 0);
    }
    g_assert_cmpint(pp_semaphore_acquire(&shared->semaphore, 0), ==, -ETIMEDOUT);
    pp_slot_finish(&slot);
}

static void prepare_two_permits(void *memory)
{
    struct shared *shared = memory;

    memset(shared, 0, sizeof(*shared));
    g_assert_cmpint(pp_semaphore_init_bounded(&shared->semaphore, 2), ==, 0);
}

static int acquire_both_and_release_one(void *memory)
{
    struct shared *shared = memory;

    return pp_semaphore_acquire(&shared->semaphore, -1) |
           pp_semaphore_acquire(&shared->semaphore, -1) | pp_semaphore_release(&shared->semaphore);
}

/* Two, never one or three. */
static void check_that_both_are_there(void *memory)
{
    struct shared *shared = memory;

    g_assert_cmpint(pp_semaphore_acquire(&shared->semaphore, 0), ==, 0);
    g_assert_cmpint(pp_semaphore_acquire(&shared->semaphore, 0), ==, 0);
    g_assert_cmpint(pp_semaphore_acquire(&shared->semaphore, 0), ==, -ETIMEDOUT);
}

static void test_a_holder_may_die_at_any_instruction(void)
{
    struct pp_slot slot;
    struct shared *shared = share(&slot, sizeof(*shared));

    kill_at_each_instruction(shared, sizeof(*shared), prepare_two_permits,
                             acquire_both_and_release_one, check_that_both_are_there);
    pp_slot_finish(&slot);
}

static int acquire_and_spend(void *memory)
{
    struct shared *shared = memory;

    return pp_semaphore_acquire(&shared->semaphore, -1) | pp_semaphore_spend(&shared->semaphore);
}

/* The permit was spent or it was not. */
static void check_that_one_or_two_are_there(void *memory)
{
    struct shared *shared = memory;
    int count = 0;

    while (pp_semaphore_acquire(&shared->semaphore, 0) == 0) {
        count++;
        g_assert_cmpint(count, <=, 2);
    }
    g_assert_cmpint(count, >=, 1);
}

static void test_who_spends_may_die_at_any_instruction(void)
{
    struct pp_slot slot;
    struct shared *shared = share(&slot, sizeof(*shared));

    kill_at_each_instruction(shared, sizeof(*shared), prepare_two_permits, acquire_and_spend,
                             check_that_one_or_two_are_there);
    pp_slot_finish(&slot);
}

static void add_death_tests(void)
{
    g_test_add_func("/semaphore/the-permits-of-the-dead-come-back",
                    test_the_permits_of_the_dead_come_back);
    g_test_add_func("/semaphore/who-waits-gets-the-permits-of-the-dead",
                    test_who_waits_gets_the_permits_of_the_dead);
    g_test_add_func("/semaphore/a-wake-up-that-died-with-its-sleeper-is-made-up-for",
                    test_a_wake_up_that_died_with_its_sleeper_is_made_up_for);
    g_test_add_func("/semaphore/a-spent-permit-does-not-come-back",
                    test_a_spent_permit_does_not_come_back);
    g_test_add_func("/semaphore/a-storm-of-deaths-loses-no-permit",
                    test_a_storm_of_deaths_loses_no_permit);
    g_test_add_func("/semaphore/a-holder-may-die-at-any-instruction",
                    test_a_holder_may_die_at_any_instruction);
    g_test_add_func("/semaphore/who-spends-may-die-at-any-instruction",
                    test_who_spends_may_die_at_any_instruction);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/semaphore/as-many-as-there-are-permits", test_as_many_as_there_are_permits);
    g_test_add_func("/semaphore/a-plain-one-grows-when-released",
                    test_a_plain_one_grows_when_released);
    g_test_add_func("/semaphore/values-that-cannot-be-are-errors",
                    test_values_that_cannot_be_are_errors);
    g_test_add_func("/semaphore/a-bounded-one-is-not-released-too-often",
                    test_a_bounded_one_is_not_released_too_often);
    g_test_add_func("/semaphore/a-wait-ends-when-its-time-is-over",
                    test_a_wait_ends_when_its_time_is_over);
    add_death_tests();
    g_test_add_func("/semaphore/another-process-may-release-it",
                    test_another_process_may_release_it);
    g_test_add_func("/semaphore/only-so-many-processes-hold-permits",
                    test_only_so_many_processes_hold_permits);
    g_test_add_func("/semaphore/processes-are-never-too-many-inside",
                    test_processes_are_never_too_many_inside);
    g_test_add_func("/semaphore/threads-are-never-too-many-inside",
                    test_threads_are_never_too_many_inside);
    return g_test_run();
}
