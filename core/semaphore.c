/* SPDX-License-Identifier: MIT */
/*
 * There is no counter of free permits that a death could leave wrong. There are the number of all
 * permits, and books on how many each process holds; what is free is the difference. So each of
 *
 *     acquire    held + 1             release, by a holder     held - 1
 *     spend      held - 1, all - 1    release, where none is held      all + 1
 *     a death    held = 0
 *
 * is done by one store (and a death between the two of spend leaves the permit unspent), and the
 * lock inside, which survives its holder, has nothing to mend. Stores are releases, so that the
 * compiler leaves them in their order too.
 *
 * The books are few and lie side by side, so adding them up costs less than a miss of the cache.
 *
 * Sleepers: who finds no permit marks under the lock that somebody sleeps, reads the bell, and
 * sleeps while the bell is the same. Who makes a permit free rings it, and wakes one only where the
 * mark stands; where nobody was there to wake, it takes the mark away: whoever set it has yet to
 * look at the bell. A mark is less exact than a count, but no death can make it wrong for long.
 */
#include <errno.h>
#include <string.h>

#include "core/futex.h"
#include "core/participant.h"
#include "core/semaphore.h"

enum { NONE_FREE = 1 };

_Static_assert(sizeof(struct pp_semaphore) == 40 + 16 * PP_SEMAPHORE_HOLDERS_MAX,
               "the same in all who share it");

static uint32_t held(const struct pp_semaphore_books *books)
{
    return atomic_load_explicit(&books->held, memory_order_relaxed);
}

static void set_held(struct pp_semaphore_books *books, uint32_t count)
{
    atomic_store_explicit(&books->held, count, memory_order_release);
}

static uint32_t permits(const struct pp_semaphore *semaphore)
{
    return atomic_load_explicit(&semaphore->permits, memory_order_relaxed);
}

static void set_permits(struct pp_semaphore *semaphore, uint32_t count)
{
    atomic_store_explicit(&semaphore->permits, count, memory_order_release);
}

static uint64_t participant(const struct pp_semaphore_books *books)
{
    return atomic_load_explicit(&books->participant, memory_order_relaxed);
}

static uint32_t books_in_use(const struct pp_semaphore *semaphore)
{
    return atomic_load_explicit(&semaphore->books, memory_order_relaxed);
}

static void set_books_in_use(struct pp_semaphore *semaphore, uint32_t count)
{
    atomic_store_explicit(&semaphore->books, count, memory_order_release);
}

/* Under the lock, as all that follow up to the next remark. */
static uint32_t free_permits(const struct pp_semaphore *semaphore)
{
    uint32_t count = permits(semaphore);

    for (uint32_t i = 0; i < books_in_use(semaphore); i++) {
        count -= held(&semaphore->holders[i]);
    }
    return count;
}

/* The books of @who, if it holds a permit; NULL if not. */
static struct pp_semaphore_books *find_books(struct pp_semaphore *semaphore, uint64_t who)
{
    for (uint32_t i = 0; i < books_in_use(semaphore); i++) {
        struct pp_semaphore_books *books = &semaphore->holders[i];

        if (held(books) > 0 && participant(books) == who) {
            return books;
        }
    }
    return NULL;
}

/* The books of anyone who holds a permit; NULL where nobody does. */
static struct pp_semaphore_books *find_any_books(struct pp_semaphore *semaphore)
{
    for (uint32_t i = 0; i < books_in_use(semaphore); i++) {
        if (held(&semaphore->holders[i]) > 0) {
            return &semaphore->holders[i];
        }
    }
    return NULL;
}

/* Books for @who, that say that it holds none. They stay free until they say otherwise. */
static struct pp_semaphore_books *open_books(struct pp_semaphore *semaphore, uint64_t who)
{
    uint32_t in_use = books_in_use(semaphore);
    uint32_t i = 0;

    while (i < in_use && held(&semaphore->holders[i]) > 0) {
        i++;
    }
    if (i == PP_SEMAPHORE_HOLDERS_MAX) {
        return NULL;
    }
    atomic_store_explicit(&semaphore->holders[i].participant, who, memory_order_relaxed);
    if (i == in_use) {
        set_held(&semaphore->holders[i], 0);
        set_books_in_use(semaphore, in_use + 1);
    }
    return &semaphore->holders[i];
}

/* Free books at the end need not be read again. */
static void close_books(struct pp_semaphore *semaphore)
{
    uint32_t in_use = books_in_use(semaphore);

    while (in_use > 0 && held(&semaphore->holders[in_use - 1]) == 0) {
        in_use--;
    }
    set_books_in_use(semaphore, in_use);
}

/* Say that @count permits have become free. */
static void ring(struct pp_semaphore *semaphore, uint32_t count)
{
    atomic_fetch_add_explicit(&semaphore->bell, 1, memory_order_release);
    if (semaphore->sleepers != 0 && pp_futex_wake(&semaphore->bell, count) == 0) {
        semaphore->sleepers = 0;
    }
}

static int take(struct pp_semaphore *semaphore, uint64_t self)
{
    struct pp_semaphore_books *books;

    if (free_permits(semaphore) == 0) {
        semaphore->sleepers = 1;
        return NONE_FREE;
    }
    books = find_books(semaphore, self);
    if (books == NULL) {
        books = open_books(semaphore, self);
    }
    if (books == NULL) {
        return -EUSERS;
    }
    set_held(books, held(books) + 1);
    return 0;
}

static int give(struct pp_semaphore *semaphore, uint64_t self)
{
    struct pp_semaphore_books *books = find_books(semaphore, self);

    if (books == NULL) {
        books = find_any_books(semaphore);
    }
    if (books != NULL) {
        set_held(books, held(books) - 1);
        close_books(semaphore);
    } else if (permits(semaphore) < semaphore->bound) {
        set_permits(semaphore, permits(semaphore) + 1);
    } else {
        return -EOVERFLOW;
    }
    ring(semaphore, 1);
    return 0;
}

static int spend(struct pp_semaphore *semaphore, uint64_t self)
{
    struct pp_semaphore_books *books = find_books(semaphore, self);

    if (books == NULL) {
        return -EPERM;
    }
    set_held(books, held(books) - 1);
    set_permits(semaphore, permits(semaphore) - 1);
    close_books(semaphore);
    return 0;
}

/* From here on the lock is not held. */

/* Take the permits back that @dead holds by these books, unless somebody else has meanwhile. */
static bool settle_estate(struct pp_semaphore *semaphore, struct pp_semaphore_books *books,
                          uint64_t dead)
{
    bool settled = false;

    if (pp_lock_enter(&semaphore->lock) != 0) {
        return false;
    }
    if (participant(books) == dead && held(books) > 0) {
        uint32_t count = held(books);

        set_held(books, 0);
        close_books(semaphore);
        ring(semaphore, count);
        settled = true;
    }
    pp_lock_release(&semaphore->lock);
    return settled;
}

/* Looks at the books without the lock, as it takes long to see who lives. What it finds is looked
 * at again; what it misses it finds the next time. */
static bool take_back_from_the_dead(struct pp_semaphore *semaphore)
{
    bool any = false;

    for (uint32_t i = 0; i < books_in_use(semaphore); i++) {
        struct pp_semaphore_books *books = &semaphore->holders[i];
        uint64_t who = participant(books);

        if (held(books) > 0 && !pp_participant_is_alive(who)) {
            any = settle_estate(semaphore, books, who) || any;
        }
    }
    return any;
}

static int init(struct pp_semaphore *semaphore, uint32_t value, uint32_t bound)
{
    if (value > PP_SEMAPHORE_PERMITS_MAX) {
        return -EINVAL;
    }
    memset(semaphore, 0, sizeof(*semaphore));
    set_permits(semaphore, value);
    semaphore->bound = bound;
    pp_lock_init(&semaphore->lock);
    return 0;
}

int pp_semaphore_init(struct pp_semaphore *semaphore, uint32_t value)
{
    return init(semaphore, value, PP_SEMAPHORE_PERMITS_MAX);
}

int pp_semaphore_init_bounded(struct pp_semaphore *semaphore, uint32_t value)
{
    return init(semaphore, value, value);
}

/* Returns as take(), with the bell as it was before. */
static int try_to_take(struct pp_semaphore *semaphore, uint32_t *bell)
{
    int r = pp_lock_enter(&semaphore->lock);

    if (r != 0) {
        return r;
    }
    *bell = atomic_load_explicit(&semaphore->bell, memory_order_relaxed);
    r = take(semaphore, pp_participant_self());
    pp_lock_release(&semaphore->lock);
    return r;
}

int pp_semaphore_acquire(struct pp_semaphore *semaphore, int timeout_ms)
{
    uint64_t deadline = pp_futex_deadline(timeout_ms);
    uint32_t bell = 0;
    int waited = 0;

    for (;;) {
        int r = try_to_take(semaphore, &bell);

        if (r == -EUSERS && take_back_from_the_dead(semaphore)) {
            continue;
        }
        if (r != NONE_FREE) {
            return r;
        }
        if (waited < 0) {
            return waited;
        }
        waited = pp_futex_wait(&semaphore->bell, bell, deadline);
        if (waited != 0) {
            take_back_from_the_dead(semaphore);
        }
    }
}

int pp_semaphore_release(struct pp_semaphore *semaphore)
{
    int r = pp_lock_enter(&semaphore->lock);

    if (r != 0) {
        return r;
    }
    r = give(semaphore, pp_participant_self());
    pp_lock_release(&semaphore->lock);
    return r;
}

int pp_semaphore_spend(struct pp_semaphore *semaphore)
{
    int r = pp_lock_enter(&semaphore->lock);

    if (r != 0) {
        return r;
    }
    r = spend(semaphore, pp_participant_self());
    pp_lock_release(&semaphore->lock);
    return r;
}

int pp_semaphore_get_value(struct pp_semaphore *semaphore, uint32_t *ret_value)
{
    int r = pp_lock_enter(&semaphore->lock);

    if (r != 0) {
        return r;
    }
    *ret_value = free_permits(semaphore);
    pp_lock_release(&semaphore->lock);
    return 0;
}
