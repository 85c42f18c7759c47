/* SPDX-License-Identifier: MIT */
/*
 * A connection has one request on the way at a time, so whatever comes is its answer, or nothing
 * that this client has to understand. After a failure in the middle nobody knows where the next
 * frame begins: so the connection is given up with the first one, and stays so. It is not made anew
 * behind the caller's back, because what he held with it is gone.
 *
 * But for a forked child, who never held anything: it has a copy of its parent's connection, which
 * it closes, and makes one of its own. It must find the same server, as it knows objects by their
 * numbers there.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/manager_address.h"
#include "core/manager_call.h"
#include "core/point.h"

/* As much is read at once, at least; and buffers that have grown beyond what is kept are freed. */
#define READ_BYTES 4096
#define KEPT_BYTES (2 << 20)

/* Give the connection up. Returns @error. */
static int give_up(struct pp_manager *manager, int error)
{
    if (manager->socket >= 0) {
        close(manager->socket);
    }
    manager->socket = -1;
    manager->error = error;
    return error;
}

static int send_all(struct pp_manager *manager)
{
    const struct pp_frame_writer *request = &manager->request;
    size_t done = 0;

    while (done < request->length) {
        ssize_t sent =
            send(manager->socket, request->bytes + done, request->length - done, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent < 0) {
            return -ECONNRESET;
        }
        done += (size_t)sent;
    }
    return 0;
}

/* Wait until there is something to read. @deadline: by the clock; 0: none. */
static int wait_for_bytes(const struct pp_manager *manager, uint64_t deadline)
{
    struct pollfd poller = {.fd = manager->socket, .events = POLLIN};

    while (deadline != 0) {
        uint64_t now = pp_clock_ns();
        uint64_t left_ms = now >= deadline ? 0 : (deadline - now + 999999) / 1000000;
        int r = poll(&poller, 1, left_ms > INT32_MAX ? INT32_MAX : (int)left_ms);

        if (r > 0) {
            return 0;
        }
        if ((r == 0 && left_ms == 0) || (r < 0 && errno != EINTR)) {
            return -ECONNRESET;
        }
    }
    return 0;
}

/* Read until there are @length bytes of the answer at least. */
static int receive(struct pp_manager *manager, size_t length, uint64_t deadline)
{
    struct pp_frame_writer *answer = &manager->answer;

    while (answer->length < length) {
        size_t missing = length - answer->length;
        size_t bytes = missing < READ_BYTES ? READ_BYTES : missing;
        void *room = pp_frame_writer_reserve(answer, bytes);
        ssize_t received;
        int r = wait_for_bytes(manager, deadline);

        if (r != 0 || room == NULL) {
            return r != 0 ? r : -ENOMEM;
        }
        received = recv(manager->socket, room, bytes, 0);
        if (received < 0 && errno == EINTR) {
            continue;
        }
        if (received <= 0) {
            return -ECONNRESET;
        }
        answer->length += (size_t)received;
    }
    return 0;
}

/* Receive the answer. Returns 0 with the reader set to what follows the header, and the outcome. */
static int receive_answer(struct pp_manager_call *call, uint64_t deadline, int *ret_outcome)
{
    struct pp_manager *manager = call->manager;
    uint32_t length;
    uint32_t number;
    int r;

    manager->answer.length = 0;
    manager->answer.error = 0;
    r = receive(manager, PP_MANAGER_ANSWER_BYTES, deadline);
    if (r != 0) {
        return r;
    }
    call->answer = pp_frame_reader_of(manager->answer.bytes, manager->answer.length);
    length = pp_frame_get_u32(&call->answer);
    number = pp_frame_get_u32(&call->answer);
    *ret_outcome = pp_manager_outcome_from_wire(pp_frame_get_u32(&call->answer));
    if (length > PP_MANAGER_PAYLOAD_MAX || number != manager->number || *ret_outcome == -EPROTO ||
        (*ret_outcome > 0 && !call->may_be_positive) || (*ret_outcome < 0 && length != 0)) {
        return -EPROTO;
    }
    r = receive(manager, PP_MANAGER_ANSWER_BYTES + (size_t)length, deadline);
    if (r != 0) {
        return r;
    }
    call->answer = pp_frame_reader_of(manager->answer.bytes + PP_MANAGER_ANSWER_BYTES,
                                      manager->answer.length - PP_MANAGER_ANSWER_BYTES);
    /* It is one answer, and nothing behind it. */
    return call->answer.left == length ? 0 : -EPROTO;
}

static uint64_t answer_deadline(const struct pp_manager_call *call)
{
    uint64_t ms = (uint64_t)call->wait_ms + call->manager->connection.answer_timeout_ms;

    if (call->manager->connection.answer_timeout_ms == 0 || call->wait_ms == PP_MANAGER_FOR_EVER) {
        return 0;
    }
    return pp_clock_ns() + ms * 1000000;
}

/* Returns 0, or what is wrong with the request: then nothing of it is sent. */
static int seal(struct pp_manager *manager)
{
    size_t length = manager->request.length - PP_MANAGER_REQUEST_BYTES;

    if (manager->request.error != 0) {
        return manager->request.error;
    }
    if (length > PP_MANAGER_PAYLOAD_MAX) {
        return -EMSGSIZE;
    }
    pp_frame_set_u32(&manager->request, 0, (uint32_t)length);
    return 0;
}

/* Where the server has closed the connection, it may have said why before. */
static int exchange(struct pp_manager_call *call)
{
    uint64_t deadline = answer_deadline(call);
    int outcome = 0;
    int sent;
    int r;

    pp_point("manager.request");
    sent = send_all(call->manager);
    pp_point("manager.requested");
    r = receive_answer(call, deadline, &outcome);
    pp_point("manager.answered");
    if (r == 0 && sent != 0 && outcome >= 0) {
        r = -EPROTO;
    }
    if (r != 0 || sent != 0) {
        call->answer = pp_frame_reader_of(NULL, 0);
        give_up(call->manager, r == -EPROTO ? r : -ECONNRESET);
    }
    return r != 0 ? call->manager->error : outcome;
}

int pp_manager_call_wait(struct pp_manager_call *call)
{
    int r = seal(call->manager);

    call->answer = pp_frame_reader_of(NULL, 0);
    return r != 0 ? r : exchange(call);
}

void pp_manager_call_tell(struct pp_manager_call *call)
{
    call->answer = pp_frame_reader_of(NULL, 0);
    if (seal(call->manager) != 0 || send_all(call->manager) != 0) {
        give_up(call->manager, -ECONNRESET);
    }
}

static void put_header(struct pp_manager_call *call, struct pp_manager *manager, uint64_t object,
                       uint32_t operation)
{
    *call = (struct pp_manager_call){.manager = manager, .request = &manager->request};
    manager->request.length = 0;
    manager->request.error = 0;
    pp_frame_put_u32(call->request, 0);
    pp_frame_put_u32(call->request, manager->number);
    pp_frame_put_u64(call->request, object);
    pp_frame_put_u32(call->request, operation);
}

/* A failure of the network layer to send within the time is one to send at all. */
static int limit_sending(const struct pp_manager *manager)
{
    uint32_t ms = manager->connection.answer_timeout_ms;
    struct timeval limit = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

    return setsockopt(manager->socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0
               ? 0
               : -errno;
}

static int greet(struct pp_manager *manager, uint64_t *ret_instance)
{
    struct pp_manager_call call;
    uint32_t version;
    int r;

    manager->number = 0; /* that of who has no place for us */
    put_header(&call, manager, 0, PP_MANAGER_HELLO);
    pp_frame_put_u64(call.request, PP_MANAGER_MAGIC);
    pp_frame_put_u32(call.request, PP_MANAGER_VERSION);
    r = pp_manager_call_wait(&call);
    if (r != 0) {
        return r;
    }
    version = pp_frame_get_u32(&call.answer);
    *ret_instance = pp_frame_get_u64(&call.answer);
    return call.answer.broken || version != PP_MANAGER_VERSION ? -EPROTO : 0;
}

int pp_manager_call_connect(struct pp_manager *manager)
{
    uint64_t instance = 0;
    int r;

    pp_point_follow_environment();
    r = pp_manager_address_connect(manager->address, manager->connection.forwarded,
                                   &manager->socket);
    if (r == 0) {
        manager->pid = getpid();
        r = limit_sending(manager);
    }
    if (r == 0) {
        r = greet(manager, &instance);
    }
    if (r == 0 && manager->instance != 0 && instance != manager->instance) {
        r = -ECONNRESET;
    }
    if (r != 0) {
        return give_up(manager, r);
    }
    manager->instance = instance;
    return 0;
}

/* In a forked child: another thread may have been in the middle of a call, so what lies in the
 * buffers is left alone. */
static int connect_child(struct pp_manager *manager)
{
    if (manager->socket >= 0) {
        close(manager->socket);
    }
    manager->socket = -1;
    manager->request = (struct pp_frame_writer){.bytes = NULL};
    manager->answer = (struct pp_frame_writer){.bytes = NULL};
    atomic_store(&manager->busy, false);
    manager->pid = getpid();
    if (manager->error != 0) {
        return manager->error;
    }
    return pp_manager_call_connect(manager) == 0 ? 0 : give_up(manager, -ECONNRESET);
}

static int begin(struct pp_manager_call *call, struct pp_manager *manager, uint64_t object,
                 uint32_t operation)
{
    int r = manager->pid != getpid() ? connect_child(manager) : 0;

    if (r != 0) {
        return r;
    }
    if (atomic_exchange(&manager->busy, true)) {
        return -EBUSY;
    }
    if (manager->socket < 0) {
        atomic_store(&manager->busy, false);
        return manager->error;
    }
    manager->number++;
    put_header(call, manager, object, operation);
    return 0;
}

int pp_manager_call_begin(struct pp_manager_call *call, const struct pp_manager_proxy *proxy,
                          uint32_t operation)
{
    return begin(call, proxy->manager, proxy->object, operation);
}

int pp_manager_call_begin_manager(struct pp_manager_call *call, struct pp_manager *manager,
                                  uint32_t operation)
{
    return begin(call, manager, 0, operation);
}

static void tidy(struct pp_frame_writer *buffer)
{
    if (buffer->capacity > KEPT_BYTES) {
        pp_frame_writer_finish(buffer);
    }
}

int pp_manager_call_end(struct pp_manager_call *call, int r)
{
    struct pp_manager *manager = call->manager;

    if (r >= 0 && !pp_frame_is_whole(&call->answer)) {
        r = give_up(manager, -EPROTO);
    }
    tidy(&manager->request);
    tidy(&manager->answer);
    atomic_store(&manager->busy, false);
    return r;
}

int pp_manager_call_end_item(struct pp_manager_call *call, int r, struct pp_item *ret_item)
{
    struct pp_item item = pp_item_none();
    int copied = 0;

    *ret_item = item;
    if (r == 0) {
        item = pp_frame_get_item(&call->answer);
        copied = pp_item_copy(ret_item, &item);
    }
    r = pp_manager_call_end(call, r);
    if (r != 0) {
        pp_item_finish(ret_item);
    }
    return r == 0 ? copied : r;
}

static void refuse(struct pp_manager_call *call, int error)
{
    if (call->request->error == 0) {
        call->request->error = error;
    }
}

void pp_manager_call_put_key(struct pp_manager_call *call, const char *key)
{
    size_t length = strnlen(key, PP_MANAGER_KEY_MAX + 1);

    if (length > PP_MANAGER_KEY_MAX) {
        refuse(call, -EMSGSIZE);
    }
    pp_frame_put_text(call->request, key, length);
}

void pp_manager_call_put_item(struct pp_manager_call *call, const struct pp_item *item)
{
    if (item->kind == PP_ITEM_BYTES && item->length > PP_MANAGER_ITEM_MAX) {
        refuse(call, -EMSGSIZE);
    } else {
        pp_frame_put_item(call->request, item);
    }
}

void pp_manager_call_put_timeout(struct pp_manager_call *call, int timeout_ms)
{
    call->wait_ms = timeout_ms < 0 ? PP_MANAGER_FOR_EVER : (uint32_t)timeout_ms;
    pp_frame_put_u32(call->request, call->wait_ms);
}
