/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "core/manager_arguments.h"
#include "core/manager_peer.h"
#include "core/semaphore.h"

struct semaphore {
    struct pp_manager_object object;
    struct pp_manager_line line;
    uint32_t permits; /* all there are, held or not */
    uint32_t held;    /* what the counts of all holdings add up to */
    uint32_t value;   /* what it was made with */
    bool bounded;
};

static struct semaphore *semaphore_of(struct pp_manager_object *object)
{
    return (struct semaphore *)object;
}

static int create(struct pp_manager_object *object, struct pp_frame_reader *parameters)
{
    struct semaphore *semaphore = semaphore_of(object);

    semaphore->value = pp_frame_get_u32(parameters);
    semaphore->bounded = pp_frame_get_u8(parameters) != 0;
    semaphore->permits = semaphore->value;
    TAILQ_INIT(&semaphore->line);
    return semaphore->value > PP_SEMAPHORE_PERMITS_MAX ? -EINVAL : 0;
}

static bool agrees(const struct pp_manager_object *object, struct pp_frame_reader *parameters)
{
    const struct semaphore *semaphore = (const struct semaphore *)object;
    uint32_t value = pp_frame_get_u32(parameters);
    bool bounded = pp_frame_get_u8(parameters) != 0;

    return value == semaphore->value && bounded == semaphore->bounded;
}

static int give(struct semaphore *semaphore, struct pp_manager_peer *peer)
{
    struct pp_manager_holding *holding = pp_manager_object_hold(&semaphore->object, peer);

    if (holding == NULL) {
        return -ENOMEM;
    }
    holding->count++;
    semaphore->held++;
    return 0;
}

static void settle(struct semaphore *semaphore)
{
    struct pp_manager_waiting *waiting;

    while (semaphore->held < semaphore->permits &&
           (waiting = TAILQ_FIRST(&semaphore->line)) != NULL) {
        pp_manager_object_begin_answer(waiting);
        pp_manager_object_end_answer(waiting, give(semaphore, waiting->peer));
    }
}

static int acquire(struct semaphore *semaphore, struct pp_manager_request *request)
{
    uint32_t timeout_ms = pp_frame_get_u32(&request->arguments);

    if (!pp_manager_arguments_end(request)) {
        return PP_MANAGER_NONSENSE;
    }
    if (semaphore->held < semaphore->permits) {
        return give(semaphore, request->peer);
    }
    return pp_manager_object_wait(&semaphore->object, request, &semaphore->line, timeout_ms);
}

static void take_one(struct semaphore *semaphore, struct pp_manager_holding *holding)
{
    semaphore->held--;
    if (--holding->count == 0) {
        pp_manager_object_let_go(holding);
    }
}

/* Its own, or another one's, or one more. */
static int release(struct semaphore *semaphore, struct pp_manager_peer *peer)
{
    struct pp_manager_holding *holding = pp_manager_object_holding(&semaphore->object, peer);
    uint32_t bound = semaphore->bounded ? semaphore->value : PP_SEMAPHORE_PERMITS_MAX;

    if (holding == NULL) {
        holding = LIST_FIRST(&semaphore->object.holdings);
    }
    if (holding != NULL) {
        take_one(semaphore, holding);
    } else if (semaphore->permits < bound) {
        semaphore->permits++;
    } else {
        return -EOVERFLOW;
    }
    settle(semaphore);
    return 0;
}

static int spend(struct semaphore *semaphore, struct pp_manager_peer *peer)
{
    struct pp_manager_holding *holding = pp_manager_object_holding(&semaphore->object, peer);

    if (holding == NULL) {
        return -EPERM;
    }
    take_one(semaphore, holding);
    semaphore->permits--;
    return 0;
}

static int call(struct pp_manager_object *object, struct pp_manager_request *request)
{
    struct semaphore *semaphore = semaphore_of(object);

    if (request->operation == PP_MANAGER_SEMAPHORE_ACQUIRE) {
        return acquire(semaphore, request);
    }
    if (!pp_manager_arguments_end(request)) {
        return PP_MANAGER_NONSENSE;
    }
    switch (request->operation) {
    case PP_MANAGER_SEMAPHORE_RELEASE:
        return release(semaphore, request->peer);
    case PP_MANAGER_SEMAPHORE_SPEND:
        return spend(semaphore, request->peer);
    case PP_MANAGER_SEMAPHORE_VALUE:
        pp_frame_put_u32(request->answer, semaphore->permits - semaphore->held);
        return 0;
    default:
        return PP_MANAGER_NONSENSE;
    }
}

static void leave(struct pp_manager_holding *holding)
{
    struct semaphore *semaphore = semaphore_of(holding->object);

    semaphore->held -= holding->count;
    holding->count = 0;
    settle(semaphore);
}

const struct pp_manager_ops pp_manager_semaphore_ops = {
    .kind = PP_MANAGER_SEMAPHORE,
    .family = PP_MANAGER_SEMAPHORE_ACQUIRE,
    .bytes = sizeof(struct semaphore),
    .create = create,
    .agrees = agrees,
    .call = call,
    .leave = leave,
};
