/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Fork worker: the child's side of a fork of the host
 */

#include "core/task.h"

/* What the child needs of its host. */
struct pp_fork_worker {
    const struct pp_program *program;
    int host;     /* its pid */
    int fds[2];   /* the worker's channel end and its control page */
    int lifeline; /* the reading end of a pipe that only the host can write to; -1: the host has one
                     thread, which forked */
};

/*
 * Write what lies in the buffers of stdio, so that it is not written by host and child: before the
 * fork, and at the child's end. Where there are threads, one may hold a stream while it waits for
 * input, and in the child other streams may have been cut off in the middle of a line: only the
 * standard ones then.
 */
void pp_fork_worker_flush(bool has_threads);

/* Be a worker, in a fresh child that has all signals blocked; ends the process. */
_Noreturn void pp_fork_worker_become(const struct pp_fork_worker *worker);
