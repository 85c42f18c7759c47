/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Water: paint the rows of a column that see a lake or the sea
 */

#include "samples/landscape/view.h"

/* Sky and land of @column are painted already. */
void water_paint(const struct view *view, const struct view_column *column);
