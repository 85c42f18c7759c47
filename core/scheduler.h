/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Scheduler: which task runs where, as a pure state machine
 *
 * Told of events (a task was submitted, a worker is ready, a worker died ...), asked for actions
 * (start a worker, send a task to it, kill it, a task is resolved). It makes no system call, knows
 * no clock and allocates nothing after its creation, so tests can try every order of events.
 *
 * The caller carries out each action when it gets it, and reports what came of it as events.
 */

#include "core/pool.h"

/* One of so many turns goes to the classes below, see enum pp_priority. */
#define PP_SCHEDULER_TURNS 8

/* The most tasks that one worker holds. */
#define PP_SCHEDULER_CREDIT 32

/* A worker holds as many light tasks as make so much work, but two in any case: one that it works
 * on, and one that is ready, so that it need not wait for the host. */
#define PP_SCHEDULER_AHEAD_NS 100000

/* Runs longer than this make the second one wait in the queue instead, where others can take it. */
#define PP_SCHEDULER_SHORT_NS 5000000

/* Zygotes that may die while a task runs before the task itself is suspected. */
#define PP_SCHEDULER_LOSSES_MAX 3

/* Workers that are started at a time: more orders than that need not fit into a socket. */
#define PP_SCHEDULER_STARTING_MAX 64

/* Workers that may die in a row without a task to blame before the pool gives up. */
#define PP_SCHEDULER_VAIN_DEATHS_MAX 20

/* One task as the scheduler sees it: part of the pool's future, which outlives it here. */
struct pp_scheduled {
    uint64_t id;             /* never 0; unique */
    size_t bytes;            /* of slots that it needs while it runs */
    uint32_t crash_attempts; /* 1 or more */
    uint32_t kill_attempts;  /* 1 or more */
    enum pp_priority priority;
    bool light; /* costs nothing but time, so it may be sent ahead with many others */
    /* The scheduler's own from here on; read only. */
    enum pp_outcome outcome;
    uint32_t crashes;
    uint32_t kills;
    uint32_t losses; /* of workers with their zygote, while it ran */
    uint32_t worker; /* index while it is sent, from 0 */
    bool sent;
    bool alone; /* must have a fresh worker for itself */
    struct pp_scheduled *previous;
    struct pp_scheduled *next;
};

/* Why a worker died, as far as its running task can be blamed. */
enum pp_death {
    PP_DEATH_CRASH, /* by its own doing: a signal, an exit, memory */
    PP_DEATH_KILL,  /* somebody sent SIGKILL */
    PP_DEATH_LOST,  /* its zygote died: a task is to blame only if that goes on happening */
    PP_DEATH_ORDER  /* the scheduler asked for it, by killing or closing it */
};

enum pp_action_kind {
    PP_ACTION_START,  /* start worker @worker */
    PP_ACTION_SEND,   /* send @task to @worker */
    PP_ACTION_KILL,   /* kill @worker */
    PP_ACTION_RECALL, /* have @task back from @worker, or say that it keeps it */
    PP_ACTION_CLOSE,  /* let @worker end: it has no task and gets none any more */
    PP_ACTION_RESOLVE /* @task has ended: task->outcome */
};

struct pp_action {
    enum pp_action_kind kind;
    uint32_t worker; /* index from 0 */
    struct pp_scheduled *task;
};

struct pp_scheduler;

/* What a scheduler has to keep to. */
struct pp_scheduler_limits {
    uint32_t workers;          /* to keep, and to have tasks at a time; 1 or more */
    uint32_t spare_places;     /* beyond those, for workers that take over from others */
    uint32_t tasks_per_worker; /* one that was given so many is replaced; 0: never */
    size_t budget; /* bytes that tasks in work may need together; one that needs more runs only when
                      no other does */
};

/* Returns 0 with *ret_scheduler, which the caller destroys; or -ENOMEM. */
PP_MUST_CHECK int pp_scheduler_create(struct pp_scheduler **ret_scheduler,
                                      const struct pp_scheduler_limits *limits);
void pp_scheduler_destroy(struct pp_scheduler *scheduler);

/*
 * The next action, which counts as carried out when it is returned. Returns false where there is
 * nothing to do until the next event.
 */
bool pp_scheduler_next(struct pp_scheduler *scheduler, struct pp_action *ret_action);

/* Places for workers that there are: the indices are below that. */
uint32_t pp_scheduler_places(const struct pp_scheduler *scheduler);

/*
 * Event: @task was submitted. Its first six fields are set, the others zero; but it may be alone,
 * which the death of a worker for it has to be the reason of.
 */
void pp_scheduler_submit(struct pp_scheduler *scheduler, struct pp_scheduled *task);

/*
 * Event: the last action was to send @task and could not be carried out, for want of memory or
 * descriptors. It ends as FAILED.
 */
void pp_scheduler_refused(struct pp_scheduler *scheduler, struct pp_scheduled *task);

/* Whether @worker was started and neither got ready nor died since. */
bool pp_scheduler_is_starting(const struct pp_scheduler *scheduler, uint32_t worker);

/*
 * Event: @worker could not be started. Its place rests until a task or a worker has ended, or until
 * no other worker is left, so that what the others hold can be given back first.
 */
void pp_scheduler_start_failed(struct pp_scheduler *scheduler, uint32_t worker);

/* Event: @worker, started before, takes tasks now. */
void pp_scheduler_ready(struct pp_scheduler *scheduler, uint32_t worker);

/*
 * Event: @worker has to be replaced. It gets no more tasks; when it has none left and another one
 * is ready in its stead, it is closed. Nothing happens where it is not ready.
 */
void pp_scheduler_retire(struct pp_scheduler *scheduler, uint32_t worker);

/*
 * Event: @worker says that the task with @id has ended with @outcome, DONE or FAILED, after
 * @run_ns nanoseconds.
 * Returns the task, resolved by the next actions, or NULL where it was resolved before (cancelled);
 * *ret_known is false where that worker never had such a task: it lies.
 */
struct pp_scheduled *pp_scheduler_finished(struct pp_scheduler *scheduler, uint32_t worker,
                                           uint64_t id, enum pp_outcome outcome, uint64_t run_ns,
                                           bool *ret_known);

/*
 * Event: @worker is dead, however it got there. @guilty: the task that its breadcrumbs name, 0 for
 * none; believed only if it was sent there.
 * Returns the task that was in work and is charged with the death, or NULL. It is resolved CRASHED
 * or waits for another attempt, see its outcome.
 */
struct pp_scheduled *pp_scheduler_died(struct pp_scheduler *scheduler, uint32_t worker,
                                       uint64_t guilty, enum pp_death death);

/*
 * Event: @task must end now with @outcome, CANCELLED, TIMED_OUT or FAILED. Kills its worker where
 * @running says that it is in work there. Nothing happens where it has ended before.
 */
void pp_scheduler_abort(struct pp_scheduler *scheduler, struct pp_scheduled *task,
                        enum pp_outcome outcome, bool running);

/*
 * Whether some workers have nothing to do while others have tasks that wait behind their first:
 * then look again later whether those others are still at the same task.
 */
bool pp_scheduler_is_uneven(const struct pp_scheduler *scheduler);

/* Event: @worker is at one task for long, and things are uneven. What waits behind it is recalled,
 * and it gets no more until that task has ended. */
void pp_scheduler_stuck(struct pp_scheduler *scheduler, uint32_t worker);

/* Event: @task was taken back from its worker, which had not begun with it: it waits again, in
 * front of all others. */
void pp_scheduler_recalled(struct pp_scheduler *scheduler, struct pp_scheduled *task);

/* Event: @worker keeps the task that was to be recalled, and so all before it. */
void pp_scheduler_kept(struct pp_scheduler *scheduler, uint32_t worker);

/*
 * Event: @bytes of memory are held outside of tasks in work, and let go again: they count against
 * the budget, but never stop the last task from running.
 */
void pp_scheduler_hold(struct pp_scheduler *scheduler, size_t bytes);
void pp_scheduler_let_go(struct pp_scheduler *scheduler, size_t bytes);

/* The task that @worker works on or takes next, NULL where it has none or it was aborted. */
struct pp_scheduled *pp_scheduler_head(const struct pp_scheduler *scheduler, uint32_t worker);

/* Stop replacing workers: none is started any more. */
void pp_scheduler_stop_starting(struct pp_scheduler *scheduler);

/* Whether too many workers died in a row for nothing: tasks can never run. */
bool pp_scheduler_hopeless(const struct pp_scheduler *scheduler);
