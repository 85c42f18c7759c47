/* SPDX-License-Identifier: MIT */
/*
 * Waiting for some of many futures: pp_wait() and pp_as_completed.
 */
#include "core/wait.h"
#include "tests/pools.h"

static int echo(struct pp_call *call)
{
    return pp_call_reply(call, call->arguments, call->arguments_length);
}

static int refuse(struct pp_call *call)
{
    (void)call;
    return -EILSEQ;
}

static int die(struct pp_call *call)
{
    (void)call;
    _exit(3);
}

static const struct pp_task_function functions[] = {
    {"echo", echo}, {"refuse", refuse}, {"die", die}, {"hold", hold_task}, {NULL, NULL},
};

static const struct pp_program program = {.functions = functions};

static struct pp_pool *open_pool(gconstpointer method, unsigned processes)
{
    return open_pool_of(&program, method, processes);
}

static struct pp_future *submit_echo(struct pp_pool *pool, int64_t n)
{
    struct pp_task task = {.function = "echo", .arguments = &n, .arguments_length = sizeof(n)};

    return submit(pool, &task);
}

static struct pp_future *submit_refuse(struct pp_pool *pool)
{
    struct pp_task task = {.function = "refuse"};

    return submit(pool, &task);
}

static void destroy_all(struct pp_future **futures, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        pp_future_destroy(futures[i]);
    }
}

static void test_none_of_them_is_enough_at_once(gconstpointer data)
{
    struct pp_as_completed *iterator = NULL;
    struct pp_future *future;
    size_t done = 5;

    (void)data;
    for (int mode = PP_WAIT_ALL_COMPLETED; mode <= PP_WAIT_FIRST_EXCEPTION; mode++) {
        g_assert_cmpint(pp_wait(NULL, 0, (enum pp_wait_for)mode, -1, &done), ==, 0);
        g_assert_cmpuint(done, ==, 0);
    }
    g_assert_cmpint(pp_as_completed_create(&iterator, NULL, 0), ==, 0);
    g_assert_cmpint(pp_as_completed_next(iterator, -1, &future), ==, -ENOENT);
    pp_as_completed_destroy(iterator);
    pp_as_completed_destroy(NULL);
}

static void test_it_waits_for_all_of_several_pools(gconstpointer data)
{
    struct pp_pool *pools[3];
    struct pp_future *futures[300];
    size_t done = 0;

    for (int k = 0; k < 3; k++) {
        pools[k] = open_pool(data, (unsigned)k + 1);
    }
    for (int i = 0; i < 300; i++) {
        futures[i] = submit_echo(pools[i % 3], i);
    }
    g_assert_cmpint(pp_wait(futures, 300, PP_WAIT_ALL_COMPLETED, -1, &done), ==, 0);
    g_assert_cmpuint(done, ==, 300);
    for (int i = 0; i < 300; i++) {
        g_assert_cmpint(reply_number(futures[i]), ==, i); /* they kept their order */
    }
    /* What was waited for is still returned as ever. */
    for (int i = 0; i < 300; i++) {
        struct pp_future *future;

        g_assert_cmpint(pp_pool_next(pools[i % 3], -1, &future), ==, 0);
    }
    destroy_all(futures, 300);
    for (int k = 0; k < 3; k++) {
        pp_pool_destroy(pools[k]);
    }
}

/* The held ones are not done, and stand behind those that are, which keep their order. */
static void test_the_first_one_is_enough_for_some(gconstpointer data)
{
    struct pp_pool *held_pool = open_pool(data, 1);
    struct pp_pool *pool = open_pool(data, 1);
    struct held held = submit_held(held_pool, "hold");
    struct pp_future *futures[] = {
        held.future,
        submit_echo(held_pool, 1),
        submit_echo(pool, 2),
        submit_echo(held_pool, 3),
    };
    size_t done = 0;

    g_assert_cmpint(pp_wait(futures, 4, PP_WAIT_FIRST_COMPLETED, -1, &done), ==, 0);
    g_assert_cmpuint(done, ==, 1);
    g_assert_cmpint(reply_number(futures[0]), ==, 2);
    /* Again, and it is still so; one is enough. */
    g_assert_cmpint(pp_wait(futures, 4, PP_WAIT_FIRST_COMPLETED, 0, &done), ==, 0);
    g_assert_cmpuint(done, ==, 1);
    g_assert_cmpint(pp_wait(futures, 4, PP_WAIT_ALL_COMPLETED, 20, &done), ==, -ETIMEDOUT);
    g_assert_cmpuint(done, ==, 1);
    let_go(&held);
    g_assert_cmpint(pp_wait(futures, 4, PP_WAIT_ALL_COMPLETED, -1, NULL), ==, 0);
    destroy_all(futures, 4);
    pp_pool_destroy(pool);
    pp_pool_destroy(held_pool);
}

static void test_the_first_exception_is_enough_for_some(gconstpointer data)
{
    struct pp_pool *held_pool = open_pool(data, 1);
    struct pp_pool *pool = open_pool(data, 1);
    struct held held = submit_held(held_pool, "hold");
    struct pp_future *futures[] = {
        held.future,
        submit_echo(pool, 1),
        submit_refuse(pool),
    };
    size_t done = 0;

    g_assert_cmpint(pp_wait(futures, 3, PP_WAIT_FIRST_EXCEPTION, -1, &done), ==, 0);
    g_assert_cmpuint(done, ==, 2);
    g_assert_cmpint(reply_number(futures[0]), ==, 1);
    g_assert_cmpint(pp_future_result(futures[1])->error.code, ==, -EILSEQ);
    g_assert_cmpint(pp_wait(futures, 1, PP_WAIT_FIRST_EXCEPTION, -1, &done), ==, 0);
    g_assert_cmpuint(done, ==, 1); /* there is none, and all are done */
    let_go(&held);
    destroy_all(futures, 3);
    pp_pool_destroy(pool);
    pp_pool_destroy(held_pool);
}

/* One that stands there twice is one future in two places. */
static void test_one_may_be_there_twice(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 2);
    struct pp_future *a = submit_echo(pool, 1);
    struct pp_future *b = submit_echo(pool, 2);
    struct pp_future *futures[] = {a, b, a, a};
    struct pp_as_completed *iterator = NULL;
    struct pp_future *future;
    int64_t sum = 0;
    size_t done;

    g_assert_cmpint(pp_as_completed_create(&iterator, futures, 4), ==, 0);
    g_assert_cmpint(pp_wait(futures, 4, PP_WAIT_ALL_COMPLETED, -1, &done), ==, 0);
    g_assert_cmpuint(done, ==, 4);
    for (int i = 0; i < 2; i++) {
        g_assert_cmpint(pp_as_completed_next(iterator, -1, &future), ==, 0);
        sum += reply_number(future);
    }
    g_assert_cmpint(sum, ==, 3);
    g_assert_cmpint(pp_as_completed_next(iterator, -1, &future), ==, -ENOENT);
    pp_as_completed_destroy(iterator);
    g_assert_cmpint(pp_as_completed_create(&iterator, futures, 4), ==, 0); /* all of them done */
    g_assert_cmpint(pp_as_completed_next(iterator, -1, &future), ==, 0);
    g_assert_true(future == a);
    g_assert_cmpint(pp_as_completed_next(iterator, -1, &future), ==, 0);
    g_assert_true(future == b);
    g_assert_cmpint(pp_as_completed_next(iterator, -1, &future), ==, -ENOENT);
    pp_as_completed_destroy(iterator);
    pp_future_destroy(a);
    pp_future_destroy(b);
    pp_pool_destroy(pool);
}

/* Each comes once, whichever pool it is of, and may be destroyed as soon as it came. */
static void test_all_come_as_they_are_completed(gconstpointer data)
{
    enum { COUNT = 5000 };
    struct pp_pool *pools[] = {open_pool(data, 2), open_pool(data, 1)};
    g_autofree struct pp_future **futures = g_new(struct pp_future *, COUNT);
    g_autofree bool *came = g_new0(bool, COUNT);
    struct pp_as_completed *iterator = NULL;
    struct pp_future *future;

    for (int i = 0; i < COUNT; i++) {
        futures[i] = submit_echo(pools[i % 3 == 0], i);
    }
    g_assert_cmpint(pp_as_completed_create(&iterator, futures, COUNT), ==, 0);
    for (int i = 0; i < COUNT; i++) {
        int64_t n;

        g_assert_cmpint(pp_as_completed_next(iterator, -1, &future), ==, 0);
        n = reply_number(future);
        g_assert_false(came[n]);
        came[n] = true;
        pp_future_destroy(future);
    }
    g_assert_cmpint(pp_as_completed_next(iterator, -1, &future), ==, -ENOENT);
    pp_as_completed_destroy(iterator);
    pp_pool_destroy(pools[0]);
    pp_pool_destroy(pools[1]);
}

/* One pool is destroyed when all of its futures came; the others are waited for all the same. */
static void test_a_pool_may_go_when_its_futures_came(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 1);
    struct pp_pool *held_pool = open_pool(data, 1);
    struct held held = submit_held(held_pool, "hold");
    struct pp_future *futures[] = {submit_echo(pool, 0), held.future};
    struct pp_as_completed *iterator = NULL;
    struct pp_future *future;

    g_assert_cmpint(pp_as_completed_create(&iterator, futures, 2), ==, 0);
    g_assert_cmpint(pp_as_completed_next(iterator, -1, &future), ==, 0);
    g_assert_true(future == futures[0]);
    pp_future_destroy(future);
    pp_pool_destroy(pool);
    g_assert_cmpint(pp_as_completed_next(iterator, 10, &future), ==, -ETIMEDOUT);
    let_go(&held);
    g_assert_cmpint(pp_as_completed_next(iterator, -1, &future), ==, 0);
    g_assert_true(future == held.future);
    pp_as_completed_destroy(iterator);
    pp_future_destroy(future);
    pp_pool_destroy(held_pool);
}

static void test_who_is_done_first_comes_first(gconstpointer data)
{
    struct pp_pool *held_pool = open_pool(data, 1);
    struct pp_pool *pool = open_pool(data, 1);
    struct held held = submit_held(held_pool, "hold");
    struct pp_future *futures[5] = {held.future};
    struct pp_as_completed *iterator = NULL;
    struct pp_future *future;

    for (int i = 4; i > 0; i--) {
        futures[i] = submit_echo(pool, i);
    }
    g_assert_cmpint(pp_as_completed_create(&iterator, futures, 5), ==, 0);
    for (int i = 4; i > 0; i--) {
        g_assert_cmpint(pp_as_completed_next(iterator, -1, &future), ==, 0);
        g_assert_true(future == futures[i]); /* one worker takes them as they were submitted */
    }
    let_go(&held);
    g_assert_cmpint(pp_as_completed_next(iterator, -1, &future), ==, 0);
    g_assert_true(future == held.future);
    pp_as_completed_destroy(iterator);
    destroy_all(futures, 5);
    pp_pool_destroy(pool);
    pp_pool_destroy(held_pool);
}

static void test_time_may_be_over_before(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 1);
    struct held held = submit_held(pool, "hold");
    struct pp_as_completed *iterator = NULL;
    struct pp_future *future;

    g_assert_cmpint(pp_as_completed_create(&iterator, &held.future, 1), ==, 0);
    for (int timeout_ms = 0; timeout_ms < 10; timeout_ms++) {
        g_assert_cmpint(pp_as_completed_next(iterator, timeout_ms, &future), ==, -ETIMEDOUT);
        g_assert_cmpint(pp_wait(&held.future, 1, PP_WAIT_FIRST_COMPLETED, timeout_ms, NULL), ==,
                        -ETIMEDOUT);
    }
    let_go(&held);
    g_assert_cmpint(pp_as_completed_next(iterator, -1, &future), ==, 0);
    pp_as_completed_destroy(iterator);
    pp_future_destroy(future);
    pp_pool_destroy(pool);
}

/* The futures live on, and tell nobody who is gone. */
static void test_an_iterator_may_go_before_its_futures(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 2);
    struct pp_future *futures[100];

    for (int i = 0; i < 100; i++) {
        futures[i] = submit_echo(pool, i);
    }
    for (int round = 0; round < 50; round++) {
        struct pp_as_completed *iterator = NULL;
        struct pp_future *future;

        g_assert_cmpint(pp_as_completed_create(&iterator, futures, 100), ==, 0);
        for (int i = 0; i < round; i++) {
            g_assert_cmpint(pp_as_completed_next(iterator, -1, &future), ==, 0);
        }
        pp_as_completed_destroy(iterator);
    }
    g_assert_cmpint(pp_wait(futures, 100, PP_WAIT_ALL_COMPLETED, -1, NULL), ==, 0);
    destroy_all(futures, 100);
    pp_pool_destroy(pool);
}

static void cancel_it(struct pp_future *future, void *user)
{
    (void)future;
    pp_future_cancel(user);
}

/* Cancelled ones are done too, also in the middle of the wait for them. */
static void test_what_is_cancelled_is_done(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 1);
    struct pp_future *first = submit_echo(pool, 1);
    struct held held = submit_held(pool, "hold");
    struct pp_future *futures[] = {first, submit_echo(pool, 2), submit_echo(pool, 3)};
    struct pp_as_completed *iterator = NULL;
    struct pp_future *future;
    size_t done;

    g_assert_cmpint(pp_as_completed_create(&iterator, futures, 3), ==, 0);
    g_assert_cmpint(pp_future_add_done_callback(first, cancel_it, futures[1]), ==, 0);
    g_assert_true(pp_future_cancel(futures[2]));
    g_assert_cmpint(pp_wait(futures, 3, PP_WAIT_ALL_COMPLETED, -1, &done), ==, 0);
    g_assert_cmpuint(done, ==, 3);
    for (int i = 0; i < 3; i++) {
        g_assert_cmpint(pp_as_completed_next(iterator, -1, &future), ==, 0);
    }
    pp_as_completed_destroy(iterator);
    let_go(&held);
    destroy_all(futures, 3);
    pp_future_destroy(held.future);
    pp_pool_destroy(pool);
}

/* All of its futures are done when a pool has failed; those of other pools are none the worse. */
static void test_a_pool_that_failed_is_no_failure_of_the_wait(gconstpointer data)
{
    struct pp_pool *bad = open_pool(data, 1);
    struct pp_pool *pool = open_pool(data, 1);
    struct held held = submit_held(pool, "hold");
    struct pp_task task = {.function = "die"};
    struct pp_future *futures[] = {submit(bad, &task), submit_echo(bad, 1), held.future};
    struct pp_as_completed *iterator = NULL;
    struct pp_future *future;

    pp_pool_terminate(bad);
    g_assert_cmpint(pp_as_completed_create(&iterator, futures, 3), ==, 0);
    g_assert_cmpint(pp_as_completed_next(iterator, -1, &future), ==, 0);
    g_assert_cmpint(pp_as_completed_next(iterator, -1, &future), ==, 0);
    g_assert_cmpint(pp_as_completed_next(iterator, 10, &future), ==, -ETIMEDOUT);
    let_go(&held);
    g_assert_cmpint(pp_as_completed_next(iterator, -1, &future), ==, 0);
    g_assert_true(future == held.future);
    pp_as_completed_destroy(iterator);
    destroy_all(futures, 3);
    pp_pool_destroy(bad);
    pp_pool_destroy(pool);
}

static void test_a_crash_is_an_exception(gconstpointer data)
{
    struct pp_pool *held_pool = open_pool(data, 1);
    struct pp_pool *pool = open_pool(data, 1);
    struct held held = submit_held(held_pool, "hold");
    struct pp_task task = {.function = "die"};
    struct pp_future *futures[] = {held.future, submit(pool, &task)};
    size_t done;

    g_assert_cmpint(pp_wait(futures, 2, PP_WAIT_FIRST_EXCEPTION, -1, &done), ==, 0);
    g_assert_cmpuint(done, ==, 1);
    g_assert_cmpint(pp_future_result(futures[0])->outcome, ==, PP_CRASHED);
    let_go(&held);
    destroy_all(futures, 2);
    pp_pool_destroy(pool);
    pp_pool_destroy(held_pool);
}

struct in_callback {
    struct pp_future *other;
    int wait;
    int next;
};

static void wait_in_callback(struct pp_future *future, void *user)
{
    struct in_callback *in_callback = user;
    struct pp_as_completed *iterator = NULL;
    struct pp_future *found;

    (void)future;
    g_assert_cmpint(pp_as_completed_create(&iterator, &in_callback->other, 1), ==, 0);
    in_callback->next = pp_as_completed_next(iterator, -1, &found);
    in_callback->wait = pp_wait(&in_callback->other, 1, PP_WAIT_ALL_COMPLETED, -1, NULL);
    pp_as_completed_destroy(iterator);
}

static void test_in_a_callback_it_is_a_deadlock_that_is_told(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 1);
    struct pp_future *future = submit_echo(pool, 1);
    struct held held = submit_held(pool, "hold");
    struct in_callback in_callback = {.other = held.future};

    g_assert_cmpint(pp_future_add_done_callback(future, wait_in_callback, &in_callback), ==, 0);
    g_assert_cmpint(pp_future_wait(future, -1), ==, 0);
    g_assert_cmpint(in_callback.wait, ==, -EDEADLK);
    g_assert_cmpint(in_callback.next, ==, -EDEADLK);
    let_go(&held);
    g_assert_cmpint(pp_future_wait(held.future, -1), ==, 0);
    pp_future_destroy(future);
    pp_future_destroy(held.future);
    pp_pool_destroy(pool);
}

/* Where somebody has to hold a task while another one goes on. */
static void add_tests_that_hold(const char *method, gconstpointer data)
{
    static const struct {
        const char *name;
        GTestDataFunc test;
    } tests[] = {
        {"the-first-one-is-enough-for-some", test_the_first_one_is_enough_for_some},
        {"the-first-exception-is-enough-for-some", test_the_first_exception_is_enough_for_some},
        {"who-is-done-first-comes-first", test_who_is_done_first_comes_first},
        {"a-pool-may-go-when-its-futures-came", test_a_pool_may_go_when_its_futures_came},
        {"time-may-be-over-before", test_time_may_be_over_before},
        {"what-is-cancelled-is-done", test_what_is_cancelled_is_done},
        {"a-pool-that-failed-is-no-failure-of-the-wait",
         test_a_pool_that_failed_is_no_failure_of_the_wait},
        {"in-a-callback-it-is-a-deadlock-that-is-told",
         test_in_a_callback_it_is_a_deadlock_that_is_told},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strdup_printf("/wait/%s/%s", method, tests[i].name);

        g_test_add_data_func(path, data, tests[i].test);
    }
}

int main(int argc, char **argv)
{
    pp_program_enter(&program, argc, argv);
    g_test_init(&argc, &argv, NULL);
    add_start_method_tests("wait", "none-of-them-is-enough-at-once",
                           test_none_of_them_is_enough_at_once);
    add_start_method_tests("wait", "it-waits-for-all-of-several-pools",
                           test_it_waits_for_all_of_several_pools);
    add_start_method_tests("wait", "one-may-be-there-twice", test_one_may_be_there_twice);
    add_start_method_tests("wait", "all-come-as-they-are-completed",
                           test_all_come_as_they_are_completed);
    add_start_method_tests("wait", "an-iterator-may-go-before-its-futures",
                           test_an_iterator_may_go_before_its_futures);
    for (size_t i = 0; i < G_N_ELEMENTS(start_methods); i++) {
        if (is_start_method_tested(&start_methods[i]) &&
            start_methods[i].method != PP_START_IN_PROCESS) {
            add_tests_that_hold(start_methods[i].name, GINT_TO_POINTER(start_methods[i].method));
        }
    }
    add_process_method_tests("wait", "a-crash-is-an-exception", test_a_crash_is_an_exception);
    return g_test_run();
}
