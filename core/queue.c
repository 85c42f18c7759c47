/* SPDX-License-Identifier: MIT */
/*
 * One lock (core/lock.h) guards the cells (core/cells.h); three bells (core/bell.h) wake those who
 * wait for them to change, in core/queue_wait.c. Short messages are copied under the lock, which is
 * cheaper than to take it twice; longer ones without it, into or out of a cell that is the caller's
 * meanwhile.
 *
 * A closed queue is at its end when it is empty and nobody else could still die with a message of
 * it in hand. Who has one in hand himself does not wait for others, as they may wait for him.
 */
#include <errno.h>
#include <string.h>

#include "core/point.h"
#include "core/queue_private.h"

/* Of the longest message that is copied under the lock. */
#define SHORT_BYTES 1024

/* Where the memory has to begin: at a line of the processor's cache. */
#define ALIGNMENT 64

_Static_assert(offsetof(struct pp_queue, cells) == ALIGNMENT, "the same in all who share it");

size_t pp_queue_bytes(uint32_t maxsize, size_t message_bytes)
{
    size_t cells = pp_cells_bytes(maxsize, message_bytes);
    size_t all;

    if (maxsize == 0 || message_bytes == 0 || cells == 0 ||
        !pp_size_add(cells, offsetof(struct pp_queue, cells), &all)) {
        return 0;
    }
    return all;
}

int pp_queue_init(struct pp_queue *queue, uint32_t maxsize, size_t message_bytes)
{
    if (pp_queue_bytes(maxsize, message_bytes) == 0 || (uintptr_t)queue % ALIGNMENT != 0) {
        return -EINVAL;
    }
    memset((void *)queue, 0, offsetof(struct pp_queue, cells));
    pp_cells_init(&queue->cells, maxsize, message_bytes);
    pp_lock_init(&queue->lock);
    return 0;
}

/* Under the lock, as all that follow up to the next remark. */

static bool is_closed(const struct pp_queue *queue)
{
    return atomic_load_explicit(&queue->closed, memory_order_relaxed) != 0;
}

static bool is_settled(const struct pp_queue *queue)
{
    return pp_cells_full_count(&queue->cells) == 0 && pp_cells_taken_count(&queue->cells) == 0;
}

/* What callers wait for, as pp_queue_ready_fn. */

static int room_is_there(struct pp_queue *queue)
{
    if (is_closed(queue)) {
        return -EPIPE;
    }
    return pp_cells_free_count(&queue->cells) > 0 ? 0 : PP_QUEUE_NOT_YET;
}

static int message_is_there(struct pp_queue *queue)
{
    if (pp_cells_full_count(&queue->cells) > 0) {
        return 0;
    }
    if (is_closed(queue) && (is_settled(queue) || pp_cells_taken_by_me(&queue->cells))) {
        return -EPIPE;
    }
    return PP_QUEUE_NOT_YET;
}

static int nothing_is_left(struct pp_queue *queue)
{
    return is_settled(queue) ? 0 : PP_QUEUE_NOT_YET;
}

static void free_cell(struct pp_queue *queue, struct pp_cell *cell)
{
    pp_cells_free(&queue->cells, cell);
    pp_bell_ring(&queue->freed, 1);
    if (is_settled(queue)) {
        pp_bell_ring(&queue->settled, PP_BELL_ALL);
        if (is_closed(queue)) {
            pp_bell_ring(&queue->filled, PP_BELL_ALL);
        }
    }
}

/* From here on a function says where it is called or returns with the lock. */

/* Fill @cell, which the caller writes. Called with the lock and returns with it, if 0; -EPIPE where
 * the queue was closed meanwhile. */
static int write_message(struct pp_queue *queue, struct pp_cell *cell, const void *message,
                         size_t bytes)
{
    int r;

    pp_point("queue.put.reserved");
    if (bytes <= SHORT_BYTES) {
        if (bytes > 0) {
            memcpy(pp_cell_bytes(cell), message, bytes);
        }
        return 0;
    }
    pp_queue_leave(queue);
    memcpy(pp_cell_bytes(cell), message, bytes);
    pp_point("queue.put.written");
    r = pp_queue_enter(queue);
    if (r == 0 && is_closed(queue)) {
        free_cell(queue, cell);
        pp_queue_leave(queue);
        return -EPIPE;
    }
    return r;
}

static int put(struct pp_queue *queue, const void *message, uint64_t length, int timeout_ms)
{
    struct pp_cell *cell;
    int r = pp_queue_enter_when(queue, room_is_there, &queue->freed, timeout_ms);

    if (r != 0) {
        return r;
    }
    cell = pp_cells_reserve(&queue->cells);
    r = write_message(queue, cell, message, length == PP_CELL_NONE ? 0 : (size_t)length);
    if (r != 0) {
        return r;
    }
    pp_cells_commit(&queue->cells, cell, length);
    pp_bell_ring(&queue->filled, 1);
    pp_point("queue.put.committed");
    pp_queue_leave(queue);
    return 0;
}

int pp_queue_put(struct pp_queue *queue, const void *message, size_t length, int timeout_ms)
{
    if (length > queue->cells.message_bytes) {
        return -EMSGSIZE;
    }
    return put(queue, message, length, timeout_ms);
}

int pp_queue_put_none(struct pp_queue *queue, int timeout_ms)
{
    return put(queue, NULL, PP_CELL_NONE, timeout_ms);
}

/* Copy out of @cell, which the caller has taken. Called with the lock and returns with it, if 0. */
static int read_message(struct pp_queue *queue, struct pp_cell *cell, void *into)
{
    pp_point("queue.get.taken");
    if (cell->length <= SHORT_BYTES) {
        if (cell->length > 0) {
            memcpy(into, pp_cell_bytes(cell), cell->length);
        }
        return 0;
    }
    pp_queue_leave(queue);
    memcpy(into, pp_cell_bytes(cell), cell->length);
    pp_point("queue.get.read");
    return pp_queue_enter(queue);
}

/* Take None, which is first in line. Called with the lock. */
static int take_none(struct pp_queue *queue, struct pp_cell *cell)
{
    pp_cells_take(&queue->cells, cell);
    free_cell(queue, cell);
    pp_queue_leave(queue);
    return PP_QUEUE_NONE;
}

/* The message that is first in line does not fit: it stays there, and who was called with the
 * caller may want it. Called with the lock. */
static int refuse(struct pp_queue *queue)
{
    pp_bell_ring(&queue->filled, 1);
    pp_queue_leave(queue);
    return -EMSGSIZE;
}

/* Take the first message, and free its cell where @ret_ticket is NULL. */
static int take(struct pp_queue *queue, void *into, size_t bytes, size_t *ret_length,
                uint64_t *ret_ticket, int timeout_ms)
{
    struct pp_cell *cell;
    int r;

    pp_queue_look_after_the_dead(queue);
    r = pp_queue_enter_when(queue, message_is_there, &queue->filled, timeout_ms);
    if (r != 0) {
        return r;
    }
    cell = pp_cells_first(&queue->cells);
    *ret_length = cell->length == PP_CELL_NONE ? 0 : (size_t)cell->length;
    if (cell->length == PP_CELL_NONE) {
        return take_none(queue, cell);
    }
    if (cell->length > bytes) {
        return refuse(queue);
    }
    pp_cells_take(&queue->cells, cell);
    r = read_message(queue, cell, into);
    if (r != 0) {
        return r;
    }
    if (ret_ticket != NULL) {
        *ret_ticket = cell->ticket;
    } else {
        free_cell(queue, cell);
    }
    pp_point("queue.get.done");
    pp_queue_leave(queue);
    return 0;
}

int pp_queue_get(struct pp_queue *queue, void *into, size_t bytes, size_t *ret_length,
                 int timeout_ms)
{
    size_t length;

    return take(queue, into, bytes, ret_length == NULL ? &length : ret_length, NULL, timeout_ms);
}

int pp_queue_take(struct pp_queue *queue, void *into, size_t bytes, size_t *ret_length,
                  uint64_t *ret_ticket, int timeout_ms)
{
    size_t length;

    *ret_ticket = 0;
    return take(queue, into, bytes, ret_length == NULL ? &length : ret_length, ret_ticket,
                timeout_ms);
}

int pp_queue_done(struct pp_queue *queue, uint64_t ticket)
{
    struct pp_cell *cell;
    int r = pp_queue_enter(queue);

    if (r != 0) {
        return r;
    }
    cell = pp_cells_find(&queue->cells, ticket);
    if (cell != NULL) {
        free_cell(queue, cell);
    }
    pp_point("queue.done");
    pp_queue_leave(queue);
    return cell == NULL ? -EINVAL : 0;
}

int pp_queue_settle(struct pp_queue *queue, int timeout_ms)
{
    int r = pp_queue_enter_when(queue, nothing_is_left, &queue->settled, timeout_ms);

    if (r == 0) {
        pp_queue_leave(queue);
    }
    return r;
}

int pp_queue_close(struct pp_queue *queue)
{
    int r = pp_queue_enter(queue);

    if (r != 0) {
        return r;
    }
    atomic_store_explicit(&queue->closed, 1, memory_order_relaxed);
    pp_bell_ring(&queue->filled, PP_BELL_ALL);
    pp_bell_ring(&queue->freed, PP_BELL_ALL);
    pp_queue_leave(queue);
    return 0;
}

size_t pp_queue_qsize(const struct pp_queue *queue)
{
    return pp_cells_full_count(&queue->cells);
}

bool pp_queue_empty(const struct pp_queue *queue)
{
    return pp_queue_qsize(queue) == 0;
}

bool pp_queue_full(const struct pp_queue *queue)
{
    return pp_cells_free_count(&queue->cells) == 0;
}
