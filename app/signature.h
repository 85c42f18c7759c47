/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Signature: what a file's first bytes say that it is
 *
 * Cheap and safe enough for the host to ask about every file of a directory: a few comparisons, no
 * parsing. Only a guess: a worker reads the header and has the last word (filters/codec.h).
 */

#include "filters/codec.h"

/* Bytes from the start of a file that are worth reading. */
#define SIGNATURE_BYTES 1024

/*
 * The format whose signature @bytes (the first @length of a file) carry: PP_FORMAT_OTHER for an
 * image of a kind without a name of its own here, PP_FORMAT_UNKNOWN where nothing is recognised.
 */
enum pp_format signature_format(const uint8_t *bytes, size_t length);

/*
 * Whether people would call a file of that name an image. Decides nothing about how it is read:
 * only whether a file without a signature is worth an error message or can be passed over.
 */
bool signature_expected(const char *name);
