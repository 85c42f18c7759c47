/* SPDX-License-Identifier: MIT */

/*
 * Process information: who am I, and who started me?
 *
 * Lesson 16.2, "Process Information".
 *
 * Notice that the parent is the program that started the process. For the kernel there is one
 * between them, the zygote, from which processes are forked so that the program may have threads;
 * getppid() would say that one. And as in Python, a process that asks is alive.
 */

#include "core/process.h"
#include "samples/tutorial/tutorial.h"

static int worker(struct pp_call *call)
{
    struct pp_process_self self = pp_process_current();

    (void)call; /* no arguments */
    printf("Name: %s\n", self.name);
    printf("PID: %d\n", self.pid);
    printf("Parent PID: %d\n", self.parent_pid);
    puts("Alive: True");
    return 0;
}

static const struct pp_task_function functions[] = {{"worker", worker}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions, .share_stdout = true};

int main(int argc, char **argv)
{
    struct pp_process_options options = {.function = "worker", .name = "Worker"};
    struct pp_process *process;

    pp_program_enter(&program, argc, argv);
    MUST(pp_process_start(&process, &program, &options, &error));
    MUST(pp_process_join(process, -1));
    printf("Seen from outside: %s had PID %d, alive: %s, exit code %d\n", pp_process_name(process),
           pp_process_pid(process), pp_process_is_alive(process) ? "True" : "False",
           pp_process_exitcode(process));
    pp_process_destroy(process);
    return 0;
}
