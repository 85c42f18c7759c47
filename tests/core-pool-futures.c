/* SPDX-License-Identifier: MIT */
/*
 * Futures beyond waiting for them: callbacks, what they may do, what runs now; and the ways to end
 * a pool with them; pools inside of workers.
 */
#include <sys/wait.h>

#include "tests/pools.h"

static int negate(struct pp_call *call)
{
    int64_t n;

    if (pp_call_arguments(call, &n, sizeof(n)) != 0) {
        return -EINVAL;
    }
    n = -n;
    return pp_call_reply(call, &n, sizeof(n));
}

static int tell_pid(struct pp_call *call)
{
    int64_t pid = getpid();

    return pp_call_reply(call, &pid, sizeof(pid));
}

static int nest(struct pp_call *call);
static int enter_own_pool(struct pp_call *call);

static const struct pp_task_function functions[] = {
    {"negate", negate},
    {"tell-pid", tell_pid},
    {"hold", hold_task},
    {"nest", nest},
    {"enter-own-pool", enter_own_pool},
    {NULL, NULL},
};

static const struct pp_program program = {.functions = functions};

static struct pp_future *submit_negate(struct pp_pool *pool, int64_t n)
{
    struct pp_task task = {
        .function = "negate",
        .arguments = &n,
        .arguments_length = sizeof(n),
    };

    return submit(pool, &task);
}

/* A pool of its own, which asks for processes: how many of its tasks ran in another process? */
static int nest(struct pp_call *call)
{
    struct pp_pool_options options = {.processes = 3};
    struct pp_task task = {.function = "tell-pid"};
    struct pp_pool *pool = NULL;
    int64_t elsewhere = 0;
    int r = pp_pool_create(&pool, &program, &options, NULL);

    for (int i = 0; r == 0 && i < 10; i++) {
        struct pp_future *future;

        r = pp_pool_apply(pool, &task, &future);
        if (r == 0) {
            elsewhere += reply_number(future) != getpid();
            pp_future_destroy(future);
        }
    }
    elsewhere += pool != NULL && pp_pool_processes(pool) != 1;
    pp_pool_destroy(pool);
    return r != 0 ? r : pp_call_reply(call, &elsewhere, sizeof(elsewhere));
}

/* Under every method: whether a process, a thread or the caller runs it, it stays in there. */
static void test_a_pool_inside_a_worker_stays_inside(gconstpointer data)
{
    struct pp_pool *pool = open_pool_of(&program, data, 2);
    struct pp_task task = {.function = "nest"};
    struct pp_future *future = NULL;

    g_assert_cmpint(pp_pool_apply(pool, &task, &future), ==, 0);
    g_assert_cmpint(reply_number(future), ==, 0);
    pp_future_destroy(future);
    pp_pool_destroy(pool);
}

/* What is inside of a worker's task is not outside of it: this process can still make processes. */
static void test_a_worker_does_not_make_the_host_one(gconstpointer data)
{
    struct pp_pool *pool = open_pool_of(&program, data, 1);
    struct pp_task task = {.function = "tell-pid"};
    struct pp_pool *other;
    struct pp_future *future = NULL;

    g_assert_cmpint(pp_pool_apply(pool, &task, &future), ==, 0);
    other = open_pool_of(&program, data, 3);
    g_assert_cmpuint(pp_pool_processes(other), ==,
                     GPOINTER_TO_INT(data) == PP_START_IN_PROCESS ? 1 : 3);
    pp_pool_destroy(other);
    pp_future_destroy(future);
    pp_pool_destroy(pool);
}

static struct pp_pool *own_pool; /* of a task that runs in the test's process */

static int enter_own_pool(struct pp_call *call)
{
    struct pp_future *future;
    int64_t r = pp_pool_dispatch(own_pool);

    if (r == -EDEADLK) {
        struct pp_future *another = submit_negate(own_pool, 5);

        r = pp_pool_next(own_pool, -1, &future);
        pp_future_destroy(another);
    }
    return pp_call_reply(call, &r, sizeof(r));
}

/* Waiting there would be for ever; submitting and dropping is allowed. */
static void test_a_task_cannot_wait_for_the_pool_that_runs_it(void)
{
    struct pp_task task = {.function = "enter-own-pool"};
    struct pp_future *future = NULL;

    own_pool = open_pool_of(&program, GINT_TO_POINTER(PP_START_IN_PROCESS), 1);
    g_assert_cmpint(pp_pool_apply(own_pool, &task, &future), ==, 0);
    g_assert_cmpint(reply_number(future), ==, -EDEADLK);
    pp_future_destroy(future);
    pp_pool_destroy(own_pool);
}

static void test_a_result_names_its_function(gconstpointer data)
{
    struct pp_pool *pool = open_pool_of(&program, data, 1);
    struct pp_future *future = submit_negate(pool, 1);

    g_assert_cmpstr(pp_future_result(future)->function, ==, "negate");
    g_assert_cmpint(pp_future_wait(future, -1), ==, 0);
    g_assert_cmpstr(pp_future_result(future)->function, ==, "negate");
    g_assert_cmpstr(pp_future_stack(future), ==, "");
    pp_future_destroy(future);
    pp_pool_destroy(pool);
}

static void test_applying_an_unknown_function_leaves_no_future(gconstpointer data)
{
    struct pp_pool *pool = open_pool_of(&program, data, 1);
    struct pp_task task = {.function = "double"};
    struct pp_future *future = NULL;

    g_assert_cmpint(pp_pool_apply(pool, &task, &future), ==, -ENOENT);
    g_assert_null(future);
    pp_pool_destroy(pool);
}

/* The task says so itself that it runs; before it is sent and after its end it does not. */
static void test_a_future_runs_from_start_to_end(gconstpointer data)
{
    struct pp_pool *pool = open_pool_of(&program, data, 1);
    struct held held = submit_held(pool, "hold");
    struct held waiting = submit_held(pool, "hold");

    g_assert_false(pp_future_running(waiting.future));
    if (GPOINTER_TO_INT(data) != PP_START_IN_PROCESS) { /* there nobody could look meanwhile */
        wait_until_held(pool, &held);
        g_assert_true(pp_future_running(held.future));
        g_assert_false(pp_future_running(waiting.future));
    }
    let_go(&held);
    let_go(&waiting);
    g_assert_cmpint(pp_future_wait(held.future, -1), ==, 0);
    g_assert_false(pp_future_running(held.future));
    g_assert_cmpint(pp_future_wait(waiting.future, -1), ==, 0);
    pp_future_destroy(held.future);
    pp_future_destroy(waiting.future);
    pp_pool_destroy(pool);
}

static void append_letter(struct pp_future *future, void *user)
{
    GString *text = pp_future_user(future);

    g_assert_true(pp_future_done(future));
    g_string_append_c(text, (char)GPOINTER_TO_INT(user));
}

static void assert_not_yet_returned(struct pp_future *future, void *user)
{
    struct pp_pool *pool = user;
    struct pp_future *next = NULL;

    (void)future;
    g_assert_cmpint(pp_pool_next(pool, 0, &next), ==, -EDEADLK);
    g_assert_cmpint(pp_pool_dispatch(pool), ==, -EDEADLK);
}

/* In the order in which they were added, each once, the late one at once, and all before next(). */
static void test_callbacks_are_called_in_order_before_the_future_is_returned(gconstpointer data)
{
    struct pp_pool *pool = open_pool_of(&program, data, 1);
    g_autoptr(GString) text = g_string_new(NULL);
    int64_t n = 3;
    struct pp_task task = {
        .function = "negate",
        .arguments = &n,
        .arguments_length = sizeof(n),
        .user = text,
    };
    struct pp_future *future = submit(pool, &task);
    struct pp_future *next = NULL;

    for (int letter = 'a'; letter <= 'c'; letter++) {
        g_assert_cmpint(pp_future_add_done_callback(future, append_letter, GINT_TO_POINTER(letter)),
                        ==, 0);
    }
    g_assert_cmpint(pp_future_add_done_callback(future, assert_not_yet_returned, pool), ==, 0);
    g_assert_cmpstr(text->str, ==, "");
    g_assert_cmpint(pp_pool_next(pool, -1, &next), ==, 0);
    g_assert_true(next == future);
    g_assert_cmpstr(text->str, ==, "abc");
    g_assert_cmpint(pp_future_add_done_callback(future, append_letter, GINT_TO_POINTER('d')), ==,
                    0);
    g_assert_cmpstr(text->str, ==, "abcd");
    pp_future_destroy(future);
    pp_pool_destroy(pool);
}

struct chain {
    struct pp_pool *pool;
    int left;
    int64_t sum;
};

static void submit_the_next(struct pp_future *future, void *user)
{
    struct chain *chain = user;

    chain->sum += reply_number(future);
    if (chain->left-- > 0) {
        struct pp_future *next = submit_negate(chain->pool, chain->left);

        g_assert_cmpint(pp_future_add_done_callback(next, submit_the_next, chain), ==, 0);
    }
    pp_future_destroy(future);
}

/* Each callback submits the next task and destroys its own future. */
static void test_callbacks_may_submit_and_destroy(gconstpointer data)
{
    struct pp_pool *pool = open_pool_of(&program, data, 2);
    struct chain chain = {.pool = pool, .left = 1000};
    struct pp_future *first = submit_negate(pool, 1000);

    g_assert_cmpint(pp_future_add_done_callback(first, submit_the_next, &chain), ==, 0);
    while (pp_pool_pending(pool) > 0) {
        GPollFD fd = {.fd = pp_pool_fd(pool), .events = G_IO_IN};

        g_assert_cmpint(g_poll(&fd, 1, 60000), ==, 1);
        g_assert_cmpint(pp_pool_dispatch(pool), ==, 0);
    }
    g_assert_cmpint(chain.left, ==, -1);
    g_assert_cmpint(chain.sum, ==, -1000 * 1001 / 2);
    pp_pool_destroy(pool);
}

enum { CASCADE = 20000 };

struct cascade {
    struct pp_future *futures[CASCADE];
    int called;
};

/* Cancels the next one, which is done at once, but whose callback has to wait for this one's end.
 */
static void cancel_the_next(struct pp_future *future, void *user)
{
    struct cascade *cascade = user;
    int called = ++cascade->called;

    g_assert_true(cascade->futures[called - 1] == future);
    if (called < CASCADE) {
        g_assert_true(pp_future_cancel(cascade->futures[called]));
        g_assert_cmpint(pp_future_result(cascade->futures[called])->outcome, ==, PP_CANCELLED);
        g_assert_cmpint(cascade->called, ==, called);
    }
}

/* However long a cascade of callbacks is, it takes no deeper stack than one of them. */
static void test_callbacks_may_cancel_others_without_end(gconstpointer data)
{
    struct pp_pool *pool = open_pool_of(&program, data, 1);
    g_autofree struct cascade *cascade = g_new0(struct cascade, 1);
    struct held held = submit_held(pool, "hold");

    for (int i = 0; i < CASCADE; i++) {
        cascade->futures[i] = submit_negate(pool, i);
        g_assert_cmpint(pp_future_add_done_callback(cascade->futures[i], cancel_the_next, cascade),
                        ==, 0);
    }
    g_assert_true(pp_future_cancel(cascade->futures[0]));
    g_assert_cmpint(cascade->called, ==, CASCADE);
    for (int i = 0; i < CASCADE; i++) {
        pp_future_destroy(cascade->futures[i]);
    }
    let_go(&held);
    g_assert_cmpint(pp_future_wait(held.future, -1), ==, 0);
    pp_future_destroy(held.future);
    pp_pool_destroy(pool);
}

static void never_called(struct pp_future *future, void *user)
{
    (void)future;
    (void)user;
    g_assert_not_reached();
}

struct victim {
    struct pp_future *future;
    bool called;
};

static void destroy_the_other(struct pp_future *future, void *user)
{
    struct victim *victim = user;

    (void)future;
    pp_future_destroy(victim->future);
    victim->called = true;
}

/* A future that nobody has any more calls nobody, whoever destroyed it, and whenever. */
static void test_a_destroyed_future_calls_nobody(gconstpointer data)
{
    struct pp_pool *pool = open_pool_of(&program, data, 1);
    struct victim victim = {.called = false};
    struct pp_future *first = submit_negate(pool, 1);

    victim.future = submit_negate(pool, 2);
    g_assert_cmpint(pp_future_add_done_callback(victim.future, never_called, NULL), ==, 0);
    g_assert_cmpint(pp_future_add_done_callback(first, destroy_the_other, &victim), ==, 0);
    /* Cancelled in one go: at the first one's callback the second one is done, but not yet told. */
    pp_pool_terminate(pool);
    g_assert_true(victim.called);
    pp_future_destroy(first);
    pp_pool_destroy(pool);
}

/* What is not begun is cancelled, what runs is waited for. */
static void test_shutting_down_cancels_what_does_not_run(gconstpointer data)
{
    struct pp_pool *pool = open_pool_of(&program, data, 1);
    struct held held = submit_held(pool, "hold");
    struct pp_future *waiting[5];
    struct pp_future *refused = NULL;
    struct pp_task task = {.function = "tell-pid"};

    wait_until_held(pool, &held);
    for (int i = 0; i < 5; i++) {
        waiting[i] = submit_negate(pool, i);
    }
    g_assert_cmpint(pp_pool_shutdown(pool, false, true), ==, 0);
    g_assert_cmpint(pp_pool_submit(pool, &task, &refused), ==, -EPIPE);
    for (int i = 0; i < 5; i++) {
        g_assert_cmpint(pp_future_result(waiting[i])->outcome, ==, PP_CANCELLED);
        pp_future_destroy(waiting[i]);
    }
    g_assert_false(pp_future_done(held.future));
    let_go(&held);
    g_assert_cmpint(pp_pool_shutdown(pool, true, false), ==, 0);
    g_assert_cmpint(pp_future_result(held.future)->outcome, ==, PP_DONE);
    pp_future_destroy(held.future);
    pp_pool_destroy(pool);
}

static void test_shutting_down_runs_what_was_submitted(gconstpointer data)
{
    struct pp_pool *pool = open_pool_of(&program, data, 2);
    struct pp_future *futures[20];

    for (int i = 0; i < 20; i++) {
        futures[i] = submit_negate(pool, i);
    }
    g_assert_cmpint(pp_pool_shutdown(pool, true, false), ==, 0);
    for (int i = 0; i < 20; i++) {
        g_assert_cmpint(reply_number(futures[i]), ==, -i);
        pp_future_destroy(futures[i]);
    }
    pp_pool_destroy(pool);
}

static void add_tests_with_a_held_task(void)
{
    static const gpointer method = GINT_TO_POINTER(PP_START_THREAD);

    g_test_add_data_func("/pool/thread/callbacks-may-cancel-others-without-end", method,
                         test_callbacks_may_cancel_others_without_end);
    g_test_add_data_func("/pool/thread/shutting-down-cancels-what-does-not-run", method,
                         test_shutting_down_cancels_what_does_not_run);
    if (g_getenv("PIXPOOL_TEST_THREADS_ONLY") == NULL) {
        g_test_add_data_func("/pool/forkserver/callbacks-may-cancel-others-without-end", NULL,
                             test_callbacks_may_cancel_others_without_end);
        g_test_add_data_func("/pool/forkserver/shutting-down-cancels-what-does-not-run", NULL,
                             test_shutting_down_cancels_what_does_not_run);
    }
}

static void add_for_every_start_method(const char *name, GTestDataFunc test)
{
    add_start_method_tests("pool", name, test);
}

int main(int argc, char **argv)
{
    pp_program_enter(&program, argc, argv);
    g_test_init(&argc, &argv, NULL);
    add_for_every_start_method("a-result-names-its-function", test_a_result_names_its_function);
    add_for_every_start_method("applying-an-unknown-function-leaves-no-future",
                               test_applying_an_unknown_function_leaves_no_future);
    add_for_every_start_method("a-pool-inside-a-worker-stays-inside",
                               test_a_pool_inside_a_worker_stays_inside);
    add_for_every_start_method("a-worker-does-not-make-the-host-one",
                               test_a_worker_does_not_make_the_host_one);
    add_for_every_start_method("a-future-runs-from-start-to-end",
                               test_a_future_runs_from_start_to_end);
    add_for_every_start_method("callbacks-are-called-in-order-before-the-future-is-returned",
                               test_callbacks_are_called_in_order_before_the_future_is_returned);
    add_for_every_start_method("callbacks-may-submit-and-destroy",
                               test_callbacks_may_submit_and_destroy);
    add_for_every_start_method("a-destroyed-future-calls-nobody",
                               test_a_destroyed_future_calls_nobody);
    add_for_every_start_method("shutting-down-runs-what-was-submitted",
                               test_shutting_down_runs_what_was_submitted);
    add_tests_with_a_held_task();
    g_test_add_func("/pool/a-task-cannot-wait-for-the-pool-that-runs-it",
                    test_a_task_cannot_wait_for_the_pool_that_runs_it);
    return g_test_run();
}
