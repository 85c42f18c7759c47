/* SPDX-License-Identifier: MIT */

/*
 * A manager's list in a pool of workers: with great power comes great responsibility
 *
 * Multiprocessing in Python (2019), "Multiprocessing Manager".
 *
 * Notice the initializer: each worker calls it once, before its first task, and so connects once
 * and not for every word. What it keeps in a variable of its own is there in all its tasks. The
 * words come in the order in which workers were done with them, which may be another one each time.
 */

#include "core/manager_list.h"
#include "core/map.h"
#include "samples/tutorial/tutorial.h"

#define WORD_BYTES 32

static struct pp_manager_list li; /* in each worker */

static int connect_to_list(struct pp_call *call)
{
    static struct pp_manager *mgr; /* for as long as the worker lives */

    TRY(pp_manager_connect(&mgr, call->arguments, NULL, &error));
    return pp_manager_list(mgr, "list", &li);
}

static int update_string(struct pp_call *call)
{
    char val[WORD_BYTES];
    struct pp_item item;

    TRY(pp_call_arguments(call, val, sizeof(val)));
    item = pp_item_text(val);
    return pp_manager_list_append(&li, &item);
}

static const struct pp_task_function functions[] = {
    {"connect_to_list", connect_to_list},
    {"update_string", update_string},
    {NULL, NULL},
};
static const struct pp_program program = {.functions = functions};

static void print_strings(struct pp_manager_list *list)
{
    struct pp_manager_snapshot strings;

    MUST(pp_manager_list_items(list, &strings));
    printf("List: [");
    for (size_t i = 0; i < strings.count; i++) {
        printf("%s'%s'", i > 0 ? ", " : "", (const char *)strings.entries[i].item.bytes);
    }
    puts("]");
    pp_manager_snapshot_finish(&strings);
}

int main(int argc, char **argv)
{
    static const char strs[][WORD_BYTES] = {"with",  "great", "power",
                                            "comes", "great", "responsibilty"};
    PP_AUTO(pp_manager_destroy) struct pp_manager *mgr = NULL;
    PP_AUTO(pp_pool_destroy) struct pp_pool *p = NULL;
    struct pp_pool_options options = {.processes = 4, .initializer = "connect_to_list"};
    struct pp_manager_list list;

    pp_program_enter(&program, argc, argv);
    MUST(pp_manager_start(&mgr, &program, NULL, &error));
    MUST(pp_manager_list(mgr, "list", &list));

    options.initializer_arguments = pp_manager_address(mgr);
    options.initializer_arguments_length = strlen(pp_manager_address(mgr)) + 1;
    MUST(pp_pool_create(&p, &program, &options, &error));
    MUST(pp_pool_map(p, "update_string", strs, WORD_BYTES, PP_ARRAY_LENGTH(strs), NULL, 0, NULL,
                     NULL, &error));
    print_strings(&list);
    return 0;
}
