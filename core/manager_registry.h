/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Manager registry: the objects of a manager's server, by name and by number
 */

#include "core/manager_server.h"

/* The object with the number @id; NULL where there is none. */
struct pp_manager_object *pp_manager_registry_find(const struct pp_manager_server *server,
                                                   uint64_t id);

/* PP_MANAGER_OPEN and PP_MANAGER_REMOVE. Return outcomes. */
int pp_manager_registry_open(struct pp_manager_server *server, struct pp_manager_request *request);
int pp_manager_registry_remove(struct pp_manager_server *server,
                               struct pp_manager_request *request);

/* Drop all objects; nobody is connected any more. */
void pp_manager_registry_finish(struct pp_manager_server *server);
