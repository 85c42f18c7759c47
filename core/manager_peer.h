/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Manager peer: one client's connection, as a manager's server has it
 *
 * Requests are read as they come and answered one after the other: while a peer waits, or has not
 * taken the whole of its last answer, nothing of it is read. So what the server keeps for a peer is
 * one request and one answer at most; what they may be together, for all peers, is bounded too.
 *
 * A peer is freed in the server's loop alone, never under the feet of a request of another one: who
 * finds that it is gone calls pp_manager_peer_break().
 */

#include "core/manager_deadlines.h"
#include "core/manager_object.h"

/* What a descriptor in the server's epoll set belongs to. */
struct pp_manager_source {
    enum {
        PP_MANAGER_LISTENER,
        PP_MANAGER_LIFELINE,
        PP_MANAGER_PEER,        /* its socket */
        PP_MANAGER_PEER_PROCESS /* its process: readable when that has ended */
    } what;
    struct pp_manager_peer *peer;
};

/* What is left of a snapshot that a peer fetches. */
struct pp_manager_pages {
    struct pp_manager_stored **entries; /* references; owned, in the store */
    size_t count;
    size_t sent;
    size_t width; /* of one entry: 2 for a key and its item */
    bool keyed;   /* the first of an entry is a key, which travels as text */
};

struct pp_manager_peer {
    TAILQ_ENTRY(pp_manager_peer) neighbours; /* all peers, or all that are closed */
    TAILQ_ENTRY(pp_manager_peer) runnable_neighbours;
    struct pp_manager_server *server;
    struct pp_manager_source socket_source;
    struct pp_manager_source process_source;
    int socket;
    int process; /* pidfd; -1: the kernel has none to give */
    uint32_t events;
    bool greeted;  /* it said hello */
    bool deserted; /* its process has ended */
    bool broken;   /* to be closed as soon as nobody looks at it */
    bool closed;   /* closed, and freed at the end of this turn */
    bool runnable; /* in the server's list of those */

    struct pp_frame_writer input; /* requests; those up to input_used are dealt with */
    size_t input_used;
    struct pp_frame_writer output; /* an answer; output_sent bytes of it are sent */
    size_t output_sent;
    size_t buffered; /* bytes of both buffers that the server has counted */

    uint32_t number; /* of the request in work */
    struct pp_manager_waiting waiting;
    struct pp_manager_deadline
        deadline;      /* of the waiting request, or of the other end's next move */
    uint64_t moved_ns; /* when the other end made its last one */
    struct pp_manager_holdings holdings;
    struct pp_manager_pages pages;
    struct pp_manager_holding *unconfirmed; /* where the item is whose receipt is to be confirmed */
};

/*
 * Begin to talk to who has connected as @socket; takes it over where that works.
 * Returns 0; -EPERM for another user; another errno.
 */
PP_MUST_CHECK int pp_manager_peer_create(struct pp_manager_server *server, int socket);

/* Read what came, or send what is left to be sent, as @events of epoll say. */
void pp_manager_peer_handle(struct pp_manager_peer *peer, uint32_t events);

/* Answer the requests that were read, as far as may be, and wait for what comes next. */
void pp_manager_peer_run(struct pp_manager_peer *peer);

/* Its process has ended: close the connection once what came from it is dealt with. */
void pp_manager_peer_desert(struct pp_manager_peer *peer);

/* It has waited, or stood still, for too long. */
void pp_manager_peer_expire(struct pp_manager_peer *peer);

/* Have it closed soon. */
void pp_manager_peer_break(struct pp_manager_peer *peer);

/* Close the connection, and give back all that it held; freed later. */
void pp_manager_peer_close(struct pp_manager_peer *peer);

void pp_manager_peer_free(struct pp_manager_peer *peer);

/* Begin an answer to the request in work; what follows the header goes into the writer. End it, and
 * send as much as goes. */
struct pp_frame_writer *pp_manager_peer_begin_answer(struct pp_manager_peer *peer);
void pp_manager_peer_end_answer(struct pp_manager_peer *peer, int outcome);
