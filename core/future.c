/* SPDX-License-Identifier: MIT */
/*
 * A future has up to two owners: who submitted it, and the worker that was sent it. The second one
 * keeps the slots alive when the first one lost patience: memory that a worker may still write to
 * is lent to nobody else until that worker has answered or died.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/builtin.h"
#include "core/exit_cause.h"
#include "core/point.h"
#include "core/pool_private.h"
#include "core/trace_private.h"

void pp_future_list_add(struct pp_future_list *list, struct pp_future *future)
{
    future->list = list;
    future->next = NULL;
    future->previous = list->last;
    if (list->last != NULL) {
        list->last->next = future;
    } else {
        list->first = future;
    }
    list->last = future;
}

void pp_future_list_remove(struct pp_future *future)
{
    struct pp_future_list *list = future->list;

    if (list == NULL) {
        return;
    }
    if (future->previous != NULL) {
        future->previous->next = future->next;
    } else {
        list->first = future->next;
    }
    if (future->next != NULL) {
        future->next->previous = future->previous;
    } else {
        list->last = future->previous;
    }
    future->list = NULL;
    future->previous = NULL;
    future->next = NULL;
}

static int copy_arguments(struct pp_future *future, const struct pp_task *task)
{
    if (task->arguments_length == 0) {
        return 0;
    }
    future->arguments = malloc(task->arguments_length);
    if (future->arguments == NULL) {
        return -ENOMEM;
    }
    memcpy(future->arguments, task->arguments, task->arguments_length);
    future->arguments_length = task->arguments_length;
    return 0;
}

static int copy_fds(struct pp_future *future, const struct pp_task *task)
{
    for (uint32_t i = 0; i < task->fd_count; i++) {
        int fd = fcntl(task->fds[i], F_DUPFD_CLOEXEC, 3);

        if (fd < 0) {
            return -errno;
        }
        future->fds[future->fd_count++] = fd;
    }
    return 0;
}

static void copy_slots(struct pp_future *future, const struct pp_task *task)
{
    for (uint32_t i = 0; i < task->slot_count; i++) {
        if (task->slots[i].slot != NULL) {
            pp_slots_share(future->pool->slots, task->slots[i].slot);
            future->slots[i] = task->slots[i].slot;
        } else {
            future->slot_bytes[i] = task->slots[i].bytes;
            future->slot_is_scratch[i] = task->slots[i].scratch;
            future->scheduled.bytes += task->slots[i].bytes;
        }
    }
    future->slot_count = task->slot_count;
}

int pp_future_create(struct pp_future **ret_future, struct pp_pool *pool,
                     const struct pp_task *task)
{
    struct pp_future *future;
    int r;

    if (task->slot_count > PP_TASK_SLOTS_MAX || task->fd_count > PP_TASK_FDS_MAX ||
        task->arguments_length > PP_TASK_ARGUMENTS_MAX) {
        return -E2BIG;
    }
    future = calloc(1, sizeof(*future));
    if (future == NULL) {
        return -ENOMEM;
    }
    future->pool = pool;
    future->references = 1;
    future->timeout_ms = task->timeout_ms;
    future->user = task->user;
    future->scheduled.id = ++pool->last_task;
    future->scheduled.crash_attempts = task->crash_attempts == 0 ? 1 : task->crash_attempts;
    future->scheduled.kill_attempts = task->kill_attempts == 0 ? 1 : task->kill_attempts;
    future->scheduled.priority = task->priority;
    r = pp_builtin_find(pool->program, task->function, &future->function);
    if (r == 0) {
        future->result.function = pp_builtin_function(pool->program, future->function)->name;
        r = copy_arguments(future, task);
    }
    if (r == 0) {
        r = copy_fds(future, task);
    }
    if (r != 0) {
        pp_future_unref(future);
        return r;
    }
    copy_slots(future, task);
    future->scheduled.light = future->scheduled.bytes == 0 && task->fd_count == 0 &&
                              task->arguments_length <= PP_RING_ARGUMENTS_MAX;
    pp_trace_submitted(future);
    *ret_future = future;
    return 0;
}

static void close_fds(struct pp_future *future)
{
    while (future->fd_count > 0) {
        close(future->fds[--future->fd_count]);
    }
}

/* What the future holds beyond the run of its task: slots of its own that are no scratch. */
static size_t own_slot_bytes(const struct pp_future *future)
{
    size_t bytes = 0;

    for (uint32_t i = 0; i < future->slot_count; i++) {
        if (!future->slot_is_scratch[i]) {
            bytes += future->slot_bytes[i];
        }
    }
    return bytes;
}

static void give_back_slots(struct pp_future *future, bool scratch_only)
{
    for (uint32_t i = 0; i < future->slot_count; i++) {
        if (future->slots[i] != NULL && (future->slot_is_scratch[i] || !scratch_only)) {
            pp_slots_take_back(future->pool->slots, future->slots[i]);
            future->slots[i] = NULL;
        }
    }
}

void pp_future_unref(struct pp_future *future)
{
    if (--future->references > 0) {
        if (pp_future_done(future)) {
            give_back_slots(future, true);
        }
        return;
    }
    if (pp_future_done(future)) {
        pp_scheduler_let_go(future->pool->scheduler, own_slot_bytes(future));
    }
    give_back_slots(future, false);
    close_fds(future);
    free(future->arguments);
    free(future->reply);
    free(future->stack);
    free(future);
}

void pp_future_resolve(struct pp_future *future)
{
    struct pp_pool *pool = future->pool;

    pp_point("host.before-resolve");
    future->result.outcome = future->scheduled.outcome;
    pp_scheduler_hold(pool->scheduler, own_slot_bytes(future));
    pp_trace_resolved(future);
    pp_future_list_remove(future);
    pool->pending_count--;
    pool->unlisted_count -= future->unlisted;
    pp_future_list_add(&pool->resolved, future);
    close_fds(future);
    if (future->references == 1) { /* no worker holds it any more */
        give_back_slots(future, true);
    }
}

static void drop_callbacks(struct pp_future *future)
{
    while (future->callbacks != NULL) {
        struct pp_future_callback *callback = future->callbacks;

        future->callbacks = callback->next;
        free(callback);
    }
}

void pp_future_tell(struct pp_future *future)
{
    pp_future_list_remove(future);
    future->references++; /* a callback may destroy it */
    while (future->callbacks != NULL) {
        struct pp_future_callback callback = *future->callbacks;

        free(future->callbacks);
        future->callbacks = callback.next;
        callback.call(future, callback.user);
    }
    if (!future->destroyed && !future->unlisted) {
        pp_future_list_add(&future->pool->finished, future);
    }
    pp_future_unref(future);
}

int pp_future_add_done_callback(struct pp_future *future, pp_future_callback_fn call, void *user)
{
    struct pp_future_callback **at = &future->callbacks;
    struct pp_future_callback *callback;

    if (pp_future_done(future) && future->list != &future->pool->resolved && *at == NULL) {
        call(future, user);
        return 0;
    }
    callback = malloc(sizeof(*callback));
    if (callback == NULL) {
        return -ENOMEM;
    }
    *callback = (struct pp_future_callback){.call = call, .user = user};
    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = callback;
    return 0;
}

void pp_future_remove_done_callback(struct pp_future *future, pp_future_callback_fn call,
                                    void *user)
{
    for (struct pp_future_callback **at = &future->callbacks; *at != NULL; at = &(*at)->next) {
        if ((*at)->call == call && (*at)->user == user) {
            struct pp_future_callback *callback = *at;

            *at = callback->next;
            free(callback);
            return;
        }
    }
}

const struct pp_result *pp_future_result(const struct pp_future *future)
{
    return &future->result;
}

const char *pp_future_stack(const struct pp_future *future)
{
    return future->stack == NULL || future->result.outcome != PP_CRASHED ? "" : future->stack;
}

bool pp_future_done(const struct pp_future *future)
{
    return future->result.outcome != PP_OUTCOME_PENDING;
}

void *pp_future_user(const struct pp_future *future)
{
    return future->user;
}

struct pp_slot *pp_future_slot(const struct pp_future *future, uint32_t index)
{
    return index < future->slot_count ? future->slots[index] : NULL;
}

bool pp_future_running(const struct pp_future *future)
{
    const struct pp_scheduled *task = &future->scheduled;

    return task->outcome == PP_OUTCOME_PENDING && task->sent &&
           pp_scheduler_head(future->pool->scheduler, task->worker) == task;
}

bool pp_future_cancel(struct pp_future *future)
{
    bool cancelled;

    if (pp_future_done(future) || future->scheduled.outcome != PP_OUTCOME_PENDING) {
        return false;
    }
    cancelled = pp_pool_cancel(future->pool, future);
    pp_pool_act(future->pool);
    return cancelled;
}

void pp_future_destroy(struct pp_future *future)
{
    if (future == NULL) {
        return;
    }
    drop_callbacks(future);
    pp_future_cancel(future);
    if (!pp_future_done(future)) {
        pp_pool_act(future->pool); /* it has ended, and waits only for being told so */
    }
    pp_future_list_remove(future);
    future->destroyed = true;
    pp_future_unref(future);
}

void pp_result_describe(const struct pp_result *result, char *text, size_t bytes)
{
    char cause[96];

    switch (result->outcome) {
    case PP_OUTCOME_PENDING:
        snprintf(text, bytes, "not done yet");
        break;
    case PP_DONE:
        snprintf(text, bytes, "done");
        break;
    case PP_CRASHED:
        pp_exit_cause(result->signal, result->exit_code, cause, sizeof(cause));
        snprintf(text, bytes, "the worker %s%s%s, attempt %u", cause,
                 result->phase[0] == '\0' ? "" : " in phase ", result->phase, result->attempts);
        break;
    default:
        snprintf(text, bytes, "%s", result->error.message);
        break;
    }
}

int pp_future_get(struct pp_future *future, void *into, size_t bytes, int timeout_ms,
                  struct pp_error *error)
{
    const struct pp_result *result = pp_future_result(future);
    int r = pp_future_wait(future, timeout_ms);

    if (r < 0) {
        return pp_error_set_errno(error, r, "the task is not done");
    }
    if (result->outcome != PP_DONE) {
        return pp_error_set(error, result->error.code, "%s", result->error.message);
    }
    if (result->reply_length != bytes) {
        return pp_error_set(error, -EPROTO, "the task replied %zu bytes in place of %zu",
                            result->reply_length, bytes);
    }
    if (bytes > 0) {
        memcpy(into, result->reply, bytes);
    }
    return 0;
}
