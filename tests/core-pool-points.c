/* SPDX-License-Identifier: MIT */
/*
 * A worker dies at each step of the protocol, once its own doing and once at a step of the host:
 * every task is done all the same, and none but the one in work has been begun twice.
 */
#include <signal.h>
#include <stdlib.h>

#include "core/point.h"
#include "tests/pools.h"

static const char *const worker_points[] = {
    "worker.before-claim",  "worker.before-stamp", "worker.after-stamp",
    "worker.before-answer", "worker.before-put",   "worker.before-bell",
    "worker.after-answer",  "worker.after-task",   "worker.before-sleep",
};

static const char *const host_points[] = {
    "host.before-put", "host.before-bell",   "host.before-announce", "host.before-send",
    "host.after-send", "host.before-result", "host.before-resolve",
};

enum { TASKS = 300 };

/* In a worker: where to die, and the file whose maker is the only one who does. */
static const char *death_point;
static const char *death_token;
static unsigned passes_left;

/* In the host: whom to kill there. */
static pid_t victim;

static void die_once(const char *name)
{
    int fd;

    if (death_point == NULL || strcmp(name, death_point) != 0 || passes_left-- != 1) {
        return;
    }
    if (victim != 0) {
        kill(victim, SIGKILL);
        return;
    }
    fd = open(death_token, O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0) {
        raise(SIGKILL);
    }
}

static int echo(struct pp_call *call)
{
    return pp_call_reply(call, call->arguments, call->arguments_length);
}

static int tell_pid(struct pp_call *call)
{
    int64_t pid = getpid();

    return pp_call_reply(call, &pid, sizeof(pid));
}

static const struct pp_task_function functions[] = {
    {"echo", echo}, {"tell-pid", tell_pid}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions};

static struct pp_pool *open_pool(void)
{
    return open_pool_of(&program, GINT_TO_POINTER(PP_START_FORKSERVER), 2);
}

/* Every tenth is too large for the ring. Returns how many runs it took beyond one for each. */
static unsigned run_tasks(struct pp_pool *pool)
{
    struct pp_future *futures[TASKS];
    uint32_t words[1000] = {0};
    unsigned again = 0;

    for (uint32_t i = 0; i < TASKS; i++) {
        struct pp_task task = {
            .function = "echo",
            .arguments = words,
            .arguments_length = i % 10 == 0 ? sizeof(words) : sizeof(words[0]),
            .kill_attempts = 2,
        };

        words[0] = i;
        futures[i] = submit(pool, &task);
    }
    for (uint32_t i = 0; i < TASKS; i++) {
        const struct pp_result *result = pp_future_result(futures[i]);

        g_assert_cmpint(pp_future_wait(futures[i], 60000), ==, 0);
        g_assert_cmpint(result->outcome, ==, PP_DONE);
        g_assert_cmpuint(result->reply_length, ==, i % 10 == 0 ? sizeof(words) : sizeof(words[0]));
        g_assert_cmpmem(result->reply, sizeof(i), &i, sizeof(i));
        g_assert_cmpuint(result->attempts, >=, 1);
        again += result->attempts - 1;
        pp_future_destroy(futures[i]);
    }
    return again;
}

/* Whether a task is in work at that point. */
static bool is_in_work(const char *point)
{
    return g_str_equal(point, "worker.after-stamp") || g_str_equal(point, "worker.before-answer") ||
           g_str_equal(point, "worker.before-put");
}

static void test_a_worker_may_die_at_every_step_of_its_own(void)
{
    static const unsigned passes[] = {1, 2, 7, 40};
    g_autofree char *folder = g_dir_make_tmp("pixpool-XXXXXX", NULL);
    g_autofree char *token = g_build_filename(folder, "died", NULL);

    g_setenv("PIXPOOL_TEST_TOKEN", token, TRUE);
    for (size_t p = 0; p < G_N_ELEMENTS(worker_points); p++) {
        for (size_t n = 0; n < G_N_ELEMENTS(passes); n++) {
            g_autofree char *number = g_strdup_printf("%u", passes[n]);
            struct pp_pool *pool;
            unsigned again;

            g_setenv("PIXPOOL_TEST_POINT", worker_points[p], TRUE);
            g_setenv("PIXPOOL_TEST_PASSES", number, TRUE);
            pool = open_pool();
            again = run_tasks(pool);
            g_assert_cmpuint(again, ==, is_in_work(worker_points[p]) && unlink(token) == 0);
            unlink(token);
            pp_pool_destroy(pool);
        }
    }
    g_unsetenv("PIXPOOL_TEST_POINT");
    rmdir(folder);
}

static void test_a_worker_may_die_at_every_step_of_the_host(void)
{
    for (size_t p = 0; p < G_N_ELEMENTS(host_points); p++) {
        for (unsigned n = 1; n <= 64; n *= 4) {
            struct pp_pool *pool = open_pool();
            struct pp_task task = {.function = "tell-pid"};
            struct pp_future *future = NULL;

            g_assert_cmpint(pp_pool_apply(pool, &task, &future), ==, 0);
            victim = (pid_t)reply_number(future);
            pp_future_destroy(future);
            death_point = host_points[p];
            passes_left = n;
            g_assert_cmpuint(run_tasks(pool), <=, 1);
            death_point = NULL;
            victim = 0;
            pp_pool_destroy(pool);
        }
    }
}

int main(int argc, char **argv)
{
    pp_point_hook = die_once;
    if (getenv("PIXPOOL_TEST_POINT") != NULL) { /* a zygote, whose workers inherit this */
        death_point = getenv("PIXPOOL_TEST_POINT");
        death_token = getenv("PIXPOOL_TEST_TOKEN");
        passes_left = (unsigned)atoi(getenv("PIXPOOL_TEST_PASSES"));
    }
    pp_program_enter(&program, argc, argv);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pool-points/a-worker-may-die-at-every-step-of-its-own",
                    test_a_worker_may_die_at_every_step_of_its_own);
    g_test_add_func("/pool-points/a-worker-may-die-at-every-step-of-the-host",
                    test_a_worker_may_die_at_every_step_of_the_host);
    return g_test_run();
}
