/* SPDX-License-Identifier: MIT */
/*
 * What the engine itself costs: lines "name value unit" on standard output.
 *
 *     engine [ROUNDS]
 *
 * Tasks do nothing with 8 bytes in and 8 bytes out, on two workers. tests/bench/engine.py says the
 * same of Python's pools, tests/bench/engine runs both in turn.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/pool.h"

enum { WORKERS = 2, WINDOW = 1000, ROUND_TRIPS = 20000, TIMEOUT_MS = 20 };

static int echo(struct pp_call *call)
{
    return pp_call_reply(call, call->arguments, call->arguments_length);
}

/* Says who it is in the slot, then does nothing for ever. */
static int linger(struct pp_call *call)
{
    _Atomic int32_t *pid = call->slots[0].bytes;

    atomic_store(pid, getpid());
    for (;;) {
        pause();
    }
    return 0;
}

static int spin(struct pp_call *call)
{
    for (volatile int i = 0;; i++) {
    }
    (void)call;
    return 0;
}

static const struct pp_task_function functions[] = {
    {"echo", echo}, {"linger", linger}, {"spin", spin}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions};

static void check(int r, const char *what)
{
    if (r != 0) {
        fprintf(stderr, "%s: %s\n", what, strerror(-r));
        exit(1);
    }
}

static struct pp_pool *open_pool(unsigned workers)
{
    struct pp_pool_options options = {.processes = workers};
    struct pp_pool *pool;

    check(pp_pool_create(&pool, &program, &options, NULL), "cannot make a pool");
    return pool;
}

static struct pp_future *submit_echo(struct pp_pool *pool, uint64_t n)
{
    struct pp_task task = {.function = "echo", .arguments = &n, .arguments_length = sizeof(n)};
    struct pp_future *future;

    check(pp_pool_submit(pool, &task, &future), "cannot submit");
    return future;
}

static void drop_done(struct pp_future *future)
{
    if (pp_future_result(future)->outcome != PP_DONE) {
        fprintf(stderr, "a task is not done: %s\n", pp_future_result(future)->error.message);
        exit(1);
    }
    pp_future_destroy(future);
}

static void warm_up(struct pp_pool *pool)
{
    for (int i = 0; i < 2000; i++) {
        struct pp_future *future = submit_echo(pool, 0);

        check(pp_future_wait(future, -1), "cannot wait");
        drop_done(future);
    }
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* The @percent'th of a hundred, in microseconds. */
static double percentile_us(uint64_t *values, size_t count, size_t percent)
{
    qsort(values, count, sizeof(*values), compare);
    return (double)values[(count - 1) * percent / 100] / 1e3;
}

/* As many tasks as @window are outstanding at a time: for each that is done another one comes. */
static void measure_throughput(const char *name, unsigned tasks, unsigned window)
{
    struct pp_pool *pool = open_pool(WORKERS);
    struct pp_future *future;
    unsigned submitted = 0;
    uint64_t start;

    warm_up(pool);
    start = pp_clock_ns();
    for (unsigned done = 0; done < tasks; done++) {
        while (submitted < tasks && submitted - done < window) {
            submit_echo(pool, submitted++);
        }
        check(pp_pool_next(pool, -1, &future), "cannot take a result");
        drop_done(future);
    }
    printf("%s %.0f tasks/s\n", name, tasks / ((double)(pp_clock_ns() - start) / 1e9));
    pp_pool_destroy(pool);
}

static void measure_round_trip(void)
{
    static uint64_t took[ROUND_TRIPS];
    struct pp_pool *pool = open_pool(WORKERS);

    warm_up(pool);
    for (size_t i = 0; i < ROUND_TRIPS; i++) {
        uint64_t start = pp_clock_ns();
        struct pp_future *future = submit_echo(pool, i);

        check(pp_future_wait(future, -1), "cannot wait");
        took[i] = pp_clock_ns() - start;
        drop_done(future);
    }
    printf("round-trip-p50 %.1f us\n", percentile_us(took, ROUND_TRIPS, 50));
    printf("round-trip-p99 %.1f us\n", percentile_us(took, ROUND_TRIPS, 99));
    pp_pool_destroy(pool);
}

static void measure_cold_start(void)
{
    uint64_t start = pp_clock_ns();
    struct pp_pool *pool = open_pool(WORKERS);
    struct pp_future *future = submit_echo(pool, 1);

    check(pp_future_wait(future, -1), "cannot wait");
    printf("cold-start %.2f ms\n", (double)(pp_clock_ns() - start) / 1e6);
    drop_done(future);
    pp_pool_destroy(pool);
}

/* Start a task that says its worker's pid, and wait for that. */
static struct pp_future *linger_in(struct pp_pool *pool, struct pp_slot *slot, int32_t *ret_pid)
{
    _Atomic int32_t *pid = slot->bytes;
    struct pp_task task = {.function = "linger", .slot_count = 1};
    struct pp_future *future;

    atomic_store(pid, 0);
    task.slots[0].slot = slot;
    check(pp_pool_submit(pool, &task, &future), "cannot submit");
    while ((*ret_pid = atomic_load(pid)) == 0) {
        check(pp_pool_dispatch(pool), "cannot dispatch");
    }
    return future;
}

static void measure_deaths(void)
{
    enum { DEATHS = 100 };
    uint64_t resolved[DEATHS];
    uint64_t replaced[DEATHS];
    struct pp_pool *pool = open_pool(1);
    struct pp_slot *slot;

    check(pp_pool_slot(pool, 4096, &slot), "no slot");
    warm_up(pool);
    for (int i = 0; i < DEATHS; i++) {
        int32_t pid;
        struct pp_future *future = linger_in(pool, slot, &pid);
        uint64_t start = pp_clock_ns();

        kill(pid, SIGKILL);
        check(pp_future_wait(future, -1), "cannot wait");
        resolved[i] = pp_clock_ns() - start;
        pp_future_destroy(future);
        future = submit_echo(pool, 1);
        check(pp_future_wait(future, -1), "cannot wait");
        replaced[i] = pp_clock_ns() - start;
        drop_done(future);
    }
    printf("kill-to-resolved-p50 %.0f us\n", percentile_us(resolved, DEATHS, 50));
    printf("kill-to-resolved-p99 %.0f us\n", percentile_us(resolved, DEATHS, 99));
    printf("kill-to-replaced-p50 %.0f us\n", percentile_us(replaced, DEATHS, 50));
    printf("kill-to-replaced-p99 %.0f us\n", percentile_us(replaced, DEATHS, 99));
    pp_pool_slot_release(pool, slot);
    pp_pool_destroy(pool);
}

static void measure_deadlines(void)
{
    enum { DEADLINES = 50 };
    uint64_t late[DEADLINES];
    struct pp_pool *pool = open_pool(1);
    struct pp_task task = {.function = "spin", .timeout_ms = TIMEOUT_MS};

    for (int i = 0; i < DEADLINES; i++) {
        struct pp_future *future;
        uint64_t start;

        warm_up(pool); /* the next worker is there, and idle */
        start = pp_clock_ns();
        check(pp_pool_submit(pool, &task, &future), "cannot submit");
        check(pp_future_wait(future, -1), "cannot wait");
        late[i] = pp_clock_ns() - start - (uint64_t)TIMEOUT_MS * 1000000;
        pp_future_destroy(future);
    }
    printf("deadline-overrun-p50 %.0f us\n", percentile_us(late, DEADLINES, 50));
    printf("deadline-overrun-p99 %.0f us\n", percentile_us(late, DEADLINES, 99));
    pp_pool_destroy(pool);
}

int main(int argc, char **argv)
{
    pp_program_enter(&program, argc, argv);
    measure_cold_start();
    measure_throughput("throughput", 200000, WINDOW);
    measure_throughput("throughput-all-at-once", 200000, UINT32_MAX);
    measure_throughput("throughput-window-of-4", 50000, 4);
    setenv("PIXPOOL_DISPATCH", "socket", 1);
    measure_throughput("throughput-by-socket", 200000, WINDOW);
    unsetenv("PIXPOOL_DISPATCH");
    measure_round_trip();
    measure_deaths();
    measure_deadlines();
    return 0;
}
