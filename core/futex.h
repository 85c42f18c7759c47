/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Futex: sleep until a word in shared memory changes
 *
 * What locks, events and the like between processes stand on. The word may lie anywhere in memory
 * that several processes have mapped, at different addresses too.
 *
 * No sleep lasts longer than PP_FUTEX_LOOK_MS, even where nobody rings: who would have rung may
 * have died. So the caller sleeps in a loop, and looks at the end of each such slice whether the
 * one that it waits for is alive. Any thread, any process.
 */

#include <stdatomic.h>

#include "core/base.h"

/* How late, at most, a sleeper finds out that somebody has died. */
#define PP_FUTEX_LOOK_MS 20

/* pp_futex_wait(): nobody rang for a while. See who is alive, then sleep again. */
enum { PP_FUTEX_LOOK = 1 };

/* When a wait of @timeout_ms that begins now is over, for pp_futex_wait(): below 0 never, 0 now. */
uint64_t pp_futex_deadline(int timeout_ms);

/*
 * Sleep while *@word is @expected.
 * Returns 0 when woken, for whatever reason, or where the word differed from the start: look at it
 * again; PP_FUTEX_LOOK; -ETIMEDOUT when @deadline has passed.
 */
PP_MUST_CHECK int pp_futex_wait(const _Atomic uint32_t *word, uint32_t expected, uint64_t deadline);

/* Wake up to @count of those who sleep on @word. Returns how many there were. */
unsigned pp_futex_wake(_Atomic uint32_t *word, unsigned count);

/* Wake all of them. */
void pp_futex_wake_all(_Atomic uint32_t *word);
