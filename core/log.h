/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Log: what the engine does, for those who debug it
 *
 * Off unless the environment variable PIXPOOL_LOG is "info" or "debug". Each line is one write() to
 * standard error, with the time in milliseconds, the pid and the part that speaks, so that lines of
 * many processes do not mix. Users never need it: errors travel as data.
 */

#include "core/base.h"

enum pp_log_level { PP_LOG_INFO = 1, PP_LOG_DEBUG };

/* Write a line if @level is on. @part is a word ("pool"). Any thread, any process. */
void pp_log(enum pp_log_level level, const char *part, const char *format, ...) PP_PRINTF(3, 4);
