/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a pool whose processes neither work nor die: stopped, or hanging where no task's
 * deadline counts. The patience is short here, so on a busy machine one that only is slow may be
 * replaced as well: nothing below depends on that.
 */
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/pools.h"

enum { SHORT_PATIENCE_MS = 300 };

static int answer(struct pp_call *call)
{
    int64_t pid = getppid();

    return pp_call_reply(call, &pid, sizeof(pid));
}

static int kill_itself(struct pp_call *call)
{
    (void)call;
    return raise(SIGKILL);
}

/* A worker's channel is its first descriptor after the standard ones. */
static int hang_up(struct pp_call *call)
{
    (void)call;
    close(STDERR_FILENO + 1);
    for (;;) {
        pause();
    }
    return 0;
}

/* Once for all processes if the file that the variable names is not there; always if it is "". */
static void stop_if_asked(const char *variable)
{
    const char *path = getenv(variable);
    int fd;

    if (path == NULL) {
        return;
    }
    fd = path[0] == '\0' ? -1 : open(path, O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0 || path[0] == '\0') {
        raise(SIGSTOP);
    }
    if (fd >= 0) {
        close(fd);
    }
}

static void stop_zygote_if_asked(void)
{
    stop_if_asked("PIXPOOL_TEST_STOP_PRELOAD");
}

static int stop_worker_if_asked(struct pp_call *call)
{
    (void)call;
    stop_if_asked("PIXPOOL_TEST_STOP_INITIALIZER");
    return 0;
}

static const struct pp_task_function functions[] = {{"answer", answer},
                                                    {"kill-itself", kill_itself},
                                                    {"hang-up", hang_up},
                                                    {"initialize", stop_worker_if_asked},
                                                    {NULL, NULL}};

static const struct pp_program program = {
    .functions = functions,
    .preload = stop_zygote_if_asked,
};

static struct pp_pool *open_pool(gconstpointer method, unsigned processes)
{
    struct pp_pool_options options = {
        .start_method = (enum pp_start_method)GPOINTER_TO_INT(method),
        .processes = processes,
        .initializer = "initialize",
        .start_timeout_ms = SHORT_PATIENCE_MS,
    };
    struct pp_pool *pool = NULL;

    g_assert_cmpint(pp_pool_create(&pool, &program, &options, NULL), ==, 0);
    return pool;
}

/* Returns the last one's parent. */
static pid_t assert_works(struct pp_pool *pool)
{
    struct pp_task task = {.function = "answer"};
    int64_t parent = 0;

    for (int i = 0; i < 10; i++) {
        struct pp_future *future = submit(pool, &task);

        g_assert_cmpint(pp_future_wait(future, -1), ==, 0);
        parent = reply_number(future);
        pp_future_destroy(future);
    }
    return (pid_t)parent;
}

/* A pool of which the first process that gets to @variable stops itself there. */
static void assert_survives_a_stop(gconstpointer method, const char *variable)
{
    g_autofree char *folder = g_dir_make_tmp("pixpool-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "stopped", NULL);
    struct pp_pool *pool;

    g_setenv(variable, path, TRUE);
    pool = open_pool(method, 2);
    assert_works(pool);
    /* The one that was stopped is gone, whichever it was: what is here has answered or will. */
    pp_pool_destroy(pool);
    g_unsetenv(variable);
    g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
    g_unlink(path);
    g_rmdir(folder);
}

static void test_a_worker_that_stops_before_it_is_ready_is_replaced(gconstpointer method)
{
    assert_survives_a_stop(method, "PIXPOOL_TEST_STOP_INITIALIZER");
}

static void test_a_zygote_that_stops_in_its_preparations_is_replaced(void)
{
    assert_survives_a_stop(GINT_TO_POINTER(PP_START_FORKSERVER), "PIXPOOL_TEST_STOP_PRELOAD");
}

static void test_workers_that_never_get_ready_end_the_pool(gconstpointer method)
{
    struct pp_task task = {.function = "answer"};
    struct pp_future *future;
    struct pp_pool *pool;

    g_setenv("PIXPOOL_TEST_STOP_INITIALIZER", "", TRUE);
    pool = open_pool(method, 8);
    future = submit(pool, &task);
    g_assert_cmpint(pp_future_wait(future, -1), ==, 0);
    g_unsetenv("PIXPOOL_TEST_STOP_INITIALIZER");
    g_assert_cmpint(pp_future_result(future)->outcome, ==, PP_FAILED);
    g_assert_nonnull(strstr(pp_future_result(future)->error.message, "not ready after 300 ms"));
    pp_future_destroy(future);
    pp_pool_destroy(pool);
}

/* Nobody tells of the death of a worker whose zygote is stopped: so the zygote has to go. */
static void test_a_zygote_that_stops_when_a_worker_dies_is_replaced(void)
{
    struct pp_pool *pool = open_pool(GINT_TO_POINTER(PP_START_FORKSERVER), 1);
    struct pp_task task = {.function = "kill-itself"};
    pid_t zygote = assert_works(pool);
    struct pp_future *future;

    g_assert_cmpint(kill(zygote, SIGSTOP), ==, 0);
    future = submit(pool, &task);
    g_assert_cmpint(pp_future_wait(future, -1), ==, 0);
    g_assert_cmpint(pp_future_result(future)->outcome, ==, PP_CRASHED);
    g_assert_cmpint(assert_works(pool), !=, zygote);
    pp_future_destroy(future);
    pp_pool_destroy(pool);
    g_assert_cmpint(waitpid(-1, NULL, WNOHANG), ==, -1);
    g_assert_cmpint(errno, ==, ECHILD);
}

/* The task did not take too long: it killed its worker, and only nobody has said so yet. */
static void test_a_death_that_is_told_late_is_no_missed_deadline(void)
{
    struct pp_pool *pool = open_pool(GINT_TO_POINTER(PP_START_FORKSERVER), 1);
    struct pp_task task = {.function = "kill-itself", .timeout_ms = SHORT_PATIENCE_MS / 3};
    pid_t zygote = assert_works(pool);
    struct pp_future *future;

    g_assert_cmpint(kill(zygote, SIGSTOP), ==, 0);
    future = submit(pool, &task);
    g_assert_cmpint(pp_future_wait(future, -1), ==, 0);
    g_assert_cmpint(pp_future_result(future)->outcome, ==, PP_CRASHED);
    pp_future_destroy(future);
    pp_pool_destroy(pool);
}

static void test_a_zygote_that_stops_hinders_nobody_from_leaving(void)
{
    struct pp_pool *pool = open_pool(GINT_TO_POINTER(PP_START_FORKSERVER), 2);
    pid_t zygote = assert_works(pool);

    g_assert_cmpint(kill(zygote, SIGSTOP), ==, 0);
    pp_pool_destroy(pool);
    g_assert_cmpint(kill(zygote, 0), ==, -1);
    g_assert_cmpint(errno, ==, ESRCH);
}

/* Neither an answer nor an end would ever come from it. */
static void test_a_worker_that_hangs_up_and_lives_on_is_killed(gconstpointer method)
{
    struct pp_pool *pool = open_pool(method, 1);
    struct pp_task task = {.function = "hang-up"};
    struct pp_future *future = submit(pool, &task);

    g_assert_cmpint(pp_future_wait(future, -1), ==, 0);
    g_assert_cmpint(pp_future_result(future)->outcome, ==, PP_CRASHED);
    pp_future_destroy(future);
    assert_works(pool);
    pp_pool_destroy(pool);
}

int main(int argc, char **argv)
{
    pp_program_enter(&program, argc, argv);
    g_test_init(&argc, &argv, NULL);
    add_process_method_tests("pool-overdue", "a-worker-that-stops-before-it-is-ready-is-replaced",
                             test_a_worker_that_stops_before_it_is_ready_is_replaced);
    add_process_method_tests("pool-overdue", "workers-that-never-get-ready-end-the-pool",
                             test_workers_that_never_get_ready_end_the_pool);
    add_process_method_tests("pool-overdue", "a-worker-that-hangs-up-and-lives-on-is-killed",
                             test_a_worker_that_hangs_up_and_lives_on_is_killed);
    g_test_add_func("/pool-overdue/a-zygote-that-stops-in-its-preparations-is-replaced",
                    test_a_zygote_that_stops_in_its_preparations_is_replaced);
    g_test_add_func("/pool-overdue/a-zygote-that-stops-when-a-worker-dies-is-replaced",
                    test_a_zygote_that_stops_when_a_worker_dies_is_replaced);
    g_test_add_func("/pool-overdue/a-death-that-is-told-late-is-no-missed-deadline",
                    test_a_death_that_is_told_late_is_no_missed_deadline);
    g_test_add_func("/pool-overdue/a-zygote-that-stops-hinders-nobody-from-leaving",
                    test_a_zygote_that_stops_hinders_nobody_from_leaving);
    return g_test_run();
}
