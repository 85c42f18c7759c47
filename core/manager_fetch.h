/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Manager fetch: get a snapshot from a manager's server, page by page
 */

#include "core/manager_proxy.h"
#include "core/manager_snapshot.h"

/*
 * Ask for the snapshot that @operation makes, whose entries are keys, items or both. Returns 0 with
 * *ret_snapshot, else empty, which the caller finishes; -ENOMEM; another error.
 */
PP_MUST_CHECK int pp_manager_fetch(const struct pp_manager_proxy *proxy, uint32_t operation,
                                   bool keys, bool items, struct pp_manager_snapshot *ret_snapshot);
