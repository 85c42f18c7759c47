/* SPDX-License-Identifier: MIT */

/*
 * Critical section: five processes, one at a time
 *
 * Python Multiprocessing Tutorial, "Process Synchronization".
 *
 * Notice that nobody says who is next. And that a process that dies in the section does not lock
 * the others out for ever: the next one is let in and told that it died. pp_lock_enter() is for
 * those who need not know, as here, where nothing can be left half done; pp_lock_acquire() tells.
 */

#include "core/lock.h"
#include "core/process.h"
#include "core/shared_memory.h"
#include "samples/tutorial/tutorial.h"

#define PROCESSES 5

static int critical_section(struct pp_call *call)
{
    struct pp_lock *lock = call->shared[0].bytes;
    char name[16];

    TRY(pp_call_arguments(call, name, sizeof(name)));
    TRY(pp_lock_enter(lock)); /* ensures exclusive access */
    printf("%s is executing\n", name);
    pause_for(1);
    return pp_lock_release(lock);
}

static const struct pp_task_function functions[] = {
    {"critical_section", critical_section},
    {NULL, NULL},
};
static const struct pp_program program = {.functions = functions, .share_stdout = true};

int main(int argc, char **argv)
{
    PP_AUTO(pp_shared_memory_close) struct pp_shared_memory *block = NULL;
    struct pp_process *processes[PROCESSES];

    pp_program_enter(&program, argc, argv);
    MUST(pp_shared_memory_create(&block, NULL, sizeof(struct pp_lock)));
    pp_lock_init(pp_shared_memory_bytes(block));
    for (int i = 0; i < PROCESSES; i++) {
        char name[16] = "";
        struct pp_process_options options = {
            .function = "critical_section",
            PP_ARGUMENTS(name),
            .shared = &block,
            .shared_count = 1,
        };

        snprintf(name, sizeof(name), "Process %d", i);
        MUST(pp_process_start(&processes[i], &program, &options, &error));
    }
    for (int i = 0; i < PROCESSES; i++) {
        MUST(pp_process_join(processes[i], -1));
        pp_process_destroy(processes[i]);
    }
    return 0;
}
