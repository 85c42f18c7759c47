/* SPDX-License-Identifier: MIT */
/*
 * What a fork copies is more than a worker should have. Handlers of signals are reset, and all
 * signals are held back until they are, so that none of the host's handlers ever runs in a worker;
 * descriptors are closed. A worker ends without exit(): the handlers that the host registered with
 * atexit() are about its own files and its own children.
 *
 * A worker must not outlive its host. The kernel kills it when the thread that forked it ends;
 * while that is the only thread, it is as good as the process. Where there are more it is not, so
 * the worker holds the reading end of a pipe instead, of which the host alone has the writing end
 * and never writes: once that is closed, by whatever death, the kernel sends the pipe's signal for
 * input, and that signal is SIGKILL. A child that the host forks by other ways and that goes on
 * without exec() has a copy of the writing end, and keeps the worker until it ends as well.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "core/fork_worker.h"
#include "core/process_private.h"
#include "core/worker.h"
#include "core/worker_process.h"

void pp_fork_worker_flush(bool has_threads)
{
    if (has_threads) {
        fflush(stdout);
        fflush(stderr);
    } else {
        fflush(NULL);
    }
}

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

_Noreturn void pp_fork_worker_become(const struct pp_fork_worker *worker)
{
    const int fds[3] = {worker->fds[0], worker->fds[1], worker->lifeline};
    bool has_lifeline = worker->lifeline >= 0;
    int exit_code;

    if (has_lifeline) {
        die_with_pipe(worker->lifeline);
    } else {
        pp_worker_process_die_with(worker->host);
    }
    reset_signals();
    pp_worker_process_keep_fds(fds, has_lifeline ? 3 : 2);
    redirect_standard(worker->program->share_stdout);
    exit_code = pp_worker_process_run(worker->program);
    pp_process_table_finish(); /* of processes that it started itself */
    pp_fork_worker_flush(has_lifeline);
    _exit(exit_code);
}
