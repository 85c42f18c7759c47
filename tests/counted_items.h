/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Counted items: what tests map over while workers die
 *
 * Items count their runs in memory that all processes share, so that nothing is done once too often
 * unseen. The program's table is functions[] here.
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
    _Atomic uint32_t processes;         /* that ran any */
    _Atomic uint32_t before[ITEMS_MAX]; /* items that the process of its last run had run before */
};

static _Atomic uint32_t runs_of_this_process;

/* Garbage over all of the shared memory that the arguments lie in, from its first byte on. */
static inline void scribble(const void *arguments)
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

static inline void die(enum what what)
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

static inline int do_item(struct pp_call *call)
{
    struct counts *counts = call->shared[0].bytes;
    struct item item;
    uint32_t runs;

    if (pp_call_arguments(call, &item, sizeof(item)) != 0 || item.n < 0 || item.n >= ITEMS_MAX) {
        return -EINVAL; /* it was scribbled over */
    }
    if (atomic_load(&runs_of_this_process) == 0) {
        atomic_fetch_add(&counts->processes, 1);
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

static inline struct fixture *begin(gconstpointer data, unsigned processes, size_t count)
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

static inline void set(struct fixture *fixture, size_t index, enum what what, uint32_t times)
{
    fixture->items[index].what = what;
    fixture->items[index].times = times;
}

static inline int pull(void *user, struct pp_map_item *ret_item)
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
static inline void run(struct fixture *fixture, const struct pp_map_options *options)
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

static inline void end(struct fixture *fixture)
{
    pp_pool_destroy(fixture->pool);
    pp_shared_memory_close(fixture->memory);
    g_free(fixture);
}

static inline void assert_done(const struct fixture *fixture, size_t index, uint32_t runs)
{
    g_assert_cmpint(fixture->results[index].outcome, ==, PP_DONE);
    g_assert_cmpint(fixture->replies[index], ==, (int64_t)(index * index));
    g_assert_cmpuint(fixture->counts->runs[index], ==, runs);
}

/* Those that were done before are done, those behind are run: all of them once. */
static inline void assert_innocent(const struct fixture *fixture)
{
    for (size_t i = 0; i < fixture->count; i++) {
        if (fixture->items[i].what == SQUARE) {
            assert_done(fixture, i, 1);
        }
    }
}
