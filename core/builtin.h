/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Builtin: the task functions of core itself, which no program lists
 *
 * A function travels as its index: those of the program's table come first, core's own behind
 * them. Host and workers are the same program, so an index means the same function in each.
 */

#include "core/task.h"

/* Core's own functions; names begin with "pp.". Ends with a NULL name. */
extern const struct pp_task_function pp_builtin_functions[];

/* Find the index of function @name. Returns 0 with *ret_index, or -ENOENT. */
PP_MUST_CHECK int pp_builtin_find(const struct pp_program *program, const char *name,
                                  uint32_t *ret_index);

/* The function that has @index; NULL where there is none. */
const struct pp_task_function *pp_builtin_function(const struct pp_program *program,
                                                   uint32_t index);
