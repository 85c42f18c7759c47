/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Land: paint the rows of a column that see land
 */

#include "samples/landscape/view.h"

void land_paint(const struct view *view, const struct view_column *column);
