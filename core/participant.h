/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Participant: who a process is, in one number
 *
 * What processes share has to name its holder in a way that stays true after the holder has died
 * and its pid was given to another process. A participant is a pid and the time at which that
 * process started, packed into 63 bits: it fits an atomic word, is stored as it is into shared
 * memory, and is never given again as long as the machine runs.
 *
 * The threads of a process are one participant. A process stays the same participant when it
 * executes another program; a forked child is another one. All who share memory have to live in one
 * pid namespace, and see it under /proc.
 */

#include "core/base.h"

#include <sys/types.h>

/* No participant has this number. */
#define PP_PARTICIPANT_NOBODY UINT64_C(0)

/* How many bits a participant may take; the rest of a word is free for those who store it. */
#define PP_PARTICIPANT_BITS 63

/*
 * The calling process, or PP_PARTICIPANT_NOBODY where /proc cannot be read (not mounted, no
 * descriptor left). Read once and kept: later calls are a load of memory, also after fork().
 * Any thread, any process.
 */
uint64_t pp_participant_self(void);

/*
 * Find out who the process @pid is, now. A parent may ask for its child until it has reaped it,
 * without a race.
 * Returns 0 and sets *ret_participant; -ESRCH where there is no such process; another errno where
 * /proc cannot be read.
 */
PP_MUST_CHECK int pp_participant_of(pid_t pid, uint64_t *ret_participant);

/* The pid that @participant has, or had. */
pid_t pp_participant_pid(uint64_t participant);

/*
 * Will @participant ever run another instruction? False once its last thread has ended, whether or
 * not its parent has reaped it; a stopped process is alive. Where the system does not tell, the
 * answer is true: a living process is never taken for dead. Nobody is not alive.
 * Two system calls and more, not for a fast path. Any thread, any process.
 */
bool pp_participant_is_alive(uint64_t participant);
