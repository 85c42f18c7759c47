/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Manager object: what the kinds of objects in a manager's server have in common
 *
 * The server has one thread and answers one request after the other. A kind is a table of functions
 * that never wait: what cannot be answered yet waits in a line of its object, until another
 * request, a deadline or the end of a connection settles it. All this is for the server's thread
 * alone.
 */

#include <sys/queue.h>

#include "core/manager_protocol.h"
#include "core/manager_store.h"

struct pp_manager_server;
struct pp_manager_peer;
struct pp_manager_object;

/* What a kind's call may return besides an outcome. */
#define PP_MANAGER_LATER INT32_MIN /* it waits in a line, and is answered from there */
#define PP_MANAGER_NONSENSE                                                                        \
    (INT32_MIN + 1) /* no client of ours asks this: close the connection                           \
                     */

/* A request in work. */
struct pp_manager_request {
    struct pp_manager_peer *peer;
    uint32_t operation;
    struct pp_frame_reader arguments;
    struct pp_frame_writer *answer; /* what follows the header, where the outcome is not negative */
};

/* A request that waits; a peer has one. */
struct pp_manager_waiting {
    TAILQ_ENTRY(pp_manager_waiting) neighbours;
    struct pp_manager_line *line; /* NULL: does not wait */
    struct pp_manager_peer *peer;
    struct pp_manager_object *object; /* whose line that is */
    struct pp_manager_stored *item;   /* owned: what is to be put; or NULL */
    uint32_t number;                  /* what its kind makes of it */
    int outcome;                      /* likewise */
};

/* Who waits, in the order of coming. */
TAILQ_HEAD(pp_manager_line, pp_manager_waiting);

/* Messages of a queue, which alone knows what they are. */
TAILQ_HEAD(pp_manager_messages, pp_manager_message);

/* What a peer has of an object; gone with either. */
struct pp_manager_holding {
    LIST_ENTRY(pp_manager_holding) of_peer;
    LIST_ENTRY(pp_manager_holding) of_object;
    struct pp_manager_peer *peer;
    struct pp_manager_object *object;
    uint32_t count;                      /* what its kind makes of it */
    struct pp_manager_messages messages; /* of a queue: taken, and not confirmed or not done */
};

LIST_HEAD(pp_manager_holdings, pp_manager_holding);

/* A kind of objects. */
struct pp_manager_ops {
    enum pp_manager_kind kind;
    uint32_t family; /* the operations that it knows: this one, and up to 255 behind */
    size_t bytes;    /* of its object, which begins with a struct pp_manager_object */

    /* Make the zero bytes behind the common part an object, as the parameters say. Returns 0;
     * -EINVAL, -ENOMEM, -ESTALE with nothing to be undone; PP_MANAGER_NONSENSE. */
    int (*create)(struct pp_manager_object *object, struct pp_frame_reader *parameters);

    /* Is the object what the parameters ask for? NULL: there are none. */
    bool (*agrees)(const struct pp_manager_object *object, struct pp_frame_reader *parameters);

    /* Carry a request out. Returns an outcome: negative ones have changed nothing; or one of the
     * above. */
    int (*call)(struct pp_manager_object *object, struct pp_manager_request *request);

    /* The time of one who waits is over: answer it, or let it wait on. NULL: answered -ETIMEDOUT.
     */
    void (*expire)(struct pp_manager_object *object, struct pp_manager_waiting *waiting);

    /* One who waited is gone, and in no line any more. NULL: nothing else to be done. */
    void (*abandon)(struct pp_manager_object *object);

    /* What the peer was given by its last answer has come, or has not: see unconfirmed in struct
     * pp_manager_peer. NULL: none of this kind needs to know. */
    void (*confirm)(struct pp_manager_holding *holding);
    void (*refuse)(struct pp_manager_holding *holding);

    /* The peer that holds this is gone; the holding is freed after. NULL: nothing to be done. */
    void (*leave)(struct pp_manager_holding *holding);

    /* Let go of all that the object keeps; nobody waits for it any more. NULL: nothing. */
    void (*destroy)(struct pp_manager_object *object);
};

/* What every object begins with. */
struct pp_manager_object {
    const struct pp_manager_ops *ops;
    struct pp_manager_server *server;
    uint64_t id;
    struct pp_manager_holdings holdings;
};

extern const struct pp_manager_ops pp_manager_dict_ops;
extern const struct pp_manager_ops pp_manager_namespace_ops;
extern const struct pp_manager_ops pp_manager_list_ops;
extern const struct pp_manager_ops pp_manager_queue_ops;
extern const struct pp_manager_ops pp_manager_joinable_queue_ops;
extern const struct pp_manager_ops pp_manager_value_ops;
extern const struct pp_manager_ops pp_manager_lock_ops;
extern const struct pp_manager_ops pp_manager_rlock_ops;
extern const struct pp_manager_ops pp_manager_semaphore_ops;
extern const struct pp_manager_ops pp_manager_event_ops;
extern const struct pp_manager_ops pp_manager_condition_ops;
extern const struct pp_manager_ops pp_manager_barrier_ops;

/* The store that an object's memory comes from. */
struct pp_manager_store *pp_manager_object_store(const struct pp_manager_object *object);

/*
 * Let a request wait at the end of @line. Returns PP_MANAGER_LATER; or -ETIMEDOUT, without waiting,
 * where @timeout_ms is 0.
 */
int pp_manager_object_wait(struct pp_manager_object *object, struct pp_manager_request *request,
                           struct pp_manager_line *line, uint32_t timeout_ms);

/* Move one who waits to the end of another line, maybe of another object, without a deadline from
 * now on. */
void pp_manager_object_wait_on(struct pp_manager_waiting *waiting, struct pp_manager_object *object,
                               struct pp_manager_line *line);

/*
 * Answer one who waits: take it out of its line, put what follows the header into what the first
 * one returns, and end with the outcome. Where that did not fit into memory,
 * pp_manager_object_fits() says so, and the outcome has to be negative.
 */
struct pp_frame_writer *pp_manager_object_begin_answer(struct pp_manager_waiting *waiting);
void pp_manager_object_end_answer(struct pp_manager_waiting *waiting, int outcome);

/* Both in one, for an answer that is no more than its outcome. */
void pp_manager_object_answer(struct pp_manager_waiting *waiting, int outcome);

/* Answer all who wait in @line. */
void pp_manager_object_answer_all(struct pp_manager_line *line, int outcome);

/* Take one who waits out of its line, and drop its item, its deadline and all: its peer is gone. */
void pp_manager_object_forget(struct pp_manager_waiting *waiting);

/* What @peer holds of @object; NULL where it holds nothing. */
struct pp_manager_holding *pp_manager_object_holding(const struct pp_manager_object *object,
                                                     const struct pp_manager_peer *peer);

/* The same; an empty one is made where there is none. NULL where there is no room. */
struct pp_manager_holding *pp_manager_object_hold(struct pp_manager_object *object,
                                                  struct pp_manager_peer *peer);

/* Free it. */
void pp_manager_object_let_go(struct pp_manager_holding *holding);
