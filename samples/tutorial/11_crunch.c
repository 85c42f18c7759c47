/* SPDX-License-Identifier: MIT */

/*
 * Crunch: four processes that compute
 *
 * Multiprocessing (hard, 40 min), "Process and Pool".
 *
 * Notice the sum: it has 21 digits, more than 64 bits hold. Python's integers grow; in C it is the
 * programmer who knows how large a number can become. Unsigned ones start again at 0, silently.
 */

#include "core/process.h"
#include "samples/tutorial/tutorial.h"

#define PROCESSES 4

static int crunch(struct pp_call *call)
{
    uint64_t n;
    wide total = 0;

    TRY(pp_call_arguments(call, &n, sizeof(n)));
    for (uint64_t i = 0; i < n; i++) {
        total += i * i;
    }
    printf("%" PRIu64 ": %s\n", n, WIDE_TEXT(total));
    return 0;
}

static const struct pp_task_function functions[] = {{"crunch", crunch}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions, .share_stdout = true};

int main(int argc, char **argv)
{
    uint64_t n = 10000000;
    struct pp_process_options options = {.function = "crunch", PP_ARGUMENTS(n)};
    struct pp_process *processes[PROCESSES];

    pp_program_enter(&program, argc, argv);
    for (int i = 0; i < PROCESSES; i++) {
        MUST(pp_process_start(&processes[i], &program, &options, &error));
    }
    for (int i = 0; i < PROCESSES; i++) {
        MUST(pp_process_join(processes[i], -1));
        pp_process_destroy(processes[i]);
    }
    return 0;
}
