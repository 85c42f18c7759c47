/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Output file: written whole, or not at all
 *
 * The bytes go to a temporary name in the directory of the output, ".pixpool-" and six letters,
 * which is renamed when all is written and closed. Whatever stops it in between, the output's own
 * name shows the old file, the new one, or none.
 */

#include <stdbool.h>

#include "core/error.h"

/*
 * Write @length bytes to the file @path, whose directories are made where they are missing; the
 * permissions are those that the process's mask leaves.
 *
 * @replace: whether a file of that name is replaced; if not, one that turns up while this works is
 * left alone.
 * Returns 0; or a negative errno with a message that names the output, nothing left behind:
 * -EEXIST where there is one and @replace is false.
 */
PP_MUST_CHECK int output_file_write(const char *path, const void *bytes, size_t length,
                                    bool replace, struct pp_error *error);

/* Make the directory @path and those above it. Returns 0 (also where it is there) or an errno. */
PP_MUST_CHECK int output_directory_make(const char *path, struct pp_error *error);
