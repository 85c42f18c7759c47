/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Manager address: the socket that a manager listens at, as a file
 *
 * Made so that nobody else can connect from the first moment on, taken away by who has made it, and
 * by the next one where that was killed.
 */

#include "core/manager.h"

/* Where a server listens. */
struct pp_manager_address {
    char path[PP_MANAGER_ADDRESS_MAX + 1];
    char directory[PP_MANAGER_ADDRESS_MAX + 1]; /* made for it alone; "": it was there */
    int listener;                               /* -1: none */
    int directory_lock; /* held by all who have the descriptor: somebody lives in the directory; -1:
                           it is nobody's */
};

/*
 * Listen at @path, or in a fresh private directory where that is NULL.
 * Returns 0 with *address, which the caller closes, or removes; an error of pp_manager_start().
 */
PP_MUST_CHECK int pp_manager_address_listen(struct pp_manager_address *address, const char *path,
                                            struct pp_error *error);

/* Close the descriptors here; the file stays. */
void pp_manager_address_close(struct pp_manager_address *address);

/* The same, and take the file away where nobody listens any more, with the directory that was made
 * for it. All who have had the socket have to be gone; or another one listens at the path: then it
 * stays. */
void pp_manager_address_remove(struct pp_manager_address *address);

/*
 * Connect to who listens at @path. @any_user: whoever that is.
 * Returns 0 with *ret_socket, closed on exec; -EPERM where that is another user; -ENAMETOOLONG;
 * another errno.
 */
PP_MUST_CHECK int pp_manager_address_connect(const char *path, bool any_user, int *ret_socket);
