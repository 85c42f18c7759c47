/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "core/manager_protocol.h"

/* Codes of failures count from here on; below are 0 and the positive outcomes. */
#define FAILURES UINT32_C(0x80000000)

/* The place of a failure in this table is its code: new ones come behind. */
static const int failures[] = {
    EIO,      EPERM,     ENOENT,    EEXIST, EINVAL, ENOMEM, ERANGE,
    EMSGSIZE, EOVERFLOW, ETIMEDOUT, EPIPE,  ESTALE, EUSERS, ENOTRECOVERABLE,
};

uint32_t pp_manager_outcome_to_wire(int outcome)
{
    if (outcome >= 0) {
        return (uint32_t)outcome;
    }
    for (uint32_t i = 0; i < PP_ARRAY_LENGTH(failures); i++) {
        if (failures[i] == -outcome) {
            return FAILURES + i;
        }
    }
    return FAILURES;
}

int pp_manager_outcome_from_wire(uint32_t code)
{
    if (code < FAILURES) {
        return (int)code;
    }
    return code - FAILURES < PP_ARRAY_LENGTH(failures) ? -failures[code - FAILURES] : -EPROTO;
}
