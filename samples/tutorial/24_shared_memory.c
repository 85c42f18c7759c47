/* SPDX-License-Identifier: MIT */

/*
 * Shared memory: 256 numbers that any process can attach by name
 *
 * Multiprocessing (hard, 40 min), "Shared Memory".
 *
 * Notice that the child is told a name and nothing else: it could be a program that was started by
 * somebody else. The memory is an array of C, without a copy. Whoever made the block unlinks it;
 * close is for each one's own mapping. Blocks whose maker was killed before he could do so are
 * found by pp_shared_memory_sweep().
 */

#include <unistd.h>

#include "core/process.h"
#include "core/shared_memory.h"
#include "samples/tutorial/tutorial.h"

#define NUMBERS 256

/* Child: attach by name. */
static int child(struct pp_call *call)
{
    PP_AUTO(pp_shared_memory_close) struct pp_shared_memory *existing = NULL;
    char name[32];
    double *arr;

    TRY(pp_call_arguments(call, name, sizeof(name)));
    TRY(pp_shared_memory_attach(&existing, name));
    arr = pp_shared_memory_bytes(existing);
    printf("Child: %zu numbers, the first is %.2f\n",
           pp_shared_memory_size(existing) / sizeof(arr[0]), arr[0]);
    for (int i = 1; i < NUMBERS; i++) {
        arr[i] = arr[i - 1] + 1;
    }
    return 0;
}

static const struct pp_task_function functions[] = {{"child", child}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions, .share_stdout = true};

int main(int argc, char **argv)
{
    PP_AUTO(pp_shared_memory_close) struct pp_shared_memory *shm = NULL;
    char name[32] = "";
    struct pp_process_options options = {.function = "child", PP_ARGUMENTS(name)};
    struct pp_process *process;
    double *arr;

    pp_program_enter(&program, argc, argv);

    /* Parent: allocate the shared block. */
    snprintf(name, sizeof(name), "tutorial-%d", (int)getpid());
    MUST(pp_shared_memory_create(&shm, name, NUMBERS * sizeof(arr[0])));
    arr = pp_shared_memory_bytes(shm);
    arr[0] = 3.14;

    MUST(pp_process_start(&process, &program, &options, &error));
    MUST(pp_process_join(process, -1));
    pp_process_destroy(process);
    printf("Parent: the last is %.2f\n", arr[NUMBERS - 1]);

    MUST(pp_shared_memory_unlink(shm)); /* delete the block */
    return 0;
}
