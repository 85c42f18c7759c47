/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Manager call: one request of a client to a manager's server, and its answer
 *
 *     struct pp_manager_call call;
 *     int r = pp_manager_call_begin(&call, &dict->proxy, PP_MANAGER_DICT_LENGTH);
 *     if (r != 0) return r;
 *     ... put arguments into call.request ...
 *     r = pp_manager_call_wait(&call);
 *     if (r == 0) *ret_length = pp_frame_get_u64(&call.answer);
 *     return pp_manager_call_end(&call, r);
 *
 * Under all functions of a manager's objects. An answer that is not as it should be ends the
 * connection.
 */

#include <stdatomic.h>
#include <sys/types.h>

#include "core/manager_protocol.h"

struct pp_manager_host; /* what the one has who has started the server */

/* A manager as a client has it. */
struct pp_manager {
    char address[PP_MANAGER_ADDRESS_MAX + 1];
    struct pp_manager_connection connection; /* what was asked for */
    int socket;                              /* -1: gone, for good */
    int error;                               /* what calls return then */
    pid_t pid;                               /* the process that has made the connection */
    _Atomic bool busy;                       /* a thread is in a call */
    uint64_t instance;                       /* of the server */
    uint32_t number;                         /* of the last request */
    struct pp_frame_writer request;
    struct pp_frame_writer answer;
    struct pp_manager_host *host; /* owned; NULL: connected only */
};

struct pp_manager_call {
    struct pp_manager *manager;
    struct pp_frame_writer *request; /* arguments are put here */
    struct pp_frame_reader answer;   /* what came with an outcome that is not negative */
    uint32_t wait_ms;                /* how long the server is asked to wait */
    bool may_be_positive;            /* the operation has a positive outcome */
};

/* Connect @manager, whose address is set, and greet. Returns an error of pp_manager_connect(). */
PP_MUST_CHECK int pp_manager_call_connect(struct pp_manager *manager);

/* Begin a request for an operation on what @proxy stands for, or on the manager itself. Returns 0,
 * and pp_manager_call_end() has to be called; or an error, and it must not. */
PP_MUST_CHECK int pp_manager_call_begin(struct pp_manager_call *call,
                                        const struct pp_manager_proxy *proxy, uint32_t operation);
PP_MUST_CHECK int pp_manager_call_begin_manager(struct pp_manager_call *call,
                                                struct pp_manager *manager, uint32_t operation);

/* Put arguments that are bounded: what is too long is found when the request is sent. */
void pp_manager_call_put_key(struct pp_manager_call *call, const char *key);
void pp_manager_call_put_item(struct pp_manager_call *call, const struct pp_item *item);
void pp_manager_call_put_timeout(struct pp_manager_call *call, int timeout_ms);

/* Send the request and wait for its answer. Returns its outcome, or why there is none. */
PP_MUST_CHECK int pp_manager_call_wait(struct pp_manager_call *call);

/* Send a request that is not answered. */
void pp_manager_call_tell(struct pp_manager_call *call);

/* End the call; @r is what pp_manager_call_wait() returned. Returns that, or -EPROTO where the
 * answer had other fields than those that were read. */
int pp_manager_call_end(struct pp_manager_call *call, int r);

/* The same for an answer that is one item: sets *ret_item to an owned copy, None unless 0. */
int pp_manager_call_end_item(struct pp_manager_call *call, int r, struct pp_item *ret_item);
