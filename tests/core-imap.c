/* SPDX-License-Identifier: MIT */
/*
 * What an imap promises while nothing dies and no item is slow: its order, how little it pulls, how
 * it ends.
 */
#include "tests/numbers.h"

static int echo(struct pp_call *call)
{
    return pp_call_reply(call, call->arguments, call->arguments_length);
}

static int reply_too_much(struct pp_call *call)
{
    uint8_t reply[1025] = {0};

    return pp_call_reply(call, reply, sizeof(reply));
}

static const struct pp_task_function functions[] = {
    {"stretch", stretch},
    {"echo", echo},
    {"reply-too-much", reply_too_much},
    {NULL, NULL},
};

static const struct pp_program program = {.functions = functions};

static struct pp_pool *open_pool(gconstpointer method, unsigned processes)
{
    return open_pool_of(&program, method, processes);
}

static void imap_at_random(struct pp_pool *pool)
{
    int most = g_getenv("PIXPOOL_STALL") == NULL ? 3000 : 100; /* workers dawdle at each item */
    uint32_t count = (uint32_t)g_test_rand_int_range(0, most) >> g_test_rand_int_range(0, 12);
    struct numbers *numbers = new_numbers(count);
    bool ordered = g_test_rand_bit();
    struct pp_map_options options = {
        .chunk_items = g_test_rand_bit() ? 0 : (size_t)g_test_rand_int_range(1, 300),
        .window_items = g_test_rand_bit() ? 0 : (size_t)g_test_rand_int_range(1, 300),
        .window_bytes = g_test_rand_bit() ? 0 : (size_t)g_test_rand_int_range(1, 100000),
        .priority = (enum pp_priority)g_test_rand_int_range(0, 3),
    };
    struct pp_imap *imap;

    numbers->length = (size_t)g_test_rand_int_range(4, 5000) >> g_test_rand_int_range(0, 10);
    numbers->length = MAX(numbers->length, 4);
    imap = open_imap(pool, "stretch", numbers, ordered, &options);
    assert_all_come(imap, count, ordered);
    pp_imap_destroy(imap);
    g_free(numbers);
}

static void test_it_is_what_a_loop_would_be(gconstpointer data)
{
    static const unsigned processes[] = {1, 2, 13};

    for (size_t i = 0; i < G_N_ELEMENTS(processes); i++) {
        struct pp_pool *pool = open_pool(data, processes[i]);

        for (int round = 0; round < 12; round++) {
            imap_at_random(pool);
        }
        g_assert_cmpuint(pp_pool_pending(pool), ==, 0);
        pp_pool_destroy(pool);
    }
}

/* However the items are cut: what was pulled and not taken is never more than the window. */
static void test_no_more_is_pulled_than_the_window_holds(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 2);

    for (size_t window = 1; window <= 64; window *= 4) {
        for (size_t chunk = 0; chunk <= 20; chunk += 10) {
            struct pp_map_options options = {.chunk_items = chunk, .window_items = window};
            struct numbers *numbers = new_numbers(500);
            struct pp_imap *imap = open_imap(pool, "stretch", numbers, window % 3 == 0, &options);
            struct pp_map_result result;

            for (uint32_t taken = 0; pp_imap_next(imap, -1, &result) == 0; taken++) {
                g_assert_cmpuint(numbers->pulled - taken, <=, window);
            }
            g_assert_cmpuint(numbers->pulled, ==, 500);
            pp_imap_destroy(imap);
            g_free(numbers);
        }
    }
    pp_pool_destroy(pool);
}

/* An item holds its arguments and the longest reply that it may give, and when it is done at least
 * its reply; all of them 3000 bytes here. One item may go beyond: how long it is, only the pull
 * tells. */
static void test_no_more_bytes_are_pulled_than_the_window_holds(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 2);

    for (size_t bytes = 1; bytes <= 1000000; bytes *= 10) {
        struct pp_map_options options = {.window_bytes = bytes, .reply_bytes = 3000};
        struct numbers *numbers = new_numbers(500);
        struct pp_map_result result;
        struct pp_imap *imap;
        uint32_t taken;

        numbers->length = 3000;
        imap = open_imap(pool, "echo", numbers, bytes % 3 == 1, &options);
        for (taken = 0; pp_imap_next(imap, -1, &result) == 0; taken++) {
            g_assert_cmpuint(result.reply_length, ==, 3000);
            g_assert_cmpuint((numbers->pulled - taken) * (size_t)3000, <, bytes + 6000);
        }
        g_assert_cmpuint(taken, ==, 500);
        pp_imap_destroy(imap);
        g_free(numbers);
    }
    pp_pool_destroy(pool);
}

/* An input without end: what is not wanted any more is not run any more. */
static void test_an_input_may_be_without_end(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 2);
    struct numbers *numbers = new_numbers(UINT32_MAX);
    struct pp_imap *imap = open_imap(pool, "stretch", numbers, true, NULL);
    struct pp_map_result result;

    for (uint32_t i = 0; i < 5000; i++) {
        g_assert_cmpint(pp_imap_next(imap, -1, &result), ==, 0);
        g_assert_cmpuint(result.index, ==, i);
        assert_stretched(&result);
    }
    pp_imap_destroy(imap);
    g_free(numbers);
    pp_pool_destroy(pool);
}

/* At every state of things; the pool is as it was, and others go on. */
static void test_it_may_be_destroyed_at_any_time(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 2);

    for (uint32_t taken = 0; taken < 60; taken++) {
        struct numbers *numbers = new_numbers(UINT32_MAX);
        struct numbers *others = new_numbers(100);
        struct pp_imap *imap = open_imap(pool, "stretch", numbers, taken % 2 == 0, NULL);
        struct pp_imap *other = open_imap(pool, "stretch", others, true, NULL);
        struct pp_map_result result;

        for (uint32_t i = 0; i < taken; i++) {
            g_assert_cmpint(pp_imap_next(imap, -1, &result), ==, 0);
        }
        pp_imap_destroy(imap);
        assert_all_come(other, 100, true);
        pp_imap_destroy(other);
        g_free(numbers);
        g_free(others);
    }
    g_assert_cmpuint(pp_pool_pending(pool), ==, 0);
    pp_pool_destroy(pool);
}

/* All that was pulled before it is done and comes first. */
static void test_an_error_of_the_input_comes_after_all_results(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 2);

    for (uint32_t count = 0; count <= 200; count += 100) {
        struct numbers *numbers = new_numbers(count);
        struct pp_map_result result;
        struct pp_imap *imap;

        numbers->error = -EIO;
        imap = open_imap(pool, "stretch", numbers, false, NULL);
        for (uint32_t i = 0; i < count; i++) {
            g_assert_cmpint(pp_imap_next(imap, -1, &result), ==, 0);
            assert_stretched(&result);
        }
        g_assert_cmpint(pp_imap_next(imap, -1, &result), ==, -EIO);
        g_assert_cmpint(pp_imap_next(imap, -1, &result), ==, -EIO);
        pp_imap_destroy(imap);
        g_free(numbers);
    }
    pp_pool_destroy(pool);
}

static void test_an_item_that_is_too_long_ends_the_input(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 2);
    struct numbers *numbers = new_numbers(UINT32_MAX);
    struct pp_map_result result;
    struct pp_imap *imap = open_imap(pool, "stretch", numbers, true, NULL);

    g_assert_cmpint(pp_imap_next(imap, -1, &result), ==, 0);
    numbers->length = PP_TASK_ARGUMENTS_MAX + 1;
    for (uint32_t before = numbers->pulled; before > 1; before--) {
        g_assert_cmpint(pp_imap_next(imap, -1, &result), ==, 0);
        assert_stretched(&result);
    }
    g_assert_cmpint(pp_imap_next(imap, -1, &result), ==, -E2BIG);
    pp_imap_destroy(imap);
    g_free(numbers);
    pp_pool_destroy(pool);
}

/* A reply may have as many bytes as was said before, by default 1024. */
static void test_a_reply_that_is_too_long_fails(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 2);

    for (size_t reply_bytes = 1024; reply_bytes <= 1025; reply_bytes++) {
        struct pp_map_options options = {.reply_bytes = reply_bytes == 1024 ? 0 : reply_bytes};
        struct numbers *numbers = new_numbers(10);
        struct pp_imap *imap = open_imap(pool, "reply-too-much", numbers, true, &options);
        struct pp_map_result result;

        while (pp_imap_next(imap, -1, &result) == 0) {
            g_assert_cmpint(result.outcome, ==, reply_bytes == 1024 ? PP_FAILED : PP_DONE);
            g_assert_cmpint(result.error.code, ==, reply_bytes == 1024 ? -E2BIG : 0);
        }
        pp_imap_destroy(imap);
        g_free(numbers);
    }
    pp_pool_destroy(pool);
}

static void test_what_cannot_be_is_refused(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 1);
    struct pp_map_options options = {.reply_bytes = PP_TASK_REPLY_MAX + 1};
    struct numbers *numbers = new_numbers(1);
    struct pp_imap *imap = NULL;

    g_assert_cmpint(pp_imap_create(&imap, pool, "nobody", pull_number, numbers, true, NULL), ==,
                    -ENOENT);
    g_assert_cmpint(pp_imap_create(&imap, pool, "stretch", NULL, NULL, true, NULL), ==, -EINVAL);
    g_assert_cmpint(pp_imap_create(&imap, pool, "stretch", pull_number, numbers, true, &options),
                    ==, -E2BIG);
    pp_pool_close(pool);
    g_assert_cmpint(pp_imap_create(&imap, pool, "stretch", pull_number, numbers, true, NULL), ==,
                    -EPIPE);
    g_assert_null(imap);
    pp_imap_destroy(NULL);
    g_free(numbers);
    pp_pool_destroy(pool);
}

/* What was begun before a pool is closed is run, though only in part handed out yet. */
static void test_a_closed_pool_lets_it_go_on(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 2);
    struct numbers *numbers = new_numbers(2000);
    struct pp_imap *imap = open_imap(pool, "stretch", numbers, true, NULL);

    pp_pool_close(pool);
    assert_all_come(imap, 2000, true);
    pp_imap_destroy(imap);
    g_assert_cmpint(pp_pool_join(pool), ==, 0);
    g_free(numbers);
    pp_pool_destroy(pool);
}

/* What was pulled is cancelled, and nothing is pulled any more. */
static void test_a_terminated_pool_ends_it(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 2);
    struct pp_map_options options = {.window_items = 100, .chunk_items = 5};
    struct numbers *numbers = new_numbers(UINT32_MAX);
    struct pp_imap *imap = open_imap(pool, "stretch", numbers, false, &options);
    struct pp_map_result result;
    int r;

    g_assert_cmpint(pp_imap_next(imap, -1, &result), ==, 0);
    pp_pool_terminate(pool);
    while ((r = pp_imap_next(imap, -1, &result)) == 0) {
        g_assert_true(result.outcome == PP_CANCELLED ? result.error.code == -ECANCELED
                                                     : result.error.code != -ECANCELED);
    }
    g_assert_cmpint(r, ==, -EPIPE);
    g_assert_cmpint(pp_imap_next(imap, -1, &result), ==, -EPIPE);
    pp_imap_destroy(imap);
    g_free(numbers);
    pp_pool_destroy(pool);
}

/* Several at a time, and tasks of the caller's between them: each gets its own. */
static void test_several_share_a_pool(gconstpointer data)
{
    enum { IMAPS = 5, COUNT = 400 };
    struct pp_pool *pool = open_pool(data, 3);
    struct numbers *numbers[IMAPS];
    struct pp_imap *imaps[IMAPS];
    uint32_t zero = 0;
    struct pp_task task = {.function = "stretch", .arguments = &zero, .arguments_length = 4};
    struct pp_future *future;
    struct pp_map_result result;

    for (int k = 0; k < IMAPS; k++) {
        numbers[k] = new_numbers(COUNT);
        imaps[k] = open_imap(pool, "stretch", numbers[k], true, NULL);
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        submit(pool, &task);
        for (int k = 0; k < IMAPS; k++) {
            g_assert_cmpint(pp_imap_next(imaps[k], -1, &result), ==, 0);
            g_assert_cmpuint(result.index, ==, i);
            assert_stretched(&result);
        }
    }
    for (int k = 0; k < IMAPS; k++) {
        g_assert_cmpint(pp_imap_next(imaps[k], -1, &result), ==, PP_MAP_END);
        pp_imap_destroy(imaps[k]);
        g_free(numbers[k]);
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        g_assert_cmpint(pp_pool_next(pool, -1, &future), ==, 0);
        g_assert_cmpuint(pp_future_result(future)->reply_length, ==, 4);
        pp_future_destroy(future);
    }
    g_assert_cmpint(pp_pool_next(pool, -1, &future), ==, -ENOENT);
    pp_pool_destroy(pool);
}

/* A chunk that is on its way is no task of the caller's to wait for. */
static void test_its_chunks_are_no_tasks_of_the_caller(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 2);
    struct numbers *numbers = new_numbers(1000);
    struct pp_imap *imap = open_imap(pool, "stretch", numbers, true, NULL);
    struct pp_map_result result;
    struct pp_future *future;

    g_assert_cmpint(pp_imap_next(imap, -1, &result), ==, 0);
    g_assert_cmpuint(pp_pool_pending(pool), ==, 0);
    g_assert_cmpint(pp_pool_next(pool, -1, &future), ==, -ENOENT);
    g_assert_cmpint(pp_pool_join(pool), ==, 0);
    g_assert_cmpint(pp_pool_next(pool, -1, &future), ==, -ENOENT);
    pp_imap_destroy(imap);
    g_free(numbers);
    pp_pool_destroy(pool);
}

int main(int argc, char **argv)
{
    pp_program_enter(&program, argc, argv);
    g_test_init(&argc, &argv, NULL);
    add_start_method_tests("imap", "it-is-what-a-loop-would-be", test_it_is_what_a_loop_would_be);
    add_start_method_tests("imap", "no-more-is-pulled-than-the-window-holds",
                           test_no_more_is_pulled_than_the_window_holds);
    add_start_method_tests("imap", "no-more-bytes-are-pulled-than-the-window-holds",
                           test_no_more_bytes_are_pulled_than_the_window_holds);
    add_start_method_tests("imap", "an-input-may-be-without-end", test_an_input_may_be_without_end);
    add_start_method_tests("imap", "it-may-be-destroyed-at-any-time",
                           test_it_may_be_destroyed_at_any_time);
    add_start_method_tests("imap", "an-error-of-the-input-comes-after-all-results",
                           test_an_error_of_the_input_comes_after_all_results);
    add_start_method_tests("imap", "an-item-that-is-too-long-ends-the-input",
                           test_an_item_that_is_too_long_ends_the_input);
    add_start_method_tests("imap", "a-reply-that-is-too-long-fails",
                           test_a_reply_that_is_too_long_fails);
    add_start_method_tests("imap", "what-cannot-be-is-refused", test_what_cannot_be_is_refused);
    add_start_method_tests("imap", "a-closed-pool-lets-it-go-on", test_a_closed_pool_lets_it_go_on);
    add_start_method_tests("imap", "a-terminated-pool-ends-it", test_a_terminated_pool_ends_it);
    add_start_method_tests("imap", "several-share-a-pool", test_several_share_a_pool);
    add_start_method_tests("imap", "its-chunks-are-no-tasks-of-the-caller",
                           test_its_chunks_are_no_tasks_of_the_caller);
    return g_test_run();
}
