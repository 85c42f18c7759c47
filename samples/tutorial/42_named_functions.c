/* SPDX-License-Identifier: MIT */

/*
 * Functions have names: double in place of lambda
 *
 * Multiprocessing (hard, 40 min), "Pickling Constraints".
 *
 * Notice what a worker is told: the name of a function and bytes. A function without a name cannot
 * be pickled in Python; here there is none. One that is missing in the table is refused when it is
 * submitted, not in the worker. A pointer among the arguments would compile, and would point at
 * nothing in the worker: locks and other shared things go by .shared instead.
 */

#include "core/map.h"
#include "samples/tutorial/tutorial.h"

#define ITEMS 5

static int double_it(struct pp_call *call)
{
    int64_t x;

    TRY(pp_call_arguments(call, &x, sizeof(x)));
    x *= 2;
    return pp_call_reply(call, &x, sizeof(x));
}

static const struct pp_task_function functions[] = {{"double", double_it}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions};

int main(int argc, char **argv)
{
    PP_AUTO(pp_pool_destroy) struct pp_pool *ex = NULL;
    int64_t items[ITEMS] = {1, 2, 3, 4, 5};
    int64_t results[ITEMS];
    int r;

    pp_program_enter(&program, argc, argv);
    MUST(pp_pool_create(&ex, &program, NULL, &error));

    /* BAD: nothing has that name. */
    r = pp_pool_map(ex, "lambda x: x * 2", items, sizeof(items[0]), ITEMS, results,
                    sizeof(results[0]), NULL, NULL, &error);
    printf("lambda: %s\n", r < 0 ? strerror(-r) : "done");

    /* GOOD: a function of the program's table. */
    MUST(pp_pool_map(ex, "double", items, sizeof(items[0]), ITEMS, results, sizeof(results[0]),
                     NULL, NULL, &error));
    print_list("double: ", results, ITEMS);
    return 0;
}
