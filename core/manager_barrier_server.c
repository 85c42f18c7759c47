/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "core/barrier.h"
#include "core/manager_arguments.h"
#include "core/manager_peer.h"

struct barrier {
    struct pp_manager_object object;
    struct pp_manager_line line; /* number: how many were before */
    uint32_t parties;
    uint32_t waiting; /* in the line */
    bool broken;
};

static struct barrier *barrier_of(struct pp_manager_object *object)
{
    return (struct barrier *)object;
}

static int create(struct pp_manager_object *object, struct pp_frame_reader *parameters)
{
    struct barrier *barrier = barrier_of(object);

    barrier->parties = pp_frame_get_u32(parameters);
    TAILQ_INIT(&barrier->line);
    return barrier->parties == 0 ? -EINVAL : 0;
}

static bool agrees(const struct pp_manager_object *object, struct pp_frame_reader *parameters)
{
    return pp_frame_get_u32(parameters) == ((const struct barrier *)object)->parties;
}

/* Those who wait will not be complete. */
static void turn_all_away(struct barrier *barrier)
{
    pp_manager_object_answer_all(&barrier->line, PP_BARRIER_BROKEN);
    barrier->waiting = 0;
}

static void break_it(struct barrier *barrier)
{
    barrier->broken = true;
    turn_all_away(barrier);
}

static void let_all_pass(struct barrier *barrier)
{
    struct pp_manager_waiting *waiting;

    while ((waiting = TAILQ_FIRST(&barrier->line)) != NULL) {
        pp_frame_put_u32(pp_manager_object_begin_answer(waiting), waiting->number);
        pp_manager_object_end_answer(waiting, 0);
    }
    barrier->waiting = 0;
}

static int wait_for(struct barrier *barrier, struct pp_manager_request *request)
{
    uint32_t timeout_ms = pp_frame_get_u32(&request->arguments);

    if (!pp_manager_arguments_end(request)) {
        return PP_MANAGER_NONSENSE;
    }
    if (barrier->broken) {
        return PP_BARRIER_BROKEN;
    }
    if (barrier->waiting + 1 == barrier->parties) {
        let_all_pass(barrier);
        pp_frame_put_u32(request->answer, barrier->parties - 1);
        return 0;
    }
    if (timeout_ms == 0) {
        break_it(barrier);
        return -ETIMEDOUT;
    }
    request->peer->waiting.number = barrier->waiting++;
    return pp_manager_object_wait(&barrier->object, request, &barrier->line, timeout_ms);
}

static void put_state(const struct barrier *barrier, struct pp_frame_writer *answer)
{
    pp_frame_put_u32(answer, barrier->waiting);
    pp_frame_put_u8(answer, barrier->broken);
}

static int call(struct pp_manager_object *object, struct pp_manager_request *request)
{
    struct barrier *barrier = barrier_of(object);

    if (request->operation == PP_MANAGER_BARRIER_WAIT) {
        return wait_for(barrier, request);
    }
    if (!pp_manager_arguments_end(request)) {
        return PP_MANAGER_NONSENSE;
    }
    switch (request->operation) {
    case PP_MANAGER_BARRIER_RESET:
        turn_all_away(barrier);
        barrier->broken = false;
        return 0;
    case PP_MANAGER_BARRIER_ABORT:
        break_it(barrier);
        return 0;
    case PP_MANAGER_BARRIER_STATE:
        put_state(barrier, request->answer);
        return 0;
    default:
        return PP_MANAGER_NONSENSE;
    }
}

static void expire(struct pp_manager_object *object, struct pp_manager_waiting *waiting)
{
    pp_manager_object_answer(waiting, -ETIMEDOUT);
    break_it(barrier_of(object));
}

static void abandon(struct pp_manager_object *object)
{
    break_it(barrier_of(object));
}

const struct pp_manager_ops pp_manager_barrier_ops = {
    .kind = PP_MANAGER_BARRIER,
    .family = PP_MANAGER_BARRIER_WAIT,
    .bytes = sizeof(struct barrier),
    .create = create,
    .agrees = agrees,
    .call = call,
    .expire = expire,
    .abandon = abandon,
};
