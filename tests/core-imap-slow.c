/* SPDX-License-Identifier: MIT */
/*
 * An imap of which one item takes as long as the test likes: who waits for it, and what can be done
 * meanwhile.
 */
#include <limits.h>
#include <signal.h>
#include <sys/time.h>

#include "tests/numbers.h"

/* Waits while the file that its arguments name is there. */
static int wait_for_file(struct pp_call *call)
{
    g_autofree char *path = g_strndup(call->arguments, call->arguments_length);

    while (path[0] != '\0' && access(path, F_OK) == 0) {
        usleep(1000);
    }
    return 0;
}

static const struct pp_task_function functions[] = {
    {"stretch", stretch},
    {"wait-for-file", wait_for_file},
    {"hold", hold_task},
    {NULL, NULL},
};

static const struct pp_program program = {.functions = functions};

static struct pp_pool *open_pool(gconstpointer method, unsigned processes)
{
    return open_pool_of(&program, method, processes);
}

/* The name of a file that is there, or an empty one. */
struct files {
    char path[PATH_MAX];
    uint32_t pulled;
    uint32_t count;
    uint32_t slow; /* this one waits for the file to be gone */
};

static int pull_file(void *user, struct pp_map_item *ret_item)
{
    struct files *files = user;

    if (files->pulled == files->count) {
        return PP_MAP_END;
    }
    if (files->pulled++ == files->slow) {
        ret_item->arguments = files->path;
        ret_item->arguments_length = strlen(files->path);
    }
    return 0;
}

static void make_file(struct files *files)
{
    int fd;

    g_snprintf(files->path, sizeof(files->path), "%s/pixpool-imap-XXXXXX", g_get_tmp_dir());
    fd = g_mkstemp(files->path);
    g_assert_cmpint(fd, >=, 0);
    close(fd);
}

/* While one item takes as long as it likes the others come, but for one that waits for the same
 * worker. */
static void test_who_is_done_first_comes_first_where_order_does_not_count(gconstpointer data)
{
    struct pp_map_options options = {.chunk_items = 1, .window_items = 10};
    struct files files = {.count = 100, .slow = 3};
    struct pp_pool *pool = open_pool(data, 2);
    struct pp_map_result result;
    struct pp_imap *imap;

    make_file(&files);
    g_assert_cmpint(
        pp_imap_create(&imap, pool, "wait-for-file", pull_file, &files, false, &options), ==, 0);
    for (int i = 0; i < 98; i++) {
        g_assert_cmpint(pp_imap_next(imap, -1, &result), ==, 0);
        g_assert_cmpuint(result.index, !=, 3);
    }
    g_assert_cmpint(unlink(files.path), ==, 0);
    g_assert_cmpint(pp_imap_next(imap, -1, &result), ==, 0);
    g_assert_cmpint(pp_imap_next(imap, -1, &result), ==, 0);
    g_assert_cmpint(pp_imap_next(imap, -1, &result), ==, PP_MAP_END);
    pp_imap_destroy(imap);
    pp_pool_destroy(pool);
}

/* In order, those behind it are done meanwhile, as far as the window goes, and then come at once.
 */
static void test_order_keeps_those_behind_within_the_window(gconstpointer data)
{
    struct pp_map_options options = {.chunk_items = 1, .window_items = 10};
    struct files files = {.count = 100, .slow = 3};
    struct pp_pool *pool = open_pool(data, 2);
    struct pp_map_result result;
    struct pp_imap *imap;

    make_file(&files);
    g_assert_cmpint(pp_imap_create(&imap, pool, "wait-for-file", pull_file, &files, true, &options),
                    ==, 0);
    for (uint32_t i = 0; i < 3; i++) {
        g_assert_cmpint(pp_imap_next(imap, -1, &result), ==, 0);
        g_assert_cmpuint(result.index, ==, i);
    }
    for (int i = 0; i < 5; i++) {
        g_assert_cmpint(pp_imap_next(imap, 10, &result), ==, -ETIMEDOUT);
        g_assert_cmpuint(files.pulled, <=, 13);
    }
    g_assert_cmpuint(files.pulled, ==, 13);
    g_assert_cmpint(unlink(files.path), ==, 0);
    for (uint32_t i = 3; i < 100; i++) {
        g_assert_cmpint(pp_imap_next(imap, -1, &result), ==, 0);
        g_assert_cmpuint(result.index, ==, i);
    }
    pp_imap_destroy(imap);
    pp_pool_destroy(pool);
}

/* A worker that runs an item of it is killed, and the pool is as good as before. */
static void test_what_runs_when_it_is_destroyed_is_given_up(gconstpointer data)
{
    struct files files = {.count = 1, .slow = 0};
    struct pp_pool *pool = open_pool(data, 1);
    struct numbers *numbers = new_numbers(100);
    struct pp_map_result result;
    struct pp_imap *imap;

    make_file(&files);
    g_assert_cmpint(pp_imap_create(&imap, pool, "wait-for-file", pull_file, &files, true, NULL), ==,
                    0);
    g_assert_cmpint(pp_imap_next(imap, 20, &result), ==, -ETIMEDOUT);
    pp_imap_destroy(imap);
    imap = open_imap(pool, "stretch", numbers, true, NULL);
    assert_all_come(imap, 100, true);
    pp_imap_destroy(imap);
    g_assert_cmpint(unlink(files.path), ==, 0);
    g_free(numbers);
    pp_pool_destroy(pool);
}

static void do_nothing(int signal_number)
{
    (void)signal_number;
}

static void test_a_signal_ends_the_wait_and_loses_nothing(gconstpointer data)
{
    struct itimerval often = {.it_interval = {0, 5000}, .it_value = {0, 5000}};
    struct itimerval never = {0};
    struct sigaction action = {.sa_handler = do_nothing};
    struct files files = {.count = 50, .slow = 10};
    struct pp_pool *pool = open_pool(data, 2);
    struct pp_map_result result;
    struct pp_imap *imap;
    uint32_t signals = 0;
    uint32_t taken = 0;
    int r;

    make_file(&files);
    g_assert_cmpint(pp_imap_create(&imap, pool, "wait-for-file", pull_file, &files, true, NULL), ==,
                    0);
    g_assert_cmpint(sigaction(SIGALRM, &action, NULL), ==, 0);
    g_assert_cmpint(setitimer(ITIMER_REAL, &often, NULL), ==, 0);
    while ((r = pp_imap_next(imap, -1, &result)) != PP_MAP_END) {
        if (r == -EINTR && ++signals == 3) {
            g_assert_cmpint(unlink(files.path), ==, 0);
        }
        g_assert_true(r == 0 || r == -EINTR);
        g_assert_true(r != 0 || result.index == taken);
        taken += r == 0;
    }
    g_assert_cmpint(setitimer(ITIMER_REAL, &never, NULL), ==, 0);
    g_assert_cmpuint(taken, ==, 50);
    g_assert_cmpuint(signals, >=, 3);
    pp_imap_destroy(imap);
    pp_pool_destroy(pool);
}

static void test_a_timeout_is_for_each_item(gconstpointer data)
{
    struct pp_map_options options = {.timeout_ms = 200};
    struct files files = {.count = 30, .slow = 5};
    struct pp_pool *pool = open_pool(data, 2);
    struct pp_map_result result;
    struct pp_imap *imap;

    make_file(&files);
    g_assert_cmpint(pp_imap_create(&imap, pool, "wait-for-file", pull_file, &files, true, &options),
                    ==, 0);
    for (uint32_t i = 0; i < 30; i++) {
        g_assert_cmpint(pp_imap_next(imap, -1, &result), ==, 0);
        g_assert_cmpint(result.outcome, ==, i == 5 ? PP_TIMED_OUT : PP_DONE);
        g_assert_cmpint(result.error.code, ==, i == 5 ? -ETIMEDOUT : 0);
    }
    g_assert_cmpint(unlink(files.path), ==, 0);
    pp_imap_destroy(imap);
    pp_pool_destroy(pool);
}

/* Tasks that wait when it comes wait for it too, but for one of eight turns. */
static void test_its_priority_is_that_of_its_items(gconstpointer data)
{
    struct pp_map_options options = {
        .chunk_items = 1,
        .window_items = 6,
        .priority = PP_PRIORITY_HIGH,
    };
    struct pp_pool *pool = open_pool(data, 1);
    struct held held = submit_held(pool, "hold");
    struct numbers *numbers = new_numbers(6);
    struct pp_imap *imap = open_imap(pool, "stretch", numbers, true, &options);
    uint32_t zero = 0;
    struct pp_task task = {.function = "stretch", .arguments = &zero, .arguments_length = 4};
    struct pp_map_result result;
    struct pp_future *future;

    /* Some of them are with the worker already, and as many may be done with the last items. */
    for (int i = 0; i < 400; i++) {
        submit(pool, &task);
    }
    g_assert_cmpint(pp_imap_next(imap, 0, &result), ==, -ETIMEDOUT);
    let_go(&held);
    for (int i = 0; i < 6; i++) {
        g_assert_cmpint(pp_imap_next(imap, -1, &result), ==, 0);
    }
    g_assert_cmpuint(pp_pool_pending(pool), >=, 200);
    pp_imap_destroy(imap);
    while (pp_pool_next(pool, -1, &future) == 0) {
        pp_future_destroy(future);
    }
    g_free(numbers);
    pp_pool_destroy(pool);
}

static void add_test(const struct start_method *method, const char *name, GTestDataFunc test)
{
    g_autofree char *path = g_strdup_printf("/imap/%s/%s", method->name, name);

    g_test_add_data_func(path, GINT_TO_POINTER(method->method), test);
}

int main(int argc, char **argv)
{
    pp_program_enter(&program, argc, argv);
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(start_methods); i++) {
        const struct start_method *method = &start_methods[i];

        /* In process nobody goes on while one waits. */
        if (!is_start_method_tested(method) || method->method == PP_START_IN_PROCESS) {
            continue;
        }
        add_test(method, "who-is-done-first-comes-first-where-order-does-not-count",
                 test_who_is_done_first_comes_first_where_order_does_not_count);
        add_test(method, "order-keeps-those-behind-within-the-window",
                 test_order_keeps_those_behind_within_the_window);
        add_test(method, "a-signal-ends-the-wait-and-loses-nothing",
                 test_a_signal_ends_the_wait_and_loses_nothing);
        add_test(method, "its-priority-is-that-of-its-items",
                 test_its_priority_is_that_of_its_items);
    }
    add_process_method_tests("imap", "what-runs-when-it-is-destroyed-is-given-up",
                             test_what_runs_when_it_is_destroyed_is_given_up);
    add_process_method_tests("imap", "a-timeout-is-for-each-item", test_a_timeout_is_for_each_item);
    return g_test_run();
}
