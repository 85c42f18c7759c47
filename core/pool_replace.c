/* SPDX-License-Identifier: MIT */
/*
 * Workers that make way for others: after a number of tasks, which the scheduler counts, or because
 * their memory has grown, which is looked at here.
 *
 * A worker is closed by shutting down the host's side of its channel: it reads the end of its
 * orders, does at exit what a process does, and its end is told like any other. One that does not
 * follow is killed in the end.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/pool_private.h"

/* A look at a worker's memory costs some microseconds: not more often than that. */
#define LOOK_AGAIN_NS UINT64_C(5000000)

void pp_pool_close_worker(struct pp_pool *pool, uint32_t index)
{
    struct pp_pool_worker *worker = &pool->workers[index];

    pp_log(PP_LOG_DEBUG, "pool", "worker %u makes way for another", worker->number);
    worker->closing = true;
    worker->closing_since_ns = pp_clock_ns();
    shutdown(worker->end, SHUT_WR);
    pp_pool_want_timer(pool, pp_pool_overdue_ns(pool, index));
}

/*
 * The bytes that belong to process @pid alone. What it shares is no growth of its own: a slot is
 * mapped once, and is there for all. Returns false where nobody can tell.
 */
static bool read_private_bytes(int pid, size_t *ret_bytes)
{
    char path[40];
    char text[128];
    unsigned long resident;
    unsigned long shared;
    ssize_t length;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/statm", pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    length = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (length <= 0) {
        return false;
    }
    text[length] = '\0';
    if (sscanf(text, "%*u %lu %lu", &resident, &shared) != 2 || shared > resident) {
        return false;
    }
    *ret_bytes = (resident - shared) * (size_t)sysconf(_SC_PAGESIZE);
    return true;
}

void pp_pool_watch_growth(struct pp_pool *pool, uint32_t index)
{
    struct pp_pool_worker *worker = &pool->workers[index];
    uint64_t now;
    size_t bytes;

    if (pool->growth_bytes == 0 || worker->pid == 0 || worker->closing) {
        return;
    }
    now = pp_clock_ns();
    if (worker->looked_ns != 0 && now - worker->looked_ns < LOOK_AGAIN_NS) {
        return;
    }
    if (!read_private_bytes(worker->pid, &bytes)) {
        return;
    }
    if (worker->looked_ns == 0) {
        worker->first_bytes = bytes;
    } else if (bytes > worker->first_bytes && bytes - worker->first_bytes > pool->growth_bytes) {
        pp_log(PP_LOG_DEBUG, "pool", "worker %u has grown by %zu bytes", worker->number,
               bytes - worker->first_bytes);
        pp_scheduler_retire(pool->scheduler, index);
    }
    worker->looked_ns = now;
}
