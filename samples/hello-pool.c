/* SPDX-License-Identifier: MIT */

/*
 * Hello pool: squares of numbers, worked out by other processes
 *
 * Waiting for the futures in the order of their submission gives the results in that order,
 * whichever worker is done first: this is map() of Python's multiprocessing.Pool.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "core/pool.h"

#define NUMBERS 10

static int square(struct pp_call *call)
{
    int64_t n;

    if (pp_call_arguments(call, &n, sizeof(n)) != 0) {
        return -EINVAL;
    }
    n *= n;
    return pp_call_reply(call, &n, sizeof(n));
}

static const struct pp_task_function functions[] = {{"square", square}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions};

int main(int argc, char **argv)
{
    struct pp_pool *pool;
    struct pp_future *futures[NUMBERS];
    struct pp_error error;

    pp_program_enter(&program, argc, argv);
    if (pp_pool_create(&pool, &program, NULL, &error) != 0) {
        fprintf(stderr, "hello-pool: %s\n", error.message);
        return 1;
    }
    for (int64_t i = 0; i < NUMBERS; i++) {
        struct pp_task task = {
            .function = "square", .arguments = &i, .arguments_length = sizeof(i)};

        if (pp_pool_submit(pool, &task, &futures[i]) != 0) {
            return 1; /* the pool and its workers go with this process */
        }
    }
    for (int64_t i = 0; i < NUMBERS; i++) {
        if (pp_future_wait(futures[i], -1) != 0 || !pp_future_result(futures[i])->reply) {
            return 1;
        }
        printf("%" PRId64 "\n", *(const int64_t *)pp_future_result(futures[i])->reply);
        pp_future_destroy(futures[i]);
    }
    pp_pool_destroy(pool);
    return 0;
}
