/* SPDX-License-Identifier: MIT */

/*
 * Start methods: what a worker has of the program that started it
 *
 * Multiprocessing (hard, 40 min), "Start methods"; Python Multiprocessing Tutorial,
 * "Multiprocessing Debugging & Profiling", "Set multiprocessing.set_start_method".
 *
 * Notice what the workers see of a variable that main() has set. Forked ones have a copy of all
 * memory, with all that is wrong in it: if another thread holds a lock at that moment, it stays
 * locked in the copy for ever. So fork is refused beside threads. The default, forkserver, forks
 * from a process that was started early and never has a thread: as fast, and as clean as spawn.
 * The method is an option of a pool or a process here, not one setting for the whole program.
 */

#include <pthread.h>

#include "core/pool.h"
#include "samples/tutorial/tutorial.h"

static int set_by_main; /* 0 in a fresh program */

static int look(struct pp_call *call)
{
    return pp_call_reply(call, &set_by_main, sizeof(set_by_main));
}

static const struct pp_task_function functions[] = {{"look", look}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions};

static int try_method(enum pp_start_method method, const char *name)
{
    PP_AUTO(pp_pool_destroy) struct pp_pool *pool = NULL;
    struct pp_pool_options options = {.start_method = method, .processes = 1};
    struct pp_task task = {.function = "look"};
    uint64_t start = pp_clock_ns();
    struct pp_future *future;
    int seen;

    TRY(pp_pool_create(&pool, &program, &options, &error));
    TRY(pp_pool_apply(pool, &task, &future));
    TRY(pp_future_get(future, &seen, sizeof(seen), 0, &error));
    pp_future_destroy(future);
    printf("%s: the worker sees %d, after %.1f ms\n", name, seen, seconds_since(start) * 1e3);
    return 0;
}

static void *hold_on(void *lock)
{
    pthread_mutex_lock(lock);
    pthread_mutex_unlock(lock);
    return NULL;
}

/* What try_method() returns while this process has two threads. */
static int try_beside_thread(enum pp_start_method method, const char *name)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_t thread;
    int r;

    pthread_mutex_lock(&lock);
    MUST(-pthread_create(&thread, NULL, hold_on, &lock));
    r = try_method(method, name);
    pthread_mutex_unlock(&lock);
    MUST(-pthread_join(thread, NULL));
    return r;
}

int main(int argc, char **argv)
{
    pp_program_enter(&program, argc, argv);
    set_by_main = 42;
    MUST(try_method(PP_START_FORKSERVER, "forkserver"));
    MUST(try_method(PP_START_SPAWN, "spawn"));
    MUST(try_method(PP_START_FORK, "fork"));
    MUST(try_beside_thread(PP_START_FORKSERVER, "forkserver beside a thread"));
    if (try_beside_thread(PP_START_FORK, "fork beside a thread") == -EDEADLK) {
        puts("fork beside a thread: refused");
    }
    return 0;
}
