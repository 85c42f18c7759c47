/* SPDX-License-Identifier: MIT */
/*
 * Workers that are replaced: after their share of tasks, or when they have grown; and who goes
 * first where workers are scarce.
 */
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "tests/pools.h"

static int tell_pid(struct pp_call *call)
{
    int64_t pid = getpid();

    return pp_call_reply(call, &pid, sizeof(pid));
}

/* Keeps as many bytes for ever as its argument says. */
static int leak(struct pp_call *call)
{
    static void *volatile kept;
    size_t bytes;

    if (pp_call_arguments(call, &bytes, sizeof(bytes)) != 0) {
        return -EINVAL;
    }
    kept = malloc(bytes);
    if (kept == NULL) {
        return -ENOMEM;
    }
    memset(kept, 1, bytes);
    return tell_pid(call);
}

static int fill_slot(struct pp_call *call)
{
    memset(call->slots[0].bytes, 1, call->slots[0].capacity);
    return tell_pid(call);
}

static void never_end(void)
{
    for (;;) {
        pause();
    }
}

static int refuse_to_end(struct pp_call *call)
{
    atexit(never_end);
    return tell_pid(call);
}

/* How many run at a time: counted in the first two words of the slot, now and the most ever. */
static int count_in(struct pp_call *call)
{
    _Atomic uint32_t *now = call->slots[0].bytes;
    _Atomic uint32_t *most = now + 1;
    uint32_t count = atomic_fetch_add(now, 1) + 1;
    uint32_t seen = atomic_load(most);

    while (seen < count && !atomic_compare_exchange_weak(most, &seen, count)) {
    }
    usleep(2000); /* time to be met by others */
    atomic_fetch_sub(now, 1);
    return 0;
}

static const struct pp_task_function functions[] = {
    {"tell-pid", tell_pid},
    {"leak", leak},
    {"fill-slot", fill_slot},
    {"refuse-to-end", refuse_to_end},
    {"count-in", count_in},
    {"hold", hold_task},
    {NULL, NULL},
};

static const struct pp_program program = {.functions = functions};

static struct pp_pool *open_pool(const struct pp_pool_options *options)
{
    struct pp_pool *pool = NULL;

    g_assert_cmpint(pp_pool_create(&pool, &program, options, NULL), ==, 0);
    return pool;
}

/* Nobody runs more than its share, however the tasks are spread; and none pays for a replacement.
 */
static void test_a_worker_runs_no_more_than_its_share(gconstpointer data)
{
    struct pp_pool_options options = {
        .start_method = (enum pp_start_method)GPOINTER_TO_INT(data),
        .processes = 2,
        .tasks_per_worker = 3,
    };
    struct pp_pool *pool = open_pool(&options);
    struct pp_task task = {.function = "tell-pid"};
    struct pp_future *futures[100];
    unsigned runs[200] = {0};

    g_assert_cmpuint(pp_pool_processes(pool), ==, 2);
    for (size_t i = 0; i < G_N_ELEMENTS(futures); i++) {
        futures[i] = submit(pool, &task);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(futures); i++) {
        const struct pp_result *result = pp_future_result(futures[i]);

        g_assert_cmpint(pp_future_wait(futures[i], -1), ==, 0);
        g_assert_cmpint(result->outcome, ==, PP_DONE);
        g_assert_cmpuint(result->attempts, ==, 1);
        g_assert_cmpuint(result->worker, <, G_N_ELEMENTS(runs));
        g_assert_cmpuint(++runs[result->worker], <=, 3);
        pp_future_destroy(futures[i]);
    }
    pp_pool_destroy(pool);
}

static void test_one_worker_for_each_task(gconstpointer data)
{
    struct pp_pool_options options = {
        .start_method = (enum pp_start_method)GPOINTER_TO_INT(data),
        .processes = 1,
        .tasks_per_worker = 1,
    };
    struct pp_pool *pool = open_pool(&options);
    struct pp_task task = {.function = "tell-pid"};

    for (uint32_t i = 1; i <= 20; i++) {
        struct pp_future *future = NULL;

        g_assert_cmpint(pp_pool_apply(pool, &task, &future), ==, 0);
        g_assert_cmpuint(pp_future_result(future)->worker, ==, i);
        pp_future_destroy(future);
    }
    pp_pool_destroy(pool);
}

/* There is no worker that could be another one. */
static void test_in_process_nobody_is_replaced(void)
{
    struct pp_pool_options options = {
        .start_method = PP_START_IN_PROCESS,
        .tasks_per_worker = 1,
        .worker_growth_bytes = 1,
    };
    struct pp_pool *pool = open_pool(&options);
    struct pp_task task = {.function = "tell-pid"};

    for (int i = 0; i < 5; i++) {
        struct pp_future *future = NULL;

        g_assert_cmpint(pp_pool_apply(pool, &task, &future), ==, 0);
        g_assert_cmpint(reply_number(future), ==, getpid());
        g_assert_cmpuint(pp_future_result(future)->worker, ==, 1);
        pp_future_destroy(future);
    }
    pp_pool_destroy(pool);
}

/* However many come and go, no more tasks are in work at a time than there are to be workers. */
static void test_replacements_do_not_add_to_the_workers(gconstpointer data)
{
    struct pp_pool_options options = {
        .start_method = (enum pp_start_method)GPOINTER_TO_INT(data),
        .processes = 2,
        .tasks_per_worker = 1,
    };
    struct pp_pool *pool = open_pool(&options);
    struct pp_task task = {.function = "count-in", .slot_count = 1};
    struct pp_slot *slot = NULL;
    struct pp_future *futures[30];
    uint32_t *counts;

    g_assert_cmpint(pp_pool_slot(pool, 8, &slot), ==, 0);
    counts = slot->bytes;
    counts[0] = counts[1] = 0;
    task.slots[0].slot = slot;
    for (size_t i = 0; i < G_N_ELEMENTS(futures); i++) {
        futures[i] = submit(pool, &task);
    }
    g_assert_cmpint(pp_pool_join(pool), ==, 0);
    g_assert_cmpuint(counts[0], ==, 0);
    g_assert_cmpuint(counts[1], <=, 2);
    for (size_t i = 0; i < G_N_ELEMENTS(futures); i++) {
        pp_future_destroy(futures[i]);
    }
    pp_pool_slot_release(pool, slot);
    pp_pool_destroy(pool);
}

/* Run tasks with an argument of @bytes until another worker answers; at most @limit of them. */
static int run_until_replaced(struct pp_pool *pool, struct pp_task *task, int limit)
{
    uint32_t first = 0;

    for (int i = 0; i < limit; i++) {
        struct pp_future *future = NULL;
        uint32_t worker;

        g_assert_cmpint(pp_pool_apply(pool, task, &future), ==, 0);
        g_assert_cmpint(pp_future_result(future)->outcome, ==, PP_DONE);
        worker = pp_future_result(future)->worker;
        pp_future_destroy(future);
        if (first != 0 && worker != first) {
            return i;
        }
        first = worker;
    }
    return limit;
}

static void test_a_worker_that_grows_is_replaced(void)
{
    struct pp_pool_options options = {.processes = 1, .worker_growth_bytes = 10000000};
    struct pp_pool *pool = open_pool(&options);
    size_t bytes = 1000000;
    struct pp_task task = {
        .function = "leak",
        .arguments = &bytes,
        .arguments_length = sizeof(bytes),
    };
    int tasks = run_until_replaced(pool, &task, 10000);

    g_assert_cmpint(tasks, <, 10000);
    g_assert_cmpint(tasks, >=, 10);
    pp_pool_destroy(pool);
}

/* Memory that it shares is not its own, and comes and goes with the tasks. */
static void test_slots_are_no_growth(void)
{
    struct pp_pool_options options = {.processes = 1, .worker_growth_bytes = 10000000};
    struct pp_pool *pool = open_pool(&options);
    struct pp_task task = {.function = "fill-slot", .slot_count = 1};

    task.slots[0].bytes = 1000;
    g_assert_cmpint(run_until_replaced(pool, &task, 2), ==, 2);
    task.slots[0].bytes = 50000000;
    g_assert_cmpint(run_until_replaced(pool, &task, 20), ==, 20);
    pp_pool_destroy(pool);
}

/* Its place is needed: a worker that was told to end and does not is killed. */
static void test_a_worker_that_does_not_go_is_killed(void)
{
    struct pp_pool_options options = {.processes = 1, .tasks_per_worker = 1};
    struct pp_pool *pool = open_pool(&options);
    struct pp_task task = {.function = "refuse-to-end"};
    struct pp_future *future = NULL;
    struct pollfd death = {.events = POLLIN};

    g_assert_cmpint(pp_pool_apply(pool, &task, &future), ==, 0);
    death.fd = (int)syscall(SYS_pidfd_open, (pid_t)reply_number(future), 0);
    g_assert_cmpint(death.fd, >=, 0);
    pp_future_destroy(future);
    while (death.revents == 0) {
        GPollFD fds[] = {
            {.fd = death.fd, .events = G_IO_IN},
            {.fd = pp_pool_fd(pool), .events = G_IO_IN},
        };

        g_assert_cmpint(g_poll(fds, 2, 60000), >, 0);
        death.revents = fds[0].revents != 0;
        g_assert_cmpint(pp_pool_dispatch(pool), ==, 0);
    }
    close(death.fd);
    task.function = "tell-pid";
    g_assert_cmpint(pp_pool_apply(pool, &task, &future), ==, 0);
    pp_future_destroy(future);
    pp_pool_destroy(pool);
}

/* Killed while they come, work and go: every task is done all the same. */
static void test_replacing_and_killing_cost_nothing(void)
{
    struct pp_pool_options options = {.processes = 2, .tasks_per_worker = 2};
    struct pp_pool *pool = open_pool(&options);
    struct pp_task task = {.function = "tell-pid", .kill_attempts = 100};
    struct pp_future *future;
    int done = 0;

    for (int i = 0; i < 200; i++) {
        submit(pool, &task);
    }
    while (pp_pool_next(pool, -1, &future) == 0) {
        int64_t pid = reply_number(future);

        if (++done % 5 == 0) {
            kill((pid_t)pid, SIGKILL); /* gone already, or about to go, or in the next task */
        }
        pp_future_destroy(future);
    }
    g_assert_cmpint(done, ==, 200);
    pp_pool_destroy(pool);
}

/* While the only worker is held, tasks of three classes come in the wrong order. */
static void test_a_higher_class_is_served_first(gconstpointer data)
{
    static const enum pp_priority classes[] = {PP_PRIORITY_LOW, PP_PRIORITY_NORMAL,
                                               PP_PRIORITY_HIGH};
    struct pp_pool_options options = {
        .start_method = (enum pp_start_method)GPOINTER_TO_INT(data),
        .processes = 1,
    };
    struct pp_pool *pool = open_pool(&options);
    struct held held = submit_held(pool, "hold");
    struct pp_future *futures[3];
    struct pp_future *future = NULL;

    wait_until_held(pool, &held);
    for (int i = 0; i < 3; i++) {
        struct pp_task task = {
            .function = "fill-slot",
            .slot_count = 1, /* memory is not sent ahead to a busy worker */
            .priority = classes[i],
        };

        task.slots[0].bytes = 100;
        futures[i] = submit(pool, &task);
    }
    let_go(&held);
    g_assert_cmpint(pp_pool_next(pool, -1, &future), ==, 0);
    g_assert_true(future == held.future);
    pp_future_destroy(future);
    for (int i = 2; i >= 0; i--) {
        g_assert_cmpint(pp_pool_next(pool, -1, &future), ==, 0);
        g_assert_true(future == futures[i]);
        pp_future_destroy(future);
    }
    pp_pool_destroy(pool);
}

/* Where there are workers that could be others. */
static void add_for_workers(const char *name, GTestDataFunc test)
{
    for (size_t i = 0; i < G_N_ELEMENTS(start_methods); i++) {
        g_autofree char *path = g_strdup_printf("/pool/%s/%s", start_methods[i].name, name);

        if (start_methods[i].method != PP_START_IN_PROCESS &&
            is_start_method_tested(&start_methods[i])) {
            g_test_add_data_func(path, GINT_TO_POINTER(start_methods[i].method), test);
        }
    }
}

int main(int argc, char **argv)
{
    pp_program_enter(&program, argc, argv);
    g_test_init(&argc, &argv, NULL);
    add_for_workers("a-higher-class-is-served-first", test_a_higher_class_is_served_first);
    add_for_workers("a-worker-runs-no-more-than-its-share",
                    test_a_worker_runs_no_more_than_its_share);
    add_for_workers("one-worker-for-each-task", test_one_worker_for_each_task);
    add_for_workers("replacements-do-not-add-to-the-workers",
                    test_replacements_do_not_add_to_the_workers);
    if (g_getenv("PIXPOOL_TEST_THREADS_ONLY") == NULL) {
        g_test_add_func("/pool/in-process-nobody-is-replaced", test_in_process_nobody_is_replaced);
        g_test_add_func("/pool/a-worker-that-grows-is-replaced",
                        test_a_worker_that_grows_is_replaced);
        g_test_add_func("/pool/slots-are-no-growth", test_slots_are_no_growth);
        g_test_add_func("/pool/a-worker-that-does-not-go-is-killed",
                        test_a_worker_that_does_not_go_is_killed);
        g_test_add_func("/pool/replacing-and-killing-cost-nothing",
                        test_replacing_and_killing_cost_nothing);
    }
    return g_test_run();
}
