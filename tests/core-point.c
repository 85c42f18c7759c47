/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <glib.h>
#include <stdlib.h>

#include "core/point.h"
#include "core/pool.h"
#include "tests/processes.h"

static const char *last_name;
static unsigned passed;

static void note(const char *name)
{
    last_name = name;
    passed++;
}

static void test_a_point_is_nothing_while_nobody_looks(void)
{
    g_assert_null(pp_point_hook);
    pp_point("test.here");
    g_assert_cmpuint(passed, ==, 0);
}

static void test_a_hook_is_told_every_point(void)
{
    passed = 0;
    pp_point_hook = note;
    pp_point("test.first");
    pp_point("test.second");
    pp_point_hook = NULL;
    g_assert_cmpuint(passed, ==, 2);
    g_assert_cmpstr(last_name, ==, "test.second");
}

static void test_a_stall_is_a_seed_and_a_length(void)
{
    struct pp_point_stall stall;

    g_assert_cmpint(pp_point_parse_stall("42", &stall), ==, 0);
    g_assert_cmpuint(stall.seed, ==, 42);
    g_assert_cmpuint(stall.most_us, ==, 1000);
    g_assert_cmpint(pp_point_parse_stall("18446744073709551615:25", &stall), ==, 0);
    g_assert_cmpuint(stall.seed, ==, G_MAXUINT64);
    g_assert_cmpuint(stall.most_us, ==, 25);
    g_assert_cmpint(pp_point_parse_stall("0:0", &stall), ==, 0);
    g_assert_cmpuint(stall.most_us, ==, 0);
}

static void test_anything_else_is_refused_and_changes_nothing(void)
{
    static const char *const bad[] = {"",     ":",     "x",    "1:",    ":5", "1:2:3",
                                      "-1",   " 1",    "1:-5", "1.5",   "1 ", "1:+5",
                                      "0x10", "1:5us", "1,20", "seed:3"};
    struct pp_point_stall stall = {.seed = 7, .most_us = 8};

    for (size_t i = 0; i < PP_ARRAY_LENGTH(bad); i++) {
        g_assert_cmpint(pp_point_parse_stall(bad[i], &stall), ==, -EINVAL);
    }
    g_assert_cmpint(pp_point_parse_stall("1:10000001", &stall), ==, -ERANGE);
    g_assert_cmpint(pp_point_parse_stall("18446744073709551616", &stall), ==, -ERANGE);
    g_assert_cmpuint(stall.seed, ==, 7);
    g_assert_cmpuint(stall.most_us, ==, 8);
}

/* Half sleep and half do not, the longest is reached and never passed: within wide bounds. */
static void test_sleeps_are_spread_up_to_the_longest(void)
{
    static const struct pp_point_stall stall = {.seed = 1, .most_us = 10};
    unsigned counts[11] = {0};

    for (uint64_t step = 0; step < 20000; step++) {
        uint64_t us = pp_point_pause_us(&stall, PP_POINT_HOST, step);

        g_assert_cmpuint(us, <=, 10);
        counts[us]++;
    }
    g_assert_cmpuint(counts[0], >, 20000 * 45 / 100);
    g_assert_cmpuint(counts[0], <, 20000 * 65 / 100);
    for (size_t i = 1; i < PP_ARRAY_LENGTH(counts); i++) {
        g_assert_cmpuint(counts[i], >, 500);
    }
}

/* How many of the first 100 sleeps two processes have in common. */
static unsigned count_equal(uint64_t seed_a, uint64_t number_a, uint64_t seed_b, uint64_t number_b)
{
    const struct pp_point_stall a = {.seed = seed_a, .most_us = 1000000};
    const struct pp_point_stall b = {.seed = seed_b, .most_us = 1000000};
    unsigned equal = 0;

    for (uint64_t step = 0; step < 100; step++) {
        equal += pp_point_pause_us(&a, number_a, step) == pp_point_pause_us(&b, number_b, step);
    }
    return equal;
}

/* Where both do not sleep they are equal by chance: a quarter, of which 50 of 100 is far off. */
static void test_processes_and_seeds_do_not_sleep_in_step(void)
{
    g_assert_cmpuint(count_equal(5, PP_POINT_HOST, 5, PP_POINT_HOST), ==, 100);
    g_assert_cmpuint(count_equal(5, PP_POINT_HOST, 5, PP_POINT_ZYGOTE), <, 50);
    g_assert_cmpuint(count_equal(5, PP_POINT_WORKER(1), 5, PP_POINT_WORKER(2)), <, 50);
    g_assert_cmpuint(count_equal(5, PP_POINT_HOST, 6, PP_POINT_HOST), <, 50);
    g_assert_cmpuint(count_equal(5, PP_POINT_ZYGOTE, 6, PP_POINT_HOST), <, 50);
}

/* Children, since following the environment is for the rest of a process's life. */
static int follow_and_sleep(void *shared)
{
    gint64 before = g_get_monotonic_time();
    struct pp_point_stall stall;
    uint64_t expected = 0;

    (void)shared;
    setenv("PIXPOOL_STALL", "9:20000", 1);
    pp_point_follow_environment();
    if (pp_point_hook == NULL || pp_point_parse_stall("9:20000", &stall) != 0) {
        return 1;
    }
    pp_point_be_process(PP_POINT_WORKER(3));
    for (uint64_t step = 0; step < 10; step++) {
        errno = 1234;
        pp_point("test.sleep");
        if (errno != 1234) {
            return 2;
        }
        expected += pp_point_pause_us(&stall, PP_POINT_WORKER(3), step);
    }
    return g_get_monotonic_time() - before >= (gint64)expected ? 0 : 3;
}

/* That it sleeps no longer than said is not asserted: a busy machine may wake it late. */
static void test_the_environment_makes_points_sleep(void)
{
    g_assert_cmpint(join_child(start_child(follow_and_sleep, NULL)), ==, 0);
}

static int follow_with_a_hook(void *shared)
{
    (void)shared;
    setenv("PIXPOOL_STALL", "9", 1);
    pp_point_hook = note;
    pp_point_follow_environment();
    return pp_point_hook == note ? 0 : 1;
}

static int follow_nonsense(void *shared)
{
    (void)shared;
    setenv("PIXPOOL_STALL", "soon", 1);
    pp_point_follow_environment();
    return pp_point_hook == NULL ? 0 : 1;
}

static void test_a_hook_goes_before_the_environment(void)
{
    g_assert_cmpint(join_child(start_child(follow_with_a_hook, NULL)), ==, 0);
}

static void test_nonsense_in_the_environment_changes_nothing(void)
{
    g_assert_cmpint(join_child(start_child(follow_nonsense, NULL)), ==, 0);
}

static gpointer pass_many(gpointer unused)
{
    pp_point_follow_environment();
    for (int i = 0; i < 2000; i++) {
        pp_point("test.thread");
    }
    return unused;
}

static int follow_in_threads(void *shared)
{
    GThread *threads[4];

    (void)shared;
    setenv("PIXPOOL_STALL", "3:2", 1);
    for (size_t i = 0; i < PP_ARRAY_LENGTH(threads); i++) {
        threads[i] = g_thread_new("points", pass_many, NULL);
    }
    for (size_t i = 0; i < PP_ARRAY_LENGTH(threads); i++) {
        g_thread_join(threads[i]);
    }
    return 0;
}

/* For ThreadSanitizer, whose report is an exit code. */
static void test_threads_may_begin_to_follow_at_once(void)
{
    g_assert_cmpint(join_child(start_child(follow_in_threads, NULL)), ==, 0);
}

static int triple(struct pp_call *call)
{
    int64_t n;

    if (pp_call_arguments(call, &n, sizeof(n)) != 0) {
        return -EINVAL;
    }
    n *= 3;
    return pp_call_reply(call, &n, sizeof(n));
}

static const struct pp_task_function functions[] = {{"triple", triple}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions};

static int run_a_stalled_pool(void *shared)
{
    struct pp_pool_options options = {.processes = 2};
    struct pp_pool *pool;

    (void)shared;
    setenv("PIXPOOL_STALL", "11:500", 1);
    if (pp_pool_create(&pool, &program, &options, NULL) != 0 || pp_point_hook == NULL) {
        return 1;
    }
    for (int64_t i = 0; i < 50; i++) {
        struct pp_task task = {
            .function = "triple", .arguments = &i, .arguments_length = sizeof(i)};
        struct pp_future *future;

        if (pp_pool_submit(pool, &task, &future) != 0) {
            return 2;
        }
    }
    for (int i = 0; i < 50; i++) {
        struct pp_future *future;

        if (pp_pool_next(pool, -1, &future) != 0 || pp_future_result(future)->outcome != PP_DONE) {
            return 3;
        }
        pp_future_destroy(future);
    }
    pp_pool_destroy(pool);
    return 0;
}

static void test_a_stalled_pool_does_its_work(void)
{
    g_assert_cmpint(join_child(start_child(run_a_stalled_pool, NULL)), ==, 0);
}

int main(int argc, char **argv)
{
    pp_program_enter(&program, argc, argv);
    g_unsetenv("PIXPOOL_STALL"); /* these tests set it themselves */
    pp_point_hook = NULL;
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/point/a-point-is-nothing-while-nobody-looks",
                    test_a_point_is_nothing_while_nobody_looks);
    g_test_add_func("/point/a-hook-is-told-every-point", test_a_hook_is_told_every_point);
    g_test_add_func("/point/a-stall-is-a-seed-and-a-length", test_a_stall_is_a_seed_and_a_length);
    g_test_add_func("/point/anything-else-is-refused-and-changes-nothing",
                    test_anything_else_is_refused_and_changes_nothing);
    g_test_add_func("/point/sleeps-are-spread-up-to-the-longest",
                    test_sleeps_are_spread_up_to_the_longest);
    g_test_add_func("/point/processes-and-seeds-do-not-sleep-in-step",
                    test_processes_and_seeds_do_not_sleep_in_step);
    g_test_add_func("/point/the-environment-makes-points-sleep",
                    test_the_environment_makes_points_sleep);
    g_test_add_func("/point/a-hook-goes-before-the-environment",
                    test_a_hook_goes_before_the_environment);
    g_test_add_func("/point/nonsense-in-the-environment-changes-nothing",
                    test_nonsense_in_the_environment_changes_nothing);
    g_test_add_func("/point/threads-may-begin-to-follow-at-once",
                    test_threads_may_begin_to_follow_at_once);
    if (g_getenv("PIXPOOL_TEST_THREADS_ONLY") == NULL) {
        g_test_add_func("/point/a-stalled-pool-does-its-work", test_a_stalled_pool_does_its_work);
    }
    return g_test_run();
}
