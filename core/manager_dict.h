/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Manager dict: items by key, kept by a manager for many processes
 *
 *     struct pp_manager_dict counts;
 *     int64_t seen;
 *     r = pp_manager_dict(manager, "counts", &counts);
 *     r = pp_manager_dict_add(&counts, "seen", 1, &seen);
 *
 * Two processes that get an item, change it and set it lose one of the changes, as d[k] += 1 of
 * Python's dict proxy does: pp_manager_dict_add() is one step. For more than that, hold a lock
 * (core/manager_lock.h).
 *
 * Python: manager.dict(). Keys are text of at most PP_MANAGER_KEY_MAX bytes; longer ones are
 * -EMSGSIZE. Besides what is said here, functions return what core/manager.h says.
 */

#include "core/manager_snapshot.h"

struct pp_manager_dict {
    struct pp_manager_proxy proxy;
};

/*
 * Find the dict that is called @name, or make one; NULL: make one and make up a name for it.
 * Returns 0 with *ret_dict; -EEXIST where something that is no dict has this name; -EINVAL for "",
 * and -ENOENT for one that begins with "#" and is not there.
 */
PP_MUST_CHECK int pp_manager_dict(struct pp_manager *manager, const char *name,
                                  struct pp_manager_dict *ret_dict);

/* Set the item of @key; a new key comes behind all others. Returns 0. */
PP_MUST_CHECK int pp_manager_dict_set(struct pp_manager_dict *dict, const char *key,
                                      const struct pp_item *item);

/* Get the item of @key. Returns 0 with *ret_item, which the caller finishes; -ENOENT. */
PP_MUST_CHECK int pp_manager_dict_get(struct pp_manager_dict *dict, const char *key,
                                      struct pp_item *ret_item);

/* Get the item of @key, or a copy of @otherwise where there is none. Returns 0 with *ret_item. */
PP_MUST_CHECK int pp_manager_dict_get_or(struct pp_manager_dict *dict, const char *key,
                                         const struct pp_item *otherwise, struct pp_item *ret_item);

/* Get the item of @key, after setting it to @item where there was none. Returns 0 with *ret_item.
 */
PP_MUST_CHECK int pp_manager_dict_setdefault(struct pp_manager_dict *dict, const char *key,
                                             const struct pp_item *item, struct pp_item *ret_item);

/* Take the item of @key out. Returns 0 with *ret_item; -ENOENT. It is lost where the caller or the
 * connection dies before the answer has come. */
PP_MUST_CHECK int pp_manager_dict_pop(struct pp_manager_dict *dict, const char *key,
                                      struct pp_item *ret_item);

/* Take @key out. Returns 0; -ENOENT. Python: del d[key]. */
PP_MUST_CHECK int pp_manager_dict_remove(struct pp_manager_dict *dict, const char *key);

/* Returns 1 where @key has an item, else 0; or a negative errno. */
PP_MUST_CHECK int pp_manager_dict_contains(struct pp_manager_dict *dict, const char *key);

/* Set *ret_length to how many keys there are. Returns 0. */
PP_MUST_CHECK int pp_manager_dict_length(struct pp_manager_dict *dict, size_t *ret_length);

/*
 * Add @amount to the integer of @key, 0 where there is none yet, and set *ret_sum (may be NULL) to
 * what it is then.
 * Returns 0; -EINVAL where the item is no integer; -ERANGE where the sum is none.
 */
PP_MUST_CHECK int pp_manager_dict_add(struct pp_manager_dict *dict, const char *key, int64_t amount,
                                      int64_t *ret_sum);

/* Take all out. Returns 0. */
PP_MUST_CHECK int pp_manager_dict_clear(struct pp_manager_dict *dict);

/* All keys, or all keys with their items, in the order in which the keys were new.
 * Returns 0 with *ret_snapshot, which the caller finishes. */
PP_MUST_CHECK int pp_manager_dict_keys(struct pp_manager_dict *dict,
                                       struct pp_manager_snapshot *ret_snapshot);
PP_MUST_CHECK int pp_manager_dict_items(struct pp_manager_dict *dict,
                                        struct pp_manager_snapshot *ret_snapshot);
