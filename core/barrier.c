/* SPDX-License-Identifier: MIT */
/*
 * A round is over by one store: the generation becomes another one. Who waits has written down
 * which generation he belongs to, so he passes when that one is over, however late he looks. How
 * many wait is not counted anywhere: it is how many places say so. So a death leaves nothing to
 * mend under the lock inside.
 *
 *     waiting in generation g     g is current, whole      sleep
 *                                 g is current, broken     broken
 *                                 g is over                passed
 *     turned away                 g is over                broken
 *
 * A reset ends a generation too, but those who wait in it have not passed. It breaks it first, then
 * turns everyone in it away by name, then ends it, then makes the next one whole: dying anywhere on
 * the way it leaves a broken barrier, and nobody mistakes a reset for a round.
 *
 * Deaths: at the end of each slice of sleep (core/futex.h) a waiter looks whether the ones that
 * stand behind him in the places are alive, as far as the next one who waits, who does the same
 * from there; the last is followed by the first. So each of those that matter is looked after by
 * one waiter, and many do not cost more than few. And who comes last looks at all, for a round
 * with a dead process in it must not pass.
 */
#include <errno.h>
#include <string.h>

#include "core/barrier.h"
#include "core/futex.h"
#include "core/participant.h"

enum { FREE, WAITING, TURNED_AWAY, EXPECTED };

/* What a waiter sees; PP_BARRIER_BROKEN is another. */
enum { PASSED = 0, SLEEP = 2 };

#define PLACES_MAX (3 * PP_BARRIER_PARTIES_MAX)

_Static_assert(sizeof(struct pp_barrier) == 40 + 16 * PLACES_MAX, "the same in all who share it");

static uint32_t get(const _Atomic uint32_t *word)
{
    return atomic_load_explicit(word, memory_order_acquire);
}

/* Releases, so that a death finds stores in the order in which they stand here. */
static void set(_Atomic uint32_t *word, uint32_t value)
{
    atomic_store_explicit(word, value, memory_order_release);
}

static uint64_t participant_of(const struct pp_barrier_place *place)
{
    return atomic_load_explicit(&place->participant, memory_order_relaxed);
}

static bool waits_now(const struct pp_barrier *barrier, const struct pp_barrier_place *place)
{
    return get(&place->state) == WAITING && get(&place->generation) == get(&barrier->generation);
}

static void ring(struct pp_barrier *barrier)
{
    atomic_fetch_add_explicit(&barrier->bell, 1, memory_order_release);
    pp_futex_wake_all(&barrier->bell);
}

/* Under the lock, as the next ones up to the remark. */
static void break_it(struct pp_barrier *barrier)
{
    set(&barrier->broken, 1);
    ring(barrier);
}

static void end_generation(struct pp_barrier *barrier)
{
    set(&barrier->generation, get(&barrier->generation) + 1);
    ring(barrier);
}

/* Places of the dead are free; but one that waits now has to be found, to break the barrier. */
static bool is_forgotten(const struct pp_barrier *barrier, const struct pp_barrier_place *place)
{
    uint32_t state = get(&place->state);

    return (state == WAITING || state == TURNED_AWAY) && !waits_now(barrier, place) &&
           !pp_participant_is_alive(participant_of(place));
}

static struct pp_barrier_place *find_free_place(struct pp_barrier *barrier)
{
    uint32_t places = get(&barrier->places);

    for (uint32_t i = 0; i < places; i++) {
        if (get(&barrier->place[i].state) == FREE) {
            return &barrier->place[i];
        }
    }
    if (places < PLACES_MAX) {
        set(&barrier->places, places + 1);
        return &barrier->place[places];
    }
    for (uint32_t i = 0; i < places; i++) {
        if (is_forgotten(barrier, &barrier->place[i])) {
            return &barrier->place[i];
        }
    }
    return NULL;
}

/* Returns NULL where there is no place. */
static struct pp_barrier_place *take_place(struct pp_barrier *barrier, uint64_t participant,
                                           uint32_t state)
{
    struct pp_barrier_place *place = find_free_place(barrier);

    if (place != NULL) {
        set(&place->state, FREE);
        atomic_store_explicit(&place->participant, participant, memory_order_relaxed);
        set(&place->generation, get(&barrier->generation));
        set(&place->state, state);
    }
    return place;
}

/* Is any of those who wait now dead? */
static bool has_lost_one(const struct pp_barrier *barrier)
{
    for (uint32_t i = 0; i < get(&barrier->places); i++) {
        const struct pp_barrier_place *place = &barrier->place[i];

        if (waits_now(barrier, place) && !pp_participant_is_alive(participant_of(place))) {
            return true;
        }
    }
    return false;
}

/* Come in: take a place, and complete the round if this is the last one. Returns 0,
 * PP_BARRIER_BROKEN or -EUSERS. */
static int come(struct pp_barrier *barrier, struct pp_barrier_place **ret_place,
                uint32_t *ret_index)
{
    uint32_t before = pp_barrier_n_waiting(barrier);

    if (get(&barrier->broken)) {
        return PP_BARRIER_BROKEN;
    }
    *ret_place = take_place(barrier, pp_participant_self(), WAITING);
    if (*ret_place == NULL) {
        return -EUSERS;
    }
    *ret_index = before;
    if (before + 1 == barrier->parties) {
        if (has_lost_one(barrier)) {
            break_it(barrier);
        } else {
            end_generation(barrier);
        }
    }
    return 0;
}

/* From here on without the lock, but where it is said. */

/* The broken mark is read first: it is taken back only after the generation has become another. */
static int outcome(const struct pp_barrier *barrier, const struct pp_barrier_place *place)
{
    bool broken = get(&barrier->broken);

    if (get(&barrier->generation) == get(&place->generation)) {
        return broken ? PP_BARRIER_BROKEN : SLEEP;
    }
    return get(&place->state) == TURNED_AWAY ? PP_BARRIER_BROKEN : PASSED;
}

/* Has any died of those who are for @place to look after? */
static bool misses_one(const struct pp_barrier *barrier, const struct pp_barrier_place *place)
{
    uint32_t places = get(&barrier->places);
    uint32_t own = (uint32_t)(place - barrier->place);

    for (uint32_t step = 1; step < places; step++) {
        const struct pp_barrier_place *other = &barrier->place[(own + step) % places];
        bool waits = waits_now(barrier, other);
        bool matters = waits || get(&other->state) == EXPECTED;

        if (matters && !pp_participant_is_alive(participant_of(other))) {
            return true;
        }
        if (waits) {
            return false;
        }
    }
    return false;
}

/* Break the barrier if @place still waits, and in vain. Returns what it sees then, -ETIMEDOUT where
 * it was broken because the time was over, or -ENOSYS. */
static int look(struct pp_barrier *barrier, const struct pp_barrier_place *place, bool time_is_over)
{
    int r = pp_lock_enter(&barrier->lock);

    if (r != 0) {
        return r;
    }
    r = outcome(barrier, place);
    if (r == SLEEP && misses_one(barrier, place)) {
        break_it(barrier);
        r = PP_BARRIER_BROKEN;
    } else if (r == SLEEP && time_is_over) {
        break_it(barrier);
        r = -ETIMEDOUT;
    }
    pp_lock_release(&barrier->lock);
    return r;
}

/* Sleep until the round is over, one way or the other. Returns as pp_barrier_wait(). */
static int stay(struct pp_barrier *barrier, const struct pp_barrier_place *place, uint64_t deadline)
{
    for (;;) {
        uint32_t bell = get(&barrier->bell);
        int r = outcome(barrier, place);
        int slept;

        if (r != SLEEP) {
            return r;
        }
        slept = pp_futex_wait(&barrier->bell, bell, deadline);
        if (slept < 0 || (slept == PP_FUTEX_LOOK && misses_one(barrier, place))) {
            r = look(barrier, place, slept < 0);
        }
        if (r != SLEEP) {
            return r;
        }
    }
}

int pp_barrier_init(struct pp_barrier *barrier, uint32_t parties)
{
    if (parties == 0 || parties > PP_BARRIER_PARTIES_MAX) {
        return -EINVAL;
    }
    memset((void *)barrier, 0, sizeof(*barrier));
    barrier->parties = parties;
    pp_lock_init(&barrier->lock);
    return 0;
}

int pp_barrier_wait(struct pp_barrier *barrier, int timeout_ms, uint32_t *ret_index)
{
    uint64_t deadline = pp_futex_deadline(timeout_ms);
    struct pp_barrier_place *place = NULL;
    uint32_t index = 0;
    int r = pp_lock_enter(&barrier->lock);

    if (r != 0) {
        return r;
    }
    r = come(barrier, &place, &index);
    pp_lock_release(&barrier->lock);
    if (r != 0) {
        return r;
    }
    r = stay(barrier, place, deadline);
    set(&place->state, FREE);
    if (r == 0 && ret_index != NULL) {
        *ret_index = index;
    }
    return r;
}

/* The place by which @participant is expected; NULL where it is not. Under the lock. */
static struct pp_barrier_place *find_expected(struct pp_barrier *barrier, uint64_t participant)
{
    for (uint32_t i = 0; i < get(&barrier->places); i++) {
        struct pp_barrier_place *place = &barrier->place[i];

        if (get(&place->state) == EXPECTED && participant_of(place) == participant) {
            return place;
        }
    }
    return NULL;
}

/* Under the lock. */
static uint32_t count_expected(const struct pp_barrier *barrier)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < get(&barrier->places); i++) {
        count += get(&barrier->place[i].state) == EXPECTED;
    }
    return count;
}

int pp_barrier_expect(struct pp_barrier *barrier, uint64_t participant)
{
    int r = pp_lock_enter(&barrier->lock);

    if (r != 0) {
        return r;
    }
    if (find_expected(barrier, participant) == NULL &&
        (count_expected(barrier) == PP_BARRIER_PARTIES_MAX ||
         take_place(barrier, participant, EXPECTED) == NULL)) {
        r = -EUSERS;
    }
    pp_lock_release(&barrier->lock);
    return r;
}

int pp_barrier_excuse(struct pp_barrier *barrier, uint64_t participant)
{
    struct pp_barrier_place *place;
    int r = pp_lock_enter(&barrier->lock);

    if (r != 0) {
        return r;
    }
    place = find_expected(barrier, participant);
    if (place == NULL) {
        r = -ESRCH;
    } else {
        set(&place->state, FREE);
    }
    pp_lock_release(&barrier->lock);
    return r;
}

int pp_barrier_abort(struct pp_barrier *barrier)
{
    int r = pp_lock_enter(&barrier->lock);

    if (r != 0) {
        return r;
    }
    break_it(barrier);
    pp_lock_release(&barrier->lock);
    return 0;
}

int pp_barrier_reset(struct pp_barrier *barrier)
{
    int r = pp_lock_enter(&barrier->lock);

    if (r != 0) {
        return r;
    }
    break_it(barrier);
    for (uint32_t i = 0; i < get(&barrier->places); i++) {
        uint32_t waiting = WAITING;

        if (waits_now(barrier, &barrier->place[i])) {
            /* Unless it has seen that the barrier is broken, and left. */
            atomic_compare_exchange_strong(&barrier->place[i].state, &waiting, TURNED_AWAY);
        }
    }
    end_generation(barrier);
    set(&barrier->broken, 0);
    pp_lock_release(&barrier->lock);
    return 0;
}

uint32_t pp_barrier_parties(const struct pp_barrier *barrier)
{
    return barrier->parties;
}

uint32_t pp_barrier_n_waiting(const struct pp_barrier *barrier)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < get(&barrier->places); i++) {
        count += waits_now(barrier, &barrier->place[i]);
    }
    return count;
}

bool pp_barrier_is_broken(const struct pp_barrier *barrier)
{
    return get(&barrier->broken) != 0;
}
