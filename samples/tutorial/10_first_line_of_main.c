/* SPDX-License-Identifier: MIT */

/*
 * The first line of main(): pp_program_enter(), Python's "if __name__ == '__main__'"
 *
 * Lesson 16.2, "Common Mistakes and Pitfalls", "1. Not Using if __name__ == '__main__'", and "Best
 * Practices", 1; Multiprocessing (hard, 40 min), "Always guard with if __name__ == '__main__'".
 *
 * Notice that the line before it is printed twice: by the program that you started, and by the one
 * from which processes are forked, which is this program, started again. So whatever stands there
 * is done by both. Processes that are started there would start processes in their turn, without
 * an end; this library refuses to.
 */

#include "core/process.h"
#include "samples/tutorial/tutorial.h"

static int worker(struct pp_call *call)
{
    (void)call;
    puts("Working");
    return 0;
}

static const struct pp_task_function functions[] = {{"worker", worker}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions, .share_stdout = true};

int main(int argc, char **argv)
{
    struct pp_process_options options = {.function = "worker"};
    struct pp_process *process;
    int r;

    /* WRONG: before pp_program_enter(). */
    r = pp_process_start(&process, &program, &options, &error);
    printf("Too early: %s\n", r < 0 ? strerror(-r) : "started");
    fflush(stdout); /* or whoever is forked from here has the line in his buffer */

    /* CORRECT: after it. */
    pp_program_enter(&program, argc, argv);
    MUST(pp_process_start(&process, &program, &options, &error));
    MUST(pp_process_join(process, -1));
    pp_process_destroy(process);
    return 0;
}
