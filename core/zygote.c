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
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/channel.h"
#include "core/control.h"
#include "core/log.h"
#include "core/point.h"
#include "core/process_private.h"
#include "core/wire.h"
#include "core/worker.h"
#include "core/zygote.h"

enum { WORKER_FD = 3, CONTROL_FD = 4, FIRST_OTHER_FD = 5 };

struct child {
    uint32_t worker;
    pid_t pid;
    int pidfd;
};

struct zygote {
    const struct pp_program *program;
    int end;
    struct child *children;
    size_t count;
    size_t capacity;
};

static bool entered;

/* Put two descriptors at their places and close all others. */
static void keep_two_fds(int end, int control)
{
    int high_end = fcntl(end, F_DUPFD, FIRST_OTHER_FD + 1);
    int high_control = fcntl(control, F_DUPFD, FIRST_OTHER_FD + 1);

    if (high_end < 0 || high_control < 0 || dup2(high_end, WORKER_FD) < 0 ||
        dup2(high_control, CONTROL_FD) < 0) {
        _exit(2);
    }
    if (syscall(SYS_close_range, FIRST_OTHER_FD, ~0u, 0) != 0) {
        for (int fd = FIRST_OTHER_FD; fd < (int)sysconf(_SC_OPEN_MAX); fd++) {
            close(fd);
        }
    }
}

/* The child's side of fork(): becomes the worker, never returns. */
static void become_worker(const struct zygote *zygote, pid_t parent, int end, int control_fd)
{
    struct pp_slot control;
    struct pp_control *page;

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) {
        _exit(0);
    }
    setpgid(0, 0); /* a signal to its own group reaches nobody else */
    pp_process_self_become_worker();
    prctl(PR_SET_NAME, "pixpool-worker");
    keep_two_fds(end, control_fd);
    if (pp_slot_attach(&control, 1, CONTROL_FD, (size_t)sysconf(_SC_PAGESIZE)) != 0) {
        _exit(2);
    }
    page = control.bytes;
    pp_crash_stack_install(&page->crash);
    /* exit(), not _exit(): sanitizers and profilers do their work there. */
    exit(pp_worker_run(zygote->program, WORKER_FD, control.bytes));
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

/* Fork one worker. Returns its pid and pidfd, or a negative errno. */
static int fork_worker(struct zygote *zygote, const struct pp_message *message, int *ret_pidfd)
{
    pid_t parent = getpid();
    pid_t pid = fork();
    int pidfd;

    if (pid < 0) {
        return -errno;
    }
    if (pid == 0) {
        become_worker(zygote, parent, message->fds[0], message->fds[1]);
    }
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

static int handle_fork(struct zygote *zygote, const struct pp_message *message)
{
    struct pp_fork_message order;
    struct pp_forked_message reply = {.kind = PP_MESSAGE_FORKED};
    int pidfd = -1;

    memcpy(&order, message->bytes, sizeof(order));
    reply.worker = order.worker;
    if (message->fd_count != 2 || order.kind != PP_MESSAGE_FORK) {
        return -EPROTO;
    }
    reply.pid = reserve_child(zygote) ? fork_worker(zygote, message, &pidfd) : -ENOMEM;
    if (reply.pid > 0) {
        zygote->children[zygote->count++] =
            (struct child){.worker = order.worker, .pid = reply.pid, .pidfd = pidfd};
    }
    return pp_channel_send(zygote->end, &reply, sizeof(reply), NULL, 0, &pidfd,
                           reply.pid > 0 ? 1 : 0);
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
    return pp_channel_send(zygote->end, &message, sizeof(message), NULL, 0, NULL, 0);
}

static int handle_order(struct zygote *zygote, struct pp_message *message)
{
    int r = pp_channel_receive(zygote->end, message);

    if (r == 0) {
        r = message->length == sizeof(struct pp_fork_message) ? handle_fork(zygote, message)
                                                              : -EPROTO;
        pp_message_close(message);
    }
    return r;
}

/* Wait until something happens; fills @polls with the host first, then the children. */
static int wait_for_any(const struct zygote *zygote, struct pollfd **polls)
{
    struct pollfd *grown = reallocarray(*polls, zygote->count + 1, sizeof(**polls));

    if (grown == NULL) {
        return -ENOMEM;
    }
    *polls = grown;
    grown[0] = (struct pollfd){.fd = zygote->end, .events = POLLIN};
    for (size_t i = 0; i < zygote->count; i++) {
        grown[i + 1] = (struct pollfd){.fd = zygote->children[i].pidfd, .events = POLLIN};
    }
    return poll(grown, zygote->count + 1, -1) < 0 && errno != EINTR ? -errno : 0;
}

static int serve(struct zygote *zygote, struct pp_message *message)
{
    struct pollfd *polls = NULL;
    int r = 0;

    while (r == 0) {
        r = wait_for_any(zygote, &polls);
        /* Backwards, since burying one moves the last into its place. */
        for (size_t i = zygote->count; r == 0 && i > 0; i--) {
            if (polls[i].revents != 0) {
                r = bury(zygote, i - 1);
            }
        }
        if (r == 0 && polls[0].revents != 0) {
            r = handle_order(zygote, message);
        }
    }
    free(polls);
    return r;
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

int pp_zygote_run(const struct pp_program *program, int end)
{
    struct zygote zygote = {.program = program, .end = end};
    struct pp_message *message = calloc(1, sizeof(*message));
    int r;

    if (message == NULL) {
        return 2;
    }
    prctl(PR_SET_NAME, "pixpool-zygote");
    pp_point_be_process(PP_POINT_ZYGOTE);
    pp_crash_stack_prepare();
    setvbuf(stdout, NULL, _IOLBF, 0); /* as on a terminal, wherever it leads to */
    if (program->preload != NULL) {
        program->preload();
    }
    fflush(NULL); /* half a line must not come once more from each worker */
    r = serve(&zygote, message);
    kill_all(&zygote);
    free(message);
    return r == PP_CHANNEL_CLOSED ? 0 : 1;
}

bool pp_zygote_possible(void)
{
    return entered;
}

void pp_program_enter(const struct pp_program *program, int argc, char **argv)
{
    int type;
    socklen_t length = sizeof(type);

    entered = true;
    pp_point_follow_environment();
    if (argc != 2 || strcmp(argv[1], PP_ZYGOTE_ROLE) != 0) {
        return;
    }
    if (getsockopt(PP_ZYGOTE_FD, SOL_SOCKET, SO_TYPE, &type, &length) != 0 ||
        type != SOCK_SEQPACKET) {
        return; /* a user who typed the role gets the program's own complaint */
    }
    syscall(SYS_close_range, PP_ZYGOTE_FD + 1, ~0u, 0);
    exit(pp_zygote_run(program, PP_ZYGOTE_FD));
}
