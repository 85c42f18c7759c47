/* SPDX-License-Identifier: MIT */
/*
 * The socket listens before the server's process is started, and goes to it as a descriptor: so the
 * address is good at once, and who connects early waits until the server has come.
 *
 * Between the two there is a pair of sockets. A byte, or its end, is the server's end: no client
 * can ask for that. The end alone would not do, as a forked child has a copy of it. Where this
 * process is killed, core/process.h ends the server the hard way, and the socket's file stays until
 * the next one looks (core/manager_address.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/manager_address.h"
#include "core/manager_host.h"
#include "core/manager_server.h"

/* How long a server may take to end by itself, before it is killed. */
#define GRACE_MS 5000

/* Places in the descriptors of the server's process. */
enum { LISTENER, LIFELINE, DIRECTORY_LOCK };

struct pp_manager_host {
    struct pp_manager_address address;
    struct pp_process *process; /* NULL: it has ended, or never began */
    pid_t owner;
    int lifeline;
};

/* Each client takes two descriptors, and a server has nothing to do with select(). */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        /* Where that is not granted, there is room for fewer clients. */
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
            return;
        }
    }
}

int pp_manager_host_run(struct pp_call *call)
{
    struct pp_manager_limits limits;

    if (pp_call_arguments(call, &limits, sizeof(limits)) != 0 || call->fd_count <= LIFELINE) {
        return -EINVAL;
    }
    raise_descriptor_limit();
    return pp_manager_server_run(call->fds[LISTENER], call->fds[LIFELINE], &limits);
}

static struct pp_manager_limits limits_of(const struct pp_manager_options *options)
{
    return (struct pp_manager_limits){.memory_bytes = options->memory_bytes,
                                      .clients = options->clients,
                                      .stall_ms = options->stall_ms};
}

static int start_process(struct pp_manager_host *host, const struct pp_program *program,
                         const struct pp_manager_options *options, int lifeline,
                         struct pp_error *error)
{
    struct pp_manager_limits limits = limits_of(options);
    struct pp_process_options process = {
        .function = PP_MANAGER_FUNCTION,
        .arguments = &limits,
        .arguments_length = sizeof(limits),
        .fds = {[LISTENER] = host->address.listener, [LIFELINE] = lifeline},
        .fd_count = DIRECTORY_LOCK,
        .start_method = options->start_method,
        .force_fork = options->force_fork,
        .daemon = true,
    };

    if (host->address.directory_lock >= 0) {
        process.fds[process.fd_count++] = host->address.directory_lock;
    }
    return pp_process_start(&host->process, program, &process, error);
}

static int begin(struct pp_manager_host *host, const struct pp_program *program,
                 const struct pp_manager_options *options, struct pp_error *error)
{
    int ends[2];
    int r = pp_manager_address_listen(&host->address, options->address, error);

    if (r != 0) {
        return r;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return pp_error_set_errno(error, -errno, "cannot make a pair of sockets");
    }
    host->lifeline = ends[1];
    r = start_process(host, program, options, ends[0], error);
    close(ends[0]);
    return r;
}

int pp_manager_host_create(struct pp_manager_host **ret_host, const struct pp_program *program,
                           const struct pp_manager_options *options, struct pp_error *error)
{
    static const struct pp_manager_options defaults;
    struct pp_manager_host *host = calloc(1, sizeof(*host));
    int r;

    if (host == NULL) {
        return pp_error_set(error, -ENOMEM, "no memory for a manager");
    }
    host->lifeline = -1;
    host->owner = getpid();
    host->address.listener = -1;
    host->address.directory_lock = -1;
    r = begin(host, program, options != NULL ? options : &defaults, error);
    if (r != 0) {
        pp_manager_host_destroy(host);
        return r;
    }
    /* So that nobody answers at the address any more once the server is gone. */
    close(host->address.listener);
    host->address.listener = -1;
    *ret_host = host;
    return 0;
}

const char *pp_manager_host_address(const struct pp_manager_host *host)
{
    return host->address.path;
}

struct pp_process *pp_manager_host_process(const struct pp_manager_host *host)
{
    return host->owner == getpid() ? host->process : NULL;
}

static int wait_for_end(struct pp_manager_host *host, int timeout_ms)
{
    int r;

    do {
        r = pp_process_join(host->process, timeout_ms);
    } while (r == -EINTR);
    return r;
}

static int end_process(struct pp_manager_host *host)
{
    int r;

    if (host->process == NULL) {
        return 0;
    }
    if (send(host->lifeline, "", 1, MSG_NOSIGNAL) != 1) {
        r = pp_process_kill(host->process);
    } else {
        r = wait_for_end(host, GRACE_MS);
        if (r == -ETIMEDOUT) {
            r = pp_process_kill(host->process);
        }
    }
    if (r == 0) {
        r = wait_for_end(host, -1);
    }
    return r;
}

int pp_manager_host_shutdown(struct pp_manager_host *host)
{
    int r;

    if (host->owner != getpid()) {
        return -EPERM;
    }
    r = end_process(host);
    if (r == 0) {
        pp_manager_address_remove(&host->address);
    }
    return r;
}

void pp_manager_host_destroy(struct pp_manager_host *host)
{
    if (host == NULL) {
        return;
    }
    if (host->owner == getpid()) {
        pp_manager_host_shutdown(host);
        pp_process_destroy(host->process);
    }
    pp_manager_address_close(&host->address);
    if (host->lifeline >= 0) {
        close(host->lifeline);
    }
    free(host);
}
