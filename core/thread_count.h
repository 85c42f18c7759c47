/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Thread count: who else is in this process, for those who want to fork it
 */

/* How many threads this process has, 1 or more; or a negative errno where /proc does not say. */
int pp_thread_count(void);
