/* SPDX-License-Identifier: MIT */
/*
 * What a worker has before its first task: shared memory, an initializer, a name, a standard
 * output. The same under every start method.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/builtin.h"
#include "core/process.h"
#include "core/shared_memory.h"
#include "core/wire.h"
#include "tests/start_methods.h"

/* What the initializer does to the first piece of shared memory. */
struct counters {
    _Atomic uint32_t initialized;
    uint32_t sum; /* of the initializer's arguments */
};

static int count_initialization(struct pp_call *call)
{
    struct counters *counters = call->shared[0].bytes;
    const uint8_t *bytes = call->arguments;
    uint32_t sum = 0;

    for (size_t i = 0; i < call->arguments_length; i++) {
        sum += bytes[i];
    }
    counters->sum = sum;
    atomic_fetch_add(&counters->initialized, 1);
    return pp_call_reply(call, "nobody hears this", 17);
}

static int refuse(struct pp_call *call)
{
    (void)call;
    return -ENOKEY;
}

/* Says how many pieces it shares and how large they are, and adds 1 to the last byte of each. */
static int touch_shared(struct pp_call *call)
{
    uint64_t sizes[PP_SHARED_MAX];

    for (uint32_t i = 0; i < call->shared_count; i++) {
        uint8_t *bytes = call->shared[i].bytes;

        sizes[i] = call->shared[i].capacity;
        bytes[sizes[i] - 1]++;
    }
    return pp_call_reply(call, sizes, call->shared_count * sizeof(sizes[0]));
}

static int tell_self(struct pp_call *call)
{
    struct pp_process_self self = pp_process_current();
    char text[200];
    int length = snprintf(text, sizeof(text), "%s %d %d %d", self.name, self.pid == getpid(),
                          self.parent_pid, self.daemon);

    return pp_call_reply(call, text, (size_t)length);
}

static int print_lines(struct pp_call *call)
{
    (void)call;
    printf("first\n");
    fprintf(stderr, "second\n");
    printf("third\n");
    printf("fourth, without an end");
    return 0;
}

static const struct pp_task_function functions[] = {
    {"count-initialization", count_initialization},
    {"refuse", refuse},
    {"touch-shared", touch_shared},
    {"tell-self", tell_self},
    {"print-lines", print_lines},
    {NULL, NULL},
};

static struct pp_program program = {.functions = functions};

static struct pp_pool *open_pool(const struct pp_pool_options *options)
{
    struct pp_pool *pool = NULL;
    struct pp_error error = {0};

    g_assert_cmpint(pp_pool_create(&pool, &program, options, &error), ==, 0);
    return pool;
}

static struct pp_future *run(struct pp_pool *pool, const char *function)
{
    struct pp_task task = {.function = function};
    struct pp_future *future = NULL;

    g_assert_cmpint(pp_pool_submit(pool, &task, &future), ==, 0);
    g_assert_cmpint(pp_future_wait(future, -1), ==, 0);
    return future;
}

/* Eight pieces of odd sizes, named and nameless, in the order in which they were listed. */
static void test_workers_share_memory_from_their_start(gconstpointer data)
{
    struct pp_shared_memory *shared[PP_SHARED_MAX];
    struct pp_pool_options options = {
        .start_method = (enum pp_start_method)GPOINTER_TO_INT(data),
        .processes = 2,
        .shared = shared,
        .shared_count = PP_SHARED_MAX,
    };
    struct pp_pool *pool;

    for (size_t i = 0; i < PP_SHARED_MAX; i++) {
        g_autofree char *name = g_strdup_printf("core-start-%d-%zu", (int)getpid(), i);

        g_assert_cmpint(pp_shared_memory_create(&shared[i], i % 2 == 0 ? NULL : name, 3000 * i + 1),
                        ==, 0);
    }
    pool = open_pool(&options);
    for (int turn = 1; turn <= 5; turn++) {
        struct pp_future *future = run(pool, "touch-shared");
        const uint64_t *sizes = pp_future_result(future)->reply;

        g_assert_cmpuint(pp_future_result(future)->reply_length, ==, sizeof(*sizes) * 8);
        for (size_t i = 0; i < PP_SHARED_MAX; i++) {
            const uint8_t *bytes = pp_shared_memory_bytes(shared[i]);

            g_assert_cmpuint(sizes[i], ==, 3000 * i + 1);
            g_assert_cmpint(bytes[3000 * i], ==, turn);
        }
        pp_future_destroy(future);
    }
    pp_pool_destroy(pool);
    for (size_t i = 0; i < PP_SHARED_MAX; i++) {
        g_assert_cmpint(pp_shared_memory_unlink(shared[i]), ==, i % 2 == 0 ? -ENOENT : 0);
        pp_shared_memory_close(shared[i]);
    }
}

/* Once in each worker, whatever comes to be done there, with the longest arguments there can be. */
static void test_the_initializer_runs_once_in_each_worker(gconstpointer data)
{
    g_autofree uint8_t *arguments = g_malloc(PP_TASK_ARGUMENTS_MAX + 1);
    struct pp_shared_memory *shared[1];
    struct pp_pool_options options = {
        .start_method = (enum pp_start_method)GPOINTER_TO_INT(data),
        .processes = 1,
        .initializer = "count-initialization",
        .initializer_arguments = arguments,
        .initializer_arguments_length = PP_TASK_ARGUMENTS_MAX,
        .shared = shared,
        .shared_count = 1,
    };
    struct counters *counters;
    struct pp_pool *pool;

    memset(arguments, 3, PP_TASK_ARGUMENTS_MAX + 1);
    g_assert_cmpint(pp_shared_memory_create(&shared[0], NULL, sizeof(*counters)), ==, 0);
    counters = pp_shared_memory_bytes(shared[0]);
    pool = open_pool(&options);
    memset(arguments, 7, PP_TASK_ARGUMENTS_MAX); /* copied: this is too late */
    for (int i = 0; i < 5; i++) {
        pp_future_destroy(run(pool, "tell-self"));
    }
    g_assert_cmpuint(counters->initialized, ==, 1);
    g_assert_cmpuint(counters->sum, ==, 3 * PP_TASK_ARGUMENTS_MAX);
    pp_pool_destroy(pool);
    options.initializer_arguments_length++;
    g_assert_cmpint(pp_pool_create(&pool, &program, &options, NULL), ==, -E2BIG);
    pp_shared_memory_close(shared[0]);
}

/* The pool says why it cannot work, and leaves no task waiting. */
static void test_a_failing_initializer_ends_the_pool(gconstpointer data)
{
    struct pp_pool_options options = {
        .start_method = (enum pp_start_method)GPOINTER_TO_INT(data),
        .processes = 2,
        .initializer = "refuse",
    };
    struct pp_pool *pool = open_pool(&options);
    struct pp_future *future = run(pool, "touch-shared");

    g_assert_cmpint(pp_future_result(future)->outcome, ==, PP_FAILED);
    g_assert_cmpstr(pp_future_result(future)->error.message, ==,
                    "the workers' initializer failed: Required key not available");
    g_assert_cmpint(pp_pool_dispatch(pool), ==, -ENOKEY);
    pp_future_destroy(future);
    pp_pool_destroy(pool);
}

static void test_an_unknown_initializer_is_refused(gconstpointer data)
{
    struct pp_pool_options options = {
        .start_method = (enum pp_start_method)GPOINTER_TO_INT(data),
        .initializer = "cube",
    };
    struct pp_pool *pool = NULL;
    struct pp_error error;

    g_assert_cmpint(pp_pool_create(&pool, &program, &options, &error), ==, -ENOENT);
    g_assert_cmpstr(error.message, ==, "the initializer 'cube' is no function of the program");
    g_assert_null(pool);
}

static void test_too_much_shared_memory_is_refused(gconstpointer data)
{
    struct pp_pool_options options = {
        .start_method = (enum pp_start_method)GPOINTER_TO_INT(data),
        .shared_count = PP_SHARED_MAX + 1,
    };
    struct pp_pool *pool = NULL;

    g_assert_cmpint(pp_pool_create(&pool, &program, &options, NULL), ==, -E2BIG);
}

static void test_a_worker_knows_who_it_is(gconstpointer data)
{
    struct pp_pool_options options = {
        .start_method = (enum pp_start_method)GPOINTER_TO_INT(data),
        .processes = 1,
    };
    bool is_process =
        options.start_method != PP_START_THREAD && options.start_method != PP_START_IN_PROCESS;
    struct pp_pool *pool = open_pool(&options);
    struct pp_future *future = run(pool, "tell-self");
    const struct pp_result *result = pp_future_result(future);
    g_autofree char *told = g_strndup(result->reply, result->reply_length);
    g_autofree char *expected = is_process ? g_strdup_printf("PoolWorker-1 1 %d 1", (int)getpid())
                                           : g_strdup_printf("MainProcess 1 %d 0", (int)getppid());

    g_assert_cmpstr(told, ==, expected);
    pp_future_destroy(future);
    pp_pool_destroy(pool);
    g_assert_cmpstr(pp_process_current().name, ==, "MainProcess");
}

/* Run "print-lines" with either output going to a file of its own; returns what is in them then. */
static void print(enum pp_start_method method, bool share, char **ret_stdout, char **ret_stderr)
{
    struct pp_pool_options options = {.start_method = method, .processes = 1};
    FILE *files[2] = {tmpfile(), tmpfile()};
    int saved[2] = {dup(STDOUT_FILENO), dup(STDERR_FILENO)};
    char *texts[2];
    struct pp_pool *pool;

    fflush(NULL);
    program.share_stdout = share;
    dup2(fileno(files[0]), STDOUT_FILENO);
    dup2(fileno(files[1]), STDERR_FILENO);
    pool = open_pool(&options);
    pp_future_destroy(run(pool, "print-lines"));
    pp_pool_close(pool);
    pp_pool_destroy(pool);
    for (int i = 0; i < 2; i++) {
        char text[200] = "";

        dup2(saved[i], STDOUT_FILENO + i);
        close(saved[i]);
        rewind(files[i]);
        text[fread(text, 1, sizeof(text) - 1, files[i])] = '\0';
        fclose(files[i]);
        texts[i] = g_strdup(text);
    }
    program.share_stdout = false;
    *ret_stdout = texts[0];
    *ret_stderr = texts[1];
}

/* Line by line, so that the order of both is the order in which they were written. */
static void test_what_workers_print_keeps_off_standard_output(gconstpointer data)
{
    g_autofree char *out = NULL;
    g_autofree char *err = NULL;

    print((enum pp_start_method)GPOINTER_TO_INT(data), false, &out, &err);
    g_assert_cmpstr(out, ==, "");
    g_test_message("%s", err);
    g_assert_true(g_str_has_prefix(err, "first\nsecond\nthird\n"));
}

static void test_what_workers_print_goes_where_the_program_says(gconstpointer data)
{
    g_autofree char *out = NULL;
    g_autofree char *err = NULL;

    print((enum pp_start_method)GPOINTER_TO_INT(data), true, &out, &err);
    g_assert_true(g_str_has_prefix(out, "first\nthird\n"));
    g_test_message("%s", err);
    g_assert_true(g_str_has_prefix(err, "second\n")); /* a sanitizer may have the last word */
}

/* Those of the program first, core's own behind them, and nothing behind the last. */
static void test_functions_have_numbers(void)
{
    uint32_t index = 99;

    g_assert_cmpint(pp_builtin_find(&program, "count-initialization", &index), ==, 0);
    g_assert_cmpuint(index, ==, 0);
    g_assert_cmpint(pp_builtin_find(&program, "print-lines", &index), ==, 0);
    g_assert_cmpuint(index, ==, 4);
    g_assert_cmpint(pp_builtin_find(&program, "cube", &index), ==, -ENOENT);
    g_assert_cmpint(pp_builtin_find(&program, NULL, &index), ==, -ENOENT);
    for (index = 0; pp_builtin_function(&program, index) != NULL; index++) {
        const struct pp_task_function *function = pp_builtin_function(&program, index);
        uint32_t found;

        g_assert_cmpint(pp_builtin_find(&program, function->name, &found), ==, 0);
        g_assert_cmpuint(found, ==, index);
        g_assert_cmpint(g_str_has_prefix(function->name, "pp."), ==, index >= 5);
    }
    g_assert_cmpuint(index, >=, 5);
    g_assert_null(pp_builtin_function(&program, UINT32_MAX));
}

static void add(const char *name, GTestDataFunc test)
{
    add_start_method_tests("start", name, test);
}

int main(int argc, char **argv)
{
    pp_program_enter(&program, argc, argv);
    g_test_init(&argc, &argv, NULL);
    add("workers-share-memory-from-their-start", test_workers_share_memory_from_their_start);
    add("the-initializer-runs-once-in-each-worker", test_the_initializer_runs_once_in_each_worker);
    add("a-failing-initializer-ends-the-pool", test_a_failing_initializer_ends_the_pool);
    add("an-unknown-initializer-is-refused", test_an_unknown_initializer_is_refused);
    add("too-much-shared-memory-is-refused", test_too_much_shared_memory_is_refused);
    add("a-worker-knows-who-it-is", test_a_worker_knows_who_it_is);
    add_process_method_tests("start", "what-workers-print-keeps-off-standard-output",
                             test_what_workers_print_keeps_off_standard_output);
    add_process_method_tests("start", "what-workers-print-goes-where-the-program-says",
                             test_what_workers_print_goes_where_the_program_says);
    g_test_add_func("/start/functions-have-numbers", test_functions_have_numbers);
    return g_test_run();
}
