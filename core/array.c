/* SPDX-License-Identifier: MIT */
/*
 * The numbers begin behind the struct, whose size is a multiple of what any of them is aligned to.
 * An index is checked against the length before anything is multiplied by it.
 */
#include <errno.h>
#include <string.h>

#include "core/array.h"
#include "core/typecode.h"

_Static_assert(sizeof(struct pp_array) == 48, "the same in all who share it");

int pp_array_bytes(char code, size_t length, size_t *ret_bytes)
{
    size_t bytes = pp_typecode_bytes(code);

    if (bytes == 0) {
        return -EINVAL;
    }
    if (!pp_size_multiply(bytes, length, &bytes) ||
        !pp_size_add(bytes, sizeof(struct pp_array), &bytes)) {
        return -EOVERFLOW;
    }
    *ret_bytes = bytes;
    return 0;
}

static int init(struct pp_array *array, char code, size_t length, bool locked)
{
    size_t bytes;
    int r = pp_array_bytes(code, length, &bytes);

    if (r != 0) {
        return r;
    }
    memset((void *)array, 0, bytes);
    array->length = length;
    array->code = code;
    array->locked = locked;
    pp_rlock_init(&array->lock);
    return 0;
}

int pp_array_init(struct pp_array *array, char code, size_t length)
{
    return init(array, code, length, true);
}

int pp_array_init_raw(struct pp_array *array, char code, size_t length)
{
    return init(array, code, length, false);
}

size_t pp_array_length(const struct pp_array *array)
{
    return (size_t)array->length;
}

/* Find the number at @index and acquire the lock. Returns 0 and sets *ret_number; -EDOM; or an
 * error of pp_rlock_acquire(). */
static int begin(struct pp_array *array, size_t index, void **ret_number)
{
    int r = 0;

    if (index >= array->length) {
        return -EDOM;
    }
    if (array->locked) {
        r = pp_rlock_acquire(&array->lock, -1);
    }
    *ret_number = (char *)(array + 1) + index * pp_typecode_bytes(array->code);
    return r < 0 ? r : 0;
}

/* Returns @r. */
static int end(struct pp_array *array, int r)
{
    if (array->locked) {
        pp_rlock_pass_on(&array->lock);
    }
    return r;
}

int pp_array_get_int(struct pp_array *array, size_t index, int64_t *ret_number)
{
    void *number;
    int r = begin(array, index, &number);

    if (r != 0) {
        return r;
    }
    return end(array, pp_typecode_get_int(array->code, number, ret_number));
}

int pp_array_set_int(struct pp_array *array, size_t index, int64_t number)
{
    void *at;
    int r = begin(array, index, &at);

    if (r != 0) {
        return r;
    }
    return end(array, pp_typecode_set_int(array->code, at, number));
}

int pp_array_get_double(struct pp_array *array, size_t index, double *ret_number)
{
    void *number;
    int r = begin(array, index, &number);

    if (r != 0) {
        return r;
    }
    return end(array, pp_typecode_get_double(array->code, number, ret_number));
}

int pp_array_set_double(struct pp_array *array, size_t index, double number)
{
    void *at;
    int r = begin(array, index, &at);

    if (r != 0) {
        return r;
    }
    return end(array, pp_typecode_set_double(array->code, at, number));
}

void *pp_array_raw(struct pp_array *array, char code)
{
    return array->code == code ? array + 1 : NULL;
}

struct pp_rlock *pp_array_get_lock(struct pp_array *array)
{
    return array->locked ? &array->lock : NULL;
}
