/* SPDX-License-Identifier: MIT */
/*
 * A client dies at each single step of a request (core/point.h), so that nothing depends on where a
 * random death happens to meet it.
 */
#include "core/manager_joinable_queue.h"
#include "core/manager_lock.h"
#include "core/manager_semaphore.h"
#include "core/point.h"
#include "tests/queueing.h"

static const char *const points[] = {"manager.request", "manager.requested", "manager.answered",
                                     "manager.confirmed"};

enum { REQUEST, REQUESTED, ANSWERED, CONFIRMED };

static const char *deadly; /* in the child: the point it dies at */

static void die_at_point(const char *name)
{
    if (deadly != NULL && strcmp(name, deadly) == 0) {
        raise(SIGKILL);
    }
}

struct case_of {
    struct meeting meeting;
    const char *point; /* the child is forked, so it is the same there */
    child_fn step;     /* what it does; it begins when all else is ready */
};

static int run_to_point(void *memory)
{
    struct case_of *of = memory;

    pp_point_hook = die_at_point;
    return of->step(of);
}

/* Let a client do @step and die at @point. */
static void die(struct fixture *fixture, struct pp_slot *slot, const char *point, child_fn step)
{
    struct case_of *of = meet_at(fixture->server.address.path, slot, sizeof(*of));

    of->point = point;
    of->step = step;
    g_assert_cmpint(join_child(start_child(run_to_point, of)), ==, -1);
}

static int take_first(void *memory)
{
    struct case_of *of = memory;
    struct pp_manager_queue queue;
    struct pp_item item;

    g_assert_cmpint(pp_manager_queue(connect_at(of->meeting.path), "queue", 0, &queue), ==, 0);
    deadly = of->point;
    return pp_manager_queue_get(&queue, &item, 0);
}

/* It is there for another one until the dead has said that he has it. */
static void test_an_item_is_taken_when_that_is_confirmed(void)
{
    for (int point = REQUEST; point <= CONFIRMED; point++) {
        struct fixture fixture;
        struct pp_manager_queue queue;
        struct pp_slot slot;
        size_t left = point == CONFIRMED ? 2 : 3;
        size_t size = 0;

        begin(&fixture);
        open_queue(&fixture, 0, &queue);
        for (int i = 1; i <= 3; i++) {
            g_assert_cmpint(put_int(&queue, i, 0), ==, 0);
        }
        die(&fixture, &slot, points[point], take_first);
        WAIT_UNTIL(pp_manager_queue_qsize(&queue, &size) == 0 && size == left);
        for (int64_t i = 4 - (int64_t)left; i <= 3; i++) {
            g_assert_cmpint(get_int(&queue, PATIENCE_MS), ==, i);
        }
        g_assert_cmpint(get_int(&queue, 0), ==, -ETIMEDOUT);
        pp_slot_finish(&slot);
        end(&fixture);
    }
}

static int take_first_job(void *memory)
{
    struct case_of *of = memory;
    struct pp_manager_joinable_queue queue;
    struct pp_item item;
    uint64_t ticket;

    g_assert_cmpint(pp_manager_joinable_queue(connect_at(of->meeting.path), "jobs", 0, &queue), ==,
                    0);
    deadly = of->point;
    return pp_manager_joinable_queue_get(&queue, &item, &ticket, 0);
}

/* Confirmed or not: it is not done. */
static void test_a_job_comes_again_from_wherever_its_worker_dies(void)
{
    for (int point = REQUEST; point <= CONFIRMED; point++) {
        struct fixture fixture;
        struct pp_manager_joinable_queue queue;
        struct pp_slot slot;
        struct pp_item item = pp_item_int(1);
        uint64_t ticket = 0;

        begin(&fixture);
        g_assert_cmpint(pp_manager_joinable_queue(fixture.manager, "jobs", 0, &queue), ==, 0);
        g_assert_cmpint(pp_manager_joinable_queue_put(&queue, &item, 0), ==, 0);
        die(&fixture, &slot, points[point], take_first_job);
        g_assert_cmpint(pp_manager_joinable_queue_get(&queue, &item, &ticket, PATIENCE_MS), ==, 0);
        g_assert_cmpint(item.integer, ==, 1);
        g_assert_cmpint(pp_manager_joinable_queue_join(&queue, 0), ==, -ETIMEDOUT);
        g_assert_cmpint(pp_manager_joinable_queue_task_done(&queue, ticket), ==, 0);
        g_assert_cmpint(pp_manager_joinable_queue_join(&queue, 0), ==, 0);
        pp_slot_finish(&slot);
        end(&fixture);
    }
}

static int take_lock(void *memory)
{
    struct case_of *of = memory;
    struct pp_manager *manager = connect_at(of->meeting.path);
    struct pp_manager_semaphore semaphore;
    struct pp_manager_lock lock;

    g_assert_cmpint(pp_manager_lock(manager, "lock", &lock), ==, 0);
    g_assert_cmpint(pp_manager_semaphore(manager, "semaphore", 1, &semaphore), ==, 0);
    g_assert_cmpint(pp_manager_semaphore_acquire(&semaphore, 0), ==, 0);
    deadly = of->point;
    return pp_manager_lock_acquire(&lock, 0);
}

/* What was only asked for may come before the next one asks, or after. */
static void test_a_lock_tells_of_a_death_once_it_was_acquired(void)
{
    for (int point = REQUEST; point <= ANSWERED; point++) {
        struct fixture fixture;
        struct pp_manager_semaphore semaphore;
        struct pp_manager_lock lock;
        struct pp_slot slot;
        int r;

        begin(&fixture);
        g_assert_cmpint(pp_manager_lock(fixture.manager, "lock", &lock), ==, 0);
        g_assert_cmpint(pp_manager_semaphore(fixture.manager, "semaphore", 1, &semaphore), ==, 0);
        die(&fixture, &slot, points[point], take_lock);
        r = pp_manager_lock_acquire(&lock, PATIENCE_MS);
        g_assert_cmpint(r, >=, point == ANSWERED ? PP_LOCK_OWNER_DIED : 0);
        g_assert_cmpint(r, <=, point == REQUEST ? 0 : PP_LOCK_OWNER_DIED);
        g_assert_cmpint(pp_manager_semaphore_acquire(&semaphore, PATIENCE_MS), ==, 0);
        pp_slot_finish(&slot);
        end(&fixture);
    }
}

static int add_one(void *memory)
{
    struct case_of *of = memory;
    struct pp_manager_dict dict;

    g_assert_cmpint(pp_manager_dict(connect_at(of->meeting.path), "dict", &dict), ==, 0);
    deadly = of->point;
    return pp_manager_dict_add(&dict, "n", 1, NULL);
}

/* Asked for is done, whether or not anybody heard of it. */
static void test_what_the_dead_has_asked_for_is_done(void)
{
    for (int point = REQUEST; point <= ANSWERED; point++) {
        struct fixture fixture;
        struct pp_manager_dict dict;
        struct pp_slot slot;
        int64_t n = -1;

        begin(&fixture);
        g_assert_cmpint(pp_manager_dict(fixture.manager, "dict", &dict), ==, 0);
        die(&fixture, &slot, points[point], add_one);
        WAIT_UNTIL(pp_manager_dict_add(&dict, "n", 0, &n) == 0 && n == (point == REQUEST ? 0 : 1));
        pp_slot_finish(&slot);
        end(&fixture);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manager-points/an-item-is-taken-when-that-is-confirmed",
                    test_an_item_is_taken_when_that_is_confirmed);
    g_test_add_func("/manager-points/a-job-comes-again-from-wherever-its-worker-dies",
                    test_a_job_comes_again_from_wherever_its_worker_dies);
    g_test_add_func("/manager-points/a-lock-tells-of-a-death-once-it-was-acquired",
                    test_a_lock_tells_of_a_death_once_it_was_acquired);
    g_test_add_func("/manager-points/what-the-dead-has-asked-for-is-done",
                    test_what_the_dead_has_asked_for_is_done);
    return g_test_run();
}
