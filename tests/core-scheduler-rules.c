/* SPDX-License-Identifier: MIT */
/*
 * The scheduler's rules one by one: who is sent where, and when; who is started and replaced.
 */
#include "tests/scheduler_model.h"

static void test_tasks_are_sent_in_the_order_of_submission(void)
{
    struct model model;

    open_model(&model, 1, 0, SIZE_MAX);
    submit_tasks(&model, 6, 0);
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

/* Tell the scheduler that task @t, the first of worker 0, has ended after @run_ns. */
static void finish_after(struct model *model, uint64_t run_ns)
{
    struct model_worker *worker = &model->workers[0];
    struct pp_scheduled *task = worker->inbox[0];
    bool known;

    worker->count--;
    memmove(worker->inbox, worker->inbox + 1, sizeof(worker->inbox[0]) * worker->count);
    model->was_finished[index_of(model, task)] = true;
    g_assert_true(pp_scheduler_finished(model->scheduler, 0, task->id, PP_DONE, run_ns, &known) ==
                  task);
    act(model);
}

static void submit_light_tasks(struct model *model, uint32_t count)
{
    submit_tasks(model, count, 0);
    for (uint32_t t = 0; t < count; t++) {
        model->tasks[t].light = true;
    }
}

/* Two as long as nobody knows how long they take, then as many as make up a batch's work. */
static void test_light_tasks_are_sent_ahead_in_numbers(void)
{
    struct model model;

    open_model(&model, 1, 0, SIZE_MAX);
    submit_light_tasks(&model, TASKS_MAX);
    ready(&model, 0);
    g_assert_cmpuint(model.workers[0].count, ==, 2);
    finish_after(&model, PP_SCHEDULER_AHEAD_NS / 10);
    g_assert_cmpuint(model.workers[0].count, ==, 10);
    for (int i = 0; i < 10; i++) {
        finish_after(&model, 0);
    }
    g_assert_cmpuint(model.workers[0].count, >, 10);
    finish_after(&model, 100 * PP_SCHEDULER_SHORT_NS);
    while (model.workers[0].count > 0) {
        unsigned before = model.workers[0].count;

        finish_after(&model, 100 * PP_SCHEDULER_SHORT_NS);
        g_assert_cmpuint(model.workers[0].count, <=, before > 1 ? before - 1 : 1);
    }
    finish_model(&model);
}

/* The second worker comes late: what waits behind the first one's long task goes to it, in order.
 */
static void test_what_waits_behind_a_long_task_goes_to_an_idle_worker(void)
{
    struct model model;

    open_model(&model, 2, 0, SIZE_MAX);
    submit_light_tasks(&model, 2);
    ready(&model, 0);
    g_assert_cmpuint(model.workers[0].count, ==, 2);
    g_assert_false(pp_scheduler_is_uneven(model.scheduler));
    ready(&model, 1);
    g_assert_true(pp_scheduler_is_uneven(model.scheduler));
    get_stuck(&model, 0, false);
    g_assert_cmpuint(model.workers[0].count, ==, 1);
    g_assert_true(model.workers[1].inbox[0] == &model.tasks[1]);
    g_assert_false(pp_scheduler_is_uneven(model.scheduler));
    finish_model(&model);
}

/* A worker that has begun with all of its tasks is asked once, and not again before it goes on. */
static void test_what_a_worker_keeps_is_not_asked_for_again(void)
{
    struct model model;

    open_model(&model, 2, 0, SIZE_MAX);
    submit_light_tasks(&model, 2);
    ready(&model, 0);
    ready(&model, 1);
    get_stuck(&model, 0, true);
    g_assert_cmpuint(model.workers[0].count, ==, 2);
    g_assert_false(pp_scheduler_is_uneven(model.scheduler));
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
    fail_to_start(&model, 1);
    g_assert_false(model.workers[1].started);
    finish_head(&model, 0);
    g_assert_true(model.workers[1].started);
    die(&model, 0, false, PP_DEATH_KILL);
    fail_to_start(&model, 0);
    g_assert_false(model.workers[0].started);
    fail_to_start(&model, 1);
    g_assert_true(model.workers[0].started || model.workers[1].started);
    finish_model(&model);
}

/* As many places as there are cannot be filled, but those that can do their work. */
static void test_many_places_that_cannot_be_filled_do_not_end_the_pool(void)
{
    struct pp_scheduler *scheduler = NULL;
    struct pp_scheduler_limits limits = {.workers = 200, .budget = SIZE_MAX};
    struct pp_scheduled tasks[50];
    struct pp_action action;
    bool known;

    memset(tasks, 0, sizeof(tasks));
    g_assert_cmpint(pp_scheduler_create(&scheduler, &limits), ==, 0);
    for (uint32_t t = 0; t < G_N_ELEMENTS(tasks); t++) {
        tasks[t].id = t + 1;
        pp_scheduler_submit(scheduler, &tasks[t]);
    }
    g_assert_true(pp_scheduler_next(scheduler, &action));
    g_assert_cmpint(action.kind, ==, PP_ACTION_START);
    pp_scheduler_ready(scheduler, action.worker);
    while (tasks[G_N_ELEMENTS(tasks) - 1].outcome == PP_OUTCOME_PENDING) {
        g_assert_false(pp_scheduler_hopeless(scheduler));
        if (!pp_scheduler_next(scheduler, &action)) {
            pp_scheduler_finished(scheduler, 0, pp_scheduler_head(scheduler, 0)->id, PP_DONE, 1000,
                                  &known);
        } else if (action.kind == PP_ACTION_START) {
            pp_scheduler_start_failed(scheduler, action.worker);
        }
    }
    pp_scheduler_destroy(scheduler);
}

/* The new one is there before the old one goes, and the two never work at the same time. */
static void test_a_worker_is_replaced_after_its_share_of_tasks(void)
{
    static const struct pp_scheduler_limits limits = {
        .workers = 1,
        .spare_places = 1,
        .tasks_per_worker = 2,
        .budget = SIZE_MAX,
    };
    struct model model;

    open_model_with(&model, &limits, 0);
    submit_tasks(&model, 3, 0);
    ready(&model, 0);
    g_assert_cmpuint(model.workers[0].count, ==, 2);
    g_assert_true(model.workers[1].started);
    ready(&model, 1);
    g_assert_cmpuint(model.workers[1].count, ==, 0);
    finish_head(&model, 0);
    finish_head(&model, 0);
    g_assert_true(model.workers[0].to_close);
    g_assert_cmpuint(model.workers[1].count, ==, 1);
    finish_model(&model);
}

/* What cannot be replaced before it goes goes first. */
static void test_a_worker_that_cannot_be_replaced_makes_room(void)
{
    static const struct pp_scheduler_limits limits = {
        .workers = 1,
        .spare_places = 1,
        .budget = SIZE_MAX,
    };
    struct model model;

    open_model_with(&model, &limits, 0);
    submit_tasks(&model, 3, 0);
    ready(&model, 0);
    retire(&model, 0);
    fail_to_start(&model, 1);
    g_assert_false(model.workers[0].to_close);
    finish_head(&model, 0);
    finish_head(&model, 0);
    g_assert_true(model.workers[0].to_close || model.workers[1].started);
    fail_to_start(&model, 1);
    g_assert_true(model.workers[0].to_close);
    die(&model, 0, false, PP_DEATH_ORDER);
    g_assert_true(model.workers[0].started || model.workers[1].started);
    finish_model(&model);
}

/* Give each task of @count one class, run them on one worker, and write down who came when. */
static void run_classes(struct model *model, const char *classes, char *ret_order)
{
    open_model(model, 1, 0, SIZE_MAX);
    model->task_count = (uint32_t)strlen(classes);
    g_assert_cmpuint(model->task_count, <=, TASKS_MAX);
    for (uint32_t t = 0; t < model->task_count; t++) {
        model->tasks[t] = (struct pp_scheduled){
            .id = t + 1,
            .bytes = 1, /* one at a time */
            .crash_attempts = 1,
            .kill_attempts = 1,
            .priority = classes[t] == 'h'   ? PP_PRIORITY_HIGH
                        : classes[t] == 'l' ? PP_PRIORITY_LOW
                                            : PP_PRIORITY_NORMAL,
        };
        pp_scheduler_submit(model->scheduler, &model->tasks[t]);
    }
    ready(model, 0);
    while (model->workers[0].count > 0) {
        *ret_order++ = classes[index_of(model, model->workers[0].inbox[0])];
        finish_head(model, 0);
    }
    *ret_order = '\0';
    finish_model(model);
}

static void test_a_higher_class_goes_first(void)
{
    struct model model;
    char order[TASKS_MAX + 1];

    run_classes(&model, "lnhlnhlnh", order);
    g_assert_cmpstr(order, ==, "hhhnnnlll");
}

static void test_one_of_eight_turns_goes_to_a_lower_class(void)
{
    struct model model;
    char order[TASKS_MAX + 1];

    run_classes(&model, "llhhhhhhhhhh", order);
    g_assert_cmpstr(order, ==, "hhhhhhhlhhhl");
    run_classes(&model, "lnhhhhhhhhhh", order);
    g_assert_cmpstr(order, ==, "hhhhhhhnhhhl");
}

/* However many come above it, a task of the lowest class has its turn after 8 times 8 others. */
static void test_the_lowest_class_waits_for_64_turns_at_most(void)
{
    struct pp_scheduler *scheduler = NULL;
    struct pp_scheduler_limits limits = {.workers = 1, .budget = SIZE_MAX};
    struct pp_scheduled tasks[200];
    struct pp_action action;
    unsigned turn = 0;
    bool known;

    memset(tasks, 0, sizeof(tasks));
    g_assert_cmpint(pp_scheduler_create(&scheduler, &limits), ==, 0);
    for (uint32_t t = 0; t < G_N_ELEMENTS(tasks); t++) {
        tasks[t].id = t + 1;
        tasks[t].bytes = 1;
        tasks[t].priority = t == 0       ? PP_PRIORITY_LOW
                            : t % 2 == 0 ? PP_PRIORITY_HIGH
                                         : PP_PRIORITY_NORMAL;
        pp_scheduler_submit(scheduler, &tasks[t]);
    }
    g_assert_true(pp_scheduler_next(scheduler, &action));
    pp_scheduler_ready(scheduler, 0);
    while (tasks[0].outcome == PP_OUTCOME_PENDING) {
        while (pp_scheduler_next(scheduler, &action)) {
        }
        turn++;
        pp_scheduler_finished(scheduler, 0, pp_scheduler_head(scheduler, 0)->id, PP_DONE, 1000,
                              &known);
    }
    g_assert_cmpuint(turn, ==, 64);
    pp_scheduler_destroy(scheduler);
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
    g_test_add_func("/scheduler/tasks-are-sent-in-the-order-of-submission",
                    test_tasks_are_sent_in_the_order_of_submission);
    g_test_add_func("/scheduler/slow-tasks-are-not-sent-ahead", test_slow_tasks_are_not_sent_ahead);
    g_test_add_func("/scheduler/light-tasks-are-sent-ahead-in-numbers",
                    test_light_tasks_are_sent_ahead_in_numbers);
    g_test_add_func("/scheduler/what-waits-behind-a-long-task-goes-to-an-idle-worker",
                    test_what_waits_behind_a_long_task_goes_to_an_idle_worker);
    g_test_add_func("/scheduler/what-a-worker-keeps-is-not-asked-for-again",
                    test_what_a_worker_keeps_is_not_asked_for_again);
    g_test_add_func("/scheduler/a-task-with-memory-is-not-sent-ahead",
                    test_a_task_with_memory_is_not_sent_ahead);
    g_test_add_func("/scheduler/a-large-task-is-not-starved-by-small-ones",
                    test_a_large_task_is_not_starved_by_small_ones);
    g_test_add_func("/scheduler/a-worker-cannot-answer-for-another",
                    test_a_worker_cannot_answer_for_another);
    g_test_add_func("/scheduler/a-place-that-cannot-be-filled-rests",
                    test_a_place_that_cannot_be_filled_rests);
    g_test_add_func("/scheduler/many-places-that-cannot-be-filled-do-not-end-the-pool",
                    test_many_places_that_cannot_be_filled_do_not_end_the_pool);
    g_test_add_func("/scheduler/a-worker-is-replaced-after-its-share-of-tasks",
                    test_a_worker_is_replaced_after_its_share_of_tasks);
    g_test_add_func("/scheduler/a-worker-that-cannot-be-replaced-makes-room",
                    test_a_worker_that_cannot_be_replaced_makes_room);
    g_test_add_func("/scheduler/a-higher-class-goes-first", test_a_higher_class_goes_first);
    g_test_add_func("/scheduler/one-of-eight-turns-goes-to-a-lower-class",
                    test_one_of_eight_turns_goes_to_a_lower_class);
    g_test_add_func("/scheduler/the-lowest-class-waits-for-64-turns-at-most",
                    test_the_lowest_class_waits_for_64_turns_at_most);
    g_test_add_func("/scheduler/memory-that-is-held-delays-but-never-stops",
                    test_memory_that_is_held_delays_but_never_stops);
    g_test_add_func("/scheduler/workers-that-never-start-end-the-pool",
                    test_workers_that_never_start_end_the_pool);
    return g_test_run();
}
