/* SPDX-License-Identifier: MIT */

/*
 * Shared array: each process writes its own place
 *
 * Lesson 16.2, "Shared Array".
 *
 * Notice that no lock of the program's own is needed: each place has one writer, and the array
 * takes its own lock for every access. An index outside the array is an error, not a crash.
 */

#include "core/array.h"
#include "core/process.h"
#include "core/shared_memory.h"
#include "samples/tutorial/tutorial.h"

#define LENGTH 5

struct place {
    size_t index;
    int64_t value;
};

static int worker(struct pp_call *call)
{
    struct place place;

    TRY(pp_call_arguments(call, &place, sizeof(place)));
    TRY(pp_array_set_int(call->shared[0].bytes, place.index, place.value));
    printf("Set index %zu to %" PRId64 "\n", place.index, place.value);
    return 0;
}

static const struct pp_task_function functions[] = {{"worker", worker}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions, .share_stdout = true};

int main(int argc, char **argv)
{
    PP_AUTO(pp_shared_memory_close) struct pp_shared_memory *block = NULL;
    struct pp_process *processes[LENGTH];
    struct pp_array *shared_array;
    int64_t numbers[LENGTH];
    size_t bytes;

    pp_program_enter(&program, argc, argv);
    MUST(pp_array_bytes('i', LENGTH, &bytes)); /* integer array of size 5 */
    MUST(pp_shared_memory_create(&block, NULL, bytes));
    shared_array = pp_shared_memory_bytes(block);
    MUST(pp_array_init(shared_array, 'i', LENGTH));

    for (size_t i = 0; i < LENGTH; i++) {
        struct place place = {.index = i, .value = (int64_t)i * 10};
        struct pp_process_options options = {
            .function = "worker", PP_ARGUMENTS(place), .shared = &block, .shared_count = 1};

        MUST(pp_process_start(&processes[i], &program, &options, &error));
    }
    for (size_t i = 0; i < LENGTH; i++) {
        MUST(pp_process_join(processes[i], -1));
        pp_process_destroy(processes[i]);
    }
    for (size_t i = 0; i < LENGTH; i++) {
        MUST(pp_array_get_int(shared_array, i, &numbers[i]));
    }
    print_list("Final array: ", numbers, LENGTH);
    return 0;
}
