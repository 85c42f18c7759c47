/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Pool, inside
 *
 *   pool.c            creation, submission, the end: what the caller calls
 *   pool_dispatch.c   what has happened, and waiting for it
 *   pool_workers.c    a worker's start, kill and death
 *   pool_inbox.c      what it was sent and has not answered
 *   pool_send.c       what it is sent
 *   pool_ring.c       likewise by way of the rings
 *   pool_receive.c    what it says
 *   pool_abort.c      tasks that are to end before they have
 *   pool_replace.c    a worker's making way for another
 *   pool_deadlines.c  how long it may take
 *   pool_overdue.c    what it owes besides
 *   future.c          a task from submission to result
 */

#include "core/channel.h"
#include "core/launcher.h"
#include "core/pool.h"
#include "core/scheduler.h"
#include "core/slots.h"
#include "core/start.h"
#include "core/wire.h"

struct pp_trace_pool;

/* A task from submission until nobody refers to it any more. */
struct pp_future {
    struct pp_scheduled scheduled; /* first: the scheduler's task is its future */
    struct pp_pool *pool;
    unsigned references; /* one of the submitter, one of the worker whose inbox it is in */
    uint32_t function;
    void *arguments;
    size_t arguments_length;
    struct pp_slot *slots[PP_TASK_SLOTS_MAX]; /* lent; NULL: not yet */
    size_t slot_bytes[PP_TASK_SLOTS_MAX];
    bool slot_is_scratch[PP_TASK_SLOTS_MAX];
    uint32_t slot_count;
    int fds[PP_TASK_FDS_MAX];
    uint32_t fd_count;
    uint32_t timeout_ms;
    void *user;
    struct pp_result result;
    void *reply;
    char *stack;                          /* of a worker that crashed in it; NULL: none */
    struct pp_future_callback *callbacks; /* to be called when it is done, the first one first */
    bool destroyed;                       /* by who submitted it */
    bool unlisted;                        /* core's own: pp_pool_next() knows nothing of it */
    struct pp_future_list *list;          /* one of the pool's; NULL: returned by pp_pool_next() */
    struct pp_future *previous;
    struct pp_future *next;
    bool traced;        /* a run of it is in the trace */
    uint64_t queued_ns; /* since when it waits for the trace to say so */
};

/* What is to be called when a task has ended. */
struct pp_future_callback {
    pp_future_callback_fn call;
    void *user;
    struct pp_future_callback *next;
};

/* A future is in one of the pool's lists at a time. */
struct pp_future_list {
    struct pp_future *first;
    struct pp_future *last;
};

/* A task that a worker was sent. */
struct pp_pool_sent {
    struct pp_future *future; /* a reference */
    uint32_t position;        /* of its entry in the ring of tasks */
    bool by_ring;             /* it has one */
};

/* One place for a worker; a new process takes it when the old one has died. */
struct pp_pool_worker {
    uint32_t number; /* of the process in this place, never used twice; 0: none */
    int end;         /* the host's end of its channel */
    int pidfd;       /* -1: not known yet, or no process */
    int pid;
    struct pp_slot control;
    bool kill_wanted;    /* as soon as the pidfd is known */
    bool killed;         /* by the pool's own order */
    bool broke_protocol; /* and was killed for it */
    bool late;           /* and was killed for not getting ready */
    bool closing;        /* was told to end */
    uint64_t closing_since_ns;
    uint64_t ordered_ns;    /* when it was to be started */
    bool dead;              /* it has been seen dead, and nobody has told so yet */
    uint64_t gone_ns;       /* since when its end should be told; 0: it lives */
    uint64_t looked_ns;     /* when its memory was last looked at; 0: never */
    size_t first_bytes;     /* how much that was after its first task */
    uint64_t head_since_ns; /* when the first task of its inbox became the first */
    struct pp_pool_sent inbox[PP_SCHEDULER_CREDIT]; /* sent and not answered; a ring */
    unsigned inbox_first;
    unsigned inbox_count;
    struct pp_ring_side tasks;
    struct pp_ring_side results;
    uint32_t passed;   /* entries of the ring of tasks up to here are not in use any more */
    bool bell_due;     /* it was told that the host sleeps: one bell may come, with a result */
    uint32_t slept_at; /* the position of the results at that time */
    bool awake;        /* it was not told yet; in the pool's list of such */
    uint32_t *mapped;  /* ids of slots that it has mapped */
    size_t mapped_count;
    size_t mapped_capacity;
};

struct pp_pool {
    const struct pp_program *program;
    struct pp_launcher *launcher;
    struct pp_start start; /* what every worker is told */
    struct pp_scheduler *scheduler;
    struct pp_slots *slots;
    struct pp_pool_worker *workers;
    uint32_t worker_count;  /* places: more than processes where workers are replaced */
    uint32_t process_count; /* workers to keep */
    size_t growth_bytes;    /* a worker that has grown by more is replaced; 0: never */
    uint32_t last_number;
    uint64_t last_task;
    int epoll;
    int timer;
    uint32_t start_timeout_ms;
    uint64_t armed_ns; /* when the timer goes off; 0: not set */
    uint64_t look_ns;  /* when to look for workers that are stuck; 0: not */
    uint64_t now_ns;   /* the time of what is being handled; 0: not asked for yet */
    bool has_rings;    /* else everything goes by message */
    uint32_t *awake;   /* indices of workers that were not told that the host sleeps */
    uint32_t awake_count;
    int launcher_fd; /* as it is in the epoll set */
    bool closed;
    struct pp_error failure; /* code 0: the pool works */
    char last_cause[160];    /* why a worker last died or could not be started; for people */
    uint64_t oom_kills;
    bool busy; /* dispatching, or telling callbacks: not to be entered again */
    struct pp_future_list pending;
    struct pp_future_list resolved; /* done, their callbacks not yet called */
    struct pp_future_list finished; /* done and not yet returned by pp_pool_next() */
    size_t pending_count;
    struct pp_trace_pool *trace; /* NULL: none; owned */
    size_t unlisted_count;       /* of them core's own */
    bool dropped; /* what was not begun was cancelled: core submits nothing more either */
    struct pp_message message;
};

/* How long a worker may take to get ready where nobody says otherwise. */
enum { PP_START_TIMEOUT_MS = 60000 };

/* The epoll set's tags beyond the indices of workers. */
enum { PP_POOL_TAG_LAUNCHER = -1, PP_POOL_TAG_TIMER = -2 };

/* pool.c: carry out what the scheduler wants done, and tell the callbacks of what has ended. */
void pp_pool_act(struct pp_pool *pool);

/* pool.c: the pool cannot go on; every pending task fails with @code and the message. */
void pp_pool_fail(struct pp_pool *pool, int code, const char *format, ...) PP_PRINTF(3, 4);

/*
 * pool.c: like pp_pool_submit(), for a task of core's own that pp_pool_next() never returns, also
 * where the pool was closed: it is part of what was begun before. @alone: it runs in the fresh
 * worker that takes the place of one that died; only in the callback of the task that it died in.
 */
PP_MUST_CHECK int pp_pool_submit_unlisted(struct pp_pool *pool, const struct pp_task *task,
                                          bool alone, struct pp_future **ret_future);

/* pool_dispatch.c: when a wait of @timeout_ms ends, for the two below; and how long that is, in
 * milliseconds, -1 for ever. */
uint64_t pp_pool_deadline_ns(int timeout_ms);
int pp_pool_time_left(int timeout_ms, uint64_t deadline_ns);

/*
 * pool_dispatch.c: dispatch once, after waiting for something to do for as long as is left; but at
 * least once, *looked, however little that is.
 * Returns 0, -ETIMEDOUT, -EINTR or an error of pp_pool_dispatch().
 */
PP_MUST_CHECK int pp_pool_wait_once(struct pp_pool *pool, int timeout_ms, uint64_t deadline_ns,
                                    bool *looked);

/* pool_workers.c: the actions. Errors end in pp_pool_fail(). */
void pp_pool_start_worker(struct pp_pool *pool, uint32_t index);
void pp_pool_kill_worker(struct pp_pool *pool, uint32_t index);

/* pool_inbox.c: put a task, whose reference it takes, at the end; take out the one at @index, which
 * drops the reference. The first one is in work from when it became the first. */
void pp_pool_inbox_add(struct pp_pool *pool, struct pp_pool_worker *worker,
                       const struct pp_pool_sent *sent);
struct pp_pool_sent *pp_pool_inbox_at(struct pp_pool_worker *worker, unsigned index);
void pp_pool_inbox_take(struct pp_pool *pool, struct pp_pool_worker *worker, unsigned index);
void pp_pool_inbox_clear(struct pp_pool_worker *worker);

/* pool_workers.c: kill for another reason, which shows in how its death is told. */
void pp_pool_kill_now(struct pp_pool *pool, uint32_t index);
void pp_pool_break_off(struct pp_pool *pool, uint32_t index, const char *why);

/* pool_workers.c: take the launcher's notices of starts and deaths. */
void pp_pool_handle_launcher(struct pp_pool *pool);

/* pool_workers.c: the worker in that place is gone; its tasks go back or are charged. */
void pp_pool_bury(struct pp_pool *pool, uint32_t index, enum pp_death death, int signal,
                  int exit_code);

/* pool_workers.c: close all channels; whatever workers are left end. */
void pp_pool_close_workers(struct pp_pool *pool);

/* pool_send.c: the action; an error is the task's failure. */
void pp_pool_send_task(struct pp_pool *pool, uint32_t index, struct pp_future *future);

/* pool_replace.c: the action; and whether it has come to that, looked at after results. */
void pp_pool_close_worker(struct pp_pool *pool, uint32_t index);
void pp_pool_watch_growth(struct pp_pool *pool, uint32_t index);

/* pool_ring.c: a worker begins, on rings that are empty. */
void pp_pool_ring_begin(struct pp_pool_worker *worker);

/* pool_ring.c: whether a task fits into an entry; then put it there, and wake the worker. */
bool pp_pool_ring_fits(const struct pp_pool_worker *worker, const struct pp_future *future);
void pp_pool_ring_put(struct pp_pool *pool, uint32_t index, struct pp_future *future);

/* pool_ring.c: announce a task whose message is sent next; or take that back, where it could not be
 * sent. */
void pp_pool_ring_announce(struct pp_pool_worker *worker, struct pp_future *future);
void pp_pool_ring_withdraw(struct pp_pool *pool, uint32_t index);

/* pool_ring.c: whether one more entry may turn out dead: recalled, or withdrawn. */
bool pp_pool_ring_has_room(struct pp_pool_worker *worker);

/* pool_ring.c: have a task back that the worker has not begun with. Returns false where it has, or
 * where nobody can know. The inbox stays as it is. */
bool pp_pool_ring_recall(struct pp_pool_worker *worker, unsigned index);

/* pool_ring.c: take the results that are there and are next. Returns false where another one is
 * there: one that a result in a message comes before, or a lie. */
bool pp_pool_ring_drain(struct pp_pool *pool, uint32_t index);

/* pool_ring.c: a bell has come; later, tell the workers whose bell has come that the host sleeps
 * again. Returns false where one has put results meanwhile: it is awake still. */
void pp_pool_ring_heard(struct pp_pool *pool, uint32_t index);
bool pp_pool_ring_sleep(struct pp_pool *pool);

/* pool_ring.c: take what those have put that are awake. */
void pp_pool_ring_listen(struct pp_pool *pool);

/* pool_send.c: whether the worker has mapped the slot. */
bool pp_pool_has_mapped(const struct pp_pool_worker *worker, uint32_t slot);

/* What a worker says of a task, copied out of its reach. */
struct pp_pool_answer {
    uint64_t task;
    uint64_t start_ns;
    uint64_t run_ns;
    int32_t status;
    uint32_t length;   /* of the reply, or of the error's message */
    const void *bytes; /* which may still change while they are read */
};

/* pool_receive.c: take a result. Returns false where it costs the worker its life. */
bool pp_pool_take_answer(struct pp_pool *pool, uint32_t index, const struct pp_pool_answer *answer);

/* pool_receive.c: read a worker's channel and ring: to their end, or as far as is known to have
 * something. */
void pp_pool_handle_worker(struct pp_pool *pool, uint32_t index);
void pp_pool_handle_event_of(struct pp_pool *pool, uint32_t index);

/* pool_abort.c: end all tasks, with the workers that have any; those that wait; one that has not
 * ended, which returns false where it has ended meanwhile. */
void pp_pool_abort_all(struct pp_pool *pool, enum pp_outcome outcome, const struct pp_error *error);
void pp_pool_cancel_waiting(struct pp_pool *pool);
bool pp_pool_cancel(struct pp_pool *pool, struct pp_future *future);

/* pool_abort.c: the action: have a task back that waits behind another one in a worker's inbox. */
void pp_pool_recall(struct pp_pool *pool, uint32_t index, struct pp_future *future);

/* pool_deadlines.c: the time, asked for once in an event. */
uint64_t pp_pool_now(struct pp_pool *pool);

/* pool_deadlines.c: have the timer go off at @when_ns or before (0: no matter when); see to what is
 * due then. */
void pp_pool_want_timer(struct pp_pool *pool, uint64_t when_ns);
void pp_pool_handle_deadlines(struct pp_pool *pool);

/* pool_overdue.c: when the worker in that place is overdue (0: it owes nothing), and what then. */
uint64_t pp_pool_overdue_ns(const struct pp_pool *pool, uint32_t index);
void pp_pool_handle_overdue(struct pp_pool *pool, uint32_t index);

/* pool_overdue.c: from now on the worker owes its death. */
void pp_pool_expect_death(struct pp_pool *pool, uint32_t index);

/* pool_overdue.c: whether it is dead, told or not. */
bool pp_pool_is_dead(struct pp_pool *pool, uint32_t index);

/* pool_deadlines.c: another task is the first of that inbox: mind its deadline. */
void pp_pool_watch_head(struct pp_pool *pool, struct pp_pool_worker *worker);

/* pool_deadlines.c: where workers are idle and others have tasks that wait, look again soon. */
void pp_pool_watch_balance(struct pp_pool *pool);

/* future.c: lists and lives. */
void pp_future_list_add(struct pp_future_list *list, struct pp_future *future);
void pp_future_list_remove(struct pp_future *future); /* from the one that it is in, if any */
PP_MUST_CHECK int pp_future_create(struct pp_future **ret_future, struct pp_pool *pool,
                                   const struct pp_task *task);
void pp_future_unref(struct pp_future *future);   /* the last one gives the slots back */
void pp_future_resolve(struct pp_future *future); /* the scheduler says that it has ended */
void pp_future_tell(struct pp_future *future); /* a resolved one: call back, then it is finished */

/* future.c: take back a callback that was added just so; nothing where it was called. */
void pp_future_remove_done_callback(struct pp_future *future, pp_future_callback_fn callback,
                                    void *user);
