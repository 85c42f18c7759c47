/* SPDX-License-Identifier: MIT */

/*
 * Basic process: one function, running by itself
 *
 * Lesson 16.2, "Basic Process Creation".
 *
 * Notice the first line of main(). The process is this program, started again: it must find out
 * what it was started for before it does anything else. That is what "if __name__ == '__main__'" is
 * for in Python. It then looks the function up by its name in the table.
 */

#include "core/process.h"
#include "samples/tutorial/tutorial.h"

static int worker(struct pp_call *call)
{
    char name[8];

    TRY(pp_call_arguments(call, name, sizeof(name)));
    printf("Process %s starting\n", name);
    pause_for(2);
    printf("Process %s finished\n", name);
    return 0;
}

static const struct pp_task_function functions[] = {{"worker", worker}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions, .share_stdout = true};

int main(int argc, char **argv)
{
    struct pp_process *process;
    struct pp_process_options options = {.function = "worker", PP_ARGUMENTS("Worker1")};

    pp_program_enter(&program, argc, argv);
    MUST(pp_process_start(&process, &program, &options, &error));
    MUST(pp_process_join(process, -1)); /* wait for the process to complete */
    puts("Main process continuing");
    pp_process_destroy(process);
    return 0;
}
