/* SPDX-License-Identifier: MIT */

/*
 * Exceptions: a task that fails, and a worker that crashes
 *
 * Lesson 16.2, "Best Practices", "5. Handle Exceptions".
 *
 * Notice that both are results like others: the pool goes on, and says which task it was. A task
 * fails by returning a negative errno, with a message of pp_call_fail() where there is more to say.
 * A crash, which in Python's pools ends the pool or leaves it waiting for ever, costs its one task.
 */

#include "core/pool.h"
#include "samples/tutorial/tutorial.h"

#define TASKS 4

static int divide(struct pp_call *call)
{
    int x;

    TRY(pp_call_arguments(call, &x, sizeof(x)));
    if (x == 0) {
        return pp_call_fail(call, -EDOM, "division by zero");
    }
    if (x == 13) {
        abort(); /* an error in the program */
    }
    x = 100 / x;
    return pp_call_reply(call, &x, sizeof(x));
}

static const struct pp_task_function functions[] = {{"divide", divide}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions};

int main(int argc, char **argv)
{
    static const int numbers[TASKS] = {4, 0, 13, 5};
    PP_AUTO(pp_pool_destroy) struct pp_pool *pool = NULL;
    struct pp_future *futures[TASKS];

    pp_program_enter(&program, argc, argv);
    MUST(pp_pool_create(&pool, &program, NULL, &error));
    for (int i = 0; i < TASKS; i++) {
        struct pp_task task = {.function = "divide", PP_ARGUMENTS(numbers[i])};

        MUST(pp_pool_submit(pool, &task, &futures[i]));
    }
    for (int i = 0; i < TASKS; i++) {
        int quotient;

        if (pp_future_get(futures[i], &quotient, sizeof(quotient), -1, &error) == 0) {
            printf("100 / %d = %d\n", numbers[i], quotient);
        } else {
            printf("100 / %d: Error: %s\n", numbers[i], error.message);
        }
        pp_future_destroy(futures[i]);
    }
    return 0;
}
