/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Wire: the messages between host, zygote and workers
 *
 * Fixed-width plain data, host byte order (all three are one program on one machine). What a worker
 * sends may come from a decoder that a hostile file took over: the host checks every field.
 */

#include "core/error.h"
#include "core/process.h"
#include "core/ring.h"
#include "core/task.h"

enum pp_message_kind {
    /* host to worker */
    PP_MESSAGE_START = 1, /* struct pp_start_message, arguments of the initializer; fds: of shared
                             memory. Once, before all others */
    PP_MESSAGE_TASK,   /* struct pp_task_message, arguments; fds: attached slots, then the task's */
    PP_MESSAGE_FORGET, /* struct pp_forget_message */
    /* both ways */
    PP_MESSAGE_BELL, /* nothing but its kind: look at the ring */
    /* worker to host */
    PP_MESSAGE_READY,  /* struct pp_ready_message: once, before any result */
    PP_MESSAGE_RESULT, /* struct pp_result_message, reply */
    /* host to zygote */
    PP_MESSAGE_FORK, /* struct pp_fork_message; fds: the worker's channel end, its control page */
    /* zygote to host */
    PP_MESSAGE_FORKED, /* struct pp_forked_message; fds: the worker's pidfd */
    PP_MESSAGE_EXITED  /* struct pp_exited_message */
};

/* The initializer of a worker that has none. */
#define PP_START_NO_INITIALIZER UINT32_MAX

struct pp_start_message {
    uint32_t kind;
    uint32_t number;      /* of the worker, from 1; the host's name for it */
    uint32_t initializer; /* index of a function, or PP_START_NO_INITIALIZER */
    uint32_t arguments_length;
    uint32_t shared_count;
    int32_t host_pid;
    uint32_t once; /* 1: exit after the first task, with 0 where it is done and 1 where it failed */
    uint32_t daemon; /* 1: for pp_process_current() */
    char name[PP_PROCESS_NAME_MAX + 1];
    struct {
        uint64_t offset; /* bytes */
        uint64_t bytes;
    } shared[PP_SHARED_MAX];
};

struct pp_task_message {
    uint32_t kind;
    uint32_t function; /* index, see core/builtin.h */
    uint64_t task;     /* never 0 */
    uint32_t slot_count;
    uint32_t fd_count; /* of the task, without those of slots */
    uint32_t arguments_length;
    uint32_t reserved;
    struct {
        uint32_t id;
        uint32_t attached; /* 1: its descriptor comes along, since this worker has not mapped it */
        uint64_t capacity; /* bytes */
    } slots[PP_TASK_SLOTS_MAX];
};

struct pp_forget_message {
    uint32_t kind;
    uint32_t slot; /* id of a slot that is gone: unmap it */
};

struct pp_ready_message {
    uint32_t kind;
    int32_t status;        /* 0, or why the worker cannot work: a negative errno */
    struct pp_error error; /* where status is not 0 */
};

struct pp_result_message {
    uint32_t kind;
    int32_t status; /* what the function returned */
    uint64_t task;
    uint64_t start_ns; /* when it began, on the clock of pp_clock_ns() */
    uint64_t run_ns;
    uint32_t reply_length;
    uint32_t reserved;
    struct pp_error error; /* where status is not 0 */
};

struct pp_fork_message {
    uint32_t kind;
    uint32_t worker; /* the host's name for it, never used twice */
    uint32_t spawn;  /* 1: as this program started again, with nothing of the zygote in it */
};

struct pp_forked_message {
    uint32_t kind;
    uint32_t worker;
    int32_t pid; /* or a negative errno: no worker, and no EXITED follows */
};

struct pp_exited_message {
    uint32_t kind;
    uint32_t worker;
    int32_t signal;    /* that ended it, or 0 */
    int32_t exit_code; /* where signal is 0 */
};

/*
 * Small tasks and results do not go by messages but by two rings (core/ring.h) in the memory that
 * host and worker share. A task that is too large for an entry, or brings descriptors, has an entry
 * as well, which says that the task itself is the next message: so there is one order. Results need
 * no such entry: a worker answers in the order of its tasks, by whichever way.
 */

/* What has become of a task in the host's ring; who changes it from WAITING has it. */
enum {
    PP_RING_TASK_WAITING,
    PP_RING_TASK_TAKEN,    /* the worker: it will answer */
    PP_RING_TASK_RECALLED, /* the host: not to be run; its message, if it is one, is to be dropped
                            */
    PP_RING_TASK_WITHDRAWN /* the host: likewise, and its message will never come */
};

/* The most bytes of arguments in an entry; a multiple of 16. */
#define PP_RING_ARGUMENTS_MAX 208

/* An entry of the host's ring. It is not used again before its task, or a later one, was answered.
 */
struct pp_ring_task {
    _Atomic uint32_t state;
    uint32_t by_message; /* 1: the task is the next message, and the fields below are not set */
    uint64_t task;       /* never 0 */
    uint32_t function;   /* index, see core/builtin.h */
    uint32_t arguments_length;
    uint32_t slot_count;
    uint32_t reserved;
    uint32_t slots[PP_TASK_SLOTS_MAX];        /* ids of slots that the worker has mapped */
    uint8_t arguments[PP_RING_ARGUMENTS_MAX]; /* where the function reads them */
};

/* The most bytes of a reply, or of an error's message with its NUL, in an entry. */
#define PP_RING_REPLY_MAX 224

/* An entry of the worker's ring. */
struct pp_ring_result {
    uint64_t task;
    uint64_t start_ns;
    uint64_t run_ns;
    int32_t status;  /* what the function returned */
    uint32_t length; /* of the reply; where status is not 0, of the error's message */
    uint8_t bytes[PP_RING_REPLY_MAX];
};

_Static_assert(sizeof(struct pp_ring_task) == PP_RING_ENTRY_BYTES, "an entry");
_Static_assert(offsetof(struct pp_ring_task, arguments) % 16 == 0, "aligned like any arguments");
_Static_assert(sizeof(struct pp_ring_result) == PP_RING_ENTRY_BYTES, "an entry");
_Static_assert(sizeof(struct pp_start_message) == 32 + PP_PROCESS_NAME_MAX + 1 + 16 * PP_SHARED_MAX,
               "no padding");
_Static_assert(sizeof(struct pp_task_message) == 32 + 16 * PP_TASK_SLOTS_MAX, "no padding");
_Static_assert(sizeof(struct pp_result_message) == 40 + 4 + PP_ERROR_MESSAGE_BYTES + 4, "padding");
