/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Strike: one process of a family, at one point, does something that it should not
 *
 * What is to happen lies in a file that every process of the family maps before it does anything
 * else (an environment variable names it): so host, zygote and workers obey, however they were
 * started, and count the points that they pass. It happens once, whoever passes next. All dawdle at
 * points as with PIXPOOL_STALL, so that deaths meet others in the middle of something.
 */

#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/point.h"

#define STRIKE_VARIABLE "PIXPOOL_TEST_STRIKE"

enum strike_role { STRIKE_HOST, STRIKE_ZYGOTE, STRIKE_WORKER, STRIKE_ROLES };

enum strike_action {
    STRIKE_KILL,
    STRIKE_SEGV,
    STRIKE_ABORT,
    STRIKE_EXIT_0,
    STRIKE_EXIT_3,
    STRIKE_STOP,
    STRIKE_SPIN,
    STRIKE_GARBAGE, /* a message that means nothing, and on it goes */
    STRIKE_SHORT,   /* likewise one of a single byte */
    STRIKE_ACTIONS,
    STRIKE_NONE
};

/* One place where a process of a role passed a point; found in the course of a run. */
struct strike_point {
    _Atomic int state; /* 0 free, 1 being filled in, 2 whole */
    int role;
    char name[48];
    _Atomic unsigned passes;
};

#define STRIKE_POINTS_MAX 128

struct strike {
    int role;
    char name[48];
    unsigned nth; /* of its passes, from 1 */
    int action;
    struct pp_point_stall stall;
    _Atomic bool armed;
    _Atomic int struck; /* the process that it happened to; 0: it did not happen */
    struct strike_point points[STRIKE_POINTS_MAX];
};

static struct strike *strike;
static int strike_role;
static pid_t strike_pid; /* that role's; whoever was forked from it is a worker */

static inline struct strike_point *strike_find(int role, const char *name)
{
    for (size_t i = 0; i < STRIKE_POINTS_MAX; i++) {
        struct strike_point *point = &strike->points[i];
        int free_state = 0;

        if (atomic_load(&point->state) == 2 && point->role == role &&
            strcmp(point->name, name) == 0) {
            return point;
        }
        /* Whoever is killed in here leaves a place that nobody uses; two may add the same. */
        if (atomic_compare_exchange_strong(&point->state, &free_state, 1)) {
            point->role = role;
            g_strlcpy(point->name, name, sizeof(point->name));
            atomic_store(&point->state, 2);
            return point;
        }
    }
    return NULL;
}

/* A process that the host started has its channel as its first descriptor after the standard ones.
 */
static inline void strike_say(size_t length)
{
    char garbage[300];

    memset(garbage, 0xa5, sizeof(garbage));
    if (write(STDERR_FILENO + 1, garbage, length) < 0) {
        _exit(9);
    }
}

static inline void strike_act(int action)
{
    switch (action) {
    case STRIKE_KILL:
        raise(SIGKILL);
        break;
    case STRIKE_SEGV:
        signal(SIGSEGV, SIG_DFL); /* sanitizers would turn it into an exit */
        raise(SIGSEGV);
        break;
    case STRIKE_ABORT:
        abort();
    case STRIKE_EXIT_0:
        _exit(0);
    case STRIKE_EXIT_3:
        _exit(3);
    case STRIKE_STOP:
        raise(SIGSTOP);
        break;
    case STRIKE_SPIN:
        if (nice(19) == -1) { /* what others do meanwhile is what is tested */
            _exit(9);
        }
        for (volatile unsigned i = 0;; i++) {
        }
    case STRIKE_GARBAGE:
        strike_say(300);
        break;
    case STRIKE_SHORT:
        strike_say(1);
        break;
    default:
        break;
    }
}

static inline void strike_pass(const char *name)
{
    int role = getpid() == strike_pid ? strike_role : STRIKE_WORKER;
    struct strike_point *point = strike_find(role, name);
    bool armed = true;
    unsigned pass;

    if (point == NULL) {
        return;
    }
    pass = atomic_fetch_add(&point->passes, 1) + 1;
    g_usleep(pp_point_pause_us(&strike->stall, (uint64_t)role, pass));
    if (pass >= strike->nth && role == strike->role && strcmp(name, strike->name) == 0 &&
        atomic_compare_exchange_strong(&strike->armed, &armed, false)) {
        atomic_store(&strike->struck, getpid());
        strike_act(strike->action);
    }
}

static inline void strike_map(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    void *mapped = fd < 0 ? MAP_FAILED
                          : mmap(NULL, sizeof(*strike), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (mapped == MAP_FAILED) {
        _exit(98);
    }
    close(fd);
    strike = mapped;
}

/* The first line of main(), before pp_program_enter(). */
static inline void strike_enter(int argc, char **argv)
{
    const char *path = getenv(STRIKE_VARIABLE);

    if (path == NULL || argc < 2 || !g_str_has_prefix(argv[1], "--pixpool-")) {
        return;
    }
    strike_map(path);
    strike_pid = getpid();
    strike_role = strstr(argv[1], "zygote") != NULL ? STRIKE_ZYGOTE : STRIKE_WORKER;
    pp_point_hook = strike_pass;
}

/* Make the calling process the host of the family whose file is @path. */
static inline void strike_be_host(const char *path)
{
    g_setenv(STRIKE_VARIABLE, path, TRUE);
    strike_map(path);
    strike_pid = getpid();
    strike_role = STRIKE_HOST;
    pp_point_hook = strike_pass;
}
