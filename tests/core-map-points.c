/* SPDX-License-Identifier: MIT */
/*
 * Workers die at each point that they pass on their way through a chunk: again and again, each in
 * its so-manieth passing of the point.
 */
#include <stdlib.h>

#include "core/point.h"
#include "tests/counted_items.h"

enum { COUNT = 600, CHUNK = 20 };

static const char *fatal_point;
static unsigned passes_left;

static void die_there(const char *name)
{
    if (strcmp(name, fatal_point) == 0 && --passes_left == 0) {
        _exit(9);
    }
}

/* What a test wants of its workers comes by the environment, and before pp_program_enter(). */
static void follow_environment(void)
{
    const char *passes = getenv("PIXPOOL_TEST_PASSES");

    fatal_point = getenv("PIXPOOL_TEST_POINT");
    if (fatal_point != NULL && passes != NULL) {
        passes_left = (unsigned)atoi(passes);
        pp_point_hook = die_there;
    }
}

static struct fixture *begin_fatal(gconstpointer data, const char *point, unsigned passes)
{
    g_autofree char *text = g_strdup_printf("%u", passes);
    struct fixture *fixture;

    g_setenv("PIXPOOL_TEST_POINT", point, TRUE);
    g_setenv("PIXPOOL_TEST_PASSES", text, TRUE);
    follow_environment(); /* for workers that are forked from here; the host passes other points */
    fixture = begin(data, 2, COUNT);
    return fixture;
}

static void end_fatal(struct fixture *fixture)
{
    end(fixture);
    pp_point_hook = NULL;
    g_unsetenv("PIXPOOL_TEST_POINT");
    g_unsetenv("PIXPOOL_TEST_PASSES");
}

/*
 * No item is in work there: none is charged and each is run once. Deaths are so far apart that none
 * is in front of the same item four times, which would make it suspicious.
 */
static void test_between_two_items_nobody_is_to_blame(gconstpointer data)
{
    struct pp_map_options options = {.chunk_items = CHUNK};

    for (unsigned passes = 57; passes < 250; passes += 57) {
        struct fixture *fixture = begin_fatal(data, "chunk.before-item", passes);

        run(fixture, &options);
        assert_innocent(fixture);
        g_assert_cmpuint(fixture->counts->processes, >, 2); /* else nobody has died */
        end_fatal(fixture);
    }
}

/* All items are done, and the worker dies before it can say so: all the same. */
static void test_behind_the_last_item_nothing_is_lost(gconstpointer data)
{
    static const char *const points[] = {"worker.before-answer", "worker.after-answer",
                                         "worker.after-task"};
    struct pp_map_options options = {.chunk_items = CHUNK};

    for (size_t i = 0; i < G_N_ELEMENTS(points); i++) {
        struct fixture *fixture = begin_fatal(data, points[i], 2);

        run(fixture, &options);
        assert_innocent(fixture);
        g_assert_cmpuint(fixture->counts->processes, >, 2); /* else nobody has died */
        end_fatal(fixture);
    }
}

static void test_before_the_first_item_nothing_is_charged(gconstpointer data)
{
    static const char *const points[] = {"worker.before-stamp", "worker.after-stamp"};
    struct pp_map_options options = {.chunk_items = 4};

    for (size_t i = 0; i < G_N_ELEMENTS(points); i++) {
        struct fixture *fixture = begin_fatal(data, points[i], 50);

        run(fixture, &options);
        assert_innocent(fixture);
        g_assert_cmpuint(fixture->counts->processes, >, 2); /* else nobody has died */
        end_fatal(fixture);
    }
}

/* The function has returned, but nobody can know: it is run again, and counts as crashed where it
 * has no more attempts. */
static void test_before_the_commit_the_item_is_charged(gconstpointer data)
{
    for (uint32_t attempts = 1; attempts <= 3; attempts++) {
        struct pp_map_options options = {.chunk_items = CHUNK, .crash_attempts = attempts};
        struct fixture *fixture = begin_fatal(data, "chunk.before-commit", 5);
        unsigned crashed = 0;

        run(fixture, &options);
        for (size_t i = 0; i < COUNT; i++) {
            uint32_t runs = fixture->counts->runs[i];

            if (fixture->results[i].outcome == PP_CRASHED) {
                g_assert_cmpuint(runs, ==, attempts);
                crashed++;
            } else {
                assert_done(fixture, i, runs);
                g_assert_cmpuint(runs, <=, attempts);
            }
        }
        /* A retry is the first of its worker, which dies in its fifth. */
        g_assert_true(attempts == 1 ? crashed > 0 : crashed == 0);
        end_fatal(fixture);
    }
}

/* Workers that never get to an item must not be sent the same ones for ever. */
static void test_workers_that_always_die_end_it_all_the_same(gconstpointer data)
{
    struct pp_map_options options = {.chunk_items = 3};
    struct fixture *fixture = begin_fatal(data, "chunk.before-item", 1);

    fixture->count = 6;
    run(fixture, &options);
    for (size_t i = 0; i < 6; i++) {
        g_assert_cmpint(fixture->results[i].outcome, ==, PP_CRASHED);
        g_assert_nonnull(strstr(fixture->results[i].error.message, "code 9"));
        g_assert_cmpuint(fixture->counts->runs[i], ==, 0);
    }
    end_fatal(fixture);
}

int main(int argc, char **argv)
{
    follow_environment();
    pp_program_enter(&program, argc, argv);
    g_test_init(&argc, &argv, NULL);
    add_process_method_tests("map-points", "between-two-items-nobody-is-to-blame",
                             test_between_two_items_nobody_is_to_blame);
    add_process_method_tests("map-points", "behind-the-last-item-nothing-is-lost",
                             test_behind_the_last_item_nothing_is_lost);
    add_process_method_tests("map-points", "before-the-first-item-nothing-is-charged",
                             test_before_the_first_item_nothing_is_charged);
    add_process_method_tests("map-points", "before-the-commit-the-item-is-charged",
                             test_before_the_commit_the_item_is_charged);
    add_process_method_tests("map-points", "workers-that-always-die-end-it-all-the-same",
                             test_workers_that_always_die_end_it_all_the_same);
    return g_test_run();
}
