/* SPDX-License-Identifier: MIT */

/*
 * Manager: a dict and a list that three processes change
 *
 * Lesson 16.2, "Manager".
 *
 * Notice that objects have names, and that a process which knows the manager's address finds them.
 * And that the tutorial's "get, add 1, set" would lose counts where two processes do it at the same
 * time: each call is one step, three calls are not. Adding is one call here.
 */

#include "core/manager_dict.h"
#include "core/manager_list.h"
#include "core/process.h"
#include "samples/tutorial/tutorial.h"

#define PROCESSES 3

static int worker(struct pp_call *call)
{
    PP_AUTO(pp_manager_destroy) struct pp_manager *manager = NULL;
    struct pp_item name = pp_item_text(pp_process_current().name);
    struct pp_manager_dict shared_dict;
    struct pp_manager_list shared_list;

    TRY(pp_manager_connect(&manager, call->arguments, NULL, &error));
    TRY(pp_manager_dict(manager, "dict", &shared_dict));
    TRY(pp_manager_list(manager, "list", &shared_list));
    TRY(pp_manager_dict_add(&shared_dict, "count", 1, NULL));
    return pp_manager_list_append(&shared_list, &name);
}

static const struct pp_task_function functions[] = {{"worker", worker}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions};

static void print_objects(struct pp_manager_dict *dict, struct pp_manager_list *list)
{
    struct pp_manager_snapshot items;

    MUST(pp_manager_dict_items(dict, &items));
    printf("Dict: {");
    for (size_t i = 0; i < items.count; i++) {
        printf("%s'%s': %" PRId64, i > 0 ? ", " : "", items.entries[i].key,
               items.entries[i].item.integer);
    }
    puts("}");
    pp_manager_snapshot_finish(&items);

    MUST(pp_manager_list_items(list, &items));
    printf("List: [");
    for (size_t i = 0; i < items.count; i++) {
        printf("%s'%s'", i > 0 ? ", " : "", (const char *)items.entries[i].item.bytes);
    }
    puts("]");
    pp_manager_snapshot_finish(&items);
}

int main(int argc, char **argv)
{
    PP_AUTO(pp_manager_destroy) struct pp_manager *manager = NULL;
    struct pp_process *processes[PROCESSES];
    struct pp_manager_dict shared_dict;
    struct pp_manager_list shared_list;
    struct pp_process_options options = {.function = "worker"};

    pp_program_enter(&program, argc, argv);
    MUST(pp_manager_start(&manager, &program, NULL, &error));
    MUST(pp_manager_dict(manager, "dict", &shared_dict));
    MUST(pp_manager_list(manager, "list", &shared_list));
    options.arguments = pp_manager_address(manager);
    options.arguments_length = strlen(pp_manager_address(manager)) + 1;

    for (int i = 0; i < PROCESSES; i++) {
        MUST(pp_process_start(&processes[i], &program, &options, &error));
    }
    for (int i = 0; i < PROCESSES; i++) {
        MUST(pp_process_join(processes[i], -1));
        pp_process_destroy(processes[i]);
    }
    print_objects(&shared_dict, &shared_list);
    return 0;
}
