/* SPDX-License-Identifier: MIT */

/*
 * Shared value: five processes count with one number, one at a time
 *
 * Lesson 16.2, "Process Communication", "Shared Memory".
 *
 * Notice that whatever processes share lies in one struct in one block, whose first byte each of
 * them finds as call->shared[0].bytes. And that under the lock the number goes up by one with each
 * line, whoever prints it.
 */

#include "core/lock.h"
#include "core/process.h"
#include "core/shared_memory.h"
#include "core/value.h"
#include "samples/tutorial/tutorial.h"

#define PROCESSES 5

struct shared {
    struct pp_value value;
    struct pp_lock lock;
};

static int worker(struct pp_call *call)
{
    struct shared *shared = call->shared[0].bytes;
    int64_t value;

    TRY(pp_lock_enter(&shared->lock));
    TRY(pp_value_get_int(&shared->value, &value));
    value++;
    TRY(pp_value_set_int(&shared->value, value));
    printf("Value: %" PRId64 "\n", value);
    return pp_lock_release(&shared->lock);
}

static const struct pp_task_function functions[] = {{"worker", worker}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions, .share_stdout = true};

int main(int argc, char **argv)
{
    PP_AUTO(pp_shared_memory_close) struct pp_shared_memory *block = NULL;
    struct pp_process_options options = {.function = "worker", .shared = &block, .shared_count = 1};
    struct pp_process *processes[PROCESSES];
    struct shared *shared;
    int64_t value;

    pp_program_enter(&program, argc, argv);
    MUST(pp_shared_memory_create(&block, NULL, sizeof(*shared)));
    shared = pp_shared_memory_bytes(block);
    MUST(pp_value_init(&shared->value, 'i')); /* Integer; 0 */
    pp_lock_init(&shared->lock);

    for (int i = 0; i < PROCESSES; i++) {
        MUST(pp_process_start(&processes[i], &program, &options, &error));
    }
    for (int i = 0; i < PROCESSES; i++) {
        MUST(pp_process_join(processes[i], -1));
        pp_process_destroy(processes[i]);
    }
    MUST(pp_value_get_int(&shared->value, &value));
    printf("Final value: %" PRId64 "\n", value);
    return 0;
}
