/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/fd_reserve.h"

int pp_fd_reserve_keep(struct pp_fd_reserve *reserve, int like)
{
    if (reserve->count == reserve->capacity) {
        size_t capacity = reserve->capacity * 2 + 8;
        int *fds = reallocarray(reserve->fds, capacity, sizeof(*fds));

        if (fds == NULL) {
            return -ENOMEM;
        }
        reserve->fds = fds;
        reserve->capacity = capacity;
    }
    reserve->fds[reserve->count] = fcntl(like, F_DUPFD_CLOEXEC, 0);
    if (reserve->fds[reserve->count] < 0) {
        return -errno;
    }
    reserve->count++;
    return 0;
}

void pp_fd_reserve_give_up(struct pp_fd_reserve *reserve)
{
    if (reserve->count > 0) {
        close(reserve->fds[--reserve->count]);
    }
}

void pp_fd_reserve_finish(struct pp_fd_reserve *reserve)
{
    while (reserve->count > 0) {
        pp_fd_reserve_give_up(reserve);
    }
    free(reserve->fds);
    *reserve = (struct pp_fd_reserve){0};
}
