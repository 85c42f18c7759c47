/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Scheduler model: a pool that is played by a test
 *
 * It carries out each action at once in a model of its own (who is started, what is in which inbox)
 * and checks each against the rules. Since the scheduler makes no system call, an order of events
 * is just a list of choices.
 */

#include <glib.h>
#include <string.h>

#include "core/scheduler.h"

enum { WORKERS_MAX = 4, PLACES_MAX = 2 * WORKERS_MAX, TASKS_MAX = 40, CHOICES_MAX = 192 };

struct model_worker {
    bool started;
    bool ready;
    bool to_kill;
    bool retiring;
    bool to_close;
    struct pp_scheduled *inbox[PP_SCHEDULER_CREDIT];
    bool aborted[PP_SCHEDULER_CREDIT];
    unsigned count;
    unsigned ever_sent;
};

struct model {
    struct pp_scheduler *scheduler;
    struct pp_scheduler_limits limits;
    uint32_t place_count;
    uint32_t task_count;
    bool keeps;        /* workers have begun with all that they were sent */
    bool start_failed; /* once: then not every place need be filled at the end */
    struct model_worker workers[PLACES_MAX];
    struct pp_scheduled tasks[TASKS_MAX];
    unsigned blamed_crashes[TASKS_MAX];
    unsigned blamed_kills[TASKS_MAX];
    unsigned losses[TASKS_MAX];
    bool was_aborted[TASKS_MAX];
    bool was_finished[TASKS_MAX];
    unsigned resolved[TASKS_MAX];
};

static inline uint32_t index_of(const struct model *model, const struct pp_scheduled *task)
{
    return (uint32_t)(task - model->tasks);
}

static inline size_t bytes_in_work(const struct model *model, unsigned *ret_tasks)
{
    size_t bytes = 0;

    *ret_tasks = 0;
    for (uint32_t w = 0; w < model->place_count; w++) {
        for (unsigned i = 0; i < model->workers[w].count; i++) {
            bytes += model->workers[w].inbox[i]->bytes;
            *ret_tasks += model->workers[w].inbox[i]->bytes > 0;
        }
    }
    return bytes;
}

static inline unsigned busy_workers(const struct model *model)
{
    unsigned busy = 0;

    for (uint32_t w = 0; w < model->place_count; w++) {
        busy += model->workers[w].count > 0;
    }
    return busy;
}

/* Workers that are ready and were not told to end. */
static inline unsigned workers_there(const struct model *model)
{
    unsigned there = 0;

    for (uint32_t w = 0; w < model->place_count; w++) {
        there += model->workers[w].ready && !model->workers[w].to_close;
    }
    return there;
}

static inline void check_send(struct model *model, const struct pp_action *action)
{
    struct model_worker *worker = &model->workers[action->worker];
    struct pp_scheduled *task = action->task;
    unsigned tasks;

    g_assert_true(worker->started && worker->ready && !worker->to_kill && !worker->retiring);
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
    g_assert_cmpuint(busy_workers(model), <=, model->limits.workers);
    if (worker->ever_sent == model->limits.tasks_per_worker) {
        worker->retiring = true;
    }
    if (bytes_in_work(model, &tasks) > model->limits.budget) {
        g_assert_cmpuint(tasks, ==, 1);
    }
}

/* The outcome must be what the model saw happen, and nothing may be resolved twice. */
static inline void check_resolve(struct model *model, struct pp_scheduled *task)
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

/* Only a worker that retires is closed, after its tasks, and never the last one there is unless no
 * other could be started. */
static inline void check_close(struct model *model, uint32_t w)
{
    struct model_worker *worker = &model->workers[w];

    g_assert_true(worker->ready && !worker->to_close);
    g_assert_cmpuint(worker->count, ==, 0);
    if (!model->start_failed) {
        g_assert_true(worker->retiring);
        g_assert_cmpuint(workers_there(model), >, model->limits.workers);
    }
    worker->retiring = true;
    worker->to_close = true;
}

/* Only what waits behind another task is recalled, from the back, while somebody is idle. */
static inline void check_recall(struct model *model, const struct pp_action *action)
{
    struct model_worker *worker = &model->workers[action->worker];
    unsigned at = worker->count - 1;

    g_assert_cmpuint(busy_workers(model), <, model->limits.workers);
    while (at > 1 && worker->aborted[at]) {
        at--;
    }
    g_assert_cmpuint(at, >, 0);
    g_assert_true(worker->inbox[at] == action->task && !worker->aborted[at]);
    if (model->keeps) {
        pp_scheduler_kept(model->scheduler, action->worker);
        return;
    }
    worker->count--;
    worker->ever_sent--;
    memmove(worker->inbox + at, worker->inbox + at + 1,
            sizeof(worker->inbox[0]) * (worker->count - at));
    memmove(worker->aborted + at, worker->aborted + at + 1,
            sizeof(worker->aborted[0]) * (worker->count - at));
    pp_scheduler_recalled(model->scheduler, action->task);
}

static inline void act(struct model *model)
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
        case PP_ACTION_RECALL:
            check_recall(model, &action);
            break;
        case PP_ACTION_CLOSE:
            check_close(model, action.worker);
            break;
        case PP_ACTION_RESOLVE:
            check_resolve(model, action.task);
            break;
        }
    }
}

static inline void ready(struct model *model, uint32_t w)
{
    model->workers[w].ready = true;
    pp_scheduler_ready(model->scheduler, w);
    act(model);
}

static inline void finish_head(struct model *model, uint32_t w)
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

static inline void die(struct model *model, uint32_t w, bool blame, enum pp_death death)
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

static inline void fail_to_start(struct model *model, uint32_t w)
{
    model->start_failed = true;
    model->workers[w] = (struct model_worker){0};
    pp_scheduler_start_failed(model->scheduler, w);
    act(model);
}

static inline void retire(struct model *model, uint32_t w)
{
    model->workers[w].retiring = true;
    pp_scheduler_retire(model->scheduler, w);
    act(model);
}

/* A worker is found to be at its first task for long. */
static inline void get_stuck(struct model *model, uint32_t w, bool keeps)
{
    model->keeps = keeps;
    pp_scheduler_stuck(model->scheduler, w);
    act(model);
    if (!keeps) {
        for (unsigned i = 1; i < model->workers[w].count; i++) {
            g_assert_true(model->workers[w].aborted[i]);
        }
    }
}

static inline void abort_task(struct model *model, uint32_t t)
{
    struct pp_scheduled *task = &model->tasks[t];
    bool running = false;

    if (task->outcome != PP_OUTCOME_PENDING) {
        return;
    }
    model->was_aborted[t] = true;
    for (uint32_t w = 0; w < model->place_count; w++) {
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
    enum {
        CHOICE_READY,
        CHOICE_START_FAILS,
        CHOICE_FINISH,
        CHOICE_DIE,
        CHOICE_RETIRE,
        CHOICE_STUCK,
        CHOICE_ABORT
    } kind;
    uint32_t index;
    bool blame;
    enum pp_death death;
    bool keeps;
};

static inline unsigned list_choices(const struct model *model, struct choice *choices)
{
    unsigned n = 0;

    for (uint32_t w = 0; w < model->place_count; w++) {
        const struct model_worker *worker = &model->workers[w];

        if (!worker->started) {
            continue;
        }
        if (!worker->ready) {
            choices[n++] = (struct choice){.kind = CHOICE_READY, .index = w};
            choices[n++] = (struct choice){.kind = CHOICE_START_FAILS, .index = w};
        } else if (model->limits.spare_places > 0 && !worker->retiring) {
            choices[n++] = (struct choice){.kind = CHOICE_RETIRE, .index = w};
        }
        if (worker->count > 0) {
            choices[n++] = (struct choice){.kind = CHOICE_FINISH, .index = w};
            choices[n++] = (struct choice){CHOICE_DIE, w, true, PP_DEATH_CRASH, false};
            choices[n++] = (struct choice){CHOICE_DIE, w, true, PP_DEATH_KILL, false};
            choices[n++] = (struct choice){CHOICE_DIE, w, true, PP_DEATH_LOST, false};
        }
        if (worker->count > 1 && pp_scheduler_is_uneven(model->scheduler)) {
            choices[n++] = (struct choice){.kind = CHOICE_STUCK, .index = w};
            choices[n++] = (struct choice){.kind = CHOICE_STUCK, .index = w, .keeps = true};
        }
        choices[n++] = (struct choice){
            CHOICE_DIE, w, false,
            worker->to_kill || worker->to_close ? PP_DEATH_ORDER : PP_DEATH_KILL, false};
    }
    for (uint32_t t = 0; t < model->task_count; t++) {
        if (model->tasks[t].outcome == PP_OUTCOME_PENDING) {
            choices[n++] = (struct choice){.kind = CHOICE_ABORT, .index = t};
        }
    }
    g_assert_cmpuint(n, <=, CHOICES_MAX);
    return n;
}

static inline void apply(struct model *model, const struct choice *choice)
{
    switch (choice->kind) {
    case CHOICE_READY:
        ready(model, choice->index);
        break;
    case CHOICE_START_FAILS:
        fail_to_start(model, choice->index);
        break;
    case CHOICE_RETIRE:
        retire(model, choice->index);
        break;
    case CHOICE_STUCK:
        get_stuck(model, choice->index, choice->keeps);
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

static inline void open_model_with(struct model *model, const struct pp_scheduler_limits *limits,
                                   uint32_t tasks)
{
    memset(model, 0, sizeof(*model));
    model->limits = *limits;
    model->place_count = limits->workers + limits->spare_places;
    model->task_count = tasks;
    g_assert_cmpint(pp_scheduler_create(&model->scheduler, limits), ==, 0);
    g_assert_cmpuint(pp_scheduler_places(model->scheduler), ==, model->place_count);
    for (uint32_t t = 0; t < tasks; t++) {
        model->tasks[t] = (struct pp_scheduled){
            .id = t + 1,
            .bytes = (t % 3) * 40,
            .crash_attempts = 1 + t % 2,
            .kill_attempts = 1 + t % 3,
            .priority = (enum pp_priority)(t / 2 % 3),
            .light = t % 3 == 0,
        };
        pp_scheduler_submit(model->scheduler, &model->tasks[t]);
    }
    act(model);
}

static inline void open_model(struct model *model, uint32_t workers, uint32_t tasks, size_t budget)
{
    struct pp_scheduler_limits limits = {.workers = workers, .budget = budget};

    open_model_with(model, &limits, tasks);
}

/*
 * From any state, workers that start and answer must be enough to resolve every task: no order of
 * deaths and aborts may leave a task behind, or a worker that is never replaced.
 */
static inline void finish_model(struct model *model)
{
    bool busy = true;

    while (busy) {
        busy = false;
        for (uint32_t w = 0; w < model->place_count; w++) {
            struct model_worker *worker = &model->workers[w];

            if (worker->to_kill || worker->to_close) {
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
    if (!pp_scheduler_hopeless(model->scheduler) && !model->start_failed) {
        g_assert_cmpuint(workers_there(model), ==, model->limits.workers);
        for (uint32_t w = 0; w < model->place_count; w++) {
            g_assert_false(model->workers[w].retiring);
        }
    }
    pp_scheduler_destroy(model->scheduler);
}

/* Tasks that are all alike, in a model that was opened without any. */
static inline void submit_tasks(struct model *model, uint32_t count, size_t bytes)
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
