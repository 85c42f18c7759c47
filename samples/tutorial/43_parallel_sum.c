/* SPDX-License-Identifier: MIT */

/*
 * Parallel sum: squares of 1 to 10 million, by one and by four
 *
 * Multiprocessing (hard, 40 min), "Exercise 1: Parallel sum".
 *
 *     43_parallel_sum [LAST]
 *
 * Notice that a worker gets a range, not ten million numbers: what it needs to know is two of them.
 * There are more ranges than workers, so that one worker on a slow core does not keep all waiting.
 * And that ten million squares are a matter of milliseconds in C, for which workers are not worth
 * their messages. Try it with 1000000000.
 */

#include "core/map.h"
#include "samples/tutorial/tutorial.h"

#define WORKERS 4
#define RANGES  40

struct range {
    uint64_t first;
    uint64_t last; /* included */
};

static wide sum_of_squares(struct range range)
{
    wide sum = 0;

    for (uint64_t i = range.first; i <= range.last; i++) {
        sum += i * i;
    }
    return sum;
}

static int sum_there(struct pp_call *call)
{
    struct range range;
    wide sum;

    TRY(pp_call_arguments(call, &range, sizeof(range)));
    sum = sum_of_squares(range);
    return pp_call_reply(call, &sum, sizeof(sum));
}

static const struct pp_task_function functions[] = {
    {"sum_of_squares", sum_there},
    {NULL, NULL},
};
static const struct pp_program program = {.functions = functions};

static wide sum_in_parallel(struct pp_pool *pool, uint64_t last)
{
    struct range ranges[RANGES];
    wide sums[RANGES];
    wide sum = 0;

    for (uint64_t i = 0; i < RANGES; i++) {
        ranges[i] = (struct range){last * i / RANGES + 1, last * (i + 1) / RANGES};
    }
    MUST(pp_pool_map(pool, "sum_of_squares", ranges, sizeof(ranges[0]), RANGES, sums,
                     sizeof(sums[0]), NULL, NULL, &error));
    for (int i = 0; i < RANGES; i++) {
        sum += sums[i];
    }
    return sum;
}

int main(int argc, char **argv)
{
    PP_AUTO(pp_pool_destroy) struct pp_pool *pool = NULL;
    struct pp_pool_options options = {.processes = WORKERS};
    uint64_t start;
    uint64_t last;
    wide sum;

    pp_program_enter(&program, argc, argv);
    last = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000;

    start = pp_clock_ns();
    sum = sum_of_squares((struct range){1, last});
    printf("Single process: %s in %.3f seconds\n", WIDE_TEXT(sum), seconds_since(start));

    MUST(pp_pool_create(&pool, &program, &options, &error));
    start = pp_clock_ns();
    sum = sum_in_parallel(pool, last);
    printf("%d workers: %s in %.3f seconds\n", WORKERS, WIDE_TEXT(sum), seconds_since(start));
    return 0;
}
