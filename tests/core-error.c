/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <string.h>

#include "core/control.h"
#include "core/error.h"
#include "core/exit_cause.h"

static void test_an_error_carries_code_and_message(void)
{
    struct pp_error error;

    g_assert_cmpint(pp_error_set(&error, -EINVAL, "row %d", 3), ==, -EINVAL);
    g_assert_cmpint(error.code, ==, -EINVAL);
    g_assert_cmpstr(error.message, ==, "row 3");
    g_assert_cmpint(pp_error_set_errno(&error, -ENOENT, "cannot open %s", "x"), ==, -ENOENT);
    g_assert_cmpstr(error.message, ==, "cannot open x: No such file or directory");
}

/* A caller that does not want the text passes NULL and still gets the code. */
static void test_nobody_needs_the_text(void)
{
    g_assert_cmpint(pp_error_set(NULL, -EIO, "lost"), ==, -EIO);
    g_assert_cmpint(pp_error_set_errno(NULL, -EIO, "lost"), ==, -EIO);
}

static void test_a_long_message_is_cut_and_ends(void)
{
    struct pp_error error;
    char text[1000];

    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    pp_error_set_errno(&error, -EIO, "%s", text);
    g_assert_cmpuint(strlen(error.message), ==, PP_ERROR_MESSAGE_BYTES - 1);
}

static void test_the_end_of_a_process_reads_as_words(void)
{
    char text[80];

    pp_exit_cause(SIGKILL, 0, text, sizeof(text));
    g_assert_cmpstr(text, ==, "was killed by SIGKILL (Killed)");
    pp_exit_cause(0, 3, text, sizeof(text));
    g_assert_cmpstr(text, ==, "exited with code 3");
    pp_exit_cause(1000, 0, text, sizeof(text));
    g_assert_cmpstr(text, ==, "was killed by signal 1000");
}

/* What a worker that was taken over wrote there ends up on a terminal. */
static void test_a_phase_is_printable_whatever_was_written(void)
{
    struct pp_control control;
    char text[PP_PHASE_BYTES];

    memset(&control, 0xff, sizeof(control));
    pp_control_get_phase(&control, text);
    g_assert_cmpuint(strlen(text), ==, PP_PHASE_BYTES - 1);
    for (char *c = text; *c != '\0'; c++) {
        g_assert_true(g_ascii_isprint(*c));
    }
    pp_control_set_phase(&control, "a phase with a long name");
    pp_control_get_phase(&control, text);
    g_assert_cmpstr(text, ==, "a phase with a ");
}

/* Among them what an 8-bit terminal takes for the start of a command, alone and as a character. */
static void test_a_message_of_others_is_printable(void)
{
    static const struct {
        const char *written;
        const char *shown;
    } cases[] = {
        {"plain", "plain"},
        {"\x1b[31m\x7f\n", "?[31m??"},
        {"a\xc2\x9b"
         "31m",
         "a??31m"},
        {"\xc2\x80\xc2\x9f\xc2\xa0", "????\xc2\xa0"},
        {"\x9b"
         "31m",
         "?31m"},
        {"\xc3\xa9t\xc3\xa9 \xe2\x82\xac \xf0\x9f\x99\x82",
         "\xc3\xa9t\xc3\xa9 \xe2\x82\xac \xf0\x9f\x99\x82"},
        {"\xc0\x9b \xed\xa0\x80 \xf5\x80 cut \xe2\x82", "?? ??? ?? cut ??"},
        {"", ""},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct pp_error error = {0};

        g_strlcpy(error.message, cases[i].written, sizeof(error.message));
        pp_error_make_printable(&error);
        g_assert_cmpstr(error.message, ==, cases[i].shown);
    }
}

/* A character that the end of the room cuts in two is none. */
static void test_a_message_without_an_end_gets_one(void)
{
    struct pp_error error;

    memset(error.message, 'a', sizeof(error.message));
    memcpy(error.message + PP_ERROR_MESSAGE_BYTES - 2, "\xc3\xa9", 2);
    pp_error_make_printable(&error);
    g_assert_cmpuint(strlen(error.message), ==, PP_ERROR_MESSAGE_BYTES - 1);
    g_assert_cmpint(error.message[PP_ERROR_MESSAGE_BYTES - 2], ==, '?');
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/error/an-error-carries-code-and-message",
                    test_an_error_carries_code_and_message);
    g_test_add_func("/error/nobody-needs-the-text", test_nobody_needs_the_text);
    g_test_add_func("/error/a-long-message-is-cut-and-ends", test_a_long_message_is_cut_and_ends);
    g_test_add_func("/error/the-end-of-a-process-reads-as-words",
                    test_the_end_of_a_process_reads_as_words);
    g_test_add_func("/error/a-phase-is-printable-whatever-was-written",
                    test_a_phase_is_printable_whatever_was_written);
    g_test_add_func("/error/a-message-of-others-is-printable",
                    test_a_message_of_others_is_printable);
    g_test_add_func("/error/a-message-without-an-end-gets-one",
                    test_a_message_without_an_end_gets_one);
    return g_test_run();
}
