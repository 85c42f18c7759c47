/* SPDX-License-Identifier: MIT */
/*
 * What a pool promises when workers die, with real processes and real deaths.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/channel.h"
#include "core/pool.h"
#include "core/wire.h"
#include "tests/start_methods.h"

enum how {
    SEGV,
    ABORT,
    KILL,
    EXIT_0,
    EXIT_3,
    SPIN,
    STOP,
    GARBAGE,
    SHORT_GARBAGE,
    FOREIGN_RESULT,
    READY_AGAIN,
    FAIL_AS_READY
};

static void send_raw(const void *bytes, size_t length)
{
    /* A worker's channel is its first descriptor after the standard ones. */
    if (write(STDERR_FILENO + 1, bytes, length) < 0) {
        _exit(9);
    }
    pause();
}

static void lie(enum how how)
{
    struct pp_result_message foreign = {.kind = PP_MESSAGE_RESULT, .task = 123456789};
    struct pp_ready_message ready = {.kind = PP_MESSAGE_READY};
    uint8_t garbage[300];

    memset(garbage, 0xa5, sizeof(garbage));
    if (how == FOREIGN_RESULT) {
        send_raw(&foreign, sizeof(foreign));
    }
    if (how == READY_AGAIN || how == FAIL_AS_READY) {
        ready.status = how == READY_AGAIN ? 0 : -EIO;
        send_raw(&ready, sizeof(ready));
    }
    send_raw(garbage, how == GARBAGE ? sizeof(garbage) : 1);
}

/* Dies, or stops being of use, in the way that its argument says. */
static int die(struct pp_call *call)
{
    enum how how;

    if (pp_call_arguments(call, &how, sizeof(how)) != 0) {
        return -EINVAL;
    }
    pp_call_phase(call, "dying");
    signal(SIGSEGV, SIG_DFL); /* sanitizers would turn it into an exit */
    switch (how) {
    case SEGV:
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
    case SPIN:
        for (volatile int i = 0;; i++) {
        }
    case STOP:
        raise(SIGSTOP);
        break;
    default:
        lie(how);
    }
    return 0;
}

static int answer(struct pp_call *call)
{
    pid_t pid = getpid();

    return pp_call_reply(call, &pid, sizeof(pid));
}

/* Says its pid through a pipe, then waits until that pipe's other end is closed. */
static int announce_and_wait(struct pp_call *call)
{
    pid_t pid = getpid();
    char byte;

    signal(SIGPIPE, SIG_IGN); /* a second run finds nobody who wants to know */
    if (write(call->fds[0], &pid, sizeof(pid)) != sizeof(pid)) {
        return -EPIPE;
    }
    return read(call->fds[1], &byte, 1) < 0 ? -errno : 0;
}

/* Crashes as long as the file that it gets is not long enough; makes it one byte longer. */
static int crash_until_long_enough(struct pp_call *call)
{
    off_t enough;
    off_t length = lseek(call->fds[0], 0, SEEK_END);

    if (pp_call_arguments(call, &enough, sizeof(enough)) != 0) {
        return -EINVAL;
    }
    if (length >= enough) {
        pid_t pid = getpid();

        return pp_call_reply(call, &pid, sizeof(pid));
    }
    signal(SIGSEGV, SIG_DFL);
    if (write(call->fds[0], "x", 1) == 1) {
        raise(SIGSEGV);
    }
    return -EIO;
}

static int fill_slot(struct pp_call *call)
{
    memset(call->slots[0].bytes, 0x5a, call->slots[0].capacity);
    raise(SIGKILL);
    return 0;
}

static int fail_if_asked(struct pp_call *call)
{
    if (getenv("PIXPOOL_TEST_DEADLY_INITIALIZER") != NULL) {
        _exit(3);
    }
    return getenv("PIXPOOL_TEST_BAD_INITIALIZER") != NULL
               ? pp_call_fail(call, -ENOKEY, "the cellar is locked")
               : 0;
}

static const struct pp_task_function functions[] = {
    {"die", die},
    {"answer", answer},
    {"announce-and-wait", announce_and_wait},
    {"crash-until-long-enough", crash_until_long_enough},
    {"fill-slot", fill_slot},
    {"fail-if-asked", fail_if_asked},
    {NULL, NULL},
};

static const struct pp_program program = {.functions = functions};

/* Of the test that runs. */
static enum pp_start_method method;

static struct pp_pool *open_pool(unsigned processes)
{
    struct pp_pool_options options = {
        .start_method = method,
        .processes = processes,
        .initializer = "fail-if-asked",
    };
    struct pp_pool *pool = NULL;

    g_assert_cmpint(pp_pool_create(&pool, &program, &options, NULL), ==, 0);
    return pool;
}

static struct pp_future *submit(struct pp_pool *pool, const struct pp_task *task)
{
    struct pp_future *future = NULL;

    g_assert_cmpint(pp_pool_submit(pool, task, &future), ==, 0);
    return future;
}

static struct pp_future *submit_death(struct pp_pool *pool, enum how how, uint32_t timeout_ms)
{
    struct pp_task task = {
        .function = "die",
        .arguments = &how,
        .arguments_length = sizeof(how),
        .timeout_ms = timeout_ms,
    };

    return submit(pool, &task);
}

static const struct pp_result *wait_for(struct pp_future *future)
{
    g_assert_cmpint(pp_future_wait(future, -1), ==, 0);
    return pp_future_result(future);
}

static void assert_still_works(struct pp_pool *pool)
{
    struct pp_task task = {.function = "answer"};

    for (int i = 0; i < 20; i++) {
        struct pp_future *future = submit(pool, &task);

        g_assert_cmpint(wait_for(future)->outcome, ==, PP_DONE);
        pp_future_destroy(future);
    }
}

static void assert_crash(enum how how, int signal_number, int exit_code)
{
    struct pp_pool *pool = open_pool(2);
    struct pp_future *future = submit_death(pool, how, 0);
    const struct pp_result *result = wait_for(future);

    g_assert_cmpint(result->outcome, ==, PP_CRASHED);
    g_assert_cmpint(result->signal, ==, signal_number);
    g_assert_cmpint(result->exit_code, ==, exit_code);
    g_assert_cmpstr(result->phase, ==, "dying");
    g_assert_cmpuint(result->attempts, ==, 1);
    assert_still_works(pool);
    pp_future_destroy(future);
    pp_pool_destroy(pool);
}

static void test_a_crash_fails_its_task_with_the_signal(void)
{
    assert_crash(SEGV, SIGSEGV, 0);
    assert_crash(ABORT, SIGABRT, 0);
    assert_crash(KILL, SIGKILL, 0);
}

/* Exit code 0 is no success: the task was not answered. */
static void test_an_early_exit_fails_its_task_with_the_code(void)
{
    assert_crash(EXIT_0, 0, 0);
    assert_crash(EXIT_3, 0, 3);
}

static void test_the_cause_reads_as_a_sentence(void)
{
    struct pp_pool *pool = open_pool(1);
    struct pp_future *future = submit_death(pool, SEGV, 0);
    char text[160];

    pp_result_describe(wait_for(future), text, sizeof(text));
    g_assert_cmpstr(text, ==,
                    "the worker was killed by SIGSEGV (Segmentation fault) in phase dying, "
                    "attempt 1");
    pp_future_destroy(future);
    pp_pool_destroy(pool);
}

static void test_get_says_that_the_worker_died(void)
{
    struct pp_pool *pool = open_pool(1);
    struct pp_future *future = submit_death(pool, ABORT, 0);
    struct pp_error error = {0};
    int reply;

    g_assert_cmpint(pp_future_get(future, &reply, sizeof(reply), -1, &error), ==, -ECHILD);
    g_assert_nonnull(strstr(error.message, "SIGABRT"));
    pp_future_destroy(future);
    pp_pool_destroy(pool);
}

/*
 * Every third task kills its worker, in queues that hold innocents before and behind it. Were any
 * of those charged, its outcome or its attempts would show it.
 */
static void test_innocent_tasks_are_never_charged(void)
{
    struct pp_pool *pool = open_pool(3);
    struct pp_task innocent = {.function = "answer"};
    struct pp_future *futures[90];

    for (int i = 0; i < 90; i++) {
        futures[i] = i % 3 == 1 ? submit_death(pool, SEGV, 0) : submit(pool, &innocent);
    }
    for (int i = 0; i < 90; i++) {
        const struct pp_result *result = wait_for(futures[i]);

        g_assert_cmpint(result->outcome, ==, i % 3 == 1 ? PP_CRASHED : PP_DONE);
        g_assert_cmpuint(result->attempts, ==, 1);
        pp_future_destroy(futures[i]);
    }
    pp_pool_destroy(pool);
}

/* A spinning and a stopped worker alike: only a kill can end them, and only theirs. */
static void test_a_deadline_kills_its_worker_only(void)
{
    static const enum how ways[] = {SPIN, STOP};
    struct pp_pool *pool = open_pool(2);

    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
        struct pp_future *future = submit_death(pool, ways[i], 50);
        const struct pp_result *result = wait_for(future);

        g_assert_cmpint(result->outcome, ==, PP_TIMED_OUT);
        g_assert_cmpstr(result->phase, ==, "dying");
        g_assert_cmpstr(result->error.message, ==, "not done after 50 ms");
        assert_still_works(pool);
        pp_future_destroy(future);
    }
    pp_pool_destroy(pool);
}

static void test_a_worker_that_talks_nonsense_is_stopped(void)
{
    static const enum how ways[] = {GARBAGE, SHORT_GARBAGE, FOREIGN_RESULT, READY_AGAIN,
                                    FAIL_AS_READY};

    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
        struct pp_pool *pool = open_pool(2);
        struct pp_future *future = submit_death(pool, ways[i], 0);
        const struct pp_result *result = wait_for(future);

        g_assert_cmpint(result->outcome, ==, PP_CRASHED);
        g_assert_cmpint(result->error.code, ==, -EPROTO);
        assert_still_works(pool);
        pp_future_destroy(future);
        pp_pool_destroy(pool);
    }
}

static struct pp_future *submit_crasher(struct pp_pool *pool, int file, off_t crashes,
                                        uint32_t attempts)
{
    struct pp_task task = {
        .function = "crash-until-long-enough",
        .arguments = &crashes,
        .arguments_length = sizeof(crashes),
        .fd_count = 1,
        .fds = {file},
        .crash_attempts = attempts,
    };

    return submit(pool, &task);
}

/* A task that crashes twice is done at the third attempt, or fails after two where it has no third.
 */
static void test_a_crash_is_tried_again_as_often_as_asked(void)
{
    struct pp_pool *pool = open_pool(2);
    FILE *file = tmpfile();
    struct pp_future *future = submit_crasher(pool, fileno(file), 2, 3);

    g_assert_cmpint(wait_for(future)->outcome, ==, PP_DONE);
    g_assert_cmpuint(pp_future_result(future)->attempts, ==, 3);
    pp_future_destroy(future);
    g_assert_cmpint(ftruncate(fileno(file), 0), ==, 0);
    future = submit_crasher(pool, fileno(file), 100, 2);
    g_assert_cmpint(wait_for(future)->outcome, ==, PP_CRASHED);
    g_assert_cmpuint(pp_future_result(future)->attempts, ==, 2);
    pp_future_destroy(future);
    fclose(file);
    pp_pool_destroy(pool);
}

struct announced {
    struct pp_future *future;
    pid_t pid;
    int hold; /* the task ends when this is closed */
};

/* Start a task that is known to be running, in a process whose pid is known. */
static struct announced start_announced(struct pp_pool *pool, uint32_t kill_attempts)
{
    struct announced announced;
    struct pp_task task = {
        .function = "announce-and-wait",
        .fd_count = 2,
        .kill_attempts = kill_attempts,
    };
    int words[2];
    int hold[2];

    g_assert_cmpint(pipe2(words, O_CLOEXEC), ==, 0);
    g_assert_cmpint(pipe2(hold, O_CLOEXEC), ==, 0);
    task.fds[0] = words[1];
    task.fds[1] = hold[0];
    announced.future = submit(pool, &task);
    close(words[1]);
    close(hold[0]);
    announced.hold = hold[1];
    /* The pool has to be driven until a worker has taken the task. */
    g_assert_cmpint(fcntl(words[0], F_SETFL, O_NONBLOCK), ==, 0);
    while (read(words[0], &announced.pid, sizeof(announced.pid)) != sizeof(announced.pid)) {
        GPollFD fds[] = {
            {.fd = words[0], .events = G_IO_IN},
            {.fd = pp_pool_fd(pool), .events = G_IO_IN},
        };

        g_poll(fds, 2, -1);
        g_assert_cmpint(pp_pool_dispatch(pool), ==, 0);
    }
    close(words[0]);
    return announced;
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

    g_assert_cmpint(g_poll(&fd, 1, 60000), ==, 1);
    close(pidfd);
}

/* Somebody's SIGKILL is not the task's fault: it runs again and is done in another process. */
static void test_a_task_whose_worker_is_killed_runs_again(void)
{
    struct pp_pool *pool = open_pool(1);
    struct announced announced = start_announced(pool, 2);
    int pidfd = open_pidfd(announced.pid);

    kill(announced.pid, SIGKILL);
    assert_gone(pidfd);
    close(announced.hold);
    g_assert_cmpint(wait_for(announced.future)->outcome, ==, PP_FAILED);
    /* The second run found nobody reading its pid: it ran, which is what counts here. */
    g_assert_cmpint(pp_future_result(announced.future)->error.code, ==, -EPIPE);
    g_assert_cmpuint(pp_future_result(announced.future)->attempts, ==, 2);
    pp_future_destroy(announced.future);
    pp_pool_destroy(pool);
}

/* Cancelled at once, while its worker still runs; the worker dies, the next task gets another. */
static void test_cancelling_a_running_task_kills_its_worker(void)
{
    struct pp_pool *pool = open_pool(1);
    struct announced announced = start_announced(pool, 1);
    int pidfd = open_pidfd(announced.pid);

    g_assert_true(pp_future_cancel(announced.future));
    g_assert_true(pp_future_done(announced.future));
    g_assert_cmpint(pp_future_result(announced.future)->outcome, ==, PP_CANCELLED);
    g_assert_false(pp_future_cancel(announced.future));
    assert_still_works(pool);
    assert_gone(pidfd);
    close(announced.hold);
    pp_future_destroy(announced.future);
    pp_pool_destroy(pool);
}

static void test_cancelling_a_waiting_task_kills_nobody(void)
{
    struct pp_pool *pool = open_pool(1);
    struct announced announced = start_announced(pool, 1);
    struct pp_task task = {.function = "answer"};
    struct pp_future *waiting = submit(pool, &task);

    g_assert_true(pp_future_cancel(waiting));
    close(announced.hold);
    g_assert_cmpint(wait_for(announced.future)->outcome, ==, PP_DONE);
    pp_future_destroy(waiting);
    pp_future_destroy(announced.future);
    assert_still_works(pool);
    pp_pool_destroy(pool);
}

static pid_t parent_of(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)pid);
    g_autofree char *text = NULL;
    int parent = 0;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpint(sscanf(strrchr(text, ')') + 1, " %*c %d", &parent), ==, 1);
    return parent;
}

/* Its workers die with the zygote; another one takes over, and no task pays for it. */
static void test_the_zygotes_death_costs_no_task(void)
{
    struct pp_pool *pool = open_pool(2);
    struct announced announced = start_announced(pool, 1);
    int pidfd = open_pidfd(announced.pid);

    kill(parent_of(announced.pid), SIGKILL);
    assert_gone(pidfd);
    close(announced.hold);
    g_assert_cmpint(wait_for(announced.future)->error.code, ==, -EPIPE); /* it ran again */
    g_assert_cmpuint(pp_future_result(announced.future)->attempts, ==, 2);
    assert_still_works(pool);
    pp_future_destroy(announced.future);
    /* Deaths and deadlines are heard of as before: the new zygote is listened to. */
    announced.future = submit_death(pool, SEGV, 0);
    g_assert_cmpint(wait_for(announced.future)->outcome, ==, PP_CRASHED);
    pp_future_destroy(announced.future);
    announced.future = submit_death(pool, SPIN, 50);
    g_assert_cmpint(wait_for(announced.future)->outcome, ==, PP_TIMED_OUT);
    pp_future_destroy(announced.future);
    assert_still_works(pool);
    pp_pool_destroy(pool);
}

static void run_host_until_killed(int report)
{
    struct pp_pool *pool = open_pool(2);
    struct announced announced = start_announced(pool, 1);
    pid_t pids[2] = {announced.pid, parent_of(announced.pid)}; /* a zygote, or this process */

    if (write(report, pids, sizeof(pids)) == sizeof(pids)) {
        pause();
    }
}

/* A host killed with SIGKILL takes zygote and workers along, although it could not lift a finger.
 */
static void test_no_worker_outlives_its_host(void)
{
    pid_t pids[2];
    int report[2];
    int worker;
    int zygote;
    pid_t host;

    g_assert_cmpint(pipe2(report, O_CLOEXEC), ==, 0);
    host = fork();
    if (host == 0) {
        run_host_until_killed(report[1]);
        _exit(1);
    }
    close(report[1]);
    g_assert_cmpint(read(report[0], pids, sizeof(pids)), ==, sizeof(pids));
    close(report[0]);
    worker = open_pidfd(pids[0]);
    zygote = open_pidfd(pids[1]);
    kill(host, SIGKILL);
    waitpid(host, NULL, 0);
    assert_gone(worker);
    assert_gone(zygote);
}

static void test_terminating_resolves_every_task(void)
{
    struct pp_pool *pool = open_pool(2);
    struct announced announced = start_announced(pool, 1);
    struct pp_future *futures[10];

    for (int i = 0; i < 10; i++) {
        futures[i] = submit_death(pool, SPIN, 0);
    }
    pp_pool_terminate(pool);
    g_assert_cmpint(pp_future_result(announced.future)->outcome, ==, PP_CANCELLED);
    for (int i = 0; i < 10; i++) {
        g_assert_cmpint(pp_future_result(futures[i])->outcome, ==, PP_CANCELLED);
        pp_future_destroy(futures[i]);
    }
    close(announced.hold);
    pp_future_destroy(announced.future);
    pp_pool_destroy(pool);
}

/*
 * The future is dropped while its worker may still write to the slot. Were the slot lent again at
 * once, the late writer's bytes could show up in it; it must be another one.
 */
static void test_a_dropped_tasks_memory_is_not_lent_before_its_worker_is_gone(void)
{
    struct pp_pool *pool = open_pool(2);
    struct pp_task task = {.function = "fill-slot", .slot_count = 1};
    struct pp_slot *slot = NULL;
    struct pp_future *future;
    uint32_t id;

    task.slots[0].bytes = 4096;
    future = submit(pool, &task);
    while (pp_future_slot(future, 0) == NULL) {
        GPollFD fd = {.fd = pp_pool_fd(pool), .events = G_IO_IN};

        g_poll(&fd, 1, -1);
        g_assert_cmpint(pp_pool_dispatch(pool), ==, 0);
    }
    id = pp_future_slot(future, 0)->id;
    pp_future_destroy(future);
    g_assert_cmpint(pp_pool_slot(pool, 4096, &slot), ==, 0);
    g_assert_cmpuint(slot->id, !=, id);
    pp_pool_slot_release(pool, slot);
    assert_still_works(pool);
    pp_pool_destroy(pool);
}

static void test_a_failing_initializer_fails_the_pool(void)
{
    struct pp_task task = {.function = "answer"};
    struct pp_pool *pool;
    struct pp_future *future;

    g_setenv("PIXPOOL_TEST_BAD_INITIALIZER", "1", TRUE);
    pool = open_pool(2);
    future = submit(pool, &task);
    g_assert_cmpint(pp_future_wait(future, -1), ==, 0);
    g_unsetenv("PIXPOOL_TEST_BAD_INITIALIZER");
    g_assert_cmpint(pp_future_result(future)->outcome, ==, PP_FAILED);
    g_assert_cmpstr(pp_future_result(future)->error.message, ==,
                    "the workers' initializer failed: the cellar is locked");
    g_assert_cmpint(pp_pool_dispatch(pool), ==, -ENOKEY);
    pp_future_destroy(future);
    pp_pool_destroy(pool);
}

/* Workers that cannot live end the pool, and every task is told so: no future is left waiting. */
static void test_workers_that_cannot_live_fail_every_task(void)
{
    struct pp_task task = {.function = "answer"};
    struct pp_future *futures[3];
    struct pp_pool *pool;

    g_setenv("PIXPOOL_TEST_DEADLY_INITIALIZER", "1", TRUE);
    pool = open_pool(1);
    for (int i = 0; i < 3; i++) {
        futures[i] = submit(pool, &task);
    }
    for (int i = 0; i < 3; i++) {
        g_assert_cmpint(pp_future_wait(futures[i], -1), ==, 0);
        g_assert_cmpint(pp_future_result(futures[i])->outcome, ==, PP_FAILED);
        g_assert_nonnull(strstr(pp_future_result(futures[i])->error.message, "exited with code 3"));
        pp_future_destroy(futures[i]);
    }
    g_unsetenv("PIXPOOL_TEST_DEADLY_INITIALIZER");
    g_assert_cmpint(pp_pool_dispatch(pool), ==, -ECHILD);
    pp_pool_destroy(pool);
}

/* 300 tasks while a worker is killed after every tenth: all done, each once. */
static void test_a_killer_at_large_costs_nothing(void)
{
    struct pp_pool *pool = open_pool(3);
    struct pp_task task = {.function = "answer", .kill_attempts = 100};
    struct pp_future *future;
    int done = 0;

    for (int i = 0; i < 300; i++) {
        submit(pool, &task);
    }
    while (pp_pool_next(pool, -1, &future) == 0) {
        const struct pp_result *result = pp_future_result(future);
        pid_t pid;

        g_assert_cmpint(result->outcome, ==, PP_DONE);
        if (++done % 10 == 0) {
            memcpy(&pid, result->reply, sizeof(pid));
            kill(pid, SIGKILL);
        }
        pp_future_destroy(future);
    }
    g_assert_cmpint(done, ==, 300);
    pp_pool_destroy(pool);
}

struct death_test {
    const char *name;
    void (*run)(void);
    bool needs_zygote;
};

static const struct death_test tests[] = {
    {"a-crash-fails-its-task-with-the-signal", test_a_crash_fails_its_task_with_the_signal, false},
    {"an-early-exit-fails-its-task-with-the-code", test_an_early_exit_fails_its_task_with_the_code,
     false},
    {"the-cause-reads-as-a-sentence", test_the_cause_reads_as_a_sentence, false},
    {"get-says-that-the-worker-died", test_get_says_that_the_worker_died, false},
    {"innocent-tasks-are-never-charged", test_innocent_tasks_are_never_charged, false},
    {"a-deadline-kills-its-worker-only", test_a_deadline_kills_its_worker_only, false},
    {"a-worker-that-talks-nonsense-is-stopped", test_a_worker_that_talks_nonsense_is_stopped,
     false},
    {"a-crash-is-tried-again-as-often-as-asked", test_a_crash_is_tried_again_as_often_as_asked,
     false},
    {"a-task-whose-worker-is-killed-runs-again", test_a_task_whose_worker_is_killed_runs_again,
     false},
    {"cancelling-a-running-task-kills-its-worker", test_cancelling_a_running_task_kills_its_worker,
     false},
    {"cancelling-a-waiting-task-kills-nobody", test_cancelling_a_waiting_task_kills_nobody, false},
    {"the-zygotes-death-costs-no-task", test_the_zygotes_death_costs_no_task, true},
    {"no-worker-outlives-its-host", test_no_worker_outlives_its_host, false},
    {"terminating-resolves-every-task", test_terminating_resolves_every_task, false},
    {"a-dropped-tasks-memory-is-not-lent-before-its-worker-is-gone",
     test_a_dropped_tasks_memory_is_not_lent_before_its_worker_is_gone, false},
    {"a-failing-initializer-fails-the-pool", test_a_failing_initializer_fails_the_pool, false},
    {"workers-that-cannot-live-fail-every-task", test_workers_that_cannot_live_fail_every_task,
     false},
    {"a-killer-at-large-costs-nothing", test_a_killer_at_large_costs_nothing, false},
};

struct run {
    const struct death_test *test;
    enum pp_start_method method;
};

static void run_with_method(gconstpointer data)
{
    const struct run *run = data;

    method = run->method;
    run->test->run();
}

int main(int argc, char **argv)
{
    static struct run runs[G_N_ELEMENTS(tests) * G_N_ELEMENTS(start_methods)];
    size_t count = 0;

    pp_program_enter(&program, argc, argv);
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(start_methods); i++) {
        for (size_t k = 0; k < G_N_ELEMENTS(tests); k++) {
            g_autofree char *path =
                g_strdup_printf("/pool-deaths/%s/%s", start_methods[i].name, tests[k].name);

            if (start_methods[i].has_processes &&
                (start_methods[i].method != PP_START_FORK || !tests[k].needs_zygote)) {
                runs[count] = (struct run){&tests[k], start_methods[i].method};
                g_test_add_data_func(path, &runs[count++], run_with_method);
            }
        }
    }
    return g_test_run();
}
