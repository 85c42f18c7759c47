/* SPDX-License-Identifier: MIT */
/*
 * What killed processes left in /dev/shm: whole blocks, and where the system has no files without a
 * name also halves of some.
 *
 * A block is left behind when its creator is dead. That others have it mapped does not matter, they
 * keep it; but nobody can be found out to be about to attach, so sweeping is for whoever knows that
 * the program as a whole has gone. Blocks of other pid namespaces are let alone, for their creators
 * cannot be seen from here.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/participant.h"
#include "core/shared_memory_file.h"

struct sweep {
    bool remove;
    pp_shared_memory_leftover_fn found;
    void *user;
    uint64_t namespace;
    int count;
};

/* The part of @text behind @prefix; NULL where it begins otherwise. */
static const char *without_prefix(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);

    return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

static bool is_left_behind(const struct sweep *sweep, uint64_t namespace, uint64_t creator)
{
    return namespace != 0 && namespace == sweep->namespace && creator != PP_PARTICIPANT_NOBODY &&
           !pp_participant_is_alive(creator);
}

static void look_at_block(struct sweep *sweep, const char *name, const char *path)
{
    struct pp_shared_memory_header header;
    int fd;

    if (pp_shared_memory_file_open(path, &fd, &header) != 0) {
        return; /* somebody else's, or gone already */
    }
    if (is_left_behind(sweep, header.namespace, header.creator) &&
        (!sweep->remove || pp_shared_memory_file_unlink(path, fd) == 0)) {
        sweep->count++;
        if (sweep->found != NULL) {
            sweep->found(name, pp_participant_pid(header.creator), header.bytes, sweep->user);
        }
    }
    close(fd);
}

/* Half a block has no name that anybody could attach by, so nobody is told of it. */
static void look_at_temporary(const struct sweep *sweep, const char *rest, const char *path)
{
    unsigned long long namespace;
    unsigned long long creator;

    if (sweep->remove && sscanf(rest, "%llx-%llx-", &namespace, &creator) == 2 &&
        is_left_behind(sweep, namespace, creator)) {
        unlink(path); /* where it is another user's, that is refused */
    }
}

int pp_shared_memory_sweep(bool remove, pp_shared_memory_leftover_fn found, void *user)
{
    struct sweep sweep = {
        .remove = remove,
        .found = found,
        .user = user,
        .namespace = pp_shared_memory_file_namespace(),
    };
    DIR *directory = opendir(PP_SHARED_MEMORY_DIRECTORY);

    if (directory == NULL) {
        return -errno;
    }
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        const char *name = without_prefix(entry->d_name, PP_SHARED_MEMORY_PREFIX);
        const char *rest = without_prefix(entry->d_name, PP_SHARED_MEMORY_TEMPORARY);
        char path[sizeof(PP_SHARED_MEMORY_DIRECTORY) + sizeof(entry->d_name)];

        snprintf(path, sizeof(path), PP_SHARED_MEMORY_DIRECTORY "/%s", entry->d_name);
        if (name != NULL) {
            look_at_block(&sweep, name, path);
        } else if (rest != NULL) {
            look_at_temporary(&sweep, rest, path);
        }
    }
    closedir(directory);
    return sweep.count;
}
