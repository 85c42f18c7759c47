/* SPDX-License-Identifier: MIT */
/*
 * One thread, one epoll set, and nothing in it that waits: a client may do what it likes and delays
 * nobody for longer than one request of its own takes. One request after the other is also what
 * makes each atomic, without a lock anywhere.
 *
 * A turn: what the descriptors say, what is over its time, what others have made runnable; then
 * what was closed is freed, since events of the same turn may still have spoken of it.
 *
 * Where there are no descriptors left, a connection that waits to be accepted would make the
 * listening socket readable for ever. So one descriptor is kept to be given up: the client is
 * accepted with it, told that there is no place, and closed.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/manager_registry.h"
#include "core/point.h"

#define MEMORY_BYTES  (UINT64_C(1) << 30)
#define STALL_MS      60000
#define BUFFERS_BYTES ((size_t)256 << 20)

/* Of one turn of the loop. */
#define EVENTS_MAX  64
#define ACCEPTS_MAX 16

void pp_manager_server_schedule(struct pp_manager_peer *peer)
{
    if (!peer->runnable && !peer->closed) {
        peer->runnable = true;
        TAILQ_INSERT_TAIL(&peer->server->runnable, peer, runnable_neighbours);
    }
}

static void break_the_greediest(struct pp_manager_server *server)
{
    struct pp_manager_peer *greediest = NULL;
    struct pp_manager_peer *peer;

    TAILQ_FOREACH(peer, &server->peers, neighbours)
    {
        if (!peer->broken && (greediest == NULL || peer->buffered > greediest->buffered)) {
            greediest = peer;
        }
    }
    if (greediest != NULL) {
        pp_log(PP_LOG_INFO, "manager", "a client has %zu bytes on the way: closed",
               greediest->buffered);
        pp_manager_peer_break(greediest);
    }
}

void pp_manager_server_account(struct pp_manager_peer *peer)
{
    struct pp_manager_server *server = peer->server;
    size_t buffered = peer->input.capacity + peer->output.capacity;

    server->buffered = server->buffered - peer->buffered + buffered;
    if (buffered > peer->buffered && server->buffered > BUFFERS_BYTES) {
        peer->buffered = buffered;
        break_the_greediest(server);
    }
    peer->buffered = buffered;
}

/* Tell who has connected as @socket that there is no place, and close it. */
static void turn_away(int socket)
{
    struct pp_frame_writer answer = {.bytes = NULL};

    pp_frame_put_u32(&answer, 0);
    pp_frame_put_u32(&answer, 0);
    pp_frame_put_u32(&answer, pp_manager_outcome_to_wire(-EUSERS));
    if (answer.error == 0 &&
        send(socket, answer.bytes, answer.length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        pp_log(PP_LOG_DEBUG, "manager", "nobody to turn away: %s", strerror(errno));
    }
    pp_frame_writer_finish(&answer);
    close(socket);
}

static int open_spare(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Accept somebody with the last descriptor that there is. */
static void turn_away_with_spare(struct pp_manager_server *server)
{
    int socket;

    if (server->spare >= 0) {
        close(server->spare);
    }
    socket = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket >= 0) {
        turn_away(socket);
    }
    server->spare = open_spare();
}

/* Returns 0, also where nobody is there; -EAGAIN where that is the end of them. */
static int accept_one(struct pp_manager_server *server)
{
    int socket = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    int r;

    if (socket < 0) {
        switch (errno) {
        case EMFILE:
        case ENFILE:
        case ENOMEM:
        case ENOBUFS:
            turn_away_with_spare(server);
            return 0;
        case EINTR:
        case ECONNABORTED:
            return 0;
        default:
            return -errno;
        }
    }
    if (server->limits.clients != 0 && server->peer_count >= server->limits.clients) {
        turn_away(socket);
        return 0;
    }
    r = pp_manager_peer_create(server, socket);
    if (r != 0) {
        pp_log(PP_LOG_INFO, "manager", "a client was turned away: %s", strerror(-r));
    }
    if (r == -EPERM) {
        close(socket); /* strangers are told nothing */
    } else if (r != 0) {
        turn_away(socket);
    }
    return 0;
}

/* Returns 0, or an error of the listening socket. */
static int accept_some(struct pp_manager_server *server)
{
    int r = 0;

    for (int i = 0; i < ACCEPTS_MAX && r == 0; i++) {
        r = accept_one(server);
    }
    return r == -EAGAIN ? 0 : r;
}

static int add_source(struct pp_manager_server *server, int fd, struct pp_manager_source *source)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = source};

    return epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

static void settle_limits(struct pp_manager_server *server, const struct pp_manager_limits *limits)
{
    server->limits = *limits;
    if (server->limits.memory_bytes == 0) {
        server->limits.memory_bytes = MEMORY_BYTES;
    }
    if (server->limits.stall_ms == 0) {
        server->limits.stall_ms = STALL_MS;
    }
    server->store.limit =
        server->limits.memory_bytes > SIZE_MAX ? SIZE_MAX : (size_t)server->limits.memory_bytes;
}

static int begin(struct pp_manager_server *server)
{
    int flags = fcntl(server->listener, F_GETFL);
    int r;

    if (flags < 0 || fcntl(server->listener, F_SETFL, flags | O_NONBLOCK) != 0) {
        return -errno;
    }
    if (getrandom(&server->instance, sizeof(server->instance), 0) !=
        (ssize_t)sizeof(server->instance)) {
        return -EIO;
    }
    server->listener_source.what = PP_MANAGER_LISTENER;
    server->lifeline_source.what = PP_MANAGER_LIFELINE;
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    server->spare = open_spare();
    if (server->epoll < 0 || server->spare < 0) {
        return -errno;
    }
    r = add_source(server, server->listener, &server->listener_source);
    return r == 0 ? add_source(server, server->lifeline, &server->lifeline_source) : r;
}

/* Milliseconds until something is to be done; -1: nothing is. */
static int time_to_wait(const struct pp_manager_server *server)
{
    const struct pp_manager_deadline *first = pp_manager_deadlines_first(&server->deadlines);
    uint64_t now;

    if (!TAILQ_EMPTY(&server->runnable)) {
        return 0;
    }
    if (first == NULL) {
        return -1;
    }
    now = pp_clock_ns();
    if (first->at_ns <= now) {
        return 0;
    }
    /* A deadline that is far away is waited for in parts. */
    return first->at_ns - now > UINT64_C(1000000000000)
               ? 1000000
               : (int)((first->at_ns - now + 999999) / 1000000);
}

static struct pp_manager_peer *peer_of(struct pp_manager_deadline *deadline)
{
    return (struct pp_manager_peer *)(void *)((char *)deadline -
                                              offsetof(struct pp_manager_peer, deadline));
}

static void expire(struct pp_manager_server *server)
{
    struct pp_manager_deadline *first;
    uint64_t now = pp_clock_ns();

    while ((first = pp_manager_deadlines_first(&server->deadlines)) != NULL &&
           first->at_ns <= now) {
        pp_manager_peer_expire(peer_of(first));
    }
}

/* Those that become runnable meanwhile have the next turn. */
static void run_all(struct pp_manager_server *server)
{
    struct pp_manager_peers now = TAILQ_HEAD_INITIALIZER(now);
    struct pp_manager_peer *peer;

    TAILQ_CONCAT(&now, &server->runnable, runnable_neighbours);
    while ((peer = TAILQ_FIRST(&now)) != NULL) {
        TAILQ_REMOVE(&now, peer, runnable_neighbours);
        peer->runnable = false;
        if (peer->broken) {
            pp_manager_peer_close(peer);
        } else {
            pp_manager_peer_run(peer);
        }
    }
}

static void free_closed(struct pp_manager_server *server)
{
    struct pp_manager_peer *peer;

    while ((peer = TAILQ_FIRST(&server->closed)) != NULL) {
        TAILQ_REMOVE(&server->closed, peer, neighbours);
        pp_manager_peer_free(peer);
    }
}

/* Returns 1 when the server is to end; 0; or a negative errno. */
static int handle(struct pp_manager_server *server, const struct epoll_event *event)
{
    struct pp_manager_source *source = event->data.ptr;

    switch (source->what) {
    case PP_MANAGER_LISTENER:
        return accept_some(server);
    case PP_MANAGER_LIFELINE:
        return 1;
    case PP_MANAGER_PEER:
        if (!source->peer->closed) {
            pp_manager_peer_handle(source->peer, event->events);
        }
        return 0;
    default:
        if (!source->peer->closed) {
            pp_manager_peer_desert(source->peer);
        }
        return 0;
    }
}

static int turn(struct pp_manager_server *server)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(server->epoll, events, EVENTS_MAX, time_to_wait(server));
    int r = 0;

    if (count < 0) {
        return errno == EINTR ? 0 : -errno;
    }
    for (int i = 0; i < count && r == 0; i++) {
        r = handle(server, &events[i]);
    }
    expire(server);
    run_all(server);
    free_closed(server);
    return r;
}

static void finish(struct pp_manager_server *server)
{
    struct pp_manager_peer *peer;

    while ((peer = TAILQ_FIRST(&server->peers)) != NULL) {
        pp_manager_peer_close(peer);
    }
    free_closed(server);
    pp_manager_registry_finish(server);
    pp_manager_deadlines_finish(&server->deadlines);
    if (server->epoll >= 0) {
        close(server->epoll);
    }
    if (server->spare >= 0) {
        close(server->spare);
    }
}

int pp_manager_server_run(int listener, int lifeline, const struct pp_manager_limits *limits)
{
    struct pp_manager_server server = {
        .listener = listener, .lifeline = lifeline, .epoll = -1, .spare = -1};
    int r;

    pp_point_follow_environment();
    TAILQ_INIT(&server.peers);
    TAILQ_INIT(&server.runnable);
    TAILQ_INIT(&server.closed);
    settle_limits(&server, limits);
    r = begin(&server);
    while (r == 0) {
        r = turn(&server);
    }
    finish(&server);
    return r < 0 ? r : 0;
}
