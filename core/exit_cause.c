/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "core/exit_cause.h"

void pp_exit_cause(int signal, int exit_code, char *text, size_t bytes)
{
    const char *name = signal == 0 ? NULL : sigabbrev_np(signal);

    if (signal == 0) {
        snprintf(text, bytes, "exited with code %d", exit_code);
    } else if (name == NULL) {
        snprintf(text, bytes, "was killed by signal %d", signal);
    } else {
        snprintf(text, bytes, "was killed by SIG%s (%s)", name, sigdescr_np(signal));
    }
}
