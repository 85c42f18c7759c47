/* SPDX-License-Identifier: MIT */
/*
 * Nothing that a hostile worker writes into its rings hurts anybody but itself.
 */
#include <stdlib.h>

#include "core/worker_private.h"
#include "tests/pools.h"

static int echo(struct pp_call *call)
{
    return pp_call_reply(call, call->arguments, call->arguments_length);
}

enum lie {
    MANY_RESULTS,
    MORE_THAN_FIT,
    FEWER_THAN_BEFORE,
    FOREIGN_TASK,
    LONG_REPLY,
    POSITIVE_STATUS,
    LEAST_STATUS,
    BELLS,
    LONG_BELL,
    RUBBISH
};

static void put_lie(struct pp_worker *worker, uint64_t task, int32_t status, uint32_t length)
{
    struct pp_ring_result *result = pp_ring_entry(&worker->results, worker->results.position);

    *result = (struct pp_ring_result){.task = task, .status = status, .length = length};
    if (pp_ring_put(&worker->results)) {
        uint32_t bell = PP_MESSAGE_BELL;

        send(worker->end, &bell, sizeof(bell), MSG_NOSIGNAL);
    }
}

static void ring_often(const struct pp_worker *worker, size_t bytes)
{
    uint64_t bell = PP_MESSAGE_BELL;

    for (int i = 0; i < 100; i++) {
        send(worker->end, &bell, bytes, MSG_NOSIGNAL);
    }
}

static void scribble(struct pp_worker *worker)
{
    uint32_t *words = (uint32_t *)&worker->control->tasks;
    size_t count = (sizeof(*worker->control) - offsetof(struct pp_control, tasks)) / 4;

    for (int i = 0; i < 100000; i++) {
        words[(size_t)rand() % count] = rand() % 3 == 0 ? (uint32_t)rand() % 100 : (uint32_t)rand();
    }
    ring_often(worker, 4);
}

/* Tells the host what is not so, and then does nothing any more. */
static int lie(struct pp_call *call)
{
    struct pp_worker *worker = call->private->worker;
    struct pp_ring *results = &worker->control->results;
    uint64_t task = atomic_load(&worker->control->running);
    enum lie how;

    if (pp_call_arguments(call, &how, sizeof(how)) != 0) {
        return -EINVAL;
    }
    srand((unsigned)getpid());
    switch (how) {
    case MANY_RESULTS:
        atomic_fetch_add(&results->put, 20);
        break;
    case MORE_THAN_FIT:
        atomic_fetch_add(&results->put, 1000000);
        break;
    case FEWER_THAN_BEFORE:
        atomic_fetch_sub(&results->put, 1);
        break;
    case FOREIGN_TASK:
        put_lie(worker, task + 1000000, 0, 0);
        break;
    case LONG_REPLY:
        put_lie(worker, task, 0, PP_RING_REPLY_MAX + 1);
        break;
    case POSITIVE_STATUS:
        put_lie(worker, task, 1, 0);
        break;
    case LEAST_STATUS:
        put_lie(worker, task, INT32_MIN, 0);
        break;
    case BELLS:
        ring_often(worker, 4);
        break;
    case LONG_BELL:
        ring_often(worker, 8);
        break;
    case RUBBISH:
        scribble(worker);
        break;
    }
    ring_often(worker, 4); /* so that the host looks */
    for (;;) {
        pause();
    }
    return 0;
}

static const struct pp_task_function functions[] = {{"echo", echo}, {"lie", lie}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions};

/* Let the pool find out that tasks are short, so that it sends many ahead. */
static void run_short_tasks(struct pp_pool *pool)
{
    struct pp_task task = {.function = "echo"};
    struct pp_future *future = NULL;

    for (int i = 0; i < 500; i++) {
        g_assert_cmpint(pp_pool_apply(pool, &task, &future), ==, 0);
        pp_future_destroy(future);
    }
}

/* Those that go on working see nothing of the one that lies. */
static void test_a_worker_that_lies_by_its_ring_is_stopped(void)
{
    for (enum lie how = MANY_RESULTS; how <= RUBBISH; how++) {
        struct pp_pool *pool = open_pool_of(&program, GINT_TO_POINTER(PP_START_FORKSERVER), 2);
        struct pp_task liar = {
            .function = "lie",
            .arguments = &how,
            .arguments_length = sizeof(how),
        };
        struct pp_future *future;
        const struct pp_result *result;

        run_short_tasks(pool);
        future = submit(pool, &liar);
        result = pp_future_result(future);
        run_short_tasks(pool);
        g_assert_cmpint(pp_future_wait(future, 60000), ==, 0);
        g_assert_cmpint(result->outcome, ==, PP_CRASHED);
        g_assert_cmpint(result->error.code, ==, -EPROTO);
        run_short_tasks(pool);
        pp_future_destroy(future);
        pp_pool_destroy(pool);
    }
}

/* Rubbish again and again, while others work: every honest task is done, whatever becomes of the
 * liars. */
static void test_rubbish_in_a_ring_hurts_nobody_else(void)
{
    enum lie how = RUBBISH;
    struct pp_pool *pool = open_pool_of(&program, GINT_TO_POINTER(PP_START_FORKSERVER), 3);
    struct pp_task liar = {
        .function = "lie",
        .arguments = &how,
        .arguments_length = sizeof(how),
        .timeout_ms = 5000,
    };
    uint64_t number = 0;
    struct pp_task honest = {
        .function = "echo",
        .arguments = &number,
        .arguments_length = sizeof(number),
        .crash_attempts = 100,
    };

    for (int round = 0; round < 20; round++) {
        struct pp_future *lies = submit(pool, &liar);
        struct pp_future *futures[100];

        for (size_t i = 0; i < G_N_ELEMENTS(futures); i++) {
            number = i;
            futures[i] = submit(pool, &honest);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(futures); i++) {
            g_assert_cmpint(pp_future_wait(futures[i], 60000), ==, 0);
            g_assert_cmpint(reply_number(futures[i]), ==, (int64_t)i);
            g_assert_cmpuint(pp_future_result(futures[i])->attempts, ==, 1);
            pp_future_destroy(futures[i]);
        }
        g_assert_cmpint(pp_future_wait(lies, 60000), ==, 0);
        pp_future_destroy(lies);
    }
    pp_pool_destroy(pool);
}

int main(int argc, char **argv)
{
    pp_program_enter(&program, argc, argv);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pool-lies/a-worker-that-lies-by-its-ring-is-stopped",
                    test_a_worker_that_lies_by_its_ring_is_stopped);
    g_test_add_func("/pool-lies/rubbish-in-a-ring-hurts-nobody-else",
                    test_rubbish_in_a_ring_hurts_nobody_else);
    return g_test_run();
}
