/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Manager proxy: what the kinds of a manager's objects have in common for a client
 */

#include "core/manager_call.h"

/*
 * Begin to find or make the object of @kind that is called @name, NULL: a new one. Its parameters
 * are put after. Returns as pp_manager_call_begin(); -EINVAL for the name "" or one that is too
 * long.
 */
PP_MUST_CHECK int pp_manager_proxy_begin(struct pp_manager_call *call, struct pp_manager *manager,
                                         enum pp_manager_kind kind, const char *name);

/* Send that, and set *ret_proxy. Returns 0, -EEXIST and the like. */
PP_MUST_CHECK int pp_manager_proxy_end(struct pp_manager_call *call,
                                       struct pp_manager_proxy *ret_proxy);

/* Both, for a kind without parameters. */
PP_MUST_CHECK int pp_manager_proxy_open(struct pp_manager_proxy *ret_proxy,
                                        struct pp_manager *manager, enum pp_manager_kind kind,
                                        const char *name);

/* Whole calls: without arguments and answer; with a time to wait, and maybe a positive outcome;
 * without arguments, answered yes or no as 1 or 0; without arguments, answered with a length. */
int pp_manager_proxy_call(const struct pp_manager_proxy *proxy, uint32_t operation);
PP_MUST_CHECK int pp_manager_proxy_wait(const struct pp_manager_proxy *proxy, uint32_t operation,
                                        int timeout_ms);
PP_MUST_CHECK int pp_manager_proxy_ask(const struct pp_manager_proxy *proxy, uint32_t operation);
PP_MUST_CHECK int pp_manager_proxy_length(const struct pp_manager_proxy *proxy, uint32_t operation,
                                          size_t *ret_length);
