/* SPDX-License-Identifier: MIT */

/*
 * Worker pool: x ** 2 for ten numbers, a second each
 *
 * Python Multiprocessing Tutorial, "Multiprocessing with Worker Pools".
 *
 * Notice that the pool has a worker for each processor, so ten seconds of work take ten seconds by
 * their number. Work that sleeps could have more: .processes = 10.
 */

#include "core/map.h"
#include "samples/tutorial/tutorial.h"

#define ITEMS 10

static int compute(struct pp_call *call)
{
    int64_t x;

    TRY(pp_call_arguments(call, &x, sizeof(x)));
    pause_for(1);
    x *= x;
    return pp_call_reply(call, &x, sizeof(x));
}

static const struct pp_task_function functions[] = {{"compute", compute}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions};

int main(int argc, char **argv)
{
    PP_AUTO(pp_pool_destroy) struct pp_pool *executor = NULL;
    int64_t numbers[ITEMS];
    int64_t results[ITEMS];

    pp_program_enter(&program, argc, argv);
    for (int i = 0; i < ITEMS; i++) {
        numbers[i] = i;
    }
    MUST(pp_pool_create(&executor, &program, NULL, &error));
    MUST(pp_pool_map(executor, "compute", numbers, sizeof(numbers[0]), ITEMS, results,
                     sizeof(results[0]), NULL, NULL, &error));
    print_list("", results, ITEMS); /* squared values of 0-9 */
    return 0;
}
