/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Process: one function of the program, running by itself
 *
 *     struct pp_process *process;
 *     struct pp_process_options options = {.function = "greet", .name = "Worker"};
 *     int r = pp_process_start(&process, &program, &options, &error);
 *     ...
 *     r = pp_process_join(process, -1);
 *     printf("%s\n", pp_process_exitcode(process) == 0 ? "well" : "badly");
 *     pp_process_destroy(process);
 *
 * The function is a task function (core/task.h): its arguments are bytes, shared memory comes as
 * call->shared, open descriptors as call->fds. A process that keeps a state of its own is a
 * function that keeps it in its variables; a subclass with its own run() is a function with a
 * struct as its arguments.
 *
 * Processes are told apart by pidfd, never by a number that may have been given to another one. By
 * default they are children of a zygote, this program started again, so the caller may have
 * threads and may wait for children of its own; nothing of them outlives the caller. Environment
 * and working directory are those that the caller had when it started the first of them, or for
 * PP_START_FORK those that it has; signals are as in a fresh program, and Ctrl-C in a terminal
 * reaches the caller alone.
 *
 * With PP_START_FORK they are the caller's own children. Where it waits for any child, as with
 * waitpid(-1), or ignores SIGCHLD, their exit codes get lost: 255 stands for them.
 *
 * Python: multiprocessing.Process. Any thread may call these functions, but one process object is
 * for one thread at a time, and for the process that started it.
 */

#include "core/pool.h"

#define PP_PROCESS_NAME_MAX 47 /* bytes, without the NUL */

struct pp_process;

/* Read during the call; bytes are copied, descriptors duplicated. */
struct pp_process_options {
    const char *function; /* a name of the program's table */
    const char *name;     /* NULL: "Process-" and a number */
    const void *arguments;
    size_t arguments_length;
    struct pp_shared_memory *const *shared; /* mapped in the process as call->shared; the caller's,
                                               who may close it at any time */
    uint32_t shared_count;
    int fds[PP_TASK_FDS_MAX];
    uint32_t fd_count;
    enum pp_start_method start_method; /* FORKSERVER, SPAWN or FORK */
    bool force_fork;                   /* as in struct pp_pool_options */
    bool daemon; /* killed when this process exits; others are waited for by exit() */
};

/*
 * Start a process that calls the function and then exits: with 0 where the function returns 0, with
 * 1 where it returns an error, which pp_process_error() has then; or as it likes by exit().
 * Handlers that it registers with atexit() are called, but for PP_START_FORK, where the caller's
 * would be called with them.
 *
 * Returns 0 with *ret_process, which the caller destroys; -ENOENT for an unknown function; -E2BIG;
 * -EDEADLK for PP_START_FORK with threads (see core/pool.h); -EINVAL for a start method without
 * processes or a table with an unusable name; -ENOTSUP where main() did not begin with
 * pp_program_enter(); -ESHUTDOWN once exit() waits for processes; -ECONNRESET where somebody killed
 * the zygote meanwhile and it is not certain that the function did not begin; another errno. No
 * process is left behind then.
 */
PP_MUST_CHECK int pp_process_start(struct pp_process **ret_process,
                                   const struct pp_program *program,
                                   const struct pp_process_options *options,
                                   struct pp_error *error);

/*
 * Wait until it has ended; -1 waits as long as it takes, 0 only looks.
 * Returns 0; -ETIMEDOUT; -EINTR where a signal handler ran; -ECHILD in a process that was forked
 * from the one that started it.
 */
PP_MUST_CHECK int pp_process_join(struct pp_process *process, int timeout_ms);

/* Has it been started and not ended yet? */
bool pp_process_is_alive(struct pp_process *process);

/* What pp_process_exitcode() says of a process that has not ended. */
#define PP_PROCESS_RUNNING INT32_MIN

/* Its exit code; minus the number of the signal that ended it; or PP_PROCESS_RUNNING. */
int pp_process_exitcode(struct pp_process *process);

/*
 * Why it failed, once it has ended: code and message of what its function returned or said with
 * pp_call_fail(), or how it died. Code 0 where it ended well or runs. Owned by the process object.
 */
const struct pp_error *pp_process_error(struct pp_process *process);

/* Its pid; may belong to another process once it has ended. */
int pp_process_pid(const struct pp_process *process);

/* A descriptor that polls readable when it has ended. Owned by the process object. */
int pp_process_sentinel(const struct pp_process *process);

/* What it was given when it was started; the name is owned by the process object. */
const char *pp_process_name(const struct pp_process *process);
bool pp_process_daemon(const struct pp_process *process);

/* Send SIGTERM, or SIGKILL. Returns 0, also where it has ended; or a negative errno. */
int pp_process_terminate(struct pp_process *process);
int pp_process_kill(struct pp_process *process);

/* Forget the object; a process that runs goes on as what it is, daemon or not. NULL is fine. */
void pp_process_destroy(struct pp_process *process);
PP_DEFINE_AUTO(struct pp_process *, pp_process_destroy)

/*
 * The pids of the processes that were started here and run, at most @capacity of them into
 * @ret_pids (may be NULL with 0). Returns how many there are. Any thread.
 */
size_t pp_process_active_children(int *ret_pids, size_t capacity);

/* Who the caller is. */
struct pp_process_self {
    const char *name; /* "MainProcess", the name given, or "PoolWorker-" and its number */
    int pid;
    int parent_pid; /* of who started it: where a zygote is between them, of the one behind it */
    bool daemon;
};

/* Of the calling process; constant once its function runs. Any thread. */
struct pp_process_self pp_process_current(void);
