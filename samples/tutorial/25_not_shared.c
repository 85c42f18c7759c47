/* SPDX-License-Identifier: MIT */

/*
 * Not shared: a list of the program, and a list of a manager
 *
 * Lesson 16.2, "Common Mistakes and Pitfalls", "2. Sharing Mutable Objects Incorrectly".
 *
 * Notice that nothing complains about the first list: the process has one too, appends to that, and
 * takes it along when it ends. What processes shall share lies in shared memory, or with a manager,
 * a process that keeps it for them.
 */

#include "core/manager_list.h"
#include "core/process.h"
#include "samples/tutorial/tutorial.h"

static int64_t plain_list[8];
static size_t plain_length;

/* WRONG: appends to the list of this process. */
static int append_to_plain(struct pp_call *call)
{
    (void)call;
    plain_list[plain_length++] = 1;
    return 0;
}

/* CORRECT: asks the manager to append. */
static int append_to_shared(struct pp_call *call)
{
    PP_AUTO(pp_manager_destroy) struct pp_manager *manager = NULL;
    struct pp_item one = pp_item_int(1);
    struct pp_manager_list shared_list;

    TRY(pp_manager_connect(&manager, call->arguments, NULL, &error));
    TRY(pp_manager_list(manager, "list", &shared_list));
    return pp_manager_list_append(&shared_list, &one);
}

static const struct pp_task_function functions[] = {
    {"append_to_plain", append_to_plain},
    {"append_to_shared", append_to_shared},
    {NULL, NULL},
};
static const struct pp_program program = {.functions = functions};

static void run(const struct pp_process_options *options)
{
    struct pp_process *process;

    MUST(pp_process_start(&process, &program, options, &error));
    MUST(pp_process_join(process, -1));
    pp_process_destroy(process);
}

int main(int argc, char **argv)
{
    PP_AUTO(pp_manager_destroy) struct pp_manager *manager = NULL;
    struct pp_process_options wrong = {.function = "append_to_plain"};
    struct pp_process_options correct = {.function = "append_to_shared"};
    struct pp_manager_list shared_list;
    size_t length;

    pp_program_enter(&program, argc, argv);

    run(&wrong);
    printf("Plain list: %zu items\n", plain_length);

    MUST(pp_manager_start(&manager, &program, NULL, &error));
    MUST(pp_manager_list(manager, "list", &shared_list));
    correct.arguments = pp_manager_address(manager);
    correct.arguments_length = strlen(pp_manager_address(manager)) + 1;
    run(&correct);
    MUST(pp_manager_list_length(&shared_list, &length));
    printf("Manager list: %zu items\n", length);
    return 0;
}
