/* SPDX-License-Identifier: MIT */
/*
 * The host's side of the zygote: start it, order workers from it, hear of their ends. For workers
 * that are spawned it is the same, only that it starts the program anew for each: so these have a
 * parent with one thread too, which reaps and tells.
 *
 * The zygote is this program again (/proc/self/exe: the same code even where the file was replaced
 * meanwhile), spawned without a fork of the host, so the host may have threads. It runs in a
 * process group of its own: Ctrl-C in a terminal reaches the host alone, which decides what stops.
 *
 * Where the zygote dies - somebody killed it - its workers die with it, and the launcher's user is
 * told that all are lost. The next order starts another zygote. A pool's scheduler blames a task
 * only if that happens again and again while it runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/channel.h"
#include "core/clock.h"
#include "core/fd_reserve.h"
#include "core/launcher.h"
#include "core/log.h"
#include "core/point.h"
#include "core/program.h"
#include "core/wire.h"
#include "core/worker_process.h"
#include "core/zygote.h"

/* Zygotes that may die in a row before any worker of theirs started. */
enum { LOSSES_MAX = 5 };

/* How long a zygote that was told to end may take, in milliseconds. */
enum { CLOSE_PATIENCE_MS = 2000 };

extern char **environ;

struct forkserver {
    struct pp_launcher launcher;
    bool share_stdout;
    bool spawn;
    pid_t zygote; /* for people: once it is gone, somebody else may have the number */
    int pidfd;
    int end;
    struct pp_fd_reserve pidfds; /* one for each order that was not answered */
    unsigned losses;
    struct pp_message message;
};

static int prepare_attributes(posix_spawnattr_t *attributes)
{
    sigset_t all;
    sigset_t none;

    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
                                             POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setpgroup(attributes, 0);
    posix_spawnattr_setsigdefault(attributes, &all);
    return posix_spawnattr_setsigmask(attributes, &none);
}

/*
 * What a task prints must not mix with the data on the host's standard output, unless it is to.
 * Where the host has no such stream, something of its own may have the number.
 */
static int prepare_files(posix_spawn_file_actions_t *files, bool share_stdout, int end)
{
    int r = posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

    for (int fd = STDOUT_FILENO; r == 0 && fd <= STDERR_FILENO; fd++) {
        if (!pp_worker_process_inherits(fd)) {
            r = posix_spawn_file_actions_addopen(files, fd, "/dev/null", O_WRONLY, 0);
        }
    }
    if (r == 0 && !share_stdout) {
        r = posix_spawn_file_actions_adddup2(files, STDERR_FILENO, STDOUT_FILENO);
    }
    if (r == 0) {
        r = posix_spawn_file_actions_adddup2(files, end, PP_ZYGOTE_FD);
    }
    return r;
}

static int spawn(bool share_stdout, int end, pid_t *ret_pid)
{
    static char role[] = PP_ZYGOTE_ROLE;
    char *argv[] = {program_invocation_short_name, role, NULL};
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t files;
    int r = posix_spawnattr_init(&attributes);

    if (r != 0) {
        return -r;
    }
    r = posix_spawn_file_actions_init(&files);
    if (r == 0) {
        r = prepare_attributes(&attributes);
        if (r == 0) {
            r = prepare_files(&files, share_stdout, end);
        }
        if (r == 0) {
            r = posix_spawn(ret_pid, "/proc/self/exe", &files, &attributes, argv, environ);
        }
        posix_spawn_file_actions_destroy(&files);
    }
    posix_spawnattr_destroy(&attributes);
    return -r;
}

/*
 * Get hold of the zygote at once: it is a child of this process, and in a program that reaps all
 * children it comes across its number may be another's as soon as it is dead.
 */
static int watch_zygote(struct forkserver *self, int end)
{
    int r;

    self->pidfd = (int)syscall(SYS_pidfd_open, self->zygote, 0);
    if (self->pidfd >= 0) {
        return 0;
    }
    r = -errno;
    shutdown(end, SHUT_RDWR); /* at which it ends by itself */
    waitpid(self->zygote, NULL, 0);
    return r;
}

static int open_zygote(struct forkserver *self)
{
    int ends[2];
    int r = pp_channel_pair(ends);

    if (r != 0) {
        return r;
    }
    r = pp_channel_set_nonblocking(ends[0]);
    if (r == 0) {
        r = spawn(self->share_stdout, ends[1], &self->zygote);
    }
    close(ends[1]);
    if (r == 0) {
        r = watch_zygote(self, ends[0]);
    }
    if (r != 0) {
        close(ends[0]);
        return r;
    }
    self->end = ends[0];
    return 0;
}

static void kill_zygote(const struct forkserver *self)
{
    syscall(SYS_pidfd_send_signal, self->pidfd, SIGKILL, NULL, 0);
}

/* Whether it is dead, after waiting for that as long as it may take. */
static bool ends_in_time(const struct forkserver *self)
{
    struct pollfd death = {.fd = self->pidfd, .events = POLLIN};
    uint64_t since_ns = pp_clock_ns();
    int left_ms = CLOSE_PATIENCE_MS;
    int r;

    while ((r = poll(&death, 1, left_ms)) < 0 && errno == EINTR) {
        uint64_t gone_ms = (pp_clock_ns() - since_ns) / 1000000;

        left_ms = gone_ms < CLOSE_PATIENCE_MS ? CLOSE_PATIENCE_MS - (int)gone_ms : 0;
    }
    return r > 0;
}

/*
 * Hanging up makes it kill and reap its workers first: none is left when this returns. Closing our
 * end would not do where a child that this process forked has a copy. One that does not follow
 * (stopped by somebody) is killed, and its workers by the kernel.
 */
static void close_zygote(struct forkserver *self)
{
    if (self->end < 0) {
        return;
    }
    shutdown(self->end, SHUT_RDWR);
    pp_fd_reserve_finish(&self->pidfds);
    close(self->end);
    self->end = -1;
    if (!ends_in_time(self)) {
        kill_zygote(self);
    }
    /* Somebody else may have reaped it: no matter. */
    while (waitid(P_PIDFD, (id_t)self->pidfd, NULL, WEXITED) != 0 && errno == EINTR) {
    }
    close(self->pidfd);
    self->pidfd = -1;
}

static int start(struct pp_launcher *launcher, uint32_t worker, int end,
                 const struct pp_slot *control)
{
    struct forkserver *self = (void *)launcher;
    struct pp_fork_message order = {
        .kind = PP_MESSAGE_FORK,
        .worker = worker,
        .spawn = self->spawn,
    };
    int fds[2] = {end, control->fd};
    int r = self->end < 0 ? open_zygote(self) : 0;

    pp_point("host.before-fork-order");
    if (r == 0) {
        r = pp_fd_reserve_keep(&self->pidfds, self->end);
    }
    if (r == 0) {
        r = pp_channel_send(self->end, &order, sizeof(order), NULL, 0, fds, 2);
        if (r != 0) {
            pp_fd_reserve_give_up(&self->pidfds);
        }
    }
    pp_point("host.after-fork-order");
    close(end);
    /* A zygote that is gone is noticed by next_event(), which reports this worker as lost. */
    return r == PP_CHANNEL_CLOSED ? 0 : r == PP_CHANNEL_AGAIN ? -EAGAIN : r;
}

static int parse_forked(struct forkserver *self, struct pp_launch_event *event)
{
    struct pp_forked_message forked;

    memcpy(&forked, self->message.bytes, sizeof(forked));
    if (forked.pid > 0 && self->message.fd_count == 1) {
        self->losses = 0;
        *event = (struct pp_launch_event){
            .kind = PP_LAUNCH_STARTED,
            .worker = forked.worker,
            .pid = forked.pid,
            .pidfd = pp_message_take_fd(&self->message, 0),
        };
    } else {
        *event = (struct pp_launch_event){
            .kind = PP_LAUNCH_FAILED,
            .worker = forked.worker,
            .error = forked.pid < 0 ? forked.pid : -EPROTO,
        };
    }
    return 0;
}

static int parse_exited(struct forkserver *self, struct pp_launch_event *event)
{
    struct pp_exited_message exited;

    memcpy(&exited, self->message.bytes, sizeof(exited));
    *event = (struct pp_launch_event){
        .kind = PP_LAUNCH_EXITED,
        .worker = exited.worker,
        .signal = exited.signal,
        .exit_code = exited.exit_code,
    };
    return 0;
}

static int parse(struct forkserver *self, struct pp_launch_event *event)
{
    uint32_t kind = 0;

    memcpy(&kind, self->message.bytes, sizeof(kind));
    if (kind == PP_MESSAGE_FORKED && self->message.length == sizeof(struct pp_forked_message)) {
        return parse_forked(self, event);
    }
    if (kind == PP_MESSAGE_EXITED && self->message.length == sizeof(struct pp_exited_message)) {
        return parse_exited(self, event);
    }
    return -EPROTO;
}

/* Told once; whoever orders a worker after that starts another zygote. */
static int lose(struct forkserver *self, struct pp_launch_event *event)
{
    pp_log(PP_LOG_INFO, "pool", "the zygote (pid %d) is gone", (int)self->zygote);
    close_zygote(self);
    if (self->losses++ >= LOSSES_MAX) {
        return -ECONNRESET;
    }
    *event = (struct pp_launch_event){.kind = PP_LAUNCH_LOST};
    return 0;
}

/* Receive with room for a pidfd, which is kept for a later message where this one has none. */
static int receive(struct forkserver *self)
{
    bool is_kept = self->pidfds.count > 0;
    uint32_t kind = 0;
    int r;

    pp_fd_reserve_give_up(&self->pidfds);
    r = pp_channel_receive(self->end, &self->message);
    if (r == 0) {
        memcpy(&kind, self->message.bytes, sizeof(kind));
    }
    /* Where another thread has taken the number, the next message may show that it is missing. */
    if (is_kept && kind != PP_MESSAGE_FORKED && pp_fd_reserve_keep(&self->pidfds, self->end) != 0) {
        pp_log(PP_LOG_INFO, "pool", "no descriptor is left for a worker that is to start");
    }
    return r;
}

static int next_event(struct pp_launcher *launcher, struct pp_launch_event *event)
{
    struct forkserver *self = (void *)launcher;
    int r = self->end < 0 ? PP_CHANNEL_AGAIN : receive(self);

    if (r == PP_CHANNEL_AGAIN) {
        return PP_LAUNCH_NONE;
    }
    if (r == PP_CHANNEL_CLOSED) {
        return lose(self, event);
    }
    if (r == 0) {
        r = parse(self, event);
        pp_message_close(&self->message);
    }
    return r;
}

static int fd(const struct pp_launcher *launcher)
{
    return ((const struct forkserver *)(const void *)launcher)->end;
}

/* Its channel closes, and next_event() finds that. */
static void give_up(struct pp_launcher *launcher)
{
    struct forkserver *self = (void *)launcher;

    if (self->end >= 0) { /* else there is none */
        pp_log(PP_LOG_INFO, "pool", "the zygote (pid %d) does not answer", (int)self->zygote);
        kill_zygote(self);
    }
}

static void destroy(struct pp_launcher *launcher)
{
    struct forkserver *self = (void *)launcher;

    close_zygote(self);
    free(self);
}

static const struct pp_launcher_ops ops = {true, start, next_event, fd, give_up, destroy};

int pp_launch_forkserver_create(struct pp_launcher **ret_launcher, const struct pp_program *program,
                                bool spawn, struct pp_error *error)
{
    struct forkserver *self;
    int r;

    if (!pp_program_entered()) {
        return pp_error_set(error, -ENOTSUP, "main() has to begin with pp_program_enter()");
    }
    self = calloc(1, sizeof(*self));
    if (self == NULL) {
        return pp_error_set(error, -ENOMEM, "no memory for the pool");
    }
    self->launcher.ops = &ops;
    self->share_stdout = program->share_stdout; /* all else the zygote finds by itself in main() */
    self->spawn = spawn;
    self->end = -1;
    self->pidfd = -1;
    r = open_zygote(self);
    if (r != 0) {
        free(self);
        return pp_error_set_errno(error, r, "cannot start the process that forks workers");
    }
    *ret_launcher = &self->launcher;
    return 0;
}
