/* SPDX-License-Identifier: MIT */
/*
 * What a pool waits for without any task's deadline: that a worker which was ordered gets ready,
 * that one which was told to end does so, and that the end of one which was killed or has closed
 * its channel is told. A process that was stopped or hangs at such a place would otherwise stop the
 * pool for ever.
 *
 * All take milliseconds; the patience is the caller's, since an initializer may take long. A worker
 * that is not ready in time is killed. One that should be gone is killed as well: it may have
 * closed its channel and live on. If it is dead, and nobody has told so, or if it never was a
 * process at all, then the process which starts and buries workers is the one that hangs, and that
 * is given up: its workers die with it, and another one is started.
 */
#include <poll.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/pool_private.h"

/* How long a worker that was told to end may take for that. */
#define CLOSE_PATIENCE_NS UINT64_C(2000000000)

uint64_t pp_pool_overdue_ns(const struct pp_pool *pool, uint32_t index)
{
    const struct pp_pool_worker *worker = &pool->workers[index];
    uint64_t patience_ns = (uint64_t)pool->start_timeout_ms * 1000000;

    if (worker->number == 0 || !pool->launcher->ops->has_processes) {
        return 0;
    }
    if (worker->gone_ns != 0) {
        return worker->gone_ns + patience_ns;
    }
    if (worker->closing) {
        return worker->closing_since_ns + CLOSE_PATIENCE_NS;
    }
    return pp_scheduler_is_starting(pool->scheduler, index) ? worker->ordered_ns + patience_ns : 0;
}

void pp_pool_expect_death(struct pp_pool *pool, uint32_t index)
{
    struct pp_pool_worker *worker = &pool->workers[index];

    if (worker->gone_ns == 0) {
        worker->gone_ns = pp_clock_ns();
        pp_pool_want_timer(pool, pp_pool_overdue_ns(pool, index));
    }
}

bool pp_pool_is_dead(struct pp_pool *pool, uint32_t index)
{
    struct pp_pool_worker *worker = &pool->workers[index];
    struct pollfd death = {.fd = worker->pidfd, .events = POLLIN};

    if (worker->pidfd < 0) {
        /* Nobody has told yet that it is a process at all; what can be seen is that it hung up. */
        worker->dead = worker->dead || (worker->gone_ns != 0 && !worker->kill_wanted);
    } else if (!worker->dead && poll(&death, 1, 0) == 1) {
        worker->dead = true;
        pp_pool_expect_death(pool, index);
    }
    return worker->dead;
}

void pp_pool_handle_overdue(struct pp_pool *pool, uint32_t index)
{
    struct pp_pool_worker *worker = &pool->workers[index];
    /* One that was told to end and has not closed its channel owes nothing but that. */
    bool is_owed = (worker->gone_ns != 0 || !worker->closing) &&
                   (worker->pidfd < 0 || pp_pool_is_dead(pool, index));

    pp_log(PP_LOG_INFO, "pool", "worker %u (pid %d) is overdue", worker->number, worker->pid);
    worker->late = worker->late || (worker->gone_ns == 0 && !worker->closing);
    pp_pool_kill_now(pool, index);
    worker->gone_ns = pp_clock_ns(); /* and once more, should that not help */
    if (is_owed && pool->launcher->ops->give_up != NULL) {
        pool->launcher->ops->give_up(pool->launcher);
    }
}
