/* SPDX-License-Identifier: MIT */
/*
 * Tasks and results by way of the rings: the same as by messages, in one order with them, and taken
 * back from busy workers.
 */
#include <stdatomic.h>

#include "core/pool_private.h"
#include "tests/pools.h"

static int echo(struct pp_call *call)
{
    return pp_call_reply(call, call->arguments, call->arguments_length);
}

/* A pure function of the arguments: fails with words of any length, or replies with any length. */
static int churn(struct pp_call *call)
{
    const uint8_t *bytes = call->arguments;
    uint8_t reply[2000];
    uint32_t seed = (uint32_t)call->arguments_length;
    size_t length;

    for (size_t i = 0; i < call->arguments_length; i++) {
        seed = seed * 31 + bytes[i];
    }
    length = seed % sizeof(reply);
    memset(reply, (int)(seed >> 24), length);
    if (seed % 5 == 0) {
        return pp_call_fail(call, -EILSEQ, "%.*s", (int)length, "0123456789abcdef");
    }
    return pp_call_reply(call, reply, seed % 3 == 0 ? length : length % 200);
}

/* Appends its number to the row in the slot: the first word counts. */
static int line_up(struct pp_call *call)
{
    uint32_t *row = call->slots[0].bytes;
    uint32_t number;

    memcpy(&number, call->arguments, sizeof(number));
    row[++row[0]] = number;
    return 0;
}

/* Meets as many others as the first word of the slot says; the second counts them. */
static int meet(struct pp_call *call)
{
    _Atomic uint32_t *words = call->slots[0].bytes;

    atomic_fetch_add(&words[1], 1);
    while (atomic_load(&words[1]) < atomic_load(&words[0])) {
        g_usleep(100);
    }
    return 0;
}

/* Counts its runs in the second word of the slot. */
static int count_run(struct pp_call *call)
{
    atomic_fetch_add((_Atomic uint32_t *)call->slots[0].bytes + 1, 1);
    return 0;
}

static const struct pp_task_function functions[] = {
    {"echo", echo},           {"churn", churn},    {"line-up", line_up}, {"meet", meet},
    {"count-run", count_run}, {"hold", hold_task}, {NULL, NULL},
};

static const struct pp_program program = {.functions = functions};

static void dispatch_by_message(bool by_message)
{
    if (by_message) {
        g_setenv("PIXPOOL_DISPATCH", "socket", TRUE);
    } else {
        g_unsetenv("PIXPOOL_DISPATCH");
    }
}

enum { CHURNS = 1000, CHURN_BYTES = 700 };

/* Run tasks that follow from @seed and write down all that comes back. */
static GByteArray *run_churns(gconstpointer method, guint32 seed)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(seed);
    struct pp_pool *pool = open_pool_of(&program, method, 3);
    struct pp_future *futures[CHURNS];
    GByteArray *heard = g_byte_array_new();

    for (int i = 0; i < CHURNS; i++) {
        uint8_t bytes[CHURN_BYTES];
        struct pp_task task = {.function = "churn", .arguments = bytes};

        task.arguments_length =
            (size_t)g_rand_int_range(random, 0, i % 2 == 0 ? 20 : CHURN_BYTES + 1);
        for (size_t k = 0; k < task.arguments_length; k++) {
            bytes[k] = (uint8_t)g_rand_int(random);
        }
        futures[i] = submit(pool, &task);
    }
    for (int i = 0; i < CHURNS; i++) {
        const struct pp_result *result = pp_future_result(futures[i]);

        g_assert_cmpint(pp_future_wait(futures[i], -1), ==, 0);
        g_assert_cmpuint(result->attempts, ==, 1);
        g_byte_array_append(heard, (const guint8 *)&result->outcome, sizeof(result->outcome));
        g_byte_array_append(heard, (const guint8 *)&result->error.code, sizeof(result->error.code));
        if (result->outcome == PP_DONE) {
            g_byte_array_append(heard, result->reply, (guint)result->reply_length);
        } else {
            g_byte_array_append(heard, (const guint8 *)result->error.message,
                                (guint)strlen(result->error.message));
        }
        pp_future_destroy(futures[i]);
    }
    pp_pool_destroy(pool);
    return heard;
}

static void test_rings_and_messages_say_the_same(gconstpointer data)
{
    for (int round = 0; round < 5; round++) {
        guint32 seed = (guint32)g_test_rand_int();
        g_autoptr(GByteArray) by_ring = NULL;
        g_autoptr(GByteArray) by_message = NULL;

        dispatch_by_message(false);
        by_ring = run_churns(data, seed);
        dispatch_by_message(true);
        by_message = run_churns(data, seed);
        dispatch_by_message(false);
        g_assert_cmpmem(by_ring->data, by_ring->len, by_message->data, by_message->len);
    }
}

/* Small ones go by the ring, large ones and those with files by message; none overtakes another. */
static void test_one_worker_runs_them_in_one_order(gconstpointer data)
{
    enum { TASKS = 600 };
    struct pp_pool *pool = open_pool_of(&program, data, 1);
    struct pp_slot *slot = NULL;
    uint32_t bytes[2000] = {0};
    uint32_t *row;

    g_assert_cmpint(pp_pool_slot(pool, 10000, &slot), ==, 0);
    row = slot->bytes;
    row[0] = 0;
    for (uint32_t i = 0; i < TASKS; i++) {
        struct pp_task task = {.function = "line-up", .arguments = bytes, .slot_count = 1};
        int kind = g_test_rand_int_range(0, 4);

        bytes[0] = i;
        task.arguments_length = kind == 0 ? sizeof(bytes) : sizeof(bytes[0]);
        task.slots[0].slot = slot;
        task.fd_count = kind == 1;
        submit(pool, &task);
    }
    for (uint32_t i = 0; i < TASKS; i++) {
        struct pp_future *future = NULL;

        g_assert_cmpint(pp_pool_next(pool, -1, &future), ==, 0);
        g_assert_cmpint(pp_future_result(future)->outcome, ==, PP_DONE);
        pp_future_destroy(future);
    }
    g_assert_cmpuint(row[0], ==, TASKS);
    for (uint32_t i = 0; i < TASKS; i++) {
        g_assert_cmpuint(row[i + 1], ==, i);
    }
    pp_pool_slot_release(pool, slot);
    pp_pool_destroy(pool);
}

/* Let the pool find out that tasks are short, so that it sends many ahead. */
static void run_short_tasks(struct pp_pool *pool)
{
    struct pp_task task = {.function = "echo"};
    struct pp_future *future = NULL;

    for (int i = 0; i < 500; i++) {
        g_assert_cmpint(pp_pool_apply(pool, &task, &future), ==, 0);
        pp_future_destroy(future);
    }
}

static struct pp_slot *open_meeting(struct pp_pool *pool, uint32_t guests)
{
    struct pp_slot *slot = NULL;

    g_assert_cmpint(pp_pool_slot(pool, 64, &slot), ==, 0);
    ((uint32_t *)slot->bytes)[0] = guests;
    ((uint32_t *)slot->bytes)[1] = 0;
    return slot;
}

static struct pp_future *submit_with_slot(struct pp_pool *pool, const char *function,
                                          struct pp_slot *slot)
{
    struct pp_task task = {.function = function, .slot_count = 1};

    task.slots[0].slot = slot;
    return submit(pool, &task);
}

/*
 * The first task waits until all others have run. Half of those were sent to its own worker and
 * stand behind it: unless they are taken back and given to the other worker this never ends.
 */
static void test_what_waits_behind_a_long_task_goes_elsewhere(gconstpointer data)
{
    enum { OTHERS = 40 };
    struct pp_pool *pool = open_pool_of(&program, data, 2);
    struct pp_slot *slot = open_meeting(pool, OTHERS + 1);
    struct pp_future *futures[OTHERS + 1];

    run_short_tasks(pool);
    futures[0] = submit_with_slot(pool, "meet", slot);
    for (int i = 1; i <= OTHERS; i++) {
        futures[i] = submit_with_slot(pool, "count-run", slot);
    }
    for (int i = 0; i <= OTHERS; i++) {
        g_assert_cmpint(pp_future_wait(futures[i], 60000), ==, 0);
        g_assert_cmpint(pp_future_result(futures[i])->outcome, ==, PP_DONE);
        g_assert_cmpuint(pp_future_result(futures[i])->attempts, ==, 1);
        pp_future_destroy(futures[i]);
    }
    g_assert_cmpuint(((uint32_t *)slot->bytes)[1], ==, OTHERS + 1);
    pp_pool_slot_release(pool, slot);
    pp_pool_destroy(pool);
}

/* All of them at the same time, though the first worker that was ready was given two of them. */
static void test_tasks_that_need_one_another_meet(gconstpointer data)
{
    enum { GUESTS = 4 };

    for (int round = 0; round < 10; round++) {
        struct pp_pool *pool = open_pool_of(&program, data, GUESTS);
        struct pp_slot *slot = open_meeting(pool, GUESTS);
        struct pp_future *futures[GUESTS];

        for (int i = 0; i < GUESTS; i++) {
            futures[i] = submit_with_slot(pool, "meet", slot);
        }
        for (int i = 0; i < GUESTS; i++) {
            g_assert_cmpint(pp_future_wait(futures[i], 60000), ==, 0);
            pp_future_destroy(futures[i]);
        }
        pp_pool_slot_release(pool, slot);
        pp_pool_destroy(pool);
    }
}

/* Cancelled while they wait behind another one in their worker's inbox: they never run. */
static void test_a_cancelled_task_that_was_sent_is_not_run(gconstpointer data)
{
    enum { OTHERS = 10 };
    struct pp_pool *pool = open_pool_of(&program, data, 1);
    struct pp_slot *slot = open_meeting(pool, 2);
    _Atomic uint32_t *words = slot->bytes;
    struct pp_future *others[OTHERS];
    struct pp_future *first;

    run_short_tasks(pool);
    first = submit_with_slot(pool, "meet", slot);
    for (int i = 0; i < OTHERS; i++) {
        others[i] = submit_with_slot(pool, "count-run", slot);
    }
    while (atomic_load(&words[1]) == 0) {
        g_assert_cmpint(pp_pool_dispatch(pool), ==, 0);
    }
    g_assert_cmpuint(pool->workers[0].inbox_count, >, 1); /* some were sent indeed */
    for (int i = 0; i < OTHERS; i++) {
        g_assert_true(pp_future_cancel(others[i]));
        pp_future_destroy(others[i]);
    }
    atomic_fetch_add(&words[1], 1); /* the test is the second guest */
    g_assert_cmpint(pp_future_wait(first, 60000), ==, 0);
    g_assert_cmpint(pp_future_result(first)->outcome, ==, PP_DONE);
    pp_future_destroy(first);
    run_short_tasks(pool);
    g_assert_cmpuint(atomic_load(&words[1]), ==, 2);
    pp_pool_slot_release(pool, slot);
    pp_pool_destroy(pool);
}

/* Back and forth for longer than the ring is, so that entries which were taken back pile up. */
static void test_taking_back_never_fills_the_ring(gconstpointer data)
{
    struct pp_pool *pool = open_pool_of(&program, data, 1);

    run_short_tasks(pool);
    for (int round = 0; round < 20; round++) {
        struct pp_slot *slot = open_meeting(pool, 2);
        _Atomic uint32_t *words = slot->bytes;
        struct pp_future *first = submit_with_slot(pool, "meet", slot);

        for (int i = 0; i < 3 * PP_RING_ENTRIES; i++) {
            pp_future_destroy(submit_with_slot(pool, "count-run", slot));
        }
        while (atomic_load(&words[1]) == 0) {
            g_assert_cmpint(pp_pool_dispatch(pool), ==, 0);
        }
        for (int i = 0; i < 3 * PP_RING_ENTRIES; i++) {
            pp_future_destroy(submit_with_slot(pool, "echo", slot));
        }
        atomic_fetch_add(&words[1], 1);
        g_assert_cmpint(pp_future_wait(first, 60000), ==, 0);
        g_assert_cmpint(pp_future_result(first)->outcome, ==, PP_DONE);
        pp_future_destroy(first);
        pp_pool_slot_release(pool, slot);
    }
    pp_pool_destroy(pool);
}

/* A message that cannot be sent has its entry in the ring already: the worker must not wait for it.
 */
static void test_a_message_that_cannot_be_sent_fails_its_task_only(gconstpointer data)
{
    struct pp_pool *pool = open_pool_of(&program, data, 1);
    uint8_t bytes[PP_TASK_ARGUMENTS_MAX] = {0};
    struct pp_task large = {
        .function = "echo",
        .arguments = bytes,
        .arguments_length = sizeof(bytes),
    };
    int small = 0;

    run_short_tasks(pool);
    g_assert_cmpint(setsockopt(pool->workers[0].end, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)),
                    ==, 0);
    for (int round = 0; round < 3 * PP_RING_ENTRIES; round++) {
        struct pp_future *future = NULL;

        g_assert_cmpint(pp_pool_apply(pool, &large, &future), ==, 0);
        g_assert_cmpint(pp_future_result(future)->outcome, ==, PP_FAILED);
        g_assert_nonnull(
            strstr(pp_future_result(future)->error.message, "cannot hand the task to a worker"));
        pp_future_destroy(future);
    }
    run_short_tasks(pool);
    pp_pool_destroy(pool);
}

static void add(const char *name, GTestDataFunc test, bool in_process_too)
{
    for (size_t i = 0; i < G_N_ELEMENTS(start_methods); i++) {
        g_autofree char *path = g_strdup_printf("/pool-ring/%s/%s", start_methods[i].name, name);

        if (is_start_method_tested(&start_methods[i]) &&
            (in_process_too || start_methods[i].method != PP_START_IN_PROCESS)) {
            g_test_add_data_func(path, GINT_TO_POINTER(start_methods[i].method), test);
        }
    }
}

int main(int argc, char **argv)
{
    pp_program_enter(&program, argc, argv);
    g_test_init(&argc, &argv, NULL);
    add("rings-and-messages-say-the-same", test_rings_and_messages_say_the_same, true);
    add("one-worker-runs-them-in-one-order", test_one_worker_runs_them_in_one_order, true);
    add("what-waits-behind-a-long-task-goes-elsewhere",
        test_what_waits_behind_a_long_task_goes_elsewhere, false);
    add("tasks-that-need-one-another-meet", test_tasks_that_need_one_another_meet, false);
    add("a-cancelled-task-that-was-sent-is-not-run", test_a_cancelled_task_that_was_sent_is_not_run,
        false);
    add("taking-back-never-fills-the-ring", test_taking_back_never_fills_the_ring, false);
    add("a-message-that-cannot-be-sent-fails-its-task-only",
        test_a_message_that_cannot_be_sent_fails_its_task_only, true);
    return g_test_run();
}
