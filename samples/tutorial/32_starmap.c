/* SPDX-License-Identifier: MIT */

/*
 * starmap: more than one argument
 *
 * Multiprocessing in Python (2019), "What if you have more than 1 argument in your function?" and
 * "Pool.starmap".
 *
 * Notice that map and starmap are one here: an item is a struct, of as many fields as there are
 * arguments. The function that the tutorial writes to unpack a tuple is the one that unpacks the
 * struct.
 */

#include <unistd.h>

#include "core/map.h"
#include "samples/tutorial/tutorial.h"

struct factors {
    int64_t num1;
    int64_t num2;
    int64_t num3;
};

static int64_t calc_product(int64_t num1, int64_t num2, int64_t num3)
{
    printf("Process %d calculating product of (%" PRId64 ", %" PRId64 ", %" PRId64 ")\n",
           (int)getpid(), num1, num2, num3);
    return num1 * num2 * num3;
}

/* Intermediate function to call calc_product. */
static int exec_func(struct pp_call *call)
{
    struct factors nums;
    int64_t product;

    TRY(pp_call_arguments(call, &nums, sizeof(nums)));
    product = calc_product(nums.num1, nums.num2, nums.num3);
    return pp_call_reply(call, &product, sizeof(product));
}

static const struct pp_task_function functions[] = {{"exec_func", exec_func}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions, .share_stdout = true};

int main(int argc, char **argv)
{
    static const struct factors items[] = {{1, 2, 3}, {3, 4, 5}};
    PP_AUTO(pp_pool_destroy) struct pp_pool *p = NULL;
    struct pp_pool_options options = {.processes = 2};
    int64_t result[PP_ARRAY_LENGTH(items)];

    pp_program_enter(&program, argc, argv);
    MUST(pp_pool_create(&p, &program, &options, &error));
    MUST(pp_pool_map(p, "exec_func", items, sizeof(items[0]), PP_ARRAY_LENGTH(items), result,
                     sizeof(result[0]), NULL, NULL, &error));
    print_list("Result is: ", result, PP_ARRAY_LENGTH(result));
    return 0;
}
