/* SPDX-License-Identifier: MIT */

/*
 * Executor.map: results in the order of the items
 *
 * Python Multiprocessing Tutorial, "4. Using the concurrent.futures Module", "Using map() for
 * Ordered Execution".
 *
 * Notice that nothing is printed until the first and longest sleep is over, and then all at once.
 * Executor.map gives an iterator, so it is imap, not map; the input is an iterator as well.
 */

#include "core/map.h"
#include "samples/tutorial/tutorial.h"

static int do_something(struct pp_call *call)
{
    char text[48];
    int seconds;

    TRY(pp_call_arguments(call, &seconds, sizeof(seconds)));
    printf("Sleeping for %d second(s)...\n", seconds);
    pause_for(seconds);
    snprintf(text, sizeof(text), "Done Sleeping...%d", seconds);
    return pp_call_reply(call, text, strlen(text) + 1);
}

static const struct pp_task_function functions[] = {{"do_something", do_something}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions, .share_stdout = true};

static const int secs[] = {5, 4, 3, 2, 1};

static int secs_next(void *user, struct pp_map_item *ret_item)
{
    size_t *next = user;

    if (*next == PP_ARRAY_LENGTH(secs)) {
        return PP_MAP_END;
    }
    *ret_item = (struct pp_map_item){PP_ARGUMENTS(secs[*next])};
    (*next)++;
    return 0;
}

int main(int argc, char **argv)
{
    PP_AUTO(pp_pool_destroy) struct pp_pool *executor = NULL;
    PP_AUTO(pp_imap_destroy) struct pp_imap *results = NULL;
    struct pp_map_options one_by_one = {.chunk_items = 1};
    uint64_t start = pp_clock_ns();
    struct pp_map_result result;
    size_t next = 0;
    int r;

    pp_program_enter(&program, argc, argv);
    MUST(pp_pool_create(&executor, &program, NULL, &error));
    MUST(pp_imap_create(&results, executor, "do_something", secs_next, &next, true, &one_by_one));
    while ((r = pp_imap_next(results, -1, &result)) == 0) {
        MUST(result.error.code);
        puts(result.reply);
    }
    MUST(r);
    printf("Finished in %.2f seconds\n", seconds_since(start));
    return 0;
}
