/* SPDX-License-Identifier: MIT */
/*
 * The worker's loop on threads of this process. Race detectors see nothing across processes; here
 * they see every access to slots, breadcrumbs and channels. A crash is real, so nothing is
 * replaced.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/launcher.h"
#include "core/worker.h"

struct thread {
    pthread_t id;
    const struct pp_program *program;
    int end;
    struct pp_control *control;
    _Atomic bool ended; /* nothing is left to do but to join it */
    struct thread *next;
};

struct threads {
    struct pp_launcher launcher;
    const struct pp_program *program;
    struct thread *first;
};

static void *run(void *user)
{
    struct thread *thread = user;

    pp_worker_run(thread->program, thread->end, thread->control);
    atomic_store(&thread->ended, true);
    return NULL;
}

/* Of workers that were replaced. */
static void join_ended(struct threads *self)
{
    struct thread **at = &self->first;

    while (*at != NULL) {
        struct thread *thread = *at;

        if (atomic_load(&thread->ended)) {
            *at = thread->next;
            pthread_join(thread->id, NULL);
            free(thread);
        } else {
            at = &thread->next;
        }
    }
}

static int start(struct pp_launcher *launcher, uint32_t number, int end,
                 const struct pp_slot *control)
{
    struct threads *self = (struct threads *)launcher;
    struct thread *thread = calloc(1, sizeof(*thread));
    int r;

    (void)number;
    join_ended(self);
    if (thread == NULL) {
        close(end);
        return -ENOMEM;
    }
    thread->program = self->program;
    thread->end = end;
    thread->control = control->bytes;
    r = pthread_create(&thread->id, NULL, run, thread);
    if (r != 0) {
        close(end);
        free(thread);
        return -r;
    }
    thread->next = self->first;
    self->first = thread;
    return 0;
}

static int next_event(struct pp_launcher *launcher, struct pp_launch_event *event)
{
    (void)launcher;
    (void)event; /* threads start and end with the launcher; their channels tell the rest */
    return PP_LAUNCH_NONE;
}

static int fd(const struct pp_launcher *launcher)
{
    (void)launcher;
    return -1;
}

/* The pool has closed its ends of the channels, so every thread is on its way out. */
static void destroy(struct pp_launcher *launcher)
{
    struct threads *self = (struct threads *)launcher;

    while (self->first != NULL) {
        struct thread *thread = self->first;

        self->first = thread->next;
        pthread_join(thread->id, NULL);
        free(thread);
    }
    free(self);
}

static const struct pp_launcher_ops ops = {false, start, next_event, fd, NULL, destroy};

int pp_launch_thread_create(struct pp_launcher **ret_launcher, const struct pp_program *program,
                            struct pp_error *error)
{
    struct threads *self = calloc(1, sizeof(*self));

    if (self == NULL) {
        return pp_error_set(error, -ENOMEM, "no memory for the pool");
    }
    self->launcher.ops = &ops;
    self->program = program;
    *ret_launcher = &self->launcher;
    return 0;
}
