/* SPDX-License-Identifier: MIT */
/*
 * The kernel gives pids again, but not within one tick of the clock that stamps a start (10 ms):
 * it goes through all the others first. So pid and start time name a process for as long as the
 * machine runs. A pid takes 22 bits at most (the kernel's PID_MAX_LIMIT); 41 bits of ticks last
 * for 697 years.
 *
 * A pidfd would be the other way to name a process, but a descriptor means nothing to a peer, and
 * what lies in shared memory must.
 *
 * The own number is asked for in each lock, so it is kept; and a forked child must not believe that
 * it is its parent. It is kept in a page that the kernel clears in the child (MADV_WIPEONFORK),
 * which no way to make a process goes past, unlike a handler of pthread_atfork().
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/participant.h"

#define PID_BITS   22
#define START_BITS (PP_PARTICIPANT_BITS - PID_BITS)

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "a participant is stored in one piece");

/* What /proc/PID/stat tells. */
struct status {
    char state;
    unsigned long threads;
    uint64_t start; /* ticks since the machine started */
};

/* Set the file's text, cut to fit. Returns 0; -ESRCH where the process is gone; another errno. */
static int read_stat(pid_t pid, char *text, size_t bytes)
{
    char path[32];
    ssize_t length;
    int fd;
    int r;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? -ESRCH : -errno;
    }
    length = read(fd, text, bytes - 1);
    r = length < 0 ? -errno : 0;
    close(fd);
    text[length < 0 ? 0 : length] = '\0';
    return r;
}

/* @text behind @count more spaces; at its end where there are fewer. */
static const char *skip_fields(const char *text, unsigned count)
{
    while (count > 0 && *text != '\0') {
        count -= *text++ == ' ';
    }
    return text;
}

/* The name, field 2, may hold anything, so fields count from the last bracket: state is 3, the
 * number of threads 20, the start 22. */
static int read_status(pid_t pid, struct status *status)
{
    char text[1024];
    const char *after_name;
    int r = read_stat(pid, text, sizeof(text));

    if (r != 0) {
        return r;
    }
    after_name = strrchr(text, ')');
    if (after_name == NULL || after_name[1] != ' ') {
        return -EPROTO;
    }
    status->state = after_name[2];
    status->threads = strtoul(skip_fields(after_name, 18), NULL, 10);
    status->start = strtoull(skip_fields(after_name, 20), NULL, 10);
    return 0;
}

static uint64_t start_of(uint64_t participant)
{
    return participant >> PID_BITS;
}

int pp_participant_of(pid_t pid, uint64_t *ret_participant)
{
    struct status status;
    int r;

    if (pid <= 0 || (uint32_t)pid >= UINT32_C(1) << PID_BITS) {
        return -ESRCH;
    }
    r = read_status(pid, &status);
    if (r != 0) {
        return r;
    }
    if (status.start >= UINT64_C(1) << START_BITS) {
        return -EOVERFLOW;
    }
    *ret_participant = status.start << PID_BITS | (uint64_t)pid;
    return 0;
}

pid_t pp_participant_pid(uint64_t participant)
{
    return (pid_t)(participant & ((UINT64_C(1) << PID_BITS) - 1));
}

/* The page that holds the own number, zero in a new child; NULL where the system has none. */
static _Atomic uint64_t *self_page(void)
{
    static _Atomic(_Atomic uint64_t *) known;
    _Atomic uint64_t *page = atomic_load_explicit(&known, memory_order_acquire);
    _Atomic uint64_t *none = NULL;
    size_t bytes;

    if (page != NULL) {
        return page;
    }
    bytes = (size_t)sysconf(_SC_PAGESIZE);
    page = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        return NULL;
    }
    if (madvise((void *)page, bytes, MADV_WIPEONFORK) != 0) {
        munmap((void *)page, bytes);
        return NULL;
    }
    if (!atomic_compare_exchange_strong(&known, &none, page)) {
        munmap((void *)page, bytes); /* another thread was first */
        return none;
    }
    return page;
}

uint64_t pp_participant_self(void)
{
    _Atomic uint64_t *page = self_page();
    uint64_t self = PP_PARTICIPANT_NOBODY;

    if (page != NULL) {
        self = atomic_load_explicit(page, memory_order_relaxed);
    }
    if (self != PP_PARTICIPANT_NOBODY || pp_participant_of(getpid(), &self) != 0) {
        return self;
    }
    if (page != NULL) {
        atomic_store_explicit(page, self, memory_order_relaxed);
    }
    return self;
}

/* A leader that has ended while other threads of its process go on looks like a zombie too. */
static bool has_ended(const struct status *status)
{
    bool leader_has_ended = status->state == 'Z' || status->state == 'X';

    return leader_has_ended && status->threads <= 1;
}

bool pp_participant_is_alive(uint64_t participant)
{
    pid_t pid = pp_participant_pid(participant);
    struct status status;
    int r;

    if (participant == PP_PARTICIPANT_NOBODY || (kill(pid, 0) != 0 && errno == ESRCH)) {
        return false;
    }
    r = read_status(pid, &status);
    if (r == -ESRCH) {
        /* It has gone since, or /proc hides the processes of others. */
        return kill(pid, 0) == 0 || errno != ESRCH;
    }
    return r != 0 || (status.start == start_of(participant) && !has_ended(&status));
}
