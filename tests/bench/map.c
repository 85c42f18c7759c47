/* SPDX-License-Identifier: MIT */
/*
 * Measure core/map.h on two workers; tests/bench/python_map.py does the same with Python's pools.
 *
 *   map N           N items that do nothing, 8 bytes in and 8 bytes out: one whole map
 *   map N, ones     likewise, in chunks of one item
 *   imap N          likewise, with results in order
 *   imap N, any     likewise, as they are done
 *   spin T, N       N items that each take T: how much of the workers' time is their work
 *   uneven, N       likewise, where one item of a hundred takes a hundred times longer
 *
 * The median of several rounds.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/map.h"

enum { WORKERS = 2, ROUNDS = 7, ITEMS_MAX = 1000000 };

static uint64_t items[ITEMS_MAX];
static uint64_t replies[ITEMS_MAX];

static int echo(struct pp_call *call)
{
    return pp_call_reply(call, call->arguments, call->arguments_length);
}

static int spin(struct pp_call *call)
{
    uint64_t begin = pp_clock_ns();
    uint64_t ns;

    if (pp_call_arguments(call, &ns, sizeof(ns)) != 0) {
        return -EINVAL;
    }
    while (pp_clock_ns() - begin < ns) {
    }
    return pp_call_reply(call, &ns, sizeof(ns));
}

static const struct pp_task_function functions[] = {{"echo", echo}, {"spin", spin}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions};

static void check(int r, const char *what)
{
    if (r != 0) {
        fprintf(stderr, "%s: %s\n", what, r < 0 ? strerror(-r) : "unexpected");
        exit(1);
    }
}

/* What is measured: how, and over how many items. */
struct job {
    const char *function;
    size_t count;
    struct pp_map_options options;
    bool lazily;
    bool ordered;
};

static void map(struct pp_pool *pool, const struct job *job)
{
    check(pp_pool_map(pool, job->function, items, sizeof(items[0]), job->count, replies,
                      sizeof(replies[0]), &job->options, NULL, NULL),
          "pp_pool_map");
}

static size_t pulled;
static size_t to_pull;

static int pull(void *user, struct pp_map_item *ret_item)
{
    (void)user;
    if (pulled == to_pull) {
        return PP_MAP_END;
    }
    ret_item->arguments = &items[pulled++];
    ret_item->arguments_length = sizeof(items[0]);
    return 0;
}

static void imap(struct pp_pool *pool, const struct job *job)
{
    struct pp_map_result result;
    struct pp_imap *opened;

    pulled = 0;
    to_pull = job->count;
    check(pp_imap_create(&opened, pool, job->function, pull, NULL, job->ordered, &job->options),
          "pp_imap_create");
    for (size_t i = 0; i < job->count; i++) {
        check(pp_imap_next(opened, -1, &result), "pp_imap_next");
        memcpy(&replies[result.index], result.reply, sizeof(replies[0]));
    }
    pp_imap_destroy(opened);
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* Nanoseconds of one round, the median. */
static uint64_t measure(struct pp_pool *pool, const struct job *job)
{
    uint64_t took[ROUNDS];

    for (int round = -1; round < ROUNDS; round++) {
        uint64_t begin = pp_clock_ns();

        if (job->lazily) {
            imap(pool, job);
        } else {
            map(pool, job);
        }
        if (round >= 0) {
            took[round] = pp_clock_ns() - begin;
        }
        check(memcmp(items, replies, job->count * sizeof(items[0])), "replies are wrong");
        memset(replies, 0, sizeof(replies));
    }
    qsort(took, ROUNDS, sizeof(took[0]), compare);
    return took[ROUNDS / 2];
}

static void measure_nothing(struct pp_pool *pool)
{
    static const size_t counts[] = {1, 10, 100, 1000, 10000, 100000, 1000000};
    static const struct {
        const char *name;
        size_t chunk_items;
        size_t most;
        bool lazily;
        bool ordered;
    } ways[] = {
        {"map %zu", 0, ITEMS_MAX, false, false},
        {"map %zu, ones", 1, 10000, false, false},
        {"imap %zu", 0, ITEMS_MAX, true, true},
        {"imap %zu, any", 0, ITEMS_MAX, true, false},
    };

    for (size_t i = 0; i < ITEMS_MAX; i++) {
        items[i] = i + 1;
    }
    for (size_t way = 0; way < PP_ARRAY_LENGTH(ways); way++) {
        for (size_t i = 0; i < PP_ARRAY_LENGTH(counts) && counts[i] <= ways[way].most; i++) {
            struct job job = {
                .function = "echo",
                .count = counts[i],
                .options = {.chunk_items = ways[way].chunk_items},
                .lazily = ways[way].lazily,
                .ordered = ways[way].ordered,
            };
            char name[40];
            uint64_t ns = measure(pool, &job);

            snprintf(name, sizeof(name), ways[way].name, counts[i]);
            printf("%-20s %12.1f us %12.0f items/s\n", name, (double)ns / 1e3,
                   (double)counts[i] / ((double)ns / 1e9));
        }
    }
}

static void measure_work(struct pp_pool *pool, const char *name, size_t count)
{
    struct job job = {.function = "spin", .count = count};
    uint64_t work = 0;
    uint64_t ns = measure(pool, &job);

    for (size_t i = 0; i < count; i++) {
        work += items[i];
    }
    printf("%-20s %12.1f us %11.1f %% work\n", name, (double)ns / 1e3,
           (double)work / (double)ns / WORKERS * 100);
}

static void set_items(size_t count, uint64_t ns, size_t long_one_of)
{
    for (size_t i = 0; i < count; i++) {
        items[i] = long_one_of > 0 && i % long_one_of == 37 ? ns * long_one_of : ns;
    }
}

int main(int argc, char **argv)
{
    struct pp_pool_options options = {.processes = WORKERS};
    struct pp_pool *pool;

    pp_program_enter(&program, argc, argv);
    check(pp_pool_create(&pool, &program, &options, NULL), "pp_pool_create");
    measure_nothing(pool);
    set_items(100000, 1000, 0);
    measure_work(pool, "spin 1 us, 100000", 100000);
    set_items(20000, 10000, 0);
    measure_work(pool, "spin 10 us, 20000", 20000);
    set_items(2000, 100000, 0);
    measure_work(pool, "spin 100 us, 2000", 2000);
    set_items(200, 1000000, 0);
    measure_work(pool, "spin 1 ms, 200", 200);
    set_items(5000, 10000, 100);
    measure_work(pool, "uneven, 5000", 5000);
    pp_pool_destroy(pool);
    return 0;
}
