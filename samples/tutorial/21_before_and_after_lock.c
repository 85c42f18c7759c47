/* SPDX-License-Identifier: MIT */

/*
 * Before lock, after lock: one process adds, one subtracts
 *
 * Multiprocessing in Python (2019), "Multiprocessing Value and Lock".
 *
 * Notice that a lock inside of get and of set does not help: between the two the other process
 * changes the number, and its change is lost. The whole of get, change and set has to be under one
 * lock. There are more rounds than in the tutorial, since 10000 are over in C before the second
 * process has begun, and then the mistake does not show.
 */

#include "core/lock.h"
#include "core/process.h"
#include "core/shared_memory.h"
#include "core/value.h"
#include "samples/tutorial/tutorial.h"

#define ROUNDS 200000

struct shared {
    struct pp_value val;
    struct pp_lock lock;
};

struct work {
    int64_t step; /* add 1, or subtract 1 */
    bool with_lock;
};

static int change(struct pp_value *val, int64_t step)
{
    int64_t number;

    TRY(pp_value_get_int(val, &number));
    return pp_value_set_int(val, number + step);
}

static int work(struct pp_call *call)
{
    struct shared *shared = call->shared[0].bytes;
    struct work work;

    TRY(pp_call_arguments(call, &work, sizeof(work)));
    for (int i = 0; i < ROUNDS; i++) {
        if (work.with_lock) {
            TRY(pp_lock_enter(&shared->lock));
        }
        TRY(change(&shared->val, work.step));
        if (work.with_lock) {
            TRY(pp_lock_release(&shared->lock));
        }
    }
    return 0;
}

static const struct pp_task_function functions[] = {{"work", work}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions};

static void add_and_subtract(struct pp_shared_memory *block, bool with_lock)
{
    struct shared *shared = pp_shared_memory_bytes(block);
    struct pp_process *processes[2];
    int64_t number;

    MUST(pp_value_init(&shared->val, 'i'));
    MUST(pp_value_set_int(&shared->val, 1));
    pp_lock_init(&shared->lock);
    for (int i = 0; i < 2; i++) {
        struct work arguments = {.step = i == 0 ? 1 : -1, .with_lock = with_lock};
        struct pp_process_options options = {
            .function = "work", PP_ARGUMENTS(arguments), .shared = &block, .shared_count = 1};

        MUST(pp_process_start(&processes[i], &program, &options, &error));
    }
    for (int i = 0; i < 2; i++) {
        MUST(pp_process_join(processes[i], -1));
        pp_process_destroy(processes[i]);
    }
    MUST(pp_value_get_int(&shared->val, &number));
    printf("%s lock: Value is %" PRId64 "\n", with_lock ? "After" : "Before", number);
}

int main(int argc, char **argv)
{
    PP_AUTO(pp_shared_memory_close) struct pp_shared_memory *block = NULL;

    pp_program_enter(&program, argc, argv);
    MUST(pp_shared_memory_create(&block, NULL, sizeof(struct shared)));
    add_and_subtract(block, false);
    add_and_subtract(block, true);
    return 0;
}
