/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Plan memory: what the stages of a plan take
 *
 * Part of filters/plan.c.
 */

#include "filters/plan.h"

/*
 * Fill in the bytes of @plan, which is complete but for them.
 *
 * Returns 0; -EOVERFLOW where the image does not fit the address space; what pp_image_init() does
 * for an image that is none.
 */
PP_MUST_CHECK int pp_plan_memory_measure(struct pp_plan *plan, struct pp_error *error);
