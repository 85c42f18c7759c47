/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Suggest: the word that was meant
 */

#include <glib.h>

/*
 * The one of @words (ends with NULL) that is closest to @word, if it is close enough to be a slip
 * of the fingers: at most a third of its letters differ. NULL where none is.
 */
const char *suggest(const char *word, const char *const *words);
