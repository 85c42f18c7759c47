/* SPDX-License-Identifier: MIT */
/*
 * What tells the start methods apart, and what holds for each: a worker has nothing of its host but
 * what it is meant to have, and never outlives it. What workers do is in core-pool.c, for all
 * methods alike.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/pool.h"
#include "core/worker_process.h"
#include "core/zygote.h"
#include "tests/processes.h"
#include "tests/start_methods.h"

enum { WORKERS = 2 };

/* What this process remembers, and a worker that was forked from it as well. */
static int memory = 1;

/* How often preload() ran in what the worker was forked from. */
static int preloads;

static int tell_pid(struct pp_call *call)
{
    pid_t pid = getpid();

    return pp_call_reply(call, &pid, sizeof(pid));
}

static int tell_memory(struct pp_call *call)
{
    int numbers[] = {memory, preloads};

    return pp_call_reply(call, numbers, sizeof(numbers));
}

/* The numbers of the open descriptors, but for the one that lists them. */
static int tell_descriptors(struct pp_call *call)
{
    DIR *directory = opendir("/proc/self/fd");
    char text[400] = "";

    if (directory == NULL) {
        return -errno;
    }
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(directory)) {
            size_t length = strlen(text);

            snprintf(text + length, sizeof(text) - length, "%s ", entry->d_name);
        }
    }
    closedir(directory);
    return pp_call_reply(call, text, strlen(text));
}

/* The ordinary signals: the C library's own, 32 and 33, are nobody else's to reset. */
#define ORDINARY_SIGNALS 0x7fffffffu

/* Signals that are blocked or ignored, as bits. */
static int tell_signals(struct pp_call *call)
{
    uint64_t signals[2] = {UINT64_MAX, UINT64_MAX};
    char line[200];
    FILE *status = fopen("/proc/self/status", "re");

    while (status != NULL && fgets(line, sizeof(line), status) != NULL) {
        if (g_str_has_prefix(line, "SigBlk:")) {
            signals[0] = strtoull(line + 7, NULL, 16) & ORDINARY_SIGNALS;
        } else if (g_str_has_prefix(line, "SigIgn:")) {
            signals[1] = strtoull(line + 7, NULL, 16) & ORDINARY_SIGNALS;
        }
    }
    if (status == NULL || fclose(status) != 0) {
        return -EIO;
    }
    return pp_call_reply(call, signals, sizeof(signals));
}

struct bonds {
    int death_signal;
    pid_t group;
    pid_t pid;
};

static int tell_bonds(struct pp_call *call)
{
    struct bonds bonds = {.group = getpgrp(), .pid = getpid()};

    prctl(PR_GET_PDEATHSIG, &bonds.death_signal);
    return pp_call_reply(call, &bonds, sizeof(bonds));
}

/* Says its pid and never looks at its channel again, which would tell that the host is gone. */
static int stay(struct pp_call *call)
{
    pid_t pid = getpid();

    if (write(call->fds[0], &pid, sizeof(pid)) != sizeof(pid)) {
        return -EPIPE;
    }
    for (;;) {
        pause();
    }
}

static int die(struct pp_call *call)
{
    (void)call;
    raise(SIGKILL);
    return 0;
}

static const struct pp_task_function functions[] = {
    {"tell-pid", tell_pid},
    {"tell-memory", tell_memory},
    {"tell-descriptors", tell_descriptors},
    {"tell-signals", tell_signals},
    {"tell-bonds", tell_bonds},
    {"stay", stay},
    {"die", die},
    {NULL, NULL},
};

static void preload(void)
{
    preloads++;
}

static const struct pp_program program = {.functions = functions, .preload = preload};

static struct pp_pool *open_pool(enum pp_start_method method, bool force_fork)
{
    struct pp_pool_options options = {
        .start_method = method,
        .processes = WORKERS,
        .force_fork = force_fork,
    };
    struct pp_pool *pool = NULL;

    g_assert_cmpint(pp_pool_create(&pool, &program, &options, NULL), ==, 0);
    return pool;
}

static struct pp_future *run(struct pp_pool *pool, const char *function)
{
    struct pp_task task = {.function = function};
    struct pp_future *future = NULL;

    g_assert_cmpint(pp_pool_submit(pool, &task, &future), ==, 0);
    g_assert_cmpint(pp_future_wait(future, -1), ==, 0);
    return future;
}

/* What a worker of a fresh pool replies, as @into. */
static void ask(enum pp_start_method method, const char *function, void *into, size_t bytes)
{
    struct pp_pool *pool = open_pool(method, false);
    struct pp_future *future = run(pool, function);
    const struct pp_result *result = pp_future_result(future);

    g_assert_cmpint(result->outcome, ==, PP_DONE);
    g_assert_cmpuint(result->reply_length, ==, bytes);
    memcpy(into, result->reply, bytes);
    pp_future_destroy(future);
    pp_pool_destroy(pool);
}

static char *ask_text(enum pp_start_method method, const char *function)
{
    struct pp_pool *pool = open_pool(method, false);
    struct pp_future *future = run(pool, function);
    const struct pp_result *result = pp_future_result(future);
    char *text = g_strndup(result->reply, result->reply_length);

    g_assert_cmpint(result->outcome, ==, PP_DONE);
    pp_future_destroy(future);
    pp_pool_destroy(pool);
    return text;
}

static void test_each_method_inherits_what_it_says(void)
{
    int numbers[2];

    memory = 42;
    ask(PP_START_FORK, "tell-memory", numbers, sizeof(numbers));
    g_assert_cmpint(numbers[0], ==, 42);
    g_assert_cmpint(numbers[1], ==, 0);
    ask(PP_START_FORKSERVER, "tell-memory", numbers, sizeof(numbers));
    g_assert_cmpint(numbers[0], ==, 1);
    g_assert_cmpint(numbers[1], ==, 1);
    ask(PP_START_SPAWN, "tell-memory", numbers, sizeof(numbers));
    g_assert_cmpint(numbers[0], ==, 1);
    g_assert_cmpint(numbers[1], ==, 0);
    memory = 1;
}

/* Whatever the host has open, also where it forgot to have it closed on exec. */
static void test_a_worker_has_five_descriptors(gconstpointer data)
{
    int fds[30];
    g_autofree char *text = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
        fds[i] = open("/dev/null", O_RDONLY); /* not O_CLOEXEC */
    }
    text = ask_text((enum pp_start_method)GPOINTER_TO_INT(data), "tell-descriptors");
    g_assert_cmpstr(text, ==, "0 1 2 3 4 ");
    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
        close(fds[i]);
    }
}

static void ignore_signal(int number)
{
    (void)number;
}

static void test_a_worker_has_no_handlers_and_no_mask(gconstpointer data)
{
    sigset_t blocked;
    sigset_t before;
    uint64_t signals[2];

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_SETMASK, &blocked, &before);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGUSR2, ignore_signal);
    ask((enum pp_start_method)GPOINTER_TO_INT(data), "tell-signals", signals, sizeof(signals));
    g_assert_cmphex(signals[0], ==, 0);
    g_assert_cmphex(signals[1], ==, 0);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGUSR2, SIG_DFL);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

/* The wish to die with the parent outlives the exec of a spawned worker. */
static void test_a_worker_is_bound_to_its_parent_alone(gconstpointer data)
{
    struct bonds bonds;

    ask((enum pp_start_method)GPOINTER_TO_INT(data), "tell-bonds", &bonds, sizeof(bonds));
    g_assert_cmpint(bonds.death_signal, ==, SIGKILL);
    g_assert_cmpint(bonds.group, ==, bonds.pid);
}

/* Deaths are told also where the host let the system reap its children. */
static void test_a_host_may_ignore_its_children(gconstpointer data)
{
    struct pp_pool *pool;
    struct pp_future *future;

    signal(SIGCHLD, SIG_IGN);
    pool = open_pool((enum pp_start_method)GPOINTER_TO_INT(data), false);
    for (int i = 0; i < 3; i++) {
        future = run(pool, "die");
        g_assert_cmpint(pp_future_result(future)->outcome, ==, PP_CRASHED);
        pp_future_destroy(future);
    }
    pp_future_destroy(run(pool, "tell-pid"));
    pp_pool_destroy(pool);
    signal(SIGCHLD, SIG_DFL);
}

/* ---- Hosts that are killed ---- */

/* A host with a pool, in a process of its own: what it is asked to do, and where it reports. */
struct host {
    enum pp_start_method method;
    bool has_threads;
    bool has_child; /* one that it forked, and that keeps all its descriptors */
    int report;
};

static void *sleep_for_ever(void *user)
{
    (void)user;
    for (;;) {
        pause();
    }
    return NULL;
}

/* A thread that makes the pool, so that its workers are forked there, and ends then. */
struct maker {
    enum pp_start_method method;
    pid_t id;
    struct pp_pool *pool;
    pid_t worker; /* one of the pool */
};

static void *make_pool_and_end(void *user)
{
    struct maker *maker = user;
    struct pp_future *future;

    maker->id = gettid();
    maker->pool = open_pool(maker->method, true);
    future = run(maker->pool, "tell-pid");
    memcpy(&maker->worker, pp_future_result(future)->reply, sizeof(pid_t));
    pp_future_destroy(future);
    return NULL;
}

static struct pp_pool *make_pool_elsewhere(enum pp_start_method how, pid_t *ret_worker)
{
    struct maker maker = {.method = how};
    g_autofree char *path = NULL;
    pthread_t thread;

    g_assert_cmpint(pthread_create(&thread, NULL, sleep_for_ever, NULL), ==, 0);
    g_assert_cmpint(pthread_create(&thread, NULL, make_pool_and_end, &maker), ==, 0);
    g_assert_cmpint(pthread_join(thread, NULL), ==, 0);
    path = g_strdup_printf("/proc/self/task/%d", (int)maker.id);
    WAIT_UNTIL(access(path, F_OK) != 0);
    *ret_worker = maker.worker;
    return maker.pool;
}

/* Reports a worker that is there already, or 0, then each that has begun to stay. */
static void be_host(const struct host *host)
{
    pid_t early = 0;
    struct pp_pool *pool = host->has_threads ? make_pool_elsewhere(host->method, &early)
                                             : open_pool(host->method, false);

    if (host->has_child && fork() == 0) {
        prctl(PR_SET_PDEATHSIG, 0);
        sleep_for_ever(NULL);
    }
    if (write(host->report, &early, sizeof(early)) < 0) {
        _exit(1);
    }
    /* More than there are workers: one that is ready early takes a second one to wait with it. */
    for (int i = 0; i < 4 * WORKERS; i++) {
        struct pp_task task = {.function = "stay", .fd_count = 1, .fds = {host->report}};
        struct pp_future *future;

        if (pp_pool_submit(pool, &task, &future) != 0) {
            _exit(1);
        }
    }
    (void)!pp_pool_join(pool);
    _exit(1);
}

/* Readable when the process is gone; no process of this pid can be another one before that. */
static int open_pidfd(pid_t pid)
{
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

    g_assert_cmpint(pidfd, >=, 0);
    return pidfd;
}

static void assert_gone(int pidfd)
{
    GPollFD fd = {.fd = pidfd, .events = G_IO_IN};

    g_assert_cmpint(g_poll(&fd, 1, PATIENCE_MS), ==, 1);
    close(pidfd);
}

static void assert_dies_with_host(struct host host)
{
    int ends[2];
    int pidfds[WORKERS];
    bool early_is_there = false;
    pid_t early;
    pid_t pid;

    g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
    host.report = ends[1];
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        setpgid(0, 0); /* so that its child can be ended with it at last */
        be_host(&host);
    }
    close(ends[1]);
    g_assert_cmpint(read(ends[0], &early, sizeof(early)), ==, sizeof(early));
    for (int i = 0; i < WORKERS; i++) {
        pid_t worker;

        g_assert_cmpint(read(ends[0], &worker, sizeof(worker)), ==, sizeof(worker));
        early_is_there = early_is_there || worker == early;
        pidfds[i] = open_pidfd(worker);
    }
    g_assert_true(early == 0 || early_is_there); /* the end of its thread did not kill it */
    close(ends[0]);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    for (int i = 0; i < WORKERS; i++) {
        assert_gone(pidfds[i]);
    }
    kill(-pid, SIGKILL);
}

static void test_no_worker_outlives_a_host(gconstpointer data)
{
    assert_dies_with_host((struct host){.method = (enum pp_start_method)GPOINTER_TO_INT(data)});
}

/* The thread that forked is not the process: its end kills nobody, the process's end all. */
static void test_no_worker_outlives_a_host_with_threads(gconstpointer data)
{
    assert_dies_with_host((struct host){
        .method = (enum pp_start_method)GPOINTER_TO_INT(data),
        .has_threads = true,
    });
}

/* A copy of every descriptor of the host lives on in its child, so none of them ever closes. */
static void test_no_worker_outlives_a_host_that_has_a_child(gconstpointer data)
{
    assert_dies_with_host((struct host){
        .method = (enum pp_start_method)GPOINTER_TO_INT(data),
        .has_child = true,
    });
}

/* ---- Forking from the caller ---- */

static void *wait_for_byte(void *user)
{
    char byte;

    return GINT_TO_POINTER(read(GPOINTER_TO_INT(user), &byte, 1) == 0);
}

static void test_a_process_with_threads_is_not_forked_unasked(void)
{
    struct pp_pool_options options = {.start_method = PP_START_FORK, .processes = 1};
    struct pp_pool *pool = NULL;
    struct pp_error error;
    pthread_t thread;
    int ends[2];

    g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
    g_assert_cmpint(pthread_create(&thread, NULL, wait_for_byte, GINT_TO_POINTER(ends[0])), ==, 0);
    g_assert_cmpint(pp_pool_create(&pool, &program, &options, &error), ==, -EDEADLK);
    g_assert_nonnull(strstr(error.message, "this process has 2 threads"));
    g_assert_null(pool);
    pool = open_pool(PP_START_FORK, true);
    pp_future_destroy(run(pool, "tell-pid"));
    pp_pool_destroy(pool);
    close(ends[1]);
    pthread_join(thread, NULL);
    close(ends[0]);
}

static int at_exit_pipe = -1;

static void write_at_exit(void)
{
    if (at_exit_pipe >= 0 && write(at_exit_pipe, "x", 1) < 0) {
        _exit(1);
    }
}

/*
 * The host has half a line unwritten and a handler at exit. Each worker that ends has copies of
 * both; the line must come once and the handler must not run in any of them.
 */
static void be_host_with_habits(int report, int file)
{
    struct pp_pool *pool;

    at_exit_pipe = report;
    atexit(write_at_exit);
    dup2(file, STDOUT_FILENO);
    printf("half a line");
    pool = open_pool(PP_START_FORK, false);
    pp_future_destroy(run(pool, "tell-pid"));
    /* Workers end by themselves when their channel is closed. */
    pp_pool_destroy(pool);
    exit(0);
}

static void test_what_the_host_left_to_its_end_is_done_once(void)
{
    FILE *file = tmpfile();
    char text[100] = "";
    int ends[2];
    pid_t pid;

    g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        be_host_with_habits(ends[1], fileno(file));
    }
    close(ends[1]);
    g_assert_cmpint(join_child(pid), ==, 0);
    g_assert_cmpint(read(ends[0], text, sizeof(text)), ==, 1);
    close(ends[0]);
    rewind(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    g_assert_cmpstr(text, ==, "half a line");
    fclose(file);
}

/* ---- Roles ---- */

/* Who types a hidden role gets what any unknown argument gets; here GLib's complaint. */
static void test_a_role_that_is_typed_is_no_role(void)
{
    static const char *const roles[] = {PP_ZYGOTE_ROLE, PP_WORKER_PROCESS_ROLE};

    for (size_t i = 0; i < G_N_ELEMENTS(roles); i++) {
        const char *argv[] = {"/proc/self/exe", roles[i], i == 0 ? NULL : "1", NULL};
        g_autofree char *out = NULL;
        int status = -1;

        g_setenv("PIXPOOL_TEST_ROLE", "1", TRUE);
        g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out,
                                   NULL, &status, NULL));
        g_unsetenv("PIXPOOL_TEST_ROLE");
        g_assert_cmpstr(out, ==, "main goes on\n");
        g_assert_cmpint(status, ==, 0);
    }
}

/* A program whose parent closed its standard descriptors: they are not taken for anything else. */
static void test_a_host_may_have_lost_its_standard_descriptors(gconstpointer data)
{
    g_autofree char *method = g_strdup_printf("%d", GPOINTER_TO_INT(data));
    const char *argv[] = {"/bin/sh", "-c", "exec \"$0\" <&- >&- 2>&-", NULL, NULL};
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    int status = -1;

    argv[3] = self;
    g_setenv("PIXPOOL_TEST_METHOD", method, TRUE);
    g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL,
                               &status, NULL));
    g_unsetenv("PIXPOOL_TEST_METHOD");
    g_assert_cmpint(status, ==, 0);
}

/* What that program does; nobody hears its complaints. */
static int run_without_standard_descriptors(enum pp_start_method method)
{
    g_autofree char *text = ask_text(method, "tell-descriptors");

    return strcmp(text, "0 1 2 3 4 ") == 0 ? 0 : 1;
}

/* Numbers of descriptors are sparse, so a leak of any shows as a higher lowest free number. */
static void test_nothing_is_left_behind(gconstpointer data)
{
    int before = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int after;

    close(before);
    for (int i = 0; i < 3; i++) {
        test_a_host_may_ignore_its_children(data);
    }
    after = open("/dev/null", O_RDONLY | O_CLOEXEC);
    g_assert_cmpint(after, ==, before);
    close(after);
    g_assert_cmpint(waitpid(-1, NULL, WNOHANG), ==, -1);
    g_assert_cmpint(errno, ==, ECHILD);
}

static void add(const char *name, GTestDataFunc test)
{
    add_process_method_tests("start-methods", name, test);
}

int main(int argc, char **argv)
{
    pp_program_enter(&program, argc, argv);
    if (g_getenv("PIXPOOL_TEST_ROLE") != NULL) {
        printf("main goes on\n");
        return 0;
    }
    if (g_getenv("PIXPOOL_TEST_METHOD") != NULL) {
        return run_without_standard_descriptors(
            (enum pp_start_method)atoi(g_getenv("PIXPOOL_TEST_METHOD")));
    }
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/start-methods/each-method-inherits-what-it-says",
                    test_each_method_inherits_what_it_says);
    add("a-worker-has-five-descriptors", test_a_worker_has_five_descriptors);
    add("a-worker-has-no-handlers-and-no-mask", test_a_worker_has_no_handlers_and_no_mask);
    add("a-worker-is-bound-to-its-parent-alone", test_a_worker_is_bound_to_its_parent_alone);
    add("a-host-may-ignore-its-children", test_a_host_may_ignore_its_children);
    add("a-host-may-have-lost-its-standard-descriptors",
        test_a_host_may_have_lost_its_standard_descriptors);
    add("no-worker-outlives-a-host", test_no_worker_outlives_a_host);
    add("no-worker-outlives-a-host-with-threads", test_no_worker_outlives_a_host_with_threads);
    add("no-worker-outlives-a-host-that-has-a-child",
        test_no_worker_outlives_a_host_that_has_a_child);
    add("nothing-is-left-behind", test_nothing_is_left_behind);
    g_test_add_func("/start-methods/fork/a-process-with-threads-is-not-forked-unasked",
                    test_a_process_with_threads_is_not_forked_unasked);
    g_test_add_func("/start-methods/fork/what-the-host-left-to-its-end-is-done-once",
                    test_what_the_host_left_to_its_end_is_done_once);
    g_test_add_func("/start-methods/a-role-that-is-typed-is-no-role",
                    test_a_role_that_is_typed_is_no_role);
    return g_test_run();
}
