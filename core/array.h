/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Array: numbers of one type that processes share
 *
 * Lies in memory that all who use it have mapped, at any address aligned to 16; the numbers follow
 * the struct. The length never changes and every index is checked. For the lock, and for the death
 * of who holds it, what core/value.h says holds here too.
 *
 * Python: multiprocessing.Array, and RawArray for one without a lock; but an index is never
 * negative.
 */

#include "core/rlock.h"

/* Fields are the array's own. */
struct pp_array {
    struct pp_rlock lock;
    uint64_t length; /* numbers; does not change */
    char code;       /* of core/typecode.h; does not change */
    bool locked;     /* false: a raw one; does not change */
    uint8_t unused[6];
};

/*
 * Set *ret_bytes to the bytes that an array of @length numbers of the type @code takes.
 * Returns 0; -EINVAL where there is no such type; -EOVERFLOW where that is more than there can be.
 */
PP_MUST_CHECK int pp_array_bytes(char code, size_t length, size_t *ret_bytes);

/*
 * Make @array, with the memory behind it that pp_array_bytes() says, one of @length zeros, with a
 * lock that is free; or without one. Only while nobody uses it.
 * Returns 0; -EINVAL, -EOVERFLOW as pp_array_bytes().
 */
PP_MUST_CHECK int pp_array_init(struct pp_array *array, char code, size_t length);
PP_MUST_CHECK int pp_array_init_raw(struct pp_array *array, char code, size_t length);

/* How many numbers there are. */
size_t pp_array_length(const struct pp_array *array);

/*
 * Like the functions of a value, for the number at @index, from 0; -EDOM where there is none.
 */
PP_MUST_CHECK int pp_array_get_int(struct pp_array *array, size_t index, int64_t *ret_number);
PP_MUST_CHECK int pp_array_set_int(struct pp_array *array, size_t index, int64_t number);
PP_MUST_CHECK int pp_array_get_double(struct pp_array *array, size_t index, double *ret_number);
PP_MUST_CHECK int pp_array_set_double(struct pp_array *array, size_t index, double number);

/* The numbers, without lock and checks, for one who knows their type; NULL where that is not
 * @code. */
void *pp_array_raw(struct pp_array *array, char code);

/* Its lock; NULL for a raw one. */
struct pp_rlock *pp_array_get_lock(struct pp_array *array);
