/* SPDX-License-Identifier: MIT */
/*
 * Every process that was started here and has not ended is in one table, since any thread may
 * start and wait for some, and since all have to be seen to when this process exits.
 *
 * Nobody serves the table in the background. Deaths are told by pidfds, which each waiting thread
 * polls for itself without the lock. What the pidfd does not say, how it ended, comes from the
 * launcher: whoever wants to know reads all that the launchers have to tell, under the lock, and
 * files it with the processes that it is about. So that none who waits for such a notice sleeps on
 * when another thread has read it, each process has a descriptor that becomes readable then.
 *
 * A process that this one forked by itself has none of these processes: its table starts empty, in
 * a new era. What it inherited is left alone, since another thread may have been at work on it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
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

/* How long a launcher may take to tell what has happened, and a killed process to be gone. */
enum { TELL_PATIENCE_MS = 60000, DEATH_PATIENCE_MS = 5000 };

struct table {
    struct pp_process *first;
    struct pp_process_source *sources;
    uint32_t last_number;
    uint32_t last_name;
    bool exiting;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t handlers = PTHREAD_ONCE_INIT;
static struct table table;
static _Atomic uint64_t era = 1;

/* What a forked child leaves alone; kept within reach for those who look for lost memory. */
static struct table inherited __attribute__((used));

static struct pp_message message;

void pp_process_table_lock(void)
{
    pthread_mutex_lock(&mutex);
}

void pp_process_table_unlock(void)
{
    pthread_mutex_unlock(&mutex);
}

bool pp_process_table_has(const struct pp_process *process)
{
    return process->era == atomic_load_explicit(&era, memory_order_relaxed);
}

/* In a child that this process forked; no other thread is there. */
static void start_over(void)
{
    inherited = table;
    table = (struct table){0};
    atomic_fetch_add(&era, 1);
    pthread_mutex_init(&mutex, NULL);
}

static void register_handlers(void)
{
    pthread_atfork(NULL, NULL, start_over);
    atexit(pp_process_table_finish);
}

/* ---- What has become of them ---- */

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
    for (struct pp_process **at = &table.first; *at != NULL; at = &(*at)->next) {
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

    for (struct pp_process *process = table.first; process != NULL; process = next) {
        next = process->next;
        if (process->source == source) {
            handle_loss(process);
        }
    }
}

static struct pp_process *find(const struct pp_process_source *source, uint32_t number)
{
    struct pp_process *process = table.first;

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

/* A launcher that cannot go on takes its processes along; the next start makes another one. */
static void drop_source(struct pp_process_source **at)
{
    struct pp_process_source *source = *at;

    *at = source->next;
    source->launcher->ops->destroy(source->launcher);
    handle_losses(source);
    free(source);
}

void pp_process_table_drive(void)
{
    struct pp_process_source **at = &table.sources;

    while (*at != NULL) {
        struct pp_launcher *launcher = (*at)->launcher;
        struct pp_launch_event event;
        int r;

        while ((r = launcher->ops->next_event(launcher, &event)) == 0) {
            handle_event(*at, &event);
        }
        if (r < 0) {
            pp_log(PP_LOG_INFO, "process", "a launcher cannot go on: error %d", -r);
            drop_source(at);
        } else {
            at = &(*at)->next;
        }
    }
}

/* ---- The table ---- */

static bool suits(const struct pp_process_source *source, const struct pp_program *program,
                  const struct pp_process_options *options)
{
    return source->program == program && source->method == options->start_method &&
           source->force_fork == options->force_fork;
}

static int create_launcher(struct pp_process_source *source, struct pp_error *error)
{
    switch (source->method) {
    case PP_START_FORKSERVER:
        return pp_launch_forkserver_create(&source->launcher, source->program, false, error);
    case PP_START_SPAWN:
        return pp_launch_forkserver_create(&source->launcher, source->program, true, error);
    case PP_START_FORK:
        return pp_launch_fork_create(&source->launcher, source->program, source->force_fork, error);
    default:
        return pp_error_set(error, -EINVAL, "this start method makes no processes");
    }
}

int pp_process_table_source(struct pp_process_source **ret_source, const struct pp_program *program,
                            const struct pp_process_options *options, struct pp_error *error)
{
    struct pp_process_source *source = table.sources;
    int r;

    if (table.exiting) {
        return pp_error_set(error, -ESHUTDOWN, "this process is about to exit");
    }
    pthread_once(&handlers, register_handlers);
    while (source != NULL && !suits(source, program, options)) {
        source = source->next;
    }
    if (source == NULL) {
        source = calloc(1, sizeof(*source));
        if (source == NULL) {
            return pp_error_set(error, -ENOMEM, "no memory for a launcher");
        }
        source->program = program;
        source->method = options->start_method;
        source->force_fork = options->force_fork;
        r = create_launcher(source, error);
        if (r != 0) {
            free(source);
            return r;
        }
        source->next = table.sources;
        table.sources = source;
    }
    *ret_source = source;
    return 0;
}

uint32_t pp_process_table_number(void)
{
    return ++table.last_number;
}

uint32_t pp_process_table_name_number(void)
{
    return ++table.last_name;
}

void pp_process_table_add(struct pp_process *process)
{
    process->era = era;
    process->next = table.first;
    table.first = process;
}

static int source_fd(const struct pp_process_source *source)
{
    return source->launcher->ops->fd(source->launcher);
}

void pp_process_table_wait(struct pp_process *process, enum pp_process_state state)
{
    for (;;) {
        struct pollfd news[2] = {{.fd = -1, .events = POLLIN}, {.events = POLLIN}};
        bool reached;

        pp_process_table_lock();
        pp_process_table_drive();
        reached = process->state >= state;
        if (!reached) {
            news[0].fd = source_fd(process->source);
            news[1].fd = process->changed;
        }
        pp_process_table_unlock();
        if (reached) {
            return;
        }
        if (poll(news, 2, TELL_PATIENCE_MS) == 0) {
            pp_process_table_lock();
            if (process->source != NULL && process->source->launcher->ops->give_up != NULL) {
                process->source->launcher->ops->give_up(process->source->launcher);
            }
            pp_process_table_unlock();
        }
    }
}

size_t pp_process_table_alive(int *ret_pids, size_t capacity)
{
    size_t count = 0;

    for (const struct pp_process *process = table.first; process != NULL; process = process->next) {
        if (process->state == PP_PROCESS_STARTED && !pp_process_is_dead(process)) {
            if (count < capacity) {
                ret_pids[count] = process->pid;
            }
            count++;
        }
    }
    return count;
}

/* ---- The end of this process ---- */

static void kill_daemons(void)
{
    for (const struct pp_process *process = table.first; process != NULL; process = process->next) {
        if (process->daemon && process->state == PP_PROCESS_STARTED) {
            syscall(SYS_pidfd_send_signal, process->pidfd, SIGKILL, NULL, 0);
        }
    }
}

/* A descriptor that polls readable when there is news of any process: its pidfd, or, where the
 * process is dead already or nothing was heard of it, that of its launcher. A copy: another thread
 * may close the original. */
static int open_news(void)
{
    const struct pp_process *process = table.first;
    bool is_told_of = process->state != PP_PROCESS_STARTED || pp_process_is_dead(process);

    return fcntl(is_told_of ? source_fd(process->source) : process->pidfd, F_DUPFD_CLOEXEC, 0);
}

void pp_process_table_finish(void)
{
    struct pollfd news = {.events = POLLIN};

    pp_process_table_lock();
    table.exiting = true;
    pp_process_table_drive();
    kill_daemons();
    while (table.first != NULL) {
        news.fd = open_news();
        pp_process_table_unlock();
        /* Where there is no descriptor left, every now and then is the best that can be had. */
        poll(&news, 1, news.fd >= 0 ? -1 : 10);
        if (news.fd >= 0) {
            close(news.fd);
        }
        pp_process_table_lock();
        pp_process_table_drive();
    }
    while (table.sources != NULL) {
        drop_source(&table.sources);
    }
    pp_process_table_unlock();
}
