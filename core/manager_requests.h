/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Manager requests: what a client has asked for, found in what came from it, and carried out
 */

#include "core/manager_peer.h"

/* Answer the first request that was read and is not dealt with, or let it wait. Returns false where
 * it is not there as a whole, or can never be: then the peer is broken. */
bool pp_manager_requests_answer(struct pp_manager_peer *peer);

/* Bytes that are missing of it; 0 where nobody knows. */
size_t pp_manager_requests_missing(const struct pp_manager_peer *peer);
