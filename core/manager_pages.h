/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Manager pages: a snapshot of an object, that a client fetches page by page
 */

#include "core/manager_peer.h"

/*
 * Begin a snapshot of @count entries, for the peer that asks: of @width items each, of which the
 * first one is a key where they are @keyed. Returns where references to them are to be put, and
 * begins the answer; NULL where there is no room.
 */
struct pp_manager_stored **pp_manager_pages_begin(struct pp_manager_request *request, size_t count,
                                                  size_t width, bool keyed);

/* Put the next page into the answer. Returns an outcome: of PP_MANAGER_MORE, and of what began. */
int pp_manager_pages_next(struct pp_manager_request *request);

/* Drop what is left. All zero is fine. */
void pp_manager_pages_finish(struct pp_manager_peer *peer);
