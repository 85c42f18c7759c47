/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Manager arguments: what several kinds of objects find in requests, and put into answers
 */

#include "core/manager_object.h"

/* The next argument, a key; longer than it may be, it breaks the reader. */
const char *pp_manager_arguments_key(struct pp_manager_request *request, size_t *ret_length);

/* The next argument, an item; likewise. */
struct pp_item pp_manager_arguments_item(struct pp_manager_request *request);

/* Are these all arguments there are, and each what it should be? Else it is nonsense. */
bool pp_manager_arguments_end(const struct pp_manager_request *request);

/*
 * Put @item into the answer. Returns 0; or -ENOMEM where it does not fit: nothing is to be changed
 * then.
 */
PP_MUST_CHECK int pp_manager_arguments_answer(struct pp_manager_request *request,
                                              const struct pp_item *item);

/*
 * Add @amount to the integer that @stored is, and put the sum into the answer.
 * Returns 0 with *ret_sum, to be kept in its place; -EINVAL; -ERANGE; -ENOMEM.
 */
PP_MUST_CHECK int pp_manager_arguments_add(struct pp_manager_store *store,
                                           struct pp_manager_request *request,
                                           const struct pp_item *item, int64_t amount,
                                           struct pp_manager_stored **ret_sum);
