/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * UTF-8: which bytes are a character, where somebody else wrote them
 */

#include "core/base.h"

/*
 * How many bytes the character at @text has, which a NUL ends: 1 to 4; 1 for that NUL; 0 where no
 * character begins there.
 */
size_t pp_utf8_measure(const char *text);
