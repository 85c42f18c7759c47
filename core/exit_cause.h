/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Exit cause: how a process ended, in words
 */

#include <stddef.h>

/*
 * Write "was killed by SIGSEGV (Segmentation fault)" or "exited with code 3" into @text, cut to
 * @bytes. @signal: the signal that ended it, or 0; @exit_code counts where it is 0.
 */
void pp_exit_cause(int signal, int exit_code, char *text, size_t bytes);
