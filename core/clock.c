/* SPDX-License-Identifier: MIT */
#include <time.h>

#include "core/clock.h"

uint64_t pp_clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
