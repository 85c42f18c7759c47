/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Zygote: the process that forks workers, reaps them and tells how they ended
 *
 * The program started again with a hidden role: one thread, all codecs loaded, no user data.
 * Forking from it costs a fifth of a millisecond, whatever the host has grown to and however many
 * threads it runs. It dies with its host, and its workers with it.
 */

#include "core/task.h"

/* The hidden role, as the first argument of the program. */
#define PP_ZYGOTE_ROLE "--pixpool-zygote"

/* The descriptor on which a zygote finds its channel to the host. */
#define PP_ZYGOTE_FD 3

/* Serve the host on channel end @end until it is gone. Returns the exit code. */
int pp_zygote_run(const struct pp_program *program, int end);
