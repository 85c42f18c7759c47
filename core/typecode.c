/* SPDX-License-Identifier: MIT */
/*
 * A number is moved as the bits that it has, in one access of its size; what they mean is a table.
 */
#include <errno.h>
#include <string.h>

#include "core/typecode.h"

enum kind { SIGNED, UNSIGNED, FLOATING };

struct type {
    char code;
    uint8_t bytes;
    enum kind kind;
    int64_t least;
    int64_t most;
};

static const struct type types[] = {
    {'c', 1, UNSIGNED, 0, UINT8_MAX},
    {'b', 1, SIGNED, INT8_MIN, INT8_MAX},
    {'B', 1, UNSIGNED, 0, UINT8_MAX},
    {'h', 2, SIGNED, INT16_MIN, INT16_MAX},
    {'H', 2, UNSIGNED, 0, UINT16_MAX},
    {'i', 4, SIGNED, INT32_MIN, INT32_MAX},
    {'I', 4, UNSIGNED, 0, UINT32_MAX},
    {'l', 8, SIGNED, INT64_MIN, INT64_MAX},
    {'L', 8, UNSIGNED, 0, INT64_MAX}, /* what an int64_t can say of it; likewise Q */
    {'q', 8, SIGNED, INT64_MIN, INT64_MAX},
    {'Q', 8, UNSIGNED, 0, INT64_MAX},
    {'u', 4, UNSIGNED, 0, 0x10ffff},
    {'f', 4, FLOATING, 0, 0},
    {'d', 8, FLOATING, 0, 0},
};

static const struct type *find(char code)
{
    for (size_t i = 0; i < PP_ARRAY_LENGTH(types); i++) {
        if (types[i].code == code) {
            return &types[i];
        }
    }
    return NULL;
}

static uint64_t get_bits(unsigned bytes, const void *at)
{
    switch (bytes) {
    case 1:
        return __atomic_load_n((const uint8_t *)at, __ATOMIC_RELAXED);
    case 2:
        return __atomic_load_n((const uint16_t *)at, __ATOMIC_RELAXED);
    case 4:
        return __atomic_load_n((const uint32_t *)at, __ATOMIC_RELAXED);
    default:
        return __atomic_load_n((const uint64_t *)at, __ATOMIC_RELAXED);
    }
}

static void set_bits(unsigned bytes, void *at, uint64_t bits)
{
    switch (bytes) {
    case 1:
        __atomic_store_n((uint8_t *)at, (uint8_t)bits, __ATOMIC_RELAXED);
        break;
    case 2:
        __atomic_store_n((uint16_t *)at, (uint16_t)bits, __ATOMIC_RELAXED);
        break;
    case 4:
        __atomic_store_n((uint32_t *)at, (uint32_t)bits, __ATOMIC_RELAXED);
        break;
    default:
        __atomic_store_n((uint64_t *)at, bits, __ATOMIC_RELAXED);
    }
}

/* The number that the low bytes of @bits are, as a signed one. */
static int64_t extend_sign(unsigned bytes, uint64_t bits)
{
    uint64_t sign = UINT64_C(1) << (8 * bytes - 1);

    return (int64_t)((bits ^ sign) - sign);
}

size_t pp_typecode_bytes(char code)
{
    const struct type *type = find(code);

    return type == NULL ? 0 : type->bytes;
}

int pp_typecode_get_int(char code, const void *at, int64_t *ret_number)
{
    const struct type *type = find(code);
    uint64_t bits;

    if (type == NULL || type->kind == FLOATING) {
        return -EINVAL;
    }
    bits = get_bits(type->bytes, at);
    if (type->kind == UNSIGNED && bits > INT64_MAX) {
        return -ERANGE;
    }
    *ret_number = type->kind == UNSIGNED ? (int64_t)bits : extend_sign(type->bytes, bits);
    return 0;
}

int pp_typecode_set_int(char code, void *at, int64_t number)
{
    const struct type *type = find(code);

    if (type == NULL || type->kind == FLOATING) {
        return -EINVAL;
    }
    if (number < type->least || number > type->most) {
        return -ERANGE;
    }
    set_bits(type->bytes, at, (uint64_t)number);
    return 0;
}

int pp_typecode_get_double(char code, const void *at, double *ret_number)
{
    uint64_t bits;
    uint32_t half;
    float single;

    if (code == 'd') {
        bits = get_bits(sizeof(bits), at);
        memcpy(ret_number, &bits, sizeof(bits));
        return 0;
    }
    if (code == 'f') {
        half = (uint32_t)get_bits(sizeof(half), at);
        memcpy(&single, &half, sizeof(half));
        *ret_number = (double)single;
        return 0;
    }
    return -EINVAL;
}

int pp_typecode_set_double(char code, void *at, double number)
{
    float single = (float)number;
    uint32_t half;
    uint64_t bits;

    if (code == 'd') {
        memcpy(&bits, &number, sizeof(bits));
        set_bits(sizeof(bits), at, bits);
        return 0;
    }
    if (code == 'f') {
        memcpy(&half, &single, sizeof(half));
        set_bits(sizeof(half), at, half);
        return 0;
    }
    return -EINVAL;
}
