/* SPDX-License-Identifier: MIT */

/*
 * Too many processes: a thousand of them, or a thousand tasks for a pool
 *
 * Lesson 16.2, "Common Mistakes and Pitfalls", "4. Using Too Many Processes", and "Best Practices",
 * 2 and 4; Python Multiprocessing Tutorial, "Best Practices for Multiprocessing".
 *
 * Notice the times. More processes than processors do not compute faster; each costs its start, its
 * memory and three descriptors, of which many systems give a program 1024. Then this one says that
 * it could not start them all. A pool starts as many workers as there are processors, and they do
 * all the tasks.
 *
 *     45_too_many_processes [COUNT]
 */

#include "core/cpu.h"
#include "core/map.h"
#include "core/process.h"
#include "samples/tutorial/tutorial.h"

static int worker(struct pp_call *call)
{
    volatile unsigned sum = 0;

    (void)call;
    for (unsigned i = 0; i < 10000; i++) {
        sum += i;
    }
    return sum > 0 ? 0 : -EINVAL;
}

static const struct pp_task_function functions[] = {{"worker", worker}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions};

/* WRONG: a process for each piece of work. */
static void start_processes(int count)
{
    struct pp_process_options options = {.function = "worker"};
    struct pp_process **processes = calloc((size_t)count, sizeof(processes[0]));
    uint64_t start = pp_clock_ns();
    int started = 0;

    MUST(processes == NULL ? -ENOMEM : 0);
    while (started < count) {
        int r = pp_process_start(&processes[started], &program, &options, &error);

        if (r < 0) {
            printf("no process %d: %s\n", started + 1, strerror(-r));
            break;
        }
        started++;
    }
    for (int i = 0; i < started; i++) {
        MUST(pp_process_join(processes[i], -1));
        pp_process_destroy(processes[i]);
    }
    free(processes);
    printf("%d processes: %.3f seconds\n", started, seconds_since(start));
}

/* CORRECT: a pool with a reasonable number of workers. */
static void use_pool(int count)
{
    PP_AUTO(pp_pool_destroy) struct pp_pool *pool = NULL;
    struct pp_pool_options options = {.processes = pp_cpu_count()};
    uint64_t start = pp_clock_ns();
    char *tasks = calloc((size_t)count, 1); /* items of one byte that means nothing */

    MUST(tasks == NULL ? -ENOMEM : 0);
    MUST(pp_pool_create(&pool, &program, &options, &error));
    MUST(pp_pool_map(pool, "worker", tasks, 1, (size_t)count, NULL, 0, NULL, NULL, &error));
    free(tasks);
    printf("%d tasks on %u workers: %.3f seconds\n", count, pp_pool_processes(pool),
           seconds_since(start));
}

int main(int argc, char **argv)
{
    int count;

    pp_program_enter(&program, argc, argv);
    count = argc > 1 ? atoi(argv[1]) : 1000;
    start_processes(count);
    use_pool(count);
    return 0;
}
