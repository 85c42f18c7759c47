/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"

int pp_error_set(struct pp_error *error, int code, const char *format, ...)
{
    va_list arguments;

    if (error == NULL) {
        return code;
    }
    error->code = code;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof(error->message), format, arguments);
    va_end(arguments);
    return code;
}

int pp_error_set_errno(struct pp_error *error, int code, const char *format, ...)
{
    va_list arguments;
    size_t length;
    char text[80];

    if (error == NULL) {
        return code;
    }
    error->code = code;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof(error->message), format, arguments);
    va_end(arguments);
    length = strlen(error->message);
    snprintf(error->message + length, sizeof(error->message) - length, ": %s",
             strerror_r(-code, text, sizeof(text)));
    return code;
}

void pp_error_make_printable(struct pp_error *error)
{
    error->message[PP_ERROR_MESSAGE_BYTES - 1] = '\0';
    for (char *c = error->message; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f) {
            *c = '?';
        }
    }
}
