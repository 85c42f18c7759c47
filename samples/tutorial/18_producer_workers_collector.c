/* SPDX-License-Identifier: MIT */

/*
 * A producer, four workers and a collector, all connected by queues
 *
 * Multiprocessing (hard, 40 min), "Exercise 3: Pipeline".
 *
 * Notice how the end travels: the producer closes the queue of jobs, so every worker comes to its
 * end; each of them tells the collector with one None, who counts them. Both queues are short: who
 * is faster than the next one waits for him, and memory stays what it is, however many jobs there
 * are.
 */

#include "core/process.h"
#include "core/queue.h"
#include "core/shared_memory.h"
#include "samples/tutorial/tutorial.h"

#define WORKERS      4
#define JOBS         1000
#define QUEUE_LENGTH 16

enum { JOBS_QUEUE, RESULTS_QUEUE, QUEUES }; /* what is shared, in order */

static int produce(struct pp_call *call)
{
    struct pp_queue *jobs = call->shared[JOBS_QUEUE].bytes;

    for (int64_t n = 1; n <= JOBS; n++) {
        TRY(pp_queue_put(jobs, &n, sizeof(n), -1));
    }
    return pp_queue_close(jobs);
}

static int work(struct pp_call *call)
{
    struct pp_queue *jobs = call->shared[JOBS_QUEUE].bytes;
    struct pp_queue *results = call->shared[RESULTS_QUEUE].bytes;
    int64_t n;
    int r;

    while ((r = pp_queue_get(jobs, &n, sizeof(n), NULL, -1)) == 0) {
        n *= n;
        TRY(pp_queue_put(results, &n, sizeof(n), -1));
    }
    return r == -EPIPE ? pp_queue_put_none(results, -1) : r;
}

static int collect(struct pp_call *call)
{
    struct pp_queue *results = call->shared[RESULTS_QUEUE].bytes;
    int64_t sum = 0;
    int count = 0;
    int ended = 0;

    while (ended < WORKERS) {
        int64_t square;
        int r = pp_queue_get(results, &square, sizeof(square), NULL, -1);

        TRY(r);
        if (r == PP_QUEUE_NONE) {
            ended++;
            continue;
        }
        sum += square;
        count++;
    }
    printf("%d results, sum of squares %" PRId64 "\n", count, sum);
    return 0;
}

static const struct pp_task_function functions[] = {
    {"produce", produce},
    {"work", work},
    {"collect", collect},
    {NULL, NULL},
};
static const struct pp_program program = {.functions = functions, .share_stdout = true};

int main(int argc, char **argv)
{
    static const char *const parts[] = {"collect", "work", "work", "work", "work", "produce"};
    struct pp_shared_memory *blocks[QUEUES];
    struct pp_process *processes[PP_ARRAY_LENGTH(parts)];

    pp_program_enter(&program, argc, argv);
    for (int i = 0; i < QUEUES; i++) {
        size_t bytes = pp_queue_bytes(QUEUE_LENGTH, sizeof(int64_t));

        MUST(pp_shared_memory_create(&blocks[i], NULL, bytes));
        MUST(pp_queue_init(pp_shared_memory_bytes(blocks[i]), QUEUE_LENGTH, sizeof(int64_t)));
    }
    for (size_t i = 0; i < PP_ARRAY_LENGTH(parts); i++) {
        struct pp_process_options options = {
            .function = parts[i], .shared = blocks, .shared_count = QUEUES};

        MUST(pp_process_start(&processes[i], &program, &options, &error));
    }
    for (size_t i = 0; i < PP_ARRAY_LENGTH(parts); i++) {
        MUST(pp_process_join(processes[i], -1));
        pp_process_destroy(processes[i]);
    }
    for (int i = 0; i < QUEUES; i++) {
        pp_shared_memory_close(blocks[i]);
    }
    return 0;
}
