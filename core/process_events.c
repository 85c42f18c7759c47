/* SPDX-License-Identifier: MIT */
/*
 * What launchers tell of processes, filed with those that it is about. All with the table locked.
 *
 * What a process itself had to say, why its function failed, lies in its channel until it has ended
 * and is read then.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/channel.h"
#include "core/exit_cause.h"
#include "core/log.h"
#include "core/process_private.h"

/* How long a process that was killed may take to be gone. */
enum { DEATH_PATIENCE_MS = 5000 };

/* One is enough for all, since there is one lock. */
static struct pp_message message;

/* Tell those who wait for news of @process. */
static void notify(const struct pp_process *process)
{
    uint64_t one = 1;

    (void)!write(process->changed, &one, sizeof(one)); /* an eventfd so far from full takes it */
}

/* What the process itself said about its end. */
static void read_message(struct pp_process *process)
{
    uint32_t kind = 0;
    struct pp_ready_message ready;
    struct pp_result_message result;

    memcpy(&kind, message.bytes, message.length < sizeof(kind) ? 0 : sizeof(kind));
    if (kind == PP_MESSAGE_READY && message.length == sizeof(ready)) {
        memcpy(&ready, message.bytes, sizeof(ready));
        process->error = ready.error;
        process->error.code = ready.status;
    } else if (kind == PP_MESSAGE_RESULT && message.length >= sizeof(result)) {
        memcpy(&result, message.bytes, sizeof(result));
        process->begun = true;
        process->error = result.error;
        process->error.code = result.status;
    }
    pp_error_make_printable(&process->error);
}

static void read_channel(struct pp_process *process)
{
    while (process->end >= 0 && pp_channel_receive(process->end, &message) == 0) {
        pp_message_close(&message);
        read_message(process);
    }
}

static void remove_from_table(const struct pp_process *process)
{
    for (struct pp_process **at = &pp_process_table.first; *at != NULL; at = &(*at)->next) {
        if (*at == process) {
            *at = process->next;
            return;
        }
    }
}

/* It has ended; from now on it is its user's, where it has one. */
static void end_process(struct pp_process *process)
{
    remove_from_table(process);
    process->source = NULL;
    process->state = PP_PROCESS_ENDED;
    notify(process);
    if (process->forgotten) {
        pp_process_free(process);
    }
}

static void handle_exit(struct pp_process *process, int signal, int exit_code)
{
    char cause[96];

    process->signal = signal;
    process->exit_code = exit_code;
    read_channel(process);
    if (process->error.code == 0 && (signal != 0 || exit_code != 0)) {
        pp_exit_cause(signal, exit_code, cause, sizeof(cause));
        pp_error_set(&process->error, -ECHILD, "the process %s", cause);
    }
    end_process(process);
}

/* Its launcher cannot start it, or was lost before it told. */
static void fail_start(struct pp_process *process, int code)
{
    const struct pp_control *control = process->control.bytes;

    read_channel(process);
    process->begun =
        process->begun || atomic_load_explicit(&control->running, memory_order_acquire) != 0;
    process->start_error = code;
    end_process(process);
}

static void handle_started(struct pp_process *process, const struct pp_launch_event *event)
{
    process->pid = event->pid;
    process->pidfd = event->pidfd;
    process->state = PP_PROCESS_STARTED;
    pp_slot_finish(&process->control);
    notify(process);
}

/*
 * The launcher's other process is gone, and @process is dying with it: wait until it is dead, so
 * that it is true when it is said. One of which nothing was heard is dead when nobody has the other
 * end of its channel any more.
 */
static void handle_loss(struct pp_process *process)
{
    struct pollfd gone = {.fd = process->end};

    if (process->state == PP_PROCESS_STARTED) {
        syscall(SYS_pidfd_send_signal, process->pidfd, SIGKILL, NULL, 0);
        gone = (struct pollfd){.fd = process->pidfd, .events = POLLIN};
    }
    if (poll(&gone, 1, DEATH_PATIENCE_MS) == 0) {
        pp_log(PP_LOG_INFO, "process", "%s (pid %d) does not die", process->name, process->pid);
    }
    if (process->state == PP_PROCESS_STARTED) {
        handle_exit(process, SIGKILL, 0);
    } else {
        fail_start(process, -ECONNRESET);
    }
}

static void handle_losses(const struct pp_process_source *source)
{
    struct pp_process *next;

    for (struct pp_process *process = pp_process_table.first; process != NULL; process = next) {
        next = process->next;
        if (process->source == source) {
            handle_loss(process);
        }
    }
}

static struct pp_process *find(const struct pp_process_source *source, uint32_t number)
{
    struct pp_process *process = pp_process_table.first;

    while (process != NULL && (process->source != source || process->number != number)) {
        process = process->next;
    }
    return process;
}

static void handle_event(const struct pp_process_source *source,
                         const struct pp_launch_event *event)
{
    struct pp_process *process;

    if (event->kind == PP_LAUNCH_LOST) {
        handle_losses(source);
        return;
    }
    process = find(source, event->worker);
    if (process == NULL) {
        if (event->kind == PP_LAUNCH_STARTED) {
            close(event->pidfd);
        }
        return;
    }
    switch (event->kind) {
    case PP_LAUNCH_STARTED:
        handle_started(process, event);
        break;
    case PP_LAUNCH_EXITED:
        handle_exit(process, event->signal, event->exit_code);
        break;
    default:
        fail_start(process, event->error);
        break;
    }
}

void pp_process_table_drop_source(struct pp_process_source **at)
{
    struct pp_process_source *source = *at;

    *at = source->next;
    source->launcher->ops->destroy(source->launcher);
    handle_losses(source);
    free(source);
}

void pp_process_table_drive(void)
{
    struct pp_process_source **at = &pp_process_table.sources;

    while (*at != NULL) {
        struct pp_launcher *launcher = (*at)->launcher;
        struct pp_launch_event event;
        int r;

        while ((r = launcher->ops->next_event(launcher, &event)) == 0) {
            handle_event(*at, &event);
        }
        if (r < 0) {
            pp_log(PP_LOG_INFO, "process", "a launcher cannot go on: error %d", -r);
            pp_process_table_drop_source(at);
        } else {
            at = &(*at)->next;
        }
    }
}
