/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"

static bool level_is_on(enum pp_log_level level)
{
    const char *wanted = getenv("PIXPOOL_LOG");

    if (wanted == NULL) {
        return false;
    }
    return strcmp(wanted, "debug") == 0 || (level == PP_LOG_INFO && strcmp(wanted, "info") == 0);
}

void pp_log(enum pp_log_level level, const char *part, const char *format, ...)
{
    char line[512];
    va_list arguments;
    int length;
    size_t used;

    if (!level_is_on(level)) {
        return;
    }
    length = snprintf(line, sizeof(line),
                      "%llu pixpool[%d] %s: ", (unsigned long long)(pp_clock_ns() / 1000000),
                      (int)getpid(), part);
    va_start(arguments, format);
    vsnprintf(line + length, sizeof(line) - (size_t)length - 1, format, arguments);
    va_end(arguments);
    used = strlen(line);
    line[used++] = '\n';
    /* A log that cannot be written must not stop the work. */
    if (write(STDERR_FILENO, line, used) < 0) {
        return;
    }
}
