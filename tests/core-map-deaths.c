/* SPDX-License-Identifier: MIT */
/*
 * What a map promises when workers die in the middle of a chunk, or lie about it. Items count their
 * runs in memory that all processes share, so that nothing is done once too often unseen.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>

#include "core/map.h"
#include "core/shared_memory.h"
#include "tests/pools.h"

enum what { SQUARE, SEGV, ABORT, KILL, EXIT_0, EXIT_3, FAIL, KILL_ZYGOTE, SCRIBBLE };

enum { ITEMS_MAX = 2000 };

struct item {
    int64_t n;
    enum what what;
    uint32_t times; /* runs in which it does so; then it is a SQUARE */
};

struct counts {
    _Atomic uint32_t runs[ITEMS_MAX];
    _Atomic uint32_t before[ITEMS_MAX]; /* items that the process of its last run had run before */
};

struct reply {
    int64_t square;
};

static _Atomic uint32_t runs_of_this_process;

/* Garbage over all of the shared memory that the arguments lie in, from its first byte on. */
static void scribble(const void *arguments)
{
    uint8_t *page = (uint8_t *)((uintptr_t)arguments & ~(uintptr_t)4095);
    g_autofree char *maps = NULL;
    g_auto(GStrv) lines = NULL;

    g_assert_true(g_file_get_contents("/proc/self/maps", &maps, NULL, NULL));
    lines = g_strsplit(maps, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        unsigned long start;
        unsigned long end;

        if (sscanf(*line, "%lx-%lx", &start, &end) == 2 && start <= (uintptr_t)page &&
            (uintptr_t)page < end) {
            GRand *rand = g_rand_new();
            uint32_t *words = (uint32_t *)start;
            guint32 kind = g_rand_int_range(rand, 0, 3);

            for (size_t i = 0; i < (end - start) / sizeof(*words); i++) {
                words[i] = kind == 0 ? 1 : kind == 1 ? UINT32_MAX : g_rand_int(rand);
            }
            g_rand_free(rand);
            return;
        }
    }
    g_assert_not_reached();
}

static void die(enum what what)
{
    switch (what) {
    case SEGV:
        signal(SIGSEGV, SIG_DFL); /* sanitizers would turn it into an exit */
        raise(SIGSEGV);
        break;
    case ABORT:
        signal(SIGABRT, SIG_DFL);
        raise(SIGABRT);
        break;
    case KILL:
        raise(SIGKILL);
        break;
    case EXIT_0:
        _exit(0);
    case EXIT_3:
        _exit(3);
    case KILL_ZYGOTE:
        kill(getppid(), SIGKILL);
        for (;;) {
            pause();
        }
    default:
        break;
    }
}

static int do_item(struct pp_call *call)
{
    struct counts *counts = call->shared[0].bytes;
    struct item item;
    uint32_t runs;

    if (pp_call_arguments(call, &item, sizeof(item)) != 0 || item.n < 0 || item.n >= ITEMS_MAX) {
        return -EINVAL; /* it was scribbled over */
    }
    atomic_store(&counts->before[item.n], atomic_fetch_add(&runs_of_this_process, 1));
    runs = atomic_fetch_add(&counts->runs[item.n], 1) + 1;
    if (runs <= item.times && item.what == SCRIBBLE) {
        scribble(call->arguments);
    } else if (runs <= item.times) {
        die(item.what);
    }
    if (item.what == FAIL) {
        return pp_call_fail(call, -EILSEQ, "item %d is bad", (int)item.n);
    }
    item.n *= item.n;
    return pp_call_reply(call, &item.n, sizeof(item.n));
}

static const struct pp_task_function functions[] = {
    {"do-item", do_item},
    {NULL, NULL},
};

static const struct pp_program program = {.functions = functions};

/* A pool, items for it, and what each of them came to. */
struct fixture {
    struct pp_shared_memory *memory;
    struct counts *counts;
    struct pp_pool *pool;
    size_t count;
    struct item items[ITEMS_MAX];
    struct pp_map_result results[ITEMS_MAX];
    int64_t replies[ITEMS_MAX];
    unsigned told[ITEMS_MAX];
    size_t next; /* to be pulled */
};

static struct fixture *begin(gconstpointer data, unsigned processes, size_t count)
{
    struct fixture *fixture = g_new0(struct fixture, 1);
    struct pp_pool_options options = {
        .start_method = (enum pp_start_method)GPOINTER_TO_INT(data),
        .processes = processes,
        .shared = &fixture->memory,
        .shared_count = 1,
    };

    g_assert_cmpint(pp_shared_memory_create(&fixture->memory, NULL, sizeof(struct counts)), ==, 0);
    fixture->counts = pp_shared_memory_bytes(fixture->memory);
    g_assert_cmpint(pp_pool_create(&fixture->pool, &program, &options, NULL), ==, 0);
    fixture->count = count;
    for (size_t i = 0; i < count; i++) {
        fixture->items[i].n = (int64_t)i;
    }
    return fixture;
}

static void set(struct fixture *fixture, size_t index, enum what what, uint32_t times)
{
    fixture->items[index].what = what;
    fixture->items[index].times = times;
}

static int pull(void *user, struct pp_map_item *ret_item)
{
    struct fixture *fixture = user;

    if (fixture->next == fixture->count) {
        return PP_MAP_END;
    }
    ret_item->arguments = &fixture->items[fixture->next++];
    ret_item->arguments_length = sizeof(struct item);
    return 0;
}

/* Run all items; each is told once. */
static void run(struct fixture *fixture, const struct pp_map_options *options)
{
    struct pp_map_result result;
    struct pp_imap *imap = NULL;
    int r;

    g_assert_cmpint(pp_imap_create(&imap, fixture->pool, "do-item", pull, fixture, false, options),
                    ==, 0);
    while ((r = pp_imap_next(imap, -1, &result)) == 0) {
        g_assert_cmpuint(result.index, <, fixture->count);
        fixture->results[result.index] = result;
        fixture->told[result.index]++;
        if (result.reply_length == sizeof(int64_t)) {
            memcpy(&fixture->replies[result.index], result.reply, sizeof(int64_t));
        }
    }
    g_assert_cmpint(r, ==, PP_MAP_END);
    for (size_t i = 0; i < fixture->count; i++) {
        g_assert_cmpuint(fixture->told[i], ==, 1);
    }
    pp_imap_destroy(imap);
}

static void end(struct fixture *fixture)
{
    pp_pool_destroy(fixture->pool);
    pp_shared_memory_close(fixture->memory);
    g_free(fixture);
}

static void assert_done(const struct fixture *fixture, size_t index, uint32_t runs)
{
    g_assert_cmpint(fixture->results[index].outcome, ==, PP_DONE);
    g_assert_cmpint(fixture->replies[index], ==, (int64_t)(index * index));
    g_assert_cmpuint(fixture->counts->runs[index], ==, runs);
}

/* Those that were done before are done, those behind are run: all of them once. */
static void assert_innocent(const struct fixture *fixture)
{
    for (size_t i = 0; i < fixture->count; i++) {
        if (fixture->items[i].what == SQUARE) {
            assert_done(fixture, i, 1);
        }
    }
}

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
