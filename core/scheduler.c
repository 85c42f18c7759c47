/* SPDX-License-Identifier: MIT */
/*
 * State: a queue of waiting tasks, a second one of tasks that must run alone, and per worker an
 * inbox of what was sent to it, the first of which it works on. Actions are not stored:
 * pp_scheduler_next() looks at the state and returns the first thing to be done, in the order
 *
 *     kill what has to die, resolve what has ended, start what is missing, send what can be sent,
 *
 * so the machine needs no memory beyond its tables and no event can be lost between two actions.
 *
 * Blame. A worker dies in the middle of one task at most, the one its breadcrumbs name. Only that
 * task is charged: it waits alone for a fresh worker when it has attempts left, in front of all
 * others when somebody else killed the worker. The others of the inbox go back to the front of the
 * queue, free of charge. An aborted task stays in the inbox as an entry without task until its
 * worker answers or dies: only then is its memory free of that worker.
 *
 * Admission. Tasks go out in the order of submission; the first one that does not fit the budget
 * waits until enough of it is free, and those behind it wait with it, so a large one is never
 * starved. With nothing in work the first one goes out however large it is. A task that needs
 * memory is not sent ahead to a busy worker: its memory would lie idle there.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/scheduler.h"

enum worker_state { ABSENT, RESTING, STARTING, READY };

struct inbox_entry {
    uint64_t id;
    size_t bytes;
    struct pp_scheduled *task; /* NULL: aborted */
};

struct worker {
    enum worker_state state;
    bool must_die;
    bool dying; /* the kill was handed out */
    bool fresh; /* no task was sent to it yet */
    bool alone; /* its task must be the only one */
    unsigned count;
    struct inbox_entry inbox[PP_SCHEDULER_CREDIT];
};

struct queue {
    struct pp_scheduled *first;
    struct pp_scheduled *last;
};

struct pp_scheduler {
    uint32_t worker_count;
    struct worker *workers;
    size_t budget;
    size_t used; /* bytes of tasks in inboxes */
    size_t held; /* bytes outside of them */
    struct queue waiting;
    struct queue alone;
    struct queue ended;
    uint64_t usual_ns; /* moving average of run times */
    unsigned vain_deaths;
    bool stopped;
};

static void push_back(struct queue *queue, struct pp_scheduled *task)
{
    task->next = NULL;
    task->previous = queue->last;
    if (queue->last != NULL) {
        queue->last->next = task;
    } else {
        queue->first = task;
    }
    queue->last = task;
}

static void push_front(struct queue *queue, struct pp_scheduled *task)
{
    task->previous = NULL;
    task->next = queue->first;
    if (queue->first != NULL) {
        queue->first->previous = task;
    } else {
        queue->last = task;
    }
    queue->first = task;
}

static void unlink_task(struct queue *queue, struct pp_scheduled *task)
{
    if (task->previous != NULL) {
        task->previous->next = task->next;
    } else {
        queue->first = task->next;
    }
    if (task->next != NULL) {
        task->next->previous = task->previous;
    } else {
        queue->last = task->previous;
    }
    task->previous = NULL;
    task->next = NULL;
}

int pp_scheduler_create(struct pp_scheduler **ret_scheduler, uint32_t workers, size_t budget)
{
    struct pp_scheduler *scheduler = calloc(1, sizeof(*scheduler));

    if (scheduler == NULL) {
        return -ENOMEM;
    }
    scheduler->workers = calloc(workers, sizeof(*scheduler->workers));
    if (scheduler->workers == NULL) {
        free(scheduler);
        return -ENOMEM;
    }
    scheduler->worker_count = workers;
    scheduler->budget = budget;
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

static void end_task(struct pp_scheduler *scheduler, struct pp_scheduled *task,
                     enum pp_outcome outcome)
{
    task->outcome = outcome;
    task->sent = false;
    push_back(&scheduler->ended, task);
}

static void send_back(struct pp_scheduler *scheduler, struct pp_scheduled *task)
{
    task->sent = false;
    push_front(task->alone ? &scheduler->alone : &scheduler->waiting, task);
}

/* Take entry @index out of the inbox; its memory is free of this worker. */
static struct pp_scheduled *take_entry(struct pp_scheduler *scheduler, struct worker *worker,
                                       unsigned index)
{
    struct pp_scheduled *task = worker->inbox[index].task;

    scheduler->used -= worker->inbox[index].bytes;
    worker->count--;
    for (unsigned i = index; i < worker->count; i++) {
        worker->inbox[i] = worker->inbox[i + 1];
    }
    if (worker->count == 0) {
        worker->alone = false;
    }
    return task;
}

void pp_scheduler_submit(struct pp_scheduler *scheduler, struct pp_scheduled *task)
{
    push_back(&scheduler->waiting, task);
}

bool pp_scheduler_is_starting(const struct pp_scheduler *scheduler, uint32_t worker)
{
    return scheduler->workers[worker].state == STARTING;
}

/* Places that rest are tried again. */
static void wake_places(struct pp_scheduler *scheduler)
{
    for (uint32_t i = 0; i < scheduler->worker_count; i++) {
        if (scheduler->workers[i].state == RESTING) {
            scheduler->workers[i].state = ABSENT;
        }
    }
}

static uint32_t count_state(const struct pp_scheduler *scheduler, enum worker_state state)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < scheduler->worker_count; i++) {
        count += scheduler->workers[i].state == state;
    }
    return count;
}

void pp_scheduler_start_failed(struct pp_scheduler *scheduler, uint32_t worker)
{
    scheduler->workers[worker] = (struct worker){.state = RESTING};
    scheduler->vain_deaths++;
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
    if (scheduler->workers[worker].state == STARTING) {
        scheduler->workers[worker].state = READY;
        scheduler->workers[worker].fresh = true;
    }
}

struct pp_scheduled *pp_scheduler_finished(struct pp_scheduler *scheduler, uint32_t worker,
                                           uint64_t id, enum pp_outcome outcome, uint64_t run_ns,
                                           bool *ret_known)
{
    struct worker *from = &scheduler->workers[worker];
    struct pp_scheduled *task;

    /* A worker takes its tasks in order, so it can only speak of the first. */
    *ret_known = from->count > 0 && from->inbox[0].id == id;
    if (!*ret_known) {
        return NULL;
    }
    scheduler->vain_deaths = 0;
    wake_places(scheduler);
    scheduler->usual_ns += run_ns / 4 - scheduler->usual_ns / 4;
    task = take_entry(scheduler, from, 0);
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
    struct worker *dead = &scheduler->workers[worker];
    struct pp_scheduled *charged = NULL;
    bool blamed = false;
    /* An idle worker that dies costs nothing; one that cannot start or take a task is in vain. */
    bool vain = (dead->state == STARTING || dead->count > 0) &&
                (death == PP_DEATH_CRASH || death == PP_DEATH_KILL);

    /* From the back, so that each push to the front keeps the order. */
    while (dead->count > 0) {
        bool is_guilty = guilty != 0 && dead->count == 1 && dead->inbox[0].id == guilty;
        struct pp_scheduled *task = take_entry(scheduler, dead, dead->count - 1);

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
    *dead = (struct worker){.state = ABSENT};
    return charged;
}

void pp_scheduler_refused(struct pp_scheduler *scheduler, struct pp_scheduled *task)
{
    struct worker *worker = &scheduler->workers[task->worker];

    take_entry(scheduler, worker, worker->count - 1);
    end_task(scheduler, task, PP_FAILED);
}

static void forget_in_inbox(struct pp_scheduler *scheduler, struct pp_scheduled *task, bool running)
{
    struct worker *worker = &scheduler->workers[task->worker];

    for (unsigned i = 0; i < worker->count; i++) {
        if (worker->inbox[i].task == task) {
            worker->inbox[i].task = NULL;
        }
    }
    if (running) {
        worker->must_die = true;
    }
}

void pp_scheduler_abort(struct pp_scheduler *scheduler, struct pp_scheduled *task,
                        enum pp_outcome outcome, bool running)
{
    if (task->outcome != PP_OUTCOME_PENDING) {
        return;
    }
    if (task->sent) {
        forget_in_inbox(scheduler, task, running);
    } else {
        unlink_task(task->alone ? &scheduler->alone : &scheduler->waiting, task);
    }
    end_task(scheduler, task, outcome);
}

struct pp_scheduled *pp_scheduler_head(const struct pp_scheduler *scheduler, uint32_t worker)
{
    const struct worker *at = &scheduler->workers[worker];

    return at->count == 0 ? NULL : at->inbox[0].task;
}

struct pp_scheduled *pp_scheduler_waiting(const struct pp_scheduler *scheduler)
{
    return scheduler->alone.first != NULL ? scheduler->alone.first : scheduler->waiting.first;
}

void pp_scheduler_stop_starting(struct pp_scheduler *scheduler)
{
    scheduler->stopped = true;
}

bool pp_scheduler_hopeless(const struct pp_scheduler *scheduler)
{
    return scheduler->vain_deaths > PP_SCHEDULER_VAIN_DEATHS_MAX;
}

static bool next_kill(struct pp_scheduler *scheduler, struct pp_action *action)
{
    for (uint32_t i = 0; i < scheduler->worker_count; i++) {
        struct worker *worker = &scheduler->workers[i];

        if (worker->must_die && !worker->dying) {
            worker->dying = true;
            *action = (struct pp_action){.kind = PP_ACTION_KILL, .worker = i};
            return true;
        }
    }
    return false;
}

static bool next_resolve(struct pp_scheduler *scheduler, struct pp_action *action)
{
    struct pp_scheduled *task = scheduler->ended.first;

    if (task == NULL) {
        return false;
    }
    unlink_task(&scheduler->ended, task);
    *action = (struct pp_action){.kind = PP_ACTION_RESOLVE, .task = task};
    return true;
}

static bool next_start(struct pp_scheduler *scheduler, struct pp_action *action)
{
    if (scheduler->stopped || pp_scheduler_hopeless(scheduler) ||
        count_state(scheduler, STARTING) >= PP_SCHEDULER_STARTING_MAX) {
        return false;
    }
    if (count_state(scheduler, STARTING) + count_state(scheduler, READY) == 0) {
        wake_places(scheduler);
    }
    for (uint32_t i = 0; i < scheduler->worker_count; i++) {
        if (scheduler->workers[i].state == ABSENT) {
            scheduler->workers[i].state = STARTING;
            *action = (struct pp_action){.kind = PP_ACTION_START, .worker = i};
            return true;
        }
    }
    return false;
}

static bool is_open(const struct pp_scheduler *scheduler, const struct worker *worker)
{
    unsigned credit = scheduler->usual_ns > PP_SCHEDULER_SHORT_NS ? 1 : PP_SCHEDULER_CREDIT;

    return worker->state == READY && !worker->must_die && !worker->alone && worker->count < credit;
}

/*
 * The worker with least to do that takes another task; for one that must be alone, a fresh one.
 * Fresh ones are kept for those as long as one waits: each was started for the crash of one.
 */
static struct worker *choose_worker(struct pp_scheduler *scheduler, const struct pp_scheduled *task)
{
    struct worker *best = NULL;

    for (uint32_t i = 0; i < scheduler->worker_count; i++) {
        struct worker *worker = &scheduler->workers[i];

        if (is_open(scheduler, worker) && (worker->count == 0 || task->bytes == 0) &&
            (worker->fresh || !task->alone) &&
            (!worker->fresh || task->alone || scheduler->alone.first == NULL) &&
            (best == NULL || worker->count < best->count)) {
            best = worker;
        }
    }
    return best;
}

static bool fits(const struct pp_scheduler *scheduler, const struct pp_scheduled *task)
{
    size_t taken = scheduler->used + scheduler->held;

    return scheduler->used == 0 ||
           (taken <= scheduler->budget && task->bytes <= scheduler->budget - taken);
}

static bool send_first(struct pp_scheduler *scheduler, struct queue *queue,
                       struct pp_action *action)
{
    struct pp_scheduled *task = queue->first;
    struct worker *worker;

    if (task == NULL || !fits(scheduler, task)) {
        return false;
    }
    worker = choose_worker(scheduler, task);
    if (worker == NULL) {
        return false;
    }
    unlink_task(queue, task);
    task->sent = true;
    task->worker = (uint32_t)(worker - scheduler->workers);
    worker->inbox[worker->count++] =
        (struct inbox_entry){.id = task->id, .bytes = task->bytes, .task = task};
    worker->fresh = false;
    worker->alone = task->alone;
    scheduler->used += task->bytes;
    *action = (struct pp_action){.kind = PP_ACTION_SEND, .worker = task->worker, .task = task};
    return true;
}

static bool next_send(struct pp_scheduler *scheduler, struct pp_action *action)
{
    if (send_first(scheduler, &scheduler->alone, action)) {
        return true;
    }
    /* One that waits for memory must not be overtaken; one that waits for its worker may be. */
    return (scheduler->alone.first == NULL || fits(scheduler, scheduler->alone.first)) &&
           send_first(scheduler, &scheduler->waiting, action);
}

bool pp_scheduler_next(struct pp_scheduler *scheduler, struct pp_action *ret_action)
{
    return next_kill(scheduler, ret_action) || next_resolve(scheduler, ret_action) ||
           next_start(scheduler, ret_action) || next_send(scheduler, ret_action);
}
