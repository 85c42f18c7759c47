/* SPDX-License-Identifier: MIT */

/*
 * Pool: four workers, ten tasks
 *
 * Lesson 16.2, "Process Pools", "Using Pool".
 *
 * Notice that ten tasks of one second take three seconds: four, four and two at a time. Items and
 * results are arrays; results[i] is that of items[i], whoever worked it out and when. The pool goes
 * when its variable does: PP_AUTO() is what "with" is in Python.
 */

#include "core/map.h"
#include "samples/tutorial/tutorial.h"

#define ITEMS 10

static int worker(struct pp_call *call)
{
    int64_t x;

    TRY(pp_call_arguments(call, &x, sizeof(x)));
    printf("Processing %" PRId64 "\n", x);
    pause_for(1);
    x *= x;
    return pp_call_reply(call, &x, sizeof(x));
}

static const struct pp_task_function functions[] = {{"worker", worker}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions, .share_stdout = true};

int main(int argc, char **argv)
{
    PP_AUTO(pp_pool_destroy) struct pp_pool *pool = NULL;
    struct pp_pool_options options = {.processes = 4};
    int64_t items[ITEMS];
    int64_t results[ITEMS];

    pp_program_enter(&program, argc, argv);
    for (int i = 0; i < ITEMS; i++) {
        items[i] = i;
    }
    MUST(pp_pool_create(&pool, &program, &options, &error));
    MUST(pp_pool_map(pool, "worker", items, sizeof(items[0]), ITEMS, results, sizeof(results[0]),
                     NULL, NULL, &error));
    print_list("Results: ", results, ITEMS);
    return 0;
}
