/* SPDX-License-Identifier: MIT */
/*
 * No worker at all: the pool talks to a worker object over the same kind of channel, and each step
 * that the pool lets it take runs in the caller's thread. So everything but the process is the code
 * that runs in production: a debugger sees it in one place, and a test that compares this mode
 * with the others byte for byte compares the processes alone.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/channel.h"
#include "core/launcher.h"
#include "core/worker.h"

struct in_process {
    struct pp_launcher launcher;
    const struct pp_program *program;
    struct pp_worker *worker;
    int end; /* the worker's, for polling */
};

static int start(struct pp_launcher *launcher, uint32_t number, int end,
                 const struct pp_slot *control)
{
    struct in_process *self = (struct in_process *)launcher;
    int r = pp_channel_set_nonblocking(end);

    (void)number;
    if (r != 0) {
        close(end);
        return r;
    }
    r = pp_worker_create(&self->worker, self->program, end, control->bytes);
    self->end = r == 0 ? end : -1;
    return r;
}

static int next_event(struct pp_launcher *launcher, struct pp_launch_event *event)
{
    struct in_process *self = (struct in_process *)launcher;
    int r;

    (void)event; /* a worker that is no process starts and ends with the launcher */
    if (self->worker == NULL) {
        return PP_LAUNCH_NONE;
    }
    r = pp_worker_step(self->worker);
    return r < 0 ? r : PP_LAUNCH_NONE;
}

static int fd(const struct pp_launcher *launcher)
{
    return ((const struct in_process *)launcher)->end;
}

static void destroy(struct pp_launcher *launcher)
{
    struct in_process *self = (struct in_process *)launcher;

    pp_worker_destroy(self->worker);
    free(self);
}

static const struct pp_launcher_ops ops = {false, start, next_event, fd, NULL, destroy};

int pp_launch_in_process_create(struct pp_launcher **ret_launcher, const struct pp_program *program,
                                struct pp_error *error)
{
    struct in_process *self = calloc(1, sizeof(*self));

    if (self == NULL) {
        return pp_error_set(error, -ENOMEM, "no memory for the pool");
    }
    self->launcher.ops = &ops;
    self->program = program;
    self->end = -1;
    *ret_launcher = &self->launcher;
    return 0;
}
