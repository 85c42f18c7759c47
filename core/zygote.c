/* SPDX-License-Identifier: MIT */
/*
 * The zygote waits for two things: orders from the host, and the deaths of its children, each of
 * which it sees on the child's pidfd. It reaps a child only then, so a pid that it names is never
 * somebody else's.
 *
 * Who dies with whom: the host's end of the channel closes with the host, at which the zygote kills
 * and reaps all workers and ends. A worker asks the kernel to be killed when its parent dies. That
 * wish is tied to the parent's thread, not process: it holds here because the zygote has one thread
 * for ever, and a worker that came too late to see its parent alive finds another parent's pid.
 *
 * A worker starts with three descriptors of the terminal's kind and two of its own; everything else
 * the zygote holds is closed first. A sibling that kept a copy of a channel end would hide its end.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/channel.h"
#include "core/crash_stack.h"
#include "core/log.h"
#include "core/point.h"
#include "core/thread_count.h"
#include "core/wire.h"
#include "core/worker.h"
#include "core/worker_process.h"
#include "core/zygote.h"

struct child {
    uint32_t worker;
    pid_t pid;
    int pidfd;
};

struct zygote {
    const struct pp_program *program;
    int end;
    int host; /* a pidfd; -1: not to be had */
    bool preloaded;
    struct rlimit limit; /* of descriptors, as workers are to have it */
    struct child *children;
    size_t count;
    size_t capacity;
};

/* This program again, which takes up its role in pp_program_enter(). Never returns. */
static void spawn_worker(pid_t parent)
{
    char parent_text[16];
    char role[] = PP_WORKER_PROCESS_ROLE;
    char *argv[] = {program_invocation_short_name, role, parent_text, NULL};

    snprintf(parent_text, sizeof(parent_text), "%d", (int)parent);
    execv("/proc/self/exe", argv);
    pp_log(PP_LOG_INFO, "zygote", "cannot start this program again: error %d", errno);
    _exit(PP_WORKER_EXIT_USELESS);
}

/* The child's side of fork(): becomes the worker, never returns. */
static void become_worker(const struct zygote *zygote, pid_t parent, bool spawn, const int *fds)
{
    pp_worker_process_die_with(parent);
    pp_worker_process_keep_fds(fds, 2);
    setrlimit(RLIMIT_NOFILE, &zygote->limit);
    if (spawn) {
        spawn_worker(parent);
    }
    /* exit(), not _exit(): sanitizers and profilers do their work there. */
    exit(pp_worker_process_run(zygote->program));
}

static bool reserve_child(struct zygote *zygote)
{
    struct child *children;

    if (zygote->count < zygote->capacity) {
        return true;
    }
    children = reallocarray(zygote->children, zygote->capacity * 2 + 8, sizeof(*children));
    if (children == NULL) {
        return false;
    }
    zygote->children = children;
    zygote->capacity = zygote->capacity * 2 + 8;
    return true;
}

/* Before the first worker that inherits what it loads. */
static void preload(struct zygote *zygote)
{
    if (zygote->preloaded) {
        return;
    }
    zygote->preloaded = true;
    pp_crash_stack_prepare();
    if (zygote->program->preload != NULL) {
        zygote->program->preload();
    }
    fflush(NULL); /* half a line must not come once more from each worker */
    if (pp_thread_count() > 1) {
        pp_log(PP_LOG_INFO, "zygote", "has threads: locks that they hold stay locked in workers");
    }
}

/* Fork one worker. Returns its pid and pidfd, or a negative errno. */
static int fork_worker(struct zygote *zygote, bool spawn, const int *fds, int *ret_pidfd)
{
    pid_t parent = getpid();
    pid_t pid;
    int pidfd;

    if (!spawn) {
        preload(zygote);
    }
    pp_point("zygote.before-fork");
    pid = fork();
    if (pid < 0) {
        return -errno;
    }
    if (pid == 0) {
        become_worker(zygote, parent, spawn, fds);
    }
    pp_point("zygote.after-fork");
    pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd < 0) {
        int r = -errno;

        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        return r;
    }
    *ret_pidfd = pidfd;
    return pid;
}

/* Tell the host something. Where it does not listen, waits until it does or is dead. */
static int tell(const struct zygote *zygote, const void *message, size_t length, const int *fds,
                uint32_t fd_count)
{
    struct pollfd polls[2] = {
        {.fd = zygote->end, .events = POLLOUT},
        {.fd = zygote->host, .events = POLLIN},
    };
    int r;

    while ((r = pp_channel_send(zygote->end, message, length, NULL, 0, fds, fd_count)) ==
           PP_CHANNEL_AGAIN) {
        if (poll(polls, 2, -1) < 0 && errno != EINTR) {
            return -errno;
        }
        if (polls[1].revents != 0) {
            return PP_CHANNEL_CLOSED;
        }
    }
    return r;
}

/* @r: 0, or why the order came without its descriptors. */
static int handle_fork(struct zygote *zygote, const struct pp_message *message, int r)
{
    struct pp_fork_message order;
    struct pp_forked_message reply = {.kind = PP_MESSAGE_FORKED};
    int pidfd = -1;

    memcpy(&order, message->bytes, sizeof(order));
    reply.worker = order.worker;
    if (r == 0 && (message->fd_count != 2 || order.kind != PP_MESSAGE_FORK)) {
        return -EPROTO;
    }
    reply.pid = r != 0 ? r
                : reserve_child(zygote)
                    ? fork_worker(zygote, order.spawn != 0, message->fds, &pidfd)
                    : -ENOMEM;
    if (reply.pid > 0) {
        zygote->children[zygote->count++] =
            (struct child){.worker = order.worker, .pid = reply.pid, .pidfd = pidfd};
    }
    pp_point("zygote.before-forked");
    return tell(zygote, &reply, sizeof(reply), &pidfd, reply.pid > 0 ? 1 : 0);
}

/* Reap child @index and tell the host how it ended. */
static int bury(struct zygote *zygote, size_t index)
{
    struct child child = zygote->children[index];
    struct pp_exited_message message = {.kind = PP_MESSAGE_EXITED, .worker = child.worker};
    int status = 0;

    waitpid(child.pid, &status, 0);
    close(child.pidfd);
    zygote->children[index] = zygote->children[--zygote->count];
    if (WIFSIGNALED(status)) {
        message.signal = WTERMSIG(status);
    } else {
        message.exit_code = WEXITSTATUS(status);
    }
    pp_log(PP_LOG_DEBUG, "zygote", "worker %u (pid %d) ended: signal %d, exit code %d",
           child.worker, (int)child.pid, message.signal, message.exit_code);
    pp_point("zygote.before-exited");
    return tell(zygote, &message, sizeof(message), NULL, 0);
}

static int handle_order(struct zygote *zygote, struct pp_message *message)
{
    int r = pp_channel_receive(zygote->end, message);

    if (r == PP_CHANNEL_AGAIN) {
        return 0;
    }
    if (r == 0 || r == -EMFILE) {
        r = message->length == sizeof(struct pp_fork_message) ? handle_fork(zygote, message, r)
                                                              : -EPROTO;
        pp_message_close(message);
    }
    return r;
}

/* What comes before the children in the list of descriptors that are waited for. */
enum { POLL_ORDERS, POLL_HOST, POLL_CHILDREN };

/* Wait until something happens; fills @polls. */
static int wait_for_any(const struct zygote *zygote, struct pollfd **polls)
{
    size_t count = POLL_CHILDREN + zygote->count;
    struct pollfd *grown = reallocarray(*polls, count, sizeof(**polls));

    if (grown == NULL) {
        return -ENOMEM;
    }
    *polls = grown;
    grown[POLL_ORDERS] = (struct pollfd){.fd = zygote->end, .events = POLLIN};
    grown[POLL_HOST] = (struct pollfd){.fd = zygote->host, .events = POLLIN};
    for (size_t i = 0; i < zygote->count; i++) {
        grown[POLL_CHILDREN + i] =
            (struct pollfd){.fd = zygote->children[i].pidfd, .events = POLLIN};
    }
    return poll(grown, count, -1) < 0 && errno != EINTR ? -errno : 0;
}

static int serve(struct zygote *zygote, struct pp_message *message)
{
    struct pollfd *polls = NULL;
    int r = 0;

    while (r == 0) {
        r = wait_for_any(zygote, &polls);
        if (r == 0 && polls[POLL_HOST].revents != 0) {
            r = PP_CHANNEL_CLOSED;
        }
        /* Backwards, since burying one moves the last into its place. */
        for (size_t i = zygote->count; r == 0 && i > 0; i--) {
            if (polls[POLL_CHILDREN + i - 1].revents != 0) {
                r = bury(zygote, i - 1);
            }
        }
        if (r == 0 && polls[POLL_ORDERS].revents != 0) {
            r = handle_order(zygote, message);
        }
    }
    free(polls);
    return r;
}

/*
 * The host made the channel and is the parent. Its end of the channel may outlive it in a child
 * that it forked, so its death is watched for as well.
 * Sets *ret_pidfd, -1 where the system does not say. Returns 0, or -ESRCH where the host is gone.
 */
static int watch_host(int end, int *ret_pidfd)
{
    struct ucred host;
    socklen_t length = sizeof(host);

    *ret_pidfd = -1;
    if (getsockopt(end, SOL_SOCKET, SO_PEERCRED, &host, &length) != 0 || host.pid <= 0) {
        return 0;
    }
    *ret_pidfd = (int)syscall(SYS_pidfd_open, host.pid, 0);
    /* While it is the parent, its pid is nobody else's. */
    return getppid() == host.pid ? 0 : -ESRCH;
}

static void kill_all(struct zygote *zygote)
{
    for (size_t i = 0; i < zygote->count; i++) {
        kill(zygote->children[i].pid, SIGKILL);
    }
    for (size_t i = 0; i < zygote->count; i++) {
        waitpid(zygote->children[i].pid, NULL, 0);
        close(zygote->children[i].pidfd);
    }
    free(zygote->children);
}

/* It holds a descriptor for each worker, however few the host may have. */
static void raise_limit(struct zygote *zygote)
{
    struct rlimit raised;

    if (getrlimit(RLIMIT_NOFILE, &zygote->limit) == 0) {
        raised = zygote->limit;
        raised.rlim_cur = raised.rlim_max;
        setrlimit(RLIMIT_NOFILE, &raised);
    }
}

int pp_zygote_run(const struct pp_program *program, int end)
{
    struct zygote zygote = {.program = program, .end = end};
    struct pp_message *message = calloc(1, sizeof(*message));
    int r;

    if (message == NULL) {
        return PP_WORKER_EXIT_USELESS;
    }
    prctl(PR_SET_NAME, "pixpool-zygote");
    pp_point_be_process(PP_POINT_ZYGOTE);
    pp_worker_process_buffer_lines(); /* what preload prints as well */
    raise_limit(&zygote);
    r = watch_host(end, &zygote.host);
    if (r == 0) {
        r = pp_channel_set_nonblocking(end);
    }
    if (r == 0) {
        r = serve(&zygote, message);
    }
    kill_all(&zygote);
    free(message);
    return r == PP_CHANNEL_CLOSED || r == -ESRCH ? 0 : 1;
}
