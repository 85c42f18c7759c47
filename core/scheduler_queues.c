/* SPDX-License-Identifier: MIT */
/*
 * Three classes, each in the order of submission. The highest class that has a task goes first; but
 * seven turns in a row are all that a class takes while one below it waits: the eighth goes to
 * those below, among whom the same rule holds. So with all three always waiting, one of eight turns
 * is not of the highest, and one of sixty-four is of the lowest: little, but never none.
 *
 * Turns count tasks and not time, since this machine knows no clock.
 */
#include "core/scheduler_private.h"

void pp_scheduler_queue_push(struct pp_scheduler_queue *queue, struct pp_scheduled *task)
{
    task->next = NULL;
    task->previous = queue->last;
    if (queue->last != NULL) {
        queue->last->next = task;
    } else {
        queue->first = task;
    }
    queue->last = task;
}

static void push_front(struct pp_scheduler_queue *queue, struct pp_scheduled *task)
{
    task->previous = NULL;
    task->next = queue->first;
    if (queue->first != NULL) {
        queue->first->previous = task;
    } else {
        queue->last = task;
    }
    queue->first = task;
}

static void unlink_task(struct pp_scheduler_queue *queue, struct pp_scheduled *task)
{
    if (task->previous != NULL) {
        task->previous->next = task->next;
    } else {
        queue->first = task->next;
    }
    if (task->next != NULL) {
        task->next->previous = task->previous;
    } else {
        queue->last = task->previous;
    }
    task->previous = NULL;
    task->next = NULL;
}

struct pp_scheduled *pp_scheduler_queue_pop(struct pp_scheduler_queue *queue)
{
    struct pp_scheduled *task = queue->first;

    if (task != NULL) {
        unlink_task(queue, task);
    }
    return task;
}

static unsigned class_of(const struct pp_scheduled *task)
{
    switch (task->priority) {
    case PP_PRIORITY_HIGH:
        return PP_SCHEDULER_HIGH;
    case PP_PRIORITY_LOW:
        return PP_SCHEDULER_LOW;
    default:
        return PP_SCHEDULER_NORMAL;
    }
}

static struct pp_scheduler_queue *queue_of(struct pp_scheduler_queues *queues,
                                           const struct pp_scheduled *task)
{
    return task->alone ? &queues->alone : &queues->classes[class_of(task)];
}

void pp_scheduler_queues_add(struct pp_scheduler_queues *queues, struct pp_scheduled *task)
{
    pp_scheduler_queue_push(queue_of(queues, task), task);
}

void pp_scheduler_queues_return(struct pp_scheduler_queues *queues, struct pp_scheduled *task)
{
    push_front(queue_of(queues, task), task);
}

void pp_scheduler_queues_remove(struct pp_scheduler_queues *queues, struct pp_scheduled *task)
{
    unlink_task(queue_of(queues, task), task);
}

static bool any_below(const struct pp_scheduler_queues *queues, unsigned class)
{
    for (unsigned below = class + 1; below < PP_SCHEDULER_CLASSES; below++) {
        if (queues->classes[below].first != NULL) {
            return true;
        }
    }
    return false;
}

struct pp_scheduled *pp_scheduler_queues_next(const struct pp_scheduler_queues *queues)
{
    for (unsigned class = 0; class < PP_SCHEDULER_CLASSES; class ++) {
        struct pp_scheduled *task = queues->classes[class].first;

        if (task != NULL &&
            (queues->turns[class] < PP_SCHEDULER_TURNS - 1 || !any_below(queues, class))) {
            return task;
        }
    }
    return NULL;
}

void pp_scheduler_queues_take(struct pp_scheduler_queues *queues, struct pp_scheduled *task)
{
    unsigned class = class_of(task);

    unlink_task(queue_of(queues, task), task);
    if (task->alone) {
        return;
    }
    if (any_below(queues, class)) {
        queues->turns[class]++;
    } else {
        queues->turns[class] = 0;
    }
    for (unsigned above = 0; above < class; above++) {
        queues->turns[above] = 0; /* they gave this turn away, or have nothing to give */
    }
}
