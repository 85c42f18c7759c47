/* SPDX-License-Identifier: MIT */
#include "core/manager_barrier.h"
#include "core/manager_event.h"
#include "tests/managing.h"

enum { CLIENTS = 4, ROUNDS = 200 };

struct shared {
    struct meeting meeting;
    _Atomic uint32_t indices[CLIENTS];
};

static struct shared *share_path(struct fixture *fixture, struct pp_slot *slot)
{
    return meet_at(fixture->server.address.path, slot, sizeof(struct shared));
}

static int wait_for_event(void *memory)
{
    struct shared *shared = memory;
    struct pp_manager *manager = connect_at(shared->meeting.path);
    struct pp_manager_event event;
    int r = pp_manager_event(manager, "event", &event);

    atomic_fetch_add(&shared->meeting.said, 1);
    r = r != 0 ? r : pp_manager_event_wait(&event, PATIENCE_MS);
    pp_manager_destroy(manager);
    return r == 0 ? 0 : 1;
}

static void test_an_event_wakes_all(void)
{
    struct fixture fixture;
    struct pp_manager_event event;
    struct pp_slot slot;
    struct shared *shared;
    pid_t pids[CLIENTS];

    begin(&fixture);
    shared = share_path(&fixture, &slot);
    g_assert_cmpint(pp_manager_event(fixture.manager, "event", &event), ==, 0);
    g_assert_cmpint(pp_manager_event_is_set(&event), ==, 0);
    g_assert_cmpint(pp_manager_event_wait(&event, 0), ==, -ETIMEDOUT);
    g_assert_cmpint(pp_manager_event_wait(&event, 20), ==, -ETIMEDOUT);
    for (int i = 0; i < CLIENTS; i++) {
        pids[i] = start_and_hear(shared, wait_for_event);
    }
    g_assert_cmpint(pp_manager_event_set(&event), ==, 0);
    for (int i = 0; i < CLIENTS; i++) {
        g_assert_cmpint(join_child(pids[i]), ==, 0);
    }
    g_assert_cmpint(pp_manager_event_wait(&event, -1), ==, 0);
    g_assert_cmpint(pp_manager_event_is_set(&event), ==, 1);
    g_assert_cmpint(pp_manager_event_clear(&event), ==, 0);
    g_assert_cmpint(pp_manager_event_is_set(&event), ==, 0);
    pp_slot_finish(&slot);
    end(&fixture);
}

static void open_barrier(struct pp_manager *manager, struct pp_manager_barrier *barrier)
{
    g_assert_cmpint(pp_manager_barrier(manager, "barrier", CLIENTS, barrier), ==, 0);
}

static int come_to_barrier(void *memory)
{
    struct shared *shared = memory;
    struct pp_manager *manager = connect_at(shared->meeting.path);
    struct pp_manager_barrier barrier;
    uint32_t index = 0;
    int r = 0;

    open_barrier(manager, &barrier);
    for (int i = 0; i < ROUNDS && r == 0; i++) {
        r = pp_manager_barrier_wait(&barrier, PATIENCE_MS, &index);
        atomic_fetch_add(&shared->indices[index], 1);
    }
    pp_manager_destroy(manager);
    return r == 0 ? 0 : 1;
}

static void test_a_barrier_lets_all_pass_together(void)
{
    struct fixture fixture;
    struct pp_slot slot;
    struct shared *shared;
    pid_t pids[CLIENTS];

    begin(&fixture);
    shared = share_path(&fixture, &slot);
    for (int i = 0; i < CLIENTS; i++) {
        pids[i] = start_child(come_to_barrier, shared);
    }
    for (int i = 0; i < CLIENTS; i++) {
        g_assert_cmpint(join_child(pids[i]), ==, 0);
        g_assert_cmpuint(atomic_load(&shared->indices[i]), <=, ROUNDS);
    }
    for (int i = 0; i < CLIENTS; i++) {
        g_assert_cmpuint(atomic_load(&shared->indices[i]), ==, ROUNDS);
    }
    pp_slot_finish(&slot);
    end(&fixture);
}

static int wait_at_barrier(void *memory)
{
    struct shared *shared = memory;
    struct pp_manager *manager = connect_at(shared->meeting.path);
    struct pp_manager_barrier barrier;

    open_barrier(manager, &barrier);
    atomic_fetch_add(&shared->meeting.said, 1);
    atomic_store(&shared->meeting.outcome, pp_manager_barrier_wait(&barrier, PATIENCE_MS, NULL));
    pp_manager_destroy(manager);
    return 0;
}

static void wait_until_waiting(struct pp_manager_barrier *barrier, uint32_t count)
{
    uint32_t waiting = 0;

    WAIT_UNTIL(pp_manager_barrier_n_waiting(barrier, &waiting) == 0 && waiting == count);
}

/* By a death, by one whose time is over, and by hand; and is whole again when reset. */
static void test_a_barrier_breaks_for_all(void)
{
    struct fixture fixture;
    struct pp_manager_barrier barrier;
    struct pp_slot slot;
    struct shared *shared;
    pid_t first;
    pid_t second;

    begin(&fixture);
    shared = share_path(&fixture, &slot);
    open_barrier(fixture.manager, &barrier);
    first = start_and_hear(shared, wait_at_barrier);
    second = start_and_hear(shared, wait_at_barrier);
    wait_until_waiting(&barrier, 2);
    kill_child(first);
    g_assert_cmpint(join_child(second), ==, 0);
    g_assert_cmpint(atomic_load(&shared->meeting.outcome), ==, PP_BARRIER_BROKEN);
    g_assert_cmpint(pp_manager_barrier_is_broken(&barrier), ==, 1);
    g_assert_cmpint(pp_manager_barrier_wait(&barrier, -1, NULL), ==, PP_BARRIER_BROKEN);

    g_assert_cmpint(pp_manager_barrier_reset(&barrier), ==, 0);
    g_assert_cmpint(pp_manager_barrier_is_broken(&barrier), ==, 0);
    first = start_and_hear(shared, wait_at_barrier);
    wait_until_waiting(&barrier, 1);
    g_assert_cmpint(pp_manager_barrier_wait(&barrier, 20, NULL), ==, -ETIMEDOUT);
    g_assert_cmpint(join_child(first), ==, 0);
    g_assert_cmpint(atomic_load(&shared->meeting.outcome), ==, PP_BARRIER_BROKEN);

    g_assert_cmpint(pp_manager_barrier_reset(&barrier), ==, 0);
    first = start_and_hear(shared, wait_at_barrier);
    wait_until_waiting(&barrier, 1);
    g_assert_cmpint(pp_manager_barrier_abort(&barrier), ==, 0);
    g_assert_cmpint(join_child(first), ==, 0);
    g_assert_cmpint(atomic_load(&shared->meeting.outcome), ==, PP_BARRIER_BROKEN);
    pp_slot_finish(&slot);
    end(&fixture);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manager-event/it-wakes-all", test_an_event_wakes_all);
    g_test_add_func("/manager-barrier/it-lets-all-pass-together",
                    test_a_barrier_lets_all_pass_together);
    g_test_add_func("/manager-barrier/it-breaks-for-all", test_a_barrier_breaks_for_all);
    return g_test_run();
}
