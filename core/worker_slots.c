/* SPDX-License-Identifier: MIT */
/*
 * A slot is mapped when it first comes and stays mapped until the host says that it is gone: fresh
 * mappings would cost their page faults again with every photo.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/wire.h"
#include "core/worker_private.h"

struct pp_worker_mapped {
    struct pp_slot slot;
    struct pp_worker_mapped *next;
};

static struct pp_worker_mapped *find_mapped(struct pp_worker *worker, uint32_t id)
{
    struct pp_worker_mapped *mapped = worker->mapped;

    while (mapped != NULL && mapped->slot.id != id) {
        mapped = mapped->next;
    }
    return mapped;
}

static int attach(struct pp_worker *worker, uint32_t id, int fd, size_t capacity)
{
    struct pp_worker_mapped *mapped = calloc(1, sizeof(*mapped));
    int r;

    if (mapped == NULL) {
        close(fd);
        return -ENOMEM;
    }
    r = pp_slot_attach(&mapped->slot, id, fd, capacity);
    if (r != 0) {
        free(mapped);
        return r;
    }
    mapped->next = worker->mapped;
    worker->mapped = mapped;
    return 0;
}

void pp_worker_forget(struct pp_worker *worker, uint32_t id)
{
    for (struct pp_worker_mapped **at = &worker->mapped; *at != NULL; at = &(*at)->next) {
        if ((*at)->slot.id == id) {
            struct pp_worker_mapped *mapped = *at;

            *at = mapped->next;
            pp_slot_finish(&mapped->slot);
            free(mapped);
            return;
        }
    }
}

/* Fill in slot @index of @call, which has the number @id and was mapped before. */
static int fill_in(struct pp_worker *worker, struct pp_call *call, uint32_t index, uint32_t id)
{
    const struct pp_worker_mapped *mapped = find_mapped(worker, id);

    if (mapped == NULL) {
        return -EPROTO;
    }
    call->slots[index].bytes = mapped->slot.bytes;
    call->slots[index].capacity = mapped->slot.capacity;
    return 0;
}

int pp_worker_take_slots(struct pp_worker *worker, const struct pp_task_message *task,
                         struct pp_message *message, struct pp_call *call, uint32_t *ret_fds_used)
{
    uint32_t used = 0;

    for (uint32_t i = 0; i < task->slot_count; i++) {
        int r = 0;

        if (task->slots[i].attached) {
            r = used < message->fd_count
                    ? attach(worker, task->slots[i].id, pp_message_take_fd(message, used++),
                             task->slots[i].capacity)
                    : -EPROTO;
        }
        if (r == 0) {
            r = fill_in(worker, call, i, task->slots[i].id);
        }
        if (r != 0) {
            return r;
        }
    }
    call->slot_count = task->slot_count;
    *ret_fds_used = used;
    return 0;
}

int pp_worker_use_slots(struct pp_worker *worker, const uint32_t *ids, uint32_t count,
                        struct pp_call *call)
{
    for (uint32_t i = 0; i < count; i++) {
        int r = fill_in(worker, call, i, ids[i]);

        if (r != 0) {
            return r;
        }
    }
    call->slot_count = count;
    return 0;
}

void pp_worker_forget_all(struct pp_worker *worker)
{
    while (worker->mapped != NULL) {
        pp_worker_forget(worker, worker->mapped->slot.id);
    }
}
