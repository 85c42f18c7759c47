/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Manager server: the process, or thread, that keeps a manager's objects
 */

#include "core/manager_peer.h"
#include "core/manager_table.h"

/* As in struct pp_manager_options; travels as the arguments of the process. All zero is fine. */
struct pp_manager_limits {
    uint64_t memory_bytes;
    uint32_t clients;
    uint32_t stall_ms;
};

TAILQ_HEAD(pp_manager_peers, pp_manager_peer);

struct pp_manager_server {
    struct pp_manager_limits limits;
    int epoll;
    int listener;
    int lifeline;
    int spare; /* a descriptor to give up where there is none left to turn somebody away with */
    struct pp_manager_source listener_source;
    struct pp_manager_source lifeline_source;
    struct pp_manager_store store;
    struct pp_manager_table names;   /* of objects */
    struct pp_manager_table objects; /* by the bytes of their id */
    uint64_t last_object;            /* the last id that was given */
    uint64_t instance;               /* which of the servers that have had this address */
    struct pp_manager_peers peers;
    struct pp_manager_peers runnable; /* to be run, or closed, in this turn */
    struct pp_manager_peers closed;   /* to be freed at its end */
    uint32_t peer_count;
    size_t buffered; /* bytes of all peers' buffers */
    struct pp_manager_deadlines deadlines;
};

/*
 * Serve who connects to @listener, a socket that listens, until @lifeline, a descriptor, becomes
 * readable or is closed by its other end. Both stay the caller's.
 * Returns 0; or a negative errno where it could not begin or go on.
 */
PP_MUST_CHECK int pp_manager_server_run(int listener, int lifeline,
                                        const struct pp_manager_limits *limits);

/* Count what @peer's buffers take; where all together take too much, break the one with most. */
void pp_manager_server_account(struct pp_manager_peer *peer);

/* Have @peer run, or closed, in this turn. */
void pp_manager_server_schedule(struct pp_manager_peer *peer);
