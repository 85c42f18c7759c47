/* SPDX-License-Identifier: MIT */

/*
 * Squares and square roots: two functions over the same numbers, at the same time
 *
 * Multiprocessing in Python (2019), "Multiprocessing Example".
 *
 * Notice that each process gets its own copy of the numbers: an array goes as the bytes that it is.
 * The tutorial does not join; Python then does it at exit, and so does exit() here, as long as a
 * process is not a daemon. See 09_not_joining.c.
 */

#include <math.h>

#include "core/process.h"
#include "samples/tutorial/tutorial.h"

#define NUMBERS 10

/* Calculate the squares of the input set of numbers. */
static int calc_square(struct pp_call *call)
{
    int64_t numbers[NUMBERS];

    TRY(pp_call_arguments(call, numbers, sizeof(numbers)));
    for (int i = 0; i < NUMBERS; i++) {
        numbers[i] *= numbers[i];
    }
    print_list("Squares: ", numbers, NUMBERS);
    return 0;
}

/* Calculate the square roots of the input set of numbers. */
static int calc_square_root(struct pp_call *call)
{
    int64_t numbers[NUMBERS];

    TRY(pp_call_arguments(call, numbers, sizeof(numbers)));
    printf("Square Roots: [");
    for (int i = 0; i < NUMBERS; i++) {
        double root = round(100 * sqrt((double)numbers[i])) / 100;

        printf("%s%g%s", i > 0 ? ", " : "", root, root == floor(root) ? ".0" : "");
    }
    puts("]");
    return 0;
}

static const struct pp_task_function functions[] = {
    {"calc_square", calc_square},
    {"calc_square_root", calc_square_root},
    {NULL, NULL},
};
static const struct pp_program program = {.functions = functions, .share_stdout = true};

int main(int argc, char **argv)
{
    int64_t number_set[NUMBERS] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    struct pp_process_options square = {.function = "calc_square", PP_ARGUMENTS(number_set)};
    struct pp_process_options root = {.function = "calc_square_root", PP_ARGUMENTS(number_set)};
    struct pp_process *p1;
    struct pp_process *p2;

    pp_program_enter(&program, argc, argv);
    MUST(pp_process_start(&p1, &program, &square, &error));
    MUST(pp_process_start(&p2, &program, &root, &error));
    pp_process_destroy(p1);
    pp_process_destroy(p2);
    return 0;
}
