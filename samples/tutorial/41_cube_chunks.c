/* SPDX-License-Identifier: MIT */

/*
 * Cubes of a million numbers: chunks of ten thousand
 *
 * Multiprocessing (hard, 40 min), "ProcessPoolExecutor" and "chunksize matters".
 *
 * Notice the second time: without chunk_items the pool finds out by itself how many items make a
 * chunk, by how long they take, which is the default. The third one is what the tutorial warns of,
 * a message for each item, over a hundredth of the numbers.
 */

#include "core/map.h"
#include "samples/tutorial/tutorial.h"

#define NUMBERS 1000000

static int cube(struct pp_call *call)
{
    int64_t n;

    TRY(pp_call_arguments(call, &n, sizeof(n)));
    n = n * n * n;
    return pp_call_reply(call, &n, sizeof(n));
}

static const struct pp_task_function functions[] = {{"cube", cube}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions};

static int64_t numbers[NUMBERS];
static int64_t results[NUMBERS];

static void map_cubes(struct pp_pool *ex, size_t count, size_t chunk_items, const char *what)
{
    struct pp_map_options options = {.chunk_items = chunk_items};
    uint64_t start = pp_clock_ns();

    MUST(pp_pool_map(ex, "cube", numbers, sizeof(numbers[0]), count, results, sizeof(results[0]),
                     &options, NULL, &error));
    printf("%zu cubes, %s: %.3f seconds; the last is %" PRId64 "\n", count, what,
           seconds_since(start), results[count - 1]);
}

int main(int argc, char **argv)
{
    PP_AUTO(pp_pool_destroy) struct pp_pool *ex = NULL;
    struct pp_pool_options options = {.processes = 4};

    pp_program_enter(&program, argc, argv);
    for (int i = 0; i < NUMBERS; i++) {
        numbers[i] = i;
    }
    MUST(pp_pool_create(&ex, &program, &options, &error));
    map_cubes(ex, NUMBERS, 10000, "chunks of 10000");
    map_cubes(ex, NUMBERS, 0, "chunks as the pool likes");
    map_cubes(ex, NUMBERS / 100, 1, "one by one");
    return 0;
}
