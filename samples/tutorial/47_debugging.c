/* SPDX-License-Identifier: MIT */

/*
 * Debugging and profiling: who runs, what ran when, and how to get a debugger in
 *
 * Python Multiprocessing Tutorial, "Multiprocessing Debugging & Profiling"; lesson 16.2, "Debug
 * multiprocessing issues".
 *
 * Notice what there is besides:
 *
 *     PIXPOOL_LOG=debug 47_debugging       says on standard error what the library does
 *     47_debugging trace.json              writes when each task ran, and where; ui.perfetto.dev
 *                                          draws it
 *     47_debugging trace.json in-process   runs tasks in main(): with gdb, or under valgrind, there
 *                                          is one process and one thread
 */

#include <fcntl.h>
#include <unistd.h>

#include "core/map.h"
#include "core/process.h"
#include "core/trace.h"
#include "samples/tutorial/tutorial.h"

#define TASKS 8

static int work(struct pp_call *call)
{
    (void)call;
    pp_call_phase(call, "sleep"); /* where it died or was too slow, if it does */
    pause_for(0.2);
    return 0;
}

static const struct pp_task_function functions[] = {{"work", work}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions};

static void print_active_children(void)
{
    printf("Active Processes: %zu\n", pp_process_active_children(NULL, 0));
}

static void look_at_processes(void)
{
    struct pp_process_options options = {.function = "work"};
    struct pp_process *processes[2];

    print_active_children();
    for (int i = 0; i < 2; i++) {
        MUST(pp_process_start(&processes[i], &program, &options, &error));
    }
    print_active_children();
    for (int i = 0; i < 2; i++) {
        MUST(pp_process_join(processes[i], -1));
        pp_process_destroy(processes[i]);
    }
    print_active_children();
}

static void run_tasks(struct pp_trace *trace, bool in_process)
{
    PP_AUTO(pp_pool_destroy) struct pp_pool *pool = NULL;
    struct pp_pool_options options = {
        .processes = 2,
        .trace = trace,
        .start_method = in_process ? PP_START_IN_PROCESS : PP_START_FORKSERVER,
    };
    struct pp_map_options one_by_one = {.chunk_items = 1};
    char items[TASKS] = {0};

    MUST(pp_pool_create(&pool, &program, &options, &error));
    MUST(pp_pool_map(pool, "work", items, 1, TASKS, NULL, 0, &one_by_one, NULL, &error));
    printf("%d tasks ran\n", TASKS);
}

int main(int argc, char **argv)
{
    struct pp_trace *trace = NULL;
    bool in_process;

    pp_program_enter(&program, argc, argv);
    in_process = argc > 2 && strcmp(argv[2], "in-process") == 0;
    if (!in_process) {
        look_at_processes();
    }
    if (argc > 1) {
        int fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

        MUST(fd < 0 ? -errno : 0);
        MUST(pp_trace_create(&trace, fd));
        close(fd);
    }
    run_tasks(trace, in_process);
    if (trace != NULL) {
        MUST(pp_trace_destroy(trace));
        printf("written: %s\n", argv[1]);
    }
    return 0;
}
