/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Sealed: bytes in memory that nobody can change any more
 *
 * They travel to another process as a descriptor, and are not copied there: what is mapped is what
 * was sealed, whatever the one who sent it does afterwards.
 */

#include "core/base.h"

/*
 * Copy @length bytes, not 0, into a sealed memfd. Returns 0 with *ret_fd, which the caller closes;
 * -ENOMEM, -ENOSPC or another errno.
 */
PP_MUST_CHECK int pp_sealed_create(int *ret_fd, const void *bytes, size_t length);

/*
 * Map the bytes of @fd, which anybody may have sent, for this process alone: it may write to them
 * and nobody sees it. The caller unmaps them with munmap(), and closes @fd whenever it likes.
 * Returns 0; -EPROTO for what is not sealed, not of @length bytes, or not all there; -ENOMEM.
 */
PP_MUST_CHECK int pp_sealed_map(int fd, size_t length, void **ret_bytes);
