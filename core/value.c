/* SPDX-License-Identifier: MIT */
/*
 * A number is read and written in one piece whether or not somebody died, so reading and writing
 * have nothing to mend. What a dead holder may have left half done is what several steps under the
 * lock make, and those who do such steps acquire the lock themselves; so the news of the death is
 * passed on to them.
 */
#include <errno.h>
#include <string.h>

#include "core/typecode.h"
#include "core/value.h"

_Static_assert(sizeof(struct pp_value) == 48, "the same in all who share it");

static int init(struct pp_value *value, char code, bool locked)
{
    if (pp_typecode_bytes(code) == 0) {
        return -EINVAL;
    }
    memset(value, 0, sizeof(*value));
    value->code = code;
    value->locked = locked;
    pp_rlock_init(&value->lock);
    return 0;
}

int pp_value_init(struct pp_value *value, char code)
{
    return init(value, code, true);
}

int pp_value_init_raw(struct pp_value *value, char code)
{
    return init(value, code, false);
}

/* Returns 0 or an error of pp_rlock_acquire(). */
static int begin(struct pp_value *value)
{
    int r = value->locked ? pp_rlock_acquire(&value->lock, -1) : 0;

    return r < 0 ? r : 0;
}

/* Returns @r. */
static int end(struct pp_value *value, int r)
{
    if (value->locked) {
        pp_rlock_pass_on(&value->lock);
    }
    return r;
}

int pp_value_get_int(struct pp_value *value, int64_t *ret_number)
{
    int r = begin(value);

    if (r != 0) {
        return r;
    }
    return end(value, pp_typecode_get_int(value->code, &value->number, ret_number));
}

int pp_value_set_int(struct pp_value *value, int64_t number)
{
    int r = begin(value);

    if (r != 0) {
        return r;
    }
    return end(value, pp_typecode_set_int(value->code, &value->number, number));
}

int pp_value_get_double(struct pp_value *value, double *ret_number)
{
    int r = begin(value);

    if (r != 0) {
        return r;
    }
    return end(value, pp_typecode_get_double(value->code, &value->number, ret_number));
}

int pp_value_set_double(struct pp_value *value, double number)
{
    int r = begin(value);

    if (r != 0) {
        return r;
    }
    return end(value, pp_typecode_set_double(value->code, &value->number, number));
}

void *pp_value_raw(struct pp_value *value, char code)
{
    return value->code == code ? &value->number : NULL;
}

struct pp_rlock *pp_value_get_lock(struct pp_value *value)
{
    return value->locked ? &value->lock : NULL;
}
