/* SPDX-License-Identifier: MIT */
/*
 * What a process promises, held against what Python documents for multiprocessing.Process. What
 * happens when processes, zygotes and hosts are killed is in core-process-deaths.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/process.h"
#include "core/shared_memory.h"
#include "tests/processes.h"
#include "tests/start_methods.h"

static int memory = 1;

static int do_nothing(struct pp_call *call)
{
    (void)call;
    return 0;
}

static int fail(struct pp_call *call)
{
    return pp_call_fail(call, -EILSEQ, "the letter has no address");
}

static int fail_without_words(struct pp_call *call)
{
    (void)call;
    return -ENOSPC;
}

static int exit_with(struct pp_call *call)
{
    int code;

    if (pp_call_arguments(call, &code, sizeof(code)) != 0) {
        return -EINVAL;
    }
    exit(code);
}

static int raise_signal(struct pp_call *call)
{
    int number;

    if (pp_call_arguments(call, &number, sizeof(number)) != 0) {
        return -EINVAL;
    }
    signal(number, SIG_DFL); /* sanitizers would turn it into an exit */
    raise(number);
    return 0;
}

/* Until the other end of its pipe is closed. */
static int wait_for_end(struct pp_call *call)
{
    char byte;

    return read(call->fds[0], &byte, 1) == 0 ? 0 : -EIO;
}

static int tell_self(struct pp_call *call)
{
    struct pp_process_self self = pp_process_current();

    return dprintf(call->fds[0], "%s %d %d %d", self.name, self.pid == getpid(), self.parent_pid,
                   self.daemon) > 0
               ? 0
               : -EIO;
}

static int tell_memory(struct pp_call *call)
{
    return dprintf(call->fds[0], "%d", memory) > 0 ? 0 : -EIO;
}

static int echo(struct pp_call *call)
{
    ssize_t length = write(call->fds[0], call->arguments, call->arguments_length);

    return length == (ssize_t)call->arguments_length ? 0 : -EIO;
}

/* Adds 1 to the last byte of each piece that it shares. */
static int touch_shared(struct pp_call *call)
{
    for (uint32_t i = 0; i < call->shared_count; i++) {
        uint8_t *bytes = call->shared[i].bytes;

        bytes[call->shared[i].capacity - 1]++;
    }
    return call->shared_count == 0 ? -ENOKEY : 0;
}

static const char *last_words;

static void speak_at_exit(void)
{
    printf("%s", last_words);
}

/* Prints without ending the line, and leaves shared memory to a handler at exit. */
static int print_and_leave_words(struct pp_call *call)
{
    last_words = call->shared[0].bytes;
    atexit(speak_at_exit);
    printf("words ");
    return 0;
}

static int start_another(struct pp_call *call);

static const struct pp_task_function functions[] = {
    {"do-nothing", do_nothing},
    {"fail", fail},
    {"fail-without-words", fail_without_words},
    {"exit-with", exit_with},
    {"raise-signal", raise_signal},
    {"wait-for-end", wait_for_end},
    {"tell-self", tell_self},
    {"tell-memory", tell_memory},
    {"echo", echo},
    {"touch-shared", touch_shared},
    {"print-and-leave-words", print_and_leave_words},
    {"start-another", start_another},
    {NULL, NULL},
};

static struct pp_program program = {.functions = functions};

/* A process that itself has one, and a pool of its own with processes, not in itself. */
static int start_another(struct pp_call *call)
{
    struct pp_process_options options = {
        .function = "tell-self",
        .name = "Grandchild",
        .fd_count = 1,
        .fds = {call->fds[0]},
    };
    PP_AUTO(pp_process_destroy) struct pp_process *process = NULL;
    int r = pp_process_start(&process, &program, &options, NULL);

    if (r == 0) {
        r = pp_process_join(process, -1);
    }
    return r == 0 ? pp_process_exitcode(process) : r;
}

static struct pp_process *start(const struct pp_process_options *options)
{
    struct pp_process *process = NULL;
    struct pp_error error = {0};

    g_assert_cmpint(pp_process_start(&process, &program, options, &error), ==, 0);
    g_assert_cmpint(error.code, ==, 0);
    return process;
}

static struct pp_process_options options_of(gconstpointer data, const char *function)
{
    return (struct pp_process_options){
        .start_method = (enum pp_start_method)GPOINTER_TO_INT(data),
        .function = function,
    };
}

static struct pp_process *start_with(gconstpointer data, const char *function, const int *number)
{
    struct pp_process_options options = options_of(data, function);

    if (number != NULL) {
        options.arguments = number;
        options.arguments_length = sizeof(*number);
    }
    return start(&options);
}

/* Start what @options say with the writing end of a pipe, and read what it writes there. */
static char *ask(struct pp_process_options options)
{
    char text[400];
    size_t length = 0;
    ssize_t got;
    int ends[2];
    struct pp_process *process;

    g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
    options.fd_count = 1;
    options.fds[0] = ends[1];
    process = start(&options);
    close(ends[1]);
    while ((got = read(ends[0], text + length, sizeof(text) - length)) > 0) {
        length += (size_t)got;
    }
    close(ends[0]);
    g_assert_cmpint(pp_process_join(process, -1), ==, 0);
    g_assert_cmpint(pp_process_exitcode(process), ==, 0);
    pp_process_destroy(process);
    return g_strndup(text, length);
}

/* A process that runs until its pipe is closed. */
struct held {
    struct pp_process *process;
    int hold;
};

static struct held hold_process(struct pp_process_options options)
{
    struct held held;
    int ends[2];

    g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
    options.function = "wait-for-end";
    options.fd_count = 1;
    options.fds[0] = ends[0];
    held.process = start(&options);
    held.hold = ends[1];
    close(ends[0]);
    return held;
}

/* ---- Exit codes and errors ---- */

static void test_a_function_that_returns_0_exits_with_0(gconstpointer data)
{
    struct pp_process *process = start_with(data, "do-nothing", NULL);

    g_assert_cmpint(pp_process_join(process, -1), ==, 0);
    g_assert_cmpint(pp_process_exitcode(process), ==, 0);
    g_assert_cmpint(pp_process_error(process)->code, ==, 0);
    g_assert_false(pp_process_is_alive(process));
    g_assert_cmpint(pp_process_join(process, -1), ==, 0); /* as often as one likes */
    pp_process_destroy(process);
}

static void assert_failure(gconstpointer data, const char *function, const int *number,
                           int exit_code, int code, const char *message)
{
    struct pp_process *process = start_with(data, function, number);

    g_assert_cmpint(pp_process_join(process, -1), ==, 0);
    g_assert_cmpint(pp_process_exitcode(process), ==, exit_code);
    g_assert_cmpint(pp_process_error(process)->code, ==, code);
    g_assert_cmpstr(pp_process_error(process)->message, ==, message);
    pp_process_destroy(process);
}

static void test_a_failure_exits_with_1_and_says_why(gconstpointer data)
{
    assert_failure(data, "fail", NULL, 1, -EILSEQ, "the letter has no address");
    assert_failure(data, "fail-without-words", NULL, 1, -ENOSPC,
                   "the task failed: No space left on device");
}

static void test_a_process_may_exit_as_it_likes(gconstpointer data)
{
    const int codes[] = {0, 3, 255};

    assert_failure(data, "exit-with", &codes[0], 0, 0, "");
    assert_failure(data, "exit-with", &codes[1], 3, -ECHILD, "the process exited with code 3");
    assert_failure(data, "exit-with", &codes[2], 255, -ECHILD, "the process exited with code 255");
}

static void test_a_signal_is_a_negative_exit_code(gconstpointer data)
{
    const int numbers[] = {SIGKILL, SIGABRT, SIGUSR1};

    assert_failure(data, "raise-signal", &numbers[0], -SIGKILL, -ECHILD,
                   "the process was killed by SIGKILL (Killed)");
    assert_failure(data, "raise-signal", &numbers[1], -SIGABRT, -ECHILD,
                   "the process was killed by SIGABRT (Aborted)");
    assert_failure(data, "raise-signal", &numbers[2], -SIGUSR1, -ECHILD,
                   "the process was killed by SIGUSR1 (User defined signal 1)");
}

/* ---- Waiting ---- */

static void test_join_waits_no_longer_than_asked(gconstpointer data)
{
    struct held held = hold_process(options_of(data, NULL));

    g_assert_cmpint(pp_process_join(held.process, 0), ==, -ETIMEDOUT);
    g_assert_cmpint(pp_process_join(held.process, 20), ==, -ETIMEDOUT);
    g_assert_true(pp_process_is_alive(held.process));
    g_assert_cmpint(pp_process_exitcode(held.process), ==, PP_PROCESS_RUNNING);
    g_assert_cmpint(pp_process_error(held.process)->code, ==, 0);
    close(held.hold);
    g_assert_cmpint(pp_process_join(held.process, PATIENCE_MS), ==, 0);
    g_assert_false(pp_process_is_alive(held.process));
    pp_process_destroy(held.process);
}

/* What the descriptor says is true at once for the object as well: nothing is left to wait for. */
static void test_the_sentinel_is_readable_at_the_end(gconstpointer data)
{
    for (int i = 0; i < 20; i++) {
        struct held held = hold_process(options_of(data, NULL));
        GPollFD fd = {.fd = pp_process_sentinel(held.process), .events = G_IO_IN};

        g_assert_cmpint(g_poll(&fd, 1, 0), ==, 0);
        close(held.hold);
        g_assert_cmpint(g_poll(&fd, 1, PATIENCE_MS), ==, 1);
        g_assert_false(pp_process_is_alive(held.process));
        g_assert_cmpint(pp_process_exitcode(held.process), ==, 0);
        g_assert_cmpint(pp_process_join(held.process, 0), ==, 0);
        pp_process_destroy(held.process);
    }
}

static void ignore_signal(int number)
{
    (void)number;
}

static void *interrupt(void *user)
{
    pthread_t *thread = user;

    g_usleep(20000); /* the join has begun, most likely; if not, the signal is sent again */
    while (memory == 1) {
        pthread_kill(*thread, SIGUSR1);
        g_usleep(1000);
    }
    return NULL;
}

static void test_a_signal_handler_interrupts_join(void)
{
    struct sigaction action = {.sa_handler = ignore_signal};
    struct held held = hold_process((struct pp_process_options){0});
    pthread_t self = pthread_self();
    pthread_t thread;

    sigaction(SIGUSR1, &action, NULL);
    g_assert_cmpint(pthread_create(&thread, NULL, interrupt, &self), ==, 0);
    g_assert_cmpint(pp_process_join(held.process, -1), ==, -EINTR);
    __atomic_store_n(&memory, 2, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
    memory = 1;
    signal(SIGUSR1, SIG_DFL);
    close(held.hold);
    while (pp_process_join(held.process, -1) != 0) {
    }
    pp_process_destroy(held.process);
}

static void test_terminate_and_kill_end_it(gconstpointer data)
{
    struct held held = hold_process(options_of(data, NULL));

    g_assert_cmpint(pp_process_terminate(held.process), ==, 0);
    g_assert_cmpint(pp_process_join(held.process, -1), ==, 0);
    g_assert_cmpint(pp_process_exitcode(held.process), ==, -SIGTERM);
    g_assert_cmpint(pp_process_terminate(held.process), ==, 0); /* it has ended: that is fine */
    g_assert_cmpint(pp_process_kill(held.process), ==, 0);
    close(held.hold);
    pp_process_destroy(held.process);
    held = hold_process(options_of(data, NULL));
    g_assert_cmpint(pp_process_kill(held.process), ==, 0);
    g_assert_cmpint(pp_process_join(held.process, -1), ==, 0);
    g_assert_cmpint(pp_process_exitcode(held.process), ==, -SIGKILL);
    close(held.hold);
    pp_process_destroy(held.process);
}

/* ---- Who it is ---- */

static void test_a_process_knows_who_it_is(gconstpointer data)
{
    struct pp_process_options options = options_of(data, "tell-self");
    g_autofree char *expected = g_strdup_printf("Painter 1 %d 1", (int)getpid());
    g_autofree char *text = NULL;

    options.name = "Painter";
    options.daemon = true;
    text = ask(options);
    g_assert_cmpstr(text, ==, expected);
    g_assert_cmpstr(pp_process_current().name, ==, "MainProcess");
    g_assert_cmpint(pp_process_current().pid, ==, getpid());
    g_assert_cmpint(pp_process_current().parent_pid, ==, getppid());
    g_assert_false(pp_process_current().daemon);
}

static void test_processes_are_numbered(gconstpointer data)
{
    struct pp_process *first = start_with(data, "do-nothing", NULL);
    struct pp_process *second = start_with(data, "do-nothing", NULL);
    int number = atoi(pp_process_name(first) + strlen("Process-"));
    g_autofree char *next = g_strdup_printf("Process-%d", number + 1);

    g_assert_true(g_str_has_prefix(pp_process_name(first), "Process-"));
    g_assert_cmpint(number, >=, 1);
    g_assert_cmpstr(pp_process_name(second), ==, next);
    g_assert_cmpint(pp_process_pid(first), !=, pp_process_pid(second));
    g_assert_false(pp_process_daemon(first));
    g_assert_cmpint(pp_process_join(first, -1), ==, 0);
    g_assert_cmpint(pp_process_join(second, -1), ==, 0);
    pp_process_destroy(first);
    pp_process_destroy(second);
}

static size_t position(const int *pids, size_t count, int pid)
{
    size_t i = 0;

    while (i < count && pids[i] != pid) {
        i++;
    }
    return i;
}

static void test_active_children_are_those_that_run(gconstpointer data)
{
    struct held held[3];
    int pids[10];
    size_t count;

    g_assert_cmpuint(pp_process_active_children(NULL, 0), ==, 0);
    for (int i = 0; i < 3; i++) {
        held[i] = hold_process(options_of(data, NULL));
    }
    count = pp_process_active_children(pids, G_N_ELEMENTS(pids));
    g_assert_cmpuint(count, ==, 3);
    for (int i = 0; i < 3; i++) {
        g_assert_cmpuint(position(pids, count, pp_process_pid(held[i].process)), <, count);
    }
    g_assert_cmpuint(pp_process_active_children(pids, 1), ==, 3);
    close(held[1].hold);
    g_assert_cmpint(pp_process_join(held[1].process, -1), ==, 0);
    count = pp_process_active_children(pids, G_N_ELEMENTS(pids));
    g_assert_cmpuint(count, ==, 2);
    g_assert_cmpuint(position(pids, count, pp_process_pid(held[1].process)), ==, count);
    for (int i = 0; i < 3; i++) {
        if (i != 1) {
            close(held[i].hold);
        }
        g_assert_cmpint(pp_process_join(held[i].process, -1), ==, 0);
        pp_process_destroy(held[i].process);
    }
    g_assert_cmpuint(pp_process_active_children(NULL, 0), ==, 0);
}

/* ---- What it gets ---- */

static void test_arguments_arrive_whole(gconstpointer data)
{
    g_autofree char *bytes = g_strnfill(300, 'x');
    struct pp_process_options options = options_of(data, "echo");
    g_autofree char *text = NULL;

    options.arguments = bytes;
    options.arguments_length = 300;
    text = ask(options);
    g_assert_cmpstr(text, ==, bytes);
}

static void test_too_much_of_anything_is_refused(gconstpointer data)
{
    g_autofree char *bytes = g_malloc0(PP_TASK_ARGUMENTS_MAX + 1);
    g_autofree char *name = g_strnfill(PP_PROCESS_NAME_MAX + 1, 'n');
    struct pp_process_options options = options_of(data, "do-nothing");
    struct pp_process *process = NULL;
    struct pp_error error;

    options.arguments = bytes;
    options.arguments_length = PP_TASK_ARGUMENTS_MAX + 1;
    g_assert_cmpint(pp_process_start(&process, &program, &options, NULL), ==, -E2BIG);
    options = options_of(data, "do-nothing");
    options.fd_count = PP_TASK_FDS_MAX + 1;
    g_assert_cmpint(pp_process_start(&process, &program, &options, NULL), ==, -E2BIG);
    options = options_of(data, "do-nothing");
    options.shared_count = PP_SHARED_MAX + 1;
    g_assert_cmpint(pp_process_start(&process, &program, &options, NULL), ==, -E2BIG);
    options = options_of(data, "do-nothing");
    options.name = name;
    g_assert_cmpint(pp_process_start(&process, &program, &options, NULL), ==, -E2BIG);
    options = options_of(data, "cube");
    g_assert_cmpint(pp_process_start(&process, &program, &options, &error), ==, -ENOENT);
    g_assert_cmpstr(error.message, ==, "'cube' is no function of the program");
    options = options_of(data, NULL);
    g_assert_cmpint(pp_process_start(&process, &program, &options, NULL), ==, -ENOENT);
    g_assert_null(process);
}

static void test_what_makes_no_process_is_refused(void)
{
    struct pp_process_options options = {.function = "do-nothing"};
    struct pp_process *process = NULL;
    struct pp_error error;

    options.start_method = PP_START_THREAD;
    g_assert_cmpint(pp_process_start(&process, &program, &options, &error), ==, -EINVAL);
    options.start_method = PP_START_IN_PROCESS;
    g_assert_cmpint(pp_process_start(&process, &program, &options, NULL), ==, -EINVAL);
    options.start_method = (enum pp_start_method)99;
    g_assert_cmpint(pp_process_start(&process, &program, &options, NULL), ==, -EINVAL);
}

/* Closed here as soon as the process was started, and there nevertheless. */
static void test_memory_is_shared(gconstpointer data)
{
    struct pp_shared_memory *shared[2];
    struct pp_shared_memory *again = NULL;
    struct pp_process_options options = options_of(data, "touch-shared");
    g_autofree char *name = g_strdup_printf("core-process-%d", (int)getpid());
    struct pp_process *process;
    uint8_t *bytes;

    g_assert_cmpint(pp_shared_memory_create(&shared[0], NULL, 5000), ==, 0);
    g_assert_cmpint(pp_shared_memory_create(&shared[1], name, 10), ==, 0);
    options.shared = shared;
    options.shared_count = 2;
    process = start(&options);
    pp_shared_memory_close(shared[1]);
    g_assert_cmpint(pp_process_join(process, -1), ==, 0);
    g_assert_cmpint(pp_process_exitcode(process), ==, 0);
    pp_process_destroy(process);
    bytes = pp_shared_memory_bytes(shared[0]);
    g_assert_cmpint(bytes[4999], ==, 1);
    pp_shared_memory_close(shared[0]);
    g_assert_cmpint(pp_shared_memory_attach(&again, name), ==, 0);
    bytes = pp_shared_memory_bytes(again);
    g_assert_cmpint(bytes[9], ==, 1);
    g_assert_cmpint(pp_shared_memory_unlink(again), ==, 0);
    pp_shared_memory_close(again);
}

static void test_each_method_inherits_what_it_says(void)
{
    static const int expected[] = {1, 1, 42};
    static const enum pp_start_method methods[] = {PP_START_FORKSERVER, PP_START_SPAWN,
                                                   PP_START_FORK};

    memory = 42;
    for (size_t i = 0; i < G_N_ELEMENTS(methods); i++) {
        struct pp_process_options options = {
            .start_method = methods[i],
            .function = "tell-memory",
        };
        g_autofree char *text = ask(options);

        g_assert_cmpint(atoi(text), ==, expected[i]);
    }
    memory = 1;
}

/* Half a line is written when the process exits, and handlers at exit find what it shared. */
static void test_what_it_printed_is_there_when_it_has_ended(gconstpointer data)
{
    struct pp_shared_memory *shared[1];
    struct pp_process_options options = options_of(data, "print-and-leave-words");
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    char text[100] = "";
    struct pp_process *process;

    g_assert_cmpint(pp_shared_memory_create(&shared[0], NULL, 100), ==, 0);
    memcpy(pp_shared_memory_bytes(shared[0]), "at the end", 11);
    options.shared = shared;
    options.shared_count = 1;
    /* The zygote keeps the outputs that it was started with: so one of its own for this test. */
    static struct pp_program other;
    other = program;
    dup2(fileno(file), STDERR_FILENO);
    g_assert_cmpint(pp_process_start(&process, &other, &options, NULL), ==, 0);
    dup2(saved, STDERR_FILENO);
    close(saved);
    g_assert_cmpint(pp_process_join(process, -1), ==, 0);
    g_assert_cmpint(pp_process_exitcode(process), ==, 0);
    pp_process_destroy(process);
    rewind(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    /* Where it was forked from here, it leaves handlers to this process. */
    g_assert_cmpstr(text, ==,
                    options.start_method == PP_START_FORK ? "words " : "words at the end");
    fclose(file);
    pp_shared_memory_close(shared[0]);
}

/* ---- Many, and of one another ---- */

static void test_a_process_may_start_processes(gconstpointer data)
{
    struct pp_process_options options = options_of(data, "start-another");
    g_autofree char *text = ask(options);
    int parent = 0;

    g_assert_cmpint(sscanf(text, "Grandchild 1 %d 0", &parent), ==, 1);
    g_assert_cmpint(parent, !=, getpid());
    g_assert_cmpint(parent, >, 0);
}

static void test_a_forgotten_process_goes_on(gconstpointer data)
{
    struct held held = hold_process(options_of(data, NULL));

    pp_process_destroy(held.process);
    g_assert_cmpuint(pp_process_active_children(NULL, 0), ==, 1);
    close(held.hold);
    WAIT_UNTIL(pp_process_active_children(NULL, 0) == 0);
    pp_process_destroy(NULL);
}

static void *start_and_join_some(void *user)
{
    for (int i = 0; i < 25; i++) {
        struct pp_process *process = start_with(user, i % 3 == 0 ? "fail" : "do-nothing", NULL);

        pp_process_active_children(NULL, 0);
        g_assert_cmpint(pp_process_join(process, -1), ==, 0);
        g_assert_cmpint(pp_process_exitcode(process), ==, i % 3 == 0 ? 1 : 0);
        pp_process_destroy(process);
    }
    return NULL;
}

/* From eight threads at a time, each of which reads notices that are meant for others. */
static void test_any_thread_may_start_and_join(gconstpointer data)
{
    pthread_t threads[8];

    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
        g_assert_cmpint(pthread_create(&threads[i], NULL, start_and_join_some, (void *)data), ==,
                        0);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
        pthread_join(threads[i], NULL);
    }
    g_assert_cmpuint(pp_process_active_children(NULL, 0), ==, 0);
}

/* A child that this process forks has no processes, and can have some of its own. */
static int be_forked(void *shared)
{
    struct pp_process *process = *(struct pp_process **)shared;

    if (pp_process_active_children(NULL, 0) != 0 || pp_process_join(process, 0) != -ECHILD ||
        pp_process_exitcode(process) != PP_PROCESS_RUNNING) {
        return 1;
    }
    pp_process_destroy(process);
    process = start_with(GINT_TO_POINTER(PP_START_FORKSERVER), "do-nothing", NULL);
    if (pp_process_join(process, -1) != 0 || strcmp(pp_process_name(process), "Process-1") != 0) {
        return 2;
    }
    pp_process_destroy(process);
    return 0;
}

static void test_a_forked_child_has_none_of_them(gconstpointer data)
{
    struct held held = hold_process(options_of(data, NULL));

    g_assert_cmpint(join_child(start_child(be_forked, &held.process)), ==, 0);
    g_assert_true(pp_process_is_alive(held.process));
    close(held.hold);
    g_assert_cmpint(pp_process_join(held.process, -1), ==, 0);
    g_assert_cmpint(pp_process_exitcode(held.process), ==, 0);
    pp_process_destroy(held.process);
}

/* The lowest number that a descriptor could have now. */
static int lowest_free_descriptor(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    close(fd);
    return fd;
}

static void set_descriptor_limit(rlim_t limit)
{
    struct rlimit limits;

    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limits), ==, 0);
    limits.rlim_cur = limit;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limits), ==, 0);
}

/*
 * With room for so and so many descriptors, a start either works or fails and leaves nothing; and
 * those that run are none the worse for it.
 */
static void test_a_start_without_descriptors_fails_and_no_more(gconstpointer data)
{
    struct held held = hold_process(options_of(data, NULL)); /* its launcher is there from now on */
    struct pp_process_options options = options_of(data, "do-nothing");
    struct rlimit before;
    int lowest = lowest_free_descriptor();
    bool worked = false;

    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &before), ==, 0);
    for (int room = 0; !worked && room < 30; room++) {
        struct pp_process *process = NULL;
        struct pp_error error = {0};
        int r;

        set_descriptor_limit((rlim_t)(lowest + room));
        r = pp_process_start(&process, &program, &options, &error);
        set_descriptor_limit(before.rlim_cur);
        worked = r == 0;
        if (r == 0) {
            g_assert_cmpint(pp_process_join(process, -1), ==, 0);
            g_assert_cmpint(pp_process_exitcode(process), ==, 0);
        } else {
            g_assert_cmpint(r, ==, -EMFILE);
            g_assert_cmpint(error.code, ==, -EMFILE);
        }
        pp_process_destroy(process);
        g_assert_cmpuint(pp_process_active_children(NULL, 0), ==, 1);
        g_assert_cmpint(lowest_free_descriptor(), ==, lowest);
    }
    g_assert_true(worked);
    g_assert_true(pp_process_is_alive(held.process));
    close(held.hold);
    g_assert_cmpint(pp_process_join(held.process, -1), ==, 0);
    g_assert_cmpint(pp_process_exitcode(held.process), ==, 0);
    pp_process_destroy(held.process);
}

/* A zygote holds a descriptor for each process, and is not bound by what its host was when it
 * started; the processes are. */
static void test_a_zygote_has_room_for_many(gconstpointer data)
{
    static struct pp_program other; /* so that it has a zygote of its own */
    struct pp_process_options options = options_of(data, "wait-for-end");
    struct pp_process *processes[100];
    struct rlimit before;
    int ends[2];

    other = program;
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &before), ==, 0);
    g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
    options.fd_count = 1;
    options.fds[0] = ends[0];
    for (size_t i = 0; i < G_N_ELEMENTS(processes); i++) {
        if (i == 0) {
            set_descriptor_limit(40);
        }
        g_assert_cmpint(pp_process_start(&processes[i], &other, &options, NULL), ==, 0);
        set_descriptor_limit(before.rlim_cur);
    }
    close(ends[1]);
    for (size_t i = 0; i < G_N_ELEMENTS(processes); i++) {
        g_assert_cmpint(pp_process_join(processes[i], -1), ==, 0);
        g_assert_cmpint(pp_process_exitcode(processes[i]), ==, 0);
        pp_process_destroy(processes[i]);
    }
    close(ends[0]);
}

/* Numbers of descriptors are sparse, so a leak of any shows as a higher lowest free number. */
static void test_no_descriptor_is_left_behind(gconstpointer data)
{
    int before = lowest_free_descriptor();

    test_terminate_and_kill_end_it(data);
    test_memory_is_shared(data);
    test_too_much_of_anything_is_refused(data);
    test_a_forgotten_process_goes_on(data);
    g_assert_cmpint(lowest_free_descriptor(), ==, before);
}

static void add(const char *name, GTestDataFunc test)
{
    add_process_method_tests("process", name, test);
}

static void add_all(void)
{
    add("a-function-that-returns-0-exits-with-0", test_a_function_that_returns_0_exits_with_0);
    add("a-failure-exits-with-1-and-says-why", test_a_failure_exits_with_1_and_says_why);
    add("a-process-may-exit-as-it-likes", test_a_process_may_exit_as_it_likes);
    add("a-signal-is-a-negative-exit-code", test_a_signal_is_a_negative_exit_code);
    add("join-waits-no-longer-than-asked", test_join_waits_no_longer_than_asked);
    add("the-sentinel-is-readable-at-the-end", test_the_sentinel_is_readable_at_the_end);
    add("terminate-and-kill-end-it", test_terminate_and_kill_end_it);
    add("a-process-knows-who-it-is", test_a_process_knows_who_it_is);
    add("processes-are-numbered", test_processes_are_numbered);
    add("active-children-are-those-that-run", test_active_children_are_those_that_run);
    add("arguments-arrive-whole", test_arguments_arrive_whole);
    add("too-much-of-anything-is-refused", test_too_much_of_anything_is_refused);
    add("memory-is-shared", test_memory_is_shared);
    add("what-it-printed-is-there-when-it-has-ended",
        test_what_it_printed_is_there_when_it_has_ended);
    add("a-process-may-start-processes", test_a_process_may_start_processes);
    add("a-forgotten-process-goes-on", test_a_forgotten_process_goes_on);
    add("a-forked-child-has-none-of-them", test_a_forked_child_has_none_of_them);
    add("no-descriptor-is-left-behind", test_no_descriptor_is_left_behind);
    add("a-start-without-descriptors-fails-and-no-more",
        test_a_start_without_descriptors_fails_and_no_more);
    g_test_add_data_func("/process/forkserver/a-zygote-has-room-for-many",
                         GINT_TO_POINTER(PP_START_FORKSERVER), test_a_zygote_has_room_for_many);
    g_test_add_func("/process/each-method-inherits-what-it-says",
                    test_each_method_inherits_what_it_says);
    g_test_add_func("/process/what-makes-no-process-is-refused",
                    test_what_makes_no_process_is_refused);
    g_test_add_func("/process/a-signal-handler-interrupts-join",
                    test_a_signal_handler_interrupts_join);
    g_test_add_data_func("/process/spawn/any-thread-may-start-and-join",
                         GINT_TO_POINTER(PP_START_SPAWN), test_any_thread_may_start_and_join);
}

int main(int argc, char **argv)
{
    pp_program_enter(&program, argc, argv);
    g_test_init(&argc, &argv, NULL);
    if (g_getenv("PIXPOOL_TEST_THREADS_ONLY") == NULL) {
        add_all();
    }
    /* For race detectors as well: they see the threads of the host. */
    g_test_add_data_func("/process/forkserver/any-thread-may-start-and-join",
                         GINT_TO_POINTER(PP_START_FORKSERVER), test_any_thread_may_start_and_join);
    return g_test_run();
}
