/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Manager value: one number, kept by a manager for many processes
 *
 *     struct pp_manager_value balance;
 *     r = pp_manager_value(manager, "balance", 'q', &balance);
 *     r = pp_manager_value_add_int(&balance, 100, NULL);
 *
 * It has a type (core/typecode.h), and refuses what does not fit it. Two processes that get the
 * number, change it and set it lose one of the changes: adding is one step.
 *
 * Python: manager.Value(). Besides what is said here, functions return what core/manager.h says.
 */

#include "core/manager.h"

struct pp_manager_value {
    struct pp_manager_proxy proxy;
};

/*
 * Find the value that is called @name, or make one of type @code that is 0; NULL: make one and make
 * up a name for it.
 * Returns 0 with *ret_value; -EEXIST where what has this name is no value, or one of another type;
 * -EINVAL where there is no such type; -EINVAL and -ENOENT as pp_manager_dict().
 */
PP_MUST_CHECK int pp_manager_value(struct pp_manager *manager, const char *name, char code,
                                   struct pp_manager_value *ret_value);

/*
 * Read or write the number.
 * Return 0; -EINVAL where the type is not an integer one, or not a floating one; -ERANGE where the
 * number does not fit.
 */
PP_MUST_CHECK int pp_manager_value_get_int(struct pp_manager_value *value, int64_t *ret_number);
PP_MUST_CHECK int pp_manager_value_set_int(struct pp_manager_value *value, int64_t number);
PP_MUST_CHECK int pp_manager_value_get_double(struct pp_manager_value *value, double *ret_number);
PP_MUST_CHECK int pp_manager_value_set_double(struct pp_manager_value *value, double number);

/* Add @amount, and set *ret_sum (may be NULL) to what the number is then.
 * Return as above; -ERANGE where the sum does not fit. */
PP_MUST_CHECK int pp_manager_value_add_int(struct pp_manager_value *value, int64_t amount,
                                           int64_t *ret_sum);
PP_MUST_CHECK int pp_manager_value_add_double(struct pp_manager_value *value, double amount,
                                              double *ret_sum);
