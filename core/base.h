/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Base: the attributes and checked sizes that every file may use
 *
 * Nothing else belongs here.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The caller must look at what the function returns. */
#define PP_MUST_CHECK __attribute__((warn_unused_result))

/* Checks the arguments of a function like printf; the places of the format and of the first
 * argument count from 1. */
#define PP_PRINTF(place, first) __attribute__((format(printf, place, first)))

/* Runs @destroy on the variable when it goes out of scope: see PP_DEFINE_AUTO. */
#define PP_AUTO(destroy) __attribute__((cleanup(destroy##p)))

/* Defines what PP_AUTO(@destroy) calls for a variable of type @type. */
#define PP_DEFINE_AUTO(type, destroy)                                                              \
    static inline void destroy##p(type *variable)                                                  \
    {                                                                                              \
        destroy(*variable);                                                                        \
    }

#define PP_ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Sets *ret to a * b, or to a + b. Returns false, with *ret unspecified, where that overflows. */
PP_MUST_CHECK static inline bool pp_size_multiply(size_t a, size_t b, size_t *ret)
{
    return !__builtin_mul_overflow(a, b, ret);
}

PP_MUST_CHECK static inline bool pp_size_add(size_t a, size_t b, size_t *ret)
{
    return !__builtin_add_overflow(a, b, ret);
}

/* Rounds @bytes up to a multiple of @unit, a power of two; the caller knows that it fits. */
static inline size_t pp_size_round_up(size_t bytes, size_t unit)
{
    return (bytes + unit - 1) & ~(unit - 1);
}
