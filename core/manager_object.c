/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "core/clock.h"
#include "core/manager_server.h"

#define NS_PER_MS UINT64_C(1000000)

struct pp_manager_store *pp_manager_object_store(const struct pp_manager_object *object)
{
    return &object->server->store;
}

static void enter_line(struct pp_manager_waiting *waiting, struct pp_manager_object *object,
                       struct pp_manager_line *line)
{
    waiting->object = object;
    waiting->line = line;
    TAILQ_INSERT_TAIL(line, waiting, neighbours);
}

/* Its item stays, for those who take it on. */
static void leave_line(struct pp_manager_waiting *waiting)
{
    struct pp_manager_peer *peer = waiting->peer;

    if (waiting->line != NULL) {
        TAILQ_REMOVE(waiting->line, waiting, neighbours);
        waiting->line = NULL;
    }
    pp_manager_deadlines_clear(&peer->server->deadlines, &peer->deadline);
}

int pp_manager_object_wait(struct pp_manager_object *object, struct pp_manager_request *request,
                           struct pp_manager_line *line, uint32_t timeout_ms)
{
    struct pp_manager_peer *peer = request->peer;

    if (timeout_ms == 0) {
        return -ETIMEDOUT;
    }
    pp_manager_deadlines_clear(&peer->server->deadlines, &peer->deadline);
    if (timeout_ms != PP_MANAGER_FOR_EVER) {
        pp_manager_deadlines_set(&peer->server->deadlines, &peer->deadline,
                                 pp_clock_ns() + timeout_ms * NS_PER_MS);
    }
    enter_line(&peer->waiting, object, line);
    return PP_MANAGER_LATER;
}

void pp_manager_object_wait_on(struct pp_manager_waiting *waiting, struct pp_manager_object *object,
                               struct pp_manager_line *line)
{
    leave_line(waiting);
    enter_line(waiting, object, line);
}

void pp_manager_object_forget(struct pp_manager_waiting *waiting)
{
    leave_line(waiting);
    pp_manager_stored_release(&waiting->peer->server->store, waiting->item);
    waiting->item = NULL;
    waiting->object = NULL;
}

struct pp_frame_writer *pp_manager_object_begin_answer(struct pp_manager_waiting *waiting)
{
    pp_manager_object_forget(waiting);
    return pp_manager_peer_begin_answer(waiting->peer);
}

void pp_manager_object_end_answer(struct pp_manager_waiting *waiting, int outcome)
{
    pp_manager_peer_end_answer(waiting->peer, outcome);
    /* What it has sent meanwhile, if anything, is to be looked at. */
    pp_manager_server_schedule(waiting->peer);
}

void pp_manager_object_answer(struct pp_manager_waiting *waiting, int outcome)
{
    pp_manager_object_begin_answer(waiting);
    pp_manager_object_end_answer(waiting, outcome);
}

void pp_manager_object_answer_all(struct pp_manager_line *line, int outcome)
{
    while (!TAILQ_EMPTY(line)) {
        pp_manager_object_answer(TAILQ_FIRST(line), outcome);
    }
}

struct pp_manager_holding *pp_manager_object_holding(const struct pp_manager_object *object,
                                                     const struct pp_manager_peer *peer)
{
    struct pp_manager_holding *holding;

    /* A peer holds few objects at a time; an object may be held by many peers. */
    LIST_FOREACH(holding, &peer->holdings, of_peer)
    {
        if (holding->object == object) {
            return holding;
        }
    }
    return NULL;
}

struct pp_manager_holding *pp_manager_object_hold(struct pp_manager_object *object,
                                                  struct pp_manager_peer *peer)
{
    struct pp_manager_holding *holding = pp_manager_object_holding(object, peer);

    if (holding != NULL) {
        return holding;
    }
    holding = pp_manager_store_allocate(&object->server->store, sizeof(*holding));
    if (holding == NULL) {
        return NULL;
    }
    holding->peer = peer;
    holding->object = object;
    TAILQ_INIT(&holding->messages);
    LIST_INSERT_HEAD(&peer->holdings, holding, of_peer);
    LIST_INSERT_HEAD(&object->holdings, holding, of_object);
    return holding;
}

void pp_manager_object_let_go(struct pp_manager_holding *holding)
{
    struct pp_manager_peer *peer = holding->peer;

    if (peer->unconfirmed == holding) {
        peer->unconfirmed = NULL;
    }
    LIST_REMOVE(holding, of_peer);
    LIST_REMOVE(holding, of_object);
    pp_manager_store_free(&holding->object->server->store, holding, sizeof(*holding));
}
