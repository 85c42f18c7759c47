/* SPDX-License-Identifier: MIT */

/*
 * Even numbers: a whole list as one message
 *
 * Multiprocessing in Python (2019), "MultiProcessing Queues".
 *
 * Notice that messages differ in length: the list of even numbers is shorter than the longest one
 * that the queue was made for, and get says how long it was.
 */

#include "core/process.h"
#include "core/queue.h"
#include "core/shared_memory.h"
#include "samples/tutorial/tutorial.h"

#define NUMBERS 100

/* Obtain the even numbers from a set of input numbers: the queue will consist of one list of all
 * even numbers. */
static int get_even(struct pp_call *call)
{
    int64_t nums[NUMBERS];
    int64_t even[NUMBERS];
    size_t count = 0;

    TRY(pp_call_arguments(call, nums, sizeof(nums)));
    for (int i = 0; i < NUMBERS; i++) {
        if (nums[i] % 2 == 0) {
            even[count++] = nums[i];
        }
    }
    return pp_queue_put(call->shared[0].bytes, even, count * sizeof(even[0]), -1);
}

static const struct pp_task_function functions[] = {{"get_even", get_even}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions};

int main(int argc, char **argv)
{
    PP_AUTO(pp_shared_memory_close) struct pp_shared_memory *block = NULL;
    int64_t numbers[NUMBERS];
    struct pp_process_options options = {
        .function = "get_even",
        PP_ARGUMENTS(numbers),
        .shared = &block,
        .shared_count = 1,
    };
    struct pp_process *p;
    struct pp_queue *q;
    size_t length;

    pp_program_enter(&program, argc, argv);
    for (int i = 0; i < NUMBERS; i++) {
        numbers[i] = i;
    }
    MUST(pp_shared_memory_create(&block, NULL, pp_queue_bytes(4, sizeof(numbers))));
    q = pp_shared_memory_bytes(block);
    MUST(pp_queue_init(q, 4, sizeof(numbers)));

    MUST(pp_process_start(&p, &program, &options, &error));
    MUST(pp_process_join(p, -1));
    pp_process_destroy(p);

    /* Display the contents of the queue until it is empty. */
    while (!pp_queue_empty(q)) {
        MUST(pp_queue_get(q, numbers, sizeof(numbers), &length, -1));
        print_list("Queue: ", numbers, length / sizeof(numbers[0]));
    }
    return 0;
}
