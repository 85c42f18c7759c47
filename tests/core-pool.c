/* SPDX-License-Identifier: MIT */
/*
 * What a pool promises while nothing goes wrong, under every start method. What happens when
 * workers die is in core-pool-deaths.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/cpu.h"
#include "core/pool.h"
#include "tests/start_methods.h"
#include "tests/pools.h"

static int square(struct pp_call *call)
{
    int64_t n;

    if (pp_call_arguments(call, &n, sizeof(n)) != 0) {
        return -EINVAL;
    }
    n *= n;
    return pp_call_reply(call, &n, sizeof(n));
}

static int tell_pid(struct pp_call *call)
{
    pid_t pid = getpid();

    return pp_call_reply(call, &pid, sizeof(pid));
}

static int refuse(struct pp_call *call)
{
    return pp_call_fail(call, -EILSEQ, "the data ends in row %d", 17);
}

static int refuse_without_words(struct pp_call *call)
{
    (void)call;
    return -ENOSPC;
}

static int echo(struct pp_call *call)
{
    return pp_call_reply(call, call->arguments, call->arguments_length);
}

/* Adds 1 to every byte of its slots. */
static int increment(struct pp_call *call)
{
    for (uint32_t i = 0; i < call->slot_count; i++) {
        uint8_t *bytes = call->slots[i].bytes;

        for (size_t k = 0; k < call->slots[i].capacity; k++) {
            bytes[k]++;
        }
    }
    return 0;
}

static int read_file(struct pp_call *call)
{
    char text[64];
    ssize_t length = call->fd_count == 1 ? read(call->fds[0], text, sizeof(text)) : -1;

    return length < 0 ? -EINVAL : pp_call_reply(call, text, (size_t)length);
}

static int count_scratch(struct pp_call *call)
{
    size_t bytes;
    uint8_t *scratch;

    if (pp_call_arguments(call, &bytes, sizeof(bytes)) != 0) {
        return -EINVAL;
    }
    scratch = pp_call_scratch(call, bytes);
    if (scratch == NULL || (uintptr_t)scratch % 64 != 0) {
        return -ENOMEM;
    }
    memset(scratch, 1, bytes);
    return 0;
}

static const struct pp_task_function functions[] = {
    {"square", square},
    {"tell-pid", tell_pid},
    {"refuse", refuse},
    {"refuse-without-words", refuse_without_words},
    {"echo", echo},
    {"increment", increment},
    {"read-file", read_file},
    {"count-scratch", count_scratch},
    {NULL, NULL},
};

static const struct pp_program program = {.functions = functions};

static struct pp_pool *open_pool(gconstpointer data, unsigned processes)
{
    return open_pool_of(&program, data, processes);
}

static struct pp_future *submit_square(struct pp_pool *pool, int64_t n)
{
    struct pp_task task = {
        .function = "square",
        .arguments = &n,
        .arguments_length = sizeof(n),
        .user = GINT_TO_POINTER((int)n),
    };

    return submit(pool, &task);
}

/* Waiting in the order of submission is map(): whatever order workers finish in. */
static void test_results_come_in_order(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 3);
    struct pp_future *futures[200];

    for (int i = 0; i < 200; i++) {
        futures[i] = submit_square(pool, i);
    }
    for (int i = 0; i < 200; i++) {
        g_assert_cmpint(pp_future_wait(futures[i], -1), ==, 0);
        g_assert_cmpint(reply_number(futures[i]), ==, (int64_t)i * i);
        g_assert_cmpuint(pp_future_result(futures[i])->attempts, ==, 1);
        pp_future_destroy(futures[i]);
    }
    pp_pool_destroy(pool);
}

/* Each future comes exactly once, so the sum of what was passed along is that of what went in. */
static void test_results_come_as_completed_each_once(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 2);
    struct pp_future *future;
    int64_t sum = 0;
    int count = 0;

    for (int i = 1; i <= 100; i++) {
        submit_square(pool, i);
    }
    g_assert_cmpuint(pp_pool_pending(pool), ==, 100);
    while (pp_pool_next(pool, -1, &future) == 0) {
        sum += GPOINTER_TO_INT(pp_future_user(future));
        count++;
        pp_future_destroy(future);
    }
    g_assert_cmpint(count, ==, 100);
    g_assert_cmpint(sum, ==, 5050);
    g_assert_cmpuint(pp_pool_pending(pool), ==, 0);
    g_assert_cmpint(pp_pool_next(pool, -1, &future), ==, -ENOENT);
    pp_pool_destroy(pool);
}

/* get is wait and a look at the result in one: the reply where there is one, the reason where not.
 */
static void test_get_gives_the_reply_or_the_reason(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 1);
    int64_t n = 12;
    struct pp_task square_task = {.function = "square", PP_ARGUMENTS(n)};
    struct pp_task failing_task = {.function = "refuse"};
    struct pp_task silent_task = {.function = "echo"};
    struct pp_future *future = submit(pool, &square_task);
    struct pp_error error = {0};
    int32_t too_short;
    int64_t reply;

    g_assert_cmpint(pp_future_get(future, &reply, sizeof(reply), -1, &error), ==, 0);
    g_assert_cmpint(reply, ==, 144);
    g_assert_cmpint(pp_future_get(future, &too_short, sizeof(too_short), 0, &error), ==, -EPROTO);
    g_assert_cmpstr(error.message, ==, "the task replied 8 bytes in place of 4");
    pp_future_destroy(future);

    future = submit(pool, &failing_task);
    g_assert_cmpint(pp_future_get(future, &reply, sizeof(reply), -1, &error), ==, -EILSEQ);
    g_assert_cmpint(error.code, ==, -EILSEQ);
    g_assert_cmpstr(error.message, ==, "the data ends in row 17");
    pp_future_destroy(future);

    future = submit(pool, &silent_task);
    g_assert_cmpint(pp_future_get(future, NULL, 0, -1, NULL), ==, 0);
    pp_future_destroy(future);
    pp_pool_destroy(pool);
}

/* The words of the task arrive whole, and the next task is none the worse. */
static void test_a_failed_task_is_data(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 1);
    struct pp_task task = {.function = "refuse"};
    struct pp_future *future = submit(pool, &task);
    struct pp_future *next = submit_square(pool, 3);
    const struct pp_result *result = pp_future_result(future);
    char text[128];

    g_assert_cmpint(pp_future_wait(future, -1), ==, 0);
    g_assert_cmpint(result->outcome, ==, PP_FAILED);
    g_assert_cmpint(result->error.code, ==, -EILSEQ);
    g_assert_cmpstr(result->error.message, ==, "the data ends in row 17");
    pp_result_describe(result, text, sizeof(text));
    g_assert_cmpstr(text, ==, "the data ends in row 17");
    g_assert_cmpint(pp_future_wait(next, -1), ==, 0);
    g_assert_cmpint(reply_number(next), ==, 9);
    pp_future_destroy(next);
    pp_future_destroy(future);
    task.function = "refuse-without-words";
    future = submit(pool, &task);
    g_assert_cmpint(pp_future_wait(future, -1), ==, 0);
    g_assert_nonnull(strstr(pp_future_result(future)->error.message, "No space left"));
    pp_future_destroy(future);
    pp_pool_destroy(pool);
}

/* Arguments and replies of every size up to the limit travel unchanged; one byte more is refused.
 */
static void test_bytes_travel_unchanged_up_to_the_limit(gconstpointer data)
{
    static const size_t lengths[] = {0, 1, 15, 16, 4096, PP_TASK_ARGUMENTS_MAX};
    struct pp_pool *pool = open_pool(data, 2);
    g_autofree uint8_t *bytes = g_malloc(PP_TASK_ARGUMENTS_MAX + 1);
    struct pp_task task = {.function = "echo", .arguments = bytes};
    struct pp_future *future;

    for (size_t i = 0; i < PP_TASK_ARGUMENTS_MAX; i++) {
        bytes[i] = (uint8_t)(i * 31 + i / 256);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
        const struct pp_result *result;

        task.arguments_length = lengths[i];
        future = submit(pool, &task);
        g_assert_cmpint(pp_future_wait(future, -1), ==, 0);
        result = pp_future_result(future);
        g_assert_cmpmem(result->reply, result->reply_length, bytes, lengths[i]);
        pp_future_destroy(future);
    }
    task.arguments_length = PP_TASK_ARGUMENTS_MAX + 1;
    g_assert_cmpint(pp_pool_submit(pool, &task, &future), ==, -E2BIG);
    pp_pool_destroy(pool);
}

/* Two functions of one name: one of them could never be called. */
static void test_a_table_with_a_name_twice_is_refused(gconstpointer data)
{
    static const struct pp_task_function twice[] = {
        {"square", square}, {"echo", echo}, {"square", tell_pid}, {NULL, NULL}};
    static const struct pp_task_function too_long[] = {
        {"a-name-that-is-longer-than-the-forty-seven-bytes", echo}, {NULL, NULL}};
    static const struct pp_task_function nothing[] = {{"echo", NULL}, {NULL, NULL}};
    static const struct pp_program programs[] = {
        {.functions = twice}, {.functions = too_long}, {.functions = nothing}};
    struct pp_pool_options options = {.start_method = (enum pp_start_method)GPOINTER_TO_INT(data)};

    for (size_t i = 0; i < G_N_ELEMENTS(programs); i++) {
        struct pp_pool *pool = NULL;
        struct pp_error error = {0};

        g_assert_cmpint(pp_pool_create(&pool, &programs[i], &options, &error), ==, -EINVAL);
        g_assert_null(pool);
        g_assert_cmpstr(error.message, !=, "");
    }
}

static void test_an_unknown_function_is_refused(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 1);
    struct pp_task task = {.function = "cube"};
    struct pp_future *future = NULL;

    g_assert_cmpint(pp_pool_submit(pool, &task, &future), ==, -ENOENT);
    g_assert_null(future);
    pp_pool_destroy(pool);
}

/*
 * Twelve tasks add 1 to the same memory, one after the other on whichever worker: the host sees 12
 * only if all of them had the same pages, attached once or again.
 */
static void test_workers_share_a_slot_with_the_host(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 2);
    struct pp_slot *slot = NULL;
    uint8_t *bytes;

    g_assert_cmpint(pp_pool_slot(pool, 10000, &slot), ==, 0);
    bytes = slot->bytes;
    memset(bytes, 0, slot->capacity);
    for (int i = 0; i < 12; i++) {
        struct pp_task task = {.function = "increment", .slot_count = 1};
        struct pp_future *future;

        task.slots[0].slot = slot;
        future = submit(pool, &task);
        g_assert_cmpint(pp_future_wait(future, -1), ==, 0);
        g_assert_true(pp_future_slot(future, 0) == slot);
        g_assert_null(pp_future_slot(future, 1));
        pp_future_destroy(future);
    }
    for (size_t k = 0; k < slot->capacity; k++) {
        g_assert_cmpint(bytes[k], ==, 12);
    }
    pp_pool_slot_release(pool, slot);
    pp_pool_destroy(pool);
}

/*
 * Slots of growing sizes replace one another, so each round drops memory that a worker has mapped;
 * the memory that a task gets is nevertheless what the host reads.
 */
static void test_a_task_gets_slots_of_its_own(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 2);

    for (size_t bytes = 1000; bytes < 3000000; bytes *= 3) {
        struct pp_task task = {.function = "increment", .slot_count = 2};
        struct pp_future *future;
        uint8_t before;

        task.slots[0].bytes = bytes;
        task.slots[1].bytes = 64;
        future = submit(pool, &task);
        g_assert_cmpint(pp_future_wait(future, -1), ==, 0);
        g_assert_cmpint(pp_future_result(future)->outcome, ==, PP_DONE);
        g_assert_cmpuint(pp_future_slot(future, 0)->capacity, >=, bytes);
        before = *(uint8_t *)pp_future_slot(future, 0)->bytes;
        g_assert_cmpint(before, >, 0);
        pp_future_destroy(future);
    }
    pp_pool_destroy(pool);
}

/* What the host does not want to read is free for the next task, though the future still lives. */
static void test_scratch_slots_come_back_when_the_task_is_done(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 1);
    struct pp_task task = {.function = "increment", .slot_count = 2};
    struct pp_slot *slot = NULL;
    struct pp_future *future;

    task.slots[0].bytes = 100000;
    task.slots[0].scratch = true;
    task.slots[1].bytes = 100;
    future = submit(pool, &task);
    g_assert_cmpint(pp_future_wait(future, -1), ==, 0);
    g_assert_null(pp_future_slot(future, 0));
    g_assert_nonnull(pp_future_slot(future, 1));
    g_assert_cmpint(pp_pool_slot(pool, 100000, &slot), ==, 0);
    g_assert_cmpint(((uint8_t *)slot->bytes)[0], ==, 1); /* the very memory that the task had */
    pp_pool_slot_release(pool, slot);
    pp_future_destroy(future);
    pp_pool_destroy(pool);
}

/* The pool duplicates what it is given: the submitter may close at once. */
static void test_a_task_gets_open_files(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 1);
    struct pp_task task = {.function = "read-file", .fd_count = 1};
    struct pp_future *future;
    int ends[2];

    g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
    g_assert_cmpint(write(ends[1], "hello", 5), ==, 5);
    close(ends[1]);
    task.fds[0] = ends[0];
    future = submit(pool, &task);
    close(ends[0]);
    g_assert_cmpint(pp_future_wait(future, -1), ==, 0);
    g_assert_cmpmem(pp_future_result(future)->reply, pp_future_result(future)->reply_length,
                    "hello", 5);
    pp_future_destroy(future);
    pp_pool_destroy(pool);
}

static void test_scratch_memory_grows_as_asked(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 1);

    for (size_t bytes = 1; bytes < 20000000; bytes *= 10) {
        struct pp_task task = {
            .function = "count-scratch",
            .arguments = &bytes,
            .arguments_length = sizeof(bytes),
        };
        struct pp_future *future = submit(pool, &task);

        g_assert_cmpint(pp_future_wait(future, -1), ==, 0);
        g_assert_cmpint(pp_future_result(future)->outcome, ==, PP_DONE);
        pp_future_destroy(future);
    }
    pp_pool_destroy(pool);
}

/* A budget of one task's memory: all run, only never two at a time; larger ones run alone. */
static void test_a_small_budget_delays_but_stops_nothing(gconstpointer data)
{
    struct pp_pool_options options = {
        .start_method = (enum pp_start_method)GPOINTER_TO_INT(data),
        .processes = 2,
        .memory_bytes = 100000,
    };
    struct pp_pool *pool = NULL;
    struct pp_future *future;
    int done = 0;

    g_assert_cmpint(pp_pool_create(&pool, &program, &options, NULL), ==, 0);
    for (int i = 0; i < 10; i++) {
        struct pp_task task = {.function = "increment", .slot_count = 1};

        task.slots[0].bytes = i == 5 ? 500000 : 90000;
        submit(pool, &task);
    }
    while (pp_pool_next(pool, -1, &future) == 0) {
        g_assert_cmpint(pp_future_result(future)->outcome, ==, PP_DONE);
        done++;
        pp_future_destroy(future);
    }
    g_assert_cmpint(done, ==, 10);
    pp_pool_destroy(pool);
}

/*
 * A task that is given up while it is with its worker costs the next one nothing, also where the
 * worker is no process that could be killed.
 */
static void test_a_cancelled_task_blocks_no_other(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 1);

    for (int i = 0; i < 5; i++) {
        struct pp_future *dropped = submit_square(pool, i);
        struct pp_future *next;

        pp_future_destroy(dropped);
        next = submit_square(pool, i);
        g_assert_cmpint(pp_future_wait(next, -1), ==, 0);
        g_assert_cmpint(reply_number(next), ==, (int64_t)i * i);
        pp_future_destroy(next);
    }
    pp_pool_destroy(pool);
}

/* More workers than orders for them fit into a socket. */
static void test_hundreds_of_workers_can_be_had(void)
{
    struct pp_pool *pool = open_pool(GINT_TO_POINTER(PP_START_FORKSERVER), 400);
    struct pp_future *future = submit_square(pool, 7);

    g_assert_cmpint(pp_future_wait(future, -1), ==, 0);
    g_assert_cmpint(reply_number(future), ==, 49);
    pp_future_destroy(future);
    pp_pool_destroy(pool);
}

static void test_a_closed_pool_finishes_and_refuses_more(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 2);
    struct pp_future *futures[20];
    struct pp_future *refused = NULL;
    struct pp_task task = {.function = "tell-pid"};

    for (int i = 0; i < 20; i++) {
        futures[i] = submit_square(pool, i);
    }
    pp_pool_close(pool);
    g_assert_cmpint(pp_pool_submit(pool, &task, &refused), ==, -EPIPE);
    g_assert_cmpint(pp_pool_join(pool), ==, 0);
    for (int i = 0; i < 20; i++) {
        g_assert_cmpint(reply_number(futures[i]), ==, (int64_t)i * i);
        pp_future_destroy(futures[i]);
    }
    pp_pool_destroy(pool);
}

/* Without asking the pool anything, its descriptor alone says when there is something to dispatch.
 */
static void test_any_event_loop_can_drive_it(gconstpointer data)
{
    struct pp_pool *pool = open_pool(data, 1);
    struct pp_future *future = submit_square(pool, 12);

    while (!pp_future_done(future)) {
        GPollFD fd = {.fd = pp_pool_fd(pool), .events = G_IO_IN};

        g_assert_cmpint(g_poll(&fd, 1, 60000), ==, 1);
        g_assert_cmpint(pp_pool_dispatch(pool), ==, 0);
    }
    g_assert_cmpint(reply_number(future), ==, 144);
    pp_future_destroy(future);
    pp_pool_destroy(pool);
}

static void test_tasks_run_in_other_processes(void)
{
    struct pp_pool *pool = open_pool(GINT_TO_POINTER(PP_START_FORKSERVER), 1);
    struct pp_task task = {.function = "tell-pid"};
    struct pp_future *future = submit(pool, &task);
    pid_t pid;

    g_assert_cmpint(pp_future_wait(future, -1), ==, 0);
    memcpy(&pid, pp_future_result(future)->reply, sizeof(pid));
    g_assert_cmpint(pid, !=, getpid());
    pp_future_destroy(future);
    pp_pool_destroy(pool);
    /* Destroying waits for the end of every process: neither a child nor that worker is left. */
    g_assert_cmpint(waitpid(-1, NULL, WNOHANG), ==, -1);
    g_assert_cmpint(errno, ==, ECHILD);
    g_assert_cmpint(kill(pid, 0), ==, -1);
}

static void test_the_default_is_one_worker_per_usable_cpu(void)
{
    struct pp_pool *pool = NULL;

    g_assert_cmpint(pp_pool_create(&pool, &program, NULL, NULL), ==, 0);
    g_assert_cmpuint(pp_pool_processes(pool), ==, pp_cpu_count());
    pp_pool_destroy(pool);
}

/* Numbers of descriptors are sparse, so a leak of any shows as a higher lowest free number. */
static void test_a_pool_leaves_no_descriptor_behind(gconstpointer data)
{
    int before = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int after;

    close(before);
    test_a_task_gets_open_files(data);
    test_workers_share_a_slot_with_the_host(data);
    after = open("/dev/null", O_RDONLY | O_CLOEXEC);
    g_assert_cmpint(after, ==, before);
    close(after);
}

static void add_for_every_start_method(const char *name, GTestDataFunc test)
{
    add_start_method_tests("pool", name, test);
}

int main(int argc, char **argv)
{
    pp_program_enter(&program, argc, argv);
    g_test_init(&argc, &argv, NULL);
    add_for_every_start_method("results-come-in-order", test_results_come_in_order);
    add_for_every_start_method("results-come-as-completed-each-once",
                               test_results_come_as_completed_each_once);
    add_for_every_start_method("get-gives-the-reply-or-the-reason",
                               test_get_gives_the_reply_or_the_reason);
    add_for_every_start_method("a-failed-task-is-data", test_a_failed_task_is_data);
    add_for_every_start_method("bytes-travel-unchanged-up-to-the-limit",
                               test_bytes_travel_unchanged_up_to_the_limit);
    add_for_every_start_method("an-unknown-function-is-refused",
                               test_an_unknown_function_is_refused);
    add_for_every_start_method("a-table-with-a-name-twice-is-refused",
                               test_a_table_with_a_name_twice_is_refused);
    add_for_every_start_method("workers-share-a-slot-with-the-host",
                               test_workers_share_a_slot_with_the_host);
    add_for_every_start_method("a-task-gets-slots-of-its-own", test_a_task_gets_slots_of_its_own);
    add_for_every_start_method("scratch-slots-come-back-when-the-task-is-done",
                               test_scratch_slots_come_back_when_the_task_is_done);
    add_for_every_start_method("a-task-gets-open-files", test_a_task_gets_open_files);
    add_for_every_start_method("scratch-memory-grows-as-asked", test_scratch_memory_grows_as_asked);
    add_for_every_start_method("a-small-budget-delays-but-stops-nothing",
                               test_a_small_budget_delays_but_stops_nothing);
    add_for_every_start_method("a-closed-pool-finishes-and-refuses-more",
                               test_a_closed_pool_finishes_and_refuses_more);
    add_for_every_start_method("a-cancelled-task-blocks-no-other",
                               test_a_cancelled_task_blocks_no_other);
    add_for_every_start_method("any-event-loop-can-drive-it", test_any_event_loop_can_drive_it);
    add_for_every_start_method("a-pool-leaves-no-descriptor-behind",
                               test_a_pool_leaves_no_descriptor_behind);
    if (g_getenv("PIXPOOL_TEST_THREADS_ONLY") == NULL) {
        g_test_add_func("/pool/tasks-run-in-other-processes", test_tasks_run_in_other_processes);
        g_test_add_func("/pool/hundreds-of-workers-can-be-had",
                        test_hundreds_of_workers_can_be_had);
        g_test_add_func("/pool/the-default-is-one-worker-per-usable-cpu",
                        test_the_default_is_one_worker_per_usable_cpu);
    }
    return g_test_run();
}
