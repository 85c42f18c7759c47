/* SPDX-License-Identifier: MIT */
/*
 * What is known of where a worker crashed. The program exports its functions to the dynamic linker
 * (tests/meson.build), so those that are not static have names.
 *
 * A sanitizer keeps some of the signals to itself: the cases that need them are skipped under it.
 */
#include <dlfcn.h>
#include <execinfo.h>
#include <glib.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/crash_stack.h"
#include "tests/pools.h"

int crash_by_null_store(struct pp_call *call);
int crash_by_recursion(struct pp_call *call);
int crash_by_abort(struct pp_call *call);
int crash_by_division(struct pp_call *call);
int crash_by_bad_instruction(struct pp_call *call);
int crash_beyond_a_file(struct pp_call *call);
int recurse(int depth);
int backtrace(void **addresses, int count);

static volatile int zero;
static int *volatile nowhere;

/* What a walk along the stack does, in place of the C library's. */
enum { WALK, WALK_FOR_EVER, WALK_INTO_NOTHING };
static volatile int walk;

/* In place of the C library's, which it calls. */
int backtrace(void **addresses, int count)
{
    static int (*real)(void **, int);

    if (real == NULL) {
        void *symbol = dlsym(RTLD_NEXT, "backtrace");

        memcpy(&real, &symbol, sizeof(real));
    }
    while (walk == WALK_FOR_EVER) {
    }
    if (walk == WALK_INTO_NOTHING) {
        *nowhere = 1;
    }
    return real(addresses, count);
}

int crash_by_null_store(struct pp_call *call)
{
    *nowhere = 1;
    return (int)call->fd_count;
}

int recurse(int depth)
{
    volatile char frame[200];

    frame[0] = (char)depth;
    return zero == 0 ? recurse(depth + 1) + frame[0] : 0;
}

int crash_by_recursion(struct pp_call *call)
{
    return recurse((int)call->fd_count);
}

int crash_by_abort(struct pp_call *call)
{
    (void)call;
    abort(); /* without a condition: the compiler would move it into a part without a name */
}

int crash_by_division(struct pp_call *call)
{
#if defined(__x86_64__) || defined(__i386__)
    return 1000 / zero + (int)call->fd_count;
#else
    return raise(SIGFPE) + (int)call->fd_count; /* other processors make it 0 */
#endif
}

int crash_by_bad_instruction(struct pp_call *call)
{
    (void)call;
    __builtin_trap();
}

/* A mapped page of which the file has nothing. */
int crash_beyond_a_file(struct pp_call *call)
{
    volatile char *page = mmap(NULL, 1, PROT_READ, MAP_SHARED, call->fds[0], 0);

    return page == MAP_FAILED ? -EIO : page[0];
}

/* In a static function, which the dynamic linker has no name for. */
__attribute__((noinline)) static int store_in_secret(void)
{
    *nowhere = 1;
    return zero;
}

static int crash_in_secret(struct pp_call *call)
{
    return store_in_secret() + (int)call->fd_count;
}

/* How this worker walks along stacks from now on. */
static int set_walk(struct pp_call *call)
{
    int how;

    if (pp_call_arguments(call, &how, sizeof(how)) != 0) {
        return -EINVAL;
    }
    walk = how;
    return 0;
}

static int die_by_kill(struct pp_call *call)
{
    (void)call;
    return raise(SIGKILL);
}

static int go_on(struct pp_call *call)
{
    while (zero == 0) {
        pause();
    }
    return (int)call->fd_count;
}

static int leave(struct pp_call *call)
{
    (void)call;
    _exit(3);
}

static bool is_handled(int number)
{
    struct sigaction action;

    g_assert_cmpint(sigaction(number, NULL, &action), ==, 0);
    return (action.sa_flags & SA_SIGINFO) != 0 || action.sa_handler != SIG_DFL;
}

static int tell_whether_handled(struct pp_call *call)
{
    int64_t handled = is_handled(SIGABRT);

    return pp_call_reply(call, &handled, sizeof(handled));
}

/* Crashes in its first run: until the file that it gets has a byte. */
static int crash_once(struct pp_call *call)
{
    if (lseek(call->fds[0], 0, SEEK_END) > 0) {
        return 0;
    }
    return write(call->fds[0], "x", 1) == 1 ? crash_by_abort(call) : -EIO;
}

static const struct pp_task_function functions[] = {
    {"null-store", crash_by_null_store},
    {"recursion", crash_by_recursion},
    {"abort", crash_by_abort},
    {"division", crash_by_division},
    {"bad-instruction", crash_by_bad_instruction},
    {"beyond-a-file", crash_beyond_a_file},
    {"secret", crash_in_secret},
    {"set-walk", set_walk},
    {"kill", die_by_kill},
    {"go-on", go_on},
    {"leave", leave},
    {"handled", tell_whether_handled},
    {"crash-once", crash_once},
    {NULL, NULL},
};

static void leave_with_77(int number)
{
    (void)number;
    _exit(77);
}

static void handle_if_asked(void)
{
    if (getenv("PIXPOOL_TEST_OWN_HANDLER") != NULL) {
        signal(SIGILL, leave_with_77);
    }
}

static const struct pp_program program = {.functions = functions, .preload = handle_if_asked};

/* Whether somebody else, a sanitizer, has @number: the test is skipped then. */
static bool is_taken(int number)
{
    if (is_handled(number)) {
        g_test_skip("somebody else handles that signal");
        return true;
    }
    return false;
}

/* Run @task to its end in a pool of one worker; the caller destroys both. */
static struct pp_future *run(gconstpointer method, const struct pp_task *task,
                             struct pp_pool **ret_pool)
{
    struct pp_future *future;

    *ret_pool = open_pool_of(&program, method, 1);
    future = submit(*ret_pool, task);
    g_assert_cmpint(pp_future_wait(future, -1), ==, 0);
    return future;
}

/* Likewise, in a worker that walks along stacks as @how says. */
static struct pp_future *run_with_walk(gconstpointer method, int how, const struct pp_task *task,
                                       struct pp_pool **ret_pool)
{
    struct pp_task first = {
        .function = "set-walk", .arguments = &how, .arguments_length = sizeof(how)};
    struct pp_future *future = run(method, &first, ret_pool);

    g_assert_cmpint(pp_future_result(future)->outcome, ==, PP_DONE);
    pp_future_destroy(future);
    future = submit(*ret_pool, task);
    g_assert_cmpint(pp_future_wait(future, -1), ==, 0);
    return future;
}

static void end(struct pp_pool *pool, struct pp_future *future)
{
    pp_future_destroy(future);
    pp_pool_destroy(pool);
}

/* The first line of @stack that has @text; fails where none has. */
static char *find_line(const char *stack, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(stack, "\n", -1);

    for (unsigned i = 0; lines[i] != NULL; i++) {
        if (strstr(lines[i], text) != NULL) {
            return g_strdup(lines[i]);
        }
    }
    g_test_message("no line with %s in:\n%s", text, stack);
    g_test_fail();
    return g_strdup("");
}

static guint64 offset_of(const char *line)
{
    const char *plus = strrchr(line, '+');

    g_assert_nonnull(plus);
    return g_ascii_strtoull(plus + 1, NULL, 16);
}

/* addr2line, where it is installed, reads another table than we do: debugging information. */
static void assert_addr2line_agrees(guint64 offset, const char *function)
{
    g_autofree char *tool = g_find_program_in_path("addr2line");
    g_autofree char *address = g_strdup_printf("0x%" G_GINT64_MODIFIER "x", offset);
    const char *argv[] = {tool, "-f", "-e", "/proc/self/exe", address, NULL};
    g_autofree char *program_file = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *output = NULL;

    if (tool == NULL) {
        return;
    }
    argv[3] = program_file;
    g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output,
                               NULL, NULL, NULL));
    g_assert_true(g_str_has_prefix(output, function));
}

/* The task crashes by @number, and in its stack is @name, at an address of that function. */
static void assert_crash(gconstpointer method, const struct pp_task *task, int number,
                         const char *name)
{
    g_autofree char *program_name = g_path_get_basename(g_get_prgname());
    g_autofree char *in_brackets = g_strdup_printf("(%s)", name);
    g_autofree char *line = NULL;
    struct pp_pool *pool;
    struct pp_future *future;

    if (is_taken(number)) {
        return;
    }
    future = run(method, task, &pool);
    g_assert_cmpint(pp_future_result(future)->outcome, ==, PP_CRASHED);
    g_assert_cmpint(pp_future_result(future)->signal, ==, number);
    line = find_line(pp_future_stack(future), in_brackets);
    g_assert_true(g_str_has_prefix(line, program_name));
    assert_addr2line_agrees(offset_of(line), name);
    end(pool, future);
}

static void test_a_null_store_is_named(gconstpointer method)
{
    assert_crash(method, &(struct pp_task){.function = "null-store"}, SIGSEGV,
                 "crash_by_null_store");
}

static void test_a_stack_that_overflows_is_named(gconstpointer method)
{
    assert_crash(method, &(struct pp_task){.function = "recursion"}, SIGSEGV, "recurse");
}

static void test_an_abort_is_named(gconstpointer method)
{
    assert_crash(method, &(struct pp_task){.function = "abort"}, SIGABRT, "crash_by_abort");
}

static void test_a_division_is_named(gconstpointer method)
{
    assert_crash(method, &(struct pp_task){.function = "division"}, SIGFPE, "crash_by_division");
}

static void test_a_bad_instruction_is_named(gconstpointer method)
{
    assert_crash(method, &(struct pp_task){.function = "bad-instruction"}, SIGILL,
                 "crash_by_bad_instruction");
}

static void test_a_missing_page_is_named(gconstpointer method)
{
    struct pp_task task = {.function = "beyond-a-file", .fd_count = 1};

    task.fds[0] = memfd_create("empty", MFD_CLOEXEC);
    assert_crash(method, &task, SIGBUS, "crash_beyond_a_file");
    close(task.fds[0]);
}

/* Where the signal struck comes first, and it is inside of the function's code. */
static void test_the_innermost_comes_first(gconstpointer method)
{
    struct pp_task task = {.function = "null-store"};
    const void *function = (const void *)(uintptr_t)crash_by_null_store;
    g_auto(GStrv) lines = NULL;
    struct pp_future *future;
    struct pp_pool *pool;
    Dl_info info;
    guint64 begin;

    if (is_taken(SIGSEGV)) {
        return;
    }
    future = run(method, &task, &pool);
    lines = g_strsplit(pp_future_stack(future), "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), >=, 3); /* the function, who called it, the end */
    g_assert_nonnull(strstr(lines[0], "(crash_by_null_store)"));
    g_assert_cmpint(dladdr(function, &info), !=, 0);
    begin = (guint64)((uintptr_t)function - (uintptr_t)info.dli_fbase);
    g_assert_cmpuint(offset_of(lines[0]), >=, begin);
    g_assert_cmpuint(offset_of(lines[0]), <, begin + 100);
    end(pool, future);
}

/* As deep as it may be, no more frames are kept than there is room for. */
static void test_a_deep_stack_keeps_its_innermost_frames(gconstpointer method)
{
    struct pp_task task = {.function = "recursion"};
    g_auto(GStrv) lines = NULL;
    struct pp_future *future;
    struct pp_pool *pool;

    if (is_taken(SIGSEGV)) {
        return;
    }
    future = run(method, &task, &pool);
    lines = g_strsplit(pp_future_stack(future), "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), ==, PP_CRASH_STACK_FRAMES + 1);
    for (unsigned i = 0; i < PP_CRASH_STACK_FRAMES; i++) {
        g_assert_nonnull(strstr(lines[i], "(recurse)"));
    }
    end(pool, future);
}

static void test_a_static_function_is_an_offset_for_addr2line(gconstpointer method)
{
    struct pp_task task = {.function = "secret"};
    g_auto(GStrv) lines = NULL;
    struct pp_future *future;
    struct pp_pool *pool;

    if (is_taken(SIGSEGV)) {
        return;
    }
    future = run(method, &task, &pool);
    lines = g_strsplit(pp_future_stack(future), "\n", -1);
    g_assert_null(strchr(lines[0], '('));
    assert_addr2line_agrees(offset_of(lines[0]), "store_in_secret");
    end(pool, future);
}

static void test_the_first_frame_survives_a_crash_of_the_walk(gconstpointer method)
{
    struct pp_task task = {.function = "null-store"};
    g_auto(GStrv) lines = NULL;
    struct pp_future *future;
    struct pp_pool *pool;

    if (is_taken(SIGSEGV)) {
        return;
    }
    future = run_with_walk(method, WALK_INTO_NOTHING, &task, &pool);
    g_assert_cmpint(pp_future_result(future)->signal, ==, SIGSEGV);
    lines = g_strsplit(pp_future_stack(future), "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), ==, 2);
    g_assert_nonnull(strstr(lines[0], "(crash_by_null_store)"));
    end(pool, future);
}

static void test_a_walk_without_end_ends_at_the_deadline(gconstpointer method)
{
    struct pp_task task = {.function = "null-store", .timeout_ms = 50};
    struct pp_future *future;
    struct pp_pool *pool;

    if (is_taken(SIGSEGV)) {
        return;
    }
    future = run_with_walk(method, WALK_FOR_EVER, &task, &pool);
    g_assert_cmpint(pp_future_result(future)->outcome, ==, PP_TIMED_OUT);
    g_assert_cmpstr(pp_future_stack(future), ==, "");
    end(pool, future);
}

static void test_other_ends_have_no_stack(gconstpointer method)
{
    static const struct pp_task tasks[] = {
        {.function = "kill"},
        {.function = "leave"},
        {.function = "go-on", .timeout_ms = 30},
        {.function = "handled"},
    };

    for (size_t i = 0; i < PP_ARRAY_LENGTH(tasks); i++) {
        struct pp_pool *pool;
        struct pp_future *future = run(method, &tasks[i], &pool);

        g_assert_cmpstr(pp_future_stack(future), ==, "");
        end(pool, future);
    }
}

/* Whoever takes the place of a worker that crashed starts with a clean page. */
static void test_a_stack_is_of_the_last_crash_only(gconstpointer method)
{
    struct pp_task abort_task = {.function = "abort"};
    struct pp_task kill_task = {.function = "kill"};
    struct pp_pool *pool;
    struct pp_future *first = run(method, &abort_task, &pool);
    struct pp_future *second = submit(pool, &kill_task);

    g_assert_cmpstr(pp_future_stack(first), !=, "");
    g_assert_cmpint(pp_future_wait(second, -1), ==, 0);
    g_assert_cmpstr(pp_future_stack(second), ==, "");
    pp_future_destroy(first);
    end(pool, second);
}

static void test_a_task_that_is_done_after_all_has_none(gconstpointer method)
{
    struct pp_task task = {.function = "crash-once", .fd_count = 1, .crash_attempts = 2};
    struct pp_future *future;
    struct pp_pool *pool;

    task.fds[0] = memfd_create("runs", MFD_CLOEXEC);
    future = run(method, &task, &pool);
    g_assert_cmpint(pp_future_result(future)->outcome, ==, PP_DONE);
    g_assert_cmpstr(pp_future_stack(future), ==, "");
    close(task.fds[0]);
    end(pool, future);
}

static void test_only_processes_handle_signals(gconstpointer method)
{
    struct pp_task task = {.function = "handled"};
    struct pp_future *future;
    struct pp_pool *pool;

    if (is_taken(SIGABRT)) {
        return;
    }
    future = run(method, &task, &pool);
    g_assert_cmpint(reply_number(future), ==,
                    GPOINTER_TO_INT(method) != PP_START_THREAD &&
                        GPOINTER_TO_INT(method) != PP_START_IN_PROCESS);
    g_assert_false(is_handled(SIGABRT));
    end(pool, future);
}

static void test_a_handler_that_was_there_is_left_alone(void)
{
    struct pp_task task = {.function = "bad-instruction"};
    struct pp_future *future;
    struct pp_pool *pool;

    g_setenv("PIXPOOL_TEST_OWN_HANDLER", "1", TRUE);
    future = run(GINT_TO_POINTER(PP_START_FORKSERVER), &task, &pool);
    g_unsetenv("PIXPOOL_TEST_OWN_HANDLER");
    g_assert_cmpint(pp_future_result(future)->outcome, ==, PP_CRASHED);
    g_assert_cmpint(pp_future_result(future)->exit_code, ==, 77);
    end(pool, future);
}

/* At most so many lines, each of printable characters. */
static void assert_is_text(const char *text)
{
    unsigned lines = 0;

    g_assert_cmpuint(strlen(text), <, PP_CRASH_STACK_TEXT_BYTES);
    for (const char *c = text; *c != '\0'; c++) {
        lines += *c == '\n';
        g_assert_true(*c == '\n' || (*c >= ' ' && *c <= '~'));
    }
    g_assert_cmpuint(lines, <=, PP_CRASH_STACK_FRAMES);
}

/* Random bytes, with names now and then that exist, so that offsets into them are looked up. */
static void scribble(struct pp_crash_stack *stack, GRand *random)
{
    static const char *const names[] = {"", "libc.so.6", "linux-vdso.so.1", "?"};

    atomic_store(&stack->count, g_rand_int(random) >> g_rand_int_range(random, 0, 32));
    for (size_t i = 0; i < PP_CRASH_STACK_FRAMES; i++) {
        struct pp_crash_frame *frame = &stack->frames[i];
        uint64_t words[PP_CRASH_STACK_MODULE_BYTES / 8];

        for (size_t k = 0; k < PP_ARRAY_LENGTH(words); k++) {
            words[k] = ((uint64_t)g_rand_int(random) << 32) | g_rand_int(random);
        }
        if (g_rand_boolean(random)) {
            memset(words, 0, sizeof(words));
            strcpy((char *)words, names[g_rand_int_range(random, 0, 4)]);
        }
        for (size_t k = 0; k < PP_ARRAY_LENGTH(words); k++) {
            atomic_store(&frame->module[k], words[k]);
        }
        atomic_store(&frame->offset,
                     (uint64_t)g_rand_int(random) << g_rand_int_range(random, 0, 33) >> 12);
    }
}

static void test_garbage_is_text(void)
{
    static struct pp_crash_stack stack;
    static char text[PP_CRASH_STACK_TEXT_BYTES];
    GRand *random = g_rand_new_with_seed((guint32)g_test_rand_int());

    for (int i = 0; i < 2000; i++) {
        scribble(&stack, random);
        pp_crash_stack_describe(&stack, text);
        assert_is_text(text);
    }
    g_rand_free(random);
}

static struct pp_crash_stack moving_stack;
static atomic_bool stop_moving;

static gpointer keep_moving(gpointer random)
{
    while (!atomic_load(&stop_moving)) {
        scribble(&moving_stack, random);
    }
    return NULL;
}

static void test_garbage_that_changes_while_it_is_read_is_text(void)
{
    static char text[PP_CRASH_STACK_TEXT_BYTES];
    GRand *random = g_rand_new_with_seed((guint32)g_test_rand_int());
    GThread *thread = g_thread_new("scribbler", keep_moving, random);

    for (int i = 0; i < 2000; i++) {
        pp_crash_stack_describe(&moving_stack, text);
        assert_is_text(text);
    }
    atomic_store(&stop_moving, true);
    g_thread_join(thread);
    g_rand_free(random);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        GTestDataFunc test;
    } of_processes[] = {
        {"a-null-store-is-named", test_a_null_store_is_named},
        {"a-stack-that-overflows-is-named", test_a_stack_that_overflows_is_named},
        {"an-abort-is-named", test_an_abort_is_named},
        {"a-division-is-named", test_a_division_is_named},
        {"a-bad-instruction-is-named", test_a_bad_instruction_is_named},
        {"a-missing-page-is-named", test_a_missing_page_is_named},
        {"the-innermost-comes-first", test_the_innermost_comes_first},
        {"a-deep-stack-keeps-its-innermost-frames", test_a_deep_stack_keeps_its_innermost_frames},
        {"a-static-function-is-an-offset-for-addr2line",
         test_a_static_function_is_an_offset_for_addr2line},
        {"the-first-frame-survives-a-crash-of-the-walk",
         test_the_first_frame_survives_a_crash_of_the_walk},
        {"a-walk-without-end-ends-at-the-deadline", test_a_walk_without_end_ends_at_the_deadline},
        {"other-ends-have-no-stack", test_other_ends_have_no_stack},
        {"a-stack-is-of-the-last-crash-only", test_a_stack_is_of_the_last_crash_only},
        {"a-task-that-is-done-after-all-has-none", test_a_task_that_is_done_after_all_has_none},
    };

    pp_program_enter(&program, argc, argv);
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < PP_ARRAY_LENGTH(of_processes); i++) {
        add_process_method_tests("crash-stack", of_processes[i].name, of_processes[i].test);
    }
    add_start_method_tests("crash-stack", "only-processes-handle-signals",
                           test_only_processes_handle_signals);
    if (g_getenv("PIXPOOL_TEST_THREADS_ONLY") == NULL) {
        g_test_add_func("/crash-stack/a-handler-that-was-there-is-left-alone",
                        test_a_handler_that_was_there_is_left_alone);
    }
    g_test_add_func("/crash-stack/garbage-is-text", test_garbage_is_text);
    g_test_add_func("/crash-stack/garbage-that-changes-while-it-is-read-is-text",
                    test_garbage_that_changes_while_it_is_read_is_text);
    return g_test_run();
}
