/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Pool: run tasks on worker processes
 *
 * A pool keeps its workers and feeds them tasks until it is closed. A worker that dies costs one
 * task, never the pool: that task's result says how the worker died, and a new worker takes its
 * place. A result is data with one of four outcomes; the pool's own failure is a negative errno.
 *
 * Life:    create; submit and wait in any order; close (no more tasks) and join (wait for all), or
 *          terminate (drop all); destroy.
 * Safety:  a pool belongs to the thread that created it. It starts no thread and installs no
 *          signal handler, and its workers are not children of this process (but for
 *          PP_START_FORK).
 * Nested:  a pool that is made inside a worker runs its tasks in that worker, whatever was asked
 *          for: so a task may map without a deadlock and without processes that multiply.
 * Python:  multiprocessing.Pool and concurrent.futures.ProcessPoolExecutor. core/map.h has map,
 *          starmap, imap and imap_unordered; core/wait.h has wait and as_completed.
 */

#include "core/slot.h"
#include "core/task.h"

struct pp_pool;
struct pp_future;

/* How workers come to be. */
enum pp_start_method {
    PP_START_FORKSERVER, /* forked from a zygote, this program started again: the default */
    PP_START_SPAWN,      /* this program started again for each worker: nothing is inherited */
    PP_START_FORK,       /* forked from the caller: sees all that the caller had in memory */
    PP_START_THREAD,     /* threads of this process, for race detectors: a crash is then real */
    PP_START_IN_PROCESS  /* no worker at all: tasks run inside pp_pool_dispatch(), for gdb */
};

struct pp_shared_memory;
struct pp_trace;

/* All zero is a good default, and NULL means all zero. Read during the call, never kept. */
struct pp_pool_options {
    enum pp_start_method start_method;
    bool force_fork;     /* PP_START_FORK although this process has other threads: their locks stay
                            locked in the workers for ever; without it that is -EDEADLK */
    unsigned processes;  /* workers; 0: pp_cpu_count() (core/cpu.h); in process it counts as 1 */
    size_t memory_bytes; /* budget of the slots of tasks in work; 0: 60 % of what is available */
    const char *initializer; /* a name of the program's table, called in each worker before its
                                first task; an error ends the pool; NULL: none */
    const void *initializer_arguments;
    size_t initializer_arguments_length;
    struct pp_shared_memory *const *shared; /* each worker has it mapped, see pp_call.shared; the
                                               caller's, who may close it once the pool is gone.
                                               Without names where workers read what nobody
                                               vouches for, see core/shared_memory.h */
    uint32_t shared_count;
    uint32_t tasks_per_worker;  /* a worker that has run so many is replaced, by one that is started
                                   before it goes; 0: never. In process nobody is replaced. Python:
                                   maxtasksperchild */
    size_t worker_growth_bytes; /* likewise a process whose own memory, without what it shares, has
                                   grown by more since its first task; 0: never */
    uint32_t start_timeout_ms;  /* a worker that is not ready so long after it was ordered is killed
                                   and another one started, a few times; 0: 60000. Longer for an
                                   initializer that takes its time */
    struct pp_trace *trace; /* record what every task does (core/trace.h); the caller's, outlives
                               the pool; NULL: no */
};

/* Who goes first where workers are scarce. One of eight turns goes to those below, so that nobody
 * waits for ever. */
enum pp_priority {
    PP_PRIORITY_NORMAL,
    PP_PRIORITY_HIGH, /* somebody looks at the screen and waits */
    PP_PRIORITY_LOW   /* when nothing else is to be done */
};

/* How a task ended. */
enum pp_outcome {
    PP_OUTCOME_PENDING, /* not yet */
    PP_DONE,            /* the function returned 0 */
    PP_FAILED,          /* the function returned an error, or the task could not be run */
    PP_CRASHED,         /* its worker died: signal or exit code in the result */
    PP_TIMED_OUT,       /* its worker was killed at the deadline */
    PP_CANCELLED        /* dropped before it ran to its end */
};

/* A task to submit. Read during the call; bytes are copied, descriptors are duplicated. */
struct pp_task {
    const char *function; /* a name of the program's table */
    const void *arguments;
    size_t arguments_length;
    uint32_t slot_count;
    struct {
        struct pp_slot *slot; /* lend this one, from pp_pool_slot(); or NULL: */
        size_t bytes;         /* a slot of at least so many bytes for the length of the task */
        bool scratch;         /* with bytes: the host does not want to read it, so it is given back
                                 when the task is done and not when the future is destroyed */
    } slots[PP_TASK_SLOTS_MAX];
    uint32_t fd_count;
    int fds[PP_TASK_FDS_MAX];
    uint32_t timeout_ms;     /* of running, not of waiting; 0: none. Where workers are no processes
                                the task is given up, but runs on to its end. */
    uint32_t crash_attempts; /* runs that may end in a crash before the task counts as CRASHED;
                                0: 1. A retry runs alone in a fresh worker. */
    uint32_t kill_attempts;  /* likewise for workers that somebody else killed with SIGKILL */
    enum pp_priority priority;
    void *user; /* comes back with the future */
};

/* How a task ended, as data. */
struct pp_result {
    enum pp_outcome outcome;
    const char *function;  /* of the task; the program's */
    struct pp_error error; /* unless DONE: code and message */
    int32_t signal;        /* CRASHED: the signal that ended the worker, or 0 */
    int32_t exit_code;     /* CRASHED without a signal: what the worker exited with */
    char phase[16];        /* CRASHED, TIMED_OUT: the phase that the task was in */
    uint32_t attempts;     /* runs that were started */
    uint64_t run_ns;       /* of the last run, nanoseconds */
    uint32_t worker;       /* number of the worker that ran it, from 1 */
    const void *reply;     /* of pp_call_reply(); owned by the future */
    size_t reply_length;
};

/*
 * Start the workers.
 *
 * Returns 0 and sets *ret_pool, which the caller destroys; or a negative errno with *ret_pool
 * untouched and no process left behind: -EINVAL where the program's table has an unusable name, or
 * one name twice.
 */
PP_MUST_CHECK int pp_pool_create(struct pp_pool **ret_pool, const struct pp_program *program,
                                 const struct pp_pool_options *options, struct pp_error *error);

/*
 * Queue @task. Never waits for it to run.
 *
 * *ret_future: the caller destroys it. Named slots are the task's until its future is done.
 * Returns 0; -ENOENT for an unknown function; -E2BIG for too much of anything; -EPIPE after
 * pp_pool_close(); -ENOMEM; -EMFILE.
 */
PP_MUST_CHECK int pp_pool_submit(struct pp_pool *pool, const struct pp_task *task,
                                 struct pp_future **ret_future);

/* Tasks that were submitted and are not done. */
size_t pp_pool_pending(const struct pp_pool *pool);

/* Workers that the pool keeps. */
unsigned pp_pool_processes(const struct pp_pool *pool);

/*
 * A descriptor that polls readable when pp_pool_dispatch() has something to do, for any event loop.
 * Owned by the pool.
 */
int pp_pool_fd(const struct pp_pool *pool);

/*
 * Do what is to be done now: hand out tasks, take results, notice deaths, replace workers. Never
 * waits (in process: runs one task).
 * Returns 0; or a negative errno when the pool cannot go on (workers cannot be started any more):
 * then every pending task is FAILED with that error, and the pool is closed; -EDEADLK where it is
 * called from within itself, by a callback or by a task of a pool in process.
 */
PP_MUST_CHECK int pp_pool_dispatch(struct pp_pool *pool);

/*
 * Wait for the next future that got done and was not returned here yet, in the order of
 * completion. The future stays the caller's.
 *
 * @timeout_ms: -1 waits as long as it takes, 0 only looks.
 * Returns 0 with *ret_future set; -ETIMEDOUT; -ENOENT where no task is pending or done; -EINTR
 * where a signal handler ran; an error of pp_pool_dispatch().
 */
PP_MUST_CHECK int pp_pool_next(struct pp_pool *pool, int timeout_ms, struct pp_future **ret_future);

/*
 * Shared memory of the pool for tasks to work on together; counted in the budget until it is given
 * back with pp_pool_slot_release(), which waits for no task: release it when all are done.
 *
 * Returns 0 with *ret_slot set, of at least @bytes bytes, contents unspecified; -ENOMEM.
 */
PP_MUST_CHECK int pp_pool_slot(struct pp_pool *pool, size_t bytes, struct pp_slot **ret_slot);
void pp_pool_slot_release(struct pp_pool *pool, struct pp_slot *slot);

/* Refuse further tasks; those submitted are run. */
void pp_pool_close(struct pp_pool *pool);

/* Close, and dispatch until no task is pending. Returns 0 or an error of pp_pool_dispatch(). */
PP_MUST_CHECK int pp_pool_join(struct pp_pool *pool);

/* Close, kill the workers and resolve every pending task as CANCELLED. */
void pp_pool_terminate(struct pp_pool *pool);

/*
 * Close; with @cancel_futures cancel all that does not run yet; with @wait join.
 * Returns 0 or an error of pp_pool_join(). Python: Executor.shutdown().
 */
PP_MUST_CHECK int pp_pool_shutdown(struct pp_pool *pool, bool wait, bool cancel_futures);

/*
 * Run one task and wait for it: submit and pp_future_wait() in one. Python: Pool.apply().
 * Returns 0 with *ret_future done, which the caller destroys, whatever its outcome; or an error of
 * either.
 */
PP_MUST_CHECK int pp_pool_apply(struct pp_pool *pool, const struct pp_task *task,
                                struct pp_future **ret_future);

/*
 * Terminate, wait until no process of the pool is left, and free all. Futures that are left must
 * be destroyed before. NULL is fine.
 */
void pp_pool_destroy(struct pp_pool *pool);
PP_DEFINE_AUTO(struct pp_pool *, pp_pool_destroy)

/* The result; its outcome is PP_OUTCOME_PENDING until the future is done. Owned by the future. */
const struct pp_result *pp_future_result(const struct pp_future *future);

/*
 * Called once when the task has ended, in any call of the pool that comes to know of it; at once
 * where it has ended before; never where the future is destroyed before. It may submit, cancel and
 * destroy futures, this one too, but wait for none and destroy no pool: waiting is -EDEADLK there.
 * Several are called in the order in which they were added. The future is not yet returned by
 * pp_pool_next() when it is called.
 * Returns 0 or -ENOMEM. Python: Future.add_done_callback().
 */
typedef void (*pp_future_callback_fn)(struct pp_future *future, void *user);
PP_MUST_CHECK int pp_future_add_done_callback(struct pp_future *future,
                                              pp_future_callback_fn callback, void *user);

/* Whether a worker works on it now. False before and after. */
bool pp_future_running(const struct pp_future *future);

/* Whether the task ended. */
bool pp_future_done(const struct pp_future *future);

/* What the submitter passed as user. */
void *pp_future_user(const struct pp_future *future);

/*
 * Slot @index of the task, for the host to read what the task wrote; NULL for scratch of a task
 * that is done. It stays the future's until the future is destroyed. What lies in it was written by
 * a worker: trust no length or offset.
 */
struct pp_slot *pp_future_slot(const struct pp_future *future, uint32_t index);

/*
 * Dispatch until @future is done.
 * Returns 0; -ETIMEDOUT after @timeout_ms (-1: none); -EINTR; an error of pp_pool_dispatch().
 */
PP_MUST_CHECK int pp_future_wait(struct pp_future *future, int timeout_ms);

/*
 * Wait for @future as pp_future_wait() does, and copy its reply, of exactly @bytes bytes, to @into
 * (may be NULL with 0).
 * Returns 0; the code of the error of a task that was not DONE; -EPROTO where the reply has another
 * length; an error of pp_future_wait(). @error (may be NULL) says why. Python: AsyncResult.get()
 * and Future.result().
 */
PP_MUST_CHECK int pp_future_get(struct pp_future *future, void *into, size_t bytes, int timeout_ms,
                                struct pp_error *error);

/*
 * Give up the task: taken out of the queue, or its worker killed if it runs. It is done at once, as
 * CANCELLED. Returns false where it was done before.
 */
bool pp_future_cancel(struct pp_future *future);

/* Cancel if it is not done, give its slots back and free it. NULL is fine. */
void pp_future_destroy(struct pp_future *future);
PP_DEFINE_AUTO(struct pp_future *, pp_future_destroy)

/*
 * The stack of a worker that crashed in this task, innermost first, one "module+0xoffset
 * (function)" a line, for people and addr2line; "" unless the task is CRASHED and the worker left
 * one. Functions that the dynamic linker does not know, static ones, have no name in it. Owned by
 * the future.
 */
const char *pp_future_stack(const struct pp_future *future);

/* One line that says how a task ended, for people: "killed by SIGSEGV while it decoded". */
void pp_result_describe(const struct pp_result *result, char *text, size_t bytes);
