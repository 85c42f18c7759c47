/* SPDX-License-Identifier: MIT */
/*
 * Somebody kills workers at random while photos are processed: every photo is done nevertheless.
 *
 * The storm is bounded by its number of kills, which is below what a task survives; so it must end
 * well however slow the machine is.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { KILLS_MAX = 90, KILL_EVERY_MS = 50, PIDS_MAX = 64 };

struct storm {
    GMainLoop *loop;
    GPid host;
    int status;
    int kills;
};

static int parent_of(int pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", pid);
    g_autofree char *text = NULL;
    const char *after_name;
    int parent = 0;

    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return 0;
    }
    after_name = strrchr(text, ')');
    return after_name != NULL && sscanf(after_name + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

static int list_children(int parent, int *pids)
{
    g_autoptr(GDir) proc = g_dir_open("/proc", 0, NULL);
    const char *name;
    int count = 0;

    while (count < PIDS_MAX && (name = g_dir_read_name(proc)) != NULL) {
        int pid = atoi(name);

        if (pid > 0 && parent_of(pid) == parent) {
            pids[count++] = pid;
        }
    }
    return count;
}

/* The workers are the children of the host's only child. */
static gboolean kill_one(gpointer user)
{
    struct storm *storm = user;
    int pids[PIDS_MAX];
    int count = list_children(storm->host, pids);

    count = count > 0 ? list_children(pids[0], pids) : 0;
    if (count > 0) {
        kill(pids[g_random_int_range(0, count)], SIGKILL);
        storm->kills++;
    }
    return storm->kills < KILLS_MAX;
}

static void host_ended(GPid pid, int status, gpointer user)
{
    struct storm *storm = user;

    storm->status = status;
    g_spawn_close_pid(pid);
    g_main_loop_quit(storm->loop);
}

static unsigned count_files(const char *path, gboolean temporary)
{
    g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
    unsigned count = 0;
    const char *name;

    while (directory != NULL && (name = g_dir_read_name(directory)) != NULL) {
        gboolean is_data = !g_str_has_suffix(name, ".tsv") && !g_str_has_suffix(name, ".stamp");

        count += temporary ? name[0] == '.' : name[0] != '.' && is_data;
    }
    return count;
}

static void remove_directory(const char *path)
{
    g_autofree char *quoted = g_shell_quote(path);
    g_autofree char *command = g_strdup_printf("rm -r %s", quoted);

    g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
}

static void test_every_photo_is_done_whoever_kills_workers(void)
{
    g_autofree char *photos = g_build_filename(
        g_getenv("PIXPOOL_CORPUS") != NULL ? g_getenv("PIXPOOL_CORPUS") : ".", "photos", NULL);
    g_autofree char *out = g_dir_make_tmp("pixpool-storm-XXXXXX", NULL);
    const char *argv[] = {
        g_getenv("PIXPOOL"), "run", "-j", "2",    "--blur", "15", "--thumbnail", "1200",
        "--quiet",           "-o",  out,  photos, NULL};
    struct storm storm = {.loop = g_main_loop_new(NULL, FALSE)};

    if (g_getenv("PIXPOOL") == NULL || count_files(photos, FALSE) == 0) {
        g_test_skip("PIXPOOL_CORPUS names no folder with photos/");
        return;
    }
    g_assert_true(g_spawn_async(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD,
                                NULL, NULL, &storm.host, NULL));
    g_child_watch_add(storm.host, host_ended, &storm);
    g_timeout_add(KILL_EVERY_MS, kill_one, &storm);
    g_main_loop_run(storm.loop);
    g_test_message("%d kills", storm.kills);
    g_assert_true(WIFEXITED(storm.status));
    g_assert_cmpint(WEXITSTATUS(storm.status), ==, 0);
    g_assert_cmpuint(count_files(out, FALSE), ==, count_files(photos, FALSE));
    g_assert_cmpuint(count_files(out, TRUE), ==, 0);
    remove_directory(out);
    g_main_loop_unref(storm.loop);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/storm/every-photo-is-done-whoever-kills-workers",
                    test_every_photo_is_done_whoever_kills_workers);
    return g_test_run();
}
