/* SPDX-License-Identifier: MIT */

/*
 * longSquare: two processes, ten, a hundred
 *
 * Post 49, "Step 2" to "Step 4" and "Running with 100 Processes".
 *
 * Notice that a hundred take little longer than two: they sleep, and a process that sleeps needs no
 * core. Had they a second of work each, they would take a hundred seconds by the number of cores.
 */

#include "core/process.h"
#include "samples/tutorial/tutorial.h"

#define PROCESSES_MAX 100

static int long_square(struct pp_call *call)
{
    int n;

    TRY(pp_call_arguments(call, &n, sizeof(n)));
    pause_for(1);
    printf("Square of %d is %d\n", n, n * n);
    return 0;
}

static const struct pp_task_function functions[] = {{"longSquare", long_square}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions, .share_stdout = true};

/* Square the numbers from @first on, each in a process of its own. */
static void square(int first, int count)
{
    struct pp_process *processes[PROCESSES_MAX];
    uint64_t start = pp_clock_ns();

    for (int i = 0; i < count; i++) {
        int n = first + i;
        struct pp_process_options options = {.function = "longSquare", PP_ARGUMENTS(n)};

        MUST(pp_process_start(&processes[i], &program, &options, &error));
    }
    for (int i = 0; i < count; i++) {
        MUST(pp_process_join(processes[i], -1));
        pp_process_destroy(processes[i]);
    }
    printf("%d processes: %.2f seconds\n", count, seconds_since(start));
}

int main(int argc, char **argv)
{
    pp_program_enter(&program, argc, argv);
    square(2, 2);
    square(0, 10);
    square(0, PROCESSES_MAX);
    return 0;
}
