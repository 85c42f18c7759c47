/* SPDX-License-Identifier: MIT */
/*
 * One chunk in its slot, and how long chunks should be. What becomes of whole maps, of crashes and
 * of workers that lie is in core-map.c and core-map-deaths.c.
 */
#include "core/chunk.h"
#include "core/chunk_length.h"
#include "tests/fence.h"
#include "tests/pools.h"

/* Replies with its arguments backwards. */
static int turn(struct pp_call *call)
{
    g_autofree uint8_t *reply = g_malloc(call->arguments_length + 1);
    const uint8_t *arguments = call->arguments;

    if ((uintptr_t)arguments % 16 != 0 || call->slot_count != 0 || call->fd_count != 0) {
        return -EFAULT;
    }
    for (size_t i = 0; i < call->arguments_length; i++) {
        reply[i] = arguments[call->arguments_length - 1 - i];
    }
    return pp_call_reply(call, reply, call->arguments_length);
}

/* Fails with what it got as its message. */
static int refuse(struct pp_call *call)
{
    return pp_call_fail(call, -EILSEQ, "%.*s", (int)call->arguments_length,
                        (const char *)call->arguments);
}

static const struct pp_task_function functions[] = {
    {"turn", turn},
    {"refuse", refuse},
    {NULL, NULL},
};

enum { TURN, REFUSE_WORDS };

static const struct pp_program program = {.functions = functions};

static struct pp_pool *open_in_process(void)
{
    return open_pool_of(&program, GINT_TO_POINTER(PP_START_IN_PROCESS), 1);
}

/* Items of random length, and the chunk for them. */
struct filled {
    struct pp_chunk_shape shape;
    struct pp_chunk chunk;
    size_t lengths[PP_CHUNK_ITEMS_MAX];
    uint8_t bytes[4096];
};

static void fill(struct filled *filled, struct pp_slot *slot, uint32_t function, uint32_t count,
                 size_t longest)
{
    struct pp_map_item item = {.arguments = filled->bytes};

    filled->shape = (struct pp_chunk_shape){
        .function = function,
        .count = count,
        .reply_bytes = (uint32_t)longest,
    };
    for (uint32_t i = 0; i < count; i++) {
        filled->lengths[i] = (size_t)g_test_rand_int_range(0, (int)longest + 1);
        filled->shape.arguments_bytes += (uint32_t)pp_chunk_arguments_bytes(filled->lengths[i]);
    }
    for (size_t i = 0; i < sizeof(filled->bytes); i++) {
        filled->bytes[i] = (uint8_t)('a' + i % 26);
    }
    g_assert_cmpuint(pp_chunk_bytes(&filled->shape), <=, slot->capacity);
    pp_chunk_begin(&filled->chunk, &filled->shape, slot->bytes);
    for (uint32_t i = 0; i < count; i++) {
        item.arguments_length = filled->lengths[i];
        pp_chunk_put(&filled->chunk, i, &item);
    }
}

static struct pp_future *run_chunk(struct pp_pool *pool, struct pp_slot *slot,
                                   const struct pp_chunk_shape *shape)
{
    struct pp_task task = {
        .function = PP_CHUNK_FUNCTION,
        .arguments = shape,
        .arguments_length = sizeof(*shape),
        .slot_count = 1,
        .slots = {{.slot = slot}},
    };
    struct pp_future *future;

    g_assert_cmpint(pp_pool_apply(pool, &task, &future), ==, 0);
    return future;
}

static void assert_turned(const struct filled *filled, uint32_t index)
{
    struct pp_map_result result;
    const uint8_t *reply;

    g_assert_true(pp_chunk_read(&filled->chunk, index, &result));
    g_assert_cmpint(result.outcome, ==, PP_DONE);
    g_assert_cmpuint(result.reply_length, ==, filled->lengths[index]);
    reply = result.reply;
    for (size_t i = 0; i < result.reply_length; i++) {
        g_assert_cmpuint(reply[i], ==, filled->bytes[result.reply_length - 1 - i]);
    }
}

static void test_items_of_any_length_come_back(void)
{
    struct pp_pool *pool = open_in_process();
    struct filled *filled = g_new0(struct filled, 1);

    for (int round = 0; round < 50; round++) {
        struct pp_slot *slot;
        uint32_t count = (uint32_t)g_test_rand_int_range(1, 100);

        g_assert_cmpint(pp_pool_slot(pool, PP_CHUNK_SLOT_BYTES, &slot), ==, 0);
        memset(slot->bytes, g_test_rand_int_range(0, 256), slot->capacity);
        fill(filled, slot, TURN, count, (size_t)g_test_rand_int_range(0, 1000));
        for (uint32_t i = 0; i < count; i++) {
            struct pp_map_result result;

            g_assert_false(pp_chunk_read(&filled->chunk, i, &result));
        }
        g_assert_cmpuint(pp_chunk_in_work(&filled->chunk), ==, count);
        pp_future_destroy(run_chunk(pool, slot, &filled->shape));
        for (uint32_t i = 0; i < count; i++) {
            assert_turned(filled, i);
        }
        g_assert_cmpuint(pp_chunk_in_work(&filled->chunk), ==, count);
        pp_pool_slot_release(pool, slot);
    }
    g_free(filled);
    pp_pool_destroy(pool);
}

/* As after the death of a worker for which it was not to blame. Replies that are there stay. */
static void test_what_is_done_is_not_done_again(void)
{
    struct pp_pool *pool = open_in_process();
    struct filled *filled = g_new0(struct filled, 1);
    enum { COUNT = 50 };

    for (uint32_t kept = 0; kept <= COUNT; kept++) {
        struct pp_slot *slot;
        g_autofree uint8_t *replies = NULL;

        g_assert_cmpint(pp_pool_slot(pool, PP_CHUNK_SLOT_BYTES, &slot), ==, 0);
        fill(filled, slot, TURN, COUNT, 300);
        pp_future_destroy(run_chunk(pool, slot, &filled->shape));
        for (uint32_t i = kept; i < COUNT; i++) {
            atomic_store(&filled->chunk.records[i].state, 0);
        }
        /* Were one of them run again, this would show. */
        memset(filled->chunk.arguments, 0,
               kept == COUNT ? filled->shape.arguments_bytes : filled->chunk.places[kept].offset);
        pp_future_destroy(run_chunk(pool, slot, &filled->shape));
        for (uint32_t i = 0; i < COUNT; i++) {
            assert_turned(filled, i);
        }
        pp_pool_slot_release(pool, slot);
    }
    g_free(filled);
    pp_pool_destroy(pool);
}

static void test_any_one_item_and_the_most_of_them_fit_a_slot(void)
{
    struct pp_chunk_shape one = {
        .count = 1,
        .arguments_bytes = PP_TASK_ARGUMENTS_MAX,
        .reply_bytes = PP_TASK_REPLY_MAX,
    };

    g_assert_cmpuint(pp_chunk_bytes(&one), <=, PP_CHUNK_SLOT_BYTES);
    for (int i = 0; i < 10000; i++) {
        size_t length = (size_t)g_test_rand_int_range(0, PP_TASK_ARGUMENTS_MAX + 1) >>
                        g_test_rand_int_range(0, 14);
        size_t reply_bytes =
            (size_t)g_test_rand_int_range(0, PP_TASK_REPLY_MAX + 1) >> g_test_rand_int_range(0, 14);
        size_t count = PP_CHUNK_DATA_MAX / pp_chunk_item_bytes(length, reply_bytes);
        struct pp_chunk_shape shape = {.reply_bytes = (uint32_t)reply_bytes};

        g_assert_cmpuint(count, >=, 16);
        shape.count = (uint32_t)MIN(count, PP_CHUNK_ITEMS_MAX);
        shape.arguments_bytes = shape.count * (uint32_t)pp_chunk_arguments_bytes(length);
        g_assert_cmpuint(pp_chunk_bytes(&shape), <=, PP_CHUNK_SLOT_BYTES);
    }
}

static void test_shapes_that_cannot_be_are_refused_by_the_worker(void)
{
    static const struct pp_chunk_shape shapes[] = {
        {.count = 0},
        {.count = PP_CHUNK_ITEMS_MAX + 1},
        {.count = UINT32_MAX, .reply_bytes = 1},
        {.count = 1, .arguments_bytes = 8},
        {.count = 1, .arguments_bytes = UINT32_MAX & ~15U},
        {.count = 1, .reply_bytes = PP_TASK_REPLY_MAX + 1},
        {.count = 1, .reply_bytes = UINT32_MAX},
        {.count = 100, .reply_bytes = 4096}, /* more than the slot has */
    };
    struct pp_pool *pool = open_in_process();
    struct pp_slot *slot;

    g_assert_cmpint(pp_pool_slot(pool, 4096, &slot), ==, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(shapes); i++) {
        struct pp_future *future = run_chunk(pool, slot, &shapes[i]);

        g_assert_cmpint(pp_future_result(future)->error.code, ==, -EINVAL);
        pp_future_destroy(future);
    }
    pp_pool_slot_release(pool, slot);
    pp_pool_destroy(pool);
}

static void test_a_function_that_is_not_there_fails_the_item(void)
{
    struct pp_pool *pool = open_in_process();
    struct filled *filled = g_new0(struct filled, 1);
    struct pp_map_result result;
    struct pp_slot *slot;

    g_assert_cmpint(pp_pool_slot(pool, PP_CHUNK_SLOT_BYTES, &slot), ==, 0);
    fill(filled, slot, 12345, 1, 0);
    pp_future_destroy(run_chunk(pool, slot, &filled->shape));
    g_assert_true(pp_chunk_read(&filled->chunk, 0, &result));
    g_assert_cmpint(result.outcome, ==, PP_FAILED);
    g_assert_cmpint(result.error.code, ==, -ENOENT);
    pp_pool_slot_release(pool, slot);
    g_free(filled);
    pp_pool_destroy(pool);
}

/* Also where replies are shorter than messages, and as long as messages can be. */
static void test_messages_arrive_whole(void)
{
    struct pp_pool *pool = open_in_process();
    struct filled *filled = g_new0(struct filled, 1);
    struct pp_slot *slot;

    g_assert_cmpint(pp_pool_slot(pool, PP_CHUNK_SLOT_BYTES, &slot), ==, 0);
    fill(filled, slot, REFUSE_WORDS, 20, 400);
    filled->shape.reply_bytes = 0;
    pp_chunk_begin(&filled->chunk, &filled->shape, slot->bytes);
    for (uint32_t i = 0; i < 20; i++) {
        struct pp_map_item item = {filled->bytes, filled->lengths[i]};

        pp_chunk_put(&filled->chunk, i, &item);
    }
    pp_future_destroy(run_chunk(pool, slot, &filled->shape));
    for (uint32_t i = 0; i < 20; i++) {
        size_t length = MIN(filled->lengths[i], PP_ERROR_MESSAGE_BYTES - 1);
        struct pp_map_result result;

        g_assert_true(pp_chunk_read(&filled->chunk, i, &result));
        g_assert_cmpint(result.outcome, ==, PP_FAILED);
        g_assert_cmpint(result.error.code, ==, -EILSEQ);
        g_assert_cmpuint(strlen(result.error.message), ==, length);
        g_assert_cmpint(memcmp(result.error.message, filled->bytes, length), ==, 0);
    }
    pp_pool_slot_release(pool, slot);
    g_free(filled);
    pp_pool_destroy(pool);
}

static uint32_t some_number(uint32_t bound)
{
    switch (g_test_rand_int_range(0, 5)) {
    case 0:
        return 0;
    case 1:
        return UINT32_MAX;
    case 2:
        return bound;
    case 3:
        return (uint32_t)g_test_rand_int();
    default:
        return (uint32_t)g_test_rand_int_range(0, (int)bound + 2);
    }
}

static void assert_within(const struct pp_chunk *chunk, const struct pp_map_result *result)
{
    const uint8_t *reply = result->reply;

    if (result->outcome == PP_DONE) {
        g_assert_true(reply >= chunk->replies);
        g_assert_cmpuint(result->reply_length, <=, chunk->shape.reply_bytes);
        g_assert_true(reply + result->reply_length <= chunk->replies + chunk->replies_bytes);
        return;
    }
    g_assert_cmpint(result->outcome, ==, PP_FAILED);
    g_assert_cmpint(result->error.code, <, 0);
    g_assert_cmpuint(strlen(result->error.message), <, PP_ERROR_MESSAGE_BYTES);
    for (const char *c = result->error.message; *c != '\0'; c++) {
        g_assert_false((unsigned char)*c < ' ' || *c == 0x7f);
    }
}

/* The slot ends where the memory does. Whatever a worker writes, what is read lies in it. */
static void test_what_a_worker_wrote_is_never_trusted(void)
{
    struct pp_chunk_shape shape = {.count = 7, .arguments_bytes = 160, .reply_bytes = 100};
    g_autofree uint8_t *blank = g_malloc0(pp_chunk_bytes(&shape));
    struct fence fence;
    struct pp_chunk chunk;

    fence = fence_start(blank, pp_chunk_bytes(&shape));
    pp_chunk_begin(&chunk, &shape, fence.bytes);
    for (int round = 0; round < 20000; round++) {
        struct pp_map_result result;

        if (round % 1000 == 0) {
            for (size_t i = 0; i < fence.length; i++) {
                fence.bytes[i] = (uint8_t)g_test_rand_int();
            }
        }
        atomic_store(chunk.running, some_number(shape.count));
        for (uint32_t i = 0; i < shape.count; i++) {
            struct pp_chunk_record *record = &chunk.records[i];
            uint32_t status = some_number(5);

            atomic_store(&record->state, (uint32_t)g_test_rand_int_range(0, 3));
            atomic_store(&record->status, (int32_t)(g_test_rand_bit() ? status : -status));
            atomic_store(&record->offset, some_number((uint32_t)chunk.replies_bytes));
            atomic_store(&record->length, some_number(PP_ERROR_MESSAGE_BYTES));
            if (pp_chunk_read(&chunk, i, &result)) {
                assert_within(&chunk, &result);
            }
        }
        g_assert_cmpuint(pp_chunk_in_work(&chunk), <=, shape.count);
    }
    fence_end(&fence);
}

/* The same for the worker, which takes up what another one left. */
static void test_a_spoilt_place_fails_the_chunk_and_not_the_worker(void)
{
    struct pp_pool *pool = open_in_process();
    struct filled *filled = g_new0(struct filled, 1);

    for (int round = 0; round < 1000; round++) {
        struct pp_future *future;
        struct pp_slot *slot;

        g_assert_cmpint(pp_pool_slot(pool, PP_CHUNK_SLOT_BYTES, &slot), ==, 0);
        fill(filled, slot, TURN, 10, 64);
        for (uint32_t i = 0; i < 10; i++) {
            struct pp_chunk_place *place = &filled->chunk.places[i];

            if (g_test_rand_int_range(0, 20) == 0) {
                place->offset = some_number(filled->shape.arguments_bytes) & ~15U;
                place->length = some_number(filled->shape.arguments_bytes);
            }
            atomic_store(&filled->chunk.records[i].state, (uint32_t)g_test_rand_int_range(0, 3));
            atomic_store(&filled->chunk.records[i].offset, some_number(1000));
        }
        future = run_chunk(pool, slot, &filled->shape);
        g_assert_cmpint(pp_future_result(future)->outcome, !=, PP_OUTCOME_PENDING);
        pp_future_destroy(future);
        pp_pool_slot_release(pool, slot);
    }
    g_free(filled);
    pp_pool_destroy(pool);
}

/* Hand all of @count items out to @workers, as if each took @item_ns. Returns the chunks. */
static size_t cut(size_t count, unsigned workers, uint64_t item_ns, size_t *ret_longest)
{
    struct pp_chunk_length length = {0};
    size_t remaining = count;
    size_t chunks = 0;

    *ret_longest = 0;
    while (remaining > 0) {
        size_t items = pp_chunk_length_next(&length, remaining, workers);

        g_assert_cmpuint(items, >=, 1);
        g_assert_cmpuint(items, <=, remaining);
        g_assert_cmpuint(items, <=, *ret_longest == 0 ? 1 : 2 * *ret_longest);
        *ret_longest = MAX(*ret_longest, items);
        pp_chunk_length_learn(&length, items, items * item_ns);
        remaining -= items;
        chunks++;
    }
    return chunks;
}

static void test_slow_items_go_alone(void)
{
    size_t longest;

    g_assert_cmpuint(cut(1000, 2, 10000000, &longest), ==, 1000);
    g_assert_cmpuint(longest, ==, 1);
}

/* About two milliseconds each, and few of another length. */
static void test_fast_items_go_in_long_chunks(void)
{
    size_t longest;
    size_t chunks = cut(1000000, 2, 1000, &longest);

    g_assert_cmpuint(longest, ==, 2000);
    g_assert_cmpuint(chunks, >=, 500);
    g_assert_cmpuint(chunks, <, 600);
}

/* At the end no chunk is more than a quarter of a worker's share of what is left, but where that
 * is not worth its handing out. */
static void test_chunks_get_shorter_towards_the_end(void)
{
    struct pp_chunk_length length = {0};

    for (size_t items = 1; items <= 4096; items *= 2) {
        pp_chunk_length_learn(&length, items, items * 10000);
    }
    g_assert_cmpuint(pp_chunk_length_next(&length, 100000, 4), ==, 200);
    g_assert_cmpuint(pp_chunk_length_next(&length, 1600, 4), ==, 100);
    g_assert_cmpuint(pp_chunk_length_next(&length, 160, 4), ==, 10);
    g_assert_cmpuint(pp_chunk_length_next(&length, 16, 4), ==, 5);
    g_assert_cmpuint(pp_chunk_length_next(&length, 1, 4), ==, 1);
}

/* What workers say is only a number. */
static void test_no_time_makes_a_length_that_cannot_be(void)
{
    for (int round = 0; round < 1000; round++) {
        struct pp_chunk_length length = {0};

        for (int i = 0; i < 100; i++) {
            size_t remaining = (size_t)g_test_rand_int() + 1;
            unsigned workers = (unsigned)g_test_rand_int_range(1, 1000);
            size_t items = pp_chunk_length_next(&length, remaining, workers);
            uint64_t ns = ((uint64_t)g_test_rand_int() << 32 | (uint32_t)g_test_rand_int()) >>
                          g_test_rand_int_range(0, 64);

            g_assert_cmpuint(items, >=, 1);
            g_assert_cmpuint(items, <=, remaining);
            pp_chunk_length_learn(&length, items, ns);
        }
    }
}

int main(int argc, char **argv)
{
    pp_program_enter(&program, argc, argv);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/chunk/items-of-any-length-come-back", test_items_of_any_length_come_back);
    g_test_add_func("/chunk/what-is-done-is-not-done-again", test_what_is_done_is_not_done_again);
    g_test_add_func("/chunk/any-one-item-and-the-most-of-them-fit-a-slot",
                    test_any_one_item_and_the_most_of_them_fit_a_slot);
    g_test_add_func("/chunk/shapes-that-cannot-be-are-refused-by-the-worker",
                    test_shapes_that_cannot_be_are_refused_by_the_worker);
    g_test_add_func("/chunk/a-function-that-is-not-there-fails-the-item",
                    test_a_function_that_is_not_there_fails_the_item);
    g_test_add_func("/chunk/messages-arrive-whole", test_messages_arrive_whole);
    g_test_add_func("/chunk/what-a-worker-wrote-is-never-trusted",
                    test_what_a_worker_wrote_is_never_trusted);
    g_test_add_func("/chunk/a-spoilt-place-fails-the-chunk-and-not-the-worker",
                    test_a_spoilt_place_fails_the_chunk_and_not_the_worker);
    g_test_add_func("/chunk-length/slow-items-go-alone", test_slow_items_go_alone);
    g_test_add_func("/chunk-length/fast-items-go-in-long-chunks",
                    test_fast_items_go_in_long_chunks);
    g_test_add_func("/chunk-length/chunks-get-shorter-towards-the-end",
                    test_chunks_get_shorter_towards_the_end);
    g_test_add_func("/chunk-length/no-time-makes-a-length-that-cannot-be",
                    test_no_time_makes_a_length_that_cannot_be);
    return g_test_run();
}
