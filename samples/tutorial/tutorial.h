/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Tutorial: what the programs of this course have in common
 *
 * Python does four things for its programs that C leaves to them: it stops with a message where
 * something fails that nobody looks at, it sleeps for parts of a second, it prints lists, and its
 * integers have no largest. Here they are, short enough to be copied along.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/clock.h"
#include "core/error.h"

/* For the last argument of the functions that say why they failed; MUST() prints what is in it. */
static __attribute__((unused)) struct pp_error error;

/*
 * In main(): call a function that returns a negative errno where it fails, and stop the program
 * there, as an exception that nobody catches does. Its processes end with it.
 */
#define MUST(call) tutorial_must((call), #call)

static inline void tutorial_must(int r, const char *call)
{
    if (r >= 0) {
        return;
    }
    fprintf(stderr, "%s: %s\n", call, error.code == r ? error.message : strerror(-r));
    exit(1);
}

/*
 * In a task function: call a function that returns a negative errno where it fails, and return
 * that, as an exception is passed on to the caller. The task has failed then, not the program.
 */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        int tutorial_r = (call);                                                                   \
        if (tutorial_r < 0) {                                                                      \
            return tutorial_r;                                                                     \
        }                                                                                          \
    } while (0)

/*
 * Sleep, as time.sleep() does. TUTORIAL_SECOND_MS in the environment says how many milliseconds a
 * second has, for those who cannot wait; processes have the environment of the program.
 */
static inline void pause_for(double seconds)
{
    const char *second_ms = getenv("TUTORIAL_SECOND_MS");
    double ns = seconds * (second_ms ? atof(second_ms) : 1000) * 1e6;
    struct timespec left = {(time_t)(ns / 1e9), (long)(ns - (double)(time_t)(ns / 1e9) * 1e9)};

    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR) {
    }
}

/* Seconds since pp_clock_ns() returned @start_ns. */
static inline double seconds_since(uint64_t start_ns)
{
    return (double)(pp_clock_ns() - start_ns) / 1e9;
}

/* Print "@before[1, 2, 3]" and the end of the line. */
static inline void print_list(const char *before, const int64_t *numbers, size_t count)
{
    printf("%s[", before);
    for (size_t i = 0; i < count; i++) {
        printf("%s%" PRId64, i > 0 ? ", " : "", numbers[i]);
    }
    puts("]");
}

/* For sums of squares of millions, which 64 bits do not hold. */
__extension__ typedef unsigned __int128 wide;

/* @number in decimal digits, in memory of the calling expression: WIDE_TEXT(sum). */
#define WIDE_TEXT(number) tutorial_wide_text((number), (char[40]){0})

static inline const char *tutorial_wide_text(wide number, char text[40])
{
    char *at = text + 39;

    do {
        *--at = (char)('0' + (int)(number % 10));
        number /= 10;
    } while (number > 0);
    return at;
}
