/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Process, inside
 *
 *   process.c        what the caller asks of one
 *   process_start.c  how one is made
 *   process_table.c  all that were started here, whoever waits for them, the end of this one
 *   process_events.c what has become of them
 *   process_self.c   who the calling process is
 */

#include "core/launcher.h"
#include "core/process.h"
#include "core/wire.h"

enum pp_process_state {
    PP_PROCESS_ORDERED, /* nothing was heard of it yet */
    PP_PROCESS_STARTED, /* it has a pid and a pidfd */
    PP_PROCESS_ENDED    /* and how is known; or it never came to be */
};

/* One launcher, which makes the processes of one program in one way. */
struct pp_process_source {
    struct pp_launcher *launcher;
    const struct pp_program *program;
    enum pp_start_method method;
    bool force_fork;
    struct pp_process_source *next;
};

/* The table's until it has ended, but for what its user alone reads; then its user's. */
struct pp_process {
    struct pp_process *next; /* in the table */
    struct pp_process_source *source;
    uint64_t era;    /* of the table that it is in */
    uint32_t number; /* the launcher's name for it */
    enum pp_process_state state;
    bool forgotten; /* by its user: whoever sees it end frees it */
    bool begun;     /* its function was called */
    bool daemon;
    char name[PP_PROCESS_NAME_MAX + 1];
    int pid;
    int pidfd;
    int end;     /* the host's end of its channel */
    int changed; /* an eventfd, readable once the state is another one than it was made with */
    struct pp_slot control; /* until it has started */
    int start_error;        /* why it never came to be */
    int signal;
    int exit_code;
    struct pp_error error;
};

struct pp_process_table {
    struct pp_process *first;
    struct pp_process_source *sources;
    uint32_t last_number;
    uint32_t last_name;
    bool exiting;
};

extern struct pp_process_table pp_process_table;

/*
 * process_table.c: all that follows is done with the table locked, unless it says otherwise.
 */
void pp_process_table_lock(void);
void pp_process_table_unlock(void);

/* Whether @process was started here, and not in a process that this one was forked from. Without
 * the lock too. */
bool pp_process_table_has(const struct pp_process *process);

/*
 * The launcher for what is to be started; made where there is none.
 * Returns 0 with *ret_source; -ESHUTDOWN where this process is about to exit; an error of the
 * launcher with @error set.
 */
PP_MUST_CHECK int pp_process_table_source(struct pp_process_source **ret_source,
                                          const struct pp_program *program,
                                          const struct pp_process_options *options,
                                          struct pp_error *error);

/* A number for a new process, that of its source, and the next one for a name. */
uint32_t pp_process_table_number(void);
uint32_t pp_process_table_name_number(void);

/* Take over @process, which was ordered. */
void pp_process_table_add(struct pp_process *process);

/* process_events.c: take note of all that has happened. Never waits for long. */
void pp_process_table_drive(void);

/* process_events.c: end a launcher with all its processes; the next start makes another one. */
void pp_process_table_drop_source(struct pp_process_source **at);

/* Wait until @process is in @state or beyond it; not locked. For what is about to happen: a source
 * that does not tell in time is given up. */
void pp_process_table_wait(struct pp_process *process, enum pp_process_state state);

/* The processes that have started and not ended. Returns how many, with the first pids. */
size_t pp_process_table_alive(int *ret_pids, size_t capacity);

/* Kill daemons, wait for the others, end all launchers; not locked. Part of exit(). */
void pp_process_table_finish(void);

/* process.c: has it ended, as far as the system knows? */
bool pp_process_is_dead(const struct pp_process *process);

/* process.c: close what it has open and free it. */
void pp_process_free(struct pp_process *process);

/*
 * process_self.c: this process is a worker and nothing else from now on: what its host says about
 * it with pp_process_self_set() is true of the whole process. Before that call alone.
 */
void pp_process_self_become_worker(void);

/* process_self.c: take over what the host says of this worker; nothing where it is no process. */
void pp_process_self_set(const struct pp_start_message *start);
