/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Start methods: one test for each way in which workers come to be
 */

#include <glib.h>

#include "core/pool.h"

struct start_method {
    const char *name;
    enum pp_start_method method;
    bool has_processes;
};

static const struct start_method start_methods[] = {
    {"forkserver", PP_START_FORKSERVER, true},
    {"spawn", PP_START_SPAWN, true},
    {"fork", PP_START_FORK, true},
    {"thread", PP_START_THREAD, false},
    {"in-process", PP_START_IN_PROCESS, false},
};

/* Race detectors cannot follow a fork; the thread method is there for them. */
static inline bool is_start_method_tested(const struct start_method *method)
{
    return g_getenv("PIXPOOL_TEST_THREADS_ONLY") == NULL || method->method == PP_START_THREAD;
}

/* Add "/@concept/METHOD/@name" for each; the test's data is the method, GPOINTER_TO_INT() of it. */
static inline void add_start_method_tests(const char *concept, const char *name, GTestDataFunc test)
{
    for (size_t i = 0; i < G_N_ELEMENTS(start_methods); i++) {
        g_autofree char *path = g_strdup_printf("/%s/%s/%s", concept, start_methods[i].name, name);

        if (is_start_method_tested(&start_methods[i])) {
            g_test_add_data_func(path, GINT_TO_POINTER(start_methods[i].method), test);
        }
    }
}

/* Likewise where workers are processes. */
static inline void add_process_method_tests(const char *concept, const char *name,
                                            GTestDataFunc test)
{
    for (size_t i = 0; i < G_N_ELEMENTS(start_methods); i++) {
        g_autofree char *path = g_strdup_printf("/%s/%s/%s", concept, start_methods[i].name, name);

        if (is_start_method_tested(&start_methods[i]) && start_methods[i].has_processes) {
            g_test_add_data_func(path, GINT_TO_POINTER(start_methods[i].method), test);
        }
    }
}
