/* SPDX-License-Identifier: MIT */
/*
 * Processors and memory as containers limit them, read from files that the test writes in the
 * kernel's formats: the real ones differ from machine to machine.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <sched.h>

#include "core/cpu.h"
#include "core/memory.h"

static char *root;

static void put(const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(root, name, NULL);
    g_autofree char *directory = g_path_get_dirname(path);

    g_assert_cmpint(g_mkdir_with_parents(directory, 0700), ==, 0);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* A fresh directory with proc/self as a process sees it that runs under @mounts, where "ROOT"
 * stands for it. */
static void set_up(const char *cgroup, const char *mounts)
{
    g_auto(GStrv) pieces = g_strsplit(mounts, "ROOT", -1);
    g_autofree char *mountinfo = g_strjoinv(root, pieces);

    put("proc/self/cgroup", cgroup);
    put("proc/self/mountinfo", mountinfo);
}

static unsigned quota(void)
{
    g_autofree char *self = g_build_filename(root, "proc/self", NULL);

    return pp_cpu_quota(self);
}

#define V2_MOUNT                                                                                   \
    "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"                                                        \
    "29 22 0:26 / ROOT/v2 rw,nosuid shared:4 - cgroup2 cgroup2 rw\n"
#define V1_MOUNTS                                                                                  \
    "30 22 0:27 / ROOT/cpu rw,nosuid - cgroup cgroup rw,cpu,cpuacct\n"                             \
    "31 22 0:28 / ROOT/memory rw - cgroup cgroup rw,memory\n"

/* The group itself allows 8, the one above it 2.5: no process below can use more. */
static void test_the_quota_of_an_ancestor_counts(void)
{
    set_up("0::/a/b\n", V2_MOUNT);
    put("v2/a/b/cpu.max", "800000 100000\n");
    put("v2/a/cpu.max", "250000 100000\n");
    put("v2/cpu.max", "max 100000\n");
    g_assert_cmpuint(quota(), ==, 3);
    put("v2/a/cpu.max", "max 100000\n");
    g_assert_cmpuint(quota(), ==, 8);
    put("v2/a/b/cpu.max", "max 100000\n");
    g_assert_cmpuint(quota(), ==, 0);
}

static void test_half_a_processor_is_one(void)
{
    set_up("0::/\n", V2_MOUNT);
    put("v2/cpu.max", "50000 100000\n");
    g_assert_cmpuint(quota(), ==, 1);
}

static void test_version_1_sets_quotas_too(void)
{
    set_up("4:cpu,cpuacct:/job\n2:memory:/job\n", V1_MOUNTS);
    put("cpu/job/cpu.cfs_quota_us", "-1\n");
    put("cpu/job/cpu.cfs_period_us", "100000\n");
    g_assert_cmpuint(quota(), ==, 0);
    put("cpu/job/cpu.cfs_quota_us", "400000\n");
    g_assert_cmpuint(quota(), ==, 4);
}

/* In a container the mount's root is the container's own group, and the path begins with it. */
static void test_a_mount_of_a_group_is_followed(void)
{
    set_up("0::/docker/abc/job\n", "29 22 0:26 /docker/abc ROOT/v2 rw - cgroup2 cgroup2 rw\n");
    put("v2/job/cpu.max", "max 100000\n");
    put("v2/cpu.max", "100000 100000\n");
    g_assert_cmpuint(quota(), ==, 1);
}

static void test_unreadable_limits_are_none(void)
{
    g_assert_cmpuint(pp_cpu_quota("/nowhere"), ==, 0);
    g_assert_cmpuint(pp_memory_available("/nowhere"), ==, SIZE_MAX);
    set_up("nonsense\n:::\n", "29 22\n- - -\n");
    g_assert_cmpuint(quota(), ==, 0);
}

static void test_memory_is_the_least_that_anybody_leaves(void)
{
    g_autofree char *proc = g_build_filename(root, "proc", NULL);

    set_up("4:cpu,cpuacct:/job\n2:memory:/job\n", V1_MOUNTS);
    put("proc/meminfo", "MemTotal:       24000000 kB\nMemAvailable:    1000 kB\n");
    put("memory/job/memory.limit_in_bytes", "9223372036854771712\n");
    put("memory/job/memory.usage_in_bytes", "4096\n");
    g_assert_cmpuint(pp_memory_available(proc), ==, 1024000);
    put("memory/job/memory.limit_in_bytes", "500000\n");
    put("memory/job/memory.usage_in_bytes", "200000\n");
    g_assert_cmpuint(pp_memory_available(proc), ==, 300000);
    put("memory/job/memory.usage_in_bytes", "600000\n");
    g_assert_cmpuint(pp_memory_available(proc), ==, 0);
}

/* Pinned to one processor, a process must not count the machine's others. */
static void test_the_affinity_mask_counts(void)
{
    cpu_set_t before;
    cpu_set_t one;
    int cpu = 0;

    g_assert_cmpint(sched_getaffinity(0, sizeof(before), &before), ==, 0);
    while (!CPU_ISSET(cpu, &before)) {
        cpu++;
    }
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    g_assert_cmpint(sched_setaffinity(0, sizeof(one), &one), ==, 0);
    g_assert_cmpuint(pp_cpu_count(), ==, 1);
    g_assert_cmpint(sched_setaffinity(0, sizeof(before), &before), ==, 0);
    g_assert_cmpuint(pp_cpu_count(), >=, 1);
    g_assert_cmpint((int)pp_cpu_count(), <=, CPU_COUNT(&before));
}

static void remove_tree(const char *path)
{
    g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
    const char *name;

    while (directory != NULL && (name = g_dir_read_name(directory)) != NULL) {
        g_autofree char *child = g_build_filename(path, name, NULL);

        remove_tree(child);
    }
    g_remove(path);
}

static void in_fresh_directory(gconstpointer test)
{
    root = g_dir_make_tmp("pixpool-limits-XXXXXX", NULL);
    g_assert_nonnull(root);
    ((void (*)(void))(uintptr_t)test)();
    remove_tree(root);
    g_free(root);
}

static void add(const char *name, void (*test)(void))
{
    g_test_add_data_func(name, (gconstpointer)(uintptr_t)test, in_fresh_directory);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("/limits/the-quota-of-an-ancestor-counts", test_the_quota_of_an_ancestor_counts);
    add("/limits/half-a-processor-is-one", test_half_a_processor_is_one);
    add("/limits/version-1-sets-quotas-too", test_version_1_sets_quotas_too);
    add("/limits/a-mount-of-a-group-is-followed", test_a_mount_of_a_group_is_followed);
    add("/limits/unreadable-limits-are-none", test_unreadable_limits_are_none);
    add("/limits/memory-is-the-least-that-anybody-leaves",
        test_memory_is_the_least_that_anybody_leaves);
    add("/limits/the-affinity-mask-counts", test_the_affinity_mask_counts);
    return g_test_run();
}
