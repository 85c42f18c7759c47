/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "core/manager_pages.h"
#include "core/manager_registry.h"
#include "core/manager_requests.h"

/* What a client that speaks another version gets is the version of this server. */
static int greet(struct pp_manager_peer *peer, struct pp_manager_request *request)
{
    uint64_t magic = pp_frame_get_u64(&request->arguments);
    uint32_t version = pp_frame_get_u32(&request->arguments);

    if (peer->greeted || magic != PP_MANAGER_MAGIC || request->arguments.broken) {
        return PP_MANAGER_NONSENSE;
    }
    pp_frame_put_u32(request->answer, PP_MANAGER_VERSION);
    pp_frame_put_u64(request->answer, peer->server->instance);
    peer->greeted = version == PP_MANAGER_VERSION;
    return 0;
}

static int call_manager(struct pp_manager_peer *peer, struct pp_manager_request *request)
{
    switch (request->operation) {
    case PP_MANAGER_OPEN:
        return pp_manager_registry_open(peer->server, request);
    case PP_MANAGER_REMOVE:
        return pp_manager_registry_remove(peer->server, request);
    case PP_MANAGER_MORE:
        return pp_frame_is_whole(&request->arguments) ? pp_manager_pages_next(request)
                                                      : PP_MANAGER_NONSENSE;
    default:
        return PP_MANAGER_NONSENSE;
    }
}

/* The client says that it has what was answered last. */
static void confirm(struct pp_manager_peer *peer)
{
    struct pp_manager_holding *holding = peer->unconfirmed;

    peer->unconfirmed = NULL;
    if (holding != NULL) {
        holding->object->ops->confirm(holding);
    }
}

/* It asks for something else, so it has not: there was no memory for it, say. */
static void refuse(struct pp_manager_peer *peer)
{
    struct pp_manager_holding *holding = peer->unconfirmed;

    peer->unconfirmed = NULL;
    if (holding != NULL) {
        holding->object->ops->refuse(holding);
    }
}

static int call(struct pp_manager_peer *peer, uint64_t id, struct pp_manager_request *request)
{
    struct pp_manager_object *object;

    if (request->operation == PP_MANAGER_HELLO) {
        return greet(peer, request);
    }
    if (!peer->greeted) {
        return PP_MANAGER_NONSENSE;
    }
    refuse(peer);
    if (request->operation != PP_MANAGER_MORE) {
        pp_manager_pages_finish(peer);
    }
    if (id == 0) {
        return call_manager(peer, request);
    }
    object = pp_manager_registry_find(peer->server, id);
    if (object == NULL) {
        return -ESTALE;
    }
    return request->operation / 256 == object->ops->family / 256
               ? object->ops->call(object, request)
               : PP_MANAGER_NONSENSE;
}

bool pp_manager_requests_answer(struct pp_manager_peer *peer)
{
    struct pp_frame_reader header = pp_frame_reader_of(peer->input.bytes + peer->input_used,
                                                       peer->input.length - peer->input_used);
    uint32_t length = pp_frame_get_u32(&header);
    uint32_t number = pp_frame_get_u32(&header);
    uint64_t id = pp_frame_get_u64(&header);
    struct pp_manager_request request = {.peer = peer, .operation = pp_frame_get_u32(&header)};
    int outcome;

    if (!header.broken && length > PP_MANAGER_PAYLOAD_MAX) {
        pp_manager_peer_break(peer);
        return false;
    }
    if (header.broken || header.left < length) {
        return false;
    }
    peer->number = number;
    request.arguments = pp_frame_reader_of(header.at, length);
    peer->input_used += PP_MANAGER_REQUEST_BYTES + length;
    if (id == 0 && request.operation == PP_MANAGER_TAKEN && length == 0) {
        confirm(peer);
        return true;
    }
    request.answer = pp_manager_peer_begin_answer(peer);
    outcome = call(peer, id, &request);
    if (outcome == PP_MANAGER_NONSENSE || outcome == PP_MANAGER_LATER) {
        peer->output.length = 0;
        peer->output.error = 0;
    } else {
        pp_manager_peer_end_answer(peer, outcome);
    }
    if (outcome == PP_MANAGER_NONSENSE) {
        pp_manager_peer_break(peer);
    }
    return true;
}

size_t pp_manager_requests_missing(const struct pp_manager_peer *peer)
{
    size_t have = peer->input.length - peer->input_used;
    struct pp_frame_reader header = pp_frame_reader_of(peer->input.bytes + peer->input_used, have);
    size_t whole = (size_t)PP_MANAGER_REQUEST_BYTES + pp_frame_get_u32(&header);

    return header.broken || whole < have ? 0 : whole - have;
}
