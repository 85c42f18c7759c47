/* SPDX-License-Identifier: MIT */

/*
 * Which process did it? Twelve squares on four workers
 *
 * Multiprocessing in Python (2019), "Multiprocessing Pool".
 *
 * Notice that the same pids come again and again: workers are started once and then fed. Without
 * chunk_items = 1 the pool would hand these short tasks out several at a time, and one worker might
 * do them all before the others have begun.
 */

#include <unistd.h>

#include "core/map.h"
#include "samples/tutorial/tutorial.h"

#define ITEMS 12

static int compute_squares(struct pp_call *call)
{
    int64_t num;

    TRY(pp_call_arguments(call, &num, sizeof(num)));
    printf("Process %d calculating square of %" PRId64 "\n", (int)getpid(), num);
    num *= num;
    return pp_call_reply(call, &num, sizeof(num));
}

static const struct pp_task_function functions[] = {
    {"compute_squares", compute_squares},
    {NULL, NULL},
};
static const struct pp_program program = {.functions = functions, .share_stdout = true};

int main(int argc, char **argv)
{
    PP_AUTO(pp_pool_destroy) struct pp_pool *p = NULL;
    struct pp_pool_options workers = {.processes = 4};
    struct pp_map_options one_by_one = {.chunk_items = 1};
    int64_t items[ITEMS];
    int64_t result[ITEMS];

    pp_program_enter(&program, argc, argv);
    for (int i = 0; i < ITEMS; i++) {
        items[i] = i;
    }
    MUST(pp_pool_create(&p, &program, &workers, &error));
    MUST(pp_pool_map(p, "compute_squares", items, sizeof(items[0]), ITEMS, result,
                     sizeof(result[0]), &one_by_one, NULL, &error));
    pp_pool_close(p);
    print_list("Result is: ", result, ITEMS);
    return 0;
}
