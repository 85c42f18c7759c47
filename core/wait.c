/* SPDX-License-Identifier: MIT */
/*
 * Futures say when they are done, so that a wait for many looks at each of them at its begin and at
 * its end, and not at every step.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/pool_private.h"
#include "core/pool_set.h"
#include "core/wait.h"

struct wait;

/* One place of the caller's array, where the future there was not done at first. */
struct awaited {
    struct wait *wait; /* NULL: nothing is to be told any more */
    size_t place;      /* of its pool */
};

struct wait {
    struct pp_future **futures;
    size_t count;
    size_t done;
    size_t failed;           /* of them */
    struct awaited *awaited; /* NULL: no memory */
    struct pp_pool_set pools;
};

static void count_done(struct wait *wait, const struct pp_future *future)
{
    wait->done++;
    wait->failed += pp_future_result(future)->outcome != PP_DONE;
}

static void when_done(struct pp_future *future, void *user)
{
    struct awaited *awaited = user;
    struct wait *wait = awaited->wait;

    awaited->wait = NULL;
    count_done(wait, future);
    pp_pool_set_remove(&wait->pools, awaited->place);
}

static bool is_enough(const struct wait *wait, enum pp_wait_for mode)
{
    switch (mode) {
    case PP_WAIT_FIRST_COMPLETED:
        return wait->done > 0 || wait->count == 0;
    case PP_WAIT_FIRST_EXCEPTION:
        return wait->failed > 0 || wait->done == wait->count;
    case PP_WAIT_ALL_COMPLETED:
        break;
    }
    return wait->done == wait->count;
}

/* From here on futures that are not done say when they are. */
static int begin(struct wait *wait)
{
    int r = 0;

    wait->awaited = calloc(wait->count, sizeof(*wait->awaited));
    if (wait->awaited == NULL) {
        return -ENOMEM;
    }
    for (size_t i = 0; r == 0 && i < wait->count; i++) {
        struct pp_future *future = wait->futures[i];
        struct awaited *awaited = &wait->awaited[i];

        if (pp_future_done(future)) {
            continue;
        }
        r = pp_pool_set_add(&wait->pools, future->pool, &awaited->place);
        if (r == 0) {
            r = pp_future_add_done_callback(future, when_done, awaited);
        }
        awaited->wait = r == 0 ? wait : NULL;
    }
    return r;
}

static void end(struct wait *wait)
{
    for (size_t i = 0; wait->awaited != NULL && i < wait->count; i++) {
        if (wait->awaited[i].wait != NULL) {
            pp_future_remove_done_callback(wait->futures[i], when_done, &wait->awaited[i]);
        }
    }
    free(wait->awaited);
    pp_pool_set_finish(&wait->pools);
}

static int dispatch_until_enough(struct wait *wait, enum pp_wait_for mode, int timeout_ms)
{
    uint64_t deadline_ns = pp_pool_deadline_ns(timeout_ms);
    bool looked = false;
    int r = begin(wait);

    while (r == 0 && !is_enough(wait, mode)) {
        r = pp_pool_set_wait_once(&wait->pools, timeout_ms, deadline_ns, &looked);
    }
    end(wait);
    return is_enough(wait, mode) ? 0 : r;
}

/* Those that are done to the front; the order of the others does not matter. */
static size_t move_done(struct pp_future **futures, size_t count)
{
    size_t done = 0;

    for (size_t i = 0; i < count; i++) {
        struct pp_future *future = futures[i];

        if (pp_future_done(future)) {
            futures[i] = futures[done];
            futures[done++] = future;
        }
    }
    return done;
}

int pp_wait(struct pp_future **futures, size_t count, enum pp_wait_for mode, int timeout_ms,
            size_t *ret_done)
{
    struct wait wait = {.futures = futures, .count = count};
    size_t done;
    int r = 0;

    for (size_t i = 0; i < count; i++) {
        if (pp_future_done(futures[i])) {
            count_done(&wait, futures[i]);
        }
    }
    if (!is_enough(&wait, mode)) {
        r = dispatch_until_enough(&wait, mode, timeout_ms);
    }
    done = move_done(futures, count);
    if (ret_done != NULL) {
        *ret_done = done;
    }
    return r;
}
