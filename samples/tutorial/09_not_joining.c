/* SPDX-License-Identifier: MIT */

/*
 * Not joining: what becomes of a process that nobody waits for
 *
 * Lesson 16.2, "Common Mistakes and Pitfalls", "3. Not Joining Processes".
 *
 * Notice the order of the lines. Without a join the program goes on before the process has done its
 * work, whatever it needed that work for. At its end, exit() waits for processes, but not for
 * daemons: those are killed in the middle of what they do.
 */

#include "core/process.h"
#include "samples/tutorial/tutorial.h"

static int worker(struct pp_call *call)
{
    (void)call;
    pause_for(1);
    printf("%s: done\n", pp_process_current().name);
    return 0;
}

static const struct pp_task_function functions[] = {{"worker", worker}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions, .share_stdout = true};

static struct pp_process *start(const char *name, bool daemon)
{
    struct pp_process_options options = {.function = "worker", .name = name, .daemon = daemon};
    struct pp_process *process;

    MUST(pp_process_start(&process, &program, &options, &error));
    return process;
}

int main(int argc, char **argv)
{
    struct pp_process *process;

    pp_program_enter(&program, argc, argv);

    /* CORRECT: always join. */
    process = start("joined", false);
    MUST(pp_process_join(process, -1));
    puts("main: its work is done");
    pp_process_destroy(process);

    /* WRONG: the main process goes on, and comes to its end, before they are done. */
    pp_process_destroy(start("forgotten", false));
    pp_process_destroy(start("forgotten daemon", true));
    puts("main: the end, and their work is not done");
    return 0;
}
