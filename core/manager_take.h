/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Manager take: take an item out of a queue of a manager, and confirm that it has come
 */

#include "core/manager_proxy.h"

/* Find or make a queue of either kind. Returns as pp_manager_queue(). */
PP_MUST_CHECK int pp_manager_take_open(struct pp_manager_proxy *ret_proxy,
                                       struct pp_manager *manager, enum pp_manager_kind kind,
                                       const char *name, uint32_t maxsize);

/* Returns as pp_manager_queue_get(), with *ret_ticket where that is not NULL: then the queue is a
 * joinable one. */
PP_MUST_CHECK int pp_manager_take(const struct pp_manager_proxy *proxy, struct pp_item *ret_item,
                                  uint64_t *ret_ticket, int timeout_ms);
