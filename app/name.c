/* SPDX-License-Identifier: MIT */
/*
 * A name comes from strangers: one with an escape sequence in it could repaint the terminal, one
 * with a line end could fake a second message. What is shown here is for reading; scripts take
 * the exact bytes from the events (app/events.h).
 */
#include "app/name.h"

char *name_display(const char *path)
{
    GString *text = g_string_new(NULL);

    while (*path != '\0') {
        gunichar character = g_utf8_get_char_validated(path, -1);

        if (character >= (gunichar)-2 || !g_unichar_isprint(character)) {
            g_string_append_printf(text, "\\x%02x", (unsigned)(guchar)*path);
            path++;
        } else {
            const char *next = g_utf8_next_char(path);

            g_string_append_len(text, path, next - path);
            path = next;
        }
    }
    return g_string_free(text, FALSE);
}
