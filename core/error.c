/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/utf8.h"

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

/* Of 0 bytes: no character; controls are ASCII's two kinds and U+0080 to U+009F. */
static bool is_printable(const char *character, size_t length)
{
    const unsigned char *bytes = (const unsigned char *)character;

    return length == 1 ? bytes[0] >= ' ' && bytes[0] != 0x7f
                       : length > 1 && !(bytes[0] == 0xc2 && bytes[1] < 0xa0);
}

void pp_error_make_printable(struct pp_error *error)
{
    char *at = error->message;

    error->message[PP_ERROR_MESSAGE_BYTES - 1] = '\0';
    while (*at != '\0') {
        size_t length = pp_utf8_measure(at);
        size_t step = length == 0 ? 1 : length;

        if (!is_printable(at, length)) {
            memset(at, '?', step);
        }
        at += step;
    }
}
