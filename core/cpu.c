/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/cgroup.h"
#include "core/cpu.h"

/* Processors in the affinity mask; the mask of a large machine needs more than one try. */
static unsigned affinity_count(void)
{
    for (int cpus = 1024; cpus <= 1 << 20; cpus *= 2) {
        cpu_set_t *set = CPU_ALLOC((size_t)cpus);
        size_t bytes = CPU_ALLOC_SIZE((size_t)cpus);
        int count = 0;

        if (set == NULL) {
            return 1;
        }
        if (sched_getaffinity(0, bytes, set) == 0) {
            count = CPU_COUNT_S(bytes, set);
        } else if (errno != EINVAL) {
            count = 1;
        }
        CPU_FREE(set);
        if (count > 0) {
            return (unsigned)count;
        }
    }
    return 1;
}

/* The quota of one group in whole processors, rounded up; 0 where it sets none. */
static unsigned group_quota(const char *directory, bool v2)
{
    char text[128];
    char period_text[64];
    long long quota = 0;
    long long period = 0;

    if (v2) {
        if (!pp_cgroup_read(directory, "cpu.max", text, sizeof(text)) ||
            sscanf(text, "%lld %lld", &quota, &period) != 2) {
            return 0; /* "max 100000": no quota */
        }
    } else {
        if (!pp_cgroup_read(directory, "cpu.cfs_quota_us", text, sizeof(text)) ||
            !pp_cgroup_read(directory, "cpu.cfs_period_us", period_text, sizeof(period_text))) {
            return 0;
        }
        quota = atoll(text); /* -1: no quota */
        period = atoll(period_text);
    }
    if (quota <= 0 || period <= 0 || quota / period >= UINT_MAX) {
        return 0;
    }
    return (unsigned)((quota + period - 1) / period);
}

static void keep_least(const char *directory, bool v2, void *user)
{
    unsigned *least = user;
    unsigned quota = group_quota(directory, v2);

    if (quota != 0 && (*least == 0 || quota < *least)) {
        *least = quota;
    }
}

unsigned pp_cpu_quota(const char *proc_self)
{
    unsigned least = 0;

    pp_cgroup_visit(proc_self, "cpu", keep_least, &least);
    return least;
}

unsigned pp_cpu_count(void)
{
    unsigned count = affinity_count();
    unsigned quota = pp_cpu_quota("/proc/self");

    return quota != 0 && quota < count ? quota : count;
}
