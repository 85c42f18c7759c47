/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/control.h"
#include "core/process_private.h"
#include "core/worker.h"
#include "core/worker_process.h"

enum { FIRST_FD = STDERR_FILENO + 1, FDS_MAX = 4 };

void pp_worker_process_die_with(int parent)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) {
        _exit(0);
    }
}

static void close_between(unsigned first, unsigned last)
{
    if (first > last || syscall(SYS_close_range, first, last, 0) == 0) {
        return;
    }
    for (unsigned fd = first; fd <= last && fd < (unsigned)sysconf(_SC_OPEN_MAX); fd++) {
        close((int)fd);
    }
}

bool pp_worker_process_inherits(int fd)
{
    int flags = fcntl(fd, F_GETFD);

    return flags >= 0 && (flags & FD_CLOEXEC) == 0;
}

/* Something of the host may have the number of a stream that the host does not have. */
static void fill_standard(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (!pp_worker_process_inherits(fd)) {
            int nowhere = open("/dev/null", O_RDWR);

            if (nowhere < 0 || dup2(nowhere, fd) < 0) {
                _exit(PP_WORKER_EXIT_USELESS);
            }
        }
    }
}

static int compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* Close all but the standard ones and @fds. */
static void close_others(const int *fds, unsigned count)
{
    int sorted[FDS_MAX];
    unsigned from = FIRST_FD;

    memcpy(sorted, fds, count * sizeof(*fds));
    qsort(sorted, count, sizeof(*sorted), compare);
    for (unsigned i = 0; i < count; i++) {
        if (sorted[i] >= FIRST_FD) {
            close_between(from, (unsigned)sorted[i] - 1);
            from = (unsigned)sorted[i] + 1;
        }
    }
    close_between(from, ~0u);
}

void pp_worker_process_keep_fds(const int *fds, unsigned count)
{
    int high[FDS_MAX];

    close_others(fds, count); /* first, since the limit may have been reached */
    /* Then all out of the way: one may lie where another is to go. */
    for (unsigned i = 0; i < count; i++) {
        high[i] = fcntl(fds[i], F_DUPFD, FIRST_FD + FDS_MAX);
        if (high[i] < 0) {
            _exit(PP_WORKER_EXIT_USELESS);
        }
    }
    fill_standard();
    for (unsigned i = 0; i < count; i++) {
        if (dup2(high[i], FIRST_FD + (int)i) < 0) {
            _exit(PP_WORKER_EXIT_USELESS);
        }
    }
    close_between(FIRST_FD + count, ~0u);
}

bool pp_worker_process_has_fds(void)
{
    int type;
    socklen_t length = sizeof(type);

    return getsockopt(PP_WORKER_PROCESS_END, SOL_SOCKET, SO_TYPE, &type, &length) == 0 &&
           type == SOCK_SEQPACKET && fcntl(PP_WORKER_PROCESS_CONTROL, F_GET_SEALS) > 0;
}

void pp_worker_process_buffer_lines(void)
{
    static char buffer[BUFSIZ];

    /* Where something was printed before, the C library changes its ways only with a new buffer. */
    setvbuf(stdout, buffer, _IOLBF, sizeof(buffer));
}

int pp_worker_process_run(const struct pp_program *program)
{
    struct pp_control *control;
    struct pp_slot slot;

    setpgid(0, 0); /* a signal to its own group reaches nobody else */
    prctl(PR_SET_NAME, "pixpool-worker");
    pp_process_self_become_worker();
    pp_worker_process_buffer_lines();
    if (fcntl(PP_WORKER_PROCESS_END, F_SETFD, FD_CLOEXEC) != 0 ||
        fcntl(PP_WORKER_PROCESS_CONTROL, F_SETFD, FD_CLOEXEC) != 0 ||
        pp_slot_attach(&slot, 1, PP_WORKER_PROCESS_CONTROL, pp_control_capacity()) != 0) {
        return PP_WORKER_EXIT_USELESS;
    }
    control = slot.bytes;
    pp_crash_stack_install(&control->crash);
    return pp_worker_run(program, PP_WORKER_PROCESS_END, control);
}
