/* SPDX-License-Identifier: MIT */

/*
 * Many processes: start all, then wait for all
 *
 * Lesson 16.2, "Multiple Processes".
 *
 * Notice the two loops: had the first one waited too, the processes would run one after the other.
 * Arguments are copied when a process starts, so one variable serves for all three.
 */

#include "core/process.h"
#include "samples/tutorial/tutorial.h"

#define PROCESSES 3

struct work {
    char name[16];
    double delay; /* seconds */
};

static int worker(struct pp_call *call)
{
    struct work work;

    TRY(pp_call_arguments(call, &work, sizeof(work)));
    printf("Process %s starting\n", work.name);
    pause_for(work.delay);
    printf("Process %s finished\n", work.name);
    return 0;
}

static const struct pp_task_function functions[] = {{"worker", worker}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions, .share_stdout = true};

int main(int argc, char **argv)
{
    struct pp_process *processes[PROCESSES];

    pp_program_enter(&program, argc, argv);
    for (int i = 0; i < PROCESSES; i++) {
        struct work work = {.delay = 2};
        struct pp_process_options options = {.function = "worker", PP_ARGUMENTS(work)};

        snprintf(work.name, sizeof(work.name), "Worker%d", i);
        MUST(pp_process_start(&processes[i], &program, &options, &error));
    }
    for (int i = 0; i < PROCESSES; i++) {
        MUST(pp_process_join(processes[i], -1));
        pp_process_destroy(processes[i]);
    }
    puts("All processes finished");
    return 0;
}
