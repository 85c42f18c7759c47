/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Queueing: numbers through a manager's queue
 */

#include "core/manager_queue.h"
#include "tests/managing.h"

/* More than any test gets through. */
enum { NUMBERS = 1 << 20 };

static inline void open_queue(struct fixture *fixture, uint32_t maxsize,
                              struct pp_manager_queue *queue)
{
    g_assert_cmpint(pp_manager_queue(fixture->manager, "queue", maxsize, queue), ==, 0);
}

static inline int put_int(struct pp_manager_queue *queue, int64_t number, int timeout_ms)
{
    struct pp_item item = pp_item_int(number);

    return pp_manager_queue_put(queue, &item, timeout_ms);
}

/* The number that comes; or an error, which no number here is. */
static inline int64_t get_int(struct pp_manager_queue *queue, int timeout_ms)
{
    struct pp_item item;
    int r = pp_manager_queue_get(queue, &item, timeout_ms);
    int64_t number = r;

    if (r == 0 && pp_item_get_int(&item, &number) != 0) {
        number = INT64_MIN;
    }
    pp_item_finish(&item);
    return number;
}

/* What a test of queues and its children share. */
struct queueing {
    struct meeting meeting;
    _Atomic uint32_t next_writer;
    _Atomic uint32_t times[NUMBERS]; /* that each item came */
};

static inline struct pp_manager *join_queue(const struct queueing *shared,
                                            struct pp_manager_queue *queue, uint32_t maxsize)
{
    struct pp_manager *manager = connect_at(shared->meeting.path);

    g_assert_cmpint(pp_manager_queue(manager, "queue", maxsize, queue), ==, 0);
    return manager;
}
