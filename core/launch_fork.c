/* SPDX-License-Identifier: MIT */
/*
 * Workers forked from this very process, which sees their deaths on pidfds, as a zygote does.
 *
 * What a fork copies is more than a worker should have. Handlers of signals are reset and all
 * signals held back until they are, so that none of this process's handlers ever runs in a worker;
 * descriptors are closed; what lies unwritten in stdio's buffers is written before, or each worker
 * would write it once more. A worker ends without exit(): the handlers that this process registered
 * with atexit() are about its own files and its own children. Locks that other threads hold at that
 * moment stay locked for ever in the child, and that cannot be helped: so a process with threads is
 * refused unless its author says that he knows.
 *
 * A worker must not outlive this process. The kernel kills it when the thread that forked it ends;
 * while that is the only thread, it is as good as the process. Where there are more it is not, so
 * the worker holds the reading end of a pipe instead, of which this process alone has the writing
 * end and never writes: once that is closed, by whatever death, the kernel sends the pipe's signal
 * for input, and that signal is SIGKILL. A child that this process forks by other ways and that
 * goes on without exec() has a copy of the writing end, and keeps the worker until it ends as well.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/crash_stack.h"
#include "core/launcher.h"
#include "core/log.h"
#include "core/point.h"
#include "core/process_private.h"
#include "core/worker.h"
#include "core/worker_process.h"

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

/* Returns how many threads this process has, or a negative errno. */
static int count_threads(void)
{
    DIR *directory = opendir("/proc/self/task");
    int count = 0;

    if (directory == NULL) {
        return -errno;
    }
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        count += entry->d_name[0] != '.';
    }
    closedir(directory);
    return count;
}

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

/*
 * Before a fork, so that the child does not write it once more, and at the child's end. Where there
 * are threads, one may hold a stream while it waits for input, and in the child other streams may
 * have been cut off in the middle of a line: not all of them then.
 */
static void flush_output(bool has_threads)
{
    if (has_threads) {
        fflush(stdout);
        fflush(stderr);
    } else {
        fflush(NULL);
    }
}

/* ---- The child's side ---- */

/* Have the kernel kill this process when nobody holds the pipe's other end any more. */
static void die_with_pipe(int reading_end)
{
    struct pollfd closed = {.fd = reading_end};

    if (fcntl(reading_end, F_SETOWN, getpid()) != 0 || fcntl(reading_end, F_SETSIG, SIGKILL) != 0 ||
        fcntl(reading_end, F_SETFL, O_ASYNC | O_NONBLOCK) != 0) {
        _exit(PP_WORKER_EXIT_USELESS);
    }
    /* Closed before the signal was asked for? */
    if (poll(&closed, 1, 0) != 0) {
        _exit(0);
    }
}

static void reset_signals(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int number = 1; number < NSIG; number++) {
        sigaction(number, &action, NULL); /* those that cannot be set have no handler */
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void redirect_standard(bool share_stdout)
{
    int nowhere = open("/dev/null", O_RDONLY | O_CLOEXEC);

    if (nowhere >= 0) {
        dup2(nowhere, STDIN_FILENO);
        close(nowhere);
    }
    if (!share_stdout) {
        dup2(STDERR_FILENO, STDOUT_FILENO);
    }
}

/* Becomes the worker, never returns. @lifeline: the pipe's reading end, or -1. */
static void become_worker(const struct forker *self, pid_t parent, const int *fds, int lifeline)
{
    int exit_code;

    if (lifeline >= 0) {
        die_with_pipe(lifeline);
    } else {
        pp_worker_process_die_with(parent);
    }
    reset_signals();
    pp_worker_process_keep_fds(fds, lifeline >= 0 ? 3 : 2);
    redirect_standard(self->program->share_stdout);
    exit_code = pp_worker_process_run(self->program);
    pp_process_table_finish(); /* of processes that it started itself */
    flush_output(lifeline >= 0);
    _exit(exit_code);
}

/* ---- This process's side ---- */

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
static pid_t fork_child(const struct forker *self, const int *fds, int lifeline, int writing_end)
{
    pid_t parent = getpid();
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
        become_worker(self, parent, fds, lifeline);
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

static int start_child(struct forker *self, struct child *child, const int *fds)
{
    int threads = count_threads();
    int all_fds[3] = {fds[0], fds[1], -1};
    int ends[2] = {-1, -1};
    int r = check_threads(self, threads, NULL);

    if (r == 0 && threads != 1) {
        r = pipe2(ends, O_CLOEXEC) == 0 ? 0 : -errno;
        all_fds[2] = ends[0];
        child->lifeline = ends[1];
    }
    if (r != 0) {
        return r;
    }
    flush_output(threads != 1);
    pp_point("host.before-fork");
    child->pid = fork_child(self, all_fds, ends[0], ends[1]);
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
    int fds[2] = {end, control->fd};
    int r = -ENOMEM;

    if (child != NULL) {
        *child = (struct child){
            .worker = worker,
            .pidfd = -1,
            .receivers_pidfd = -1,
            .lifeline = -1,
            .next = self->first,
        };
        r = start_child(self, child, fds);
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
    r = check_threads(self, count_threads(), error);
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
