/* SPDX-License-Identifier: MIT */
/*
 * Measure what starting costs; tests/bench/python_process.py does the same with Python's processes
 * and pools.
 *
 *   first process   start and join of the first process, with whatever has to be started for it
 *   process         start and join of one that does nothing, once others have been
 *   cold pool       from nothing to the first result, of a pool of two workers
 *   close           what the end of that pool takes
 *   ballast         process again, where this process has written to 256 MiB
 *
 * Microseconds, the median of several rounds. The first figures are of fresh processes each: this
 * program starts itself again for each of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/process.h"

enum { ROUNDS = 21, FRESH_ROUNDS = 11, BALLAST_BYTES = 256 << 20 };

static int do_nothing(struct pp_call *call)
{
    (void)call;
    return 0;
}

static const struct pp_task_function functions[] = {{"do-nothing", do_nothing}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions};

static const struct method {
    const char *name;
    enum pp_start_method method;
} methods[] = {
    {"forkserver", PP_START_FORKSERVER},
    {"spawn", PP_START_SPAWN},
    {"fork", PP_START_FORK},
};

static void check(int r, const char *what)
{
    if (r != 0) {
        fprintf(stderr, "%s: %s\n", what, strerror(-r));
        exit(1);
    }
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;

    return (left > right) - (left < right);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof(*values), compare);
    return values[count / 2];
}

static double microseconds_since(uint64_t begin)
{
    return (double)(pp_clock_ns() - begin) / 1e3;
}

static double run_process(enum pp_start_method method)
{
    const struct pp_process_options options = {.function = "do-nothing", .start_method = method};
    uint64_t begin = pp_clock_ns();
    struct pp_process *process;

    check(pp_process_start(&process, &program, &options, NULL), "start");
    check(pp_process_join(process, -1), "join");
    check(pp_process_exitcode(process), "exit code");
    pp_process_destroy(process);
    return microseconds_since(begin);
}

static double run_processes(enum pp_start_method method)
{
    double values[ROUNDS];

    run_process(method);
    for (size_t i = 0; i < ROUNDS; i++) {
        values[i] = run_process(method);
    }
    return median(values, ROUNDS);
}

/* Returns the time to the first result, and sets *ret_close to what the end takes. */
static double run_pool(enum pp_start_method method, double *ret_close)
{
    const struct pp_pool_options options = {.start_method = method, .processes = 2};
    const struct pp_task task = {.function = "do-nothing"};
    uint64_t begin = pp_clock_ns();
    struct pp_future *future;
    struct pp_pool *pool;
    double first;

    check(pp_pool_create(&pool, &program, &options, NULL), "pool");
    check(pp_pool_submit(pool, &task, &future), "submit");
    check(pp_future_wait(future, -1), "wait");
    first = microseconds_since(begin);
    pp_future_destroy(future);
    begin = pp_clock_ns();
    pp_pool_destroy(pool);
    *ret_close = microseconds_since(begin);
    return first;
}

/* What a fresh process prints for its parent. */
static void run_fresh(const char *what, enum pp_start_method method)
{
    double first;
    double end = 0;

    first = strcmp(what, "process") == 0 ? run_process(method) : run_pool(method, &end);
    printf("%f %f\n", first, end);
}

static void ask_fresh(const char *self, const char *what, const struct method *method,
                      double *ret_first, double *ret_end)
{
    double firsts[FRESH_ROUNDS];
    double ends[FRESH_ROUNDS];
    char command[4096];

    snprintf(command, sizeof(command), "'%s' %s %s", self, what, method->name);
    for (size_t i = 0; i < FRESH_ROUNDS; i++) {
        FILE *output = popen(command, "re");

        if (output == NULL || fscanf(output, "%lf %lf", &firsts[i], &ends[i]) != 2) {
            fprintf(stderr, "%s: no figures\n", command);
            exit(1);
        }
        pclose(output);
    }
    *ret_first = median(firsts, FRESH_ROUNDS);
    *ret_end = median(ends, FRESH_ROUNDS);
}

static void measure(const char *self)
{
    char *ballast = malloc(BALLAST_BYTES);
    double figures[3][5];
    double none;

    for (size_t i = 0; i < 3; i++) {
        ask_fresh(self, "process", &methods[i], &figures[i][0], &none);
        figures[i][1] = run_processes(methods[i].method);
        ask_fresh(self, "pool", &methods[i], &figures[i][2], &figures[i][3]);
    }
    if (ballast == NULL) {
        return;
    }
    for (size_t k = 0; k < BALLAST_BYTES; k += 4096) {
        ballast[k] = 1;
    }
    printf("%-12s %14s %10s %10s %10s %10s\n", "us", "first process", "process", "cold pool",
           "close", "ballast");
    for (size_t i = 0; i < 3; i++) {
        figures[i][4] = run_processes(methods[i].method);
        printf("%-12s %14.0f %10.0f %10.0f %10.0f %10.0f\n", methods[i].name, figures[i][0],
               figures[i][1], figures[i][2], figures[i][3], figures[i][4]);
    }
    free(ballast);
}

int main(int argc, char **argv)
{
    pp_program_enter(&program, argc, argv);
    for (size_t i = 0; argc == 3 && i < PP_ARRAY_LENGTH(methods); i++) {
        if (strcmp(argv[2], methods[i].name) == 0) {
            run_fresh(argv[1], methods[i].method);
            return 0;
        }
    }
    measure(argv[0]);
    return 0;
}
