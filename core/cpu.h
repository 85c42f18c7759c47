/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Cpu: how many workers make sense
 */

/*
 * Processors that this process may use at once: the least of its affinity mask and of the CPU
 * quota of every control group above it (version 1 and 2), rounded up; at least 1.
 * Python: os.process_cpu_count(), with the quota that it forgets. Any thread.
 */
unsigned pp_cpu_count(void);

/*
 * The quota alone, in whole processors rounded up; 0 where there is none.
 * @proc_self: as in pp_cgroup_visit() (core/cgroup.h).
 */
unsigned pp_cpu_quota(const char *proc_self);
