/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Manager list: items one behind the other, kept by a manager for many processes
 *
 *     struct pp_manager_list names;
 *     struct pp_item name = pp_item_text("Ada");
 *     r = pp_manager_list(manager, "names", &names);
 *     r = pp_manager_list_append(&names, &name);
 *
 * An index counts from 0, or from the end where it is below: -1 is the last item, as in Python.
 * What an index means may have changed between two calls; what takes more than one needs a lock
 * (core/manager_lock.h), or is a queue (core/manager_queue.h).
 *
 * Python: manager.list(). Besides what is said here, functions return what core/manager.h says.
 */

#include "core/manager_snapshot.h"

struct pp_manager_list {
    struct pp_manager_proxy proxy;
};

/*
 * Find the list that is called @name, or make one; NULL: make one and make up a name for it.
 * Returns 0 with *ret_list; -EEXIST, -EINVAL and -ENOENT as pp_manager_dict().
 */
PP_MUST_CHECK int pp_manager_list(struct pp_manager *manager, const char *name,
                                  struct pp_manager_list *ret_list);

/* Put @item behind all others. Returns 0. */
PP_MUST_CHECK int pp_manager_list_append(struct pp_manager_list *list, const struct pp_item *item);

/* Put @count items behind all others, in one step. Returns 0; -EMSGSIZE where they are more than
 * one request carries: PP_MANAGER_ITEM_MAX bytes, with 9 for each number and 5 beside bytes. */
PP_MUST_CHECK int pp_manager_list_extend(struct pp_manager_list *list, const struct pp_item *items,
                                         size_t count);

/* Put @item before the one at @index; behind all where that is beyond the last. Returns 0. */
PP_MUST_CHECK int pp_manager_list_insert(struct pp_manager_list *list, int64_t index,
                                         const struct pp_item *item);

/* Set the item at @index. Returns 0; -ENOENT where there is none. */
PP_MUST_CHECK int pp_manager_list_set(struct pp_manager_list *list, int64_t index,
                                      const struct pp_item *item);

/* Get the item at @index. Returns 0 with *ret_item, which the caller finishes; -ENOENT. */
PP_MUST_CHECK int pp_manager_list_get(struct pp_manager_list *list, int64_t index,
                                      struct pp_item *ret_item);

/* Take the item at @index out. Returns 0 with *ret_item, which the caller finishes; -ENOENT. It is
 * lost where the caller or the connection dies before the answer has come. */
PP_MUST_CHECK int pp_manager_list_pop(struct pp_manager_list *list, int64_t index,
                                      struct pp_item *ret_item);

/* Take the first item out that equals @item (pp_item_is_equal()). Returns 0; -ENOENT. */
PP_MUST_CHECK int pp_manager_list_remove(struct pp_manager_list *list, const struct pp_item *item);

/* Set *ret_index to where the first item is that equals @item. Returns 0; -ENOENT. */
PP_MUST_CHECK int pp_manager_list_index(struct pp_manager_list *list, const struct pp_item *item,
                                        size_t *ret_index);

/*
 * Add @amount to the integer at @index in one step, and set *ret_sum (may be NULL) to what it is
 * then. Returns 0; -ENOENT; -EINVAL where the item is no integer; -ERANGE where the sum is none.
 */
PP_MUST_CHECK int pp_manager_list_add(struct pp_manager_list *list, int64_t index, int64_t amount,
                                      int64_t *ret_sum);

/* Set *ret_length to how many items there are. Returns 0. */
PP_MUST_CHECK int pp_manager_list_length(struct pp_manager_list *list, size_t *ret_length);

/* Take all out. Returns 0. */
PP_MUST_CHECK int pp_manager_list_clear(struct pp_manager_list *list);

/* All items. Returns 0 with *ret_snapshot, which the caller finishes. */
PP_MUST_CHECK int pp_manager_list_items(struct pp_manager_list *list,
                                        struct pp_manager_snapshot *ret_snapshot);
