/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Simple queue: put and get, and nothing to think about
 *
 * A queue (core/queue.h) without limits on time: who puts into a full one waits as long as it
 * takes, and so does who gets from an empty one. All else is as there; so is what happens when
 * processes die.
 *
 * Python: multiprocessing.SimpleQueue. That one is a pipe with a lock, so how much fits is counted
 * in bytes and known to nobody; this one holds as many messages as its memory was made for.
 */

#include "core/queue.h"

struct pp_simple_queue;

/* Like pp_queue_bytes() and pp_queue_init(). */
size_t pp_simple_queue_bytes(uint32_t maxsize, size_t message_bytes);
PP_MUST_CHECK int pp_simple_queue_init(struct pp_simple_queue *queue, uint32_t maxsize,
                                       size_t message_bytes);

/* Like pp_queue_put(), pp_queue_put_none() and pp_queue_get(), waiting as long as it takes. */
PP_MUST_CHECK int pp_simple_queue_put(struct pp_simple_queue *queue, const void *message,
                                      size_t length);
PP_MUST_CHECK int pp_simple_queue_put_none(struct pp_simple_queue *queue);
PP_MUST_CHECK int pp_simple_queue_get(struct pp_simple_queue *queue, void *into, size_t bytes,
                                      size_t *ret_length);

/* Like pp_queue_empty() and pp_queue_close(). */
bool pp_simple_queue_empty(const struct pp_simple_queue *queue);
int pp_simple_queue_close(struct pp_simple_queue *queue);
