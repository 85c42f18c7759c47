/* SPDX-License-Identifier: MIT */
/*
 * Each waiter has a place of its own, with a word to sleep on and the name of its process:
 *
 *     free --- wait ---> waiting --- notify ---> notified --- the waiter is back ---> free
 *
 * All steps are taken under the lock that the condition goes with, each by one store, so a death
 * leaves the places whole; there is no other lock.
 *
 * A notification can die with its waiter: before it has come back with the lock, where the lock
 * itself tells of the death. Its place still says "notified" then, under the name of a dead
 * process. So who wakes from a slice of sleep (core/futex.h) looks for such a place, and takes over
 * what it finds; that there are notified places at all is rare and short, so this costs next to
 * nothing. A notification concerns those who waited when it was made, so the place keeps the ticket
 * of the first one who came later.
 *
 * The other death is that of the one who would have notified. If it held the lock, who sleeps finds
 * that out likewise, gets the lock and returns with the news. If it did not, then it had either
 * not begun, which no condition can know, or was done.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "core/condition.h"
#include "core/futex.h"
#include "core/participant.h"

enum { FREE, WAITING, NOTIFIED };

_Static_assert(sizeof(struct pp_condition) == 48 + 16 * PP_CONDITION_WAITERS_MAX,
               "the same in all who share it");

static uint32_t state_of(const struct pp_condition_waiter *waiter)
{
    return atomic_load_explicit(&waiter->state, memory_order_acquire);
}

static void set_state(struct pp_condition_waiter *waiter, uint32_t state)
{
    atomic_store_explicit(&waiter->state, state, memory_order_release);
}

static uint32_t ticket_of(const struct pp_condition_waiter *waiter)
{
    return atomic_load_explicit(&waiter->ticket, memory_order_relaxed);
}

static void set_ticket(struct pp_condition_waiter *waiter, uint32_t ticket)
{
    atomic_store_explicit(&waiter->ticket, ticket, memory_order_relaxed);
}

static bool has_died(const struct pp_condition_waiter *waiter)
{
    return !pp_participant_is_alive(
        atomic_load_explicit(&waiter->participant, memory_order_relaxed));
}

/* Tickets go round; fewer than half of them are ever out at a time. */
static bool comes_before(uint32_t ticket, uint32_t other)
{
    return (int32_t)(ticket - other) < 0;
}

static uint32_t places_of(const struct pp_condition *condition)
{
    return atomic_load_explicit(&condition->places, memory_order_relaxed);
}

void pp_condition_init(struct pp_condition *condition, struct pp_rlock *rlock)
{
    memset((void *)condition, 0, sizeof(*condition));
    pp_rlock_init(&condition->own);
    condition->lock_offset = rlock == NULL ? 0 : (char *)rlock - (char *)condition;
}

struct pp_rlock *pp_condition_get_lock(struct pp_condition *condition)
{
    return (void *)((char *)condition + condition->lock_offset);
}

int pp_condition_acquire(struct pp_condition *condition, int timeout_ms)
{
    return pp_rlock_acquire(pp_condition_get_lock(condition), timeout_ms);
}

int pp_condition_release(struct pp_condition *condition)
{
    return pp_rlock_release(pp_condition_get_lock(condition));
}

/* Of those who wait, the one who has waited longest; NULL where nobody does. Under the lock. */
static struct pp_condition_waiter *find_first(struct pp_condition *condition)
{
    struct pp_condition_waiter *first = NULL;

    for (uint32_t i = 0; i < places_of(condition); i++) {
        struct pp_condition_waiter *waiter = &condition->waiters[i];

        if (state_of(waiter) == WAITING &&
            (first == NULL || comes_before(ticket_of(waiter), ticket_of(first)))) {
            first = waiter;
        }
    }
    return first;
}

/* Under the lock. */
static void notify(struct pp_condition *condition, uint32_t count)
{
    struct pp_condition_waiter *waiter;

    for (; count > 0 && (waiter = find_first(condition)) != NULL; count--) {
        set_ticket(waiter, condition->next_ticket);
        set_state(waiter, NOTIFIED);
        pp_futex_wake_all(&waiter->state);
    }
}

int pp_condition_notify(struct pp_condition *condition, uint32_t count)
{
    if (!pp_rlock_is_mine(pp_condition_get_lock(condition))) {
        return -EPERM;
    }
    notify(condition, count);
    return 0;
}

int pp_condition_notify_all(struct pp_condition *condition)
{
    return pp_condition_notify(condition, UINT32_MAX);
}

/* Clear the places of the dead, and hand on what they were notified of. Under the lock. */
static void bury_the_dead(struct pp_condition *condition)
{
    uint32_t notifications = 0;

    for (uint32_t i = 0; i < places_of(condition); i++) {
        struct pp_condition_waiter *waiter = &condition->waiters[i];

        if (state_of(waiter) != FREE && has_died(waiter)) {
            notifications += state_of(waiter) == NOTIFIED;
            set_state(waiter, FREE);
        }
    }
    notify(condition, notifications);
}

/* A place that is free; NULL where none is. Under the lock. */
static struct pp_condition_waiter *find_place(struct pp_condition *condition)
{
    uint32_t places = places_of(condition);

    for (uint32_t i = 0; i < places; i++) {
        if (state_of(&condition->waiters[i]) == FREE) {
            return &condition->waiters[i];
        }
    }
    if (places == PP_CONDITION_WAITERS_MAX) {
        return NULL;
    }
    atomic_store_explicit(&condition->places, places + 1, memory_order_relaxed);
    return &condition->waiters[places];
}

/* A place in which the caller waits; NULL where none is free. Under the lock. */
static struct pp_condition_waiter *line_up(struct pp_condition *condition)
{
    struct pp_condition_waiter *waiter = find_place(condition);

    if (waiter == NULL) {
        bury_the_dead(condition);
        waiter = find_place(condition);
    }
    if (waiter != NULL) {
        atomic_store_explicit(&waiter->participant, pp_participant_self(), memory_order_relaxed);
        set_ticket(waiter, condition->next_ticket++);
        set_state(waiter, WAITING);
    }
    return waiter;
}

/* The place of a dead process that was notified while @waiter waited; NULL where there is none.
 * Without the lock, what it returns has to be looked at again. */
static struct pp_condition_waiter *find_legacy(struct pp_condition *condition,
                                               const struct pp_condition_waiter *waiter)
{
    for (uint32_t i = 0; i < places_of(condition); i++) {
        struct pp_condition_waiter *other = &condition->waiters[i];

        if (state_of(other) == NOTIFIED && comes_before(ticket_of(waiter), ticket_of(other)) &&
            has_died(other)) {
            return other;
        }
    }
    return NULL;
}

/* Is there anything for which @waiter has to get the lock, though nobody notified it? */
static bool must_look(struct pp_condition *condition, const struct pp_condition_waiter *waiter)
{
    const struct pp_lock *lock = &pp_condition_get_lock(condition)->lock;

    return pp_lock_has_given_up(lock) || pp_lock_is_orphaned(lock) ||
           find_legacy(condition, waiter) != NULL;
}

/* Returns 0 when it is time to get the lock back, or -ETIMEDOUT. */
static int sleep_until_notified(struct pp_condition *condition, struct pp_condition_waiter *waiter,
                                uint64_t deadline)
{
    while (state_of(waiter) == WAITING) {
        int r = pp_futex_wait(&waiter->state, WAITING, deadline);

        if (r != 0 && must_look(condition, waiter)) {
            return 0;
        }
        if (r < 0) {
            return r;
        }
    }
    return 0;
}

/* Was the waiter notified, or does it inherit? Under the lock. */
static bool take_notification(struct pp_condition *condition,
                              const struct pp_condition_waiter *waiter)
{
    struct pp_condition_waiter *legacy;

    if (state_of(waiter) == NOTIFIED) {
        return true;
    }
    legacy = find_legacy(condition, waiter);
    if (legacy != NULL) {
        set_state(legacy, FREE);
    }
    return legacy != NULL;
}

/* One time round: let the lock go, sleep, get it back. Returns 0; -EAGAIN where it was for nothing;
 * or as pp_condition_wait(). */
static int wait_once(struct pp_condition *condition, struct pp_condition_waiter *waiter,
                     uint64_t deadline)
{
    struct pp_rlock *lock = pp_condition_get_lock(condition);
    uint32_t depth;
    int r = pp_rlock_release_all(lock, &depth);
    int slept;

    if (r != 0) {
        return r;
    }
    slept = sleep_until_notified(condition, waiter, deadline);
    r = pp_rlock_acquire_all(lock, depth, -1);
    if (r != 0) {
        return r;
    }
    if (take_notification(condition, waiter)) {
        return 0;
    }
    return slept < 0 ? slept : -EAGAIN;
}

static int wait_until(struct pp_condition *condition, uint64_t deadline)
{
    struct pp_condition_waiter *waiter;
    int r;

    if (!pp_rlock_is_mine(pp_condition_get_lock(condition))) {
        return -EPERM;
    }
    waiter = line_up(condition);
    if (waiter == NULL) {
        return -EUSERS;
    }
    do {
        r = wait_once(condition, waiter, deadline);
    } while (r == -EAGAIN);
    set_state(waiter, FREE);
    return r;
}

int pp_condition_wait(struct pp_condition *condition, int timeout_ms)
{
    return wait_until(condition, pp_futex_deadline(timeout_ms));
}

int pp_condition_wait_for(struct pp_condition *condition, bool (*predicate)(void *), void *data,
                          int timeout_ms)
{
    uint64_t deadline = pp_futex_deadline(timeout_ms);
    int r = 0;

    if (!pp_rlock_is_mine(pp_condition_get_lock(condition))) {
        return -EPERM;
    }
    while (!predicate(data)) {
        if (r != 0) {
            return r;
        }
        r = wait_until(condition, deadline);
        if (r == PP_LOCK_OWNER_DIED || (r < 0 && r != -ETIMEDOUT)) {
            return r;
        }
    }
    return 0;
}
