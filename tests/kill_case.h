/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Kill case: one host with one pool, in which somebody is struck (tests/strike.h)
 *
 * It runs a mixture of tasks and then some more, and finds out whether all is as it should be. What
 * is wrong is written to standard error, and the host exits with 1.
 */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>

#include "core/pool.h"
#include "tests/processes.h"
#include "tests/session.h"
#include "tests/start_methods.h"
#include "tests/strike.h"

enum {
    TASKS = 40,
    TASKS_AFTER = 20,
    SLOT_BYTES = 65536,
    /* Of tasks and of starts, where something will hang until it is over. */
    TIMEOUT_MS = 2000
};

static inline int square(struct pp_call *call)
{
    int64_t n;

    if (pp_call_arguments(call, &n, sizeof(n)) != 0) {
        return -EINVAL;
    }
    n *= n;
    return pp_call_reply(call, &n, sizeof(n));
}

static inline int fill(struct pp_call *call)
{
    int64_t n;

    if (pp_call_arguments(call, &n, sizeof(n)) != 0) {
        return -EINVAL;
    }
    memset(call->slots[0].bytes, (int)n, SLOT_BYTES);
    n *= n;
    return pp_call_reply(call, &n, sizeof(n));
}

static inline int refuse(struct pp_call *call)
{
    return pp_call_fail(call, -EILSEQ, "not this one");
}

static inline int crash(struct pp_call *call)
{
    (void)call;
    return raise(SIGKILL);
}

static const struct pp_task_function functions[] = {
    {"square", square}, {"fill", fill}, {"refuse", refuse}, {"crash", crash}, {NULL, NULL},
};

static const struct pp_program program = {.functions = functions};

/* ---- The host: one case, in a process of its own ---- */

struct kill_case {
    const struct start_method *method;
    unsigned workers;
    int role;
    char point[48];
    unsigned nth;
    int action;
};

/* What became of one task. */
struct outcome {
    struct pp_future *future;
    enum pp_outcome expected;
    unsigned told;     /* calls of its callback */
    unsigned returned; /* by pp_pool_next() */
};

/* Says what is wrong and ends the process; the test that waits for it fails. */
#define CHECK(condition, ...)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "# %s: ", #condition);                                                 \
            fprintf(stderr, __VA_ARGS__);                                                          \
            fprintf(stderr, "\n");                                                                 \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

static inline unsigned count_memfd_mappings(void)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];
    unsigned count = 0;

    CHECK(maps != NULL, "errno %d", errno);
    while (fgets(line, sizeof(line), maps) != NULL) {
        count += strstr(line, "/memfd:") != NULL;
    }
    fclose(maps);
    return count;
}

/*
 * Where a zygote was killed, workers die by themselves, and some of them nobody knows yet. A
 * process that looks for leaks has a helper, which outlives it for a moment where it is killed.
 */
static inline void check_nobody_is_left(const struct kill_case *of)
{
#ifdef __SANITIZE_ADDRESS__
    const bool has_helpers = true;
#else
    const bool has_helpers = false;
#endif
    unsigned left = count_session(getpid(), 0);

    CHECK(left == 0 || has_helpers || of->role == STRIKE_ZYGOTE, "%u processes are left", left);
    for (int i = 0; i < PATIENCE_MS / 10 && left != 0; i++) {
        g_usleep(10000);
        left = count_session(getpid(), 0);
    }
    CHECK(left == 0, "%u processes are left", left);
}

static inline void count_call(struct pp_future *future, void *user)
{
    struct outcome *outcome = user;

    CHECK(outcome->future == NULL || outcome->future == future, "another future's callback");
    outcome->told++;
}

static inline void submit_one(struct pp_pool *pool, struct outcome *outcome,
                              const struct pp_task *task, enum pp_outcome expected)
{
    struct pp_task with_user = *task;
    int r;

    *outcome = (struct outcome){.expected = expected};
    with_user.user = outcome;
    r = pp_pool_submit(pool, &with_user, &outcome->future);
    CHECK(r == 0, "error %d", r);
    r = pp_future_add_done_callback(outcome->future, count_call, outcome);
    CHECK(r == 0, "error %d", r);
}

/* A mixture: one in five fills a slot, one in ten fails, one kills its worker, one is cancelled. */
static inline void submit_mixture(struct pp_pool *pool, struct outcome *outcomes,
                                  uint32_t timeout_ms)
{
    for (int64_t i = 0; i < TASKS; i++) {
        struct pp_task task = {
            .function = "square",
            .arguments = &i,
            .arguments_length = sizeof(i),
            .timeout_ms = timeout_ms,
            .priority = (enum pp_priority)(i % 3),
        };
        enum pp_outcome expected = PP_DONE;

        if (i == TASKS / 2) {
            task.function = "crash";
            expected = PP_CRASHED;
        } else if (i % 10 == 3) {
            task.function = "refuse";
            expected = PP_FAILED;
        } else if (i % 5 == 4) {
            task.function = "fill";
            task.slot_count = 1;
            task.slots[0].bytes = SLOT_BYTES;
        }
        submit_one(pool, &outcomes[i], &task, i == TASKS - 1 ? PP_CANCELLED : expected);
    }
    CHECK(pp_future_cancel(outcomes[TASKS - 1].future), "the last task is done already");
}

static inline void take_all(struct pp_pool *pool, struct outcome *outcomes, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct pp_future *future;
        struct outcome *outcome;
        int r = pp_pool_next(pool, PATIENCE_MS, &future);

        CHECK(r == 0, "%u of %u futures are done, then error %d", i, count, r);
        outcome = pp_future_user(future);
        CHECK(outcome >= outcomes && outcome < outcomes + count, "no future of these");
        outcome->returned++;
        CHECK(outcome->returned == 1 && outcome->told == 1, "returned %u times, told %u times",
              outcome->returned, outcome->told);
    }
    CHECK(pp_pool_pending(pool) == 0, "%zu tasks are pending", pp_pool_pending(pool));
}

/* A reply is right, or the task did not end by what it does. */
static inline void check_reply(const struct outcome *outcome, int64_t n)
{
    const struct pp_result *result = pp_future_result(outcome->future);
    int64_t reply;

    if (result->outcome != PP_DONE) {
        return;
    }
    CHECK(result->reply_length == sizeof(reply), "%zu bytes", result->reply_length);
    memcpy(&reply, result->reply, sizeof(reply));
    CHECK(reply == n * n, "the reply to %d is %d", (int)n, (int)reply);
    if (strcmp(result->function, "fill") == 0) {
        const uint8_t *bytes = pp_future_slot(outcome->future, 0)->bytes;

        CHECK(bytes[0] == n && bytes[SLOT_BYTES - 1] == n, "the slot has %d", (int)bytes[0]);
    }
}

/* How a task may end whose worker was struck in it. */
static inline bool is_truth(const struct kill_case *of, const struct pp_result *result)
{
    static const int signals[] = {
        [STRIKE_KILL] = SIGKILL, [STRIKE_SEGV] = SIGSEGV, [STRIKE_ABORT] = SIGABRT};

    switch (of->action) {
    case STRIKE_KILL:
    case STRIKE_SEGV:
    case STRIKE_ABORT:
        return result->outcome == PP_CRASHED && result->signal == signals[of->action];
    case STRIKE_EXIT_0:
    case STRIKE_EXIT_3:
        return result->outcome == PP_CRASHED && result->signal == 0 &&
               result->exit_code == (of->action == STRIKE_EXIT_3 ? 3 : 0);
    case STRIKE_STOP:
    case STRIKE_SPIN:
        return result->outcome == PP_TIMED_OUT;
    default:
        return result->outcome == PP_CRASHED && result->error.code == -EPROTO;
    }
}

/*
 * Whether a task may pay for it: the one that a worker was struck in. Between tasks it may only
 * where the worker lives on and takes up the next.
 */
static inline bool may_cost_a_task(const struct kill_case *of)
{
    static const char *const between[] = {
        "worker.begin",        "worker.before-ready", "worker.after-ready",
        "worker.before-sleep", "worker.before-claim", "worker.before-stamp",
        "worker.before-bell",  "worker.after-answer", "worker.after-task",
    };
    bool dies = of->action <= STRIKE_EXIT_3;

    for (size_t i = 0; i < PP_ARRAY_LENGTH(between); i++) {
        if (dies && strcmp(of->point, between[i]) == 0) {
            return false;
        }
    }
    return of->role == STRIKE_WORKER && atomic_load(&strike->struck) != 0;
}

static inline void check_outcomes(const struct kill_case *of, const struct outcome *outcomes,
                                  unsigned count)
{
    unsigned others = 0;

    for (unsigned i = 0; i < count; i++) {
        const struct pp_result *result = pp_future_result(outcomes[i].future);
        char text[200];

        check_reply(&outcomes[i], (int64_t)i);
        if (result->outcome == outcomes[i].expected) {
            continue;
        }
        pp_result_describe(result, text, sizeof(text));
        CHECK(may_cost_a_task(of), "task %u, which nobody was struck in: %s", i, text);
        CHECK(is_truth(of, result), "task %u: %s", i, text);
        CHECK(others++ == 0, "task %u is the second: %s", i, text);
    }
}

static inline void destroy_all(struct outcome *outcomes, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        pp_future_destroy(outcomes[i].future);
    }
}

static inline bool hangs(int action)
{
    return action == STRIKE_STOP || action == STRIKE_SPIN;
}

static inline void run_mixture(const struct kill_case *of, struct pp_pool *pool)
{
    struct outcome outcomes[TASKS];

    submit_mixture(pool, outcomes, hangs(of->action) ? TIMEOUT_MS : 0);
    take_all(pool, outcomes, TASKS);
    check_outcomes(of, outcomes, TASKS);
    destroy_all(outcomes, TASKS);
}

/*
 * Whatever it was is over: all of these are done. But a worker that hangs after its last task is
 * found out by the next one.
 */
static inline void run_afterwards(const struct kill_case *of, struct pp_pool *pool)
{
    struct outcome outcomes[TASKS_AFTER];

    for (int64_t i = 0; i < TASKS_AFTER; i++) {
        struct pp_task task = {
            .function = "square",
            .arguments = &i,
            .arguments_length = sizeof(i),
            .timeout_ms = hangs(of->action) ? TIMEOUT_MS : 0,
        };

        submit_one(pool, &outcomes[i], &task, PP_DONE);
    }
    take_all(pool, outcomes, TASKS_AFTER);
    check_outcomes(of, outcomes, TASKS_AFTER);
    for (unsigned i = 0; i < TASKS_AFTER && !hangs(of->action); i++) {
        CHECK(pp_future_result(outcomes[i].future)->outcome == PP_DONE, "task %u afterwards", i);
    }
    destroy_all(outcomes, TASKS_AFTER);
}

static inline void run_batches(const struct kill_case *of)
{
    struct pp_pool_options options = {
        .start_method = of->method->method,
        .processes = of->workers,
        .tasks_per_worker = 12,
        .start_timeout_ms = hangs(of->action) ? TIMEOUT_MS : 0,
    };
    struct pp_error error = {0};
    struct pp_pool *pool;
    int r = pp_pool_create(&pool, &program, &options, &error);

    CHECK(r == 0, "%s", error.message);
    run_mixture(of, pool);
    atomic_store(&strike->armed, false);
    run_afterwards(of, pool);
    pp_pool_destroy(pool);
}

/* Never returns. */
static inline void be_host(const struct kill_case *of, const char *path)
{
    unsigned fds = count_fds();
    unsigned mappings = count_memfd_mappings();

    dup2(STDERR_FILENO, STDOUT_FILENO); /* the other is for the test's report */
    strike_be_host(path);
    run_batches(of);
    check_nobody_is_left(of);
    CHECK(count_fds() == fds, "%u descriptors before, %u after", fds, count_fds());
    CHECK(count_memfd_mappings() == mappings, "%u mappings before, %u after", mappings,
          count_memfd_mappings());
    _exit(0);
}
