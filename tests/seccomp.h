/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Seccomp: a child whom the kernel kills when it makes one certain system call
 *
 * So a test sees whether a call was made, whatever came of it.
 */

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "tests/processes.h"

/* What a child returns where this system does not let it. */
#define SECCOMP_SKIP 77

/* From here on the caller, a child, dies with the system call @number. False where this system does
 * not let a process filter its calls. */
static inline bool forbid_call(uint32_t number)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = G_N_ELEMENTS(code), .filter = code};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}
