/* SPDX-License-Identifier: MIT */
#include "core/pool_private.h"

struct pp_pool_sent *pp_pool_inbox_at(struct pp_pool_worker *worker, unsigned index)
{
    return &worker->inbox[(worker->inbox_first + index) % PP_SCHEDULER_CREDIT];
}

/* Another task has become the first. */
static void begin_head(struct pp_pool *pool, struct pp_pool_worker *worker)
{
    if (worker->inbox_count > 0) {
        worker->head_since_ns = pp_pool_now(pool);
        pp_pool_watch_head(pool, worker);
    }
}

void pp_pool_inbox_add(struct pp_pool *pool, struct pp_pool_worker *worker,
                       const struct pp_pool_sent *sent)
{
    *pp_pool_inbox_at(worker, worker->inbox_count) = *sent;
    worker->inbox_count++;
    sent->future->references++;
    if (worker->inbox_count == 1) {
        begin_head(pool, worker);
    }
}

void pp_pool_inbox_take(struct pp_pool *pool, struct pp_pool_worker *worker, unsigned index)
{
    struct pp_future *future = pp_pool_inbox_at(worker, index)->future;

    worker->inbox_count--;
    if (index == 0) {
        worker->inbox_first = (worker->inbox_first + 1) % PP_SCHEDULER_CREDIT;
        begin_head(pool, worker);
    } else {
        for (unsigned i = index; i < worker->inbox_count; i++) {
            *pp_pool_inbox_at(worker, i) = *pp_pool_inbox_at(worker, i + 1);
        }
    }
    pp_future_unref(future);
}

void pp_pool_inbox_clear(struct pp_pool_worker *worker)
{
    while (worker->inbox_count > 0) {
        worker->inbox_count--;
        pp_future_unref(pp_pool_inbox_at(worker, worker->inbox_count)->future);
    }
}
