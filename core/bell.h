/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Bell: wake those who wait until something that a lock guards has changed
 *
 * Less than a condition (core/condition.h): it keeps no names, so any number may wait, and it costs
 * who changes things one load where nobody waits. Lies in shared memory beside a lock
 * (core/lock.h), and all zero bytes are a bell that nobody listens to.
 *
 * Who finds, under the lock, that he has to wait listens, lets the lock go, and sleeps with
 * pp_futex_wait() on the word while it is what he heard. Who changes things rings under the lock,
 * collects the calls that are due with pp_bell_collect(), lets the lock go and makes them:
 *
 *     heard = pp_bell_listen(&bell);                     *count += 1;
 *     pp_lock_release(&lock);                            pp_bell_ring(&bell, 1);
 *     r = pp_futex_wait(&bell.word, heard, deadline);    call = pp_bell_collect(&bell);
 *     ... and take the lock, and look again ...          pp_lock_release(&lock);
 *                                                        pp_bell_call(&bell, call);
 *
 * A death between the steps costs sleepers no more than the rest of a slice of sleep.
 */

#include <stdatomic.h>

#include "core/base.h"

/* Fields are the bell's own; written under the lock, but for the mark that a caller takes away. */
struct pp_bell {
    _Atomic uint32_t word; /* what sleepers sleep on; changes whenever it is rung */
    _Atomic uint32_t mark; /* not 0: somebody may sleep; what the last one who came has heard */
    uint32_t due;          /* sleepers to be called when the lock is released */
};

/* Whom to call, once the lock is released. */
struct pp_bell_call {
    uint32_t count; /* 0: nobody */
    uint32_t mark;  /* when it was rung */
};

/* pp_bell_ring(): all who wait. */
#define PP_BELL_ALL UINT32_C(0x7fffffff)

/* Say that the caller is about to wait. Returns what he has heard, for pp_futex_wait(). Under the
 * lock. */
uint32_t pp_bell_listen(struct pp_bell *bell);

/* Say that things have changed for up to @count of those who wait. Under the lock. */
void pp_bell_ring(struct pp_bell *bell, uint32_t count);

/* What is due; the caller makes that call. Under the lock. */
struct pp_bell_call pp_bell_collect(struct pp_bell *bell);

/* Wake them. Without the lock. */
void pp_bell_call(struct pp_bell *bell, struct pp_bell_call call);
