/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Process, inside
 *
 *   process_self.c  who the calling process is
 */

#include "core/process.h"
#include "core/wire.h"

/*
 * process_self.c: this process is a worker and nothing else from now on: what its host says about
 * it with pp_process_self_set() is true of the whole process. Before that call alone.
 */
void pp_process_self_become_worker(void);

/* process_self.c: take over what the host says of this worker; nothing where it is no process. */
void pp_process_self_set(const struct pp_start_message *start);
