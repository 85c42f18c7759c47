/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Launcher: how workers come to be, behind one face for the pool
 *
 * launch_forkserver.c starts a zygote and has it fork or spawn workers, launch_fork.c forks them
 * from this process, launch_thread.c and launch_in_process.c do without processes.
 */

#include "core/control.h"
#include "core/task.h"

enum pp_launch_kind {
    PP_LAUNCH_STARTED, /* worker is a process: pid, pidfd */
    PP_LAUNCH_EXITED,  /* worker: signal, exit_code; all that it sent is in its channel */
    PP_LAUNCH_FAILED,  /* worker: could not be started; error */
    PP_LAUNCH_LOST     /* every worker that was not reported as ended: its parent is gone */
};

struct pp_launch_event {
    enum pp_launch_kind kind;
    uint32_t worker;
    int pid;
    int pidfd; /* the receiver's to close */
    int signal;
    int exit_code;
    int error; /* a negative errno */
};

/* Outcome of next_event() that is no failure: nothing happened. */
enum { PP_LAUNCH_NONE = 1 };

struct pp_launcher;

struct pp_launcher_ops {
    bool has_processes; /* workers can be killed, and their deaths are told */
    /*
     * Start worker @worker, a number never used before, on channel end @end (taken over) with the
     * breadcrumb page @control, which is the memory of @control_fd (both the caller's, who keeps
     * them until the worker has ended). For a process STARTED or FAILED follows. Returns 0 or a
     * negative errno.
     */
    int (*start)(struct pp_launcher *launcher, uint32_t worker, int end,
                 const struct pp_slot *control);
    /*
     * What happened next; never waits. In process, runs one message where there is one.
     * Returns 0, PP_LAUNCH_NONE, or a negative errno where no worker can be started any more.
     */
    int (*next_event)(struct pp_launcher *launcher, struct pp_launch_event *event);
    /* Polls readable when next_event() has something to do; -1: never. May change in any call. */
    int (*fd)(const struct pp_launcher *launcher);
    /* What it owes does not come: end whatever is to tell it, so that all workers are LOST. NULL
     * where this process sees all by itself. */
    void (*give_up)(struct pp_launcher *launcher);
    /* End every worker, wait until none is left, free all. */
    void (*destroy)(struct pp_launcher *launcher);
};

struct pp_launcher {
    const struct pp_launcher_ops *ops;
};

/* @spawn: each worker is this program started again; else it is forked from the zygote. */
PP_MUST_CHECK int pp_launch_forkserver_create(struct pp_launcher **ret_launcher,
                                              const struct pp_program *program, bool spawn,
                                              struct pp_error *error);
/* @force: also where this process has other threads. */
PP_MUST_CHECK int pp_launch_fork_create(struct pp_launcher **ret_launcher,
                                        const struct pp_program *program, bool force,
                                        struct pp_error *error);
PP_MUST_CHECK int pp_launch_thread_create(struct pp_launcher **ret_launcher,
                                          const struct pp_program *program, struct pp_error *error);
PP_MUST_CHECK int pp_launch_in_process_create(struct pp_launcher **ret_launcher,
                                              const struct pp_program *program,
                                              struct pp_error *error);
