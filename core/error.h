/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Error: why something failed, as plain data
 *
 * Fixed size and without pointers, so that it is copied, sent from a worker and kept without
 * allocation and without a way to fail. Functions take it as their last argument, which may be
 * NULL when the caller does not want the text.
 */

#include "core/base.h"

#define PP_ERROR_MESSAGE_BYTES 240

struct pp_error {
    int32_t code;                         /* negative errno; 0: no error */
    char message[PP_ERROR_MESSAGE_BYTES]; /* UTF-8 as far as the cause was; always ends in NUL */
};

/*
 * Fill @error (may be NULL) with @code, a negative errno, and a message that is cut to fit.
 *
 * Returns @code, so that "return pp_error_set(error, -EINVAL, ...)" reads as one thought.
 * Any thread, any process.
 */
int pp_error_set(struct pp_error *error, int code, const char *format, ...) PP_PRINTF(3, 4);

/* Like pp_error_set(), with ": " and the system's text for @code added to the message. */
int pp_error_set_errno(struct pp_error *error, int code, const char *format, ...) PP_PRINTF(3, 4);

/*
 * End the message with NUL and put question marks for the bytes of control characters and for those
 * that are no UTF-8, for a text that came from another process and may end up on a terminal.
 */
void pp_error_make_printable(struct pp_error *error);
