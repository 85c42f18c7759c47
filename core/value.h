/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Value: one number that processes share
 *
 * Lies in memory that all who use it have mapped, at any address. It knows its type, and has a lock
 * for those who do more than read or write it once:
 *
 *     r = pp_rlock_acquire(pp_value_get_lock(value), -1);
 *     if (r < 0) return r;
 *     if (r == PP_LOCK_OWNER_DIED) ... the number is whole; see if it is what it should be ...
 *     *(int32_t *)pp_value_raw(value, 'i') += 1;
 *     pp_rlock_release(pp_value_get_lock(value));
 *
 * Python: multiprocessing.Value, and RawValue for one without a lock.
 */

#include "core/rlock.h"

/* Fields are the value's own. */
struct pp_value {
    struct pp_rlock lock;
    uint64_t number; /* as many of its bytes, from the first, as the type has */
    char code;       /* of core/typecode.h; does not change */
    bool locked;     /* false: a raw one; does not change */
    uint8_t unused[6];
};

/*
 * Make @value a number of the type @code (core/typecode.h), 0, with a lock that is free; or without
 * one. Only while nobody uses it. Returns 0; -EINVAL where there is no such type.
 */
PP_MUST_CHECK int pp_value_init(struct pp_value *value, char code);
PP_MUST_CHECK int pp_value_init_raw(struct pp_value *value, char code);

/*
 * Read or write the number, in one piece, and under the lock: so they wait while somebody else
 * holds it. Where the holder died they do their work all the same, and it is the next one who
 * acquires the lock by itself who is told.
 * Return 0; -EINVAL where the type is not an integer one, or not a floating one; -ERANGE where the
 * number does not fit; an error of pp_rlock_acquire(). Any thread, any process.
 */
PP_MUST_CHECK int pp_value_get_int(struct pp_value *value, int64_t *ret_number);
PP_MUST_CHECK int pp_value_set_int(struct pp_value *value, int64_t number);
PP_MUST_CHECK int pp_value_get_double(struct pp_value *value, double *ret_number);
PP_MUST_CHECK int pp_value_set_double(struct pp_value *value, double number);

/* The number itself, without lock, for one who knows its type; NULL where that is not @code. */
void *pp_value_raw(struct pp_value *value, char code);

/* Its lock; NULL for a raw one. */
struct pp_rlock *pp_value_get_lock(struct pp_value *value);
