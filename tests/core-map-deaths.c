/* SPDX-License-Identifier: MIT */
/*
 * What a map promises when workers die in the middle of a chunk, or lie about it. Deaths at each
 * point of the protocol are in core-map-points.c.
 */
#include "tests/counted_items.h"

static void assert_crash(gconstpointer data, enum what what, const char *word)
{
    struct pp_map_options options = {.chunk_items = 50};
    struct fixture *fixture = begin(data, 2, 200);

    set(fixture, 0, what, 1);
    set(fixture, 74, what, 1);
    set(fixture, 149, what, 1);
    run(fixture, &options);
    assert_innocent(fixture);
    for (size_t i = 0; i < 200; i++) {
        if (fixture->items[i].what != SQUARE) {
            g_assert_cmpint(fixture->results[i].outcome, ==, PP_CRASHED);
            g_assert_cmpint(fixture->results[i].error.code, ==, -ECHILD);
            g_assert_nonnull(strstr(fixture->results[i].error.message, word));
            g_assert_cmpuint(fixture->counts->runs[i], ==, 1);
        }
    }
    end(fixture);
}

static void test_a_crash_costs_the_item_in_work_and_no_other(gconstpointer data)
{
    assert_crash(data, SEGV, "SIGSEGV");
    assert_crash(data, ABORT, "SIGABRT");
    assert_crash(data, KILL, "SIGKILL");
    assert_crash(data, EXIT_0, "code 0");
    assert_crash(data, EXIT_3, "code 3");
}

/* Of crashes and kills each has as many as it may have, and no more. */
static void test_attempts_are_counted_for_each_item(gconstpointer data)
{
    struct pp_map_options options = {.chunk_items = 20, .crash_attempts = 3, .kill_attempts = 2};
    struct fixture *fixture = begin(data, 2, 100);

    set(fixture, 10, SEGV, 2);
    set(fixture, 11, SEGV, 3);
    set(fixture, 12, KILL, 1);
    set(fixture, 13, KILL, 2);
    set(fixture, 14, EXIT_0, 1);
    run(fixture, &options);
    assert_innocent(fixture);
    assert_done(fixture, 10, 3);
    assert_done(fixture, 12, 2);
    assert_done(fixture, 14, 2);
    g_assert_cmpint(fixture->results[11].outcome, ==, PP_CRASHED);
    g_assert_cmpuint(fixture->counts->runs[11], ==, 3);
    g_assert_cmpint(fixture->results[13].outcome, ==, PP_CRASHED);
    g_assert_cmpuint(fixture->counts->runs[13], ==, 2);
    end(fixture);
}

static void test_a_retry_runs_alone_in_a_fresh_worker(gconstpointer data)
{
    struct pp_map_options options = {.chunk_items = 10, .crash_attempts = 2};
    struct fixture *fixture = begin(data, 2, 500);

    for (size_t i = 5; i < 500; i += 30) {
        set(fixture, i, SEGV, 1);
    }
    run(fixture, &options);
    for (size_t i = 0; i < 500; i++) {
        bool crashed = fixture->items[i].what == SEGV;

        assert_done(fixture, i, crashed ? 2 : 1);
        g_assert_true(!crashed || fixture->counts->before[i] == 0);
    }
    end(fixture);
}

/* Also while the caller does not look at the imap but drives the pool: the worker that is to run
 * the retry is kept for it. */
static void test_a_retry_does_not_wait_for_the_caller(gconstpointer data)
{
    struct pp_map_options options = {.chunk_items = 1, .crash_attempts = 2, .window_items = 1};
    struct fixture *fixture = begin(data, 1, 1);
    struct pp_map_result result;
    struct pp_imap *imap = NULL;

    set(fixture, 0, SEGV, 1);
    g_assert_cmpint(pp_imap_create(&imap, fixture->pool, "do-item", pull, fixture, true, &options),
                    ==, 0);
    g_assert_cmpint(pp_imap_next(imap, 0, &result), ==, -ETIMEDOUT);
    while (atomic_load(&fixture->counts->runs[0]) < 2) {
        GPollFD fd = {.fd = pp_pool_fd(fixture->pool), .events = G_IO_IN};

        g_poll(&fd, 1, 10);
        g_assert_cmpint(pp_pool_dispatch(fixture->pool), ==, 0);
    }
    g_assert_cmpint(pp_imap_next(imap, -1, &result), ==, 0);
    g_assert_cmpint(result.outcome, ==, PP_DONE);
    pp_imap_destroy(imap);
    end(fixture);
}

/* Nothing that could be told apart from one loop, but for what was lost on the way. */
static void test_it_is_what_a_loop_would_be_in_a_storm_of_crashes(gconstpointer data)
{
    static const unsigned processes[] = {1, 2, 13};

    for (size_t i = 0; i < G_N_ELEMENTS(processes); i++) {
        size_t count = (size_t)g_test_rand_int_range(1, ITEMS_MAX);
        struct fixture *fixture = begin(data, processes[i], count);
        struct pp_map_options options = {
            .chunk_items = g_test_rand_bit() ? 0 : (size_t)g_test_rand_int_range(1, 200),
            .crash_attempts = (uint32_t)g_test_rand_int_range(1, 4),
            .kill_attempts = (uint32_t)g_test_rand_int_range(1, 4),
        };

        for (size_t k = 0; k < count; k++) {
            if (g_test_rand_int_range(0, 50) == 0) {
                set(fixture, k, (enum what)g_test_rand_int_range(SEGV, FAIL + 1),
                    (uint32_t)g_test_rand_int_range(1, 4));
            }
        }
        run(fixture, &options);
        assert_innocent(fixture);
        for (size_t k = 0; k < count; k++) {
            const struct item *item = &fixture->items[k];
            uint32_t attempts = item->what == KILL ? options.kill_attempts : options.crash_attempts;

            if (item->what == FAIL) {
                g_assert_cmpint(fixture->results[k].outcome, ==, PP_FAILED);
            } else if (item->what != SQUARE && item->times >= attempts) {
                g_assert_cmpint(fixture->results[k].outcome, ==, PP_CRASHED);
                g_assert_cmpuint(fixture->counts->runs[k], ==, attempts);
            } else if (item->what != SQUARE) {
                assert_done(fixture, k, item->times + 1);
            }
        }
        end(fixture);
    }
}

/* All workers die with it. Nobody is to blame; what was done stays done. */
static void test_when_the_zygote_dies_only_the_items_in_work_are_run_again(gconstpointer data)
{
    struct pp_map_options options = {.chunk_items = 100};
    struct fixture *fixture;
    size_t again = 0;

    if (GPOINTER_TO_INT(data) != PP_START_FORKSERVER) {
        g_test_skip("only one start method has a zygote");
        return;
    }
    fixture = begin(data, 2, 1000);
    set(fixture, 50, KILL_ZYGOTE, 1);
    set(fixture, 550, KILL_ZYGOTE, 1);
    run(fixture, &options);
    for (size_t i = 0; i < 1000; i++) {
        g_assert_cmpint(fixture->results[i].outcome, ==, PP_DONE);
        again += fixture->counts->runs[i] - 1;
    }
    /* Those two, and one that the other worker had in work. */
    g_assert_cmpuint(again, >=, 2);
    g_assert_cmpuint(again, <=, 4);
    end(fixture);
}

/* An array on both sides: the first failure by index is told, all others are done. */
static void test_an_array_is_mapped_around_its_crashes(gconstpointer data)
{
    struct fixture *fixture = begin(data, 2, 1000);
    struct pp_error error;
    size_t failed;
    int r;

    set(fixture, 700, EXIT_3, 1);
    set(fixture, 333, SEGV, 1);
    set(fixture, 900, FAIL, 1);
    r = pp_pool_map(fixture->pool, "do-item", fixture->items, sizeof(struct item), 1000,
                    fixture->replies, sizeof(int64_t), NULL, &failed, &error);
    g_assert_cmpint(r, ==, -ECHILD);
    g_assert_cmpuint(failed, ==, 333);
    g_assert_nonnull(strstr(error.message, "SIGSEGV"));
    for (size_t i = 0; i < 1000; i++) {
        g_assert_cmpint(fixture->replies[i], ==,
                        fixture->items[i].what == SQUARE ? (int64_t)(i * i) : 0);
        g_assert_cmpuint(fixture->counts->runs[i], ==, 1);
    }
    end(fixture);
}

/*
 * Items that write garbage over the whole chunk, and then go on as if nothing were or crash. Those
 * of their chunk may get lost or come to anything; but all are told, the others are what they
 * should be, and the pool lives.
 */
static void test_a_worker_that_spoils_its_chunk_spoils_no_other(gconstpointer data)
{
    struct pp_map_options options = {.chunk_items = 10, .crash_attempts = 2};

    for (int round = 0; round < 5; round++) {
        struct fixture *fixture = begin(data, 2, 1000);
        bool spoilt[100] = {0};

        for (size_t chunk = 0; chunk < 100; chunk++) {
            if (g_test_rand_int_range(0, 10) == 0) {
                size_t first = chunk * 10 + (size_t)g_test_rand_int_range(0, 9);

                set(fixture, first, SCRIBBLE, 1);
                set(fixture, first + 1, g_test_rand_bit() ? SEGV : SQUARE, 1);
                spoilt[chunk] = true;
            }
        }
        run(fixture, &options);
        for (size_t i = 0; i < 1000; i++) {
            if (!spoilt[i / 10]) {
                assert_done(fixture, i, 1);
            }
        }
        memset(fixture->told, 0, sizeof(fixture->told));
        memset(fixture->counts, 0, sizeof(*fixture->counts));
        fixture->next = 0;
        fixture->count = 100;
        for (size_t i = 0; i < 100; i++) {
            set(fixture, i, SQUARE, 0);
        }
        run(fixture, &options);
        assert_innocent(fixture);
        end(fixture);
    }
}

int main(int argc, char **argv)
{
    pp_program_enter(&program, argc, argv);
    g_test_init(&argc, &argv, NULL);
    add_process_method_tests("map", "a-crash-costs-the-item-in-work-and-no-other",
                             test_a_crash_costs_the_item_in_work_and_no_other);
    add_process_method_tests("map", "attempts-are-counted-for-each-item",
                             test_attempts_are_counted_for_each_item);
    add_process_method_tests("map", "a-retry-runs-alone-in-a-fresh-worker",
                             test_a_retry_runs_alone_in_a_fresh_worker);
    add_process_method_tests("map", "a-retry-does-not-wait-for-the-caller",
                             test_a_retry_does_not_wait_for_the_caller);
    add_process_method_tests("map", "it-is-what-a-loop-would-be-in-a-storm-of-crashes",
                             test_it_is_what_a_loop_would_be_in_a_storm_of_crashes);
    add_process_method_tests("map", "when-the-zygote-dies-only-the-items-in-work-are-run-again",
                             test_when_the_zygote_dies_only_the_items_in_work_are_run_again);
    add_process_method_tests("map", "an-array-is-mapped-around-its-crashes",
                             test_an_array_is_mapped_around_its_crashes);
    add_process_method_tests("map", "a-worker-that-spoils-its-chunk-spoils-no-other",
                             test_a_worker_that_spoils_its_chunk_spoils_no_other);
    return g_test_run();
}
