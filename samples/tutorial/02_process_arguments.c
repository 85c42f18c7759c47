/* SPDX-License-Identifier: MIT */

/*
 * Process with arguments: a struct in place of a tuple
 *
 * Lesson 16.2, "Process with Arguments".
 *
 * Notice that arguments are the bytes of a struct. Nothing is pickled: the process is the same
 * program, so it knows the struct. It must hold no pointer, since the process has other memory; so
 * texts are arrays. A struct of another size is refused.
 */

#include "core/process.h"
#include "samples/tutorial/tutorial.h"

struct work {
    char name[16];
    int count;
    double delay; /* seconds */
};

static int worker(struct pp_call *call)
{
    struct work work;

    TRY(pp_call_arguments(call, &work, sizeof(work)));
    for (int i = 0; i < work.count; i++) {
        printf("%s: %d\n", work.name, i);
        pause_for(work.delay);
    }
    return 0;
}

static const struct pp_task_function functions[] = {{"worker", worker}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions, .share_stdout = true};

int main(int argc, char **argv)
{
    struct work work = {.name = "Worker", .count = 5, .delay = 0.5};
    struct pp_process_options options = {.function = "worker", PP_ARGUMENTS(work)};
    struct pp_process *process;

    pp_program_enter(&program, argc, argv);
    MUST(pp_process_start(&process, &program, &options, &error));
    MUST(pp_process_join(process, -1));
    pp_process_destroy(process);
    return 0;
}
