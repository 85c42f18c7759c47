/* SPDX-License-Identifier: MIT */

/*
 * Sleeping: the same work serially, in two processes, in ten
 *
 * Python Multiprocessing Tutorial, "2. Basic Multiprocessing Example" and "3. Passing Arguments to
 * Multiprocessing".
 *
 * Notice the times: two seconds, one, and one and a half for fifteen seconds of sleep.
 */

#include "core/process.h"
#include "samples/tutorial/tutorial.h"

static void do_something(double seconds)
{
    printf("Sleeping for %g second(s)...\n", seconds);
    pause_for(seconds);
    puts("Done sleeping...");
}

static int do_something_there(struct pp_call *call)
{
    double seconds;

    TRY(pp_call_arguments(call, &seconds, sizeof(seconds)));
    do_something(seconds);
    return 0;
}

static const struct pp_task_function functions[] = {
    {"do_something", do_something_there},
    {NULL, NULL},
};
static const struct pp_program program = {.functions = functions, .share_stdout = true};

static void run_serially(void)
{
    uint64_t start = pp_clock_ns();

    do_something(1);
    do_something(1);
    printf("Finished in %.2f seconds\n", seconds_since(start));
}

/* At most ten processes. */
static void run_in_processes(int count, double seconds)
{
    struct pp_process_options options = {.function = "do_something", PP_ARGUMENTS(seconds)};
    struct pp_process *processes[10];
    uint64_t start = pp_clock_ns();

    for (int i = 0; i < count; i++) {
        MUST(pp_process_start(&processes[i], &program, &options, &error));
    }
    for (int i = 0; i < count; i++) {
        MUST(pp_process_join(processes[i], -1));
        pp_process_destroy(processes[i]);
    }
    printf("Finished in %.2f seconds\n", seconds_since(start));
}

int main(int argc, char **argv)
{
    pp_program_enter(&program, argc, argv);
    run_serially();
    run_in_processes(2, 1);
    run_in_processes(10, 1.5);
    return 0;
}
