/* SPDX-License-Identifier: MIT */
/*
 * Locks and rlocks. As core/lock.c, but for that the server sees at once who is gone, and lets
 * those who wait have their turn one after the other.
 */
#include <errno.h>

#include "core/lock.h"
#include "core/manager_arguments.h"
#include "core/manager_lock_server.h"

static struct pp_manager_lock_object *lock_of(struct pp_manager_object *object)
{
    return (struct pp_manager_lock_object *)object;
}

static bool is_reentrant(const struct pp_manager_lock_object *lock)
{
    return lock->object.ops == &pp_manager_rlock_ops;
}

static int create(struct pp_manager_object *object, struct pp_frame_reader *parameters)
{
    struct pp_manager_lock_object *lock = lock_of(object);

    (void)parameters;
    TAILQ_INIT(&lock->line);
    LIST_INIT(&lock->conditions);
    return 0;
}

/* Returns @outcome, or what the lock has to say. */
static int give(struct pp_manager_lock_object *lock, struct pp_manager_peer *peer, uint32_t count,
                int outcome)
{
    struct pp_manager_holding *holding = pp_manager_object_hold(&lock->object, peer);

    if (holding == NULL) {
        return -ENOMEM;
    }
    holding->count = count;
    lock->holder = holding;
    return lock->state == PP_MANAGER_LOCK_BROKEN ? PP_LOCK_OWNER_DIED : outcome;
}

void pp_manager_lock_object_settle(struct pp_manager_lock_object *lock)
{
    struct pp_manager_waiting *waiting;

    while (lock->holder == NULL && (waiting = TAILQ_FIRST(&lock->line)) != NULL) {
        pp_manager_object_begin_answer(waiting);
        pp_manager_object_end_answer(waiting,
                                     give(lock, waiting->peer, waiting->number, waiting->outcome));
    }
}

void pp_manager_lock_object_give_up(struct pp_manager_lock_object *lock)
{
    struct pp_manager_condition_object *condition;

    lock->state = PP_MANAGER_LOCK_LOST;
    pp_manager_object_answer_all(&lock->line, -ENOTRECOVERABLE);
    LIST_FOREACH(condition, &lock->conditions, of_lock)
    {
        pp_manager_object_answer_all(&condition->line, -ENOTRECOVERABLE);
    }
}

static int acquire(struct pp_manager_lock_object *lock, struct pp_manager_request *request)
{
    struct pp_manager_peer *peer = request->peer;
    uint32_t timeout_ms = pp_frame_get_u32(&request->arguments);

    if (!pp_manager_arguments_end(request)) {
        return PP_MANAGER_NONSENSE;
    }
    if (lock->state == PP_MANAGER_LOCK_LOST) {
        return -ENOTRECOVERABLE;
    }
    if (lock->holder == NULL) {
        return give(lock, peer, 1, 0);
    }
    if (is_reentrant(lock) && lock->holder->peer == peer) {
        if (lock->holder->count == UINT32_MAX) {
            return -EOVERFLOW;
        }
        lock->holder->count++;
        return 0;
    }
    peer->waiting.number = 1;
    peer->waiting.outcome = 0;
    return pp_manager_object_wait(&lock->object, request, &lock->line, timeout_ms);
}

static int release(struct pp_manager_lock_object *lock, struct pp_manager_peer *peer, bool pass_on)
{
    if (lock->holder == NULL || (is_reentrant(lock) && lock->holder->peer != peer)) {
        return -EPERM;
    }
    if (--lock->holder->count > 0) {
        return 0;
    }
    pp_manager_object_let_go(lock->holder);
    lock->holder = NULL;
    if (lock->state == PP_MANAGER_LOCK_BROKEN && !pass_on) {
        pp_manager_lock_object_give_up(lock);
    }
    pp_manager_lock_object_settle(lock);
    return 0;
}

static int mark_consistent(struct pp_manager_lock_object *lock, const struct pp_manager_peer *peer)
{
    if (lock->holder == NULL || lock->holder->peer != peer) {
        return -EPERM;
    }
    lock->state = PP_MANAGER_LOCK_WHOLE;
    return 0;
}

static int call(struct pp_manager_object *object, struct pp_manager_request *request)
{
    struct pp_manager_lock_object *lock = lock_of(object);

    if (request->operation == PP_MANAGER_LOCK_ACQUIRE) {
        return acquire(lock, request);
    }
    if (!pp_manager_arguments_end(request)) {
        return PP_MANAGER_NONSENSE;
    }
    switch (request->operation) {
    case PP_MANAGER_LOCK_RELEASE:
        return release(lock, request->peer, false);
    case PP_MANAGER_LOCK_PASS_ON:
        return release(lock, request->peer, true);
    case PP_MANAGER_LOCK_MARK_CONSISTENT:
        return mark_consistent(lock, request->peer);
    default:
        return PP_MANAGER_NONSENSE;
    }
}

/* Somebody has to be told that a holder died; where nobody waits for the lock itself, one who waits
 * for a condition: nobody else may be left who would notify it. */
static void tell_one(struct pp_manager_lock_object *lock)
{
    struct pp_manager_condition_object *condition;

    LIST_FOREACH(condition, &lock->conditions, of_lock)
    {
        struct pp_manager_waiting *waiting = TAILQ_FIRST(&condition->line);

        if (waiting != NULL) {
            pp_manager_object_wait_on(waiting, &lock->object, &lock->line);
            pp_manager_lock_object_settle(lock);
            return;
        }
    }
}

static void leave(struct pp_manager_holding *holding)
{
    struct pp_manager_lock_object *lock = lock_of(holding->object);

    if (lock->holder != holding) {
        return; /* it waited for a condition */
    }
    lock->holder = NULL;
    lock->state = PP_MANAGER_LOCK_BROKEN;
    pp_manager_lock_object_settle(lock);
    if (lock->holder == NULL) {
        tell_one(lock);
    }
}

static void destroy(struct pp_manager_object *object)
{
    struct pp_manager_lock_object *lock = lock_of(object);
    struct pp_manager_condition_object *condition;

    while ((condition = LIST_FIRST(&lock->conditions)) != NULL) {
        LIST_REMOVE(condition, of_lock);
        condition->lock = NULL;
        pp_manager_object_answer_all(&condition->line, -ESTALE);
    }
}

const struct pp_manager_ops pp_manager_lock_ops = {
    .kind = PP_MANAGER_LOCK,
    .family = PP_MANAGER_LOCK_ACQUIRE,
    .bytes = sizeof(struct pp_manager_lock_object),
    .create = create,
    .call = call,
    .leave = leave,
    .destroy = destroy,
};

const struct pp_manager_ops pp_manager_rlock_ops = {
    .kind = PP_MANAGER_RLOCK,
    .family = PP_MANAGER_LOCK_ACQUIRE,
    .bytes = sizeof(struct pp_manager_lock_object),
    .create = create,
    .call = call,
    .leave = leave,
    .destroy = destroy,
};
