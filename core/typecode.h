/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Typecode: what kind of number lies in shared memory, as one letter
 *
 * The letters of Python's array module, with fixed sizes, so that they are the same for all:
 *
 *     c B   1 byte, 0 to 255         b   1 byte, signed
 *     H     2 bytes, unsigned        h   2 bytes, signed
 *     I     4 bytes, unsigned        i   4 bytes, signed
 *     L Q   8 bytes, unsigned        l q 8 bytes, signed
 *     f     4 bytes, floating        d   8 bytes, floating
 *     u     4 bytes: a Unicode code point, 0 to 0x10ffff
 *
 * Numbers are read and written in one piece, so what another process or thread reads meanwhile is
 * the old number or the new one. @at is aligned to the size of the number.
 */

#include "core/base.h"

/* Bytes of one number; 0 where @code is none of the above. */
size_t pp_typecode_bytes(char code);

/*
 * Read and write a number of an integer type.
 * Returns 0; -EINVAL where @code is no integer type; -ERANGE where the number does not fit, an
 * int64_t when read or the type when written. Then nothing was read or written.
 */
PP_MUST_CHECK int pp_typecode_get_int(char code, const void *at, int64_t *ret_number);
PP_MUST_CHECK int pp_typecode_set_int(char code, void *at, int64_t number);

/*
 * Read and write a number of a floating type; for 'f' it is rounded when written.
 * Returns 0; -EINVAL where @code is no floating type.
 */
PP_MUST_CHECK int pp_typecode_get_double(char code, const void *at, double *ret_number);
PP_MUST_CHECK int pp_typecode_set_double(char code, void *at, double number);
