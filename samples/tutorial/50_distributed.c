/* SPDX-License-Identifier: MIT */

/*
 * Distributed computation: primes, counted by whoever connects
 *
 * Lesson 16.2, "Challenge", "Build a distributed computation system using multiprocessing".
 *
 *     50_distributed [JOBS]           counts, with two workers of its own, and says its address; a
 *                                     thousand jobs take long enough to help
 *     50_distributed work ADDRESS     helps, from another terminal; or from another machine, to
 *                                     which ssh carries the address (core/manager.h says how)
 *
 * Notice what happens when a worker is killed: what it had taken and not done goes to another one.
 * So a job may be done twice; and so its result is not added to a sum, but set under the job's own
 * key: twice is as good as once.
 */

#include "core/manager_dict.h"
#include "core/manager_joinable_queue.h"
#include "core/process.h"
#include "samples/tutorial/tutorial.h"

#define WORKERS     2
#define JOB_NUMBERS 10000 /* job k counts from k * JOB_NUMBERS on */

static int64_t count_primes(int64_t from, int64_t to)
{
    int64_t count = 0;

    for (int64_t n = from; n < to; n++) {
        bool prime = n >= 2;

        for (int64_t d = 2; prime && d * d <= n; d++) {
            prime = n % d != 0;
        }
        count += prime;
    }
    return count;
}

/* Do jobs of the manager at @address until there are none. Returns 0 or a negative errno. */
static int work(const char *address)
{
    PP_AUTO(pp_manager_destroy) struct pp_manager *manager = NULL;
    struct pp_manager_joinable_queue jobs;
    struct pp_manager_dict counts;
    struct pp_item job;
    uint64_t ticket;
    int r;

    TRY(pp_manager_connect(&manager, address, NULL, &error));
    TRY(pp_manager_joinable_queue(manager, "jobs", 0, &jobs));
    TRY(pp_manager_dict(manager, "counts", &counts));
    while ((r = pp_manager_joinable_queue_get(&jobs, &job, &ticket, -1)) == 0) {
        int64_t from = job.integer * JOB_NUMBERS;
        struct pp_item count = pp_item_int(count_primes(from, from + JOB_NUMBERS));
        char key[32];

        snprintf(key, sizeof(key), "%" PRId64, job.integer);
        TRY(pp_manager_dict_set(&counts, key, &count));
        TRY(pp_manager_joinable_queue_task_done(&jobs, ticket));
    }
    /* That was the last job; or who has put them is gone. */
    return r == -EPIPE || r == -ECONNRESET ? 0 : r;
}

static int work_there(struct pp_call *call)
{
    return work(call->arguments);
}

static const struct pp_task_function functions[] = {{"work", work_there}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions, .share_stdout = true};

static void put_jobs(struct pp_manager_joinable_queue *jobs, int count)
{
    for (int k = 0; k < count; k++) {
        struct pp_item job = pp_item_int(k);

        MUST(pp_manager_joinable_queue_put(jobs, &job, -1));
    }
    MUST(pp_manager_joinable_queue_close(jobs));
}

static int64_t sum_of_counts(struct pp_manager_dict *counts)
{
    struct pp_manager_snapshot items;
    int64_t sum = 0;

    MUST(pp_manager_dict_items(counts, &items));
    for (size_t i = 0; i < items.count; i++) {
        sum += items.entries[i].item.integer;
    }
    pp_manager_snapshot_finish(&items);
    return sum;
}

static void compute(int count)
{
    PP_AUTO(pp_manager_destroy) struct pp_manager *manager = NULL;
    struct pp_process_options options = {.function = "work"};
    struct pp_process *workers[WORKERS];
    struct pp_manager_joinable_queue jobs;
    struct pp_manager_dict counts;

    MUST(pp_manager_start(&manager, &program, NULL, &error));
    MUST(pp_manager_joinable_queue(manager, "jobs", 0, &jobs));
    MUST(pp_manager_dict(manager, "counts", &counts));
    printf("To help: 50_distributed work %s\n", pp_manager_address(manager));
    options.arguments = pp_manager_address(manager);
    options.arguments_length = strlen(pp_manager_address(manager)) + 1;
    for (int i = 0; i < WORKERS; i++) {
        MUST(pp_process_start(&workers[i], &program, &options, &error));
    }
    put_jobs(&jobs, count);
    MUST(pp_manager_joinable_queue_join(&jobs, -1));
    printf("%" PRId64 " primes below %d\n", sum_of_counts(&counts), count * JOB_NUMBERS);
    for (int i = 0; i < WORKERS; i++) {
        MUST(pp_process_join(workers[i], -1));
        pp_process_destroy(workers[i]);
    }
}

int main(int argc, char **argv)
{
    pp_program_enter(&program, argc, argv);
    if (argc > 1 && strcmp(argv[1], "work") == 0) {
        MUST(argc == 3 ? work(argv[2]) : -EDESTADDRREQ);
    } else {
        compute(argc == 2 ? atoi(argv[1]) : 50);
    }
    return 0;
}
