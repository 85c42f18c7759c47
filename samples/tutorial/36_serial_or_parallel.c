/* SPDX-License-Identifier: MIT */

/*
 * Serial or parallel: 100000 times the cubes up to 1000
 *
 * Multiprocessing in Python (2019), "Multiprocessing vs Serial Processing Performance Test".
 *
 * Notice how small the tasks are: in C one takes less than a microsecond, which is less than a
 * message costs. The pool sends many in one message, as many as fill a few milliseconds; with one
 * message for each it would be slower than no pool at all. Try it: .chunk_items = 1.
 */

#include "core/map.h"
#include "samples/tutorial/tutorial.h"

#define CALLS   100000
#define NUMBERS 1000

/* Calculate the cube of numbers ranging till 1000. */
static void calc_cubes(int64_t cubes[NUMBERS])
{
    for (int64_t n = 0; n < NUMBERS; n++) {
        cubes[n] = n * n * n;
    }
    __asm__ volatile("" : : "r"(cubes) : "memory"); /* or the compiler leaves unread cubes out */
}

static int calc_cubes_there(struct pp_call *call)
{
    int64_t cubes[NUMBERS];

    (void)call; /* the number of the call does not matter */
    calc_cubes(cubes);
    return 0;
}

static const struct pp_task_function functions[] = {
    {"calc_cubes", calc_cubes_there},
    {NULL, NULL},
};
static const struct pp_program program = {.functions = functions};

static void run_parallel(const int64_t *numbers)
{
    PP_AUTO(pp_pool_destroy) struct pp_pool *p = NULL;
    struct pp_pool_options options = {.processes = 5};
    uint64_t t1 = pp_clock_ns();

    MUST(pp_pool_create(&p, &program, &options, &error));
    MUST(pp_pool_map(p, "calc_cubes", numbers, sizeof(numbers[0]), CALLS, NULL, 0, NULL, NULL,
                     &error));
    printf("Parallel Processing Time Taken: %.6f\n", seconds_since(t1));
}

static void run_serially(void)
{
    uint64_t t2 = pp_clock_ns();
    int64_t cubes[NUMBERS];

    puts("Starting Serial Processing");
    for (int i = 0; i < CALLS; i++) {
        calc_cubes(cubes);
    }
    printf("Sequential Processing Time Taken: %.6f\n", seconds_since(t2));
}

int main(int argc, char **argv)
{
    static int64_t numbers[CALLS];

    pp_program_enter(&program, argc, argv);
    for (int i = 0; i < CALLS; i++) {
        numbers[i] = i;
    }
    run_parallel(numbers);
    run_serially();
    return 0;
}
