/* SPDX-License-Identifier: MIT */
#include "core/nesting.h"

static bool process_is_worker; /* set before the worker has other threads */
static _Thread_local unsigned depth;

void pp_nesting_become_worker(void)
{
    process_is_worker = true;
}

void pp_nesting_enter(void)
{
    depth++;
}

void pp_nesting_leave(void)
{
    depth--;
}

bool pp_nesting_is_inside(void)
{
    return process_is_worker || depth > 0;
}
