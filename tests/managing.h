/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Managing: a manager's server in a child of the test, without a zygote in between
 *
 * So that a sanitizer that finds something in the server fails the test, and the test may set the
 * limits, stop the server, or kill it.
 */

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "core/manager.h"
#include "core/manager_address.h"
#include "core/manager_dict.h"
#include "core/manager_server.h"
#include "tests/processes.h"

struct managed {
    struct pp_manager_address address;
    pid_t pid;
    int lifeline;
};

/* exit(), not _exit(), so that what leaks in the server is found. */
static inline void run_server(const struct managed *managed, int lifeline,
                              const struct pp_manager_limits *limits)
{
    int r;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(managed->lifeline);
    r = pp_manager_server_run(managed->address.listener, lifeline, limits);
    close(lifeline);
    exit(r == 0 ? 0 : 1);
}

static inline void start_server_at(struct managed *managed, const char *path,
                                   const struct pp_manager_limits *limits)
{
    static const struct pp_manager_limits defaults;
    struct pp_error error = {.code = 0};
    int ends[2];

    if (pp_manager_address_listen(&managed->address, path, &error) != 0) {
        g_error("%s", error.message);
    }
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
    managed->lifeline = ends[1];
    fflush(NULL);
    managed->pid = fork();
    g_assert_cmpint(managed->pid, >=, 0);
    if (managed->pid == 0) {
        run_server(managed, ends[0], limits != NULL ? limits : &defaults);
    }
    close(ends[0]);
    close(managed->address.listener);
    managed->address.listener = -1;
}

static inline void start_server(struct managed *managed)
{
    start_server_at(managed, NULL, NULL);
}

static inline void forget_server(struct managed *managed)
{
    pp_manager_address_remove(&managed->address);
    close(managed->lifeline);
}

/* The server has to be well until its end. */
static inline void stop_server(struct managed *managed)
{
    g_assert_cmpint(send(managed->lifeline, "", 1, MSG_NOSIGNAL), ==, 1);
    g_assert_cmpint(join_child(managed->pid), ==, 0);
    forget_server(managed);
}

static inline void kill_server(struct managed *managed)
{
    kill_child(managed->pid);
    forget_server(managed);
}

static inline struct pp_manager *connect_at(const char *path)
{
    struct pp_manager *manager = NULL;
    struct pp_error error = {.code = 0};

    if (pp_manager_connect(&manager, path, NULL, &error) != 0) {
        g_error("%s", error.message);
    }
    return manager;
}

static inline struct pp_manager *connect_to(const struct managed *managed)
{
    return connect_at(managed->address.path);
}

/* A server, and a client of it. */
struct fixture {
    struct managed server;
    struct pp_manager *manager;
};

static inline void begin(struct fixture *fixture)
{
    start_server(&fixture->server);
    fixture->manager = connect_to(&fixture->server);
}

static inline void end(struct fixture *fixture)
{
    pp_manager_destroy(fixture->manager);
    stop_server(&fixture->server);
}

/* Whatever others do, an honest client is served. */
static inline void check_service(struct fixture *fixture)
{
    struct pp_manager_dict dict;
    struct pp_item item = pp_item_int(1);

    g_assert_cmpint(pp_manager_dict(fixture->manager, "honest", &dict), ==, 0);
    g_assert_cmpint(pp_manager_dict_set(&dict, "n", &item), ==, 0);
    g_assert_cmpint(pp_manager_dict_get(&dict, "n", &item), ==, 0);
    g_assert_cmpint(item.integer, ==, 1);
}

/* Where a test and the clients in its children meet, in shared memory; may be the first of more. */
struct meeting {
    char path[PP_MANAGER_ADDRESS_MAX + 1]; /* of the server */
    _Atomic uint32_t said;                 /* how often a child has said that it goes on now */
    _Atomic uint32_t stop;                 /* what children that go on for ever are told */
    _Atomic int64_t outcome;               /* of what it was about */
};

static inline void *meet_at(const char *path, struct pp_slot *slot, size_t bytes)
{
    struct meeting *meeting = share(slot, bytes);

    g_strlcpy(meeting->path, path, sizeof(meeting->path));
    return meeting;
}

/* A child that says that it waits from now on, and then does. */
static inline pid_t start_and_hear(void *memory, child_fn run)
{
    struct meeting *meeting = memory;
    pid_t pid;

    atomic_store(&meeting->said, 0);
    pid = start_child(run, memory);
    WAIT_UNTIL(atomic_load(&meeting->said) == 1 && sleeps(pid));
    return pid;
}
