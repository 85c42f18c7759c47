/* SPDX-License-Identifier: MIT */
/*
 * Workers that were taken over: while they run tasks as they should, a thread of theirs writes
 * nonsense into all memory that they share with the host and sends it messages of all kinds. The
 * host must not crash (AddressSanitizer watches it), must not hang, and must say of each task once
 * what became of it, in words that are text. What it says may be a lie of the worker: a reply is
 * only as good as who gave it.
 *
 * Every other worker is honest, so that the pool gets on. A pool that loses too many in a row
 * gives up, which is as it should be, and another one takes its place.
 *
 * PIXPOOL_FUZZ_SECONDS says for how long; the same --seed makes the same workers hostile in the
 * same ways, but when they strike is up to the machine.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/control.h"
#include "core/point.h"
#include "core/pool.h"
#include "core/trace.h"
#include "core/wire.h"
#include "tests/processes.h"
#include "tests/session.h"
#include "tests/start_methods.h"

/* A worker's descriptors after the standard ones: its channel, the memory that it shares. */
enum { CHANNEL_FD = 3, CONTROL_FD = 4 };

enum { TASKS = 60, SLOT_BYTES = 20000, TIMEOUT_MS = 150 };

#define SEED_VARIABLE "PIXPOOL_TEST_HOSTILE_SEED"

/* ---- The worker ---- */

/* Private to a worker: splitmix64, see core/point.c. */
static uint64_t random_state;

static uint64_t draw(uint64_t below)
{
    uint64_t value = random_state += UINT64_C(0x9e3779b97f4a7c15);

    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (value ^ (value >> 31)) % below;
}

/* Numbers that are near to what is expected, and some that are far off. */
static uint64_t draw_number(void)
{
    switch (draw(6)) {
    case 0:
        return draw(4);
    case 1:
        return draw(300); /* as tasks have */
    case 2:
        return UINT64_MAX - draw(3);
    case 3:
        return (uint64_t)1 << draw(64);
    case 4:
        return PP_TASK_REPLY_MAX - 1 + draw(3);
    default:
        return draw(UINT64_MAX);
    }
}

/* Somewhere in the shared memory, and mostly where a few bytes mean much. */
static size_t draw_place(size_t bytes)
{
    const size_t rings[] = {offsetof(struct pp_control, tasks),
                            offsetof(struct pp_control, results)};
    size_t ring = rings[draw(PP_ARRAY_LENGTH(rings))];

    switch (draw(5)) {
    case 0:
        return ring + offsetof(struct pp_ring, put);
    case 1:
        return ring + offsetof(struct pp_ring, asleep);
    case 2:
        return ring + offsetof(struct pp_ring, entries) +
               PP_RING_ENTRY_BYTES * draw(PP_RING_ENTRIES) + 4 * draw(12);
    case 3:
        return draw(offsetof(struct pp_control, tasks));
    default:
        return draw(bytes - 8);
    }
}

/* One change of the shared memory: bytes, a number in its place, or a piece of it somewhere else.
 */
static void scribble(volatile uint8_t *memory, size_t bytes)
{
    size_t at = draw_place(bytes);
    size_t from = draw(bytes);
    size_t length = draw(bytes - (at > from ? at : from)) % 300;
    uint64_t number = draw_number();

    switch (draw(3)) {
    case 0:
        for (size_t i = 0; i < length; i++) {
            memory[at + i] = (uint8_t)draw(256);
        }
        break;
    case 1:
        at &= ~(size_t)3;
        for (size_t i = 0; i < (draw(2) == 0 ? 4 : 8); i++) {
            memory[at + i] = (uint8_t)(number >> (8 * i));
        }
        break;
    default:
        for (size_t i = 0; i < length; i++) {
            memory[at + i] = memory[from + i];
        }
        break;
    }
}

static void send_bytes(const void *bytes, size_t length, int fd)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
                            .cmsg_level = SOL_SOCKET,
                            .cmsg_type = SCM_RIGHTS}};
    struct iovec piece = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = length};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};

    if (fd >= 0) {
        memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
        message.msg_control = &control;
        message.msg_controllen = sizeof(control);
    }
    if (sendmsg(CHANNEL_FD, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno == EPIPE) {
        _exit(0);
    }
}

/* Of the right shape, more or less, with whatever in it. */
static void send_message(void)
{
    static uint8_t bytes[40000];
    struct pp_result_message result = {
        .kind = PP_MESSAGE_RESULT,
        .status = draw(2) == 0 ? 0 : (int32_t)draw_number(),
        .task = draw_number(),
        .start_ns = draw_number(),
        .run_ns = draw_number(),
        .reply_length = (uint32_t)draw_number(),
    };
    size_t length = sizeof(result) + (draw(2) == 0 ? result.reply_length % 20000 : draw(100));
    uint32_t kind = (uint32_t)draw(14);

    for (size_t i = 0; i < 300; i++) {
        bytes[i + draw(100)] = (uint8_t)draw(256);
    }
    switch (draw(3)) {
    case 0:
        memset(&result.error, (int)draw(256), sizeof(result.error));
        memcpy(bytes, &result, sizeof(result));
        break;
    case 1:
        memcpy(bytes, &kind, sizeof(kind));
        length = draw(3) == 0 ? sizeof(struct pp_ready_message) : draw(600);
        break;
    default:
        length = draw(sizeof(bytes));
        break;
    }
    send_bytes(bytes, length, draw(8) == 0 ? STDERR_FILENO : -1);
}

/* How often out of 10000 a hostile worker does something else than scribble. A message that means
 * nothing ends it, so some send few and some none. */
struct style {
    unsigned messages;
    unsigned thefts; /* an order that nobody follows then */
    unsigned hangups;
    unsigned ends;
};

static const struct style styles[] = {
    {.messages = 0, .thefts = 0, .hangups = 0, .ends = 0},
    {.messages = 3, .thefts = 2, .hangups = 0, .ends = 1},
    {.messages = 2000, .thefts = 10, .hangups = 10, .ends = 10},
};

static void do_harm(const struct style *style, volatile uint8_t *memory, size_t bytes)
{
    uint64_t what = draw(10000);

    if (what < style->messages) {
        send_message();
    } else if ((what -= style->messages) < style->thefts) {
        recv(CHANNEL_FD, (uint8_t[64]){0}, 64, MSG_DONTWAIT);
    } else if ((what -= style->thefts) < style->hangups) {
        shutdown(CHANNEL_FD, draw(2) == 0 ? SHUT_WR : SHUT_RD);
    } else if ((what -= style->hangups) < style->ends) {
        if (draw(3) == 0) {
            _exit((int)draw(256));
        }
        raise(draw(2) == 0 ? SIGSTOP : SIGKILL);
    } else {
        scribble(memory, bytes);
    }
}

static void *be_hostile(void *unused)
{
    struct stat status;
    volatile uint8_t *memory;
    const struct style *style = &styles[draw(PP_ARRAY_LENGTH(styles))];
    unsigned haste = 1 + (unsigned)draw(200);

    if (fstat(CONTROL_FD, &status) != 0 || status.st_size <= 0) {
        _exit(9);
    }
    memory = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, CONTROL_FD, 0);
    if (memory == MAP_FAILED) {
        _exit(9);
    }
    for (uint64_t i = 0;; i++) {
        do_harm(style, memory, (size_t)status.st_size);
        if (i % haste == 0) {
            g_usleep((gulong)draw(1000));
        }
    }
    return unused;
}

static pid_t host_pid;

/* At a random point of its life a worker turns hostile; every other one does not. */
static void pass(const char *name)
{
    static pid_t decided;
    static bool turned;
    pthread_t thread;
    int fd;

    if (getpid() == host_pid || !g_str_has_prefix(name, "worker.")) {
        return;
    }
    if (decided != getpid()) {
        decided = getpid();
        turned = false;
        random_state =
            (uint64_t)getpid() ^ (g_ascii_strtoull(getenv(SEED_VARIABLE), NULL, 10) << 32);
    }
    if (turned || draw(12) != 0) {
        return;
    }
    turned = true;
    if (draw(2) == 0) {
        return;
    }
    /* What sanitizers say about its own ruin is of no interest. */
    fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (fd < 0 || dup2(fd, STDERR_FILENO) < 0 ||
        pthread_create(&thread, NULL, be_hostile, NULL) != 0) {
        _exit(9);
    }
}

static int work(struct pp_call *call)
{
    if (call->slot_count > 0) {
        memset(call->slots[0].bytes, 1, SLOT_BYTES);
    }
    pp_call_phase(call, "at work");
    g_usleep(call->arguments_length % 8 * 100); /* so that it is struck in here as well */
    return pp_call_reply(call, call->arguments, call->arguments_length);
}

static int fail(struct pp_call *call)
{
    return pp_call_fail(call, -EIO, "for a reason");
}

static const struct pp_task_function functions[] = {{"work", work}, {"fail", fail}, {NULL, NULL}};
static const struct pp_program program = {.functions = functions};

/* ---- The host ---- */

struct sum {
    unsigned pools;
    unsigned ended[PP_CANCELLED + 1]; /* by outcome */
    unsigned failed_pools;
};

static void assert_is_text(const char *text, size_t bytes)
{
    size_t length = strnlen(text, bytes);

    g_assert_cmpuint(length, <, bytes);
    for (size_t i = 0; i < length; i++) {
        g_assert_true((unsigned char)text[i] >= ' ' || text[i] == '\n');
        g_assert_cmpint(text[i], !=, 0x7f);
    }
}

static void check(const struct pp_future *future)
{
    const struct pp_result *result = pp_future_result(future);
    char text[400];

    g_assert_cmpint(result->outcome, >, PP_OUTCOME_PENDING);
    g_assert_cmpint(result->outcome, <=, PP_CANCELLED);
    g_assert_cmpuint(result->reply_length, <=, PP_TASK_REPLY_MAX);
    if (result->outcome == PP_FAILED) {
        g_assert_cmpint(result->error.code, <, 0);
    }
    assert_is_text(result->error.message, sizeof(result->error.message));
    assert_is_text(result->phase, sizeof(result->phase));
    assert_is_text(pp_future_stack(future), 100000);
    pp_result_describe(result, text, sizeof(text));
    assert_is_text(text, sizeof(text));
    /* All of the reply can be read. */
    if (result->reply_length > 0) {
        g_autofree void *copy = g_memdup2(result->reply, result->reply_length);

        g_assert_nonnull(copy);
    }
}

static void count_call(struct pp_future *future, void *user)
{
    unsigned *told = user;

    (void)future;
    (*told)++;
}

static struct pp_future *submit_some(struct pp_pool *pool, unsigned *told)
{
    static const uint8_t arguments[PP_TASK_ARGUMENTS_MAX];
    struct pp_task task = {
        .function = g_test_rand_int_range(0, 8) == 0 ? "fail" : "work",
        .arguments = arguments,
        .arguments_length = (size_t)(g_test_rand_int_range(0, 4) == 0
                                         ? g_test_rand_int_range(0, PP_TASK_ARGUMENTS_MAX)
                                         : g_test_rand_int_range(0, 60)),
        .timeout_ms = TIMEOUT_MS,
        .crash_attempts = (uint32_t)g_test_rand_int_range(1, 4),
        .kill_attempts = (uint32_t)g_test_rand_int_range(1, 4),
        .priority = (enum pp_priority)g_test_rand_int_range(0, 3),
        .user = told,
    };
    struct pp_future *future;

    if (g_test_rand_int_range(0, 4) == 0) {
        task.slot_count = 1;
        task.slots[0].bytes = SLOT_BYTES;
    }
    *told = 0;
    if (pp_pool_submit(pool, &task, &future) != 0) {
        return NULL; /* the pool has given up */
    }
    g_assert_cmpint(pp_future_add_done_callback(future, count_call, told), ==, 0);
    return future;
}

/* Submit some, wait for all. Returns whether the pool still goes on. */
static bool run_batch(struct pp_pool *pool, struct sum *sum)
{
    unsigned told[TASKS];
    unsigned count = 0;

    for (unsigned i = 0; i < TASKS; i++) {
        count += submit_some(pool, &told[i]) != NULL;
        if (count <= i) {
            break;
        }
    }
    for (unsigned i = 0; i < count; i++) {
        struct pp_future *future = NULL;

        g_assert_cmpint(pp_pool_next(pool, PATIENCE_MS, &future), ==, 0);
        g_assert_cmpuint(*(unsigned *)pp_future_user(future), ==, 1);
        check(future);
        sum->ended[pp_future_result(future)->outcome]++;
        pp_future_destroy(future);
    }
    g_assert_cmpuint(pp_pool_pending(pool), ==, 0);
    for (unsigned i = 0; i < count; i++) {
        g_assert_cmpuint(told[i], ==, 1);
    }
    return count == TASKS && pp_pool_dispatch(pool) == 0;
}

static struct pp_trace *open_trace(void)
{
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    struct pp_trace *trace;

    g_assert_cmpint(pp_trace_create(&trace, fd), ==, 0);
    close(fd);
    return trace;
}

static void run_pool(gconstpointer method, struct sum *sum, gint64 until_us)
{
    unsigned fds = count_fds();
    struct pp_trace *trace = open_trace();
    g_autofree char *seed = g_strdup_printf("%u", (unsigned)g_test_rand_int());
    struct pp_pool_options options = {
        .start_method = (enum pp_start_method)GPOINTER_TO_INT(method),
        .processes = (unsigned)g_test_rand_int_range(1, 6),
        .tasks_per_worker = (uint32_t)g_test_rand_int_range(5, 50),
        .start_timeout_ms = 1000,
        .trace = trace,
    };
    struct pp_pool *pool = NULL;
    bool goes_on = true;

    g_setenv(SEED_VARIABLE, seed, TRUE);
    g_assert_cmpint(pp_pool_create(&pool, &program, &options, NULL), ==, 0);
    while (goes_on && g_get_monotonic_time() < until_us) {
        goes_on = run_batch(pool, sum);
    }
    sum->pools++;
    sum->failed_pools += !goes_on;
    pp_pool_destroy(pool);
    g_assert_cmpint(pp_trace_destroy(trace), ==, 0);
    g_assert_cmpuint(count_fds(), ==, fds); /* those that workers sent are closed as well */
}

static void test_no_worker_can_hurt_its_host(gconstpointer method)
{
    const char *seconds = g_getenv("PIXPOOL_FUZZ_SECONDS");
    gint64 length_us = (seconds == NULL ? 2 : g_ascii_strtoll(seconds, NULL, 10)) * G_USEC_PER_SEC;
    gint64 until_us = g_get_monotonic_time() + length_us;
    struct sum sum = {0};

    while (g_get_monotonic_time() < until_us) {
        gint64 some_us = g_get_monotonic_time() + G_USEC_PER_SEC;

        run_pool(method, &sum, some_us < until_us ? some_us : until_us);
    }
    g_test_message("%u pools, %u gave up; tasks: %u done, %u failed, %u crashed, %u timed out",
                   sum.pools, sum.failed_pools, sum.ended[PP_DONE], sum.ended[PP_FAILED],
                   sum.ended[PP_CRASHED], sum.ended[PP_TIMED_OUT]);
    /* It was a fight: neither side won all of it. */
    g_assert_cmpuint(sum.ended[PP_DONE], >, 0);
    g_assert_cmpuint(sum.ended[PP_CRASHED] + sum.ended[PP_TIMED_OUT], >, 0);
}

int main(int argc, char **argv)
{
    bool is_host = argc < 2 || !g_str_has_prefix(argv[1], "--pixpool-");

    host_pid = is_host ? getpid() : 0;
    pp_point_hook = pass;
    pp_program_enter(&program, argc, argv);
    g_test_init(&argc, &argv, NULL);
    add_process_method_tests("hostile-worker", "no-worker-can-hurt-its-host",
                             test_no_worker_can_hurt_its_host);
    return g_test_run();
}
