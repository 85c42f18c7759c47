/* SPDX-License-Identifier: MIT */
/*
 * What is to be done follows from the state, in this order:
 *
 *     kill what has to die, resolve what has ended, start what is missing, recall what waits at the
 *     wrong place, send what can be sent, close what was replaced.
 *
 * Admission. The task whose turn it is goes out when it fits the budget; where it does not, it
 * waits until enough is free, and the others wait with it, so a large one is never starved. With
 * nothing in work the first one goes out however large it is. A task that needs memory is not sent
 * ahead to a busy worker: its memory would lie idle there. Others are sent ahead as long as tasks
 * are usually short, and light ones in such numbers that host and worker work in batches.
 *
 * Replacing. A worker that retires does not count as one that is kept, so another one is started in
 * a spare place. It may be ready before the old one's last task is done; but no more workers have
 * tasks at a time than are kept. The old one is closed when it has no task and there are enough
 * others; where none could be started, what it holds may be what is missing, and it is closed
 * first. So is any idle worker where a task waits for a fresh one and none can be started.
 */
#include "core/scheduler_private.h"

static bool next_kill(struct pp_scheduler *scheduler, struct pp_action *action)
{
    for (uint32_t i = 0; scheduler->to_kill > 0; i++) {
        struct pp_scheduler_worker *worker = &scheduler->workers[i];

        if (worker->must_die && !worker->dying) {
            pp_scheduler_worker_kill(scheduler, worker);
            *action = (struct pp_action){.kind = PP_ACTION_KILL, .worker = i};
            return true;
        }
    }
    return false;
}

static bool next_resolve(struct pp_scheduler *scheduler, struct pp_action *action)
{
    struct pp_scheduled *task = pp_scheduler_queue_pop(&scheduler->ended);

    if (task == NULL) {
        return false;
    }
    *action = (struct pp_action){.kind = PP_ACTION_RESOLVE, .task = task};
    return true;
}

/* Workers that are there or come, without those that go. */
static uint32_t staying(const struct pp_scheduler *scheduler)
{
    return scheduler->in_state[PP_PLACE_STARTING] + scheduler->in_state[PP_PLACE_READY] -
           scheduler->retiring - scheduler->closing;
}

static bool next_start(struct pp_scheduler *scheduler, struct pp_action *action)
{
    if (staying(scheduler) >= scheduler->limits.workers ||
        scheduler->in_state[PP_PLACE_ABSENT] == 0 || scheduler->stopped ||
        pp_scheduler_hopeless(scheduler) ||
        scheduler->in_state[PP_PLACE_STARTING] >= PP_SCHEDULER_STARTING_MAX) {
        return false;
    }
    for (uint32_t i = 0;; i++) {
        struct pp_scheduler_worker *worker = &scheduler->workers[i];

        if (worker->state == PP_PLACE_ABSENT) {
            pp_scheduler_worker_enter(scheduler, worker, PP_PLACE_STARTING);
            *action = (struct pp_action){.kind = PP_ACTION_START, .worker = i};
            return true;
        }
    }
}

/* From the back, so that each return to the front of the queue keeps the order. */
static bool next_recall(struct pp_scheduler *scheduler, struct pp_action *action)
{
    for (uint32_t i = 0; scheduler->recalling > 0; i++) {
        struct pp_scheduler_worker *worker = &scheduler->workers[i];

        for (unsigned at = worker->recalling ? worker->count : 0; at > 1; at--) {
            struct pp_scheduled *task = pp_scheduler_worker_entry(worker, at - 1)->task;

            if (task != NULL) {
                *action = (struct pp_action){PP_ACTION_RECALL, i, task};
                return true;
            }
        }
        if (worker->recalling) {
            pp_scheduler_worker_hold_up(scheduler, worker, true, false);
        }
    }
    return false;
}

/* How many tasks a worker may have, this one included. */
static unsigned credit_for(const struct pp_scheduler *scheduler, const struct pp_scheduled *task)
{
    uint64_t credit;

    if (task->bytes > 0 || scheduler->usual_ns > PP_SCHEDULER_SHORT_NS) {
        return 1;
    }
    if (!task->light || scheduler->usual_ns == 0) {
        return 2;
    }
    credit = PP_SCHEDULER_AHEAD_NS / scheduler->usual_ns;
    return credit < 2 ? 2 : credit > PP_SCHEDULER_CREDIT ? PP_SCHEDULER_CREDIT : (unsigned)credit;
}

/*
 * The worker with least to do that takes another task; for one that must be alone, a fresh one.
 * Fresh ones are kept for those as long as one waits: each was started for the crash of one.
 */
static struct pp_scheduler_worker *choose_worker(struct pp_scheduler *scheduler,
                                                 const struct pp_scheduled *task)
{
    unsigned credit = credit_for(scheduler, task);
    bool some_wait_alone = scheduler->waiting.alone.first != NULL;
    uint64_t counts = scheduler->open_counts & ((UINT64_C(1) << credit) - 1);

    if (scheduler->busy >= scheduler->limits.workers) {
        counts &= ~UINT64_C(1); /* no idle one */
    }
    for (; counts != 0; counts &= counts - 1) {
        struct pp_scheduler_worker *worker = scheduler->open[__builtin_ctzll(counts)];

        while (worker != NULL &&
               (task->alone ? !worker->fresh : worker->fresh && some_wait_alone)) {
            worker = worker->next;
        }
        if (worker != NULL) {
            return worker;
        }
    }
    return NULL;
}

static bool fits(const struct pp_scheduler *scheduler, const struct pp_scheduled *task)
{
    size_t taken = scheduler->used + scheduler->held;

    return scheduler->used == 0 ||
           (taken <= scheduler->limits.budget && task->bytes <= scheduler->limits.budget - taken);
}

static bool send(struct pp_scheduler *scheduler, struct pp_scheduled *task,
                 struct pp_action *action)
{
    struct pp_scheduler_worker *worker;

    if (task == NULL || !fits(scheduler, task)) {
        return false;
    }
    worker = choose_worker(scheduler, task);
    if (worker == NULL) {
        return false;
    }
    pp_scheduler_queues_take(&scheduler->waiting, task);
    task->sent = true;
    task->worker = (uint32_t)(worker - scheduler->workers);
    pp_scheduler_worker_give(scheduler, worker, task);
    if (worker->given == scheduler->limits.tasks_per_worker) {
        pp_scheduler_worker_retire(scheduler, worker);
    }
    *action = (struct pp_action){.kind = PP_ACTION_SEND, .worker = task->worker, .task = task};
    return true;
}

static bool next_send(struct pp_scheduler *scheduler, struct pp_action *action)
{
    struct pp_scheduled *alone = scheduler->waiting.alone.first;

    if (send(scheduler, alone, action)) {
        return true;
    }
    /* One that waits for memory must not be overtaken; one that waits for its worker may be. */
    return (alone == NULL || fits(scheduler, alone)) &&
           send(scheduler, pp_scheduler_queues_next(&scheduler->waiting), action);
}

/* Whether idle workers that retire may go. */
static bool may_close(const struct pp_scheduler *scheduler)
{
    uint32_t there = scheduler->in_state[PP_PLACE_READY] - scheduler->closing;

    return scheduler->retiring > 0 && (there > scheduler->limits.workers || scheduler->tight);
}

/* Whether a task must have a fresh worker, and none is there, or comes, or could be started. */
static bool needs_a_fresh_one(const struct pp_scheduler *scheduler)
{
    if (scheduler->waiting.alone.first == NULL || scheduler->busy > 0 || scheduler->closing > 0 ||
        scheduler->in_state[PP_PLACE_STARTING] + scheduler->in_state[PP_PLACE_ABSENT] > 0) {
        return false;
    }
    for (uint32_t i = 0; i < scheduler->place_count; i++) {
        if (scheduler->workers[i].fresh) {
            return false;
        }
    }
    return true;
}

static bool next_close(struct pp_scheduler *scheduler, struct pp_action *action)
{
    bool any = needs_a_fresh_one(scheduler);

    if (!any && !may_close(scheduler)) {
        return false;
    }
    for (uint32_t i = 0; i < scheduler->place_count; i++) {
        struct pp_scheduler_worker *worker = &scheduler->workers[i];

        if (worker->state == PP_PLACE_READY && (worker->retiring || any) && !worker->closing &&
            !worker->must_die && worker->count == 0) {
            pp_scheduler_worker_retire(scheduler, worker);
            pp_scheduler_worker_close(scheduler, worker);
            *action = (struct pp_action){.kind = PP_ACTION_CLOSE, .worker = i};
            return true;
        }
    }
    return false;
}

bool pp_scheduler_next(struct pp_scheduler *scheduler, struct pp_action *ret_action)
{
    return next_kill(scheduler, ret_action) || next_resolve(scheduler, ret_action) ||
           next_start(scheduler, ret_action) || next_recall(scheduler, ret_action) ||
           next_send(scheduler, ret_action) || next_close(scheduler, ret_action);
}
