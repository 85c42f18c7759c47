/* SPDX-License-Identifier: MIT */

/*
 * map and imap: all results at once, or one after the other as they are ready
 *
 * Lesson 16.2, "Pool.map()" and "Pool.imap()".
 *
 * Notice that imap asks for its input: a function gives the next item when there is room for it, so
 * the input may be endless and still needs little memory. Results come in the order of the items;
 * with ordered = false they would come as they are done, which is imap_unordered.
 */

#include "core/map.h"
#include "samples/tutorial/tutorial.h"

#define ITEMS 10

static int square(struct pp_call *call)
{
    int64_t x;

    TRY(pp_call_arguments(call, &x, sizeof(x)));
    x *= x;
    return pp_call_reply(call, &x, sizeof(x));
}

static const struct pp_task_function functions[] = {{"square", square}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions};

static void print_map(struct pp_pool *pool)
{
    int64_t items[ITEMS];
    int64_t results[ITEMS];

    for (int i = 0; i < ITEMS; i++) {
        items[i] = i;
    }
    MUST(pp_pool_map(pool, "square", items, sizeof(items[0]), ITEMS, results, sizeof(results[0]),
                     NULL, NULL, &error));
    print_list("", results, ITEMS);
}

/* range(ITEMS), as an iterator. */
struct range {
    int64_t next;
    int64_t item;
};

static int range_next(void *user, struct pp_map_item *ret_item)
{
    struct range *range = user;

    if (range->next == ITEMS) {
        return PP_MAP_END;
    }
    range->item = range->next++;
    *ret_item = (struct pp_map_item){PP_ARGUMENTS(range->item)};
    return 0;
}

static void print_imap(struct pp_pool *pool)
{
    PP_AUTO(pp_imap_destroy) struct pp_imap *results = NULL;
    struct range range = {.next = 0};
    struct pp_map_result result;
    int r;

    MUST(pp_imap_create(&results, pool, "square", range_next, &range, true, NULL));
    while ((r = pp_imap_next(results, -1, &result)) == 0) {
        MUST(result.error.code);
        printf("%" PRId64 "\n", *(const int64_t *)result.reply);
    }
    MUST(r);
}

int main(int argc, char **argv)
{
    PP_AUTO(pp_pool_destroy) struct pp_pool *pool = NULL;

    pp_program_enter(&program, argc, argv);
    MUST(pp_pool_create(&pool, &program, NULL, &error));
    print_map(pool); /* [0, 1, 4, 9, 16, 25, 36, 49, 64, 81] */
    print_imap(pool);
    return 0;
}
