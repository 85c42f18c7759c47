/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Memfd: memory that is a descriptor, without a name in any file system
 *
 * It is gone with the last process that has it open or mapped, however they end.
 */

#include "core/base.h"

/*
 * Open an empty one that can be sealed, closed on exec, and not executable where the kernel can say
 * so. @name is for people who look into /proc. Returns the descriptor, which the caller closes, or
 * a negative errno.
 */
PP_MUST_CHECK int pp_memfd_open(const char *name);
