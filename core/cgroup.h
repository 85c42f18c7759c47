/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Cgroup: where the limits of this process are written
 *
 * Limits of a control group hold for all groups below it, so whoever asks for a limit must ask
 * every ancestor. This walks them, for version 1 and version 2 alike.
 */

#include "core/base.h"

/* Told of one directory of the hierarchy; @v2 says which version's files lie there. */
typedef void (*pp_cgroup_fn)(const char *directory, bool v2, void *user);

/*
 * Call @visit for the group of this process and each ancestor that is mounted, in every hierarchy
 * that has @controller ("cpu", "memory").
 *
 * @proc_self: "/proc/self", or a directory with files cgroup and mountinfo like those there.
 * Calls nothing where the files cannot be read. Any thread.
 */
void pp_cgroup_visit(const char *proc_self, const char *controller, pp_cgroup_fn visit, void *user);

/*
 * Read the first line of the file @name in @directory into @text, without its end.
 * Returns false where there is none.
 */
bool pp_cgroup_read(const char *directory, const char *name, char *text, size_t bytes);
