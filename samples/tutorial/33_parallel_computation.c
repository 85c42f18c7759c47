/* SPDX-License-Identifier: MIT */

/*
 * Parallel computation: sums of squares, one long task each
 *
 * Lesson 16.2, "Practical Examples", "Example 1: Parallel Computation".
 *
 * Notice that a pool made without options has as many workers as this program may use processors,
 * which in a container can be fewer than the machine has. The last sum needs more than 64 bits.
 */

#include "core/map.h"
#include "samples/tutorial/tutorial.h"

#define NUMBERS 4

/* CPU-bound computation */
static int compute_square(struct pp_call *call)
{
    uint64_t n;
    wide result = 0;

    TRY(pp_call_arguments(call, &n, sizeof(n)));
    for (uint64_t i = 0; i < n; i++) {
        result += i * i;
    }
    return pp_call_reply(call, &result, sizeof(result));
}

static const struct pp_task_function functions[] = {
    {"compute_square", compute_square},
    {NULL, NULL},
};
static const struct pp_program program = {.functions = functions};

int main(int argc, char **argv)
{
    static const uint64_t numbers[NUMBERS] = {1000000, 2000000, 3000000, 4000000};
    PP_AUTO(pp_pool_destroy) struct pp_pool *pool = NULL;
    wide results[NUMBERS];
    uint64_t start;
    double elapsed;

    pp_program_enter(&program, argc, argv);
    start = pp_clock_ns();
    MUST(pp_pool_create(&pool, &program, NULL, &error));
    MUST(pp_pool_map(pool, "compute_square", numbers, sizeof(numbers[0]), NUMBERS, results,
                     sizeof(results[0]), NULL, NULL, &error));
    elapsed = seconds_since(start);

    printf("Results: [");
    for (int i = 0; i < NUMBERS; i++) {
        printf("%s%s", i > 0 ? ", " : "", WIDE_TEXT(results[i]));
    }
    puts("]");
    printf("Time: %.2fs\n", elapsed);
    return 0;
}
