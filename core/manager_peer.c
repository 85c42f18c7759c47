/* SPDX-License-Identifier: MIT */
/*
 * A peer is in one of these states, and each has at most one deadline:
 *
 *     reads      all is answered; with half a request read, or before the hello, it may take
 *                stall_ms for each move
 *     waits      its request lies in a line of an object, until its time is over; nothing is read
 *     is written to    what is left of an answer did not fit into the socket; nothing is read, and
 * it may take stall_ms to take some of it
 *
 * One that closes its end of the stream has gone: nobody of ours does so and waits for an answer.
 * While nothing is read the kernel still says so (EPOLLRDHUP).
 *
 * The death of the process that has connected ends the connection even where a child that it forked
 * still has the descriptor, and would keep the locks of the dead for ever: hence the pidfd. A
 * number that was given to another process between is a harmless mistake: the connection of the
 * dead ends when that one does, at the latest.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/manager_pages.h"
#include "core/manager_requests.h"
#include "core/manager_server.h"
#include "core/point.h"

/* As many requests are answered before it is another peer's turn. */
#define TURN_REQUESTS 64

/* As much is read at once of a request that is long. */
#define READ_BYTES (1 << 18)

/* As much is read at once else; and buffers that have grown beyond are freed when they are empty.
 */
#define KEPT_BYTES 4096

static bool waits(const struct pp_manager_peer *peer)
{
    return peer->waiting.line != NULL;
}

static bool is_written_to(const struct pp_manager_peer *peer)
{
    return peer->output_sent < peer->output.length;
}

static bool may_read(const struct pp_manager_peer *peer)
{
    return !peer->broken && !waits(peer) && !is_written_to(peer);
}

void pp_manager_peer_break(struct pp_manager_peer *peer)
{
    peer->broken = true;
    pp_manager_server_schedule(peer);
}

/* Root could read the server's memory as well. */
static int check_user(int socket, pid_t *ret_pid)
{
    struct ucred user;
    socklen_t bytes = sizeof(user);

    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &user, &bytes) != 0) {
        return -errno;
    }
    *ret_pid = user.pid;
    return user.uid == geteuid() || user.uid == 0 ? 0 : -EPERM;
}

static int watch(struct pp_manager_peer *peer, int fd, struct pp_manager_source *source,
                 uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = source};

    return epoll_ctl(peer->server->epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

/* A process of another pid namespace has no pid here, and an old kernel has no pidfd; a process
 * that has ended already has nothing more to ask. */
static int watch_process(struct pp_manager_peer *peer, pid_t pid)
{
    if (pid <= 0) {
        return 0;
    }
    peer->process = (int)syscall(SYS_pidfd_open, pid, 0);
    if (peer->process < 0) {
        return errno == ENOSYS ? 0 : -errno;
    }
    return watch(peer, peer->process, &peer->process_source, EPOLLIN);
}

static int begin(struct pp_manager_peer *peer)
{
    pid_t pid = 0;
    int r = check_user(peer->socket, &pid);

    if (r == 0 && pp_frame_writer_reserve(&peer->output, PP_MANAGER_ANSWER_BYTES) == NULL) {
        r = -ENOMEM; /* an error can be told from now on, whatever memory there is */
    }
    if (r == 0) {
        r = pp_manager_deadlines_reserve(&peer->server->deadlines, peer->server->peer_count);
    }
    if (r == 0) {
        peer->events = EPOLLIN | EPOLLRDHUP;
        r = watch(peer, peer->socket, &peer->socket_source, peer->events);
    }
    return r == 0 ? watch_process(peer, pid) : r;
}

int pp_manager_peer_create(struct pp_manager_server *server, int socket)
{
    struct pp_manager_peer *peer = calloc(1, sizeof(*peer));
    int r;

    if (peer == NULL) {
        return -ENOMEM;
    }
    peer->server = server;
    peer->socket = socket;
    peer->process = -1;
    peer->socket_source = (struct pp_manager_source){PP_MANAGER_PEER, peer};
    peer->process_source = (struct pp_manager_source){PP_MANAGER_PEER_PROCESS, peer};
    peer->waiting.peer = peer;
    peer->moved_ns = pp_clock_ns();
    LIST_INIT(&peer->holdings);
    TAILQ_INSERT_TAIL(&server->peers, peer, neighbours);
    server->peer_count++;
    r = begin(peer);
    if (r != 0) {
        peer->socket = -1;
        pp_manager_peer_close(peer);
        return r;
    }
    pp_manager_server_schedule(peer);
    return 0;
}

static void give_back_all(struct pp_manager_peer *peer)
{
    struct pp_manager_holding *holding;

    if (waits(peer)) {
        struct pp_manager_object *object = peer->waiting.object;

        pp_manager_object_forget(&peer->waiting);
        if (object->ops->abandon != NULL) {
            object->ops->abandon(object);
        }
    }
    while ((holding = LIST_FIRST(&peer->holdings)) != NULL) {
        if (holding->object->ops->leave != NULL) {
            holding->object->ops->leave(holding);
        }
        pp_manager_object_let_go(holding);
    }
}

void pp_manager_peer_close(struct pp_manager_peer *peer)
{
    struct pp_manager_server *server = peer->server;

    peer->broken = true;
    peer->closed = true;
    give_back_all(peer);
    pp_manager_pages_finish(peer);
    pp_manager_deadlines_clear(&server->deadlines, &peer->deadline);
    pp_frame_writer_finish(&peer->input);
    pp_frame_writer_finish(&peer->output);
    pp_manager_server_account(peer);
    if (peer->socket >= 0) {
        close(peer->socket);
    }
    if (peer->process >= 0) {
        close(peer->process);
    }
    if (peer->runnable) {
        TAILQ_REMOVE(&server->runnable, peer, runnable_neighbours);
        peer->runnable = false;
    }
    TAILQ_REMOVE(&server->peers, peer, neighbours);
    server->peer_count--;
    TAILQ_INSERT_TAIL(&server->closed, peer, neighbours);
}

void pp_manager_peer_free(struct pp_manager_peer *peer)
{
    free(peer);
}

/* Send as much as goes. */
static void flush(struct pp_manager_peer *peer)
{
    while (is_written_to(peer)) {
        ssize_t sent = send(peer->socket, peer->output.bytes + peer->output_sent,
                            peer->output.length - peer->output_sent, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent < 0 && errno != EAGAIN) {
            pp_manager_peer_break(peer);
        }
        if (sent < 0) {
            return;
        }
        peer->output_sent += (size_t)sent;
        peer->moved_ns = pp_clock_ns();
    }
    peer->output.length = 0;
    peer->output_sent = 0;
}

struct pp_frame_writer *pp_manager_peer_begin_answer(struct pp_manager_peer *peer)
{
    pp_frame_put_u32(&peer->output, 0);
    pp_frame_put_u32(&peer->output, peer->number);
    pp_frame_put_u32(&peer->output, 0);
    return &peer->output;
}

void pp_manager_peer_end_answer(struct pp_manager_peer *peer, int outcome)
{
    if (outcome >= 0 && (peer->output.error != 0 || peer->output.length > UINT32_MAX)) {
        outcome = -ENOMEM;
    }
    peer->output.error = 0;
    if (outcome < 0) {
        peer->output.length = PP_MANAGER_ANSWER_BYTES;
    }
    pp_frame_set_u32(&peer->output, 0, (uint32_t)(peer->output.length - PP_MANAGER_ANSWER_BYTES));
    pp_frame_set_u32(&peer->output, 8, pp_manager_outcome_to_wire(outcome));
    pp_point("manager.answer");
    flush(peer);
}

/* Free a buffer that was needed for something long, and let the rest begin at its front. */
static void tidy(struct pp_manager_peer *peer)
{
    struct pp_frame_writer *input = &peer->input;

    if (peer->input_used != 0) {
        memmove(input->bytes, input->bytes + peer->input_used, input->length - peer->input_used);
        input->length -= peer->input_used;
        peer->input_used = 0;
    }
    if (input->length == 0 && input->capacity > KEPT_BYTES) {
        pp_frame_writer_finish(input);
    }
    if (peer->output.length == 0 && peer->output.capacity > KEPT_BYTES) {
        void *bytes = realloc(peer->output.bytes, KEPT_BYTES);

        if (bytes != NULL) {
            peer->output.bytes = bytes;
            peer->output.capacity = KEPT_BYTES;
        }
    }
    pp_manager_server_account(peer);
}

/* Ask the kernel for what this peer can be given, and set its deadline. */
static void expect(struct pp_manager_peer *peer)
{
    struct pp_manager_server *server = peer->server;
    struct epoll_event event = {.data.ptr = &peer->socket_source};

    event.events = EPOLLRDHUP;
    event.events |= may_read(peer) ? (uint32_t)EPOLLIN : 0;
    event.events |= is_written_to(peer) ? (uint32_t)EPOLLOUT : 0;
    if (event.events != peer->events) {
        if (epoll_ctl(server->epoll, EPOLL_CTL_MOD, peer->socket, &event) != 0) {
            pp_manager_peer_break(peer);
        }
        peer->events = event.events;
    }
    if (waits(peer)) {
        return; /* its deadline is what its request says */
    }
    if (is_written_to(peer) || peer->input.length != 0 || !peer->greeted) {
        pp_manager_deadlines_set(&server->deadlines, &peer->deadline,
                                 peer->moved_ns + server->limits.stall_ms * UINT64_C(1000000));
    } else {
        pp_manager_deadlines_clear(&server->deadlines, &peer->deadline);
    }
}

static size_t bytes_to_read(const struct pp_manager_peer *peer)
{
    size_t missing = pp_manager_requests_missing(peer);

    if (missing < KEPT_BYTES) {
        return KEPT_BYTES;
    }
    return missing < READ_BYTES ? missing : READ_BYTES;
}

static void read_some(struct pp_manager_peer *peer)
{
    size_t bytes = bytes_to_read(peer);
    void *room = pp_frame_writer_reserve(&peer->input, bytes);
    ssize_t length;

    if (room == NULL) {
        pp_manager_peer_break(peer);
        return;
    }
    length = recv(peer->socket, room, bytes, MSG_DONTWAIT);
    if (length > 0) {
        peer->input.length += (size_t)length;
        peer->moved_ns = pp_clock_ns();
    } else if (length == 0 || peer->deserted || (errno != EAGAIN && errno != EINTR)) {
        pp_manager_peer_break(peer);
    }
}

/* What the dead have asked for is done; then there is nobody any more. */
static void read_what_is_left(struct pp_manager_peer *peer)
{
    if (may_read(peer)) {
        read_some(peer);
        pp_manager_server_schedule(peer);
    } else {
        pp_manager_peer_break(peer);
    }
}

void pp_manager_peer_run(struct pp_manager_peer *peer)
{
    unsigned answered = 0;

    while (may_read(peer) && answered < TURN_REQUESTS && pp_manager_requests_answer(peer)) {
        answered++;
    }
    if (may_read(peer) && answered == TURN_REQUESTS) {
        pp_manager_server_schedule(peer);
    } else if (peer->deserted) {
        read_what_is_left(peer);
    }
    tidy(peer);
    expect(peer);
}

void pp_manager_peer_handle(struct pp_manager_peer *peer, uint32_t events)
{
    if (is_written_to(peer) && events & EPOLLOUT) {
        flush(peer);
    }
    if (may_read(peer) && events & EPOLLIN) {
        read_some(peer);
    } else if (!may_read(peer) && events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
        pp_manager_peer_break(peer);
    }
    pp_manager_peer_run(peer);
}

void pp_manager_peer_desert(struct pp_manager_peer *peer)
{
    close(peer->process); /* and out of the epoll set */
    peer->process = -1;
    peer->deserted = true;
    pp_manager_server_schedule(peer);
}

void pp_manager_peer_expire(struct pp_manager_peer *peer)
{
    struct pp_manager_waiting *waiting = &peer->waiting;
    struct pp_manager_object *object = waiting->object;

    pp_manager_deadlines_clear(&peer->server->deadlines, &peer->deadline);
    if (!waits(peer)) {
        pp_manager_peer_break(peer);
    } else if (object->ops->expire != NULL) {
        object->ops->expire(object, waiting);
    } else {
        pp_manager_object_answer(waiting, -ETIMEDOUT);
    }
}
