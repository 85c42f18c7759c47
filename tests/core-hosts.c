/* SPDX-License-Identifier: MIT */
/*
 * Hosts of an unusual kind: they lack standard streams, reap children that they know nothing of, or
 * have forked children which keep copies of all that a pool has open.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/pools.h"
#include "tests/processes.h"

/* Names a file that the zygote makes when it ends by itself. */
#define REPORT "PIXPOOL_TEST_REPORT"

static pid_t preloader;

static int tell_parent(struct pp_call *call)
{
    pid_t pid = getppid();

    return pp_call_reply(call, &pid, sizeof(pid));
}

/* Print to both streams, then reply with the numbers of the open descriptors, but for the one that
 * lists them. */
static int print_and_tell_descriptors(struct pp_call *call)
{
    DIR *directory = opendir("/proc/self/fd");
    uint64_t open_fds = 0;

    if (directory == NULL || printf("printed\n") < 0 || fprintf(stderr, "# printed\n") < 0 ||
        fflush(stdout) != 0) {
        return -EIO;
    }
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(directory)) {
            open_fds |= UINT64_C(1) << (atoi(entry->d_name) & 63);
        }
    }
    closedir(directory);
    return pp_call_reply(call, &open_fds, sizeof(open_fds));
}

static const struct pp_task_function functions[] = {
    {"tell-parent", tell_parent},
    {"print-and-tell-descriptors", print_and_tell_descriptors},
    {NULL, NULL},
};

static void report_end(void)
{
    const char *path = getenv(REPORT);

    if (path != NULL && getpid() == preloader && creat(path, 0600) < 0) {
        _exit(1);
    }
}

static void preload(void)
{
    preloader = getpid();
    atexit(report_end);
}

static const struct pp_program program = {.functions = functions, .preload = preload};

static void run(struct pp_pool *pool, const char *function, void *into, size_t bytes)
{
    struct pp_task task = {.function = function};
    struct pp_future *future = submit(pool, &task);

    g_assert_cmpint(pp_future_get(future, into, bytes, -1, NULL), ==, 0);
    pp_future_destroy(future);
}

static pid_t find_zygote(struct pp_pool *pool)
{
    pid_t zygote;

    run(pool, "tell-parent", &zygote, sizeof(zygote));
    return zygote;
}

/* ---- Standard streams ---- */

struct streams {
    gconstpointer method;
    unsigned missing; /* as bits */
};

static int use_pool_without_streams(void *user)
{
    const struct streams *streams = user;
    uint64_t open_fds;
    struct pp_pool *pool;

    for (int fd = 0; fd < 3; fd++) {
        if ((streams->missing & (1u << fd)) != 0) {
            close(fd);
        }
    }
    pool = open_pool_of(&program, streams->method, 2);
    for (int i = 0; i < 4; i++) {
        run(pool, "print-and-tell-descriptors", &open_fds, sizeof(open_fds));
        if (open_fds != 0x1f) { /* the streams, the channel and the control page */
            return 1;
        }
    }
    pp_pool_destroy(pool);
    return 0;
}

/* Whichever of the three it lacks, its workers have all, and nothing of the pool in their place. */
static void test_streams_may_be_missing(gconstpointer data)
{
    for (unsigned missing = 1; missing < 8; missing++) {
        struct streams streams = {data, missing};

        g_assert_cmpint(join_child(start_child(use_pool_without_streams, &streams)), ==, 0);
    }
}

/* ---- Children ---- */

/* A process that has the number @pid and does nothing; -1 where this user cannot have that. */
static pid_t start_stranger(pid_t pid)
{
    struct clone_args arguments = {
        .exit_signal = SIGCHLD,
        .set_tid = (uintptr_t)&pid,
        .set_tid_size = 1,
    };
    pid_t stranger = (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));

    if (stranger == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) {
            pause();
        }
    }
    return stranger;
}

/* The zygote was reaped by the host itself, and its number given to somebody else. */
static void test_a_stranger_with_the_zygotes_number_is_let_alone(void)
{
    struct pp_pool *pool = open_pool_of(&program, GINT_TO_POINTER(PP_START_FORKSERVER), 1);
    pid_t zygote = find_zygote(pool);
    pid_t stranger;

    g_assert_cmpint(kill(zygote, SIGKILL), ==, 0);
    g_assert_cmpint(waitpid(-1, NULL, 0), ==, zygote);
    stranger = start_stranger(zygote);
    pp_pool_destroy(pool);
    if (stranger < 0) {
        g_test_skip("this process may not choose the numbers of others");
        return;
    }
    g_assert_cmpint(waitpid(stranger, NULL, WNOHANG), ==, 0);
    kill_child(stranger);
}

static int keep_copies(void *shared)
{
    (void)shared;
    for (;;) {
        pause();
    }
    return 0;
}

/* The host hangs up, which the zygote has to see although a child has the host's end as well: else
 * it is killed when patience is at its end, and does not say that it ends. */
static void test_a_child_with_copies_does_not_hide_the_end(void)
{
    g_autofree char *path = g_strdup_printf("%s/core-hosts-%d", g_get_tmp_dir(), (int)getpid());
    struct pp_pool *pool;
    pid_t child;

    g_setenv(REPORT, path, TRUE);
    pool = open_pool_of(&program, GINT_TO_POINTER(PP_START_FORKSERVER), 1);
    g_unsetenv(REPORT);
    find_zygote(pool);
    child = start_child(keep_copies, NULL);
    pp_pool_destroy(pool);
    g_assert_cmpint(unlink(path), ==, 0);
    kill_child(child);
}

int main(int argc, char **argv)
{
    pp_program_enter(&program, argc, argv);
    g_test_init(&argc, &argv, NULL);
    add_process_method_tests("hosts", "streams-may-be-missing", test_streams_may_be_missing);
    g_test_add_func("/hosts/a-stranger-with-the-zygotes-number-is-let-alone",
                    test_a_stranger_with_the_zygotes_number_is_let_alone);
    g_test_add_func("/hosts/a-child-with-copies-does-not-hide-the-end",
                    test_a_child_with_copies_does_not_hide_the_end);
    return g_test_run();
}
