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
#include <sys/syscall.h>
#include <unistd.h>

#include "core/process_private.h"

/* How long a launcher may take to tell what has happened. */
enum { TELL_PATIENCE_MS = 60000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t handlers = PTHREAD_ONCE_INIT;
struct pp_process_table pp_process_table;
static _Atomic uint64_t era = 1;

/* What a forked child leaves alone; kept within reach for those who look for lost memory. */
static struct pp_process_table inherited __attribute__((used));

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
    inherited = pp_process_table;
    pp_process_table = (struct pp_process_table){0};
    atomic_fetch_add(&era, 1);
    pthread_mutex_init(&mutex, NULL);
}

static void register_handlers(void)
{
    pthread_atfork(NULL, NULL, start_over);
    atexit(pp_process_table_finish);
}

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
    struct pp_process_source *source = pp_process_table.sources;
    int r;

    if (pp_process_table.exiting) {
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
        source->next = pp_process_table.sources;
        pp_process_table.sources = source;
    }
    *ret_source = source;
    return 0;
}

uint32_t pp_process_table_number(void)
{
    return ++pp_process_table.last_number;
}

uint32_t pp_process_table_name_number(void)
{
    return ++pp_process_table.last_name;
}

void pp_process_table_add(struct pp_process *process)
{
    process->era = era;
    process->next = pp_process_table.first;
    pp_process_table.first = process;
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

    for (const struct pp_process *process = pp_process_table.first; process != NULL;
         process = process->next) {
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
    for (const struct pp_process *process = pp_process_table.first; process != NULL;
         process = process->next) {
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
    const struct pp_process *process = pp_process_table.first;
    bool is_told_of = process->state != PP_PROCESS_STARTED || pp_process_is_dead(process);

    return fcntl(is_told_of ? source_fd(process->source) : process->pidfd, F_DUPFD_CLOEXEC, 0);
}

void pp_process_table_finish(void)
{
    struct pollfd news = {.events = POLLIN};

    pp_process_table_lock();
    pp_process_table.exiting = true;
    pp_process_table_drive();
    kill_daemons();
    while (pp_process_table.first != NULL) {
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
    while (pp_process_table.sources != NULL) {
        pp_process_table_drop_source(&pp_process_table.sources);
    }
    pp_process_table_unlock();
}
