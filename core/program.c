/* SPDX-License-Identifier: MIT */
/*
 * One program in three roles: what the user started, a zygote, a worker that was spawned. The
 * role is an argument, and the descriptors that come with it prove that it is meant: a user who
 * types the argument gets the program's own complaint about it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/point.h"
#include "core/program.h"
#include "core/worker_process.h"
#include "core/zygote.h"

static bool entered;

static bool is_there_before(const struct pp_task_function *functions, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++) {
        if (strcmp(functions[i].name, functions[index].name) == 0) {
            return true;
        }
    }
    return false;
}

int pp_program_check(const struct pp_program *program, struct pp_error *error)
{
    const struct pp_task_function *functions = program->functions;

    for (uint32_t i = 0; functions[i].name != NULL; i++) {
        size_t length = strlen(functions[i].name);

        if (length == 0 || length > PP_FUNCTION_NAME_MAX) {
            return pp_error_set(error, -EINVAL, "function %u has a name of %zu bytes, not 1 to %d",
                                i, length, PP_FUNCTION_NAME_MAX);
        }
        if (functions[i].run == NULL) {
            return pp_error_set(error, -EINVAL, "the name \"%s\" has no function",
                                functions[i].name);
        }
        if (is_there_before(functions, i)) {
            return pp_error_set(error, -EINVAL, "two functions have the name \"%s\"",
                                functions[i].name);
        }
    }
    return 0;
}

/* Whatever is opened next would take a standard number that is free, and what is printed would go
 * there. */
static void open_standard_fds(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= STDIN_FILENO && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO) {
        close(fd);
    }
}

static bool has_zygote_fd(void)
{
    int type;
    socklen_t length = sizeof(type);

    return getsockopt(PP_ZYGOTE_FD, SOL_SOCKET, SO_TYPE, &type, &length) == 0 &&
           type == SOCK_SEQPACKET;
}

bool pp_program_entered(void)
{
    return entered;
}

void pp_program_enter(const struct pp_program *program, int argc, char **argv)
{
    entered = true;
    open_standard_fds();
    pp_point_follow_environment();
    if (program->share_stdout) {
        pp_worker_process_buffer_lines();
    }
    if (argc == 2 && strcmp(argv[1], PP_ZYGOTE_ROLE) == 0 && has_zygote_fd()) {
        syscall(SYS_close_range, PP_ZYGOTE_FD + 1, ~0u, 0);
        exit(pp_zygote_run(program, PP_ZYGOTE_FD));
    }
    if (argc == 3 && strcmp(argv[1], PP_WORKER_PROCESS_ROLE) == 0 && pp_worker_process_has_fds()) {
        /* Asked for before, but the system forgets it where the program's file gives rights. */
        pp_worker_process_die_with(atoi(argv[2]));
        exit(pp_worker_process_run(program));
    }
}
