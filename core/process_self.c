/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/nesting.h"
#include "core/point.h"
#include "core/process_private.h"

/* Written before the first task runs, constant then. */
static struct {
    bool is_worker;
    bool daemon;
    int host_pid; /* 0: this process was started by somebody else */
    char name[PP_PROCESS_NAME_MAX + 1];
} self = {.name = "MainProcess"};

void pp_process_self_become_worker(void)
{
    self.is_worker = true;
}

void pp_process_self_set(const struct pp_start_message *start)
{
    if (!self.is_worker) {
        return; /* on a thread, or in the host itself */
    }
    if (start->once == 0) {
        pp_nesting_become_worker(); /* one that runs a single function may have a pool of its own */
    }
    pp_point_be_process(PP_POINT_WORKER(start->number));
    self.daemon = start->daemon != 0;
    self.host_pid = start->host_pid;
    memcpy(self.name, start->name, sizeof(self.name));
    self.name[PP_PROCESS_NAME_MAX] = '\0';
}

struct pp_process_self pp_process_current(void)
{
    return (struct pp_process_self){
        .name = self.name,
        .pid = getpid(),
        .parent_pid = self.host_pid != 0 ? self.host_pid : getppid(),
        .daemon = self.daemon,
    };
}
