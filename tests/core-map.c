/* SPDX-License-Identifier: MIT */
/*
 * What a map promises while nothing dies, under every start method. Deaths are in
 * core-map-deaths.c.
 */
#include "core/map.h"
#include "tests/pools.h"

/* An item, and what becomes of it. */
enum what { SQUARE, FAIL, REPLY_NOTHING, REPLY_TOO_MUCH };

struct item {
    int64_t n;
    enum what what;
    uint32_t spins; /* makes items differ in length */
};

static int do_item(struct pp_call *call)
{
    struct item item;
    uint8_t much[64] = {0};

    if (pp_call_arguments(call, &item, sizeof(item)) != 0) {
        return -EINVAL;
    }
    for (volatile uint32_t i = 0; i < item.spins; i++) {
    }
    switch (item.what) {
    case FAIL:
        return pp_call_fail(call, -EILSEQ, "item %d is bad", (int)item.n);
    case REPLY_NOTHING:
        return 0;
    case REPLY_TOO_MUCH:
        return pp_call_reply(call, much, sizeof(much));
    default:
        item.n *= item.n;
        return pp_call_reply(call, &item.n, sizeof(item.n));
    }
}

static int echo(struct pp_call *call)
{
    return pp_call_reply(call, call->arguments, call->arguments_length);
}

static int say_nothing(struct pp_call *call)
{
    (void)call;
    return 0;
}

static int map_inside(struct pp_call *call);
static int spin_or_square(struct pp_call *call);

static const struct pp_task_function functions[] = {
    {"do-item", do_item},
    {"echo", echo},
    {"say-nothing", say_nothing},
    {"hold", hold_task},
    {"map-inside", map_inside},
    {"spin-or-square", spin_or_square},
    {NULL, NULL},
};

static const struct pp_program program = {.functions = functions};

/* Fewer where workers dawdle at each item. */
static size_t as_many_as(size_t count)
{
    return g_getenv("PIXPOOL_STALL") == NULL ? count : count / 200;
}

static struct pp_pool *open_pool(gconstpointer method, unsigned processes)
{
    return open_pool_of(&program, method, processes);
}

static struct item *make_items(size_t count, int one_bad_of)
{
    struct item *items = g_new0(struct item, count);

    for (size_t i = 0; i < count; i++) {
        items[i].n = (int64_t)i;
        items[i].spins = (uint32_t)g_test_rand_int_range(0, 200);
        if (one_bad_of > 0 && g_test_rand_int_range(0, one_bad_of) == 0) {
            items[i].what = (enum what)g_test_rand_int_range(FAIL, REPLY_TOO_MUCH + 1);
        }
    }
    return items;
}

/* The first item that does not do its work says what the whole map comes to. */
static void assert_like_serial(const struct item *items, size_t count, const int64_t *replies,
                               int r, size_t failed, const struct pp_error *error)
{
    static const int codes[] = {0, -EILSEQ, -EPROTO, -E2BIG};
    size_t first = SIZE_MAX;

    for (size_t i = count; i-- > 0;) {
        if (items[i].what == SQUARE) {
            g_assert_cmpint(replies[i], ==, items[i].n * items[i].n);
        } else {
            first = i;
        }
    }
    g_assert_cmpuint(failed, ==, first);
    g_assert_cmpint(r, ==, first == SIZE_MAX ? 0 : codes[items[first].what]);
    if (first != SIZE_MAX) {
        g_assert_cmpint(error->code, ==, r);
    }
    if (first != SIZE_MAX && items[first].what == FAIL) {
        g_autofree char *text = g_strdup_printf("item %d is bad", (int)first);

        g_assert_cmpstr(error->message, ==, text);
    }
}

static void map_at_random(struct pp_pool *pool)
{
    struct pp_map_options options = {
        .chunk_items = g_test_rand_bit() ? 0 : (size_t)g_test_rand_int_range(1, 300),
        .priority = (enum pp_priority)g_test_rand_int_range(0, 3),
    };
    size_t count =
        as_many_as((size_t)g_test_rand_int_range(0, 3000)) >> g_test_rand_int_range(0, 12);
    g_autofree struct item *items = make_items(count, g_test_rand_bit() ? 0 : 200);
    g_autofree int64_t *replies = g_new0(int64_t, count);
    struct pp_error error = {0};
    size_t failed = 12345;
    int r = pp_pool_map(pool, "do-item", items, sizeof(*items), count, replies, sizeof(*replies),
                        &options, &failed, &error);

    assert_like_serial(items, count, replies, r, failed, &error);
    g_assert_cmpuint(pp_pool_pending(pool), ==, 0);
}

static void test_it_is_what_a_loop_would_be(gconstpointer data)
{
    static const unsigned processes[] = {1, 2, 13};

    for (size_t i = 0; i < G_N_ELEMENTS(processes); i++) {
        struct pp_pool *pool = open_pool(data, processes[i]);

        for (int round = 0; round < 12; round++) {
            map_at_random(pool);
        }
        pp_pool_destroy(pool);
    }
}

/* Tuples of arguments of every length that a task may have, and replies likewise. */
static void test_items_may_be_as_long_as_arguments(gconstpointer data)
{
    static const size_t lengths[] = {0, 1, 15, 16, 17, 4000, PP_TASK_ARGUMENTS_MAX};
    struct pp_pool *pool = open_pool(data, 2);

    for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
        size_t length = lengths[i];
        size_t bytes = 200 * length;
        g_autofree uint8_t *items = g_malloc(bytes + 1);
        g_autofree uint8_t *replies = g_malloc0(bytes + 1);

        for (size_t k = 0; k < bytes; k++) {
            items[k] = (uint8_t)(k * 31 + k / 256);
        }
        g_assert_cmpint(pp_pool_map(pool, "echo", length == 0 ? NULL : items, length, 200,
                                    length == 0 ? NULL : replies, length, NULL, NULL, NULL),
                        ==, 0);
        g_assert_cmpint(memcmp(items, replies, bytes), ==, 0);
    }
    pp_pool_destroy(pool);
}

static void test_nothing_is_done_at_once(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 2);
    size_t failed = 5;

    g_assert_cmpint(pp_pool_map(pool, "echo", NULL, 8, 0, NULL, 8, NULL, &failed, NULL), ==, 0);
    g_assert_cmpuint(failed, ==, SIZE_MAX);
    pp_pool_destroy(pool);
}

static void test_a_million_items_are_no_matter(gconstpointer data)
{
    size_t count = as_many_as(1000000);
    struct pp_pool *pool = open_pool(data, 2);
    g_autofree uint64_t *items = g_new(uint64_t, count);
    g_autofree uint64_t *replies = g_new0(uint64_t, count);

    for (uint64_t i = 0; i < count; i++) {
        items[i] = i * 0x9e3779b97f4a7c15;
    }
    g_assert_cmpint(pp_pool_map(pool, "echo", items, 8, count, replies, 8, NULL, NULL, NULL), ==,
                    0);
    g_assert_cmpint(memcmp(items, replies, count * 8), ==, 0);
    g_assert_cmpint(pp_pool_map(pool, "say-nothing", NULL, 0, count, NULL, 0, NULL, NULL, NULL), ==,
                    0);
    pp_pool_destroy(pool);
}

static void test_what_cannot_be_mapped_is_refused(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 1);
    uint8_t item[8] = {0};
    struct pp_error error = {0};
    size_t failed = 0;

    g_assert_cmpint(pp_pool_map(pool, "nobody", item, 8, 1, item, 8, NULL, &failed, &error), ==,
                    -ENOENT);
    g_assert_cmpuint(failed, ==, SIZE_MAX);
    g_assert_nonnull(strstr(error.message, "nobody"));
    g_assert_cmpint(
        pp_pool_map(pool, "echo", item, PP_TASK_ARGUMENTS_MAX + 1, 1, item, 8, NULL, NULL, NULL),
        ==, -E2BIG);
    g_assert_cmpint(
        pp_pool_map(pool, "echo", item, 8, 1, item, PP_TASK_REPLY_MAX + 1, NULL, &failed, NULL), ==,
        -E2BIG);
    g_assert_cmpuint(failed, ==, SIZE_MAX);
    pp_pool_close(pool);
    g_assert_cmpint(pp_pool_map(pool, "echo", item, 8, 1, item, 8, NULL, NULL, NULL), ==, -EPIPE);
    pp_pool_destroy(pool);
}

/* Its own results are what pp_pool_next() returns, all of them and nothing else. */
static void test_the_callers_own_tasks_are_left_to_him(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 2);
    int64_t numbers[500];
    int64_t replies[500] = {0};
    struct pp_future *future;
    int64_t sum = 0;

    for (int64_t i = 0; i < 500; i++) {
        numbers[i] = i;
    }
    for (int64_t i = 0; i < 50; i++) {
        struct pp_task task = {.function = "echo", .arguments = &i, .arguments_length = sizeof(i)};

        submit(pool, &task);
    }
    g_assert_cmpint(pp_pool_map(pool, "echo", numbers, 8, 500, replies, 8, NULL, NULL, NULL), ==,
                    0);
    g_assert_cmpint(memcmp(numbers, replies, sizeof(numbers)), ==, 0);
    for (int i = 0; i < 50; i++) {
        g_assert_cmpint(pp_pool_next(pool, -1, &future), ==, 0);
        sum += reply_number(future);
        pp_future_destroy(future);
    }
    g_assert_cmpint(sum, ==, 49 * 50 / 2);
    g_assert_cmpint(pp_pool_next(pool, -1, &future), ==, -ENOENT);
    pp_pool_destroy(pool);
}

struct in_callback {
    struct pp_pool *pool;
    int r;
    bool called;
};

static void map_in_callback(struct pp_future *future, void *user)
{
    struct in_callback *in_callback = user;
    int64_t n = 1;

    (void)future;
    in_callback->called = true;
    in_callback->r = pp_pool_map(in_callback->pool, "echo", &n, 8, 1, &n, 8, NULL, NULL, NULL);
}

/* A callback waits for nothing, so not for a map either; and nothing of it is left. */
static void test_in_a_callback_it_is_a_deadlock_that_is_told(gconstpointer data)
{
    struct in_callback in_callback = {.pool = open_pool(data, 2)};
    struct pp_task task = {.function = "say-nothing"};
    struct pp_future *future = submit(in_callback.pool, &task);

    g_assert_cmpint(pp_future_add_done_callback(future, map_in_callback, &in_callback), ==, 0);
    g_assert_cmpint(pp_future_wait(future, -1), ==, 0);
    g_assert_true(in_callback.called);
    g_assert_cmpint(in_callback.r, ==, -EDEADLK);
    pp_future_destroy(future);
    g_assert_cmpint(pp_pool_join(in_callback.pool), ==, 0);
    pp_pool_destroy(in_callback.pool);
}

static void terminate_pool(struct pp_future *future, void *user)
{
    (void)future;
    pp_pool_terminate(user);
}

/* A task of the caller's that ends meanwhile may end everything. */
static void test_a_pool_that_is_terminated_ends_it(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 2);
    struct pp_task task = {.function = "say-nothing"};
    struct pp_future *future = submit(pool, &task);
    size_t failed;
    int r;

    g_assert_cmpint(pp_future_add_done_callback(future, terminate_pool, pool), ==, 0);
    r = pp_pool_map(pool, "say-nothing", NULL, 0, 100000, NULL, 0, NULL, &failed, NULL);
    g_assert_cmpint(r, ==, -EPIPE);
    g_assert_cmpuint(failed, ==, SIZE_MAX);
    pp_future_destroy(future);
    pp_pool_destroy(pool);
}

/* Maps its number of items in a pool of its own, each of which it expects to come back. */
static int map_inside(struct pp_call *call)
{
    struct pp_pool_options options = {.processes = 2};
    struct pp_map_options map_options = {.timeout_ms = 60000};
    struct pp_pool *pool = NULL;
    int64_t numbers[100];
    int64_t replies[100] = {0};
    int64_t same = 0;
    int r = pp_pool_create(&pool, &program, &options, NULL);

    for (int64_t i = 0; i < 100; i++) {
        numbers[i] = i;
    }
    for (int with_timeout = 0; r == 0 && with_timeout < 2; with_timeout++) {
        r = pp_pool_map(pool, "echo", numbers, 8, 100, replies, 8,
                        with_timeout ? &map_options : NULL, NULL, NULL);
        same += memcmp(numbers, replies, sizeof(numbers)) == 0;
        memset(replies, 0, sizeof(replies));
    }
    pp_pool_destroy(pool);
    return r != 0 ? r : pp_call_reply(call, &same, sizeof(same));
}

static void test_an_item_may_map_over_its_parts(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 3);
    int64_t replies[20];

    g_assert_cmpint(pp_pool_map(pool, "map-inside", NULL, 0, 20, replies, 8, NULL, NULL, NULL), ==,
                    0);
    for (int i = 0; i < 20; i++) {
        g_assert_cmpint(replies[i], ==, 2);
    }
    pp_pool_destroy(pool);
}

/* Runs for ever where its number is negative. */
static int spin_or_square(struct pp_call *call)
{
    int64_t n;

    if (pp_call_arguments(call, &n, sizeof(n)) != 0) {
        return -EINVAL;
    }
    while (n < 0) {
        pause();
    }
    n *= n;
    return pp_call_reply(call, &n, sizeof(n));
}

/* Only those that take too long, whatever was before or behind them. */
static void test_a_timeout_is_for_each_item(gconstpointer data)
{
    struct pp_map_options options = {.timeout_ms = 200, .chunk_items = 50};
    struct pp_pool *pool = open_pool(data, 2);
    int64_t numbers[40];
    int64_t replies[40] = {0};
    struct pp_error error;
    size_t failed;
    int r;

    for (int64_t i = 0; i < 40; i++) {
        numbers[i] = i % 13 == 7 ? -1 : i;
    }
    r = pp_pool_map(pool, "spin-or-square", numbers, 8, 40, replies, 8, &options, &failed, &error);
    g_assert_cmpint(r, ==, -ETIMEDOUT);
    g_assert_cmpuint(failed, ==, 7);
    g_assert_cmpstr(error.message, ==, "not done after 200 ms");
    for (int64_t i = 0; i < 40; i++) {
        g_assert_cmpint(replies[i], ==, i % 13 == 7 ? 0 : i * i);
    }
    pp_pool_destroy(pool);
}

/* A budget that is less than one chunk uses slows it down and stops nothing. */
static void test_a_small_budget_is_enough(gconstpointer data)
{
    struct pp_pool_options options = {
        .start_method = (enum pp_start_method)GPOINTER_TO_INT(data),
        .processes = 2,
        .memory_bytes = 1,
    };
    struct pp_pool *pool = NULL;
    int64_t numbers[3000];
    int64_t replies[3000] = {0};

    g_assert_cmpint(pp_pool_create(&pool, &program, &options, NULL), ==, 0);
    for (int64_t i = 0; i < 3000; i++) {
        numbers[i] = i;
    }
    g_assert_cmpint(pp_pool_map(pool, "echo", numbers, 8, 3000, replies, 8, NULL, NULL, NULL), ==,
                    0);
    g_assert_cmpint(memcmp(numbers, replies, sizeof(numbers)), ==, 0);
    pp_pool_destroy(pool);
}

int main(int argc, char **argv)
{
    pp_program_enter(&program, argc, argv);
    g_test_init(&argc, &argv, NULL);
    add_start_method_tests("map", "it-is-what-a-loop-would-be", test_it_is_what_a_loop_would_be);
    add_start_method_tests("map", "items-may-be-as-long-as-arguments",
                           test_items_may_be_as_long_as_arguments);
    add_start_method_tests("map", "nothing-is-done-at-once", test_nothing_is_done_at_once);
    add_start_method_tests("map", "a-million-items-are-no-matter",
                           test_a_million_items_are_no_matter);
    add_start_method_tests("map", "what-cannot-be-mapped-is-refused",
                           test_what_cannot_be_mapped_is_refused);
    add_start_method_tests("map", "the-caller's-own-tasks-are-left-to-him",
                           test_the_callers_own_tasks_are_left_to_him);
    add_start_method_tests("map", "in-a-callback-it-is-a-deadlock-that-is-told",
                           test_in_a_callback_it_is_a_deadlock_that_is_told);
    add_start_method_tests("map", "a-pool-that-is-terminated-ends-it",
                           test_a_pool_that_is_terminated_ends_it);
    add_start_method_tests("map", "an-item-may-map-over-its-parts",
                           test_an_item_may_map_over_its_parts);
    add_process_method_tests("map", "a-timeout-is-for-each-item", test_a_timeout_is_for_each_item);
    add_start_method_tests("map", "a-small-budget-is-enough", test_a_small_budget_is_enough);
    return g_test_run();
}
