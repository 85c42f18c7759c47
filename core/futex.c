/* SPDX-License-Identifier: MIT */
/*
 * Never FUTEX_PRIVATE_FLAG: with it the kernel would take a word for this process's alone, and no
 * peer would ever be woken.
 *
 * Deadlines are points of the monotonic clock (core/clock.h) in nanoseconds, so that a wait which
 * begins again after each slice does not become longer.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/futex.h"

#define NS_PER_MS     UINT64_C(1000000)
#define NS_PER_SECOND UINT64_C(1000000000)

uint64_t pp_futex_deadline(int timeout_ms)
{
    if (timeout_ms < 0) {
        return UINT64_MAX;
    }
    return timeout_ms == 0 ? 0 : pp_clock_ns() + (uint64_t)timeout_ms * NS_PER_MS;
}

/* The bitset form of the call, because that one takes a point in time instead of a duration. */
static int sleep_until(const _Atomic uint32_t *word, uint32_t expected, uint64_t when)
{
    struct timespec until = {(time_t)(when / NS_PER_SECOND), (long)(when % NS_PER_SECOND)};
    long r =
        syscall(SYS_futex, word, FUTEX_WAIT_BITSET, expected, &until, NULL, FUTEX_BITSET_MATCH_ANY);

    return r == 0 ? 0 : -errno;
}

int pp_futex_wait(const _Atomic uint32_t *word, uint32_t expected, uint64_t deadline)
{
    uint64_t now = deadline == 0 ? 0 : pp_clock_ns();
    uint64_t look = now + PP_FUTEX_LOOK_MS * NS_PER_MS;

    if (now >= deadline) {
        return -ETIMEDOUT;
    }
    if (sleep_until(word, expected, look < deadline ? look : deadline) != -ETIMEDOUT) {
        return 0;
    }
    return look < deadline ? PP_FUTEX_LOOK : -ETIMEDOUT;
}

unsigned pp_futex_wake(_Atomic uint32_t *word, unsigned count)
{
    long woken = syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0);

    return woken < 0 ? 0 : (unsigned)woken;
}

void pp_futex_wake_all(_Atomic uint32_t *word)
{
    pp_futex_wake(word, INT_MAX);
}
