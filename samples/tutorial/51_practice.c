/* SPDX-License-Identifier: MIT */

/*
 * Multiprocessing practice: all of it in one program
 *
 * Lesson 16.2, "Practice Exercise", "Exercise: Multiprocessing" and its "Example Solution".
 *
 * Notice what ten small programs look like as one: every function that a process or a pool may call
 * is in the one table, and what sections share lies in one struct in one block. Each section is a
 * program of its own before this one, where it is explained.
 */

#include <unistd.h>

#include "core/array.h"
#include "core/connection.h"
#include "core/lock.h"
#include "core/manager_dict.h"
#include "core/manager_list.h"
#include "core/map.h"
#include "core/process.h"
#include "core/queue.h"
#include "core/shared_memory.h"
#include "core/value.h"
#include "samples/tutorial/tutorial.h"

static void print_line(char of)
{
    char line[61] = "";

    memset(line, of, sizeof(line) - 1);
    puts(line);
}

static void print_title(const char *title)
{
    puts(title);
    print_line('-');
}

/* ---- What processes do ---- */

struct work {
    char name[16];
    double delay; /* seconds */
};

static int basic_worker(struct pp_call *call)
{
    struct work work;

    TRY(pp_call_arguments(call, &work, sizeof(work)));
    printf("Process %s (PID: %d) starting\n", work.name, (int)getpid());
    pause_for(work.delay);
    printf("Process %s finished\n", work.name);
    return 0;
}

static int worker(struct pp_call *call)
{
    struct work work;

    TRY(pp_call_arguments(call, &work, sizeof(work)));
    printf("Process %s starting\n", work.name);
    pause_for(work.delay);
    printf("Process %s finished\n", work.name);
    return 0;
}

static int worker_process_run(struct pp_call *call)
{
    (void)call;
    printf("%s starting\n", pp_process_current().name);
    pause_for(1);
    printf("%s finished\n", pp_process_current().name);
    return 0;
}

static int producer(struct pp_call *call)
{
    for (int i = 0; i < 5; i++) {
        printf("Producing %d\n", i);
        TRY(pp_queue_put(call->shared[0].bytes, &i, sizeof(i), -1));
        pause_for(0.3);
    }
    return pp_queue_put_none(call->shared[0].bytes, -1);
}

static int consumer(struct pp_call *call)
{
    int item;
    int r;

    while ((r = pp_queue_get(call->shared[0].bytes, &item, sizeof(item), NULL, -1)) == 0) {
        printf("Consuming %d\n", item);
    }
    return r == PP_QUEUE_NONE ? 0 : r;
}

static int sender(struct pp_call *call)
{
    struct pp_connection conn = pp_connection_of(call->fds[0]);
    static const char text[] = "Hello from sender";

    return pp_connection_send(&conn, text, sizeof(text), NULL, 0, -1);
}

static int receiver(struct pp_call *call)
{
    struct pp_connection conn = pp_connection_of(call->fds[0]);
    struct pp_connection_message message;

    TRY(pp_connection_recv(&conn, &message, -1));
    printf("Received: %s\n", (const char *)message.bytes);
    pp_connection_message_finish(&message);
    return 0;
}

struct shared {
    struct pp_value value;
    struct pp_lock lock;
};

static int count(struct pp_call *call)
{
    struct shared *shared = call->shared[0].bytes;
    int64_t value;

    TRY(pp_lock_enter(&shared->lock));
    TRY(pp_value_get_int(&shared->value, &value));
    value++;
    TRY(pp_value_set_int(&shared->value, value));
    printf("Value: %" PRId64 "\n", value);
    return pp_lock_release(&shared->lock);
}

static int set_place(struct pp_call *call)
{
    int64_t index;

    TRY(pp_call_arguments(call, &index, sizeof(index)));
    TRY(pp_array_set_int(call->shared[0].bytes, (size_t)index, index * 10));
    printf("Set index %" PRId64 " to %" PRId64 "\n", index, index * 10);
    return 0;
}

static int register_with_manager(struct pp_call *call)
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

/* ---- What pools do ---- */

static int square(struct pp_call *call)
{
    int64_t x;

    TRY(pp_call_arguments(call, &x, sizeof(x)));
    x *= x;
    return pp_call_reply(call, &x, sizeof(x));
}

static int compute_square(struct pp_call *call)
{
    int64_t n;
    int64_t result = 0;

    TRY(pp_call_arguments(call, &n, sizeof(n)));
    for (int64_t i = 0; i < n; i++) {
        result += i * i;
    }
    return pp_call_reply(call, &result, sizeof(result));
}

static const struct pp_task_function functions[] = {
    {"basic_worker", basic_worker},
    {"worker", worker},
    {"WorkerProcess.run", worker_process_run},
    {"producer", producer},
    {"consumer", consumer},
    {"sender", sender},
    {"receiver", receiver},
    {"count", count},
    {"set_place", set_place},
    {"register_with_manager", register_with_manager},
    {"square", square},
    {"compute_square", compute_square},
    {NULL, NULL},
};
static const struct pp_program program = {.functions = functions, .share_stdout = true};

/* ---- The sections ---- */

static struct pp_process *start(struct pp_process_options options)
{
    struct pp_process *process;

    MUST(pp_process_start(&process, &program, &options, &error));
    return process;
}

static void join(struct pp_process *process)
{
    MUST(pp_process_join(process, -1));
    pp_process_destroy(process);
}

static void basic_process(void)
{
    struct work work = {.name = "Worker1", .delay = 1};

    print_title("1. BASIC PROCESS");
    join(start((struct pp_process_options){.function = "basic_worker", PP_ARGUMENTS(work)}));
    puts("");
}

static void multiple_processes(void)
{
    struct pp_process *processes[3];

    print_title("2. MULTIPLE PROCESSES");
    for (int i = 0; i < 3; i++) {
        struct work work = {.delay = 1};

        snprintf(work.name, sizeof(work.name), "Worker%d", i);
        processes[i] = start((struct pp_process_options){.function = "worker", PP_ARGUMENTS(work)});
    }
    for (int i = 0; i < 3; i++) {
        join(processes[i]);
    }
    puts("");
}

static void process_with_class(void)
{
    print_title("3. PROCESS WITH CLASS");
    join(start((struct pp_process_options){.function = "WorkerProcess.run", .name = "Worker"}));
    puts("");
}

static void queue_for_communication(void)
{
    PP_AUTO(pp_shared_memory_close) struct pp_shared_memory *q = NULL;
    struct pp_process_options options = {.shared = &q, .shared_count = 1};
    struct pp_process *p1;
    struct pp_process *p2;

    print_title("4. QUEUE FOR COMMUNICATION");
    MUST(pp_shared_memory_create(&q, NULL, pp_queue_bytes(8, sizeof(int))));
    MUST(pp_queue_init(pp_shared_memory_bytes(q), 8, sizeof(int)));
    options.function = "producer";
    p1 = start(options);
    options.function = "consumer";
    p2 = start(options);
    join(p1);
    join(p2);
    puts("");
}

static void pipe_for_communication(void)
{
    struct pp_connection ends[2];
    struct pp_process *p1;
    struct pp_process *p2;

    print_title("5. PIPE FOR COMMUNICATION");
    MUST(pp_connection_pipe(ends, true));
    p1 = start(
        (struct pp_process_options){.function = "sender", .fds = {ends[1].fd}, .fd_count = 1});
    p2 = start(
        (struct pp_process_options){.function = "receiver", .fds = {ends[0].fd}, .fd_count = 1});
    pp_connection_close(&ends[0]);
    pp_connection_close(&ends[1]);
    join(p1);
    join(p2);
    puts("");
}

static void shared_memory(void)
{
    PP_AUTO(pp_shared_memory_close) struct pp_shared_memory *block = NULL;
    struct pp_process *processes[5];
    struct shared *shared;
    int64_t value;

    print_title("6. SHARED MEMORY");
    MUST(pp_shared_memory_create(&block, NULL, sizeof(*shared)));
    shared = pp_shared_memory_bytes(block);
    MUST(pp_value_init(&shared->value, 'i'));
    pp_lock_init(&shared->lock);
    for (int i = 0; i < 5; i++) {
        processes[i] = start(
            (struct pp_process_options){.function = "count", .shared = &block, .shared_count = 1});
    }
    for (int i = 0; i < 5; i++) {
        join(processes[i]);
    }
    MUST(pp_value_get_int(&shared->value, &value));
    printf("Final value: %" PRId64 "\n\n", value);
}

static void shared_array(void)
{
    PP_AUTO(pp_shared_memory_close) struct pp_shared_memory *block = NULL;
    struct pp_process *processes[5];
    struct pp_array *array;
    int64_t numbers[5];
    size_t bytes;

    print_title("7. SHARED ARRAY");
    MUST(pp_array_bytes('i', 5, &bytes));
    MUST(pp_shared_memory_create(&block, NULL, bytes));
    array = pp_shared_memory_bytes(block);
    MUST(pp_array_init(array, 'i', 5));
    for (int64_t i = 0; i < 5; i++) {
        processes[i] = start((struct pp_process_options){
            .function = "set_place", PP_ARGUMENTS(i), .shared = &block, .shared_count = 1});
    }
    for (size_t i = 0; i < 5; i++) {
        join(processes[i]);
        MUST(pp_array_get_int(array, i, &numbers[i]));
    }
    print_list("Final array: ", numbers, 5);
    puts("");
}

static void manager(void)
{
    PP_AUTO(pp_manager_destroy) struct pp_manager *server = NULL;
    struct pp_process_options options = {.function = "register_with_manager"};
    struct pp_process *processes[3];
    struct pp_manager_dict shared_dict;
    struct pp_manager_list shared_list;
    struct pp_manager_snapshot names;
    struct pp_item sum;

    print_title("8. MANAGER");
    MUST(pp_manager_start(&server, &program, NULL, &error));
    MUST(pp_manager_dict(server, "dict", &shared_dict));
    MUST(pp_manager_list(server, "list", &shared_list));
    options.arguments = pp_manager_address(server);
    options.arguments_length = strlen(pp_manager_address(server)) + 1;
    for (int i = 0; i < 3; i++) {
        processes[i] = start(options);
    }
    for (int i = 0; i < 3; i++) {
        join(processes[i]);
    }
    MUST(pp_manager_dict_get(&shared_dict, "count", &sum));
    printf("Dict: {'count': %" PRId64 "}\n", sum.integer);
    MUST(pp_manager_list_items(&shared_list, &names));
    printf("List: [");
    for (size_t i = 0; i < names.count; i++) {
        printf("%s'%s'", i > 0 ? ", " : "", (const char *)names.entries[i].item.bytes);
    }
    puts("]\n");
    pp_manager_snapshot_finish(&names);
}

static void process_pool(void)
{
    static const int64_t numbers[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    PP_AUTO(pp_pool_destroy) struct pp_pool *pool = NULL;
    int64_t results[PP_ARRAY_LENGTH(numbers)];

    print_title("9. PROCESS POOL");
    MUST(pp_pool_create(&pool, &program, NULL, &error));
    MUST(pp_pool_map(pool, "square", numbers, sizeof(numbers[0]), PP_ARRAY_LENGTH(numbers), results,
                     sizeof(results[0]), NULL, NULL, &error));
    print_list("Results: ", results, PP_ARRAY_LENGTH(results));
    puts("");
}

static void parallel_computation(void)
{
    static const int64_t numbers[] = {100000, 200000, 300000, 400000};
    PP_AUTO(pp_pool_destroy) struct pp_pool *pool = NULL;
    int64_t results[PP_ARRAY_LENGTH(numbers)];
    uint64_t begin = pp_clock_ns();

    print_title("10. REAL-WORLD: PARALLEL COMPUTATION");
    MUST(pp_pool_create(&pool, &program, NULL, &error));
    MUST(pp_pool_map(pool, "compute_square", numbers, sizeof(numbers[0]), PP_ARRAY_LENGTH(numbers),
                     results, sizeof(results[0]), NULL, NULL, &error));
    print_list("Results: ", results, PP_ARRAY_LENGTH(results));
    printf("Time: %.2fs\n\n", seconds_since(begin));
}

int main(int argc, char **argv)
{
    pp_program_enter(&program, argc, argv);
    print_line('=');
    puts("MULTIPROCESSING PRACTICE");
    print_line('=');
    puts("");
    basic_process();
    multiple_processes();
    process_with_class();
    queue_for_communication();
    pipe_for_communication();
    shared_memory();
    shared_array();
    manager();
    process_pool();
    parallel_computation();
    print_line('=');
    puts("PRACTICE COMPLETE!");
    print_line('=');
    return 0;
}
