/* SPDX-License-Identifier: MIT */

/*
 * Queue: a producer, a consumer, and None at the end
 *
 * Lesson 16.2, "Process Communication", "Queue".
 *
 * Notice where the queue lies: in a block of shared memory, which both processes are given. It has
 * a fixed length, so a producer that is too fast waits. None is no value of C; it has a function of
 * its own, and comes out of get as PP_QUEUE_NONE.
 */

#include "core/process.h"
#include "core/queue.h"
#include "core/shared_memory.h"
#include "samples/tutorial/tutorial.h"

#define QUEUE_LENGTH 8

static int producer(struct pp_call *call)
{
    struct pp_queue *q = call->shared[0].bytes;

    for (int i = 0; i < 5; i++) {
        printf("Producing %d\n", i);
        TRY(pp_queue_put(q, &i, sizeof(i), -1));
        pause_for(0.5);
    }
    return pp_queue_put_none(q, -1); /* signal completion */
}

static int consumer(struct pp_call *call)
{
    struct pp_queue *q = call->shared[0].bytes;
    int item;
    int r;

    while ((r = pp_queue_get(q, &item, sizeof(item), NULL, -1)) == 0) {
        printf("Consuming %d\n", item);
        pause_for(0.3);
    }
    return r == PP_QUEUE_NONE ? 0 : r;
}

static const struct pp_task_function functions[] = {
    {"producer", producer},
    {"consumer", consumer},
    {NULL, NULL},
};
static const struct pp_program program = {.functions = functions, .share_stdout = true};

int main(int argc, char **argv)
{
    PP_AUTO(pp_shared_memory_close) struct pp_shared_memory *block = NULL;
    struct pp_process_options produce = {
        .function = "producer", .shared = &block, .shared_count = 1};
    struct pp_process_options consume = {
        .function = "consumer", .shared = &block, .shared_count = 1};
    struct pp_process *p1;
    struct pp_process *p2;

    pp_program_enter(&program, argc, argv);
    MUST(pp_shared_memory_create(&block, NULL, pp_queue_bytes(QUEUE_LENGTH, sizeof(int))));
    MUST(pp_queue_init(pp_shared_memory_bytes(block), QUEUE_LENGTH, sizeof(int)));

    MUST(pp_process_start(&p1, &program, &produce, &error));
    MUST(pp_process_start(&p2, &program, &consume, &error));
    MUST(pp_process_join(p1, -1));
    MUST(pp_process_join(p2, -1));
    pp_process_destroy(p1);
    pp_process_destroy(p2);
    return 0;
}
