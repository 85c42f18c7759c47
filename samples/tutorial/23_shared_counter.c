/* SPDX-License-Identifier: MIT */

/*
 * Shared counter: a number with a lock of its own
 *
 * Python Multiprocessing Tutorial, "Using Shared Memory for Faster Communication"; Multiprocessing
 * (hard, 40 min), "Exercise 4: Shared counter".
 *
 * Notice get_lock(): every value has a lock, for those who do more than read it or write it. It may
 * be taken again by who has it, so get and set, which take it too, work inside.
 */

#include "core/process.h"
#include "core/shared_memory.h"
#include "core/value.h"
#include "samples/tutorial/tutorial.h"

#define PROCESSES 10

static int increment(struct pp_call *call)
{
    struct pp_value *shared_counter = call->shared[0].bytes;
    int64_t count;

    TRY(pp_rlock_enter(pp_value_get_lock(shared_counter)));
    TRY(pp_value_get_int(shared_counter, &count));
    TRY(pp_value_set_int(shared_counter, count + 1));
    return pp_rlock_release(pp_value_get_lock(shared_counter));
}

static const struct pp_task_function functions[] = {{"increment", increment}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions};

int main(int argc, char **argv)
{
    PP_AUTO(pp_shared_memory_close) struct pp_shared_memory *block = NULL;
    struct pp_process_options options = {
        .function = "increment", .shared = &block, .shared_count = 1};
    struct pp_process *processes[PROCESSES];
    struct pp_value *counter;
    int64_t count;

    pp_program_enter(&program, argc, argv);
    MUST(pp_shared_memory_create(&block, NULL, sizeof(*counter)));
    counter = pp_shared_memory_bytes(block);
    MUST(pp_value_init(counter, 'i')); /* shared integer */

    for (int i = 0; i < PROCESSES; i++) {
        MUST(pp_process_start(&processes[i], &program, &options, &error));
    }
    for (int i = 0; i < PROCESSES; i++) {
        MUST(pp_process_join(processes[i], -1));
        pp_process_destroy(processes[i]);
    }
    MUST(pp_value_get_int(counter, &count));
    printf("Final Counter: %" PRId64 "\n", count); /* expected: 10 */
    return 0;
}
