/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Processes: children of a test that share memory with it, and meet real deaths
 *
 * A test's program has one thread where it forks. A child never returns into the test: it runs one
 * function on the shared memory and exits with what that returns.
 */

#include <glib.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/slot.h"

/* Longer than anything here takes on the busiest machine; only a failing test ever waits so long.
 */
#define PATIENCE_MS 60000

typedef int (*child_fn)(void *shared);

/* A fresh slot of @bytes zero bytes, for the parent and the children that it forks from now on. */
static inline void *share(struct pp_slot *slot, size_t bytes)
{
    g_assert_cmpint(pp_slot_create(slot, 1, bytes), ==, 0);
    return slot->bytes;
}

/* Children die with the test, so that a test which fails leaves nothing behind. */
static inline pid_t start_child(child_fn run, void *shared)
{
    pid_t parent = getpid();
    pid_t pid = fork();

    g_assert_cmpint(pid, >=, 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        _exit(getppid() == parent ? run(shared) : 99);
    }
    return pid;
}

/* What the child returned; -1 where a signal killed it. */
static inline int join_child(pid_t pid)
{
    int status;

    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline void kill_child(pid_t pid)
{
    g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
    g_assert_cmpint(join_child(pid), ==, -1);
}

/* Wait for @condition, an expression on shared memory or on the system. */
#define WAIT_UNTIL(condition)                                                                      \
    do {                                                                                           \
        gint64 limit = g_get_monotonic_time() + (gint64)PATIENCE_MS * 1000;                        \
        while (!(condition)) {                                                                     \
            g_assert_cmpint(g_get_monotonic_time(), <, limit);                                     \
            g_usleep(200);                                                                         \
        }                                                                                          \
    } while (0)

/*
 * Does @pid sleep in a system call? A child that says in shared memory what it does next, and then
 * waits without further ado, has arrived there.
 */
static inline bool sleeps(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)pid);
    g_autofree char *text = NULL;
    const char *after_name;

    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return false;
    }
    after_name = strrchr(text, ')');
    return after_name != NULL && after_name[2] == 'S';
}
