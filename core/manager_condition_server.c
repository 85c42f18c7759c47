/* SPDX-License-Identifier: MIT */
/*
 * Who waits goes from the line of the condition to that of the lock, when notified or when its time
 * is over, and is answered when it gets the lock.
 */
#include <errno.h>

#include "core/manager_arguments.h"
#include "core/manager_lock_server.h"
#include "core/manager_registry.h"

static struct pp_manager_condition_object *condition_of(struct pp_manager_object *object)
{
    return (struct pp_manager_condition_object *)object;
}

static int create(struct pp_manager_object *object, struct pp_frame_reader *parameters)
{
    struct pp_manager_condition_object *condition = condition_of(object);
    struct pp_manager_object *lock =
        pp_manager_registry_find(object->server, pp_frame_get_u64(parameters));

    if (lock == NULL) {
        return -ESTALE;
    }
    if (lock->ops != &pp_manager_rlock_ops) {
        return PP_MANAGER_NONSENSE;
    }
    TAILQ_INIT(&condition->line);
    condition->lock = (struct pp_manager_lock_object *)lock;
    LIST_INSERT_HEAD(&condition->lock->conditions, condition, of_lock);
    return 0;
}

static bool agrees(const struct pp_manager_object *object, struct pp_frame_reader *parameters)
{
    const struct pp_manager_condition_object *condition =
        (const struct pp_manager_condition_object *)object;
    uint64_t lock = pp_frame_get_u64(parameters);

    return condition->lock != NULL && condition->lock->object.id == lock;
}

/* The caller holds the lock, and lets it go; the count stays in his holding. */
static int let_lock_go(struct pp_manager_lock_object *lock)
{
    lock->holder = NULL;
    if (lock->state == PP_MANAGER_LOCK_BROKEN) {
        pp_manager_lock_object_give_up(lock);
        return -ENOTRECOVERABLE;
    }
    pp_manager_lock_object_settle(lock);
    return 0;
}

/* Without time to wait it only lets those go first who wait for the lock already. */
static int let_others_go_first(struct pp_manager_lock_object *lock,
                               struct pp_manager_holding *holding,
                               struct pp_manager_request *request)
{
    if (lock->holder == NULL) {
        lock->holder = holding;
        return -ETIMEDOUT;
    }
    request->peer->waiting.outcome = -ETIMEDOUT;
    return pp_manager_object_wait(&lock->object, request, &lock->line, PP_MANAGER_FOR_EVER);
}

static int wait_for(struct pp_manager_condition_object *condition,
                    struct pp_manager_request *request)
{
    struct pp_manager_lock_object *lock = condition->lock;
    uint32_t timeout_ms = pp_frame_get_u32(&request->arguments);
    struct pp_manager_holding *holding;
    int r;

    if (!pp_manager_arguments_end(request)) {
        return PP_MANAGER_NONSENSE;
    }
    if (lock == NULL) {
        return -ESTALE;
    }
    holding = lock->holder;
    if (holding == NULL || holding->peer != request->peer) {
        return -EPERM;
    }
    r = let_lock_go(lock);
    if (r != 0) {
        return r;
    }
    request->peer->waiting.number = holding->count;
    request->peer->waiting.outcome = 0;
    return timeout_ms == 0
               ? let_others_go_first(lock, holding, request)
               : pp_manager_object_wait(&condition->object, request, &condition->line, timeout_ms);
}

static int notify(struct pp_manager_condition_object *condition, struct pp_manager_request *request)
{
    struct pp_manager_lock_object *lock = condition->lock;
    uint32_t count = pp_frame_get_u32(&request->arguments);

    if (!pp_manager_arguments_end(request)) {
        return PP_MANAGER_NONSENSE;
    }
    if (lock == NULL) {
        return -ESTALE;
    }
    if (lock->holder == NULL || lock->holder->peer != request->peer) {
        return -EPERM;
    }
    for (; count > 0 && !TAILQ_EMPTY(&condition->line); count--) {
        pp_manager_object_wait_on(TAILQ_FIRST(&condition->line), &lock->object, &lock->line);
    }
    return 0;
}

static int call(struct pp_manager_object *object, struct pp_manager_request *request)
{
    switch (request->operation) {
    case PP_MANAGER_CONDITION_WAIT:
        return wait_for(condition_of(object), request);
    case PP_MANAGER_CONDITION_NOTIFY:
        return notify(condition_of(object), request);
    default:
        return PP_MANAGER_NONSENSE;
    }
}

static void expire(struct pp_manager_object *object, struct pp_manager_waiting *waiting)
{
    struct pp_manager_lock_object *lock = condition_of(object)->lock;

    waiting->outcome = -ETIMEDOUT;
    pp_manager_object_wait_on(waiting, &lock->object, &lock->line);
    pp_manager_lock_object_settle(lock);
}

static void destroy(struct pp_manager_object *object)
{
    if (condition_of(object)->lock != NULL) {
        LIST_REMOVE(condition_of(object), of_lock);
    }
}

const struct pp_manager_ops pp_manager_condition_ops = {
    .kind = PP_MANAGER_CONDITION,
    .family = PP_MANAGER_CONDITION_WAIT,
    .bytes = sizeof(struct pp_manager_condition_object),
    .create = create,
    .agrees = agrees,
    .call = call,
    .expire = expire,
    .destroy = destroy,
};
