/* SPDX-License-Identifier: MIT */
/*
 * Alive or dead is asked of the system, by the pidfd, and not of the table: so the answer is right
 * at once, whatever the launchers have told so far. Who is told that a process is dead can have its
 * exit code then without waiting, but for the moment that its launcher takes to tell it.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/process_private.h"

void pp_process_free(struct pp_process *process)
{
    if (process == NULL) {
        return;
    }
    if (process->end >= 0) {
        close(process->end);
    }
    if (process->pidfd >= 0) {
        close(process->pidfd);
    }
    if (process->changed >= 0) {
        close(process->changed);
    }
    pp_slot_finish(&process->control);
    free(process);
}

bool pp_process_is_dead(const struct pp_process *process)
{
    struct pollfd death = {.fd = process->pidfd, .events = POLLIN};

    return poll(&death, 1, 0) == 1;
}

/* Whether it has ended and how is known. */
static bool has_ended(struct pp_process *process)
{
    if (!pp_process_table_has(process) || !pp_process_is_dead(process)) {
        return false;
    }
    pp_process_table_wait(process, PP_PROCESS_ENDED);
    return true;
}

int pp_process_join(struct pp_process *process, int timeout_ms)
{
    struct pollfd death = {.fd = process->pidfd, .events = POLLIN};
    int count;

    if (!pp_process_table_has(process)) {
        return -ECHILD;
    }
    count = poll(&death, 1, timeout_ms);
    if (count < 0) {
        return -errno;
    }
    if (count == 0) {
        return -ETIMEDOUT;
    }
    pp_process_table_wait(process, PP_PROCESS_ENDED);
    return 0;
}

bool pp_process_is_alive(struct pp_process *process)
{
    return !pp_process_is_dead(process);
}

int pp_process_exitcode(struct pp_process *process)
{
    if (!has_ended(process)) {
        return PP_PROCESS_RUNNING;
    }
    return process->signal != 0 ? -process->signal : process->exit_code;
}

const struct pp_error *pp_process_error(struct pp_process *process)
{
    static const struct pp_error none;

    return has_ended(process) ? &process->error : &none;
}

int pp_process_pid(const struct pp_process *process)
{
    return process->pid;
}

int pp_process_sentinel(const struct pp_process *process)
{
    return process->pidfd;
}

const char *pp_process_name(const struct pp_process *process)
{
    return process->name;
}

bool pp_process_daemon(const struct pp_process *process)
{
    return process->daemon;
}

static int send_signal(const struct pp_process *process, int number)
{
    if (syscall(SYS_pidfd_send_signal, process->pidfd, number, NULL, 0) == 0 || errno == ESRCH) {
        return 0;
    }
    return -errno;
}

int pp_process_terminate(struct pp_process *process)
{
    return send_signal(process, SIGTERM);
}

int pp_process_kill(struct pp_process *process)
{
    return send_signal(process, SIGKILL);
}

void pp_process_destroy(struct pp_process *process)
{
    bool is_free;

    if (process == NULL) {
        return;
    }
    pp_process_table_lock();
    is_free = process->state == PP_PROCESS_ENDED || !pp_process_table_has(process);
    process->forgotten = true;
    pp_process_table_unlock();
    if (is_free) {
        pp_process_free(process);
    }
}

size_t pp_process_active_children(int *ret_pids, size_t capacity)
{
    size_t count;

    pp_process_table_lock();
    pp_process_table_drive();
    count = pp_process_table_alive(ret_pids, capacity);
    pp_process_table_unlock();
    return count;
}
