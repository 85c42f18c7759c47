/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Manager host: who has started a manager's server, and ends it
 */

#include "core/manager.h"

struct pp_manager_host;

/* The task function of the server's process, known to every program as this name. */
#define PP_MANAGER_FUNCTION "pp.manager"
int pp_manager_host_run(struct pp_call *call);

/*
 * Start a server. Returns 0 with *ret_host, which the caller destroys; an error of
 * pp_manager_start().
 */
PP_MUST_CHECK int pp_manager_host_create(struct pp_manager_host **ret_host,
                                         const struct pp_program *program,
                                         const struct pp_manager_options *options,
                                         struct pp_error *error);

/* Where it listens; owned by the host. */
const char *pp_manager_host_address(const struct pp_manager_host *host);

/* Its process; NULL in a forked child, whose it is not. */
struct pp_process *pp_manager_host_process(const struct pp_manager_host *host);

/* End it. Returns as pp_manager_shutdown(). */
int pp_manager_host_shutdown(struct pp_manager_host *host);

/* The same, and free the host; in a forked child that alone. NULL is fine. */
void pp_manager_host_destroy(struct pp_manager_host *host);
