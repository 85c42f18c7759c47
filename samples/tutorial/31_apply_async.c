/* SPDX-License-Identifier: MIT */

/*
 * apply_async: submit now, get the result later
 *
 * Lesson 16.2, "Pool.apply_async()".
 *
 * Notice that submitting never waits. What it gives is a future; pp_future_get() waits for its
 * task, and copies what the task replied: here a text, in an array as long as both sides agreed.
 */

#include "core/pool.h"
#include "samples/tutorial/tutorial.h"

#define TASKS 5

struct work {
    char name[16];
    double delay; /* seconds */
};

struct answer {
    char text[32];
};

static int worker(struct pp_call *call)
{
    struct work work;
    struct answer answer = {""};

    TRY(pp_call_arguments(call, &work, sizeof(work)));
    printf("%s starting\n", work.name);
    pause_for(work.delay);
    snprintf(answer.text, sizeof(answer.text), "%s finished", work.name);
    return pp_call_reply(call, &answer, sizeof(answer));
}

static const struct pp_task_function functions[] = {{"worker", worker}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions, .share_stdout = true};

int main(int argc, char **argv)
{
    PP_AUTO(pp_pool_destroy) struct pp_pool *pool = NULL;
    struct pp_future *results[TASKS];

    pp_program_enter(&program, argc, argv);
    MUST(pp_pool_create(&pool, &program, NULL, &error));
    for (int i = 0; i < TASKS; i++) {
        struct work work = {.delay = 1};
        struct pp_task task = {.function = "worker", PP_ARGUMENTS(work)};

        snprintf(work.name, sizeof(work.name), "Worker%d", i);
        MUST(pp_pool_submit(pool, &task, &results[i]));
    }

    /* Get results. */
    for (int i = 0; i < TASKS; i++) {
        struct answer answer;

        MUST(pp_future_get(results[i], &answer, sizeof(answer), -1, &error));
        puts(answer.text);
        pp_future_destroy(results[i]);
    }
    return 0;
}
