/* SPDX-License-Identifier: MIT */

/*
 * submit: one task, one future
 *
 * Python Multiprocessing Tutorial, "4. Using the concurrent.futures Module", "Using submit()".
 *
 * Notice that ProcessPoolExecutor and Pool are one thing here, and Future and AsyncResult.
 */

#include "core/pool.h"
#include "samples/tutorial/tutorial.h"

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
    PP_AUTO(pp_pool_destroy) struct pp_pool *executor = NULL;
    uint64_t start = pp_clock_ns();
    int seconds = 1;
    struct pp_task task = {.function = "do_something", PP_ARGUMENTS(seconds)};
    struct pp_future *f1;
    struct answer answer;

    pp_program_enter(&program, argc, argv);
    MUST(pp_pool_create(&executor, &program, NULL, &error));
    MUST(pp_pool_submit(executor, &task, &f1));
    MUST(pp_future_get(f1, &answer, sizeof(answer), -1, &error));
    puts(answer.text);
    pp_future_destroy(f1);
    printf("Finished in %.2f seconds\n", seconds_since(start));
    return 0;
}
