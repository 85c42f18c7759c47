/* SPDX-License-Identifier: MIT */
#include "core/manager_condition.h"
#include "core/manager_dict.h"
#include "core/manager_lock.h"
#include "core/manager_semaphore.h"
#include "tests/managing.h"

enum { CLIENTS = 5, ROUNDS = 300 };

/* Another client of the same server, in this process. */
static struct pp_manager *another(struct fixture *fixture)
{
    return connect_to(&fixture->server);
}

static void open_lock(struct pp_manager *manager, struct pp_manager_lock *lock)
{
    g_assert_cmpint(pp_manager_lock(manager, "lock", lock), ==, 0);
}

static void open_rlock(struct pp_manager *manager, struct pp_manager_rlock *rlock)
{
    g_assert_cmpint(pp_manager_rlock(manager, "rlock", rlock), ==, 0);
}

static void open_semaphore(struct pp_manager *manager, uint32_t value,
                           struct pp_manager_semaphore *semaphore)
{
    g_assert_cmpint(pp_manager_bounded_semaphore(manager, "seats", value, semaphore), ==, 0);
}

static void test_a_lock_has_one_holder(void)
{
    struct fixture fixture;
    struct pp_manager_lock lock;
    struct pp_manager_lock of_other;
    struct pp_manager *other;

    begin(&fixture);
    other = another(&fixture);
    open_lock(fixture.manager, &lock);
    open_lock(other, &of_other);
    g_assert_cmpint(pp_manager_lock_release(&lock), ==, -EPERM);
    g_assert_cmpint(pp_manager_lock_acquire(&lock, -1), ==, 0);
    g_assert_cmpint(pp_manager_lock_acquire(&of_other, 0), ==, -ETIMEDOUT);
    g_assert_cmpint(pp_manager_lock_acquire(&of_other, 20), ==, -ETIMEDOUT);
    g_assert_cmpint(pp_manager_lock_acquire(&lock, 20), ==, -ETIMEDOUT);
    g_assert_cmpint(pp_manager_lock_mark_consistent(&lock), ==, 0);
    g_assert_cmpint(pp_manager_lock_mark_consistent(&of_other), ==, -EPERM);
    g_assert_cmpint(pp_manager_lock_release(&of_other), ==, 0); /* on the holder's behalf */
    g_assert_cmpint(pp_manager_lock_acquire(&of_other, 0), ==, 0);
    g_assert_cmpint(pp_manager_lock_release(&of_other), ==, 0);
    pp_manager_destroy(other);
    end(&fixture);
}

static int hold_for_ever(void *memory)
{
    struct meeting *shared = memory;
    struct pp_manager *manager = connect_at(shared->path);
    struct pp_manager_lock lock;
    struct pp_manager_rlock rlock;
    struct pp_manager_semaphore semaphore;

    open_lock(manager, &lock);
    open_rlock(manager, &rlock);
    open_semaphore(manager, 2, &semaphore);
    if (pp_manager_lock_acquire(&lock, -1) < 0 || pp_manager_rlock_acquire(&rlock, -1) < 0 ||
        pp_manager_rlock_acquire(&rlock, -1) < 0 ||
        pp_manager_semaphore_acquire(&semaphore, -1) != 0 ||
        pp_manager_semaphore_acquire(&semaphore, -1) != 0) {
        return 1;
    }
    atomic_fetch_add(&shared->said, 1);
    pause();
    return 0;
}

/* One waits already, the others come when the holder is dead. */
static void test_what_the_dead_held_comes_free(void)
{
    struct fixture fixture;
    struct pp_slot slot;
    struct meeting *shared;
    struct pp_manager_lock lock;
    struct pp_manager_rlock rlock;
    struct pp_manager_semaphore semaphore;
    uint32_t value = 0;

    begin(&fixture);
    shared = meet_at(fixture.server.address.path, &slot, sizeof(*shared));
    open_lock(fixture.manager, &lock);
    open_rlock(fixture.manager, &rlock);
    open_semaphore(fixture.manager, 2, &semaphore);
    kill_child(start_and_hear(shared, hold_for_ever));
    g_assert_cmpint(pp_manager_lock_acquire(&lock, PATIENCE_MS), ==, PP_LOCK_OWNER_DIED);
    g_assert_cmpint(pp_manager_lock_mark_consistent(&lock), ==, 0);
    g_assert_cmpint(pp_manager_lock_release(&lock), ==, 0);
    g_assert_cmpint(pp_manager_lock_acquire(&lock, 0), ==, 0);
    g_assert_cmpint(pp_manager_rlock_acquire(&rlock, PATIENCE_MS), ==, PP_LOCK_OWNER_DIED);
    g_assert_cmpint(pp_manager_rlock_acquire(&rlock, 0), ==, 0);
    g_assert_cmpint(pp_manager_rlock_mark_consistent(&rlock), ==, 0);
    for (int i = 0; i < 2; i++) {
        g_assert_cmpint(pp_manager_semaphore_acquire(&semaphore, PATIENCE_MS), ==, 0);
    }
    g_assert_cmpint(pp_manager_semaphore_get_value(&semaphore, &value), ==, 0);
    g_assert_cmpuint(value, ==, 0);
    pp_slot_finish(&slot);
    end(&fixture);
}

static int wait_for_lock(void *memory)
{
    struct meeting *shared = memory;
    struct pp_manager *manager = connect_at(shared->path);
    struct pp_manager_lock lock;

    open_lock(manager, &lock);
    atomic_fetch_add(&shared->said, 1);
    atomic_store(&shared->outcome, pp_manager_lock_acquire(&lock, PATIENCE_MS));
    pp_manager_destroy(manager);
    return 0;
}

/* Who ends without releasing is told of like one who was killed. */
static void test_who_waits_is_told_of_a_death(void)
{
    struct fixture fixture;
    struct pp_slot slot;
    struct meeting *shared;
    struct pp_manager_lock lock;
    pid_t holder;
    pid_t waiter;

    begin(&fixture);
    shared = meet_at(fixture.server.address.path, &slot, sizeof(*shared));
    open_lock(fixture.manager, &lock);
    holder = start_and_hear(shared, hold_for_ever);
    waiter = start_and_hear(shared, wait_for_lock);
    g_assert_cmpint(kill(holder, SIGKILL), ==, 0);
    g_assert_cmpint(join_child(waiter), ==, 0);
    g_assert_cmpint(join_child(holder), ==, -1);
    g_assert_cmpint(atomic_load(&shared->outcome), ==, PP_LOCK_OWNER_DIED);
    g_assert_cmpint(pp_manager_lock_acquire(&lock, PATIENCE_MS), ==, PP_LOCK_OWNER_DIED);
    pp_slot_finish(&slot);
    end(&fixture);
}

/* A child that was forked from the holder has its descriptor too; the holder's death must be told
 * of all the same. */
static int hold_with_a_child(void *memory)
{
    struct meeting *shared = memory;
    struct pp_manager *manager = connect_at(shared->path);
    struct pp_manager_lock lock;
    pid_t child;

    open_lock(manager, &lock);
    if (pp_manager_lock_acquire(&lock, -1) != 0) {
        return 1;
    }
    child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, 0);
        pause();
    }
    atomic_store(&shared->outcome, child);
    atomic_fetch_add(&shared->said, 1);
    pause();
    return 0;
}

static void test_a_forked_child_does_not_keep_the_lock_of_the_dead(void)
{
    struct fixture fixture;
    struct pp_slot slot;
    struct meeting *shared;
    struct pp_manager_lock lock;

    begin(&fixture);
    shared = meet_at(fixture.server.address.path, &slot, sizeof(*shared));
    open_lock(fixture.manager, &lock);
    kill_child(start_and_hear(shared, hold_with_a_child));
    g_assert_cmpint(pp_manager_lock_acquire(&lock, PATIENCE_MS), ==, PP_LOCK_OWNER_DIED);
    g_assert_cmpint(kill(atomic_load(&shared->outcome), SIGKILL), ==, 0);
    pp_slot_finish(&slot);
    end(&fixture);
}

static void test_a_lock_that_nobody_mends_gives_up(void)
{
    struct fixture fixture;
    struct pp_slot slot;
    struct meeting *shared;
    struct pp_manager_lock lock;
    pid_t waiter;

    begin(&fixture);
    shared = meet_at(fixture.server.address.path, &slot, sizeof(*shared));
    open_lock(fixture.manager, &lock);
    kill_child(start_and_hear(shared, hold_for_ever));
    g_assert_cmpint(pp_manager_lock_acquire(&lock, PATIENCE_MS), ==, PP_LOCK_OWNER_DIED);
    g_assert_cmpint(pp_manager_lock_pass_on(&lock), ==, 0);
    g_assert_cmpint(pp_manager_lock_acquire(&lock, 0), ==, PP_LOCK_OWNER_DIED);
    waiter = start_and_hear(shared, wait_for_lock);
    g_assert_cmpint(pp_manager_lock_release(&lock), ==, 0);
    g_assert_cmpint(join_child(waiter), ==, 0);
    g_assert_cmpint(atomic_load(&shared->outcome), ==, -ENOTRECOVERABLE);
    g_assert_cmpint(pp_manager_lock_acquire(&lock, -1), ==, -ENOTRECOVERABLE);
    pp_slot_finish(&slot);
    end(&fixture);
}

static void test_an_rlock_is_released_as_often_as_acquired(void)
{
    struct fixture fixture;
    struct pp_manager_rlock rlock;
    struct pp_manager_rlock of_other;
    struct pp_manager *other;

    begin(&fixture);
    other = another(&fixture);
    open_rlock(fixture.manager, &rlock);
    open_rlock(other, &of_other);
    g_assert_cmpint(pp_manager_rlock_acquire(&rlock, -1), ==, 0);
    g_assert_cmpint(pp_manager_rlock_acquire(&rlock, -1), ==, 0);
    g_assert_cmpint(pp_manager_rlock_release(&of_other), ==, -EPERM);
    g_assert_cmpint(pp_manager_rlock_release(&rlock), ==, 0);
    g_assert_cmpint(pp_manager_rlock_acquire(&of_other, 0), ==, -ETIMEDOUT);
    g_assert_cmpint(pp_manager_rlock_release(&rlock), ==, 0);
    g_assert_cmpint(pp_manager_rlock_release(&rlock), ==, -EPERM);
    g_assert_cmpint(pp_manager_rlock_acquire(&of_other, 0), ==, 0);
    pp_manager_destroy(other);
    end(&fixture);
}

static void test_a_semaphore_keeps_books(void)
{
    struct fixture fixture;
    struct pp_manager_semaphore semaphore;
    struct pp_manager_semaphore of_other;
    struct pp_manager *other;
    uint32_t value = 0;

    begin(&fixture);
    other = another(&fixture);
    open_semaphore(fixture.manager, 2, &semaphore);
    open_semaphore(other, 2, &of_other);
    g_assert_cmpint(pp_manager_bounded_semaphore(other, "seats", 3, &of_other), ==, -EEXIST);
    g_assert_cmpint(pp_manager_semaphore(other, "seats", 2, &of_other), ==, -EEXIST);
    g_assert_cmpint(pp_manager_semaphore(other, "many", UINT32_MAX, &of_other), ==, -EINVAL);
    open_semaphore(other, 2, &of_other);
    g_assert_cmpint(pp_manager_semaphore_release(&semaphore), ==, -EOVERFLOW);
    g_assert_cmpint(pp_manager_semaphore_spend(&semaphore), ==, -EPERM);
    g_assert_cmpint(pp_manager_semaphore_acquire(&semaphore, -1), ==, 0);
    g_assert_cmpint(pp_manager_semaphore_acquire(&of_other, -1), ==, 0);
    g_assert_cmpint(pp_manager_semaphore_acquire(&of_other, 0), ==, -ETIMEDOUT);
    g_assert_cmpint(pp_manager_semaphore_release(&of_other), ==, 0); /* its own */
    g_assert_cmpint(pp_manager_semaphore_release(&of_other), ==, 0); /* the other one's */
    g_assert_cmpint(pp_manager_semaphore_release(&of_other), ==, -EOVERFLOW);
    g_assert_cmpint(pp_manager_semaphore_acquire(&of_other, -1), ==, 0);
    g_assert_cmpint(pp_manager_semaphore_spend(&of_other), ==, 0);
    pp_manager_destroy(other);
    g_assert_cmpint(pp_manager_semaphore_get_value(&semaphore, &value), ==, 0);
    g_assert_cmpuint(value, ==, 1);
    end(&fixture);
}

static void test_a_plain_semaphore_grows_when_released(void)
{
    struct fixture fixture;
    struct pp_manager_semaphore semaphore;

    begin(&fixture);
    g_assert_cmpint(pp_manager_semaphore(fixture.manager, NULL, 0, &semaphore), ==, 0);
    g_assert_cmpint(pp_manager_semaphore_acquire(&semaphore, 0), ==, -ETIMEDOUT);
    g_assert_cmpint(pp_manager_semaphore_release(&semaphore), ==, 0);
    g_assert_cmpint(pp_manager_semaphore_release(&semaphore), ==, 0);
    g_assert_cmpint(pp_manager_semaphore_acquire(&semaphore, 0), ==, 0);
    g_assert_cmpint(pp_manager_semaphore_acquire(&semaphore, 0), ==, 0);
    g_assert_cmpint(pp_manager_semaphore_acquire(&semaphore, 0), ==, -ETIMEDOUT);
    end(&fixture);
}

/* Get, change and set, which is not one step, under the lock; the semaphore lets two in. */
static int come_and_go(void *memory)
{
    struct meeting *shared = memory;
    struct pp_manager *manager = connect_at(shared->path);
    struct pp_manager_semaphore semaphore;
    struct pp_manager_lock lock;
    struct pp_manager_dict dict;
    int r = pp_manager_dict(manager, "dict", &dict);

    open_lock(manager, &lock);
    open_semaphore(manager, 2, &semaphore);
    for (int i = 0; i < ROUNDS && r == 0; i++) {
        struct pp_item item;
        int64_t inside = 0;

        r = pp_manager_semaphore_acquire(&semaphore, PATIENCE_MS);
        r = r != 0 ? r : pp_manager_dict_add(&dict, "inside", 1, &inside);
        r = r != 0 ? r : inside > 2;
        r = r != 0 ? r : pp_manager_lock_acquire(&lock, PATIENCE_MS);
        r = r != 0 ? r : pp_manager_dict_get(&dict, "n", &item);
        item = pp_item_int(r == 0 ? item.integer + 1 : 0);
        r = r != 0 ? r : pp_manager_dict_set(&dict, "n", &item);
        r = r != 0 ? r : pp_manager_lock_release(&lock);
        r = r != 0 ? r : pp_manager_dict_add(&dict, "inside", -1, NULL);
        r = r != 0 ? r : pp_manager_semaphore_release(&semaphore);
    }
    pp_manager_destroy(manager);
    return r == 0 ? 0 : 1;
}

static void test_clients_take_turns(void)
{
    struct fixture fixture;
    struct pp_slot slot;
    struct meeting *shared;
    struct pp_manager_dict dict;
    struct pp_item item = pp_item_int(0);
    pid_t pids[CLIENTS];

    begin(&fixture);
    shared = meet_at(fixture.server.address.path, &slot, sizeof(*shared));
    g_assert_cmpint(pp_manager_dict(fixture.manager, "dict", &dict), ==, 0);
    g_assert_cmpint(pp_manager_dict_set(&dict, "n", &item), ==, 0);
    for (int i = 0; i < CLIENTS; i++) {
        pids[i] = start_child(come_and_go, shared);
    }
    for (int i = 0; i < CLIENTS; i++) {
        g_assert_cmpint(join_child(pids[i]), ==, 0);
    }
    g_assert_cmpint(pp_manager_dict_get(&dict, "n", &item), ==, 0);
    g_assert_cmpint(item.integer, ==, CLIENTS * ROUNDS);
    pp_slot_finish(&slot);
    end(&fixture);
}

/* Holders are killed wherever they are. In the end everything is there, and a lock that says that
 * somebody died at most. */
static int take_all_for_ever(void *memory)
{
    struct meeting *shared = memory;
    struct pp_manager *manager = connect_at(shared->path);
    struct pp_manager_semaphore semaphore;
    struct pp_manager_lock lock;
    int r = 0;

    open_lock(manager, &lock);
    open_semaphore(manager, 2, &semaphore);
    while (r == 0) {
        r = pp_manager_lock_acquire(&lock, PATIENCE_MS);
        r = r == PP_LOCK_OWNER_DIED ? pp_manager_lock_mark_consistent(&lock) : r;
        r = r != 0 ? r : pp_manager_semaphore_acquire(&semaphore, PATIENCE_MS);
        atomic_fetch_add(&shared->said, 1);
        r = r != 0 ? r : pp_manager_semaphore_release(&semaphore);
        r = r != 0 ? r : pp_manager_lock_release(&lock);
    }
    return 1;
}

static void test_a_storm_of_deaths_leaves_all_free(void)
{
    struct fixture fixture;
    struct pp_slot slot;
    struct meeting *shared;
    struct pp_manager_lock lock;
    struct pp_manager_semaphore semaphore;
    pid_t pids[CLIENTS];

    begin(&fixture);
    shared = meet_at(fixture.server.address.path, &slot, sizeof(*shared));
    for (int i = 0; i < CLIENTS; i++) {
        pids[i] = start_child(take_all_for_ever, shared);
    }
    for (int i = 0; i < 50; i++) {
        uint32_t seen = atomic_load(&shared->said);

        WAIT_UNTIL(atomic_load(&shared->said) - seen > (uint32_t)g_test_rand_int_range(0, 20));
        kill_child(pids[i % CLIENTS]);
        pids[i % CLIENTS] = start_child(take_all_for_ever, shared);
    }
    for (int i = 0; i < CLIENTS; i++) {
        kill_child(pids[i]);
    }
    open_lock(fixture.manager, &lock);
    open_semaphore(fixture.manager, 2, &semaphore);
    g_assert_cmpint(pp_manager_lock_acquire(&lock, PATIENCE_MS), >=, 0);
    g_assert_cmpint(pp_manager_semaphore_acquire(&semaphore, PATIENCE_MS), ==, 0);
    g_assert_cmpint(pp_manager_semaphore_acquire(&semaphore, PATIENCE_MS), ==, 0);
    g_assert_cmpint(pp_manager_semaphore_acquire(&semaphore, 0), ==, -ETIMEDOUT);
    pp_slot_finish(&slot);
    end(&fixture);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manager-lock/it-has-one-holder", test_a_lock_has_one_holder);
    g_test_add_func("/manager-lock/what-the-dead-held-comes-free",
                    test_what_the_dead_held_comes_free);
    g_test_add_func("/manager-lock/who-waits-is-told-of-a-death",
                    test_who_waits_is_told_of_a_death);
    g_test_add_func("/manager-lock/a-forked-child-does-not-keep-that-of-the-dead",
                    test_a_forked_child_does_not_keep_the_lock_of_the_dead);
    g_test_add_func("/manager-lock/one-that-nobody-mends-gives-up",
                    test_a_lock_that_nobody_mends_gives_up);
    g_test_add_func("/manager-lock/clients-take-turns", test_clients_take_turns);
    g_test_add_func("/manager-lock/a-storm-of-deaths-leaves-all-free",
                    test_a_storm_of_deaths_leaves_all_free);
    g_test_add_func("/manager-rlock/it-is-released-as-often-as-acquired",
                    test_an_rlock_is_released_as_often_as_acquired);
    g_test_add_func("/manager-semaphore/it-keeps-books", test_a_semaphore_keeps_books);
    g_test_add_func("/manager-semaphore/a-plain-one-grows-when-released",
                    test_a_plain_semaphore_grows_when_released);
    return g_test_run();
}
