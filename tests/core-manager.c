/* SPDX-License-Identifier: MIT */
/*
 * The life of a manager: a server that is a process, clients that are others, and their ends.
 */
#include <dirent.h>
#include <glib/gstdio.h>

#include "core/manager_dict.h"
#include "core/manager_event.h"
#include "core/process.h"
#include "tests/managing.h"
#include "tests/start_methods.h"

enum { CLIENTS = 4, ROUNDS = 200 };

/* A client that knows nothing but the address, which is its argument. */
static int count(struct pp_call *call)
{
    struct pp_manager *manager = NULL;
    struct pp_manager_dict dict;
    int r = pp_manager_connect(&manager, call->arguments, NULL, NULL);

    if (r != 0) {
        return pp_call_fail(call, r, "cannot connect to %s", (const char *)call->arguments);
    }
    r = pp_manager_dict(manager, "counts", &dict);
    for (int i = 0; i < ROUNDS && r == 0; i++) {
        r = pp_manager_dict_add(&dict, "n", 1, NULL);
    }
    pp_manager_destroy(manager);
    return r;
}

static const struct pp_task_function functions[] = {{"count", count}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions};

static struct pp_manager *start_manager(const struct pp_manager_options *options)
{
    struct pp_manager *manager = NULL;
    struct pp_error error = {.code = 0};

    if (pp_manager_start(&manager, &program, options, &error) != 0) {
        g_error("%s", error.message);
    }
    return manager;
}

static struct pp_manager_options with_method(const void *data)
{
    return (struct pp_manager_options){.start_method = (enum pp_start_method)GPOINTER_TO_INT(data)};
}

static int64_t get_count(struct pp_manager *manager)
{
    struct pp_manager_dict dict;
    int64_t number = -1;

    g_assert_cmpint(pp_manager_dict(manager, "counts", &dict), ==, 0);
    g_assert_cmpint(pp_manager_dict_add(&dict, "n", 0, &number), ==, 0);
    return number;
}

static struct pp_process *start_client(const struct pp_manager *manager,
                                       enum pp_start_method method)
{
    const char *address = pp_manager_address(manager);
    struct pp_process_options options = {.function = "count",
                                         .arguments = address,
                                         .arguments_length = strlen(address) + 1,
                                         .start_method = method};
    struct pp_process *process = NULL;
    struct pp_error error = {.code = 0};

    if (pp_process_start(&process, &program, &options, &error) != 0) {
        g_error("%s", error.message);
    }
    return process;
}

static void test_processes_meet_in_a_manager(const void *data)
{
    struct pp_manager_options options = with_method(data);
    struct pp_manager *manager = start_manager(&options);
    struct pp_process *clients[CLIENTS];
    g_autofree char *address = g_strdup(pp_manager_address(manager));
    g_autofree char *directory = g_path_get_dirname(address);
    struct pp_manager_dict dict;

    g_assert_true(pp_process_is_alive(pp_manager_process(manager)));
    g_assert_true(pp_process_daemon(pp_manager_process(manager)));
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = start_client(manager, options.start_method);
    }
    for (int i = 0; i < CLIENTS; i++) {
        g_assert_cmpint(pp_process_join(clients[i], PATIENCE_MS), ==, 0);
        g_assert_cmpstr(pp_process_error(clients[i])->message, ==, "");
        g_assert_cmpint(pp_process_exitcode(clients[i]), ==, 0);
        pp_process_destroy(clients[i]);
    }
    g_assert_cmpint(get_count(manager), ==, CLIENTS * ROUNDS);
    g_assert_cmpint(pp_manager_dict(manager, "counts", &dict), ==, 0);
    g_assert_cmpint(pp_manager_shutdown(manager), ==, 0);
    g_assert_cmpint(pp_process_exitcode(pp_manager_process(manager)), ==, 0);
    g_assert_cmpint(pp_manager_dict_add(&dict, "n", 1, NULL), ==, -ECONNRESET);
    g_assert_cmpint(pp_manager_shutdown(manager), ==, 0);
    g_assert_false(g_file_test(directory, G_FILE_TEST_EXISTS));
    pp_manager_destroy(manager);
}

/* Tasks of a pool, which are clients like others. */
static void test_tasks_meet_in_a_manager(void)
{
    struct pp_manager *manager = start_manager(NULL);
    const char *address = pp_manager_address(manager);
    struct pp_pool_options options = {.processes = 2};
    struct pp_task task = {
        .function = "count", .arguments = address, .arguments_length = strlen(address) + 1};
    struct pp_future *futures[CLIENTS];
    struct pp_pool *pool = NULL;

    g_assert_cmpint(pp_pool_create(&pool, &program, &options, NULL), ==, 0);
    for (int i = 0; i < CLIENTS; i++) {
        g_assert_cmpint(pp_pool_submit(pool, &task, &futures[i]), ==, 0);
    }
    for (int i = 0; i < CLIENTS; i++) {
        g_assert_cmpint(pp_future_wait(futures[i], PATIENCE_MS), ==, 0);
        g_assert_cmpint(pp_future_result(futures[i])->outcome, ==, PP_DONE);
        pp_future_destroy(futures[i]);
    }
    g_assert_cmpint(get_count(manager), ==, CLIENTS * ROUNDS);
    pp_pool_destroy(pool);
    pp_manager_destroy(manager);
}

static void test_a_server_that_was_killed_is_told_of(const void *data)
{
    struct pp_manager_options options = with_method(data);
    struct pp_manager *manager = start_manager(&options);
    g_autofree char *directory = g_path_get_dirname(pp_manager_address(manager));
    struct pp_manager_dict dict;

    g_assert_cmpint(pp_manager_dict(manager, "dict", &dict), ==, 0);
    g_assert_cmpint(pp_process_kill(pp_manager_process(manager)), ==, 0);
    g_assert_cmpint(pp_process_join(pp_manager_process(manager), PATIENCE_MS), ==, 0);
    g_assert_cmpint(pp_process_exitcode(pp_manager_process(manager)), ==, -SIGKILL);
    g_assert_cmpint(pp_manager_dict_add(&dict, "n", 1, NULL), ==, -ECONNRESET);
    pp_manager_destroy(manager);
    g_assert_false(g_file_test(directory, G_FILE_TEST_EXISTS));
}

/* It would not end by itself, so it is ended. */
static void test_a_server_that_is_stopped_is_ended_all_the_same(void)
{
    struct pp_manager *manager = start_manager(NULL);

    g_assert_cmpint(kill(pp_process_pid(pp_manager_process(manager)), SIGSTOP), ==, 0);
    g_assert_cmpint(pp_manager_shutdown(manager), ==, 0);
    g_assert_false(pp_process_is_alive(pp_manager_process(manager)));
    pp_manager_destroy(manager);
}

struct host {
    struct meeting meeting;
    enum pp_start_method method;
};

static int host_a_manager(void *memory)
{
    struct host *host = memory;
    struct pp_manager_options options = {.start_method = host->method};
    struct pp_manager *manager = start_manager(&options);
    struct pp_manager_event event;
    int r = pp_manager_event(manager, "exit", &event);

    g_strlcpy(host->meeting.path, pp_manager_address(manager), sizeof(host->meeting.path));
    atomic_fetch_add(&host->meeting.said, 1);
    r = r != 0 ? r : pp_manager_event_wait(&event, -1);
    exit(r == 0 ? 0 : 1);
}

static void let_host_end(enum pp_start_method method, bool exits)
{
    struct pp_slot slot;
    struct host *host = meet_at("", &slot, sizeof(*host));
    struct pp_manager *manager;
    struct pp_manager *next;
    struct pp_manager_event exit_event;
    g_autofree char *directory = NULL;
    pid_t pid;

    host->method = method;
    pid = start_child(host_a_manager, host);
    WAIT_UNTIL(atomic_load(&host->meeting.said) == 1);
    manager = connect_at(host->meeting.path);
    g_assert_cmpint(pp_manager_event(manager, "exit", &exit_event), ==, 0);
    if (exits) {
        int r = pp_manager_event_set(&exit_event);

        /* The server may go before it has answered. */
        g_assert_true(r == 0 || r == -ECONNRESET);
        g_assert_cmpint(join_child(pid), ==, 0);
    } else {
        kill_child(pid);
    }
    /* Whether it was waited for or not, the server goes with its host. */
    WAIT_UNTIL(pp_manager_event_is_set(&exit_event) == -ECONNRESET);
    pp_manager_destroy(manager);
    directory = g_path_get_dirname(host->meeting.path);
    /* What it has left, the next one removes, once the dead have let go of it. */
    WAIT_UNTIL((next = start_manager(NULL), pp_manager_destroy(next),
                !g_file_test(directory, G_FILE_TEST_EXISTS)));
    pp_slot_finish(&slot);
}

static void test_the_server_ends_with_its_host(const void *data)
{
    let_host_end((enum pp_start_method)GPOINTER_TO_INT(data), false);
    let_host_end((enum pp_start_method)GPOINTER_TO_INT(data), true);
}

static int try_to_shut_down(void *memory)
{
    struct pp_manager *manager = memory;
    bool refused = pp_manager_process(manager) == NULL && pp_manager_shutdown(manager) == -EPERM;

    pp_manager_destroy(manager);
    return refused ? 0 : 1;
}

static void test_a_forked_child_does_not_end_it(const void *data)
{
    struct pp_manager_options options = with_method(data);
    struct pp_manager *manager = start_manager(&options);

    g_assert_cmpint(join_child(start_child(try_to_shut_down, manager)), ==, 0);
    g_assert_cmpint(get_count(manager), ==, 0);
    pp_manager_destroy(manager);
}

static void test_it_listens_where_it_is_told_to(void)
{
    g_autofree char *directory = g_dir_make_tmp("pp-manager-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "here.sock", NULL);
    struct pp_manager_options options = {.address = path};
    struct pp_manager *manager = start_manager(&options);
    struct pp_manager *other = NULL;
    struct pp_error error = {.code = 0};

    g_assert_cmpstr(pp_manager_address(manager), ==, path);
    g_assert_cmpint(pp_manager_start(&other, &program, &options, &error), ==, -EADDRINUSE);
    g_assert_nonnull(strstr(error.message, path));
    g_assert_null(other);
    g_assert_cmpint(get_count(manager), ==, 0);
    pp_manager_destroy(manager);
    g_assert_cmpint(g_rmdir(directory), ==, 0);
}

static void test_its_limits_are_those_it_was_given(void)
{
    struct pp_manager_options options = {.clients = 1, .memory_bytes = 10000};
    struct pp_manager *manager = start_manager(&options);
    struct pp_manager *other = NULL;
    struct pp_manager_dict dict;
    g_autofree char *filler = g_strnfill(20000, 'x');
    struct pp_item item = pp_item_text(filler);
    struct pp_error error = {.code = 0};

    g_assert_cmpint(pp_manager_connect(&other, pp_manager_address(manager), NULL, &error), ==,
                    -EUSERS);
    g_assert_nonnull(strstr(error.message, "no place"));
    g_assert_cmpint(pp_manager_dict(manager, "dict", &dict), ==, 0);
    g_assert_cmpint(pp_manager_dict_set(&dict, "n", &item), ==, -ENOMEM);
    pp_manager_destroy(manager);
}

static unsigned count_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    unsigned number = 0;

    g_assert_nonnull(directory);
    while (readdir(directory) != NULL) {
        number++;
    }
    closedir(directory);
    return number;
}

/* The first one may leave a zygote behind, for the next. */
static void test_nothing_is_left_of_it(const void *data)
{
    struct pp_manager_options options = with_method(data);
    unsigned before = 0;

    for (int i = 0; i < 4; i++) {
        pp_manager_destroy(start_manager(&options));
        before = i == 0 ? count_descriptors() : before;
        g_assert_cmpuint(count_descriptors(), ==, before);
    }
}

static void test_a_program_that_cannot_start_one_is_told_so(void)
{
    struct pp_manager_options options = {.start_method = PP_START_THREAD};
    struct pp_manager *manager = NULL;

    g_assert_cmpint(pp_manager_start(&manager, &program, &options, NULL), ==, -EINVAL);
    g_assert_null(manager);
}

int main(int argc, char **argv)
{
    pp_program_enter(&program, argc, argv);
    g_test_init(&argc, &argv, NULL);
    add_process_method_tests("manager", "processes-meet-in-it", test_processes_meet_in_a_manager);
    add_process_method_tests("manager", "a-server-that-was-killed-is-told-of",
                             test_a_server_that_was_killed_is_told_of);
    add_process_method_tests("manager", "the-server-ends-with-its-host",
                             test_the_server_ends_with_its_host);
    add_process_method_tests("manager", "a-forked-child-does-not-end-it",
                             test_a_forked_child_does_not_end_it);
    add_process_method_tests("manager", "nothing-is-left-of-it", test_nothing_is_left_of_it);
    g_test_add_func("/manager/tasks-meet-in-it", test_tasks_meet_in_a_manager);
    g_test_add_func("/manager/a-server-that-is-stopped-is-ended-all-the-same",
                    test_a_server_that_is_stopped_is_ended_all_the_same);
    g_test_add_func("/manager/it-listens-where-it-is-told-to", test_it_listens_where_it_is_told_to);
    g_test_add_func("/manager/its-limits-are-those-it-was-given",
                    test_its_limits_are_those_it_was_given);
    g_test_add_func("/manager/a-program-that-cannot-start-one-is-told-so",
                    test_a_program_that_cannot_start_one_is_told_so);
    return g_test_run();
}
