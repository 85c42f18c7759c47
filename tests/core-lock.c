/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>

#include "core/clock.h"
#include "core/futex.h"
#include "core/lock.h"
#include "core/rlock.h"
#include "tests/instructions.h"

enum { PROCESSES = 4, ROUNDS = 20000 };

struct shared {
    struct pp_lock lock;
    struct pp_rlock rlock;
    uint64_t before; /* written under the lock; differs from after only within it */
    uint64_t after;
    _Atomic uint32_t said;
    _Atomic int32_t outcome;
    _Atomic uint32_t go;
};

/* A lock that all processes can reach, each test its own. */
static struct shared *begin(struct pp_slot *slot)
{
    return share(slot, sizeof(struct shared));
}

static void test_one_at_a_time(void)
{
    struct pp_lock lock = {0};

    g_assert_cmpint(pp_lock_acquire(&lock, -1), ==, 0);
    g_assert_true(pp_lock_is_mine(&lock));
    g_assert_cmpint(pp_lock_acquire(&lock, 0), ==, -ETIMEDOUT);
    g_assert_cmpint(pp_lock_release(&lock), ==, 0);
    g_assert_false(pp_lock_is_mine(&lock));
    g_assert_cmpint(pp_lock_acquire(&lock, 0), ==, 0);
    g_assert_cmpint(pp_lock_release(&lock), ==, 0);
}

/* Each would let two in at once later, were it not refused. */
static void test_a_lock_that_nobody_holds_cannot_be_released(void)
{
    struct pp_lock lock = {0};

    g_assert_cmpint(pp_lock_release(&lock), ==, -EPERM);
    g_assert_cmpint(pp_lock_mark_consistent(&lock), ==, -EPERM);
    g_assert_cmpint(pp_lock_acquire(&lock, 0), ==, 0);
    g_assert_cmpint(pp_lock_release(&lock), ==, 0);
    g_assert_cmpint(pp_lock_release(&lock), ==, -EPERM);
    g_assert_cmpint(pp_lock_acquire(&lock, 0), ==, 0);
}

/* Longer than a slice of sleep, and not a multiple of it: slices must not add up to something
 * else. */
static void test_a_wait_ends_when_its_time_is_over(void)
{
    struct pp_lock lock = {0};
    uint64_t start = pp_clock_ns();

    g_assert_cmpint(pp_lock_acquire(&lock, -1), ==, 0);
    g_assert_cmpint(pp_lock_acquire(&lock, 3 * PP_FUTEX_LOOK_MS + 7), ==, -ETIMEDOUT);
    g_assert_cmpuint(pp_clock_ns() - start, >=, (3 * PP_FUTEX_LOOK_MS + 7) * UINT64_C(1000000));
    g_assert_cmpint(pp_lock_release(&lock), ==, 0);
}

static int hold_for_ever(void *memory)
{
    struct shared *shared = memory;

    atomic_store(&shared->outcome, pp_lock_acquire(&shared->lock, -1));
    shared->before++;
    atomic_store(&shared->said, 1);
    pause();
    return 0;
}

static int wait_for_the_lock(void *memory)
{
    struct shared *shared = memory;

    atomic_store(&shared->said, 1);
    atomic_store(&shared->outcome, pp_lock_acquire(&shared->lock, PATIENCE_MS));
    atomic_store(&shared->said, 2);
    return 0;
}

static pid_t start_holder(struct shared *shared)
{
    pid_t pid;

    atomic_store(&shared->said, 0);
    pid = start_child(hold_for_ever, shared);
    WAIT_UNTIL(atomic_load(&shared->said) == 1);
    return pid;
}

/* Returns when the child sleeps in the lock. */
static pid_t start_waiter(struct shared *shared)
{
    pid_t pid;

    atomic_store(&shared->said, 0);
    pid = start_child(wait_for_the_lock, shared);
    WAIT_UNTIL(atomic_load(&shared->said) == 1 && sleeps(pid));
    return pid;
}

/* Nobody waits while the holder dies, so it is the one who comes later that has to find out. */
static void test_the_next_holder_learns_that_the_last_one_died(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);

    kill_child(start_holder(shared));
    g_assert_cmpint(pp_lock_acquire(&shared->lock, 0), ==, PP_LOCK_OWNER_DIED);
    g_assert_true(pp_lock_is_mine(&shared->lock));
    g_assert_cmpuint(shared->before, ==, 1);
    g_assert_cmpint(pp_lock_mark_consistent(&shared->lock), ==, 0);
    g_assert_cmpint(pp_lock_release(&shared->lock), ==, 0);
    g_assert_cmpint(pp_lock_acquire(&shared->lock, 0), ==, 0);
    g_assert_cmpint(pp_lock_release(&shared->lock), ==, 0);
    pp_slot_finish(&slot);
}

/* The dead one is not reaped before the waiter has got the lock: a zombie holds nothing. */
static void test_who_waits_learns_that_the_holder_died(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);
    pid_t holder = start_holder(shared);
    pid_t waiter = start_waiter(shared);

    g_assert_cmpint(kill(holder, SIGKILL), ==, 0);
    WAIT_UNTIL(atomic_load(&shared->said) == 2);
    g_assert_cmpint(atomic_load(&shared->outcome), ==, PP_LOCK_OWNER_DIED);
    g_assert_cmpint(join_child(holder), ==, -1);
    g_assert_cmpint(join_child(waiter), ==, 0);
    pp_slot_finish(&slot);
}

/* The second one dies with the lock that it has not mended: the third has to learn it as well. */
static void test_who_dies_while_mending_is_reported_too(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);

    kill_child(start_holder(shared));
    kill_child(start_holder(shared));
    g_assert_cmpint(atomic_load(&shared->outcome), ==, PP_LOCK_OWNER_DIED);
    g_assert_cmpuint(shared->before, ==, 2);
    g_assert_cmpint(pp_lock_acquire(&shared->lock, -1), ==, PP_LOCK_OWNER_DIED);
    g_assert_cmpint(pp_lock_mark_consistent(&shared->lock), ==, 0);
    g_assert_cmpint(pp_lock_release(&shared->lock), ==, 0);
    pp_slot_finish(&slot);
}

/* One sleeps in the lock when it gives up, one comes later; neither may get what is broken. */
static void test_a_lock_that_nobody_mends_gives_up(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);
    pid_t waiter;

    kill_child(start_holder(shared));
    g_assert_cmpint(pp_lock_acquire(&shared->lock, -1), ==, PP_LOCK_OWNER_DIED);
    waiter = start_waiter(shared);
    g_assert_false(pp_lock_has_given_up(&shared->lock));
    g_assert_cmpint(pp_lock_release(&shared->lock), ==, 0);
    g_assert_true(pp_lock_has_given_up(&shared->lock));
    g_assert_cmpint(join_child(waiter), ==, 0);
    g_assert_cmpint(atomic_load(&shared->outcome), ==, -ENOTRECOVERABLE);
    g_assert_cmpint(pp_lock_acquire(&shared->lock, -1), ==, -ENOTRECOVERABLE);
    pp_lock_init(&shared->lock);
    g_assert_cmpint(pp_lock_acquire(&shared->lock, 0), ==, 0);
    pp_slot_finish(&slot);
}

/* Told once, and told again: it never counts as mended. */
static void test_who_does_not_mend_may_pass_it_on(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);

    kill_child(start_holder(shared));
    for (int i = 0; i < 2; i++) {
        g_assert_cmpint(pp_lock_acquire(&shared->lock, -1), ==, PP_LOCK_OWNER_DIED);
        g_assert_cmpint(pp_lock_pass_on(&shared->lock), ==, 0);
    }
    g_assert_cmpint(pp_lock_pass_on(&shared->lock), ==, -EPERM);
    g_assert_cmpint(pp_lock_acquire(&shared->lock, -1), ==, PP_LOCK_OWNER_DIED);
    g_assert_cmpint(pp_lock_mark_consistent(&shared->lock), ==, 0);
    g_assert_cmpint(pp_lock_pass_on(&shared->lock), ==, 0);
    g_assert_cmpint(pp_lock_acquire(&shared->lock, -1), ==, 0);
    g_assert_cmpint(pp_lock_release(&shared->lock), ==, 0);
    pp_slot_finish(&slot);
}

static void test_who_dies_while_waiting_costs_the_others_nothing(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);

    g_assert_cmpint(pp_lock_acquire(&shared->lock, -1), ==, 0);
    kill_child(start_waiter(shared));
    g_assert_cmpint(pp_lock_release(&shared->lock), ==, 0);
    g_assert_cmpint(pp_lock_acquire(&shared->lock, 0), ==, 0);
    g_assert_cmpint(pp_lock_release(&shared->lock), ==, 0);
    pp_slot_finish(&slot);
}

/* The release wakes who has slept longest; that one is stopped, so it dies with its wake-up unused,
 * and the second sleeper has to get the lock without one. */
static void test_a_wake_up_that_died_with_its_sleeper_is_made_up_for(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);
    pid_t first;
    pid_t second;
    siginfo_t info;

    g_assert_cmpint(pp_lock_acquire(&shared->lock, -1), ==, 0);
    first = start_waiter(shared);
    second = start_waiter(shared);
    g_assert_cmpint(kill(first, SIGSTOP), ==, 0);
    g_assert_cmpint(waitid(P_PID, (id_t)first, &info, WSTOPPED | WNOWAIT), ==, 0);
    g_assert_cmpint(pp_lock_release(&shared->lock), ==, 0);
    kill_child(first);
    g_assert_cmpint(join_child(second), ==, 0);
    g_assert_cmpint(atomic_load(&shared->outcome), ==, 0);
    pp_slot_finish(&slot);
}

static int release_once(void *memory)
{
    return pp_lock_release(&((struct shared *)memory)->lock) == 0 ? 0 : 1;
}

/* As in Python, where one process may acquire for another to release. */
static void test_another_process_may_release_it(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);

    g_assert_cmpint(pp_lock_acquire(&shared->lock, -1), ==, 0);
    g_assert_cmpint(join_child(start_child(release_once, shared)), ==, 0);
    g_assert_false(pp_lock_is_mine(&shared->lock));
    g_assert_cmpint(pp_lock_release(&shared->lock), ==, -EPERM);
    pp_slot_finish(&slot);
}

/* The second mapping is what a process has that attached the slot: another address. */
static void test_it_works_at_any_address(void)
{
    struct pp_slot slot;
    struct pp_slot other;
    struct shared *here = begin(&slot);
    struct shared *there;

    g_assert_cmpint(pp_slot_attach(&other, 1, dup(slot.fd), slot.capacity), ==, 0);
    there = other.bytes;
    g_assert_cmpint(pp_lock_acquire(&here->lock, -1), ==, 0);
    g_assert_cmpint(pp_lock_acquire(&there->lock, 0), ==, -ETIMEDOUT);
    kill_child(start_waiter(there));
    g_assert_cmpint(pp_lock_release(&there->lock), ==, 0);
    g_assert_cmpint(pp_lock_acquire(&here->lock, 0), ==, 0);
    pp_slot_finish(&other);
    pp_slot_finish(&slot);
}

static int count(void *memory)
{
    struct shared *shared = memory;

    for (int i = 0; i < ROUNDS; i++) {
        if (pp_lock_acquire(&shared->lock, -1) != 0) {
            return 1;
        }
        shared->before++;
        shared->after++;
        pp_lock_release(&shared->lock);
    }
    return 0;
}

/* An increment is a read and a write, so two at a time would lose some. */
static void test_processes_that_count_lose_nothing(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);
    pid_t pids[PROCESSES];

    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = start_child(count, shared);
    }
    for (int i = 0; i < PROCESSES; i++) {
        g_assert_cmpint(join_child(pids[i]), ==, 0);
    }
    g_assert_cmpuint(shared->before, ==, (uint64_t)PROCESSES * ROUNDS);
    pp_slot_finish(&slot);
}

/* Takes the lock and mends what it guards. False where the promise was broken. */
static bool acquire_and_mend(struct shared *shared)
{
    int r = pp_lock_acquire(&shared->lock, PATIENCE_MS);

    if (r == PP_LOCK_OWNER_DIED) {
        shared->before = shared->after;
        r = pp_lock_mark_consistent(&shared->lock);
    }
    return r == 0 && shared->before == shared->after;
}

static int count_for_ever(void *memory)
{
    struct shared *shared = memory;

    while (acquire_and_mend(shared)) {
        shared->before++;
        atomic_signal_fence(memory_order_seq_cst);
        shared->after++;
        pp_lock_release(&shared->lock);
        atomic_fetch_add(&shared->said, 1);
    }
    return 1;
}

/* Each killed where the storm finds it, sometimes with the lock half way through. What they count
 * is equal whenever somebody has the lock and was not told of a death. */
static void test_a_storm_of_deaths_leaves_the_lock_whole(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);
    pid_t pids[PROCESSES];

    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = start_child(count_for_ever, shared);
    }
    for (int i = 0; i < 100; i++) {
        uint32_t seen = atomic_load(&shared->said);

        WAIT_UNTIL(atomic_load(&shared->said) - seen > (uint32_t)g_test_rand_int_range(1, 50));
        kill_child(pids[i % PROCESSES]);
        pids[i % PROCESSES] = start_child(count_for_ever, shared);
    }
    for (int i = 0; i < PROCESSES; i++) {
        kill_child(pids[i]);
    }
    g_assert_true(acquire_and_mend(shared));
    pp_slot_finish(&slot);
}

static void free_lock(void *memory)
{
    memset(memory, 0, sizeof(struct shared));
}

static int count_once(void *memory)
{
    struct shared *shared = memory;
    int r = pp_lock_acquire(&shared->lock, -1);

    shared->before++;
    atomic_signal_fence(memory_order_seq_cst);
    shared->after++;
    return r + pp_lock_release(&shared->lock);
}

static void check_that_a_death_shows(void *memory)
{
    struct shared *shared = memory;
    int r = pp_lock_acquire(&shared->lock, 0);

    g_assert_true(r == 0 || r == PP_LOCK_OWNER_DIED);
    if (r == 0) {
        g_assert_cmpuint(shared->before, ==, shared->after);
    }
    g_assert_cmpint(pp_lock_mark_consistent(&shared->lock), ==, 0);
    g_assert_cmpint(pp_lock_release(&shared->lock), ==, 0);
}

/* Whoever dies between the two counts leaves them different, which the next one must be told. */
static void test_a_holder_may_die_at_any_instruction(void)
{
    struct pp_slot slot;

    kill_at_each_instruction(begin(&slot), sizeof(struct shared), free_lock, count_once,
                             check_that_a_death_shows);
    pp_slot_finish(&slot);
}

/* A dead process holds the lock, and the next holder dies somewhere on the way to it: with its
 * bookkeeping half done, the one after it must still be told. */
static void let_a_dead_one_hold_it(void *memory)
{
    free_lock(memory);
    kill_child(start_holder(memory));
}

static int take_over_and_mend(void *memory)
{
    struct shared *shared = memory;
    int r = pp_lock_acquire(&shared->lock, -1);

    shared->after = shared->before;
    r = r == PP_LOCK_OWNER_DIED ? pp_lock_mark_consistent(&shared->lock) : -1;
    return r + pp_lock_release(&shared->lock);
}

static void test_who_takes_over_from_the_dead_may_die_at_any_instruction(void)
{
    struct pp_slot slot;

    kill_at_each_instruction(begin(&slot), sizeof(struct shared), let_a_dead_one_hold_it,
                             take_over_and_mend, check_that_a_death_shows);
    pp_slot_finish(&slot);
}

static void *count_in_thread(void *memory)
{
    g_assert_cmpint(count(memory), ==, 0);
    return NULL;
}

/* Threads of one process, as this is where a race detector sees what the lock orders. */
static void test_threads_that_count_lose_nothing(void)
{
    static struct shared shared;
    pthread_t threads[PROCESSES];

    for (int i = 0; i < PROCESSES; i++) {
        g_assert_cmpint(pthread_create(&threads[i], NULL, count_in_thread, &shared), ==, 0);
    }
    for (int i = 0; i < PROCESSES; i++) {
        pthread_join(threads[i], NULL);
    }
    g_assert_cmpuint(shared.before, ==, (uint64_t)PROCESSES * ROUNDS);
}

static void test_an_rlock_lets_its_holder_in_again(void)
{
    struct pp_rlock rlock = {0};

    g_assert_cmpint(pp_rlock_acquire(&rlock, -1), ==, 0);
    g_assert_cmpint(pp_rlock_acquire(&rlock, 0), ==, 0);
    g_assert_cmpint(pp_rlock_release(&rlock), ==, 0);
    g_assert_true(pp_rlock_is_mine(&rlock));
    g_assert_cmpint(pp_rlock_release(&rlock), ==, 0);
    g_assert_false(pp_rlock_is_mine(&rlock));
    g_assert_cmpint(pp_rlock_release(&rlock), ==, -EPERM);
}

static void *meddle(void *memory)
{
    struct pp_rlock *rlock = memory;

    g_assert_false(pp_rlock_is_mine(rlock));
    g_assert_cmpint(pp_rlock_acquire(rlock, 0), ==, -ETIMEDOUT);
    g_assert_cmpint(pp_rlock_release(rlock), ==, -EPERM);
    g_assert_cmpint(pp_rlock_mark_consistent(rlock), ==, -EPERM);
    return NULL;
}

static int meddle_as_child(void *memory)
{
    return meddle(&((struct shared *)memory)->rlock) == NULL ? 0 : 1;
}

/* The thread is of the same process, and the forked child has its threads at the same addresses as
 * its parent: what could be mistaken for the holder. */
static void test_an_rlock_belongs_to_one_thread_of_one_process(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);
    pthread_t thread;

    g_assert_cmpint(pp_rlock_acquire(&shared->rlock, -1), ==, 0);
    g_assert_cmpint(join_child(start_child(meddle_as_child, shared)), ==, 0);
    g_assert_cmpint(pthread_create(&thread, NULL, meddle, &shared->rlock), ==, 0);
    pthread_join(thread, NULL);
    g_assert_cmpint(pp_rlock_release(&shared->rlock), ==, 0);
    pp_slot_finish(&slot);
}

static int hold_rlock_thrice(void *memory)
{
    struct shared *shared = memory;
    int r = 0;

    for (int i = 0; i < 3; i++) {
        r += pp_rlock_acquire(&shared->rlock, -1);
    }
    atomic_store(&shared->outcome, r);
    atomic_store(&shared->said, 1);
    pause();
    return 0;
}

/* What the dead one had left to release is not for its heir to do. */
static void test_the_heir_of_an_rlock_releases_it_once(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);
    pid_t pid = start_child(hold_rlock_thrice, shared);

    WAIT_UNTIL(atomic_load(&shared->said) == 1);
    g_assert_cmpint(atomic_load(&shared->outcome), ==, 0);
    kill_child(pid);
    g_assert_cmpint(pp_rlock_acquire(&shared->rlock, -1), ==, PP_LOCK_OWNER_DIED);
    g_assert_cmpint(pp_rlock_acquire(&shared->rlock, -1), ==, 0);
    g_assert_cmpint(pp_rlock_mark_consistent(&shared->rlock), ==, 0);
    g_assert_cmpint(pp_rlock_release(&shared->rlock), ==, 0);
    g_assert_cmpint(pp_rlock_release(&shared->rlock), ==, 0);
    g_assert_cmpint(pp_rlock_release(&shared->rlock), ==, -EPERM);
    pp_slot_finish(&slot);
}

/* Who enters is not told of a death, and whoever comes after him finds the lock as good as new. */
static void test_who_enters_an_rlock_need_not_mend(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);
    pid_t pid = start_child(hold_rlock_thrice, shared);

    WAIT_UNTIL(atomic_load(&shared->said) == 1);
    kill_child(pid);
    g_assert_cmpint(pp_rlock_enter(&shared->rlock), ==, 0);
    g_assert_cmpint(pp_rlock_enter(&shared->rlock), ==, 0);
    g_assert_cmpint(pp_rlock_release(&shared->rlock), ==, 0);
    g_assert_cmpint(pp_rlock_release(&shared->rlock), ==, 0);
    g_assert_cmpint(pp_rlock_acquire(&shared->rlock, 0), ==, 0);
    g_assert_cmpint(pp_rlock_release(&shared->rlock), ==, 0);
    pp_slot_finish(&slot);
}

static void *take_the_lock_inside(void *memory)
{
    struct pp_rlock *rlock = memory;

    g_assert_cmpint(pp_lock_acquire(&rlock->lock, -1), ==, PP_LOCK_OWNER_DIED);
    return NULL;
}

/* The dead child's thread was at the address of this one, and its number is still there. The other
 * thread has stopped halfway to the lock: it holds what is inside, but has not put its own number
 * yet. Then the process is right, and the address is. */
static void test_a_thread_is_not_mistaken_for_a_dead_one_at_its_address(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);
    pid_t pid = start_child(hold_rlock_thrice, shared);
    pthread_t thread;

    WAIT_UNTIL(atomic_load(&shared->said) == 1);
    kill_child(pid);
    g_assert_cmpint(pthread_create(&thread, NULL, take_the_lock_inside, &shared->rlock), ==, 0);
    pthread_join(thread, NULL);
    g_assert_true(pp_lock_is_mine(&shared->rlock.lock));
    g_assert_false(pp_rlock_is_mine(&shared->rlock));
    pp_slot_finish(&slot);
}

static void add_death_tests(void)
{
    g_test_add_func("/lock/the-next-holder-learns-that-the-last-one-died",
                    test_the_next_holder_learns_that_the_last_one_died);
    g_test_add_func("/lock/who-waits-learns-that-the-holder-died",
                    test_who_waits_learns_that_the_holder_died);
    g_test_add_func("/lock/who-dies-while-mending-is-reported-too",
                    test_who_dies_while_mending_is_reported_too);
    g_test_add_func("/lock/a-lock-that-nobody-mends-gives-up",
                    test_a_lock_that_nobody_mends_gives_up);
    g_test_add_func("/lock/who-does-not-mend-may-pass-it-on",
                    test_who_does_not_mend_may_pass_it_on);
    g_test_add_func("/lock/who-dies-while-waiting-costs-the-others-nothing",
                    test_who_dies_while_waiting_costs_the_others_nothing);
    g_test_add_func("/lock/a-wake-up-that-died-with-its-sleeper-is-made-up-for",
                    test_a_wake_up_that_died_with_its_sleeper_is_made_up_for);
    g_test_add_func("/lock/a-storm-of-deaths-leaves-the-lock-whole",
                    test_a_storm_of_deaths_leaves_the_lock_whole);
    g_test_add_func("/lock/a-holder-may-die-at-any-instruction",
                    test_a_holder_may_die_at_any_instruction);
    g_test_add_func("/lock/who-takes-over-from-the-dead-may-die-at-any-instruction",
                    test_who_takes_over_from_the_dead_may_die_at_any_instruction);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lock/one-at-a-time", test_one_at_a_time);
    g_test_add_func("/lock/a-lock-that-nobody-holds-cannot-be-released",
                    test_a_lock_that_nobody_holds_cannot_be_released);
    g_test_add_func("/lock/a-wait-ends-when-its-time-is-over",
                    test_a_wait_ends_when_its_time_is_over);
    add_death_tests();
    g_test_add_func("/lock/another-process-may-release-it", test_another_process_may_release_it);
    g_test_add_func("/lock/it-works-at-any-address", test_it_works_at_any_address);
    g_test_add_func("/lock/processes-that-count-lose-nothing",
                    test_processes_that_count_lose_nothing);
    g_test_add_func("/rlock/it-lets-its-holder-in-again", test_an_rlock_lets_its_holder_in_again);
    g_test_add_func("/rlock/it-belongs-to-one-thread-of-one-process",
                    test_an_rlock_belongs_to_one_thread_of_one_process);
    g_test_add_func("/rlock/the-heir-releases-it-once", test_the_heir_of_an_rlock_releases_it_once);
    g_test_add_func("/rlock/who-enters-need-not-mend", test_who_enters_an_rlock_need_not_mend);
    g_test_add_func("/rlock/a-thread-is-not-mistaken-for-a-dead-one-at-its-address",
                    test_a_thread_is_not_mistaken_for_a_dead_one_at_its_address);
    g_test_add_func("/lock/threads-that-count-lose-nothing", test_threads_that_count_lose_nothing);
    return g_test_run();
}
