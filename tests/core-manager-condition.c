/* SPDX-License-Identifier: MIT */
#include "core/manager_condition.h"
#include "tests/managing.h"

enum { CLIENTS = 4, ROUNDS = 200 };

struct shared {
    struct meeting meeting;
    _Atomic uint32_t woken;
    _Atomic int timeout_ms;
};

static struct shared *share_path(struct fixture *fixture, struct pp_slot *slot)
{
    struct shared *shared = meet_at(fixture->server.address.path, slot, sizeof(*shared));

    atomic_store(&shared->timeout_ms, PATIENCE_MS);
    return shared;
}

static void open_condition(struct pp_manager *manager, struct pp_manager_rlock *rlock,
                           struct pp_manager_condition *condition)
{
    g_assert_cmpint(pp_manager_rlock(manager, "rlock", rlock), ==, 0);
    g_assert_cmpint(pp_manager_condition(manager, "changed", rlock, condition), ==, 0);
}

/* Says so while it holds the lock, so whoever gets that next finds it waiting. */
static int wait_for_condition(void *memory)
{
    struct shared *shared = memory;
    struct pp_manager *manager = connect_at(shared->meeting.path);
    struct pp_manager_rlock rlock;
    struct pp_manager_condition condition;
    int r;

    open_condition(manager, &rlock, &condition);
    if (pp_manager_rlock_acquire(&rlock, PATIENCE_MS) < 0 ||
        pp_manager_rlock_acquire(&rlock, PATIENCE_MS) < 0) {
        return 1;
    }
    atomic_fetch_add(&shared->meeting.said, 1);
    r = pp_manager_condition_wait(&condition, atomic_load(&shared->timeout_ms));
    atomic_store(&shared->meeting.outcome, r);
    atomic_fetch_add(&shared->woken, 1);
    if (r == PP_LOCK_OWNER_DIED) {
        r = pp_manager_rlock_mark_consistent(&rlock);
    }
    /* It has the lock back as it was. */
    if (r == 0 || r == -ETIMEDOUT) {
        r = pp_manager_rlock_release(&rlock);
        r = r != 0 ? r : pp_manager_rlock_release(&rlock);
        r = r != 0 ? r : pp_manager_rlock_release(&rlock) != -EPERM;
    }
    pp_manager_destroy(manager);
    return r == 0 ? 0 : 2;
}

static void test_a_condition_wakes_as_many_as_it_is_told_to(void)
{
    struct fixture fixture;
    struct pp_manager_rlock rlock;
    struct pp_manager_condition condition;
    struct pp_slot slot;
    struct shared *shared;
    pid_t pids[CLIENTS];

    begin(&fixture);
    shared = share_path(&fixture, &slot);
    open_condition(fixture.manager, &rlock, &condition);
    g_assert_cmpint(pp_manager_condition_notify(&condition, 1), ==, -EPERM);
    g_assert_cmpint(pp_manager_condition_wait(&condition, 0), ==, -EPERM);
    for (int i = 0; i < CLIENTS; i++) {
        pids[i] = start_and_hear(shared, wait_for_condition);
    }
    g_assert_cmpint(pp_manager_rlock_acquire(&rlock, -1), ==, 0);
    g_assert_cmpint(pp_manager_condition_notify(&condition, 1), ==, 0);
    g_assert_cmpuint(atomic_load(&shared->woken), ==, 0);
    g_assert_cmpint(pp_manager_rlock_release(&rlock), ==, 0);
    g_assert_cmpint(join_child(pids[0]), ==, 0);
    g_assert_cmpuint(atomic_load(&shared->woken), ==, 1);
    g_assert_cmpint(pp_manager_rlock_acquire(&rlock, -1), ==, 0);
    g_assert_cmpint(pp_manager_condition_notify_all(&condition), ==, 0);
    g_assert_cmpint(pp_manager_rlock_release(&rlock), ==, 0);
    for (int i = 1; i < CLIENTS; i++) {
        g_assert_cmpint(join_child(pids[i]), ==, 0);
    }
    pp_slot_finish(&slot);
    end(&fixture);
}

/* Its time is over while the lock is taken, as a rule, so it waits for that, too. */
static void test_a_wait_that_is_over_has_the_lock_back(void)
{
    struct fixture fixture;
    struct pp_manager_rlock rlock;
    struct pp_manager_condition condition;
    struct pp_slot slot;
    struct shared *shared;
    pid_t pid;

    begin(&fixture);
    shared = share_path(&fixture, &slot);
    open_condition(fixture.manager, &rlock, &condition);
    g_assert_cmpint(pp_manager_rlock_acquire(&rlock, -1), ==, 0);
    g_assert_cmpint(pp_manager_condition_wait(&condition, 0), ==, -ETIMEDOUT);
    g_assert_cmpint(pp_manager_condition_wait(&condition, 20), ==, -ETIMEDOUT);
    g_assert_cmpint(pp_manager_rlock_release(&rlock), ==, 0);
    atomic_store(&shared->timeout_ms, 1);
    pid = start_child(wait_for_condition, shared);
    WAIT_UNTIL(atomic_load(&shared->meeting.said) == 1);
    g_assert_cmpint(pp_manager_rlock_acquire(&rlock, -1), ==, 0);
    g_assert_cmpint(pp_manager_rlock_release(&rlock), ==, 0);
    g_assert_cmpint(join_child(pid), ==, 0);
    g_assert_cmpint(atomic_load(&shared->meeting.outcome), ==, -ETIMEDOUT);
    pp_slot_finish(&slot);
    end(&fixture);
}

static int die_with_the_lock(void *memory)
{
    struct shared *shared = memory;
    struct pp_manager *manager = connect_at(shared->meeting.path);
    struct pp_manager_rlock rlock;

    if (pp_manager_rlock(manager, "rlock", &rlock) != 0 ||
        pp_manager_rlock_acquire(&rlock, PATIENCE_MS) != 0) {
        return 1;
    }
    return 0;
}

/* It would have notified; who waits hears of its death instead. */
static void test_who_waits_for_a_condition_is_told_of_a_death(void)
{
    struct fixture fixture;
    struct pp_slot slot;
    struct shared *shared;
    pid_t pid;

    begin(&fixture);
    shared = share_path(&fixture, &slot);
    pid = start_and_hear(shared, wait_for_condition);
    g_assert_cmpint(join_child(start_child(die_with_the_lock, shared)), ==, 0);
    g_assert_cmpint(join_child(pid), ==, 0);
    g_assert_cmpint(atomic_load(&shared->meeting.outcome), ==, PP_LOCK_OWNER_DIED);
    pp_slot_finish(&slot);
    end(&fixture);
}

static void test_one_who_dies_waiting_takes_no_notification(void)
{
    struct fixture fixture;
    struct pp_manager_rlock rlock;
    struct pp_manager_condition condition;
    struct pp_slot slot;
    struct shared *shared;
    pid_t first;
    pid_t second;

    begin(&fixture);
    shared = share_path(&fixture, &slot);
    open_condition(fixture.manager, &rlock, &condition);
    first = start_and_hear(shared, wait_for_condition);
    second = start_and_hear(shared, wait_for_condition);
    g_assert_cmpint(pp_manager_rlock_acquire(&rlock, -1), ==, 0);
    kill_child(first);
    /* Twice, as the server may not have heard of the death when the first one comes. */
    g_assert_cmpint(pp_manager_condition_notify(&condition, 1), ==, 0);
    g_assert_cmpint(pp_manager_rlock_release(&rlock), ==, 0);
    g_assert_cmpint(pp_manager_rlock_acquire(&rlock, PATIENCE_MS), >=, 0);
    g_assert_cmpint(pp_manager_rlock_mark_consistent(&rlock), ==, 0);
    g_assert_cmpint(pp_manager_condition_notify(&condition, 1), ==, 0);
    g_assert_cmpint(pp_manager_rlock_release(&rlock), ==, 0);
    g_assert_cmpint(join_child(second), ==, 0);
    pp_slot_finish(&slot);
    end(&fixture);
}

static void test_a_condition_of_a_lock_that_is_gone_is_stale(void)
{
    struct fixture fixture;
    struct pp_manager_rlock rlock;
    struct pp_manager_rlock other;
    struct pp_manager_condition condition;
    struct pp_manager_condition again;
    struct pp_slot slot;
    struct shared *shared;
    pid_t pid;

    begin(&fixture);
    shared = share_path(&fixture, &slot);
    open_condition(fixture.manager, &rlock, &condition);
    g_assert_cmpint(pp_manager_rlock(fixture.manager, "other", &other), ==, 0);
    g_assert_cmpint(pp_manager_condition(fixture.manager, "changed", &other, &again), ==, -EEXIST);
    pid = start_and_hear(shared, wait_for_condition);
    g_assert_cmpint(pp_manager_remove(fixture.manager, "rlock"), ==, 0);
    g_assert_cmpint(join_child(pid), ==, 2);
    g_assert_cmpint(atomic_load(&shared->meeting.outcome), ==, -ESTALE);
    g_assert_cmpint(pp_manager_condition_notify(&condition, 1), ==, -ESTALE);
    g_assert_cmpint(pp_manager_condition_wait(&condition, 1), ==, -ESTALE);
    g_assert_cmpint(pp_manager_condition(fixture.manager, "new", &rlock, &again), ==, -ESTALE);
    g_assert_cmpint(pp_manager_remove(fixture.manager, "changed"), ==, 0);
    pp_slot_finish(&slot);
    end(&fixture);
}

/* Leaves the mending to the next one. */
static int wait_and_pass_on(void *memory)
{
    struct shared *shared = memory;
    struct pp_manager *manager = connect_at(shared->meeting.path);
    struct pp_manager_rlock rlock;
    struct pp_manager_condition condition;
    int r;

    open_condition(manager, &rlock, &condition);
    if (pp_manager_rlock_acquire(&rlock, PATIENCE_MS) != 0) {
        return 1;
    }
    atomic_fetch_add(&shared->meeting.said, 1);
    r = pp_manager_condition_wait(&condition, PATIENCE_MS);
    if (r != PP_LOCK_OWNER_DIED || pp_manager_rlock_pass_on(&rlock) != 0) {
        return 2;
    }
    pp_manager_destroy(manager);
    return 0;
}

/* What is to be mended has to be before. Who waits instead has given the lock up, and nobody who
 * waits for the condition will ever be notified. */
static void test_waiting_with_what_is_not_mended_gives_up(void)
{
    struct fixture fixture;
    struct pp_manager_rlock rlock;
    struct pp_manager_condition condition;
    struct pp_slot slot;
    struct shared *shared;
    pid_t first;
    pid_t second;

    begin(&fixture);
    shared = share_path(&fixture, &slot);
    open_condition(fixture.manager, &rlock, &condition);
    first = start_and_hear(shared, wait_and_pass_on);
    second = start_and_hear(shared, wait_for_condition);
    g_assert_cmpint(join_child(start_child(die_with_the_lock, shared)), ==, 0);
    g_assert_cmpint(join_child(first), ==, 0);
    g_assert_cmpint(pp_manager_rlock_acquire(&rlock, PATIENCE_MS), ==, PP_LOCK_OWNER_DIED);
    g_assert_cmpint(pp_manager_condition_wait(&condition, -1), ==, -ENOTRECOVERABLE);
    g_assert_cmpint(join_child(second), ==, 2);
    g_assert_cmpint(atomic_load(&shared->meeting.outcome), ==, -ENOTRECOVERABLE);
    g_assert_cmpint(pp_manager_rlock_acquire(&rlock, -1), ==, -ENOTRECOVERABLE);
    pp_slot_finish(&slot);
    end(&fixture);
}

static int want_the_lock(void *memory)
{
    struct shared *shared = memory;
    struct pp_manager *manager = connect_at(shared->meeting.path);
    struct pp_manager_rlock rlock;
    int r = pp_manager_rlock(manager, "rlock", &rlock);

    atomic_fetch_add(&shared->meeting.said, 1);
    r = r != 0 ? r : pp_manager_rlock_acquire(&rlock, PATIENCE_MS);
    atomic_fetch_add(&shared->woken, 1);
    r = r != 0 ? r : pp_manager_rlock_release(&rlock);
    pp_manager_destroy(manager);
    return r == 0 ? 0 : 1;
}

/* Until it has come, a wait of no time has nobody to let go first. */
static void test_a_wait_of_no_time_lets_others_go_first(void)
{
    struct fixture fixture;
    struct pp_manager_rlock rlock;
    struct pp_manager_condition condition;
    struct pp_slot slot;
    struct shared *shared;
    pid_t pid;

    begin(&fixture);
    shared = share_path(&fixture, &slot);
    open_condition(fixture.manager, &rlock, &condition);
    g_assert_cmpint(pp_manager_rlock_acquire(&rlock, -1), ==, 0);
    pid = start_and_hear(shared, want_the_lock);
    WAIT_UNTIL(pp_manager_condition_wait(&condition, 0) == -ETIMEDOUT &&
               atomic_load(&shared->woken) == 1);
    g_assert_cmpint(join_child(pid), ==, 0);
    g_assert_cmpint(pp_manager_rlock_release(&rlock), ==, 0);
    g_assert_cmpint(pp_manager_remove(fixture.manager, "changed"), ==, 0);
    g_assert_cmpint(pp_manager_remove(fixture.manager, "rlock"), ==, 0);
    pp_slot_finish(&slot);
    end(&fixture);
}

/* A number that goes from one to the next, in turns that conditions keep. */
static int pass_around(void *memory)
{
    struct shared *shared = memory;
    struct pp_manager *manager = connect_at(shared->meeting.path);
    uint32_t self = atomic_fetch_add(&shared->meeting.said, 1);
    struct pp_manager_rlock rlock;
    struct pp_manager_condition condition;
    struct pp_manager_dict dict;
    int64_t turn = 0;
    int r = pp_manager_dict(manager, "dict", &dict);

    open_condition(manager, &rlock, &condition);
    r = r != 0 ? r : pp_manager_rlock_acquire(&rlock, PATIENCE_MS);
    for (int i = 0; i < ROUNDS && r == 0; i++) {
        r = pp_manager_dict_add(&dict, "turn", 0, &turn);
        while (r == 0 && turn % CLIENTS != self) {
            r = pp_manager_condition_wait(&condition, PATIENCE_MS);
            r = r != 0 ? r : pp_manager_dict_add(&dict, "turn", 0, &turn);
        }
        r = r != 0 ? r : pp_manager_dict_add(&dict, "turn", 1, NULL);
        r = r != 0 ? r : pp_manager_condition_notify_all(&condition);
    }
    r = r != 0 ? r : pp_manager_rlock_release(&rlock);
    pp_manager_destroy(manager);
    return r == 0 ? 0 : 1;
}

static void test_clients_pass_something_around(void)
{
    struct fixture fixture;
    struct pp_slot slot;
    struct shared *shared;
    pid_t pids[CLIENTS];

    begin(&fixture);
    shared = share_path(&fixture, &slot);
    for (int i = 0; i < CLIENTS; i++) {
        pids[i] = start_child(pass_around, shared);
    }
    for (int i = 0; i < CLIENTS; i++) {
        g_assert_cmpint(join_child(pids[i]), ==, 0);
    }
    pp_slot_finish(&slot);
    end(&fixture);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manager-condition/it-wakes-as-many-as-it-is-told-to",
                    test_a_condition_wakes_as_many_as_it_is_told_to);
    g_test_add_func("/manager-condition/a-wait-that-is-over-has-the-lock-back",
                    test_a_wait_that_is_over_has_the_lock_back);
    g_test_add_func("/manager-condition/who-waits-is-told-of-a-death",
                    test_who_waits_for_a_condition_is_told_of_a_death);
    g_test_add_func("/manager-condition/one-who-dies-waiting-takes-no-notification",
                    test_one_who_dies_waiting_takes_no_notification);
    g_test_add_func("/manager-condition/one-of-a-lock-that-is-gone-is-stale",
                    test_a_condition_of_a_lock_that_is_gone_is_stale);
    g_test_add_func("/manager-condition/waiting-with-what-is-not-mended-gives-up",
                    test_waiting_with_what_is_not_mended_gives_up);
    g_test_add_func("/manager-condition/a-wait-of-no-time-lets-others-go-first",
                    test_a_wait_of_no_time_lets_others_go_first);
    g_test_add_func("/manager-condition/clients-pass-something-around",
                    test_clients_pass_something_around);
    return g_test_run();
}
