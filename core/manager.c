/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/manager_call.h"
#include "core/manager_host.h"

static const char *reason(int error)
{
    switch (error) {
    case -EPERM:
        return "who answers is another user";
    case -EPROTO:
        return "what answers is no manager of this version";
    case -EUSERS:
        return "the manager has no place for one more client";
    case -ECONNRESET:
        return "the manager has hung up";
    default:
        return strerror(-error);
    }
}

int pp_manager_connect(struct pp_manager **ret_manager, const char *address,
                       const struct pp_manager_connection *connection, struct pp_error *error)
{
    struct pp_manager *manager;
    size_t length = strlen(address);
    int r;

    if (length > PP_MANAGER_ADDRESS_MAX) {
        return pp_error_set(error, -ENAMETOOLONG, "an address has at most %d bytes",
                            PP_MANAGER_ADDRESS_MAX);
    }
    manager = calloc(1, sizeof(*manager));
    if (manager == NULL) {
        return pp_error_set(error, -ENOMEM, "no memory for a manager");
    }
    memcpy(manager->address, address, length);
    manager->socket = -1;
    if (connection != NULL) {
        manager->connection = *connection;
    }
    r = pp_manager_call_connect(manager);
    if (r != 0) {
        pp_manager_destroy(manager);
        return pp_error_set(error, r, "cannot connect to %s: %s", address, reason(r));
    }
    *ret_manager = manager;
    return 0;
}

const char *pp_manager_address(const struct pp_manager *manager)
{
    return manager->address;
}

int pp_manager_remove(struct pp_manager *manager, const char *name)
{
    struct pp_manager_call call;
    size_t length = strnlen(name, PP_MANAGER_NAME_MAX + 1);
    int r;

    if (length > PP_MANAGER_NAME_MAX) {
        return -ENOENT;
    }
    r = pp_manager_call_begin_manager(&call, manager, PP_MANAGER_REMOVE);
    if (r != 0) {
        return r;
    }
    pp_frame_put_text(call.request, name, length);
    r = pp_manager_call_wait(&call);
    return pp_manager_call_end(&call, r);
}

struct pp_process *pp_manager_process(const struct pp_manager *manager)
{
    return manager->host != NULL ? pp_manager_host_process(manager->host) : NULL;
}

int pp_manager_shutdown(struct pp_manager *manager)
{
    return manager->host != NULL ? pp_manager_host_shutdown(manager->host) : -EPERM;
}

void pp_manager_destroy(struct pp_manager *manager)
{
    if (manager == NULL) {
        return;
    }
    pp_manager_host_destroy(manager->host);
    if (manager->socket >= 0) {
        close(manager->socket);
    }
    pp_frame_writer_finish(&manager->request);
    pp_frame_writer_finish(&manager->answer);
    free(manager);
}

int pp_manager_start(struct pp_manager **ret_manager, const struct pp_program *program,
                     const struct pp_manager_options *options, struct pp_error *error)
{
    struct pp_manager_host *host;
    int r = pp_manager_host_create(&host, program, options, error);

    if (r != 0) {
        return r;
    }
    r = pp_manager_connect(ret_manager, pp_manager_host_address(host), NULL, error);
    if (r != 0) {
        pp_manager_host_destroy(host);
        return r;
    }
    (*ret_manager)->host = host;
    return 0;
}
