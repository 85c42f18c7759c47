/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Name: file names, which are bytes, shown to people
 */

#include <glib.h>

/*
 * @path as text for a terminal: control characters and bytes that are not UTF-8 become \xNN, so a
 * name can neither move the cursor nor pass for another. Newly allocated.
 */
char *name_display(const char *path);
