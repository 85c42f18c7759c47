/* SPDX-License-Identifier: MIT */

/*
 * Queue for data exchange: a process hands its result back
 *
 * Python Multiprocessing Tutorial, "Interprocess Communication (IPC)", "Using Queue for data
 * exchange".
 *
 * Notice that the process may end before its message is taken: what was put lies in the shared
 * block, not in the process. (Python's queue has a thread that has to send it first.)
 */

#include "core/process.h"
#include "core/queue.h"
#include "core/shared_memory.h"
#include "samples/tutorial/tutorial.h"

#define TEXT_MAX 64 /* bytes */

static int worker(struct pp_call *call)
{
    static const char text[] = "Processed Data";

    return pp_queue_put(call->shared[0].bytes, text, sizeof(text), -1);
}

static const struct pp_task_function functions[] = {{"worker", worker}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions};

int main(int argc, char **argv)
{
    PP_AUTO(pp_shared_memory_close) struct pp_shared_memory *block = NULL;
    struct pp_process_options options = {.function = "worker", .shared = &block, .shared_count = 1};
    struct pp_process *process;
    struct pp_queue *queue;
    char text[TEXT_MAX];

    pp_program_enter(&program, argc, argv);
    MUST(pp_shared_memory_create(&block, NULL, pp_queue_bytes(1, TEXT_MAX)));
    queue = pp_shared_memory_bytes(block);
    MUST(pp_queue_init(queue, 1, TEXT_MAX));

    MUST(pp_process_start(&process, &program, &options, &error));
    MUST(pp_process_join(process, -1));
    pp_process_destroy(process);

    MUST(pp_queue_get(queue, text, sizeof(text), NULL, -1));
    puts(text);
    return 0;
}
