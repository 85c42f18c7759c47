/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Instructions: kill a child after each single instruction of what it does
 *
 * The debugger's interface lets a child run one instruction at a time, so that a test does not have
 * to hope that a random death meets the narrow place.
 */

#include <sys/ptrace.h>

#include "tests/processes.h"

/* Instructions in all children of one call of kill_at_each_instruction(), so that builds which are
 * slow stay bearable: 350 instructions are each met, of more only a part, another one in each run.
 */
#define STEPS_MAX 60000

/* The child does it once on a copy before, for what happens the first time only: that is not what
 * is to be tested. It stops before it begins, and when it is done. */
static inline pid_t start_stopped_child(child_fn run, void *shared, size_t bytes)
{
    pid_t pid = fork();
    int status;

    g_assert_cmpint(pid, >=, 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        run(g_memdup2(shared, bytes));
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) {
            _exit(98);
        }
        raise(SIGSTOP);
        if (run(shared) == 0) {
            raise(SIGSTOP);
        }
        _exit(97);
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    return WIFSTOPPED(status) ? pid : -1;
}

/* Run @count instructions, fewer where the child is done before. Returns how many there were. */
static inline unsigned step_child(pid_t pid, unsigned count)
{
    int status;

    for (unsigned done = 0; done < count; done++) {
        g_assert_cmpint(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), ==, 0);
        g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
        g_assert_true(WIFSTOPPED(status));
        if (WSTOPSIG(status) == SIGSTOP) {
            return done;
        }
    }
    return count;
}

/*
 * Again and again: @prepare the shared memory of @bytes, start a child that does @run, kill it
 * after the next few instructions (each one where they are not too many), and @check what it left.
 * @run returns 0. Skips the test where the system lets nobody trace.
 */
static inline void kill_at_each_instruction(void *shared, size_t bytes, void (*prepare)(void *),
                                            child_fn run, void (*check)(void *))
{
    unsigned all;
    unsigned stride;
    pid_t pid;

    prepare(shared);
    pid = start_stopped_child(run, shared, bytes);
    if (pid < 0) {
        g_test_skip("this system does not let a parent trace its child");
        return;
    }
    all = step_child(pid, UINT32_MAX);
    kill_child(pid);
    check(shared);
    stride = (unsigned)((uint64_t)all * all / 2 / STEPS_MAX) + 1;
    for (unsigned count = (unsigned)g_test_rand_int_range(0, (int)stride); count <= all;
         count += stride) {
        prepare(shared);
        pid = start_stopped_child(run, shared, bytes);
        step_child(pid, count);
        kill_child(pid);
        check(shared);
    }
    g_test_message("%u instructions, a death after every %u", all, stride);
}
