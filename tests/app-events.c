/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <json-glib/json-glib.h>
#include <signal.h>
#include <unistd.h>

#include "app/events.h"

struct pipe {
    int ends[2];
    struct events *events;
};

static struct pipe pipe_new(void)
{
    struct pipe pipe;

    g_assert_cmpint(pipe2(pipe.ends, O_CLOEXEC), ==, 0);
    pipe.events = events_create(pipe.ends[1]);
    return pipe;
}

/* What was written since the last time; newly allocated. */
static char *pipe_read(const struct pipe *pipe)
{
    char text[8192];
    ssize_t n = read(pipe->ends[0], text, sizeof(text));

    g_assert_cmpint(n, >, 0);
    return g_strndup(text, (gsize)n);
}

static void pipe_free(struct pipe *pipe)
{
    events_destroy(pipe->events);
    close(pipe->ends[0]);
    close(pipe->ends[1]);
}

static void assert_line(const struct pipe *pipe, const char *expected)
{
    g_autofree char *line = pipe_read(pipe);
    g_autofree char *whole = g_strconcat(expected, "\n", NULL);
    g_autoptr(JsonParser) parser = json_parser_new();

    g_assert_cmpstr(line, ==, whole);
    g_assert_true(json_parser_load_from_data(parser, line, -1, NULL));
}

static void test_begin_and_end(void)
{
    struct pipe pipe = pipe_new();
    const struct totals totals = {.written = 46,
                                  .kept = 1,
                                  .failed = 1,
                                  .skipped = 2,
                                  .bytes_in = 10,
                                  .bytes_out = 5,
                                  .ms = 7};

    events_begin(pipe.events, 48, 2);
    assert_line(&pipe, "{\"type\":\"begin\",\"v\":1,\"inputs\":48,\"processes\":2}");
    events_end(pipe.events, &totals, 1);
    assert_line(&pipe, "{\"type\":\"end\",\"written\":46,\"kept\":1,\"failed\":1,\"left\":0,"
                       "\"skipped\":2,\"bytes_in\":10,\"bytes_out\":5,\"ms\":7,\"exit\":1}");
    pipe_free(&pipe);
}

static void test_done_tells_what_is_known(void)
{
    struct pipe pipe = pipe_new();
    const struct pp_plan plan = {.mode = PP_PLAN_EXACT, .scale = {1, false}, .size = {30, 20}};

    events_done(pipe.events, &(struct done){.path = "a.jpg",
                                            .status = "written",
                                            .output = "out/a.jpg",
                                            .plan = &plan,
                                            .bytes = 99,
                                            .ms = 12});
    assert_line(&pipe, "{\"type\":\"done\",\"path\":\"a.jpg\",\"status\":\"written\",\"outputs\":["
                       "{\"path\":\"out/a.jpg\",\"width\":30,\"height\":20,\"bytes\":99}],"
                       "\"ms\":12,\"plan\":{\"mode\":\"exact\",\"shrink\":1}}");
    events_done(pipe.events,
                &(struct done){.path = "a.jpg", .status = "kept", .output = "out/a.jpg"});
    assert_line(&pipe, "{\"type\":\"done\",\"path\":\"a.jpg\",\"status\":\"kept\",\"outputs\":["
                       "{\"path\":\"out/a.jpg\"}],\"ms\":0}");
    pipe_free(&pipe);
}

static void test_done_tells_what_was_left_out(void)
{
    struct pipe pipe = pipe_new();
    struct pp_plan plan = {.mode = PP_PLAN_EXACT, .scale = {1, false}, .header = {.frames = 3}};
    const struct done done = {.path = "a.tif", .status = "written", .plan = &plan, .ms = 4};

    events_done(pipe.events, &done);
    assert_line(&pipe, "{\"type\":\"done\",\"path\":\"a.tif\",\"status\":\"written\","
                       "\"outputs\":[],\"ms\":4,\"frames\":3,"
                       "\"plan\":{\"mode\":\"exact\",\"shrink\":1}}");
    plan.header.frames = 1;
    events_done(pipe.events, &done);
    assert_line(&pipe, "{\"type\":\"done\",\"path\":\"a.tif\",\"status\":\"written\","
                       "\"outputs\":[],\"ms\":4,"
                       "\"plan\":{\"mode\":\"exact\",\"shrink\":1}}");
    pipe_free(&pipe);
}

static void test_errors_have_a_word_and_a_message(void)
{
    struct pipe pipe = pipe_new();
    struct failure failure;

    failure_set(&failure, FAILURE_CORRUPT, "truncated at \"row\" %d", 17);
    failure.attempts = 1;
    events_error(pipe.events, "a.jpg", &failure);
    assert_line(&pipe, "{\"type\":\"error\",\"path\":\"a.jpg\",\"code\":\"corrupt\","
                       "\"message\":\"truncated at \\\"row\\\" 17\",\"attempts\":1}");
    pipe_free(&pipe);
}

static void test_names_that_are_not_utf8_are_carried_whole(void)
{
    struct pipe pipe = pipe_new();
    struct failure failure;

    failure_set(&failure, FAILURE_NOT_FOUND, "no");
    events_error(pipe.events, "a\xff\n.jpg", &failure);
    assert_line(&pipe, "{\"type\":\"error\",\"path\":\"a\xef\xbf\xbd\\n.jpg\","
                       "\"path_b64\":\"Yf8KLmpwZw==\",\"code\":\"not-found\",\"message\":\"no\","
                       "\"attempts\":0}");
    pipe_free(&pipe);
}

static void test_a_reader_that_went_away_is_noticed(void)
{
    struct pipe pipe = pipe_new();

    signal(SIGPIPE, SIG_IGN);
    g_assert_cmpint(events_status(pipe.events), ==, 0);
    close(pipe.ends[0]);
    events_begin(pipe.events, 1, 1);
    g_assert_cmpint(events_status(pipe.events), ==, -EPIPE);
    events_begin(pipe.events, 1, 1);
    g_assert_cmpint(events_status(pipe.events), ==, -EPIPE);
    pipe.ends[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    pipe_free(&pipe);
}

static void test_every_failure_has_a_word_of_its_own(void)
{
    for (int i = 0; i <= FAILURE_ENGINE; i++) {
        g_assert_nonnull(failure_word((enum failure_code)i));
        for (int j = 0; j < i; j++) {
            g_assert_cmpstr(failure_word((enum failure_code)i), !=,
                            failure_word((enum failure_code)j));
        }
    }
}

static enum failure_code code_of(enum pp_outcome outcome, int error)
{
    const struct pp_result result = {
        .outcome = outcome, .error = {.code = error, .message = "why"}, .attempts = 2};
    struct failure failure;

    failure_from_result(&failure, &result);
    g_assert_cmpuint(failure.attempts, ==, 2);
    g_assert_cmpstr(failure.message, !=, "");
    return failure.code;
}

static void test_results_become_words(void)
{
    g_assert_cmpint(code_of(PP_FAILED, -EILSEQ), ==, FAILURE_CORRUPT);
    g_assert_cmpint(code_of(PP_FAILED, -ENOTSUP), ==, FAILURE_UNSUPPORTED);
    g_assert_cmpint(code_of(PP_FAILED, -EFBIG), ==, FAILURE_TOO_LARGE);
    g_assert_cmpint(code_of(PP_FAILED, -ENOMEM), ==, FAILURE_MEMORY);
    g_assert_cmpint(code_of(PP_FAILED, -ESTALE), ==, FAILURE_CHANGED);
    g_assert_cmpint(code_of(PP_FAILED, -ENOSPC), ==, FAILURE_ENGINE);
    g_assert_cmpint(code_of(PP_TIMED_OUT, -ETIMEDOUT), ==, FAILURE_TIMED_OUT);
    g_assert_cmpint(code_of(PP_CRASHED, -ECHILD), ==, FAILURE_CRASHED);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/events/begin-and-end", test_begin_and_end);
    g_test_add_func("/events/done-tells-what-is-known", test_done_tells_what_is_known);
    g_test_add_func("/events/done-tells-what-was-left-out", test_done_tells_what_was_left_out);
    g_test_add_func("/events/errors-have-a-word-and-a-message",
                    test_errors_have_a_word_and_a_message);
    g_test_add_func("/events/names-that-are-not-utf8-are-carried-whole",
                    test_names_that_are_not_utf8_are_carried_whole);
    g_test_add_func("/events/a-reader-that-went-away-is-noticed",
                    test_a_reader_that_went_away_is_noticed);
    g_test_add_func("/events/every-failure-has-a-word-of-its-own",
                    test_every_failure_has_a_word_of_its_own);
    g_test_add_func("/events/results-become-words", test_results_become_words);
    return g_test_run();
}
