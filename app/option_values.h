/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Option values: words of the command line to values in their range
 *
 * Each returns true with *ret set, or false with *error saying what is wrong with @text and what
 * is right; the message does not name the option. Independent of the locale.
 */

#include <glib.h>

#include "filters/codec.h"
#include "filters/plan.h"

enum overwrite { OVERWRITE_NEVER, OVERWRITE_OLDER, OVERWRITE_ALWAYS };

enum progress_when { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER };

/* A whole number from @min to @max. */
gboolean option_number(const char *text, int64_t min, int64_t max, int64_t *ret, GError **error);

/* Bytes: a number, or one with K, M, G or T for powers of 1024; at least a mebibyte. */
gboolean option_bytes(const char *text, size_t *ret, GError **error);

/* A count: a number, or one with K, M or G for powers of 1000; at least 1. */
gboolean option_count(const char *text, int64_t *ret, GError **error);

/* Seconds, with a fraction if need be, to milliseconds; 0 stays 0. */
gboolean option_seconds(const char *text, uint32_t *ret_ms, GError **error);

gboolean option_format(const char *text, enum pp_format *ret, GError **error);
gboolean option_plan(const char *text, enum pp_plan_mode *ret, GError **error);
/* The word for @mode, as option_plan() takes it. */
const char *option_plan_word(enum pp_plan_mode mode);
gboolean option_overwrite(const char *text, enum overwrite *ret, GError **error);
gboolean option_progress(const char *text, enum progress_when *ret, GError **error);
