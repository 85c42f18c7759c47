/* SPDX-License-Identifier: MIT */

/*
 * A process with its own run(): a struct, and a function that begins with it
 *
 * Lesson 16.2, "Process Class Inheritance".
 *
 * Notice what becomes of a subclass of Process: its attributes are the struct, __init__() fills it
 * in, and run() is the function that gets it. Its name is known to the library, so the process can
 * ask who it is.
 */

#include "core/process.h"
#include "samples/tutorial/tutorial.h"

struct worker_process {
    double seconds; /* of work */
};

static int worker_process_run(struct pp_call *call)
{
    struct worker_process self;
    const char *name = pp_process_current().name;

    TRY(pp_call_arguments(call, &self, sizeof(self)));
    printf("%s starting\n", name);
    pause_for(self.seconds);
    printf("%s finished\n", name);
    return 0;
}

static const struct pp_task_function functions[] = {
    {"WorkerProcess.run", worker_process_run},
    {NULL, NULL},
};
static const struct pp_program program = {.functions = functions, .share_stdout = true};

static int worker_process_start(struct pp_process **ret_process, const char *name)
{
    struct worker_process self = {.seconds = 2};
    struct pp_process_options options = {
        .function = "WorkerProcess.run",
        .name = name,
        PP_ARGUMENTS(self),
    };

    return pp_process_start(ret_process, &program, &options, &error);
}

int main(int argc, char **argv)
{
    struct pp_process *process;

    pp_program_enter(&program, argc, argv);
    MUST(worker_process_start(&process, "Worker1"));
    MUST(pp_process_join(process, -1));
    pp_process_destroy(process);
    return 0;
}
