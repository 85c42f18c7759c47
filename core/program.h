/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Program: the table of functions, checked, and the roles that one program plays
 */

#include "core/task.h"

/* The longest name of a function, in bytes. */
#define PP_FUNCTION_NAME_MAX 47

/*
 * Is every name of the table usable, and there once? Found out when a pool is made: two functions
 * of one name would be found only by the wrong one being called.
 * Returns 0; or -EINVAL with the name in @error.
 */
PP_MUST_CHECK int pp_program_check(const struct pp_program *program, struct pp_error *error);

/*
 * Whether main() called pp_program_enter(), so that starting this program again gives a zygote or a
 * worker.
 */
bool pp_program_entered(void);
