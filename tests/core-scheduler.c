/* SPDX-License-Identifier: MIT */
/*
 * The scheduler against every order of events in a small world, and random orders in a larger one.
 *
 * The test plays the pool: it carries out each action at once in a model of its own (who is
 * started, what is in which inbox) and checks each against the rules. Since the scheduler makes no
 * system call, an order of events is just a list of choices, and all lists up to a length can be
 * tried.
 */
#include <glib.h>
#include <string.h>

#include "core/scheduler.h"

enum { WORKERS_MAX = 4, TASKS_MAX = 12, CHOICES_MAX = 64 };

struct model_worker {
    bool started;
    bool ready;
    bool to_kill;
    struct pp_scheduled *inbox[PP_SCHEDULER_CREDIT];
    bool aborted[PP_SCHEDULER_CREDIT];
    unsigned count;
    unsigned ever_sent;
};

struct model {
    struct pp_scheduler *scheduler;
    uint32_t worker_count;
    uint32_t task_count;
    size_t budget;
    struct model_worker workers[WORKERS_MAX];
    struct pp_scheduled tasks[TASKS_MAX];
    unsigned blamed_crashes[TASKS_MAX];
    unsigned blamed_kills[TASKS_MAX];
    unsigned losses[TASKS_MAX];
    bool was_aborted[TASKS_MAX];
    bool was_finished[TASKS_MAX];
    unsigned resolved[TASKS_MAX];
};

static uint32_t index_of(const struct model *model, const struct pp_scheduled *task)
{
    return (uint32_t)(task - model->tasks);
}

static size_t bytes_in_work(const struct model *model, unsigned *ret_tasks)
{
    size_t bytes = 0;

    *ret_tasks = 0;
    for (uint32_t w = 0; w < model->worker_count; w++) {
        for (unsigned i = 0; i < model->workers[w].count; i++) {
            bytes += model->workers[w].inbox[i]->bytes;
            *ret_tasks += model->workers[w].inbox[i]->bytes > 0;
        }
    }
    return bytes;
}

static void check_send(struct model *model, const struct pp_action *action)
{
    struct model_worker *worker = &model->workers[action->worker];
    struct pp_scheduled *task = action->task;
    unsigned tasks;

    g_assert_true(worker->started && worker->ready && !worker->to_kill);
    g_assert_cmpuint(worker->count, <, PP_SCHEDULER_CREDIT);
    g_assert_cmpuint(model->resolved[index_of(model, task)], ==, 0);
    if (task->alone) {
        g_assert_cmpuint(worker->ever_sent, ==, 0);
    }
    for (unsigned i = 0; i < worker->count; i++) {
        g_assert_false(worker->inbox[i]->alone);
    }
    worker->aborted[worker->count] = false;
    worker->inbox[worker->count++] = task;
    worker->ever_sent++;
    if (bytes_in_work(model, &tasks) > model->budget) {
        g_assert_cmpuint(tasks, ==, 1);
    }
}

/* The outcome must be what the model saw happen, and nothing may be resolved twice. */
static void check_resolve(struct model *model, struct pp_scheduled *task)
{
    uint32_t i = index_of(model, task);

    g_assert_cmpuint(++model->resolved[i], ==, 1);
    switch (task->outcome) {
    case PP_DONE:
        g_assert_true(model->was_finished[i]);
        break;
    case PP_CANCELLED:
        g_assert_true(model->was_aborted[i]);
        break;
    case PP_CRASHED:
        g_assert_true(model->blamed_crashes[i] == task->crash_attempts ||
                      model->blamed_kills[i] == task->kill_attempts);
        break;
    default:
        g_assert_not_reached();
    }
}

static void act(struct model *model)
{
    struct pp_action action;

    while (pp_scheduler_next(model->scheduler, &action)) {
        switch (action.kind) {
        case PP_ACTION_START:
            g_assert_false(model->workers[action.worker].started);
            model->workers[action.worker] = (struct model_worker){.started = true};
            break;
        case PP_ACTION_SEND:
            check_send(model, &action);
            break;
        case PP_ACTION_KILL:
            g_assert_true(model->workers[action.worker].started);
            model->workers[action.worker].to_kill = true;
            break;
        case PP_ACTION_RESOLVE:
            check_resolve(model, action.task);
            break;
        }
    }
}

static void ready(struct model *model, uint32_t w)
{
    model->workers[w].ready = true;
    pp_scheduler_ready(model->scheduler, w);
    act(model);
}

static void finish_head(struct model *model, uint32_t w)
{
    struct model_worker *worker = &model->workers[w];
    struct pp_scheduled *task = worker->inbox[0];
    bool aborted = worker->aborted[0];
    bool known;

    worker->count--;
    memmove(worker->inbox, worker->inbox + 1, sizeof(worker->inbox[0]) * worker->count);
    memmove(worker->aborted, worker->aborted + 1, sizeof(worker->aborted[0]) * worker->count);
    model->was_finished[index_of(model, task)] |= !aborted;
    g_assert_true(pp_scheduler_finished(model->scheduler, w, task->id, PP_DONE, 1000, &known) ==
                  (aborted ? NULL : task));
    g_assert_true(known);
    act(model);
}

static void die(struct model *model, uint32_t w, bool blame, enum pp_death death)
{
    struct model_worker *worker = &model->workers[w];
    struct pp_scheduled *head = worker->count > 0 ? worker->inbox[0] : NULL;
    bool charged = blame && head != NULL && !worker->aborted[0];

    if (charged && death == PP_DEATH_CRASH) {
        model->blamed_crashes[index_of(model, head)]++;
    } else if (charged && death == PP_DEATH_KILL) {
        model->blamed_kills[index_of(model, head)]++;
    } else if (charged && death == PP_DEATH_LOST &&
               ++model->losses[index_of(model, head)] > PP_SCHEDULER_LOSSES_MAX) {
        model->blamed_crashes[index_of(model, head)]++;
    }
    *worker = (struct model_worker){0};
    g_assert_true(pp_scheduler_died(model->scheduler, w, blame && head != NULL ? head->id : 0,
                                    death) == (charged ? head : NULL));
    act(model);
}

static void abort_task(struct model *model, uint32_t t)
{
    struct pp_scheduled *task = &model->tasks[t];
    bool running = false;

    if (task->outcome != PP_OUTCOME_PENDING) {
        return;
    }
    model->was_aborted[t] = true;
    for (uint32_t w = 0; w < model->worker_count; w++) {
        for (unsigned i = 0; i < model->workers[w].count; i++) {
            if (model->workers[w].inbox[i] == task) {
                model->workers[w].aborted[i] = true;
                running = i == 0;
            }
        }
    }
    pp_scheduler_abort(model->scheduler, task, PP_CANCELLED, running);
    act(model);
}

/* One thing that can happen now. */
struct choice {
    enum { CHOICE_READY, CHOICE_FINISH, CHOICE_DIE, CHOICE_ABORT } kind;
    uint32_t index;
    bool blame;
    enum pp_death death;
};

static unsigned list_choices(const struct model *model, struct choice *choices)
{
    unsigned n = 0;

    for (uint32_t w = 0; w < model->worker_count; w++) {
        const struct model_worker *worker = &model->workers[w];

        if (!worker->started) {
            continue;
        }
        if (!worker->ready) {
            choices[n++] = (struct choice){.kind = CHOICE_READY, .index = w};
        }
        if (worker->count > 0) {
            choices[n++] = (struct choice){.kind = CHOICE_FINISH, .index = w};
            choices[n++] = (struct choice){CHOICE_DIE, w, true, PP_DEATH_CRASH};
            choices[n++] = (struct choice){CHOICE_DIE, w, true, PP_DEATH_KILL};
            choices[n++] = (struct choice){CHOICE_DIE, w, true, PP_DEATH_LOST};
        }
        choices[n++] =
            (struct choice){CHOICE_DIE, w, false, worker->to_kill ? PP_DEATH_ORDER : PP_DEATH_KILL};
    }
    for (uint32_t t = 0; t < model->task_count; t++) {
        if (model->tasks[t].outcome == PP_OUTCOME_PENDING) {
            choices[n++] = (struct choice){.kind = CHOICE_ABORT, .index = t};
        }
    }
    g_assert_cmpuint(n, <=, CHOICES_MAX);
    return n;
}

static void apply(struct model *model, const struct choice *choice)
{
    switch (choice->kind) {
    case CHOICE_READY:
        ready(model, choice->index);
        break;
    case CHOICE_FINISH:
        finish_head(model, choice->index);
        break;
    case CHOICE_DIE:
        die(model, choice->index, choice->blame, choice->death);
        break;
    case CHOICE_ABORT:
        abort_task(model, choice->index);
        break;
    }
}

static void open_model(struct model *model, uint32_t workers, uint32_t tasks, size_t budget)
{
    memset(model, 0, sizeof(*model));
    model->worker_count = workers;
    model->task_count = tasks;
    model->budget = budget;
    g_assert_cmpint(pp_scheduler_create(&model->scheduler, workers, budget), ==, 0);
    for (uint32_t t = 0; t < tasks; t++) {
        model->tasks[t] = (struct pp_scheduled){
            .id = t + 1,
            .bytes = (t % 3) * 40,
            .crash_attempts = 1 + t % 2,
            .kill_attempts = 1 + t % 3,
        };
        pp_scheduler_submit(model->scheduler, &model->tasks[t]);
    }
    act(model);
}

/*
 * From any state, workers that start and answer must be enough to resolve every task: no order of
 * deaths and aborts may leave a task behind, or a worker that is never replaced.
 */
static void finish_model(struct model *model)
{
    bool busy = true;

    while (busy) {
        busy = false;
        for (uint32_t w = 0; w < model->worker_count; w++) {
            struct model_worker *worker = &model->workers[w];

            if (worker->to_kill) {
                die(model, w, false, PP_DEATH_ORDER);
                busy = true;
            } else if (worker->started && !worker->ready) {
                ready(model, w);
                busy = true;
            } else if (worker->count > 0) {
                finish_head(model, w);
                busy = true;
            }
        }
    }
    for (uint32_t t = 0; t < model->task_count; t++) {
        g_assert_cmpuint(model->resolved[t], ==, 1);
    }
    if (!pp_scheduler_hopeless(model->scheduler)) {
        for (uint32_t w = 0; w < model->worker_count; w++) {
            g_assert_true(model->workers[w].ready);
        }
    }
    pp_scheduler_destroy(model->scheduler);
}

/*
 * All lists of choices up to a length, by counting: each run follows the digits, and the digits are
 * counted up in the base of how many choices there were at each place.
 */
static void test_every_order_of_events_resolves_every_task_once(void)
{
    enum { LENGTH = 7 };
    unsigned digits[LENGTH] = {0};
    unsigned bases[LENGTH];
    unsigned long runs = 0;
    int place;

    do {
        struct model model;
        struct choice choices[CHOICES_MAX];

        open_model(&model, 2, 3, 100);
        for (int i = 0; i < LENGTH; i++) {
            bases[i] = list_choices(&model, choices);
            apply(&model, &choices[digits[i]]);
        }
        finish_model(&model);
        runs++;
        for (place = LENGTH - 1; place >= 0 && ++digits[place] == bases[place]; place--) {
            digits[place] = 0;
        }
    } while (place >= 0);
    g_test_message("%lu orders", runs);
    g_assert_cmpuint(runs, >, 10000);
}

static void test_random_orders_of_events_resolve_every_task_once(void)
{
    for (int run = 0; run < 20000; run++) {
        struct model model;
        int length = g_test_rand_int_range(0, 60);

        open_model(&model, (uint32_t)g_test_rand_int_range(1, WORKERS_MAX + 1),
                   (uint32_t)g_test_rand_int_range(0, TASKS_MAX + 1),
                   (size_t)g_test_rand_int_range(0, 200));
        for (int i = 0; i < length; i++) {
            struct choice choices[CHOICES_MAX];
            unsigned n = list_choices(&model, choices);

            if (n > 0 && !pp_scheduler_hopeless(model.scheduler)) {
                apply(&model, &choices[g_test_rand_int_range(0, (gint32)n)]);
            }
        }
        if (pp_scheduler_hopeless(model.scheduler)) {
            pp_scheduler_destroy(model.scheduler);
            continue;
        }
        finish_model(&model);
    }
}

/* Tasks that are all alike, in a model that was opened without any. */
static void submit_tasks(struct model *model, uint32_t count, size_t bytes)
{
    model->task_count = count;
    for (uint32_t t = 0; t < count; t++) {
        model->tasks[t] = (struct pp_scheduled){
            .id = t + 1,
            .bytes = bytes,
            .crash_attempts = 1,
            .kill_attempts = 1,
        };
        pp_scheduler_submit(model->scheduler, &model->tasks[t]);
    }
}

static void test_tasks_are_sent_in_the_order_of_submission(void)
{
    struct model model;

    open_model(&model, 1, 6, SIZE_MAX);
    ready(&model, 0);
    for (uint32_t t = 0; t < 6; t++) {
        g_assert_true(model.workers[0].inbox[0] == &model.tasks[t]);
        finish_head(&model, 0);
    }
    finish_model(&model);
}

/* A worker with a slow task gets no second one: another worker may be free sooner. */
static void test_slow_tasks_are_not_sent_ahead(void)
{
    struct model model;
    bool known;

    open_model(&model, 1, 0, SIZE_MAX);
    submit_tasks(&model, 6, 0);
    ready(&model, 0);
    g_assert_cmpuint(model.workers[0].count, ==, 2);
    model.workers[0].count = 1;
    model.workers[0].inbox[0] = &model.tasks[1];
    model.was_finished[0] = true;
    pp_scheduler_finished(model.scheduler, 0, 1, PP_DONE, 1000000000, &known);
    act(&model);
    g_assert_cmpuint(model.workers[0].count, ==, 1);
    finish_model(&model);
}

/* What would lie idle with a busy worker is memory that another one could use. */
static void test_a_task_with_memory_is_not_sent_ahead(void)
{
    struct model model;

    open_model(&model, 1, 0, SIZE_MAX);
    submit_tasks(&model, 3, 10);
    ready(&model, 0);
    for (uint32_t t = 0; t < 3; t++) {
        g_assert_cmpuint(model.workers[0].count, ==, 1);
        finish_head(&model, 0);
    }
    finish_model(&model);
}

/* The large one is first and does not fit beside a small one: nobody may overtake it for ever. */
static void test_a_large_task_is_not_starved_by_small_ones(void)
{
    struct model model;

    open_model(&model, 2, 0, 100);
    model.task_count = 4;
    for (uint32_t t = 0; t < 4; t++) {
        model.tasks[t] = (struct pp_scheduled){
            .id = t + 1,
            .bytes = t == 1 ? 90 : 20,
            .crash_attempts = 1,
            .kill_attempts = 1,
        };
        pp_scheduler_submit(model.scheduler, &model.tasks[t]);
    }
    ready(&model, 0);
    ready(&model, 1);
    g_assert_true(model.workers[0].inbox[0] == &model.tasks[0]);
    g_assert_cmpuint(model.workers[0].count + model.workers[1].count, ==, 1);
    finish_head(&model, 0);
    g_assert_true(model.workers[0].inbox[0] == &model.tasks[1]);
    finish_model(&model);
}

static void test_a_worker_cannot_answer_for_another(void)
{
    struct model model;
    bool known = true;

    open_model(&model, 2, 1, 100);
    ready(&model, 0);
    g_assert_null(pp_scheduler_finished(model.scheduler, 1, 1, PP_DONE, 0, &known));
    g_assert_false(known);
    g_assert_null(pp_scheduler_finished(model.scheduler, 0, 2, PP_DONE, 0, &known));
    g_assert_false(known);
    finish_model(&model);
}

/*
 * No worker can be started now, but one is there: its place rests, and is tried again when the one
 * that is there has finished a task. Where none is there it is tried at once.
 */
static void test_a_place_that_cannot_be_filled_rests(void)
{
    struct model model;

    open_model(&model, 2, 3, SIZE_MAX);
    ready(&model, 0);
    model.workers[1] = (struct model_worker){0};
    pp_scheduler_start_failed(model.scheduler, 1);
    act(&model);
    g_assert_false(model.workers[1].started);
    finish_head(&model, 0);
    g_assert_true(model.workers[1].started);
    die(&model, 0, false, PP_DEATH_KILL);
    model.workers[1] = (struct model_worker){0};
    model.workers[0] = (struct model_worker){0};
    pp_scheduler_start_failed(model.scheduler, 0);
    pp_scheduler_start_failed(model.scheduler, 1);
    act(&model);
    g_assert_true(model.workers[0].started && model.workers[1].started);
    finish_model(&model);
}

/* What lies outside of tasks counts, but must not stop the only task there is. */
static void test_memory_that_is_held_delays_but_never_stops(void)
{
    struct model model;

    open_model(&model, 2, 0, 100);
    pp_scheduler_hold(model.scheduler, 80);
    submit_tasks(&model, 2, 50);
    ready(&model, 0);
    ready(&model, 1);
    g_assert_cmpuint(model.workers[0].count + model.workers[1].count, ==, 1);
    pp_scheduler_let_go(model.scheduler, 80);
    act(&model);
    g_assert_cmpuint(model.workers[0].count + model.workers[1].count, ==, 2);
    finish_model(&model);
}

/* Workers that die before they take anything must end in an error, not in an endless loop. */
static void test_workers_that_never_start_end_the_pool(void)
{
    struct model model;
    int deaths = 0;

    open_model(&model, 2, 1, 100);
    while (!pp_scheduler_hopeless(model.scheduler)) {
        g_assert_cmpint(deaths, <, 1000);
        die(&model, (uint32_t)(deaths++ % 2), false, PP_DEATH_CRASH);
    }
    g_assert_cmpint(deaths, >, PP_SCHEDULER_VAIN_DEATHS_MAX);
    pp_scheduler_destroy(model.scheduler);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/scheduler/every-order-of-events-resolves-every-task-once",
                    test_every_order_of_events_resolves_every_task_once);
    g_test_add_func("/scheduler/random-orders-of-events-resolve-every-task-once",
                    test_random_orders_of_events_resolve_every_task_once);
    g_test_add_func("/scheduler/tasks-are-sent-in-the-order-of-submission",
                    test_tasks_are_sent_in_the_order_of_submission);
    g_test_add_func("/scheduler/slow-tasks-are-not-sent-ahead", test_slow_tasks_are_not_sent_ahead);
    g_test_add_func("/scheduler/a-task-with-memory-is-not-sent-ahead",
                    test_a_task_with_memory_is_not_sent_ahead);
    g_test_add_func("/scheduler/a-large-task-is-not-starved-by-small-ones",
                    test_a_large_task_is_not_starved_by_small_ones);
    g_test_add_func("/scheduler/a-worker-cannot-answer-for-another",
                    test_a_worker_cannot_answer_for_another);
    g_test_add_func("/scheduler/a-place-that-cannot-be-filled-rests",
                    test_a_place_that_cannot_be_filled_rests);
    g_test_add_func("/scheduler/memory-that-is-held-delays-but-never-stops",
                    test_memory_that_is_held_delays_but_never_stops);
    g_test_add_func("/scheduler/workers-that-never-start-end-the-pool",
                    test_workers_that_never_start_end_the_pool);
    return g_test_run();
}
