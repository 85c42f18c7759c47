/* SPDX-License-Identifier: MIT */
/*
 * What a trace shows of a pool, read back by somebody else's parser.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <json-glib/json-glib.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/map.h"
#include "core/trace_private.h"
#include "tests/processes.h"

/* Quotes, a backslash, a control character, a byte that is no UTF-8, and a character that is. */
#define STRANGE_NAME "say \"no\\\n\xff\xc3\xa9"

static int answer(struct pp_call *call)
{
    (void)call;
    return 0;
}

static int refuse(struct pp_call *call)
{
    return pp_call_fail(call, -EILSEQ, "row \"17\"");
}

static int crash(struct pp_call *call)
{
    pp_call_phase(call, "falling");
    signal(SIGSEGV, SIG_DFL); /* sanitizers would turn it into an exit */
    return raise(SIGSEGV);
}

/* Says that it runs by closing its end of a pipe, and goes on for ever. */
static int go_on(struct pp_call *call)
{
    for (uint32_t i = 0; i < call->fd_count; i++) {
        close(call->fds[i]);
    }
    for (;;) {
        pause();
    }
    return 0;
}

static const struct pp_task_function functions[] = {
    {"answer", answer}, {"refuse", refuse},     {"crash", crash},
    {"go-on", go_on},   {STRANGE_NAME, answer}, {NULL, NULL},
};

static const struct pp_program program = {.functions = functions};

/* A trace into a file without a name. */
struct recording {
    int fd;
    struct pp_trace *trace;
    JsonParser *parser;
    JsonArray *events;
};

static void record(struct recording *recording)
{
    *recording = (struct recording){.fd = memfd_create("trace", MFD_CLOEXEC)};
    g_assert_cmpint(recording->fd, >=, 0);
    g_assert_cmpint(pp_trace_create(&recording->trace, recording->fd), ==, 0);
}

static void parse(struct recording *recording, const char *text, gssize length)
{
    g_autoptr(GError) error = NULL;

    recording->parser = json_parser_new();
    json_parser_load_from_data(recording->parser, text, length, &error);
    g_assert_no_error(error);
    recording->events = json_node_get_array(json_parser_get_root(recording->parser));
}

/* End the trace and read what it wrote. */
static void play(struct recording *recording)
{
    off_t length;
    g_autofree char *text = NULL;

    g_assert_cmpint(pp_trace_destroy(recording->trace), ==, 0);
    length = lseek(recording->fd, 0, SEEK_END);
    text = g_malloc((gsize)length + 1);
    g_assert_cmpint(pread(recording->fd, text, (size_t)length, 0), ==, length);
    parse(recording, text, length);
}

static void forget(struct recording *recording)
{
    g_object_unref(recording->parser);
    close(recording->fd);
}

static JsonObject *event_at(const struct recording *recording, guint index)
{
    return json_array_get_object_element(recording->events, index);
}

static bool has_kind(JsonObject *event, const char *kind)
{
    return strcmp(json_object_get_string_member(event, "ph"), kind) == 0;
}

static bool has_name(JsonObject *event, const char *name)
{
    return name == NULL || strcmp(json_object_get_string_member(event, "name"), name) == 0;
}

static unsigned count_events(const struct recording *recording, const char *kind, const char *name)
{
    unsigned count = 0;

    for (guint i = 0; i < json_array_get_length(recording->events); i++) {
        JsonObject *event = event_at(recording, i);

        count += has_kind(event, kind) && has_name(event, name);
    }
    return count;
}

/* The args of event number @nth, from 0, of those of that kind and name. */
static JsonObject *args_of(const struct recording *recording, const char *kind, const char *name,
                           unsigned nth)
{
    for (guint i = 0; i < json_array_get_length(recording->events); i++) {
        JsonObject *event = event_at(recording, i);

        if (has_kind(event, kind) && has_name(event, name) && nth-- == 0) {
            return json_object_get_object_member(event, "args");
        }
    }
    g_assert_not_reached();
}

static void assert_text(JsonObject *args, const char *member, const char *expected)
{
    g_assert_cmpstr(json_object_get_string_member(args, member), ==, expected);
}

struct bar {
    gint64 track;
    double start;
    double end;
};

static int compare_bars(gconstpointer a, gconstpointer b)
{
    const struct bar *left = a;
    const struct bar *right = b;

    if (left->track != right->track) {
        return left->track < right->track ? -1 : 1;
    }
    return left->start < right->start ? -1 : left->start > right->start ? 1 : 0;
}

/* Of one track no two overlap, and all lie between the two times, in nanoseconds. */
static void assert_bars_are_apart(const struct recording *recording, uint64_t from_ns,
                                  uint64_t to_ns)
{
    const double tick = 0.002; /* microseconds: times are rounded to nanoseconds */
    g_autoptr(GArray) bars = g_array_new(FALSE, FALSE, sizeof(struct bar));

    for (guint i = 0; i < json_array_get_length(recording->events); i++) {
        JsonObject *event = event_at(recording, i);

        if (has_kind(event, "X")) {
            double start = json_object_get_double_member(event, "ts");
            struct bar bar = {
                .track = json_object_get_int_member(event, "pid") * 10000 +
                         json_object_get_int_member(event, "tid"),
                .start = start,
                .end = start + json_object_get_double_member(event, "dur"),
            };

            g_assert_cmpfloat(bar.start, >=, (double)from_ns / 1000 - tick);
            g_assert_cmpfloat(bar.end, <=, (double)to_ns / 1000 + tick);
            g_assert_cmpfloat(bar.end, >=, bar.start);
            g_array_append_val(bars, bar);
        }
    }
    g_array_sort(bars, compare_bars);
    for (guint i = 1; i < bars->len; i++) {
        const struct bar *last = &g_array_index(bars, struct bar, i - 1);
        const struct bar *bar = &g_array_index(bars, struct bar, i);

        if (last->track == bar->track) {
            g_assert_cmpfloat(bar->start, >=, last->end - tick);
        }
    }
}

static struct pp_pool *open_pool(struct pp_trace *trace, enum pp_start_method method,
                                 unsigned processes)
{
    struct pp_pool_options options = {
        .start_method = method, .processes = processes, .trace = trace};
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

static void run_many(struct pp_pool *pool, const char *function, unsigned count)
{
    struct pp_task task = {.function = function};
    struct pp_future *future;

    for (unsigned i = 0; i < count; i++) {
        submit(pool, &task);
    }
    for (unsigned i = 0; i < count; i++) {
        g_assert_cmpint(pp_pool_next(pool, -1, &future), ==, 0);
        pp_future_destroy(future);
    }
}

/* Every task once among the bars, and once as it waits. */
static void assert_each_once(const struct recording *recording, unsigned count)
{
    g_autoptr(GHashTable) tasks = g_hash_table_new(NULL, NULL);

    for (unsigned i = 0; i < count; i++) {
        JsonObject *args = args_of(recording, "X", NULL, i);

        g_assert_true(g_hash_table_add(
            tasks, GINT_TO_POINTER((int)json_object_get_int_member(args, "task"))));
        g_assert_cmpint(json_object_get_int_member(args, "attempt"), ==, 1);
        assert_text(args, "outcome", "done");
    }
    g_assert_cmpuint(count_events(recording, "X", NULL), ==, count);
    g_assert_cmpuint(count_events(recording, "b", NULL), ==, count);
    g_assert_cmpuint(count_events(recording, "e", NULL), ==, count);
}

/* 700 of them are more than the buffer holds, but few enough to search by going through them. */
static void test_every_run_is_one_bar(gconstpointer method)
{
    enum pp_start_method how = (enum pp_start_method)GPOINTER_TO_INT(method);
    uint64_t from_ns = pp_clock_ns();
    struct recording recording;
    struct pp_pool *pool;

    record(&recording);
    pool = open_pool(recording.trace, how, 3);
    run_many(pool, "answer", 700);
    pp_pool_destroy(pool);
    play(&recording);
    assert_each_once(&recording, 700);
    assert_bars_are_apart(&recording, from_ns, pp_clock_ns());
    g_assert_cmpuint(count_events(&recording, "M", "process_name"), ==, 1);
    g_assert_cmpuint(count_events(&recording, "M", "thread_name"), ==,
                     how == PP_START_IN_PROCESS ? 1 : 3);
    g_assert_cmpuint(count_events(&recording, "i", "ready"), >, 0);
    g_assert_cmpuint(count_events(&recording, "i", "replacement"), ==, 0);
    forget(&recording);
}

static void test_an_empty_trace_is_an_empty_list(void)
{
    struct recording recording;

    record(&recording);
    play(&recording);
    g_assert_cmpuint(json_array_get_length(recording.events), ==, 0);
    forget(&recording);
}

static void test_names_are_escaped(void)
{
    struct recording recording;
    struct pp_pool *pool;

    record(&recording);
    pool = open_pool(recording.trace, PP_START_IN_PROCESS, 1);
    run_many(pool, STRANGE_NAME, 1);
    pp_pool_destroy(pool);
    play(&recording);
    g_assert_cmpuint(count_events(&recording, "X", "say \"no\\\n\xef\xbf\xbd\xc3\xa9"), ==, 1);
    forget(&recording);
}

static void test_a_failure_says_why(void)
{
    struct recording recording;
    struct pp_pool *pool;
    JsonObject *args;

    record(&recording);
    pool = open_pool(recording.trace, PP_START_IN_PROCESS, 1);
    run_many(pool, "refuse", 1);
    pp_pool_destroy(pool);
    play(&recording);
    args = args_of(&recording, "X", "refuse", 0);
    assert_text(args, "outcome", "failed");
    assert_text(args, "error", "row \"17\"");
    forget(&recording);
}

/* Bars have the name of what the chunks call, and each item is in one of them. */
static void test_a_map_shows_what_its_chunks_call(void)
{
    const char items[100] = "";
    struct recording recording;
    struct pp_pool *pool;
    int64_t in_chunks = 0;
    unsigned chunks;

    record(&recording);
    pool = open_pool(recording.trace, PP_START_FORKSERVER, 2);
    g_assert_cmpint(pp_pool_map(pool, "answer", items, 1, sizeof(items), NULL, 0, NULL, NULL, NULL),
                    ==, 0);
    pp_pool_destroy(pool);
    play(&recording);
    chunks = count_events(&recording, "X", "answer");
    g_assert_cmpuint(chunks, ==, count_events(&recording, "X", NULL));
    g_assert_cmpuint(chunks, ==, count_events(&recording, "b", "answer"));
    for (unsigned i = 0; i < chunks; i++) {
        in_chunks += json_object_get_int_member(args_of(&recording, "X", "answer", i), "items");
    }
    g_assert_cmpint(in_chunks, ==, sizeof(items));
    forget(&recording);
}

/* One task with two attempts: two bars, a mark where each worker dies and where others come. */
static void test_every_crash_is_a_bar_of_its_own(void)
{
    struct pp_task task = {.function = "crash", .crash_attempts = 2};
    uint64_t from_ns = pp_clock_ns();
    struct recording recording;
    struct pp_future *future;
    struct pp_pool *pool;

    record(&recording);
    pool = open_pool(recording.trace, PP_START_FORKSERVER, 1);
    future = submit(pool, &task);
    g_assert_cmpint(pp_future_wait(future, -1), ==, 0);
    g_assert_cmpint(pp_future_result(future)->outcome, ==, PP_CRASHED);
    pp_future_destroy(future);
    run_many(pool, "answer", 1);
    pp_pool_destroy(pool);
    play(&recording);
    g_assert_cmpuint(count_events(&recording, "X", "crash"), ==, 2);
    for (unsigned i = 0; i < 2; i++) {
        JsonObject *args = args_of(&recording, "X", "crash", i);

        assert_text(args, "outcome", "crashed");
        assert_text(args, "phase", "falling");
        g_assert_cmpint(json_object_get_int_member(args, "attempt"), ==, i + 1);
        args = args_of(&recording, "i", "replacement", i);
        g_assert_cmpint(json_object_get_int_member(args, "replaces"), ==, i + 1);
        args = args_of(&recording, "i", "death", i);
        g_assert_cmpint(json_object_get_int_member(args, "worker"), ==, i + 1);
        g_assert_nonnull(strstr(json_object_get_string_member(args, "cause"), "SEGV"));
    }
    assert_bars_are_apart(&recording, from_ns, pp_clock_ns());
    forget(&recording);
}

static void test_a_deadline_ends_its_bar(void)
{
    struct pp_task task = {.function = "go-on", .timeout_ms = 30};
    struct recording recording;
    struct pp_future *future;
    struct pp_pool *pool;

    record(&recording);
    pool = open_pool(recording.trace, PP_START_FORKSERVER, 1);
    future = submit(pool, &task);
    g_assert_cmpint(pp_future_wait(future, -1), ==, 0);
    pp_future_destroy(future);
    pp_pool_destroy(pool);
    play(&recording);
    assert_text(args_of(&recording, "X", "go-on", 0), "outcome", "timed out");
    forget(&recording);
}

static void wait_until_it_runs(struct pp_pool *pool, const struct pp_future *future)
{
    while (!pp_future_running(future)) {
        struct pollfd something = {.fd = pp_pool_fd(pool), .events = POLLIN};

        g_assert_cmpint(poll(&something, 1, PATIENCE_MS), ==, 1);
        g_assert_cmpint(pp_pool_dispatch(pool), ==, 0);
    }
}

/* Submit a task that never ends, and wait until it runs: its end of a pipe is closed then. */
static struct pp_future *submit_endless(struct pp_pool *pool)
{
    struct pp_task task = {.function = "go-on", .fd_count = 1};
    struct pp_future *future;
    char byte;
    int ends[2];

    g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
    task.fds[0] = ends[1];
    future = submit(pool, &task);
    close(ends[1]);
    wait_until_it_runs(pool, future);
    pp_future_cancel(
        future); /* closes the pool's copy; the worker is killed in the task or before */
    g_assert_cmpint(read(ends[0], &byte, 1), ==, 0);
    close(ends[0]);
    return future;
}

static void test_a_cancelled_run_is_a_bar_and_a_cancelled_wait_is_none(void)
{
    struct pp_task waiting = {.function = "answer"};
    struct recording recording;
    struct pp_future *running;
    struct pp_future *idle;
    struct pp_pool *pool;

    record(&recording);
    pool = open_pool(recording.trace, PP_START_FORKSERVER, 1);
    idle = submit(pool, &waiting); /* the worker is not ready: nothing was dispatched yet */
    g_assert_true(pp_future_cancel(idle));
    running = submit_endless(pool);
    g_assert_cmpint(pp_future_result(running)->outcome, ==, PP_CANCELLED);
    pp_future_destroy(running);
    pp_future_destroy(idle);
    pp_pool_destroy(pool);
    play(&recording);
    g_assert_cmpuint(count_events(&recording, "X", "answer"), ==, 0);
    assert_text(args_of(&recording, "e", "answer", 0), "outcome", "cancelled");
    assert_text(args_of(&recording, "X", "go-on", 0), "outcome", "cancelled");
    forget(&recording);
}

static void test_pools_of_one_trace_have_their_own_tracks(void)
{
    uint64_t from_ns = pp_clock_ns();
    struct recording recording;
    struct pp_pool *first;
    struct pp_pool *second;

    record(&recording);
    first = open_pool(recording.trace, PP_START_IN_PROCESS, 1);
    second = open_pool(recording.trace, PP_START_FORKSERVER, 2);
    run_many(first, "answer", 3);
    run_many(second, "refuse", 5);
    pp_pool_destroy(first);
    run_many(second, "refuse", 2);
    pp_pool_destroy(second);
    play(&recording);
    for (guint i = 0; i < json_array_get_length(recording.events); i++) {
        JsonObject *event = event_at(&recording, i);

        if (has_kind(event, "X")) {
            g_assert_cmpint(json_object_get_int_member(event, "pid"), ==,
                            has_name(event, "answer") ? 1 : 2);
        }
    }
    assert_bars_are_apart(&recording, from_ns, pp_clock_ns());
    forget(&recording);
}

/* Destroyed in the middle of its work, it says what became of each task. */
static void test_a_pool_that_is_dropped_leaves_a_whole_file(void)
{
    struct pp_task task = {.function = "go-on"};
    struct pp_future *futures[20];
    struct recording recording;
    struct pp_pool *pool;

    record(&recording);
    pool = open_pool(recording.trace, PP_START_FORKSERVER, 2);
    for (size_t i = 0; i < PP_ARRAY_LENGTH(futures); i++) {
        futures[i] = submit(pool, &task);
    }
    wait_until_it_runs(pool, futures[0]);
    pp_pool_terminate(pool);
    for (size_t i = 0; i < PP_ARRAY_LENGTH(futures); i++) {
        pp_future_destroy(futures[i]);
    }
    pp_pool_destroy(pool);
    play(&recording);
    g_assert_cmpuint(count_events(&recording, "e", "go-on"), ==, 20);
    g_assert_cmpuint(count_events(&recording, "X", "go-on"), >=, 1);
    g_assert_cmpuint(count_events(&recording, "X", "go-on"), <=, 2);
    forget(&recording);
}

static void test_the_first_error_comes_out_at_the_end(void)
{
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    struct pp_trace *trace;
    struct pp_pool *pool;

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(pp_trace_create(&trace, fd), ==, 0);
    pool = open_pool(trace, PP_START_IN_PROCESS, 1);
    run_many(pool, "answer", 1000);
    pp_pool_destroy(pool);
    g_assert_cmpint(pp_trace_destroy(trace), ==, -ENOSPC);
    close(fd);
    g_assert_cmpint(pp_trace_create(&trace, -1), ==, -EBADF);
    g_assert_cmpint(pp_trace_destroy(NULL), ==, 0);
}

/* Whether a SIGPIPE waits to be taken. */
static bool is_sigpipe_pending(void)
{
    sigset_t pending;

    g_assert_cmpint(sigpending(&pending), ==, 0);
    return sigismember(&pending, SIGPIPE) == 1;
}

static void trace_into_a_broken_pipe(void)
{
    struct pp_trace *trace;
    struct pp_pool *pool;
    int ends[2];

    g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
    g_assert_cmpint(pp_trace_create(&trace, ends[1]), ==, 0);
    close(ends[0]);
    close(ends[1]);
    pool = open_pool(trace, PP_START_IN_PROCESS, 1);
    run_many(pool, "answer", 700);
    pp_pool_destroy(pool);
    g_assert_cmpint(pp_trace_destroy(trace), ==, -EPIPE);
}

/* The host neither dies of the signal nor has it left; one that it held back before stays. */
static void test_a_broken_pipe_is_an_error_and_no_signal(void)
{
    void (*handler)(int) = signal(SIGPIPE, SIG_DFL);
    sigset_t broken_pipe;
    sigset_t before;
    int number;

    trace_into_a_broken_pipe();
    g_assert_false(is_sigpipe_pending());
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    g_assert_cmpint(pthread_sigmask(SIG_BLOCK, &broken_pipe, &before), ==, 0);
    trace_into_a_broken_pipe();
    g_assert_false(is_sigpipe_pending());
    g_assert_cmpint(raise(SIGPIPE), ==, 0);
    trace_into_a_broken_pipe();
    g_assert_true(is_sigpipe_pending());
    g_assert_cmpint(sigwait(&broken_pipe, &number), ==, 0);
    g_assert_cmpint(pthread_sigmask(SIG_SETMASK, &before, NULL), ==, 0);
    signal(SIGPIPE, handler);
}

static gpointer read_all(gpointer fd)
{
    GString *text = g_string_new(NULL);
    char bytes[1000];
    ssize_t length;

    while ((length = read(GPOINTER_TO_INT(fd), bytes, sizeof(bytes))) > 0) {
        g_string_append_len(text, bytes, length);
        g_thread_yield();
    }
    return text;
}

/* A pipe that is full most of the time, and whose end does not wait. */
static void test_a_full_pipe_is_waited_for(void)
{
    struct recording recording;
    struct pp_pool *pool;
    GThread *reader;
    GString *text;
    int ends[2];

    g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
    g_assert_cmpint(fcntl(ends[1], F_SETFL, O_NONBLOCK), ==, 0);
    g_assert_cmpint(fcntl(ends[1], F_SETPIPE_SZ, 4096), >=, 4096);
    reader = g_thread_new("reader", read_all, GINT_TO_POINTER(ends[0]));
    g_assert_cmpint(pp_trace_create(&recording.trace, ends[1]), ==, 0);
    close(ends[1]);
    pool = open_pool(recording.trace, PP_START_IN_PROCESS, 1);
    run_many(pool, "answer", 700);
    pp_pool_destroy(pool);
    g_assert_cmpint(pp_trace_destroy(recording.trace), ==, 0);
    text = g_thread_join(reader);
    parse(&recording, text->str, (gssize)text->len);
    assert_each_once(&recording, 700);
    g_string_free(text, TRUE);
    g_object_unref(recording.parser);
    close(ends[0]);
}

/* What a worker says of its times is believed only as far as it can be true. */
static void test_no_worker_can_move_bars_over_others(void)
{
    struct pp_pool_worker worker = {.number = 1};
    struct pp_pool pool = {.program = &program, .workers = &worker, .worker_count = 1};
    uint64_t from_ns = pp_clock_ns();
    struct recording recording;

    record(&recording);
    g_assert_cmpint(pp_trace_open_pool(&pool, recording.trace), ==, 0);
    for (unsigned i = 0; i < 500; i++) {
        struct pp_future future = {.pool = &pool};
        uint64_t now = pp_clock_ns();
        uint64_t near = now + (uint64_t)g_test_rand_int_range(-100000, 100000);
        uint64_t far = (uint64_t)g_test_rand_int() << g_test_rand_int_range(0, 33);

        future.scheduled.id = i + 1;
        worker.head_since_ns = now - i;
        pp_trace_submitted(&future);
        if (g_test_rand_bit()) {
            pp_trace_answered(&future, 0, PP_DONE, g_test_rand_bit() ? near : far,
                              g_test_rand_bit() ? far : 500);
        } else {
            pp_trace_cut_off(&future, 0, PP_CRASHED);
        }
    }
    pp_trace_close_pool(&pool);
    play(&recording);
    g_assert_cmpuint(count_events(&recording, "X", NULL), ==, 500);
    assert_bars_are_apart(&recording, from_ns, pp_clock_ns());
    forget(&recording);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *path;
        enum pp_start_method method;
    } methods[] = {
        {"/trace/every-run-is-one-bar/forkserver", PP_START_FORKSERVER},
        {"/trace/every-run-is-one-bar/thread", PP_START_THREAD},
        {"/trace/every-run-is-one-bar/in-process", PP_START_IN_PROCESS},
    };

    pp_program_enter(&program, argc, argv);
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < PP_ARRAY_LENGTH(methods); i++) {
        g_test_add_data_func(methods[i].path, GINT_TO_POINTER(methods[i].method),
                             test_every_run_is_one_bar);
    }
    g_test_add_func("/trace/an-empty-trace-is-an-empty-list", test_an_empty_trace_is_an_empty_list);
    g_test_add_func("/trace/names-are-escaped", test_names_are_escaped);
    g_test_add_func("/trace/a-failure-says-why", test_a_failure_says_why);
    g_test_add_func("/trace/a-map-shows-what-its-chunks-call",
                    test_a_map_shows_what_its_chunks_call);
    g_test_add_func("/trace/every-crash-is-a-bar-of-its-own", test_every_crash_is_a_bar_of_its_own);
    g_test_add_func("/trace/a-deadline-ends-its-bar", test_a_deadline_ends_its_bar);
    g_test_add_func("/trace/a-cancelled-run-is-a-bar-and-a-cancelled-wait-is-none",
                    test_a_cancelled_run_is_a_bar_and_a_cancelled_wait_is_none);
    g_test_add_func("/trace/pools-of-one-trace-have-their-own-tracks",
                    test_pools_of_one_trace_have_their_own_tracks);
    g_test_add_func("/trace/a-pool-that-is-dropped-leaves-a-whole-file",
                    test_a_pool_that_is_dropped_leaves_a_whole_file);
    g_test_add_func("/trace/the-first-error-comes-out-at-the-end",
                    test_the_first_error_comes_out_at_the_end);
    g_test_add_func("/trace/a-broken-pipe-is-an-error-and-no-signal",
                    test_a_broken_pipe_is_an_error_and_no_signal);
    g_test_add_func("/trace/a-full-pipe-is-waited-for", test_a_full_pipe_is_waited_for);
    g_test_add_func("/trace/no-worker-can-move-bars-over-others",
                    test_no_worker_can_move_bars_over_others);
    return g_test_run();
}
