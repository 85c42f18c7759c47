/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Scheduler, inside
 *
 *   scheduler.c          events: what has happened
 *   scheduler_actions.c  actions: what is to be done
 *   scheduler_workers.c  the table of workers and their inboxes
 *   scheduler_queues.c   tasks that wait, and whose turn it is
 */

#include "core/scheduler.h"

/* Tasks in a row. */
struct pp_scheduler_queue {
    struct pp_scheduled *first;
    struct pp_scheduled *last;
};

/* Classes of tasks, the one that goes first in front. */
enum { PP_SCHEDULER_HIGH, PP_SCHEDULER_NORMAL, PP_SCHEDULER_LOW, PP_SCHEDULER_CLASSES };

/* Tasks that wait for a worker. */
struct pp_scheduler_queues {
    struct pp_scheduler_queue alone; /* those that must have a fresh worker for themselves */
    struct pp_scheduler_queue classes[PP_SCHEDULER_CLASSES];
    unsigned turns[PP_SCHEDULER_CLASSES]; /* in a row that a class took while one below waited */
};

enum pp_scheduler_state { PP_PLACE_ABSENT, PP_PLACE_RESTING, PP_PLACE_STARTING, PP_PLACE_READY };

/* A task that was sent to a worker. */
struct pp_scheduler_entry {
    uint64_t id;
    size_t bytes;
    struct pp_scheduled *task; /* NULL: aborted */
};

/* A place for a worker, and what is in it. */
struct pp_scheduler_worker {
    enum pp_scheduler_state state;
    bool must_die;
    bool dying;     /* the kill was handed out */
    bool retiring;  /* takes no more tasks: another one is to take over */
    bool closing;   /* was told to end */
    bool fresh;     /* no task was sent to it yet */
    bool alone;     /* its task must be the only one */
    bool stuck;     /* at one task for long, so it gets no more */
    bool recalling; /* and what waits behind that is taken back */
    uint32_t given; /* tasks that were sent to it */
    unsigned first; /* of the inbox, which is a ring */
    unsigned count;
    struct pp_scheduler_entry inbox[PP_SCHEDULER_CREDIT];
    /* Among the open ones with as many tasks. */
    bool is_open;
    struct pp_scheduler_worker *previous;
    struct pp_scheduler_worker *next;
};

struct pp_scheduler {
    struct pp_scheduler_limits limits;
    uint32_t place_count;
    struct pp_scheduler_worker *workers;
    uint32_t in_state[PP_PLACE_READY + 1]; /* how many places are */
    uint32_t to_kill;                      /* workers that must die and were not killed yet */
    uint32_t retiring;                     /* workers that do, and were not closed yet */
    uint32_t closing;
    uint32_t recalling;
    uint32_t busy;  /* workers that have tasks */
    uint32_t laden; /* workers that have more than one, and are not known to be stuck */
    struct pp_scheduler_worker *open[PP_SCHEDULER_CREDIT]; /* by the tasks that they have */
    uint64_t open_counts;                                  /* bit i: open[i] is not empty */
    struct pp_scheduler_queues waiting;
    struct pp_scheduler_queue ended;
    size_t used;       /* bytes of tasks in inboxes */
    size_t held;       /* bytes outside of them */
    uint64_t usual_ns; /* moving average of run times, of at least 1; 0: none is known */
    unsigned vain_deaths;
    bool tight; /* the last worker that was ordered could not be started */
    bool stopped;
};

/* scheduler_queues.c: rows. */
void pp_scheduler_queue_push(struct pp_scheduler_queue *queue, struct pp_scheduled *task);
struct pp_scheduled *pp_scheduler_queue_pop(struct pp_scheduler_queue *queue);

/* scheduler_queues.c: a task comes to wait behind those of its class, or returns in front of them;
 * or does not wait any more. */
void pp_scheduler_queues_add(struct pp_scheduler_queues *queues, struct pp_scheduled *task);
void pp_scheduler_queues_return(struct pp_scheduler_queues *queues, struct pp_scheduled *task);
void pp_scheduler_queues_remove(struct pp_scheduler_queues *queues, struct pp_scheduled *task);

/* scheduler_queues.c: the task whose turn it is among those that may share a worker, NULL: none
 * waits. Taking it, pp_scheduler_queues_take(), is what makes it the next one's turn. */
struct pp_scheduled *pp_scheduler_queues_next(const struct pp_scheduler_queues *queues);
void pp_scheduler_queues_take(struct pp_scheduler_queues *queues, struct pp_scheduled *task);

/* scheduler_workers.c: a place changes its state; to anything but READY as a new one. */
void pp_scheduler_worker_enter(struct pp_scheduler *scheduler, struct pp_scheduler_worker *worker,
                               enum pp_scheduler_state state);

/* scheduler_workers.c: what becomes of a worker. */
void pp_scheduler_worker_retire(struct pp_scheduler *scheduler, struct pp_scheduler_worker *worker);
void pp_scheduler_worker_close(struct pp_scheduler *scheduler, struct pp_scheduler_worker *worker);
void pp_scheduler_worker_condemn(struct pp_scheduler *scheduler,
                                 struct pp_scheduler_worker *worker);
void pp_scheduler_worker_kill(struct pp_scheduler *scheduler, struct pp_scheduler_worker *worker);

/* scheduler_workers.c: stuck, and recalling or not; or not stuck at all. */
void pp_scheduler_worker_hold_up(struct pp_scheduler *scheduler, struct pp_scheduler_worker *worker,
                                 bool stuck, bool recalling);

/* scheduler_workers.c: the inbox. The last entry is put there with its task; the first is taken
 * when it has ended, or any that has not run there, which returns the task or, of an aborted one,
 * NULL. */
void pp_scheduler_worker_give(struct pp_scheduler *scheduler, struct pp_scheduler_worker *worker,
                              struct pp_scheduled *task);
struct pp_scheduler_entry *pp_scheduler_worker_entry(struct pp_scheduler_worker *worker,
                                                     unsigned index);
struct pp_scheduled *pp_scheduler_worker_take_first(struct pp_scheduler *scheduler,
                                                    struct pp_scheduler_worker *worker);
struct pp_scheduled *pp_scheduler_worker_take_back(struct pp_scheduler *scheduler,
                                                   struct pp_scheduler_worker *worker,
                                                   unsigned index);
