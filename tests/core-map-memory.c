/* SPDX-License-Identifier: MIT */
/*
 * Maps where memory or descriptors run out: each allocation of the host fails once, the first one,
 * the second one, and so on. Whatever that comes to, all is told, nothing is told twice or wrongly,
 * and nothing is left.
 *
 * The linker hands the allocations of core/ to the functions here.
 */
#include <limits.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "core/wait.h"
#include "tests/numbers.h"

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *memory, size_t bytes);
void *__real_reallocarray(void *memory, size_t count, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);
void *__wrap_reallocarray(void *memory, size_t count, size_t bytes);

static unsigned until_failure; /* 0: none fails */

static bool fails(void)
{
    return until_failure > 0 && --until_failure == 0;
}

void *__wrap_malloc(size_t bytes)
{
    return fails() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    return fails() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *memory, size_t bytes)
{
    return fails() ? NULL : __real_realloc(memory, bytes);
}

void *__wrap_reallocarray(void *memory, size_t count, size_t bytes)
{
    return fails() ? NULL : __real_reallocarray(memory, count, bytes);
}

/* Crashes with the first of every hundred. */
static int crash_sometimes(struct pp_call *call)
{
    uint32_t n;

    if (call->arguments_length < sizeof(n)) {
        return -EINVAL;
    }
    memcpy(&n, call->arguments, sizeof(n));
    if (n % 100 == 0) {
        _exit(3);
    }
    return stretch(call);
}

static const struct pp_task_function functions[] = {
    {"stretch", stretch},
    {"crash-sometimes", crash_sometimes},
    {NULL, NULL},
};

static const struct pp_program program = {.functions = functions};

static void assert_told(const struct pp_map_result *result)
{
    if (result->outcome == PP_DONE) {
        assert_stretched(result);
        return;
    }
    g_assert_true(result->error.code == -ENOMEM || result->error.code == -EILSEQ ||
                  (result->error.code == -ECHILD && result->index % 100 == 0));
    g_assert_cmpuint(strlen(result->error.message), >, 0);
}

/* Returns whether the allocation that was to fail came. */
static bool imap_with_failure(struct pp_pool *pool, unsigned failure, const char *function)
{
    struct pp_map_options options = {.chunk_items = 10, .crash_attempts = 2};
    struct numbers *numbers = new_numbers(300);
    g_autofree bool *came = g_new0(bool, 300);
    struct pp_map_result result;
    struct pp_imap *imap = NULL;
    unsigned left;
    int r;

    until_failure = failure;
    r = pp_imap_create(&imap, pool, function, pull_number, numbers, failure % 2 == 0, &options);
    while (r == 0) {
        r = pp_imap_next(imap, -1, &result);
        if (r == -ENOMEM) {
            r = pp_imap_next(imap, -1, &result); /* only one fails: the next one goes on */
        }
        if (r == 0) {
            g_assert_false(came[result.index]);
            came[result.index] = true;
            assert_told(&result);
        }
    }
    left = until_failure;
    until_failure = 0;
    g_assert_cmpint(r, ==, imap == NULL ? -ENOMEM : PP_MAP_END);
    for (int i = 0; imap != NULL && i < 300; i++) {
        g_assert_true(came[i]);
    }
    pp_imap_destroy(imap);
    g_free(numbers);
    return left == 0;
}

static bool map_with_failure(struct pp_pool *pool, unsigned failure)
{
    static uint32_t numbers[500];
    uint32_t replies[500] = {0};
    struct pp_error error;
    unsigned left;
    size_t failed;
    int r;

    for (uint32_t i = 0; i < 500; i++) {
        numbers[i] = i * 500; /* so that each replies with its number alone */
    }
    until_failure = failure;
    r = pp_pool_map(pool, "stretch", numbers, 4, 500, replies, 4, NULL, &failed, &error);
    left = until_failure;
    until_failure = 0;
    g_assert_true(r == 0 || r == -ENOMEM || r == -EILSEQ);
    for (size_t i = 0; i < 500; i++) {
        g_assert_true(replies[i] == numbers[i] || r != 0);
    }
    return left == 0;
}

/* Until none is left that could. The pool itself is none the worse. */
static void test_any_allocation_of_a_map_may_fail(gconstpointer data)
{
    struct pp_pool *pool = open_pool_of(&program, data, 2);
    unsigned failure = 1;

    while (map_with_failure(pool, failure)) {
        failure++;
    }
    g_assert_cmpuint(failure, >, 10);
    pp_pool_destroy(pool);
}

static void test_any_allocation_of_an_imap_may_fail(gconstpointer data)
{
    struct pp_pool *pool = open_pool_of(&program, data, 2);
    unsigned failure = 1;

    while (imap_with_failure(pool, failure, "stretch")) {
        failure++;
    }
    g_assert_cmpuint(failure, >, 10);
    pp_pool_destroy(pool);
}

static void test_any_allocation_around_a_crash_may_fail(gconstpointer data)
{
    struct pp_pool *pool = open_pool_of(&program, data, 2);
    unsigned failure = 1;

    while (imap_with_failure(pool, failure, "crash-sometimes")) {
        failure++;
    }
    g_assert_cmpuint(failure, >, 10);
    pp_pool_destroy(pool);
}

/* Returns whether the allocation that was to fail came. */
static bool wait_with_failure(struct pp_pool *pool, unsigned failure)
{
    uint32_t zero = 0;
    struct pp_task task = {.function = "stretch", .arguments = &zero, .arguments_length = 4};
    struct pp_future *futures[20];
    struct pp_as_completed *iterator = NULL;
    struct pp_future *future;
    unsigned left;
    int r;

    for (size_t i = 0; i < G_N_ELEMENTS(futures); i++) {
        futures[i] = submit(pool, &task);
    }
    until_failure = failure;
    r = pp_as_completed_create(&iterator, futures, G_N_ELEMENTS(futures));
    g_assert_true(r == 0 || (r == -ENOMEM && iterator == NULL));
    r = pp_wait(futures, G_N_ELEMENTS(futures), PP_WAIT_ALL_COMPLETED, -1, NULL);
    g_assert_true(r == 0 || r == -ENOMEM);
    left = until_failure;
    until_failure = 0;
    while (iterator != NULL && pp_as_completed_next(iterator, -1, &future) == 0) {
    }
    pp_as_completed_destroy(iterator);
    for (size_t i = 0; i < G_N_ELEMENTS(futures); i++) {
        pp_future_destroy(futures[i]);
    }
    return left == 0;
}

static void test_any_allocation_of_a_wait_may_fail(gconstpointer data)
{
    struct pp_pool *pool = open_pool_of(&program, data, 2);
    unsigned failure = 1;

    while (wait_with_failure(pool, failure)) {
        failure++;
    }
    g_assert_cmpuint(failure, >, 10);
    pp_pool_destroy(pool);
}

/* Chunks have a descriptor each: with few of them left there are few chunks on their way. */
static void test_few_descriptors_are_enough(gconstpointer data)
{
    struct pp_map_options options = {.chunk_items = 1, .window_items = 300};
    struct pp_pool *pool = open_pool_of(&program, data, 1);
    struct rlimit before;
    struct rlimit few;
    int next;

    g_assert_false(map_with_failure(pool, UINT_MAX)); /* its worker is there afterwards */
    next = dup(STDERR_FILENO);
    close(next);
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &before), ==, 0);
    few = before;
    for (int left = 1; left < 6; left++) {
        struct numbers *numbers = new_numbers(1000);
        struct pp_imap *imap = open_imap(pool, "stretch", numbers, true, &options);

        few.rlim_cur = (rlim_t)(next + left);
        g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &few), ==, 0);
        assert_all_come(imap, 1000, true);
        g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &before), ==, 0);
        pp_imap_destroy(imap);
        g_free(numbers);
    }
    pp_pool_destroy(pool);
}

int main(int argc, char **argv)
{
    /* Workers share none of these counters but where they are forked from here. */
    gconstpointer data = GINT_TO_POINTER(PP_START_FORKSERVER);

    pp_program_enter(&program, argc, argv);
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/map-memory/any-allocation-of-a-map-may-fail", data,
                         test_any_allocation_of_a_map_may_fail);
    g_test_add_data_func("/map-memory/any-allocation-of-an-imap-may-fail", data,
                         test_any_allocation_of_an_imap_may_fail);
    g_test_add_data_func("/map-memory/any-allocation-around-a-crash-may-fail", data,
                         test_any_allocation_around_a_crash_may_fail);
    g_test_add_data_func("/map-memory/any-allocation-of-a-wait-may-fail", data,
                         test_any_allocation_of_a_wait_may_fail);
    g_test_add_data_func("/map-memory/few-descriptors-are-enough", data,
                         test_few_descriptors_are_enough);
    return g_test_run();
}
