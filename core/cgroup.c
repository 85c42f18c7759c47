/* SPDX-License-Identifier: MIT */
/*
 * Two files tell where a process stands. /proc/self/cgroup has a line "ID:CONTROLLERS:PATH" per
 * hierarchy (version 2: ID 0, no controllers). /proc/self/mountinfo says where hierarchies are
 * mounted, and which of their directories is the root of the mount: in a container that root is
 * often the container's own group, and PATH still starts with it. So a group's directory is
 *
 *     mount point + (PATH without the root of the mount)
 *
 * and its ancestors are the directories above, up to the mount point.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cgroup.h"

struct mount {
    char root[PATH_MAX];
    char point[PATH_MAX];
    bool v2;
};

static FILE *open_in(const char *directory, const char *name)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path)) {
        return NULL;
    }
    return fopen(path, "re");
}

bool pp_cgroup_read(const char *directory, const char *name, char *text, size_t bytes)
{
    FILE *file = open_in(directory, name);
    bool found;

    if (file == NULL) {
        return false;
    }
    found = fgets(text, (int)bytes, file) != NULL;
    fclose(file);
    if (found) {
        text[strcspn(text, "\n")] = '\0';
    }
    return found;
}

/* Whether @word is one of the comma separated words of @list. */
static bool list_has(const char *list, const char *word)
{
    size_t length = strlen(word);

    while (list != NULL) {
        if (strncmp(list, word, length) == 0 && (list[length] == ',' || list[length] == '\0')) {
            return true;
        }
        list = strchr(list, ',');
        list = list == NULL ? NULL : list + 1;
    }
    return false;
}

/* Take a line of mountinfo apart; false where it is no hierarchy that has @controller. */
static bool parse_mount(char *line, const char *controller, struct mount *mount)
{
    char *tail = strstr(line, " - ");
    char type[32];
    char options[1024];

    if (tail == NULL || sscanf(tail, " - %31s %*s %1023s", type, options) != 2) {
        return false;
    }
    if (sscanf(line, "%*s %*s %*s %4095s %4095s", mount->root, mount->point) != 2) {
        return false;
    }
    mount->v2 = strcmp(type, "cgroup2") == 0;
    return mount->v2 || (strcmp(type, "cgroup") == 0 && list_has(options, controller));
}

/* Find the path of this process in the hierarchy of @mount. */
static bool find_path(const char *proc_self, const char *controller, bool v2, char *path)
{
    FILE *file = open_in(proc_self, "cgroup");
    char line[PATH_MAX + 256];
    bool found = false;

    while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL) {
        char *controllers = strchr(line, ':');
        char *end = controllers == NULL ? NULL : strchr(controllers + 1, ':');

        if (end == NULL) {
            continue;
        }
        *end = '\0';
        end[1 + strcspn(end + 1, "\n")] = '\0';
        found = v2 ? strcmp(line, "0:") == 0 : list_has(controllers + 1, controller);
        if (found) {
            snprintf(path, PATH_MAX, "%s", end + 1);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return found;
}

static void visit_up(const struct mount *mount, const char *path, pp_cgroup_fn visit, void *user)
{
    char directory[2 * PATH_MAX];
    size_t root = strcmp(mount->root, "/") == 0 ? 0 : strlen(mount->root);
    size_t point = strlen(mount->point);

    if (strncmp(path, mount->root, root) == 0) {
        path += root;
    }
    snprintf(directory, sizeof(directory), "%s%s", mount->point, path);
    for (;;) {
        size_t length = strlen(directory);

        while (length > point && directory[length - 1] == '/') {
            directory[--length] = '\0';
        }
        visit(directory, mount->v2, user);
        if (length <= point) {
            return;
        }
        *strrchr(directory, '/') = '\0';
    }
}

void pp_cgroup_visit(const char *proc_self, const char *controller, pp_cgroup_fn visit, void *user)
{
    FILE *file = open_in(proc_self, "mountinfo");
    char line[2 * PATH_MAX + 2048];
    struct mount mount;
    char path[PATH_MAX];

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (parse_mount(line, controller, &mount) &&
            find_path(proc_self, controller, mount.v2, path)) {
            visit_up(&mount, path, visit, user);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}
