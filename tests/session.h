/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Session: what is left of a family of processes
 *
 * A test gives a family a session of its own (setsid()), which nothing of it ever leaves.
 */

#include <dirent.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct process {
    pid_t pid;
    char state;
    pid_t parent;
    pid_t session;
};

/* Returns false where process @pid is gone. */
static inline bool look_at_process(const char *pid, struct process *process)
{
    char path[300];
    char text[512];
    const char *after_name;
    FILE *file;
    size_t length;

    g_snprintf(path, sizeof(path), "/proc/%s/stat", pid);
    file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    length = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[length] = '\0';
    after_name = strrchr(text, ')');
    process->pid = atoi(pid);
    return after_name != NULL && sscanf(after_name + 1, " %c %d %*d %d", &process->state,
                                        &process->parent, &process->session) == 3;
}

/*
 * How many processes are in @session but for the caller. The dead among them count if the caller is
 * to reap them: those are reaped now. Sends @number, if not 0, to each.
 */
static inline unsigned count_session(pid_t session, int number)
{
    DIR *directory = opendir("/proc");
    const struct dirent *entry;
    unsigned count = 0;

    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        struct process process;

        if (!g_ascii_isdigit(entry->d_name[0]) || !look_at_process(entry->d_name, &process) ||
            process.session != session || process.pid == getpid()) {
            continue;
        }
        if (process.state != 'Z') {
            count++;
            kill(process.pid, number);
        } else if (process.parent == getpid()) {
            count++;
            waitpid(process.pid, NULL, WNOHANG);
        }
    }
    if (directory != NULL) {
        closedir(directory);
    }
    return count;
}

/* Descriptors of the calling process. */
static inline unsigned count_fds(void)
{
    DIR *directory = opendir("/proc/self/fd");
    unsigned count = 0;

    g_assert_nonnull(directory);
    while (readdir(directory) != NULL) {
        count++;
    }
    closedir(directory);
    return count;
}
