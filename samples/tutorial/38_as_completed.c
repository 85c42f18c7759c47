/* SPDX-License-Identifier: MIT */

/*
 * as_completed: results in the order in which they get done
 *
 * Python Multiprocessing Tutorial, "4. Using the concurrent.futures Module", "Using List
 * Comprehension".
 *
 * Notice that the longest sleep is submitted first and printed last, as long as there are workers
 * for all; with fewer processors than tasks the order depends on when a worker becomes free.
 */

#include "core/wait.h"
#include "samples/tutorial/tutorial.h"

#define TASKS 5

struct answer {
    char text[48];
};

static int do_something(struct pp_call *call)
{
    struct answer answer = {""};
    int seconds;

    TRY(pp_call_arguments(call, &seconds, sizeof(seconds)));
    printf("Sleeping for %d second(s)...\n", seconds);
    pause_for(seconds);
    snprintf(answer.text, sizeof(answer.text), "Done Sleeping...%d", seconds);
    return pp_call_reply(call, &answer, sizeof(answer));
}

static const struct pp_task_function functions[] = {{"do_something", do_something}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions, .share_stdout = true};

int main(int argc, char **argv)
{
    static const int secs[TASKS] = {5, 4, 3, 2, 1};
    PP_AUTO(pp_pool_destroy) struct pp_pool *executor = NULL;
    PP_AUTO(pp_as_completed_destroy) struct pp_as_completed *completed = NULL;
    uint64_t start = pp_clock_ns();
    struct pp_future *results[TASKS];
    struct pp_future *f;
    int r;

    pp_program_enter(&program, argc, argv);
    MUST(pp_pool_create(&executor, &program, NULL, &error));
    for (int i = 0; i < TASKS; i++) {
        struct pp_task task = {.function = "do_something", PP_ARGUMENTS(secs[i])};

        MUST(pp_pool_submit(executor, &task, &results[i]));
    }
    MUST(pp_as_completed_create(&completed, results, TASKS));
    while ((r = pp_as_completed_next(completed, -1, &f)) == 0) {
        struct answer answer;

        MUST(pp_future_get(f, &answer, sizeof(answer), 0, &error));
        puts(answer.text);
        pp_future_destroy(f);
    }
    MUST(r == -ENOENT ? 0 : r); /* that was the last one */
    printf("Finished in %.2f seconds\n", seconds_since(start));
    return 0;
}
