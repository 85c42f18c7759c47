/* SPDX-License-Identifier: MIT */
/*
 * A process is a worker that is given one task and exits with its outcome. What is sent to it lies
 * in its channel before it comes to be, so nobody has to wait for it to get ready.
 *
 * Somebody may kill the zygote between the order and the fork. The order is given once more, to
 * another zygote, but only where it is certain that nothing came of the first one: nobody has the
 * channel's other end any more, the control page was never stamped, no answer is there.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/builtin.h"
#include "core/channel.h"
#include "core/control.h"
#include "core/point.h"
#include "core/process_private.h"
#include "core/program.h"
#include "core/start.h"

/* Zygotes that may be killed under an order. */
enum { ATTEMPTS_MAX = 3 };

/* What there is to start, checked. */
struct order {
    const struct pp_program *program;
    const struct pp_process_options *options;
    uint32_t function;
    struct pp_start start;
};

static int check(struct order *order, struct pp_error *error)
{
    const struct pp_process_options *options = order->options;
    const struct pp_pool_options like = {
        .shared = options->shared,
        .shared_count = options->shared_count,
    };
    int r = pp_program_check(order->program, error);

    if (r != 0) {
        return r;
    }
    if (pp_builtin_find(order->program, options->function, &order->function) != 0) {
        return pp_error_set(error, -ENOENT, "'%s' is no function of the program",
                            options->function == NULL ? "" : options->function);
    }
    if (options->arguments_length > PP_TASK_ARGUMENTS_MAX || options->fd_count > PP_TASK_FDS_MAX ||
        (options->name != NULL && strlen(options->name) > PP_PROCESS_NAME_MAX)) {
        return pp_error_set(error, -E2BIG, "too many arguments, descriptors or letters of a name");
    }
    r = pp_start_init(&order->start, order->program, &like, error);
    order->start.once = true;
    order->start.daemon = options->daemon;
    return r;
}

static void close_channel(struct pp_process *process)
{
    if (process->end >= 0) {
        close(process->end);
        process->end = -1;
    }
}

/* Make what host and process have in common. Returns 0 with the process's channel end. */
static int open_channel(struct pp_process *process, int *ret_end)
{
    int ends[2];
    int r = pp_channel_pair(ends);

    if (r != 0) {
        return r;
    }
    process->end = ends[0];
    *ret_end = ends[1];
    r = pp_channel_set_nonblocking(ends[0]);
    if (r == 0) {
        r = pp_slot_create(&process->control, 1, sizeof(struct pp_control));
    }
    if (r == 0) {
        pp_control_begin(process->control.bytes);
        process->changed = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        r = process->changed < 0 ? -errno : 0;
    }
    if (r != 0) {
        close(ends[1]);
        close_channel(process);
    }
    return r;
}

static int send_task(const struct pp_process *process, const struct order *order)
{
    const struct pp_process_options *options = order->options;
    const struct pp_task_message message = {
        .kind = PP_MESSAGE_TASK,
        .function = order->function,
        .task = 1, /* its one and only */
        .fd_count = options->fd_count,
        .arguments_length = (uint32_t)options->arguments_length,
    };

    return pp_channel_send(process->end, &message, sizeof(message), options->arguments,
                           options->arguments_length, options->fds, options->fd_count);
}

static int send_all(const struct pp_process *process, const struct order *order)
{
    int r = pp_start_send(&order->start, process->end, process->number, process->name);

    if (r == 0) {
        r = send_task(process, order);
    }
    /* Where the process is gone already, the launcher tells. */
    return r == PP_CHANNEL_CLOSED ? 0 : r == PP_CHANNEL_AGAIN ? -EAGAIN : r;
}

static struct pp_process *create(const struct order *order, const char *name)
{
    struct pp_process *process = calloc(1, sizeof(*process));

    if (process != NULL) {
        process->end = -1;
        process->pidfd = -1;
        process->changed = -1;
        process->daemon = order->options->daemon;
        snprintf(process->name, sizeof(process->name), "%s", name);
    }
    return process;
}

/* Have @process made by its source. */
static int launch(struct pp_process *process, struct pp_process_source *source)
{
    int end;
    int r = open_channel(process, &end);

    if (r != 0) {
        return r;
    }
    process->source = source;
    process->number = pp_process_table_number();
    return source->launcher->ops->start(source->launcher, process->number, end, &process->control);
}

/*
 * With the table locked. Returns 0 with *ret_process in the table; or a negative errno, with
 * *ret_process in the table as well if it was ordered before that: it has nothing to do and ends.
 */
static int give_order(struct pp_process **ret_process, const struct order *order, const char *name,
                      struct pp_error *error)
{
    struct pp_process_source *source;
    struct pp_process *process;
    int r;

    pp_process_table_drive();
    r = pp_process_table_source(&source, order->program, order->options, error);
    if (r != 0) {
        return r;
    }
    process = create(order, name);
    r = process == NULL ? -ENOMEM : launch(process, source);
    if (r != 0) {
        pp_process_free(process);
        return pp_error_set_errno(error, r, "cannot start a process");
    }
    pp_process_table_add(process);
    *ret_process = process;
    r = send_all(process, order);
    if (r != 0) {
        close_channel(process); /* it finds that, and ends */
        return pp_error_set_errno(error, r, "cannot tell a process what to do");
    }
    return 0;
}

/* Order a process and wait until it is there. *ret_again: it is not, but may be ordered again. */
static int start_once(struct pp_process **ret_process, const struct order *order, const char *name,
                      bool *ret_again, struct pp_error *error)
{
    struct pp_process *process = NULL;
    int r;

    pp_process_table_lock();
    r = give_order(&process, order, name, error);
    pp_process_table_unlock();
    if (process == NULL) {
        return r;
    }
    pp_process_table_wait(process, r == 0 ? PP_PROCESS_STARTED : PP_PROCESS_ENDED);
    pp_process_table_lock();
    if (r == 0 && process->start_error != 0) {
        r = pp_error_set_errno(error, process->start_error, "cannot start a process");
        *ret_again = r == -ECONNRESET && !process->begun;
    }
    pp_process_table_unlock();
    if (r != 0) {
        pp_process_free(process);
        return r;
    }
    *ret_process = process;
    return 0;
}

int pp_process_start(struct pp_process **ret_process, const struct pp_program *program,
                     const struct pp_process_options *options, struct pp_error *error)
{
    struct order order = {.program = program, .options = options};
    char name[PP_PROCESS_NAME_MAX + 1];
    bool again;
    int r = check(&order, error);

    pp_point_follow_environment();
    if (r == 0 && options->name == NULL) {
        pp_process_table_lock();
        snprintf(name, sizeof(name), "Process-%u", pp_process_table_name_number());
        pp_process_table_unlock();
    } else if (r == 0) {
        snprintf(name, sizeof(name), "%s", options->name);
    }
    for (int attempt = 0; r == 0 && attempt < ATTEMPTS_MAX; attempt++) {
        again = false;
        r = start_once(ret_process, &order, name, &again, error);
        if (!again) {
            break;
        }
        r = attempt + 1 < ATTEMPTS_MAX ? 0 : r;
    }
    pp_start_finish(&order.start);
    return r;
}
