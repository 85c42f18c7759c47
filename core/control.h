/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Control: the memory that a worker shares with the host alone
 *
 * The worker leaves breadcrumbs here before it does anything that can kill it; the host reads them
 * after a death, to know which task is to blame and what it was doing. The host never believes more
 * than that: a task must be one that it gave to this very worker. The same holds for the rings, by
 * which small tasks come and go.
 */

#include <stdatomic.h>

#include "core/crash_stack.h"
#include "core/ring.h"
#include "core/slot.h"

#define PP_PHASE_BYTES 16

/* Written by the worker, read by the host, but for the ring of tasks. */
struct pp_control {
    _Atomic uint64_t running;                   /* the task in work, 0 between tasks */
    _Atomic uint64_t phase[PP_PHASE_BYTES / 8]; /* its phase: text as two whole stores */
    struct pp_crash_stack crash;                /* where it was when it crashed */
    struct pp_ring tasks;                       /* struct pp_ring_task, from the host */
    struct pp_ring results;                     /* struct pp_ring_result, to the host */
};

/* The bytes of a slot that holds a control, as pp_slot_create() and pp_slot_attach() count them. */
size_t pp_control_capacity(void);

/* Make it that of a worker which is about to start. The host calls it. */
void pp_control_begin(struct pp_control *control);

/* Say that @task starts now; 0 that none runs. */
void pp_control_stamp(struct pp_control *control, uint64_t task);

/* Set the phase of the running task; cut to PP_PHASE_BYTES - 1. */
void pp_control_set_phase(struct pp_control *control, const char *phase);

/* Copy the phase, printable ASCII only, into @text of PP_PHASE_BYTES bytes. */
void pp_control_get_phase(const struct pp_control *control, char *text);
