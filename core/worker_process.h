/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Worker process: how a fresh process becomes a worker
 *
 * What forking from a zygote, starting the program again and forking from the host have in common.
 * All of it is for a process that was made for this alone, with one thread; where it cannot be
 * done the process ends, which its launcher tells.
 */

#include "core/task.h"

/* Where a worker finds its channel to the host and its control page. */
enum { PP_WORKER_PROCESS_END = 3, PP_WORKER_PROCESS_CONTROL = 4 };

/* The hidden role of a worker that is this program started again, as its first argument; the
 * second one is the pid of the process that did so. */
#define PP_WORKER_PROCESS_ROLE "--pixpool-worker"

/*
 * Die when @parent dies, whose only thread made this process. Ends the process where that has
 * happened already.
 */
void pp_worker_process_die_with(int parent);

/*
 * Whether standard stream @fd of this process is for those that it starts as well: open, and not to
 * be closed on exec, as whatever else came to have its number is. Any process.
 */
bool pp_worker_process_inherits(int fd);

/* Move @count descriptors to 3, 4 ... in this order, open in programs to come, and close all others
 * but the standard ones; of these, one that is not inherited is made to lead nowhere. */
void pp_worker_process_keep_fds(const int *fds, unsigned count);

/* Whether the descriptors are what a worker has, and the rest of the process may be given to it. */
bool pp_worker_process_has_fds(void);

/* Write standard output line by line as on a terminal, wherever it leads to, so that what several
 * processes print stays in order. */
void pp_worker_process_buffer_lines(void);

/* Work, with the descriptors in their places. Returns the exit code. */
int pp_worker_process_run(const struct pp_program *program);
