/* SPDX-License-Identifier: MIT */

/*
 * Process or thread: the same work in four threads and in four processes
 *
 * Lesson 16.2, "Process vs Thread", "Example: CPU-Bound Task Comparison".
 *
 * Notice that here both use all cores: C has no global lock that threads would wait for. What
 * remains of the comparison is the rest of the tutorial's table: a thread starts faster and shares
 * all memory; a process takes nobody with it when it crashes, and can be killed.
 */

#include <pthread.h>

#include "core/process.h"
#include "samples/tutorial/tutorial.h"

#define TIMES  4
#define ROUNDS 10000000

/* CPU-bound task */
static uint64_t cpu_task(uint64_t n)
{
    volatile uint64_t result = 0; /* or the compiler, seeing that nobody reads it, does nothing */

    for (uint64_t i = 0; i < n; i++) {
        result += i * i;
    }
    return result;
}

static void *cpu_task_in_thread(void *n)
{
    cpu_task(*(const uint64_t *)n);
    return NULL;
}

static int cpu_task_in_process(struct pp_call *call)
{
    uint64_t n;

    TRY(pp_call_arguments(call, &n, sizeof(n)));
    cpu_task(n);
    return 0;
}

static const struct pp_task_function functions[] = {{"cpu_task", cpu_task_in_process},
                                                    {NULL, NULL}};
static const struct pp_program program = {.functions = functions};

static double threading_approach(void)
{
    uint64_t n = ROUNDS;
    pthread_t threads[TIMES];
    uint64_t start = pp_clock_ns();

    for (int i = 0; i < TIMES; i++) {
        MUST(-pthread_create(&threads[i], NULL, cpu_task_in_thread, &n));
    }
    for (int i = 0; i < TIMES; i++) {
        MUST(-pthread_join(threads[i], NULL));
    }
    return seconds_since(start);
}

static double multiprocessing_approach(void)
{
    uint64_t n = ROUNDS;
    struct pp_process_options options = {.function = "cpu_task", PP_ARGUMENTS(n)};
    struct pp_process *processes[TIMES];
    uint64_t start = pp_clock_ns();

    for (int i = 0; i < TIMES; i++) {
        MUST(pp_process_start(&processes[i], &program, &options, &error));
    }
    for (int i = 0; i < TIMES; i++) {
        MUST(pp_process_join(processes[i], -1));
        pp_process_destroy(processes[i]);
    }
    return seconds_since(start);
}

int main(int argc, char **argv)
{
    pp_program_enter(&program, argc, argv);
    printf("Threading time: %.3f\n", threading_approach());
    printf("Multiprocessing time: %.3f\n", multiprocessing_approach());
    return 0;
}
