/* SPDX-License-Identifier: MIT */
/*
 * A run that is stopped: by a signal to the whole process group, as a terminal sends it, or by a
 * reader of its events that goes away. It ends by itself, with outputs that are whole, no temporary
 * file and no process left.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <unistd.h>

#include "tests/program.h"

#define PHOTOS 60

struct stopped {
    GPid pid;
    int out; /* its events */
};

static void lead_a_group(gpointer data)
{
    (void)data;
    setpgid(0, 0);
}

static void write_photos(void)
{
    g_autofree char *bytes = NULL;
    gsize length;

    program_write_photo("photos/0.jpg", (struct pp_size){900, 700}, PP_FORMAT_JPEG);
    bytes = folder_read("photos/0.jpg", &length);
    for (int i = 1; i < PHOTOS; i++) {
        g_autofree char *name = g_strdup_printf("photos/%d.jpg", i);

        folder_write(name, bytes, length);
    }
}

/* Start a run that takes a while, and wait until its first output is done. */
static struct stopped start(void)
{
    g_autofree char *path = program_path();
    const char *argv[] = {path,     "run", "-j",     "2",  "--json", "--quiet",
                          "--blur", "40",  "photos", "-o", "out",    NULL};
    struct stopped run;
    char text[8192] = "";
    size_t length = 0;

    write_photos();
    g_assert_true(g_spawn_async_with_pipes(NULL, (char **)(uintptr_t)argv, NULL,
                                           G_SPAWN_DO_NOT_REAP_CHILD, lead_a_group, NULL, &run.pid,
                                           NULL, &run.out, NULL, NULL));
    /* So small that the run waits for its reader after some twenty events: however busy the machine
     * is, it cannot be over before it is stopped. */
    g_assert_cmpint(fcntl(run.out, F_SETPIPE_SZ, 4096), >, 0);
    while (strstr(text, "\"done\"") == NULL) {
        ssize_t n = read(run.out, text + length, sizeof(text) - 1 - length);

        g_assert_cmpint(n, >, 0);
        length += (size_t)n;
        text[length] = '\0';
    }
    return run;
}

/* Read what is left of the events, wait for the end, and return the exit code. */
static int wait_for_end(struct stopped *run, char **ret_rest)
{
    GString *rest = g_string_new(NULL);
    char text[4096];
    ssize_t n;
    int status;

    while (run->out >= 0 && (n = read(run->out, text, sizeof(text))) > 0) {
        g_string_append_len(rest, text, n);
    }
    g_assert_cmpint(waitpid(run->pid, &status, 0), ==, run->pid);
    close(run->out);
    *ret_rest = g_string_free(rest, FALSE);
    return program_code(status);
}

/* The workers are nobody's children once the run has ended: they may take a moment to go. */
static void assert_no_process_left(GPid group)
{
    for (int i = 0; i < 500 && kill(-group, 0) == 0; i++) {
        g_usleep(10000);
    }
    g_assert_cmpint(kill(-group, 0), ==, -1);
    g_assert_cmpint(errno, ==, ESRCH);
}

static void assert_only_whole_outputs(void)
{
    g_autofree char *list = folder_list("out");
    g_auto(GStrv) names = g_strsplit(list, " ", -1);

    g_assert_cmpuint(g_strv_length(names), <, PHOTOS);
    for (char **name = names; *name != NULL; name++) {
        g_autofree char *path = g_build_filename("out", *name, NULL);
        gsize length;
        g_autofree char *bytes = folder_read(path, &length);

        g_assert_true(g_str_has_suffix(*name, ".jpg"));
        g_assert_cmpmem(bytes + length - 2, 2, "\xff\xd9", 2);
    }
}

static void assert_stopped_by(int signal, unsigned times)
{
    struct folder folder = folder_enter();
    struct stopped run = start();
    g_autofree char *rest = NULL;
    g_autofree char *exit_member = g_strdup_printf("\"exit\":%d}", 128 + signal);

    for (unsigned i = 0; i < times; i++) {
        g_assert_cmpint(kill(-run.pid, signal), ==, 0);
        g_usleep(20000);
    }
    g_assert_cmpint(wait_for_end(&run, &rest), ==, 128 + signal);
    g_assert_nonnull(strstr(rest, exit_member));
    g_assert_null(strstr(rest, "\"error\""));
    assert_no_process_left(run.pid);
    assert_only_whole_outputs();
    /* What was written is kept, and the next run does the rest. */
    program_assert("run photos -o out --thumbnail 10x10", 0, " kept");
    folder_leave(&folder);
}

static void test_an_interrupt_stops_cleanly(void)
{
    assert_stopped_by(SIGINT, 1);
}

static void test_a_second_interrupt_drops_what_is_in_work(void)
{
    assert_stopped_by(SIGINT, 2);
}

static void test_a_termination_stops_cleanly(void)
{
    assert_stopped_by(SIGTERM, 1);
}

static void test_a_reader_that_goes_away_stops_it(void)
{
    struct folder folder = folder_enter();
    struct stopped run = start();
    g_autofree char *rest = NULL;

    close(run.out);
    run.out = -1;
    g_assert_cmpint(wait_for_end(&run, &rest), ==, 128 + SIGPIPE);
    assert_no_process_left(run.pid);
    assert_only_whole_outputs();
    folder_leave(&folder);
}

/* Nothing of a host that was killed outlives it: the zygote sees its channel close. */
static void test_a_killed_host_leaves_no_process(void)
{
    struct folder folder = folder_enter();
    struct stopped run = start();
    g_autofree char *rest = NULL;

    g_assert_cmpint(kill(run.pid, SIGKILL), ==, 0);
    g_assert_cmpint(wait_for_end(&run, &rest), ==, -SIGKILL);
    assert_no_process_left(run.pid);
    folder_leave(&folder);
}

static void close_output(gpointer data)
{
    (void)data;
    close(STDOUT_FILENO);
}

/*
 * The first file that such a run opens would get the number of standard output, and the events with
 * it: that must be a failure to write, and no output may say otherwise.
 */
static void test_a_closed_output_is_an_error(void)
{
    struct folder folder = folder_enter();
    struct ran ran;

    program_write_photo("photos/0.jpg", (struct pp_size){60, 40}, PP_FORMAT_JPEG);
    ran = program_run_with("run --json photos -o out", close_output);
    ran_assert(&ran, 4, (const char *[]){"standard output", NULL});
    folder_leave(&folder);
}

int main(int argc, char **argv)
{
    pictures_test_init(&argc, &argv);
    g_test_add_func("/stop/an-interrupt-stops-cleanly", test_an_interrupt_stops_cleanly);
    g_test_add_func("/stop/a-second-interrupt-drops-what-is-in-work",
                    test_a_second_interrupt_drops_what_is_in_work);
    g_test_add_func("/stop/a-termination-stops-cleanly", test_a_termination_stops_cleanly);
    g_test_add_func("/stop/a-reader-that-goes-away-stops-it",
                    test_a_reader_that_goes_away_stops_it);
    g_test_add_func("/stop/a-killed-host-leaves-no-process", test_a_killed_host_leaves_no_process);
    g_test_add_func("/stop/a-closed-output-is-an-error", test_a_closed_output_is_an_error);
    return g_test_run();
}
