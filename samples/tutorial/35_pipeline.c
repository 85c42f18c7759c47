/* SPDX-License-Identifier: MIT */

/*
 * Data processing pipeline: what one stage replies is what the next one gets
 *
 * Lesson 16.2, "Practical Examples", "Example 3: Data Processing Pipeline".
 *
 * Notice that each stage has one item, a list, and so nothing runs at the same time; the example
 * shows how data goes from stage to stage. 18_producer_workers_collector.c has stages that do run
 * at the same time.
 */

#include "core/map.h"
#include "samples/tutorial/tutorial.h"

#define NUMBERS 10

static int stage1(struct pp_call *call)
{
    int64_t data[NUMBERS];

    TRY(pp_call_arguments(call, data, sizeof(data)));
    for (int i = 0; i < NUMBERS; i++) {
        data[i] *= 2;
    }
    return pp_call_reply(call, data, sizeof(data));
}

static int stage2(struct pp_call *call)
{
    int64_t data[NUMBERS];

    TRY(pp_call_arguments(call, data, sizeof(data)));
    for (int i = 0; i < NUMBERS; i++) {
        data[i] *= data[i];
    }
    return pp_call_reply(call, data, sizeof(data));
}

static int stage3(struct pp_call *call)
{
    int64_t data[NUMBERS];
    int64_t sum = 0;

    TRY(pp_call_arguments(call, data, sizeof(data)));
    for (int i = 0; i < NUMBERS; i++) {
        sum += data[i];
    }
    return pp_call_reply(call, &sum, sizeof(sum));
}

static const struct pp_task_function functions[] = {
    {"stage1", stage1},
    {"stage2", stage2},
    {"stage3", stage3},
    {NULL, NULL},
};
static const struct pp_program program = {.functions = functions};

int main(int argc, char **argv)
{
    PP_AUTO(pp_pool_destroy) struct pp_pool *pool = NULL;
    int64_t input[NUMBERS] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    int64_t doubled[NUMBERS];
    int64_t squared[NUMBERS];
    int64_t sum;

    pp_program_enter(&program, argc, argv);
    MUST(pp_pool_create(&pool, &program, NULL, &error));
    MUST(pp_pool_map(pool, "stage1", input, sizeof(input), 1, doubled, sizeof(doubled), NULL, NULL,
                     &error));
    MUST(pp_pool_map(pool, "stage2", doubled, sizeof(doubled), 1, squared, sizeof(squared), NULL,
                     NULL, &error));
    MUST(pp_pool_map(pool, "stage3", squared, sizeof(squared), 1, &sum, sizeof(sum), NULL, NULL,
                     &error));
    printf("Final result: %" PRId64 "\n", sum);
    return 0;
}
