/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Start: what a worker is told before anything else
 *
 * Who it is, what memory it shares from now on, and what it calls before its first task. The
 * host's half; the worker's is worker_start.c.
 */

#include "core/process.h"
#include "core/task.h"

/* What all workers of a pool are told alike. */
struct pp_start {
    uint32_t initializer; /* index of a function, see core/builtin.h; PP_START_NO_INITIALIZER */
    void *arguments;      /* of the initializer; owned */
    size_t arguments_length;
    struct pp_shared_memory *shared[PP_SHARED_MAX]; /* the caller's, open while workers start */
    uint32_t shared_count;
    bool once;   /* the worker exits after its first task, with its outcome */
    bool daemon; /* for pp_process_current() */
};

/*
 * Keep what @options wants of each worker.
 * Returns 0; -ENOENT, -E2BIG or -ENOMEM with @error set. pp_start_finish() frees what it holds.
 */
PP_MUST_CHECK int pp_start_init(struct pp_start *start, const struct pp_program *program,
                                const struct pp_pool_options *options, struct pp_error *error);
void pp_start_finish(struct pp_start *start);

/*
 * Tell worker @number, at the other side of channel end @end, whose first message this is.
 * Returns what pp_channel_send() does.
 */
PP_MUST_CHECK int pp_start_send(const struct pp_start *start, int end, uint32_t number,
                                const char *name);
