/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>

#include "core/clock.h"
#include "core/condition.h"
#include "core/futex.h"
#include "tests/instructions.h"

enum { WAITERS = 4, ROUNDS = 3000, ROOM = 3 };

struct shared {
    struct pp_condition condition; /* not empty, where there are two */
    struct pp_condition not_full;
    int items; /* under the lock, as all that is not atomic */
    int consumed;
    bool ready;
    _Atomic uint32_t said;
    _Atomic uint32_t woken;
    _Atomic int32_t outcome;
    pid_t pid;
};

static struct shared *begin(struct pp_slot *slot)
{
    struct shared *shared = share(slot, sizeof(*shared));

    pp_condition_init(&shared->condition, NULL);
    pp_condition_init(&shared->not_full, pp_condition_get_lock(&shared->condition));
    return shared;
}

static void acquire(struct shared *shared)
{
    g_assert_cmpint(pp_condition_acquire(&shared->condition, -1), ==, 0);
}

static void release(struct shared *shared)
{
    g_assert_cmpint(pp_condition_release(&shared->condition), ==, 0);
}

/* Waits once, and says how that ended. */
static int wait_once(void *memory)
{
    struct shared *shared = memory;
    int r = pp_condition_acquire(&shared->condition, -1);

    if (r != 0) {
        return 1;
    }
    atomic_fetch_add(&shared->said, 1);
    r = pp_condition_wait(&shared->condition,
                          -1); /* or its end would look like the news of a death */
    atomic_store(&shared->outcome, r);
    atomic_fetch_add(&shared->woken, 1);
    if (r == PP_LOCK_OWNER_DIED) {
        r = pp_rlock_mark_consistent(pp_condition_get_lock(&shared->condition));
    }
    return pp_condition_release(&shared->condition) == 0 && r == 0 ? 0 : 2;
}

/* Returns when the child waits: whoever has the lock after it said so knows that it let go of it in
 * the wait. */
static pid_t start_waiter(struct shared *shared)
{
    uint32_t before = atomic_load(&shared->said);
    pid_t pid = start_child(wait_once, shared);

    WAIT_UNTIL(atomic_load(&shared->said) > before);
    acquire(shared);
    release(shared);
    return pid;
}

static void stop_child(pid_t pid)
{
    siginfo_t info;

    g_assert_cmpint(kill(pid, SIGSTOP), ==, 0);
    g_assert_cmpint(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT), ==, 0);
}

static void test_only_who_holds_the_lock_may_wait_and_notify(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);

    g_assert_cmpint(pp_condition_wait(&shared->condition, 0), ==, -EPERM);
    g_assert_cmpint(pp_condition_wait_for(&shared->condition, NULL, NULL, 0), ==, -EPERM);
    g_assert_cmpint(pp_condition_notify(&shared->condition, 1), ==, -EPERM);
    g_assert_cmpint(pp_condition_notify_all(&shared->condition), ==, -EPERM);
    g_assert_cmpint(pp_condition_release(&shared->condition), ==, -EPERM);
    acquire(shared);
    g_assert_cmpint(pp_condition_notify(&shared->condition, 1), ==, 0);
    release(shared);
    pp_slot_finish(&slot);
}

/* Acquired twice, it has to be let go twice and got back twice: the time over, the lock is held. */
static void test_a_wait_ends_when_its_time_is_over(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);
    uint64_t start = pp_clock_ns();
    int limit = 2 * PP_FUTEX_LOOK_MS + 5;

    acquire(shared);
    acquire(shared);
    g_assert_cmpint(pp_condition_wait(&shared->condition, 0), ==, -ETIMEDOUT);
    g_assert_cmpint(pp_condition_wait(&shared->condition, limit), ==, -ETIMEDOUT);
    g_assert_cmpuint(pp_clock_ns() - start, >=, (uint64_t)limit * 1000000);
    release(shared);
    release(shared);
    g_assert_cmpint(pp_condition_release(&shared->condition), ==, -EPERM);
    pp_slot_finish(&slot);
}

/* Who was notified before it waited is not: nobody waited then. */
static void test_a_notification_is_not_kept(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);

    acquire(shared);
    g_assert_cmpint(pp_condition_notify_all(&shared->condition), ==, 0);
    g_assert_cmpint(pp_condition_wait(&shared->condition, 0), ==, -ETIMEDOUT);
    release(shared);
    pp_slot_finish(&slot);
}

/* All wait; as many run as were notified. That the others do not could only be seen by waiting for
 * ever, but one that woke too early would be missing at the next count. */
static void test_as_many_run_as_were_notified(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);
    pid_t pids[WAITERS];

    for (int i = 0; i < WAITERS; i++) {
        pids[i] = start_waiter(shared);
    }
    for (uint32_t i = 0; i < WAITERS - 2; i++) {
        acquire(shared);
        g_assert_cmpuint(atomic_load(&shared->woken), ==, i);
        g_assert_cmpint(pp_condition_notify(&shared->condition, 1), ==, 0);
        release(shared);
        g_assert_cmpint(join_child(pids[i]), ==, 0);
    }
    acquire(shared);
    g_assert_cmpint(pp_condition_notify_all(&shared->condition), ==, 0);
    release(shared);
    for (int i = WAITERS - 2; i < WAITERS; i++) {
        g_assert_cmpint(join_child(pids[i]), ==, 0);
    }
    pp_slot_finish(&slot);
}

/* The first to wait is the first to be notified; stopped, it dies with that. The second one, which
 * nobody ever notifies, has to run all the same. */
static void test_the_notification_of_a_dead_waiter_passes_on(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);
    pid_t first = start_waiter(shared);
    pid_t second = start_waiter(shared);

    stop_child(first);
    acquire(shared);
    g_assert_cmpint(pp_condition_notify(&shared->condition, 1), ==, 0);
    release(shared);
    kill_child(first);
    g_assert_cmpint(join_child(second), ==, 0);
    g_assert_cmpint(atomic_load(&shared->outcome), ==, 0);
    pp_slot_finish(&slot);
}

/* The same death, but the other one begins to wait only after the notification: it was not meant,
 * and must see its time run out. */
static void test_who_waits_later_does_not_inherit(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);
    pid_t first = start_waiter(shared);

    stop_child(first);
    acquire(shared);
    g_assert_cmpint(pp_condition_notify(&shared->condition, 1), ==, 0);
    kill_child(first);
    g_assert_cmpint(pp_condition_wait(&shared->condition, 2 * PP_FUTEX_LOOK_MS), ==, -ETIMEDOUT);
    release(shared);
    pp_slot_finish(&slot);
}

static int hold_the_lock_for_ever(void *memory)
{
    struct shared *shared = memory;

    if (pp_condition_acquire(&shared->condition, -1) != 0) {
        return 1;
    }
    atomic_store(&shared->said, 100);
    pause();
    return 0;
}

/* The one who would have notified dies with the lock: nobody is left to do it. */
static void test_who_waits_learns_that_a_holder_of_the_lock_died(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);
    pid_t waiter = start_waiter(shared);
    pid_t holder = start_child(hold_the_lock_for_ever, shared);

    WAIT_UNTIL(atomic_load(&shared->said) == 100);
    kill_child(holder);
    g_assert_cmpint(join_child(waiter), ==, 0);
    g_assert_cmpint(atomic_load(&shared->outcome), ==, PP_LOCK_OWNER_DIED);
    acquire(shared);
    release(shared);
    pp_slot_finish(&slot);
}

/* Given up, the lock will never be had again; who sleeps must not sleep for ever. */
static void test_who_waits_learns_that_the_lock_gave_up(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);
    pid_t waiter = start_waiter(shared);
    pid_t holder;

    stop_child(waiter);
    holder = start_child(hold_the_lock_for_ever, shared);
    WAIT_UNTIL(atomic_load(&shared->said) == 100);
    kill_child(holder);
    g_assert_cmpint(pp_condition_acquire(&shared->condition, -1), ==, PP_LOCK_OWNER_DIED);
    release(shared);
    g_assert_cmpint(kill(waiter, SIGCONT), ==, 0);
    g_assert_cmpint(join_child(waiter), ==, 2);
    g_assert_cmpint(atomic_load(&shared->outcome), ==, -ENOTRECOVERABLE);
    pp_slot_finish(&slot);
}

/* More die while they wait than there are places, and the next one still finds one. */
static void test_the_places_of_dead_waiters_come_back(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);
    pid_t pids[WAITERS];

    for (int i = 0; i < PP_CONDITION_WAITERS_MAX; i += WAITERS) {
        for (int j = 0; j < WAITERS; j++) {
            pids[j] = start_waiter(shared);
        }
        for (int j = 0; j < WAITERS; j++) {
            kill_child(pids[j]);
        }
    }
    pids[0] = start_waiter(shared);
    acquire(shared);
    g_assert_cmpint(pp_condition_notify(&shared->condition, 1), ==, 0);
    release(shared);
    g_assert_cmpint(join_child(pids[0]), ==, 0);
    pp_slot_finish(&slot);
}

static bool is_ready(void *memory)
{
    return ((struct shared *)memory)->ready;
}

/* Mends by looking again: what it waits for is one store. */
static int wait_until_ready(void *memory)
{
    struct shared *shared = memory;
    struct pp_rlock *lock = pp_condition_get_lock(&shared->condition);
    int r = pp_condition_acquire(&shared->condition, PATIENCE_MS);

    atomic_fetch_add(&shared->said, 1);
    do {
        if (r == PP_LOCK_OWNER_DIED) {
            r = pp_rlock_mark_consistent(lock);
        }
        if (r == 0) {
            r = pp_condition_wait_for(&shared->condition, is_ready, shared, PATIENCE_MS);
        }
    } while (r == PP_LOCK_OWNER_DIED);
    return r == 0 && pp_condition_release(&shared->condition) == 0 ? 0 : 1;
}

/* Woken twice for nothing, it goes on to wait until the third. */
static void test_wait_for_goes_on_until_it_is_so(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);
    pid_t pid = start_child(wait_until_ready, shared);

    WAIT_UNTIL(atomic_load(&shared->said) == 1);
    for (int i = 0; i < 3; i++) {
        acquire(shared);
        shared->ready = i == 2;
        g_assert_cmpint(pp_condition_notify_all(&shared->condition), ==, 0);
        release(shared);
        WAIT_UNTIL(sleeps(pid) || i == 2);
    }
    g_assert_cmpint(join_child(pid), ==, 0);
    acquire(shared);
    shared->ready = false;
    g_assert_cmpint(pp_condition_wait_for(&shared->condition, is_ready, shared, 1), ==, -ETIMEDOUT);
    release(shared);
    pp_slot_finish(&slot);
}

static void start_one_who_waits(void *memory)
{
    struct shared *shared = memory;

    memset((void *)shared, 0, sizeof(*shared));
    pp_condition_init(&shared->condition, NULL);
    shared->pid = start_child(wait_until_ready, shared);
    WAIT_UNTIL(atomic_load(&shared->said) == 1);
    acquire(shared);
    release(shared);
}

static int make_ready(void *memory)
{
    struct shared *shared = memory;
    int r = pp_condition_acquire(&shared->condition, -1);

    shared->ready = true;
    return r | pp_condition_notify(&shared->condition, 1) |
           pp_condition_release(&shared->condition);
}

/* If it died too early to make it so, somebody else does; if not, nobody does any more. */
static void check_that_the_waiter_gets_there(void *memory)
{
    struct shared *shared = memory;
    int r = pp_condition_acquire(&shared->condition, -1);

    if (r == PP_LOCK_OWNER_DIED) {
        r = pp_rlock_mark_consistent(pp_condition_get_lock(&shared->condition));
        g_assert_cmpint(pp_condition_notify_all(&shared->condition), ==, 0);
    }
    g_assert_cmpint(r, ==, 0);
    release(shared);
    if (!shared->ready) {
        g_assert_cmpint(make_ready(shared), ==, 0);
    }
    g_assert_cmpint(join_child(shared->pid), ==, 0);
}

static void test_who_notifies_may_die_at_any_instruction(void)
{
    struct pp_slot slot;
    struct shared *shared = share(&slot, sizeof(*shared));

    kill_at_each_instruction(shared, sizeof(*shared), start_one_who_waits, make_ready,
                             check_that_the_waiter_gets_there);
    pp_slot_finish(&slot);
}

static int wait_for_a_moment(void *memory)
{
    struct shared *shared = memory;
    int r = pp_condition_acquire(&shared->condition, -1);

    r |= pp_condition_wait(&shared->condition, 1) == -ETIMEDOUT ? 0 : 1;
    return r | pp_condition_release(&shared->condition);
}

/* The other one waits for it to be so, and has to get there past what the dead one left. */
static void test_who_waits_may_die_at_any_instruction(void)
{
    struct pp_slot slot;
    struct shared *shared = share(&slot, sizeof(*shared));

    kill_at_each_instruction(shared, sizeof(*shared), start_one_who_waits, wait_for_a_moment,
                             check_that_the_waiter_gets_there);
    pp_slot_finish(&slot);
}

static int produce(void *memory)
{
    struct shared *shared = memory;
    int r = 0;

    for (int i = 0; i < ROUNDS && r == 0; i++) {
        r = pp_condition_acquire(&shared->not_full, -1);
        while (r == 0 && shared->items == ROOM) {
            r = pp_condition_wait(&shared->not_full, PATIENCE_MS);
        }
        shared->items++;
        r |= pp_condition_notify(&shared->condition, 1);
        r |= pp_condition_release(&shared->not_full);
    }
    return r == 0 ? 0 : 1;
}

static int consume(void *memory)
{
    struct shared *shared = memory;
    int r = 0;

    for (int i = 0; i < ROUNDS && r == 0; i++) {
        r = pp_condition_acquire(&shared->condition, -1);
        while (r == 0 && shared->items == 0) {
            r = pp_condition_wait(&shared->condition, PATIENCE_MS);
        }
        shared->items--;
        shared->consumed++;
        r |= pp_condition_notify(&shared->not_full, 1);
        r |= pp_condition_release(&shared->condition);
    }
    return r == 0 ? 0 : 1;
}

/* Two conditions with one lock: one notification too few, and both sides would wait for good. */
static void test_producers_and_consumers_lose_nothing(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);
    pid_t pids[WAITERS];

    for (int i = 0; i < WAITERS; i++) {
        pids[i] = start_child(i % 2 == 0 ? produce : consume, shared);
    }
    for (int i = 0; i < WAITERS; i++) {
        g_assert_cmpint(join_child(pids[i]), ==, 0);
    }
    g_assert_cmpint(shared->items, ==, 0);
    g_assert_cmpint(shared->consumed, ==, ROUNDS * WAITERS / 2);
    pp_slot_finish(&slot);
}

static void *produce_in_thread(void *memory)
{
    g_assert_cmpint(produce(memory), ==, 0);
    return NULL;
}

static void *consume_in_thread(void *memory)
{
    g_assert_cmpint(consume(memory), ==, 0);
    return NULL;
}

/* Threads of one process, as this is where a race detector sees what the condition orders. */
static void test_threads_that_produce_and_consume_lose_nothing(void)
{
    struct pp_slot slot;
    struct shared *shared = begin(&slot);
    pthread_t threads[WAITERS];

    for (int i = 0; i < WAITERS; i++) {
        g_assert_cmpint(pthread_create(&threads[i], NULL,
                                       i % 2 == 0 ? produce_in_thread : consume_in_thread, shared),
                        ==, 0);
    }
    for (int i = 0; i < WAITERS; i++) {
        pthread_join(threads[i], NULL);
    }
    g_assert_cmpint(shared->items, ==, 0);
    g_assert_cmpint(shared->consumed, ==, ROUNDS * WAITERS / 2);
    pp_slot_finish(&slot);
}

static void add_death_tests(void)
{
    g_test_add_func("/condition/the-notification-of-a-dead-waiter-passes-on",
                    test_the_notification_of_a_dead_waiter_passes_on);
    g_test_add_func("/condition/who-waits-later-does-not-inherit",
                    test_who_waits_later_does_not_inherit);
    g_test_add_func("/condition/who-waits-learns-that-a-holder-of-the-lock-died",
                    test_who_waits_learns_that_a_holder_of_the_lock_died);
    g_test_add_func("/condition/who-waits-learns-that-the-lock-gave-up",
                    test_who_waits_learns_that_the_lock_gave_up);
    g_test_add_func("/condition/the-places-of-dead-waiters-come-back",
                    test_the_places_of_dead_waiters_come_back);
    g_test_add_func("/condition/who-notifies-may-die-at-any-instruction",
                    test_who_notifies_may_die_at_any_instruction);
    g_test_add_func("/condition/who-waits-may-die-at-any-instruction",
                    test_who_waits_may_die_at_any_instruction);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/condition/only-who-holds-the-lock-may-wait-and-notify",
                    test_only_who_holds_the_lock_may_wait_and_notify);
    g_test_add_func("/condition/a-wait-ends-when-its-time-is-over",
                    test_a_wait_ends_when_its_time_is_over);
    g_test_add_func("/condition/a-notification-is-not-kept", test_a_notification_is_not_kept);
    g_test_add_func("/condition/as-many-run-as-were-notified", test_as_many_run_as_were_notified);
    g_test_add_func("/condition/wait-for-goes-on-until-it-is-so",
                    test_wait_for_goes_on_until_it_is_so);
    add_death_tests();
    g_test_add_func("/condition/producers-and-consumers-lose-nothing",
                    test_producers_and_consumers_lose_nothing);
    g_test_add_func("/condition/threads-that-produce-and-consume-lose-nothing",
                    test_threads_that_produce_and_consume_lose_nothing);
    return g_test_run();
}
