/* SPDX-License-Identifier: MIT */
#include "core/manager_call.h"
#include "tests/queueing.h"

static int wait_for_one(void *memory)
{
    struct queueing *shared = memory;
    struct pp_manager_queue queue;
    struct pp_manager *manager = join_queue(shared, &queue, 1);

    atomic_fetch_add(&shared->meeting.said, 1);
    atomic_store(&shared->meeting.outcome, get_int(&queue, PATIENCE_MS));
    pp_manager_destroy(manager);
    return 0;
}

/* Its place in the line is nobody's then. */
static void test_one_who_dies_waiting_takes_nothing(void)
{
    struct fixture fixture;
    struct pp_manager_queue queue;
    struct pp_slot slot;
    struct queueing *shared;

    begin(&fixture);
    open_queue(&fixture, 1, &queue);
    shared = meet_at(fixture.server.address.path, &slot, sizeof(*shared));
    kill_child(start_and_hear(shared, wait_for_one));
    g_assert_cmpint(put_int(&queue, 1, 0), ==, 0);
    g_assert_cmpint(get_int(&queue, PATIENCE_MS), ==, 1);
    pp_slot_finish(&slot);
    end(&fixture);
}

/* Ask for an item as pp_manager_queue_get() does, without the confirmation. */
static int get_unconfirmed(struct pp_manager_queue *queue)
{
    struct pp_manager_call call;
    struct pp_item item;
    int r = pp_manager_call_begin(&call, &queue->proxy, PP_MANAGER_QUEUE_GET);

    g_assert_cmpint(r, ==, 0);
    pp_manager_call_put_timeout(&call, 0);
    r = pp_manager_call_wait(&call);
    r = pp_manager_call_end_item(&call, r, &item);
    pp_item_finish(&item);
    return r;
}

static int get_unconfirmed_and_stay(void *memory)
{
    struct queueing *shared = memory;
    struct pp_manager_queue queue;

    join_queue(shared, &queue, 3);
    if (get_unconfirmed(&queue) != 0) {
        return 1;
    }
    atomic_fetch_add(&shared->meeting.said, 1);
    pause();
    return 0;
}

/* Two die with the first and the second; both come again before the third, and in their order,
 * whoever dies first. Until then they take room, and nobody is told that all is over. */
static void let_two_die(bool first_before)
{
    struct fixture fixture;
    struct pp_manager_queue queue;
    struct pp_slot slot;
    struct queueing *shared;
    size_t size = 0;
    pid_t pids[2];

    begin(&fixture);
    open_queue(&fixture, 3, &queue);
    for (int i = 1; i <= 3; i++) {
        g_assert_cmpint(put_int(&queue, i, 0), ==, 0);
    }
    shared = meet_at(fixture.server.address.path, &slot, sizeof(*shared));
    pids[0] = start_and_hear(shared, get_unconfirmed_and_stay);
    pids[1] = start_and_hear(shared, get_unconfirmed_and_stay);
    g_assert_cmpint(put_int(&queue, 4, 0), ==, -ETIMEDOUT);
    g_assert_cmpint(pp_manager_queue_close(&queue), ==, 0);
    kill_child(pids[first_before ? 0 : 1]);
    WAIT_UNTIL(pp_manager_queue_qsize(&queue, &size) == 0 && size == 2);
    kill_child(pids[first_before ? 1 : 0]);
    WAIT_UNTIL(pp_manager_queue_qsize(&queue, &size) == 0 && size == 3);
    for (int i = 1; i <= 3; i++) {
        g_assert_cmpint(get_int(&queue, PATIENCE_MS), ==, i);
    }
    g_assert_cmpint(get_int(&queue, PATIENCE_MS), ==, -EPIPE);
    pp_slot_finish(&slot);
    end(&fixture);
}

static void test_what_was_not_confirmed_goes_back_to_its_place(void)
{
    let_two_die(true);
    let_two_die(false);
}

/* Gone with the queue, then. */
static void test_a_queue_may_be_removed_while_one_has_not_confirmed(void)
{
    struct fixture fixture;
    struct pp_manager_queue queue;

    begin(&fixture);
    open_queue(&fixture, 0, &queue);
    g_assert_cmpint(put_int(&queue, 1, 0), ==, 0);
    g_assert_cmpint(get_unconfirmed(&queue), ==, 0);
    g_assert_cmpint(pp_manager_remove(fixture.manager, "queue"), ==, 0);
    end(&fixture);
    begin(&fixture);
    open_queue(&fixture, 0, &queue);
    g_assert_cmpint(put_int(&queue, 1, 0), ==, 0);
    g_assert_cmpint(get_unconfirmed(&queue), ==, 0);
    end(&fixture);
}

/* Such as one whose memory did not suffice for it. */
static void test_who_asks_again_without_confirming_gets_it_again(void)
{
    struct fixture fixture;
    struct pp_manager_queue queue;

    begin(&fixture);
    open_queue(&fixture, 0, &queue);
    g_assert_cmpint(put_int(&queue, 1, 0), ==, 0);
    g_assert_cmpint(put_int(&queue, 2, 0), ==, 0);
    g_assert_cmpint(get_unconfirmed(&queue), ==, 0);
    g_assert_cmpint(get_int(&queue, 0), ==, 1);
    g_assert_cmpint(get_int(&queue, 0), ==, 2);
    end(&fixture);
}

static int read_for_ever(void *memory)
{
    struct queueing *shared = memory;
    struct pp_manager_queue queue;

    join_queue(shared, &queue, 5);
    for (;;) {
        int64_t number = get_int(&queue, PATIENCE_MS);

        if (number < 0) {
            return 1;
        }
        atomic_fetch_add(&shared->times[number], 1);
        atomic_fetch_add(&shared->meeting.said, 1);
    }
}

static int write_until_told(void *memory)
{
    struct queueing *shared = memory;
    struct pp_manager_queue queue;
    struct pp_manager *manager = join_queue(shared, &queue, 5);
    int r = 0;

    for (int64_t i = 0; i < NUMBERS && r == 0 && atomic_load(&shared->meeting.stop) == 0; i++) {
        r = put_int(&queue, i, PATIENCE_MS);
    }
    r = r != 0 ? r : pp_manager_queue_close(&queue);
    pp_manager_destroy(manager);
    return r == 0 ? 0 : 1;
}

/* Readers are killed wherever they are. What one had confirmed but not counted is lost with it: at
 * most one for each death; and none comes twice. */
static void test_a_storm_of_deaths_doubles_nothing(void)
{
    enum { DEATHS = 30 };
    struct fixture fixture;
    struct pp_manager_queue queue;
    struct pp_slot slot;
    struct queueing *shared;
    pid_t writer;
    int64_t number;
    int64_t last = 0;
    int missing = 0;

    begin(&fixture);
    open_queue(&fixture, 5, &queue);
    shared = meet_at(fixture.server.address.path, &slot, sizeof(*shared));
    writer = start_child(write_until_told, shared);
    for (int i = 0; i < DEATHS; i++) {
        pid_t reader = start_child(read_for_ever, shared);
        uint32_t seen = atomic_load(&shared->meeting.said);

        WAIT_UNTIL(atomic_load(&shared->meeting.said) - seen >
                   (uint32_t)g_test_rand_int_range(0, 20));
        kill_child(reader);
    }
    atomic_store(&shared->meeting.stop, 1);
    while ((number = get_int(&queue, PATIENCE_MS)) >= 0) {
        atomic_fetch_add(&shared->times[number], 1);
        last = number;
    }
    g_assert_cmpint(number, ==, -EPIPE);
    g_assert_cmpint(join_child(writer), ==, 0);
    for (int64_t i = 0; i < NUMBERS; i++) {
        g_assert_cmpuint(atomic_load(&shared->times[i]), <=, 1);
        missing += i < last && atomic_load(&shared->times[i]) == 0;
    }
    g_assert_cmpint(missing, <=, DEATHS);
    pp_slot_finish(&slot);
    end(&fixture);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manager-queue/one-who-dies-waiting-takes-nothing",
                    test_one_who_dies_waiting_takes_nothing);
    g_test_add_func("/manager-queue/what-was-not-confirmed-goes-back-to-its-place",
                    test_what_was_not_confirmed_goes_back_to_its_place);
    g_test_add_func("/manager-queue/one-may-be-removed-while-one-has-not-confirmed",
                    test_a_queue_may_be_removed_while_one_has_not_confirmed);
    g_test_add_func("/manager-queue/who-asks-again-without-confirming-gets-it-again",
                    test_who_asks_again_without_confirming_gets_it_again);
    g_test_add_func("/manager-queue/a-storm-of-deaths-doubles-nothing",
                    test_a_storm_of_deaths_doubles_nothing);
    return g_test_run();
}
