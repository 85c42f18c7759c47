/* SPDX-License-Identifier: MIT */
/*
 * The length of a sleep is a hash of the seed, of the process and of how many points it has passed:
 * no state but one counter, so threads need no lock here and a lock that a forked child would
 * inherit locked does not exist. Where several threads pass points, the process's sequence is the
 * same and who gets which sleep of it is theirs to race for.
 *
 * Half of the points do not sleep. Two processes of which both always sleep about as long stay in
 * the order that they have; what breaks orders is one that waits while the other runs past.
 */
#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "core/log.h"
#include "core/point.h"

/* Microseconds: the longest sleep where none is given, and the longest that can be given. */
enum { MOST_US = 1000, LIMIT_US = 10000000 };

void (*pp_point_hook)(const char *name);

/* Written before the hook is set, read in the hook. */
static struct pp_point_stall stall;
static pthread_mutex_t stall_mutex = PTHREAD_MUTEX_INITIALIZER;

static _Atomic uint64_t process;
static _Atomic uint64_t steps;

/* A number at the start of *text, which is moved behind it. */
static int parse_number(const char **text, uint64_t *ret)
{
    char *end;

    if (!isdigit((unsigned char)**text)) {
        return -EINVAL; /* strtoull() would take signs and spaces */
    }
    errno = 0;
    *ret = strtoull(*text, &end, 10);
    *text = end;
    return -errno;
}

int pp_point_parse_stall(const char *text, struct pp_point_stall *ret_stall)
{
    struct pp_point_stall parsed = {.most_us = MOST_US};
    int r = parse_number(&text, &parsed.seed);

    if (r == 0 && *text == ':') {
        text++;
        r = parse_number(&text, &parsed.most_us);
    }
    if (r != 0 || *text != '\0') {
        return r != 0 ? r : -EINVAL;
    }
    if (parsed.most_us > LIMIT_US) {
        return -ERANGE;
    }
    *ret_stall = parsed;
    return 0;
}

/* One step of splitmix64: every bit of the result depends on every bit of @value. */
static uint64_t mix(uint64_t value)
{
    value += UINT64_C(0x9e3779b97f4a7c15);
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

uint64_t pp_point_pause_us(const struct pp_point_stall *from, uint64_t number, uint64_t step)
{
    uint64_t random = mix(mix(mix(from->seed) ^ number) ^ step);

    return (random & 1) == 0 ? 0 : (random >> 1) % (from->most_us + 1);
}

static void sleep_us(uint64_t us)
{
    struct timespec left = {
        .tv_sec = (time_t)(us / 1000000),
        .tv_nsec = (long)(us % 1000000) * 1000,
    };

    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR) {
    }
}

static void stall_at(const char *name)
{
    uint64_t us = pp_point_pause_us(&stall, atomic_load(&process), atomic_fetch_add(&steps, 1));
    int saved = errno;

    (void)name;
    if (us > 0) {
        sleep_us(us);
    }
    errno = saved; /* a point may stand between a call and the look at its error */
}

void pp_point_follow_environment(void)
{
    const char *text = getenv("PIXPOOL_STALL");
    int r;

    if (text == NULL) {
        return;
    }
    pthread_mutex_lock(&stall_mutex);
    if (pp_point_hook == NULL) {
        r = pp_point_parse_stall(text, &stall);
        if (r == 0) {
            __atomic_store_n(&pp_point_hook, stall_at, __ATOMIC_RELEASE);
        } else {
            pp_log(PP_LOG_INFO, "point", "PIXPOOL_STALL=%s is not SEED or SEED:MICROSECONDS", text);
        }
    }
    pthread_mutex_unlock(&stall_mutex);
}

void pp_point_be_process(uint64_t number)
{
    atomic_store(&process, number);
    atomic_store(&steps, 0);
}
