/* SPDX-License-Identifier: MIT */
/*
 * Workers forked from this very process, which sees their deaths on pidfds, as a zygote does. What
 * becomes of the child is in fork_worker.c.
 *
 * Locks that other threads hold at the moment of a fork stay locked for ever in the child, and that
 * cannot be helped: so a process with threads is refused unless its author says that he knows.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/crash_stack.h"
#include "core/fork_worker.h"
#include "core/launcher.h"
#include "core/log.h"
#include "core/point.h"
#include "core/thread_count.h"

/* What a worker is said to have exited with when somebody else reaped it. */
enum { EXIT_CODE_UNKNOWN = 255 };

struct child {
    uint32_t worker;
    pid_t pid;
    int pidfd;
    int receivers_pidfd; /* a copy for whoever takes the notice of the start; -1: taken */
    int lifeline;        /* closed when this process dies, which kills the child; -1: none */
    struct child *next;
};

struct forker {
    struct pp_launcher launcher;
    const struct pp_program *program;
    bool force;
    int epoll;  /* of all pidfds and of: */
    int starts; /* an eventfd, readable while starts are to be told */
    struct child *first;
};

static int check_threads(const struct forker *self, int threads, struct pp_error *error)
{
    if (self->force || threads == 1) {
        return 0;
    }
    if (threads < 0) {
        return pp_error_set_errno(error, threads, "cannot tell whether this process has threads");
    }
    return pp_error_set(error, -EDEADLK,
                        "this process has %d threads, and the locks that they hold would stay "
                        "locked in a forked worker; see force_fork",
                        threads);
}

static void free_child(struct child *child)
{
    if (child->pidfd >= 0) {
        close(child->pidfd);
    }
    if (child->receivers_pidfd >= 0) {
        close(child->receivers_pidfd);
    }
    if (child->lifeline >= 0) {
        close(child->lifeline);
    }
    free(child);
}

/* Wait until @child has ended and fill in how. */
static void reap(const struct child *child, struct pp_launch_event *event)
{
    siginfo_t info;
    int r;

    *event = (struct pp_launch_event){.kind = PP_LAUNCH_EXITED, .worker = child->worker};
    do {
        r = waitid(P_PIDFD, (id_t)child->pidfd, &info, WEXITED);
    } while (r != 0 && errno == EINTR);
    if (r != 0) {
        pp_log(PP_LOG_INFO, "pool", "somebody else reaped worker %u (pid %d)", child->worker,
               (int)child->pid);
        event->exit_code = EXIT_CODE_UNKNOWN;
    } else if (info.si_code == CLD_EXITED) {
        event->exit_code = info.si_status;
    } else {
        event->signal = info.si_status;
    }
}

/* Fork with every signal held back; the child never returns. Returns its pid or an errno. */
static pid_t fork_child(const struct pp_fork_worker *worker, int writing_end)
{
    sigset_t all;
    sigset_t before;
    pid_t pid;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid = fork();
    if (pid == 0) {
        if (writing_end >= 0) {
            close(writing_end);
        }
        pp_fork_worker_become(worker);
    }
    pid = pid < 0 ? -errno : pid;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return pid;
}

/* Get hold of the child; the worker waits for its first message meanwhile, so it is there. */
static int watch(struct forker *self, struct child *child)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = child};
    uint64_t one = 1;

    child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
    if (child->pidfd < 0) {
        return -errno;
    }
    child->receivers_pidfd = fcntl(child->pidfd, F_DUPFD_CLOEXEC, 0);
    if (child->receivers_pidfd < 0 ||
        epoll_ctl(self->epoll, EPOLL_CTL_ADD, child->pidfd, &event) != 0) {
        return -errno;
    }
    return write(self->starts, &one, sizeof(one)) == sizeof(one) ? 0 : -EIO;
}

static void kill_child(const struct child *child)
{
    struct pp_launch_event event;

    if (child->pidfd >= 0) {
        syscall(SYS_pidfd_send_signal, child->pidfd, SIGKILL, NULL, 0);
        reap(child, &event);
    } else {
        kill(child->pid, SIGKILL); /* not reaped, so it still is the child */
        waitpid(child->pid, NULL, 0);
    }
}

static int start_child(struct forker *self, struct child *child, int end, int control)
{
    struct pp_fork_worker worker = {
        .program = self->program,
        .host = getpid(),
        .fds = {end, control},
        .lifeline = -1,
    };
    int threads = pp_thread_count();
    int ends[2] = {-1, -1};
    int r = check_threads(self, threads, NULL);

    if (r == 0 && threads != 1) {
        r = pipe2(ends, O_CLOEXEC) == 0 ? 0 : -errno;
        worker.lifeline = ends[0];
        child->lifeline = ends[1];
    }
    if (r != 0) {
        return r;
    }
    pp_fork_worker_flush(threads != 1);
    pp_point("host.before-fork");
    child->pid = fork_child(&worker, ends[1]);
    pp_point("host.after-fork");
    if (ends[0] >= 0) {
        close(ends[0]);
    }
    if (child->pid < 0) {
        return child->pid;
    }
    r = watch(self, child);
    if (r != 0) {
        kill_child(child);
    }
    return r;
}

static int start(struct pp_launcher *launcher, uint32_t worker, int end,
                 const struct pp_slot *control)
{
    struct forker *self = (struct forker *)launcher;
    struct child *child = calloc(1, sizeof(*child));
    int r = -ENOMEM;

    if (child != NULL) {
        *child = (struct child){
            .worker = worker,
            .pidfd = -1,
            .receivers_pidfd = -1,
            .lifeline = -1,
            .next = self->first,
        };
        r = start_child(self, child, end, control->fd);
    }
    close(end);
    if (r == 0) {
        self->first = child;
    } else if (child != NULL) {
        free_child(child);
    }
    return r;
}

/* Tell of one start that was not told. Returns false where there is none. */
static bool tell_start(struct forker *self, struct pp_launch_event *event)
{
    uint64_t count;

    for (struct child *child = self->first; child != NULL; child = child->next) {
        if (child->receivers_pidfd >= 0) {
            *event = (struct pp_launch_event){
                .kind = PP_LAUNCH_STARTED,
                .worker = child->worker,
                .pid = child->pid,
                .pidfd = child->receivers_pidfd,
            };
            child->receivers_pidfd = -1;
            return true;
        }
    }
    (void)!read(self->starts, &count, sizeof(count)); /* not readable any more, if it was */
    return false;
}

static int next_event(struct pp_launcher *launcher, struct pp_launch_event *event)
{
    struct forker *self = (struct forker *)launcher;
    struct epoll_event ready;
    struct child *child;

    if (tell_start(self, event)) {
        return 0;
    }
    if (epoll_wait(self->epoll, &ready, 1, 0) != 1 || ready.data.ptr == NULL) {
        return PP_LAUNCH_NONE;
    }
    child = ready.data.ptr;
    for (struct child **at = &self->first; *at != NULL; at = &(*at)->next) {
        if (*at == child) {
            *at = child->next;
            break;
        }
    }
    reap(child, event);
    epoll_ctl(self->epoll, EPOLL_CTL_DEL, child->pidfd, NULL);
    free_child(child);
    pp_point("host.after-reap");
    return 0;
}

static int fd(const struct pp_launcher *launcher)
{
    return ((const struct forker *)launcher)->epoll;
}

static void destroy(struct pp_launcher *launcher)
{
    struct forker *self = (struct forker *)launcher;

    for (const struct child *child = self->first; child != NULL; child = child->next) {
        syscall(SYS_pidfd_send_signal, child->pidfd, SIGKILL, NULL, 0);
    }
    while (self->first != NULL) {
        struct child *child = self->first;

        self->first = child->next;
        kill_child(child);
        free_child(child);
    }
    if (self->epoll >= 0) {
        close(self->epoll);
    }
    if (self->starts >= 0) {
        close(self->starts);
    }
    free(self);
}

static const struct pp_launcher_ops ops = {true, start, next_event, fd, NULL, destroy};

static int open_fds(struct forker *self)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};

    self->epoll = epoll_create1(EPOLL_CLOEXEC);
    self->starts = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (self->epoll < 0 || self->starts < 0 ||
        epoll_ctl(self->epoll, EPOLL_CTL_ADD, self->starts, &event) != 0) {
        return -errno;
    }
    return 0;
}

int pp_launch_fork_create(struct pp_launcher **ret_launcher, const struct pp_program *program,
                          bool force, struct pp_error *error)
{
    static pthread_once_t prepared = PTHREAD_ONCE_INIT;
    struct forker *self = calloc(1, sizeof(*self));
    int r;

    if (self == NULL) {
        return pp_error_set(error, -ENOMEM, "no memory for the launcher of workers");
    }
    self->launcher.ops = &ops;
    self->program = program;
    self->force = force;
    self->epoll = -1;
    self->starts = -1;
    r = check_threads(self, pp_thread_count(), error);
    if (r == 0) {
        pthread_once(&prepared, pp_crash_stack_prepare); /* what a child could not load any more */
        r = open_fds(self);
        if (r != 0) {
            pp_error_set_errno(error, r, "cannot watch forked workers");
        }
    }
    if (r != 0) {
        destroy(&self->launcher);
        return r;
    }
    *ret_launcher = &self->launcher;
    return 0;
}
