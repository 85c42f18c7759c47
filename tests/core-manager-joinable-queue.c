/* SPDX-License-Identifier: MIT */
#include "core/manager_joinable_queue.h"
#include "tests/managing.h"

enum { DEATHS = 30, EACH = 40, JOBS = DEATHS * EACH, WORKERS = 3 };

static void open_queue(struct fixture *fixture, struct pp_manager_joinable_queue *queue)
{
    g_assert_cmpint(pp_manager_joinable_queue(fixture->manager, "jobs", 0, queue), ==, 0);
}

static void put_int(struct pp_manager_joinable_queue *queue, int64_t number)
{
    struct pp_item item = pp_item_int(number);

    g_assert_cmpint(pp_manager_joinable_queue_put(queue, &item, 0), ==, 0);
}

/* The number that comes; or an error, which no number here is. */
static int64_t get_int(struct pp_manager_joinable_queue *queue, uint64_t *ticket, int timeout_ms)
{
    struct pp_item item;
    int r = pp_manager_joinable_queue_get(queue, &item, ticket, timeout_ms);
    int64_t number = r;

    if (r == 0 && pp_item_get_int(&item, &number) != 0) {
        number = INT64_MIN;
    }
    pp_item_finish(&item);
    return number;
}

static void test_all_is_done_when_each_is(void)
{
    struct fixture fixture;
    struct pp_manager_joinable_queue queue;
    uint64_t first = 0;
    uint64_t second = 0;

    begin(&fixture);
    open_queue(&fixture, &queue);
    g_assert_cmpint(pp_manager_joinable_queue_join(&queue, 0), ==, 0);
    put_int(&queue, 1);
    put_int(&queue, 2);
    g_assert_cmpint(pp_manager_joinable_queue_join(&queue, 0), ==, -ETIMEDOUT);
    g_assert_cmpint(get_int(&queue, &first, 0), ==, 1);
    g_assert_cmpint(get_int(&queue, &second, 0), ==, 2);
    g_assert_cmpuint(first, !=, second);
    g_assert_cmpint(pp_manager_joinable_queue_empty(&queue), ==, 1);
    g_assert_cmpint(pp_manager_joinable_queue_join(&queue, 20), ==, -ETIMEDOUT);
    g_assert_cmpint(pp_manager_joinable_queue_task_done(&queue, second), ==, 0);
    g_assert_cmpint(pp_manager_joinable_queue_task_done(&queue, second), ==, -EINVAL);
    g_assert_cmpint(pp_manager_joinable_queue_join(&queue, 0), ==, -ETIMEDOUT);
    g_assert_cmpint(pp_manager_joinable_queue_task_done(&queue, first), ==, 0);
    g_assert_cmpint(pp_manager_joinable_queue_join(&queue, 0), ==, 0);
    end(&fixture);
}

static void test_what_is_not_done_takes_room(void)
{
    struct fixture fixture;
    struct pp_manager_joinable_queue queue;
    struct pp_item item = pp_item_int(1);
    uint64_t ticket = 0;

    begin(&fixture);
    g_assert_cmpint(pp_manager_joinable_queue(fixture.manager, "small", 1, &queue), ==, 0);
    g_assert_cmpint(pp_manager_joinable_queue_put(&queue, &item, 0), ==, 0);
    g_assert_cmpint(get_int(&queue, &ticket, 0), ==, 1);
    g_assert_cmpint(pp_manager_joinable_queue_full(&queue), ==, 1);
    g_assert_cmpint(pp_manager_joinable_queue_put(&queue, &item, 0), ==, -ETIMEDOUT);
    g_assert_cmpint(pp_manager_joinable_queue_task_done(&queue, ticket), ==, 0);
    g_assert_cmpint(pp_manager_joinable_queue_put(&queue, &item, 0), ==, 0);
    end(&fixture);
}

static void test_none_is_done_at_once(void)
{
    struct fixture fixture;
    struct pp_manager_joinable_queue queue;
    struct pp_item item = pp_item_none();
    uint64_t ticket = 5;

    begin(&fixture);
    open_queue(&fixture, &queue);
    g_assert_cmpint(pp_manager_joinable_queue_put(&queue, &item, 0), ==, 0);
    g_assert_cmpint(pp_manager_joinable_queue_get(&queue, &item, &ticket, 0), ==, 0);
    g_assert_cmpint(item.kind, ==, PP_ITEM_NONE);
    g_assert_cmpuint(ticket, ==, 0);
    g_assert_cmpint(pp_manager_joinable_queue_join(&queue, 0), ==, 0);
    g_assert_cmpint(pp_manager_joinable_queue_task_done(&queue, ticket), ==, 0);
    end(&fixture);
}

static void test_another_client_may_say_that_it_is_done(void)
{
    struct fixture fixture;
    struct pp_manager_joinable_queue queue;
    struct pp_manager_joinable_queue of_other;
    struct pp_manager *other;
    uint64_t ticket = 0;

    begin(&fixture);
    open_queue(&fixture, &queue);
    other = connect_to(&fixture.server);
    g_assert_cmpint(pp_manager_joinable_queue(other, "jobs", 0, &of_other), ==, 0);
    put_int(&queue, 1);
    g_assert_cmpint(get_int(&queue, &ticket, 0), ==, 1);
    g_assert_cmpint(pp_manager_joinable_queue_task_done(&of_other, ticket + 1), ==, -EINVAL);
    g_assert_cmpint(pp_manager_joinable_queue_task_done(&of_other, ticket), ==, 0);
    g_assert_cmpint(pp_manager_joinable_queue_join(&queue, 0), ==, 0);
    pp_manager_destroy(other);
    end(&fixture);
}

/* It had two, the second done; the first comes again before the third, with another ticket. */
static void test_what_the_dead_have_not_done_comes_again(void)
{
    struct fixture fixture;
    struct pp_manager_joinable_queue queue;
    struct pp_manager_joinable_queue of_other;
    struct pp_manager *other;
    uint64_t first = 0;
    uint64_t second = 0;
    uint64_t again = 0;
    size_t size = 0;

    begin(&fixture);
    open_queue(&fixture, &queue);
    other = connect_to(&fixture.server);
    g_assert_cmpint(pp_manager_joinable_queue(other, "jobs", 0, &of_other), ==, 0);
    for (int i = 1; i <= 3; i++) {
        put_int(&queue, i);
    }
    g_assert_cmpint(get_int(&of_other, &first, 0), ==, 1);
    g_assert_cmpint(get_int(&of_other, &second, 0), ==, 2);
    g_assert_cmpint(pp_manager_joinable_queue_task_done(&of_other, second), ==, 0);
    pp_manager_destroy(other);
    WAIT_UNTIL(pp_manager_joinable_queue_qsize(&queue, &size) == 0 && size == 2);
    g_assert_cmpint(get_int(&queue, &again, 0), ==, 1);
    g_assert_cmpuint(again, !=, first);
    g_assert_cmpint(pp_manager_joinable_queue_task_done(&queue, first), ==, -EINVAL);
    g_assert_cmpint(pp_manager_joinable_queue_task_done(&queue, again), ==, 0);
    g_assert_cmpint(get_int(&queue, &again, 0), ==, 3);
    end(&fixture);
}

/* Else two of them would wait for each other. */
static void test_who_has_something_undone_is_told_that_it_is_over(void)
{
    struct fixture fixture;
    struct pp_manager_joinable_queue queue;
    struct pp_manager_joinable_queue of_other;
    struct pp_manager *other;
    uint64_t ticket = 0;

    begin(&fixture);
    open_queue(&fixture, &queue);
    other = connect_to(&fixture.server);
    g_assert_cmpint(pp_manager_joinable_queue(other, "jobs", 0, &of_other), ==, 0);
    put_int(&queue, 1);
    g_assert_cmpint(get_int(&queue, &ticket, 0), ==, 1);
    g_assert_cmpint(pp_manager_joinable_queue_close(&queue), ==, 0);
    g_assert_cmpint(get_int(&queue, &ticket, -1), ==, -EPIPE);
    g_assert_cmpint(get_int(&of_other, &ticket, 20), ==, -ETIMEDOUT);
    g_assert_cmpint(pp_manager_joinable_queue_task_done(&queue, ticket), ==, 0);
    g_assert_cmpint(get_int(&of_other, &ticket, -1), ==, -EPIPE);
    pp_manager_destroy(other);
    end(&fixture);
}

struct shared {
    char path[PP_MANAGER_ADDRESS_MAX + 1];
    _Atomic uint32_t done[JOBS]; /* how often it was worked on to the end */
    _Atomic uint32_t begun;
};

static int work(void *memory)
{
    struct shared *shared = memory;
    struct pp_manager *manager = connect_at(shared->path);
    struct pp_manager_joinable_queue queue;
    int r = pp_manager_joinable_queue(manager, "jobs", 0, &queue);

    while (r == 0) {
        uint64_t ticket = 0;
        int64_t job = get_int(&queue, &ticket, PATIENCE_MS);

        if (job < 0) {
            pp_manager_destroy(manager);
            return job == -EPIPE ? 0 : 1;
        }
        atomic_fetch_add(&shared->begun, 1);
        r = pp_manager_joinable_queue_task_done(&queue, ticket);
        atomic_fetch_add(&shared->done[job], 1);
    }
    return 1;
}

/* Workers are killed wherever they are: nothing is lost, whatever they were about. One that dies
 * after it has said that all is well cannot count it any more, so only what was begun is counted.
 */
static void test_a_storm_of_deaths_loses_no_job(void)
{
    struct fixture fixture;
    struct pp_manager_joinable_queue queue;
    struct pp_slot slot;
    struct shared *shared = share(&slot, sizeof(*shared));
    pid_t workers[WORKERS];
    int missing = 0;

    begin(&fixture);
    open_queue(&fixture, &queue);
    g_strlcpy(shared->path, fixture.server.address.path, sizeof(shared->path));
    for (int i = 0; i < DEATHS; i++) {
        uint32_t begun = atomic_load(&shared->begun);
        pid_t pid = start_child(work, shared);

        for (int job = 0; job < EACH; job++) {
            put_int(&queue, i * EACH + job);
        }
        WAIT_UNTIL(atomic_load(&shared->begun) - begun > (uint32_t)g_test_rand_int_range(0, 10));
        kill_child(pid);
    }
    g_assert_cmpint(pp_manager_joinable_queue_close(&queue), ==, 0);
    for (int i = 0; i < WORKERS; i++) {
        workers[i] = start_child(work, shared);
    }
    g_assert_cmpint(pp_manager_joinable_queue_join(&queue, PATIENCE_MS), ==, 0);
    for (int i = 0; i < WORKERS; i++) {
        g_assert_cmpint(join_child(workers[i]), ==, 0);
    }
    for (int i = 0; i < JOBS; i++) {
        g_assert_cmpuint(atomic_load(&shared->done[i]), <=, 1);
        missing += atomic_load(&shared->done[i]) == 0;
    }
    g_assert_cmpint(missing, <=, DEATHS);
    g_assert_cmpuint(atomic_load(&shared->begun), >=, JOBS);
    pp_slot_finish(&slot);
    end(&fixture);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manager-joinable-queue/all-is-done-when-each-is",
                    test_all_is_done_when_each_is);
    g_test_add_func("/manager-joinable-queue/what-is-not-done-takes-room",
                    test_what_is_not_done_takes_room);
    g_test_add_func("/manager-joinable-queue/none-is-done-at-once", test_none_is_done_at_once);
    g_test_add_func("/manager-joinable-queue/another-client-may-say-that-it-is-done",
                    test_another_client_may_say_that_it_is_done);
    g_test_add_func("/manager-joinable-queue/what-the-dead-have-not-done-comes-again",
                    test_what_the_dead_have_not_done_comes_again);
    g_test_add_func("/manager-joinable-queue/who-has-something-undone-is-told-that-it-is-over",
                    test_who_has_something_undone_is_told_that_it_is_over);
    g_test_add_func("/manager-joinable-queue/a-storm-of-deaths-loses-no-job",
                    test_a_storm_of_deaths_loses_no_job);
    return g_test_run();
}
