/* SPDX-License-Identifier: MIT */

/*
 * Jobs queue: four workers take jobs until None comes
 *
 * Multiprocessing (hard, 40 min), "Inter-Process Communication", "Queue and Pipe".
 *
 * Notice that each worker takes one None, so there are as many as workers. Who is free takes the
 * next job; nobody hands them out. If a worker were killed while it reads a job, another one would
 * get it. For work of this shape a pool is less to write: see 28_pool.c.
 */

#include "core/process.h"
#include "core/queue.h"
#include "core/shared_memory.h"
#include "samples/tutorial/tutorial.h"

#define WORKERS 4
#define JOBS    12

static void process_item(int item)
{
    pause_for(0.1);
    printf("%s processed job %d\n", pp_process_current().name, item);
}

static int worker(struct pp_call *call)
{
    int item;
    int r;

    while ((r = pp_queue_get(call->shared[0].bytes, &item, sizeof(item), NULL, -1)) == 0) {
        process_item(item);
    }
    return r == PP_QUEUE_NONE ? 0 : r;
}

static const struct pp_task_function functions[] = {{"worker", worker}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions, .share_stdout = true};

int main(int argc, char **argv)
{
    PP_AUTO(pp_shared_memory_close) struct pp_shared_memory *block = NULL;
    struct pp_process_options options = {.function = "worker", .shared = &block, .shared_count = 1};
    struct pp_process *workers[WORKERS];
    struct pp_queue *q;

    pp_program_enter(&program, argc, argv);
    MUST(pp_shared_memory_create(&block, NULL, pp_queue_bytes(JOBS, sizeof(int))));
    q = pp_shared_memory_bytes(block);
    MUST(pp_queue_init(q, JOBS, sizeof(int)));

    for (int i = 0; i < WORKERS; i++) {
        MUST(pp_process_start(&workers[i], &program, &options, &error));
    }
    for (int item = 0; item < JOBS; item++) {
        MUST(pp_queue_put(q, &item, sizeof(item), -1));
    }
    for (int i = 0; i < WORKERS; i++) {
        MUST(pp_queue_put_none(q, -1)); /* shutdown signal */
    }
    for (int i = 0; i < WORKERS; i++) {
        MUST(pp_process_join(workers[i], -1));
        pp_process_destroy(workers[i]);
    }
    return 0;
}
