/* SPDX-License-Identifier: MIT */
/*
 * The table of workers, and what is counted of it. Every change of a worker goes through here, so
 * that the questions that are asked for every task - is one to be started, is one to be killed, who
 * has the least to do - are answered without a look at every worker.
 *
 * A worker that takes tasks is open, and is in the list of the open ones with as many tasks as it
 * has: the first of the first list that is not empty has least to do. The one that was put there
 * last is the first, since what it needs is still in some cache.
 */
#include "core/scheduler_private.h"

static void close_list(struct pp_scheduler *scheduler, struct pp_scheduler_worker *worker,
                       unsigned count)
{
    if (!worker->is_open) {
        return;
    }
    if (worker->previous != NULL) {
        worker->previous->next = worker->next;
    } else {
        scheduler->open[count] = worker->next;
        if (worker->next == NULL) {
            scheduler->open_counts &= ~(UINT64_C(1) << count);
        }
    }
    if (worker->next != NULL) {
        worker->next->previous = worker->previous;
    }
    worker->previous = NULL;
    worker->next = NULL;
    worker->is_open = false;
}

/* The worker had @count tasks when it was listed; list it where it belongs now, if anywhere. */
static void list_again(struct pp_scheduler *scheduler, struct pp_scheduler_worker *worker,
                       unsigned count)
{
    close_list(scheduler, worker, count);
    if (worker->state != PP_PLACE_READY || worker->must_die || worker->retiring || worker->alone ||
        worker->stuck || worker->count == PP_SCHEDULER_CREDIT) {
        return;
    }
    worker->next = scheduler->open[worker->count];
    if (worker->next != NULL) {
        worker->next->previous = worker;
    }
    scheduler->open[worker->count] = worker;
    scheduler->open_counts |= UINT64_C(1) << worker->count;
    worker->is_open = true;
}

static bool is_laden(const struct pp_scheduler_worker *worker)
{
    return worker->count > 1 && !worker->stuck;
}

void pp_scheduler_worker_enter(struct pp_scheduler *scheduler, struct pp_scheduler_worker *worker,
                               enum pp_scheduler_state state)
{
    close_list(scheduler, worker, worker->count);
    scheduler->in_state[worker->state]--;
    scheduler->in_state[state]++;
    if (state == PP_PLACE_READY) {
        worker->state = state;
        worker->fresh = true;
        list_again(scheduler, worker, worker->count);
        return;
    }
    scheduler->to_kill -= worker->must_die && !worker->dying;
    scheduler->retiring -= worker->retiring && !worker->closing;
    scheduler->closing -= worker->closing;
    scheduler->busy -= worker->count > 0;
    scheduler->laden -= is_laden(worker);
    scheduler->recalling -= worker->recalling;
    *worker = (struct pp_scheduler_worker){.state = state};
}

void pp_scheduler_worker_retire(struct pp_scheduler *scheduler, struct pp_scheduler_worker *worker)
{
    if (worker->state == PP_PLACE_READY && !worker->retiring) {
        worker->retiring = true;
        scheduler->retiring++;
        list_again(scheduler, worker, worker->count);
    }
}

void pp_scheduler_worker_close(struct pp_scheduler *scheduler, struct pp_scheduler_worker *worker)
{
    worker->closing = true;
    scheduler->retiring--;
    scheduler->closing++;
}

void pp_scheduler_worker_condemn(struct pp_scheduler *scheduler, struct pp_scheduler_worker *worker)
{
    if (!worker->must_die) {
        worker->must_die = true;
        scheduler->to_kill++;
        list_again(scheduler, worker, worker->count);
    }
}

void pp_scheduler_worker_kill(struct pp_scheduler *scheduler, struct pp_scheduler_worker *worker)
{
    worker->dying = true;
    scheduler->to_kill--;
}

struct pp_scheduler_entry *pp_scheduler_worker_entry(struct pp_scheduler_worker *worker,
                                                     unsigned index)
{
    return &worker->inbox[(worker->first + index) % PP_SCHEDULER_CREDIT];
}

void pp_scheduler_worker_give(struct pp_scheduler *scheduler, struct pp_scheduler_worker *worker,
                              struct pp_scheduled *task)
{
    *pp_scheduler_worker_entry(worker, worker->count) =
        (struct pp_scheduler_entry){.id = task->id, .bytes = task->bytes, .task = task};
    scheduler->used += task->bytes;
    scheduler->busy += worker->count == 0;
    scheduler->laden -= is_laden(worker);
    worker->count++;
    scheduler->laden += is_laden(worker);
    worker->given++;
    worker->fresh = false;
    worker->alone = task->alone;
    list_again(scheduler, worker, worker->count - 1);
}

/* An entry has left the inbox; its memory is free of this worker. */
static void lighten(struct pp_scheduler *scheduler, struct pp_scheduler_worker *worker,
                    size_t bytes)
{
    scheduler->used -= bytes;
    scheduler->laden -= is_laden(worker);
    worker->count--;
    scheduler->laden += is_laden(worker);
    if (worker->count == 0) {
        worker->alone = false;
        scheduler->busy--;
    }
    list_again(scheduler, worker, worker->count + 1);
}

void pp_scheduler_worker_hold_up(struct pp_scheduler *scheduler, struct pp_scheduler_worker *worker,
                                 bool stuck, bool recalling)
{
    scheduler->recalling += recalling;
    scheduler->recalling -= worker->recalling;
    worker->recalling = recalling;
    if (worker->stuck != stuck) {
        scheduler->laden -= is_laden(worker);
        worker->stuck = stuck;
        scheduler->laden += is_laden(worker);
        list_again(scheduler, worker, worker->count);
    }
}

struct pp_scheduled *pp_scheduler_worker_take_first(struct pp_scheduler *scheduler,
                                                    struct pp_scheduler_worker *worker)
{
    const struct pp_scheduler_entry *entry = pp_scheduler_worker_entry(worker, 0);

    worker->first = (worker->first + 1) % PP_SCHEDULER_CREDIT;
    lighten(scheduler, worker, entry->bytes);
    pp_scheduler_worker_hold_up(scheduler, worker, false, false);
    return entry->task;
}

struct pp_scheduled *pp_scheduler_worker_take_back(struct pp_scheduler *scheduler,
                                                   struct pp_scheduler_worker *worker,
                                                   unsigned index)
{
    struct pp_scheduler_entry taken = *pp_scheduler_worker_entry(worker, index);

    for (unsigned i = index; i + 1 < worker->count; i++) {
        *pp_scheduler_worker_entry(worker, i) = *pp_scheduler_worker_entry(worker, i + 1);
    }
    worker->given--;
    lighten(scheduler, worker, taken.bytes);
    return taken.task;
}
