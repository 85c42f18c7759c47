/* SPDX-License-Identifier: MIT */
/*
 * State: tasks that wait, by classes, and per worker an inbox of what was sent to it, the first of
 * which it works on. Actions are not stored: pp_scheduler_next() looks at the state and returns the
 * first thing to be done (scheduler_actions.c). So the machine needs no memory beyond its tables,
 * and no event can be lost between two actions.
 *
 * Blame. A worker dies in the middle of one task at most, the one its breadcrumbs name. Only that
 * task is charged: it waits alone for a fresh worker when it has attempts left, in front of all
 * others when somebody else killed the worker. The others of the inbox go back to the front of the
 * queue, free of charge. An aborted task stays in the inbox as an entry without task until its
 * worker answers or dies: only then is its memory free of that worker.
 *
 * Places. There are more of them than workers to keep, where workers are to be replaced: the new
 * one starts while the old one still works.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/scheduler_private.h"

int pp_scheduler_create(struct pp_scheduler **ret_scheduler,
                        const struct pp_scheduler_limits *limits)
{
    struct pp_scheduler *scheduler = calloc(1, sizeof(*scheduler));
    uint32_t places = limits->workers + limits->spare_places;

    if (scheduler == NULL) {
        return -ENOMEM;
    }
    scheduler->workers = calloc(places, sizeof(*scheduler->workers));
    if (scheduler->workers == NULL) {
        free(scheduler);
        return -ENOMEM;
    }
    scheduler->limits = *limits;
    scheduler->place_count = places;
    scheduler->in_state[PP_PLACE_ABSENT] = places;
    *ret_scheduler = scheduler;
    return 0;
}

void pp_scheduler_destroy(struct pp_scheduler *scheduler)
{
    if (scheduler != NULL) {
        free(scheduler->workers);
        free(scheduler);
    }
}

uint32_t pp_scheduler_places(const struct pp_scheduler *scheduler)
{
    return scheduler->place_count;
}

static void end_task(struct pp_scheduler *scheduler, struct pp_scheduled *task,
                     enum pp_outcome outcome)
{
    task->outcome = outcome;
    task->sent = false;
    pp_scheduler_queue_push(&scheduler->ended, task);
}

static void send_back(struct pp_scheduler *scheduler, struct pp_scheduled *task)
{
    task->sent = false;
    pp_scheduler_queues_return(&scheduler->waiting, task);
}

void pp_scheduler_submit(struct pp_scheduler *scheduler, struct pp_scheduled *task)
{
    pp_scheduler_queues_add(&scheduler->waiting, task);
}

bool pp_scheduler_is_starting(const struct pp_scheduler *scheduler, uint32_t worker)
{
    return scheduler->workers[worker].state == PP_PLACE_STARTING;
}

/* A place that rests is tried again: one for each reason to hope, not all at once. */
static void wake_a_place(struct pp_scheduler *scheduler)
{
    for (uint32_t i = 0; scheduler->in_state[PP_PLACE_RESTING] > 0; i++) {
        if (scheduler->workers[i].state == PP_PLACE_RESTING) {
            pp_scheduler_worker_enter(scheduler, &scheduler->workers[i], PP_PLACE_ABSENT);
            return;
        }
    }
}

void pp_scheduler_start_failed(struct pp_scheduler *scheduler, uint32_t worker)
{
    pp_scheduler_worker_enter(scheduler, &scheduler->workers[worker], PP_PLACE_RESTING);
    scheduler->tight = true;
    if (scheduler->in_state[PP_PLACE_READY] + scheduler->in_state[PP_PLACE_STARTING] == 0) {
        scheduler->vain_deaths++;
        wake_a_place(scheduler);
    }
}

void pp_scheduler_hold(struct pp_scheduler *scheduler, size_t bytes)
{
    scheduler->held += bytes;
}

void pp_scheduler_let_go(struct pp_scheduler *scheduler, size_t bytes)
{
    scheduler->held -= bytes;
}

void pp_scheduler_ready(struct pp_scheduler *scheduler, uint32_t worker)
{
    if (scheduler->workers[worker].state == PP_PLACE_STARTING) {
        pp_scheduler_worker_enter(scheduler, &scheduler->workers[worker], PP_PLACE_READY);
        scheduler->tight = false;
        wake_a_place(scheduler);
    }
}

void pp_scheduler_retire(struct pp_scheduler *scheduler, uint32_t worker)
{
    pp_scheduler_worker_retire(scheduler, &scheduler->workers[worker]);
}

/* An average in which the last few runs count most. */
static void note_run(struct pp_scheduler *scheduler, uint64_t run_ns)
{
    uint64_t usual = scheduler->usual_ns;

    usual = usual == 0 ? run_ns : usual - usual / 4 + run_ns / 4;
    scheduler->usual_ns = usual == 0 ? 1 : usual;
}

struct pp_scheduled *pp_scheduler_finished(struct pp_scheduler *scheduler, uint32_t worker,
                                           uint64_t id, enum pp_outcome outcome, uint64_t run_ns,
                                           bool *ret_known)
{
    struct pp_scheduler_worker *from = &scheduler->workers[worker];
    struct pp_scheduled *task;

    /* A worker takes its tasks in order, so it can only speak of the first. */
    *ret_known = from->count > 0 && pp_scheduler_worker_entry(from, 0)->id == id;
    if (!*ret_known) {
        return NULL;
    }
    scheduler->vain_deaths = 0;
    wake_a_place(scheduler);
    note_run(scheduler, run_ns);
    task = pp_scheduler_worker_take_first(scheduler, from);
    if (task != NULL) {
        end_task(scheduler, task, outcome);
    }
    return task;
}

/* The task in work when the worker died has one attempt less. */
static void charge(struct pp_scheduler *scheduler, struct pp_scheduled *task, enum pp_death death)
{
    bool blameless = death == PP_DEATH_ORDER ||
                     (death == PP_DEATH_LOST && ++task->losses <= PP_SCHEDULER_LOSSES_MAX);

    if (blameless) {
        send_back(scheduler, task);
    } else if (death == PP_DEATH_KILL) {
        if (++task->kills < task->kill_attempts) {
            send_back(scheduler, task);
        } else {
            end_task(scheduler, task, PP_CRASHED);
        }
    } else if (++task->crashes < task->crash_attempts) {
        task->alone = true;
        send_back(scheduler, task);
    } else {
        end_task(scheduler, task, PP_CRASHED);
    }
}

struct pp_scheduled *pp_scheduler_died(struct pp_scheduler *scheduler, uint32_t worker,
                                       uint64_t guilty, enum pp_death death)
{
    struct pp_scheduler_worker *dead = &scheduler->workers[worker];
    struct pp_scheduled *charged = NULL;
    bool blamed = false;
    /* An idle worker that dies costs nothing; one that cannot start or take a task is in vain. */
    bool vain = (dead->state == PP_PLACE_STARTING || dead->count > 0) &&
                (death == PP_DEATH_CRASH || death == PP_DEATH_KILL);

    /* From the back, so that each push to the front keeps the order. */
    while (dead->count > 0) {
        bool is_guilty =
            guilty != 0 && dead->count == 1 && pp_scheduler_worker_entry(dead, 0)->id == guilty;
        struct pp_scheduled *task = pp_scheduler_worker_take_back(scheduler, dead, dead->count - 1);

        blamed = blamed || is_guilty;
        if (task != NULL && is_guilty) {
            charged = task;
            charge(scheduler, task, death);
        } else if (task != NULL) {
            send_back(scheduler, task);
        }
    }
    if (vain && !blamed) {
        scheduler->vain_deaths++;
    }
    pp_scheduler_worker_enter(scheduler, dead, PP_PLACE_ABSENT);
    wake_a_place(scheduler);
    return charged;
}

void pp_scheduler_refused(struct pp_scheduler *scheduler, struct pp_scheduled *task)
{
    struct pp_scheduler_worker *worker = &scheduler->workers[task->worker];

    pp_scheduler_worker_take_back(scheduler, worker, worker->count - 1);
    end_task(scheduler, task, PP_FAILED);
}

/* Where in its worker's inbox a task is that was sent. */
static unsigned place_of(const struct pp_scheduler *scheduler, const struct pp_scheduled *task)
{
    struct pp_scheduler_worker *worker = &scheduler->workers[task->worker];
    unsigned index = 0;

    while (pp_scheduler_worker_entry(worker, index)->task != task) {
        index++;
    }
    return index;
}

void pp_scheduler_abort(struct pp_scheduler *scheduler, struct pp_scheduled *task,
                        enum pp_outcome outcome, bool running)
{
    if (task->outcome != PP_OUTCOME_PENDING) {
        return;
    }
    if (task->sent) {
        struct pp_scheduler_worker *worker = &scheduler->workers[task->worker];

        pp_scheduler_worker_entry(worker, place_of(scheduler, task))->task = NULL;
        if (running) {
            pp_scheduler_worker_condemn(scheduler, worker);
        }
    } else {
        pp_scheduler_queues_remove(&scheduler->waiting, task);
    }
    end_task(scheduler, task, outcome);
}

bool pp_scheduler_is_uneven(const struct pp_scheduler *scheduler)
{
    return scheduler->laden > 0 && scheduler->open[0] != NULL &&
           scheduler->busy < scheduler->limits.workers;
}

void pp_scheduler_stuck(struct pp_scheduler *scheduler, uint32_t worker)
{
    pp_scheduler_worker_hold_up(scheduler, &scheduler->workers[worker], true, true);
}

void pp_scheduler_recalled(struct pp_scheduler *scheduler, struct pp_scheduled *task)
{
    pp_scheduler_worker_take_back(scheduler, &scheduler->workers[task->worker],
                                  place_of(scheduler, task));
    send_back(scheduler, task);
}

void pp_scheduler_kept(struct pp_scheduler *scheduler, uint32_t worker)
{
    pp_scheduler_worker_hold_up(scheduler, &scheduler->workers[worker], true, false);
}

struct pp_scheduled *pp_scheduler_head(const struct pp_scheduler *scheduler, uint32_t worker)
{
    struct pp_scheduler_worker *at = &scheduler->workers[worker];

    return at->count == 0 ? NULL : pp_scheduler_worker_entry(at, 0)->task;
}

void pp_scheduler_stop_starting(struct pp_scheduler *scheduler)
{
    scheduler->stopped = true;
}

bool pp_scheduler_hopeless(const struct pp_scheduler *scheduler)
{
    return scheduler->vain_deaths > PP_SCHEDULER_VAIN_DEATHS_MAX;
}
