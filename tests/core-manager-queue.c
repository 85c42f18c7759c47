/* SPDX-License-Identifier: MIT */
#include "tests/queueing.h"

enum { WRITERS = 3, READERS = 3, EACH = 2000 };

static void test_first_in_is_first_out(void)
{
    struct fixture fixture;
    struct pp_manager_queue queue;
    size_t size = 0;

    begin(&fixture);
    open_queue(&fixture, 0, &queue);
    g_assert_cmpint(pp_manager_queue_empty(&queue), ==, 1);
    for (int i = 1; i <= 100; i++) {
        g_assert_cmpint(put_int(&queue, i, 0), ==, 0);
    }
    g_assert_cmpint(pp_manager_queue_qsize(&queue, &size), ==, 0);
    g_assert_cmpuint(size, ==, 100);
    g_assert_cmpint(pp_manager_queue_empty(&queue), ==, 0);
    for (int i = 1; i <= 100; i++) {
        g_assert_cmpint(get_int(&queue, 0), ==, i);
    }
    g_assert_cmpint(get_int(&queue, 0), ==, -ETIMEDOUT);
    end(&fixture);
}

static void test_a_full_queue_takes_no_more(void)
{
    struct fixture fixture;
    struct pp_manager_queue queue;
    struct pp_manager_queue other;

    begin(&fixture);
    open_queue(&fixture, 2, &queue);
    g_assert_cmpint(pp_manager_queue(fixture.manager, "queue", 3, &other), ==, -EEXIST);
    g_assert_cmpint(put_int(&queue, 1, 0), ==, 0);
    g_assert_cmpint(pp_manager_queue_full(&queue), ==, 0);
    g_assert_cmpint(put_int(&queue, 2, 0), ==, 0);
    g_assert_cmpint(pp_manager_queue_full(&queue), ==, 1);
    g_assert_cmpint(put_int(&queue, 3, 0), ==, -ETIMEDOUT);
    g_assert_cmpint(put_int(&queue, 3, 20), ==, -ETIMEDOUT);
    g_assert_cmpint(get_int(&queue, 0), ==, 1);
    g_assert_cmpint(put_int(&queue, 3, 0), ==, 0);
    g_assert_cmpint(get_int(&queue, 0), ==, 2);
    g_assert_cmpint(get_int(&queue, 0), ==, 3);
    end(&fixture);
}

static void test_a_wait_ends_when_its_time_is_over(void)
{
    struct fixture fixture;
    struct pp_manager_queue queue;
    gint64 start = g_get_monotonic_time();

    begin(&fixture);
    open_queue(&fixture, 0, &queue);
    g_assert_cmpint(get_int(&queue, 50), ==, -ETIMEDOUT);
    g_assert_cmpint(g_get_monotonic_time() - start, >=, 50000);
    g_assert_cmpint(put_int(&queue, 1, 0), ==, 0);
    g_assert_cmpint(get_int(&queue, 50), ==, 1);
    end(&fixture);
}

static void test_none_is_an_item_like_others(void)
{
    struct fixture fixture;
    struct pp_manager_queue queue;
    struct pp_item item = pp_item_none();

    begin(&fixture);
    open_queue(&fixture, 0, &queue);
    g_assert_cmpint(pp_manager_queue_put(&queue, &item, 0), ==, 0);
    item.kind = PP_ITEM_INT;
    g_assert_cmpint(pp_manager_queue_get(&queue, &item, 0), ==, 0);
    g_assert_cmpint(item.kind, ==, PP_ITEM_NONE);
    end(&fixture);
}

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

static void test_who_waits_gets_what_comes(void)
{
    struct fixture fixture;
    struct pp_manager_queue queue;
    struct pp_slot slot;
    struct queueing *shared;
    pid_t pid;

    begin(&fixture);
    open_queue(&fixture, 1, &queue);
    shared = meet_at(fixture.server.address.path, &slot, sizeof(*shared));
    pid = start_and_hear(shared, wait_for_one);
    g_assert_cmpint(put_int(&queue, 42, 0), ==, 0);
    g_assert_cmpint(join_child(pid), ==, 0);
    g_assert_cmpint(atomic_load(&shared->meeting.outcome), ==, 42);
    pp_slot_finish(&slot);
    end(&fixture);
}

static int put_and_wait(void *memory)
{
    struct queueing *shared = memory;
    struct pp_manager_queue queue;
    struct pp_manager *manager = join_queue(shared, &queue, 1);
    int r;

    atomic_fetch_add(&shared->meeting.said, 1);
    r = put_int(&queue, 2, PATIENCE_MS);
    pp_manager_destroy(manager);
    return r == 0 ? 0 : -r;
}

static void test_who_waits_for_room_gets_it(void)
{
    struct fixture fixture;
    struct pp_manager_queue queue;
    struct pp_slot slot;
    struct queueing *shared;
    pid_t pid;

    begin(&fixture);
    open_queue(&fixture, 1, &queue);
    g_assert_cmpint(put_int(&queue, 1, 0), ==, 0);
    shared = meet_at(fixture.server.address.path, &slot, sizeof(*shared));
    kill_child(start_and_hear(shared, put_and_wait)); /* its item never comes */
    pid = start_and_hear(shared, put_and_wait);
    g_assert_cmpint(get_int(&queue, 0), ==, 1);
    g_assert_cmpint(join_child(pid), ==, 0);
    g_assert_cmpint(get_int(&queue, 0), ==, 2);
    g_assert_cmpint(get_int(&queue, 0), ==, -ETIMEDOUT);
    pp_slot_finish(&slot);
    end(&fixture);
}

static void test_a_closed_queue_is_emptied_and_over(void)
{
    struct fixture fixture;
    struct pp_manager_queue queue;
    struct pp_slot slot;
    struct queueing *shared;
    pid_t pid;

    begin(&fixture);
    open_queue(&fixture, 1, &queue);
    shared = meet_at(fixture.server.address.path, &slot, sizeof(*shared));
    g_assert_cmpint(put_int(&queue, 1, 0), ==, 0);
    pid = start_and_hear(shared, put_and_wait);
    g_assert_cmpint(pp_manager_queue_close(&queue), ==, 0);
    g_assert_cmpint(join_child(pid), ==, EPIPE);
    g_assert_cmpint(put_int(&queue, 2, -1), ==, -EPIPE);
    g_assert_cmpint(get_int(&queue, -1), ==, 1);
    g_assert_cmpint(get_int(&queue, -1), ==, -EPIPE);
    pp_slot_finish(&slot);
    end(&fixture);
}

static void test_closing_wakes_who_waits_in_vain(void)
{
    struct fixture fixture;
    struct pp_manager_queue queue;
    struct pp_slot slot;
    struct queueing *shared;
    pid_t pid;

    begin(&fixture);
    open_queue(&fixture, 1, &queue);
    shared = meet_at(fixture.server.address.path, &slot, sizeof(*shared));
    pid = start_and_hear(shared, wait_for_one);
    g_assert_cmpint(pp_manager_queue_close(&queue), ==, 0);
    g_assert_cmpint(join_child(pid), ==, 0);
    g_assert_cmpint(atomic_load(&shared->meeting.outcome), ==, -EPIPE);
    pp_slot_finish(&slot);
    end(&fixture);
}

static void test_removing_wakes_who_waits(void)
{
    struct fixture fixture;
    struct pp_manager_queue queue;
    struct pp_slot slot;
    struct queueing *shared;
    pid_t pid;

    begin(&fixture);
    open_queue(&fixture, 1, &queue);
    shared = meet_at(fixture.server.address.path, &slot, sizeof(*shared));
    pid = start_and_hear(shared, wait_for_one);
    g_assert_cmpint(pp_manager_remove(fixture.manager, "queue"), ==, 0);
    g_assert_cmpint(join_child(pid), ==, 0);
    g_assert_cmpint(atomic_load(&shared->meeting.outcome), ==, -ESTALE);
    g_assert_cmpint(put_int(&queue, 1, 0), ==, -ESTALE);
    pp_slot_finish(&slot);
    end(&fixture);
}

static int write_some(void *memory)
{
    struct queueing *shared = memory;
    struct pp_manager_queue queue;
    struct pp_manager *manager = join_queue(shared, &queue, 5);
    int64_t first = (int64_t)atomic_fetch_add(&shared->next_writer, 1) * EACH;

    for (int64_t i = 0; i < EACH; i++) {
        if (put_int(&queue, first + i, PATIENCE_MS) != 0) {
            return 1;
        }
    }
    pp_manager_destroy(manager);
    return 0;
}

/* Of each writer they come in order, to each reader. */
static int read_until_over(void *memory)
{
    struct queueing *shared = memory;
    struct pp_manager_queue queue;
    struct pp_manager *manager = join_queue(shared, &queue, 5);
    int64_t last[WRITERS] = {-1, -1, -1};
    int64_t number;

    while ((number = get_int(&queue, PATIENCE_MS)) >= 0) {
        if (number >= WRITERS * EACH || number <= last[number / EACH]) {
            return 1;
        }
        last[number / EACH] = number;
        atomic_fetch_add(&shared->times[number], 1);
    }
    pp_manager_destroy(manager);
    return number == -EPIPE ? 0 : 2;
}

static void test_each_item_goes_to_one_reader(void)
{
    struct fixture fixture;
    struct pp_manager_queue queue;
    struct pp_slot slot;
    struct queueing *shared;
    pid_t readers[READERS];
    pid_t writers[WRITERS];

    begin(&fixture);
    open_queue(&fixture, 5, &queue);
    shared = meet_at(fixture.server.address.path, &slot, sizeof(*shared));
    for (int i = 0; i < READERS; i++) {
        readers[i] = start_child(read_until_over, shared);
    }
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = start_child(write_some, shared);
    }
    for (int i = 0; i < WRITERS; i++) {
        g_assert_cmpint(join_child(writers[i]), ==, 0);
    }
    g_assert_cmpint(pp_manager_queue_close(&queue), ==, 0);
    for (int i = 0; i < READERS; i++) {
        g_assert_cmpint(join_child(readers[i]), ==, 0);
    }
    for (int i = 0; i < WRITERS * EACH; i++) {
        g_assert_cmpuint(atomic_load(&shared->times[i]), ==, 1);
    }
    pp_slot_finish(&slot);
    end(&fixture);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manager-queue/first-in-is-first-out", test_first_in_is_first_out);
    g_test_add_func("/manager-queue/a-full-one-takes-no-more", test_a_full_queue_takes_no_more);
    g_test_add_func("/manager-queue/a-wait-ends-when-its-time-is-over",
                    test_a_wait_ends_when_its_time_is_over);
    g_test_add_func("/manager-queue/none-is-an-item-like-others", test_none_is_an_item_like_others);
    g_test_add_func("/manager-queue/who-waits-gets-what-comes", test_who_waits_gets_what_comes);
    g_test_add_func("/manager-queue/who-waits-for-room-gets-it", test_who_waits_for_room_gets_it);
    g_test_add_func("/manager-queue/a-closed-one-is-emptied-and-over",
                    test_a_closed_queue_is_emptied_and_over);
    g_test_add_func("/manager-queue/closing-wakes-who-waits-in-vain",
                    test_closing_wakes_who_waits_in_vain);
    g_test_add_func("/manager-queue/removing-wakes-who-waits", test_removing_wakes_who_waits);
    g_test_add_func("/manager-queue/each-item-goes-to-one-reader",
                    test_each_item_goes_to_one_reader);
    return g_test_run();
}
