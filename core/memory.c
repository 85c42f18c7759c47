/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cgroup.h"
#include "core/memory.h"

/* Find "@name VALUE" in a file of such lines; false where it is not there. */
static bool read_field(const char *path, const char *name, unsigned long long *ret_value)
{
    FILE *file = fopen(path, "re");
    char line[256];
    size_t length = strlen(name);
    bool found = false;

    while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, name, length) == 0 && (line[length] == ' ' || line[length] == ':')) {
            found = sscanf(line + length + 1, "%llu", ret_value) == 1;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return found;
}

static void keep_least(const char *directory, bool v2, void *user)
{
    size_t *least = user;
    char limit_text[64];
    char used_text[64];
    unsigned long long limit;
    unsigned long long used;

    if (!pp_cgroup_read(directory, v2 ? "memory.max" : "memory.limit_in_bytes", limit_text,
                        sizeof(limit_text)) ||
        !pp_cgroup_read(directory, v2 ? "memory.current" : "memory.usage_in_bytes", used_text,
                        sizeof(used_text)) ||
        sscanf(limit_text, "%llu", &limit) != 1 || sscanf(used_text, "%llu", &used) != 1) {
        return; /* "max": no limit */
    }
    limit = limit > used ? limit - used : 0;
    if (limit < *least) {
        *least = (size_t)limit;
    }
}

size_t pp_memory_available(const char *proc)
{
    size_t least = SIZE_MAX;
    char path[PATH_MAX];
    unsigned long long kilobytes;

    snprintf(path, sizeof(path), "%s/meminfo", proc);
    if (read_field(path, "MemAvailable", &kilobytes)) {
        least = (size_t)kilobytes * 1024;
    }
    snprintf(path, sizeof(path), "%s/self", proc);
    pp_cgroup_visit(path, "memory", keep_least, &least);
    return least;
}

uint64_t pp_memory_oom_kills(void)
{
    unsigned long long kills = 0;

    return read_field("/proc/vmstat", "oom_kill", &kills) ? kills : 0;
}
