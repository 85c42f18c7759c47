/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Walk: find what each row of a column sees
 */

#include "samples/landscape/view.h"

/* Fill the depth of @column. */
void walk_land(const struct view *view, const struct view_column *column);
