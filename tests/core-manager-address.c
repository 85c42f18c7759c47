/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "core/manager_dict.h"
#include "tests/managing.h"

/* Where a test may put sockets. */
struct place {
    char *directory;
    char *path;
};

static void make_place(struct place *place)
{
    place->directory = g_dir_make_tmp("pp-address-XXXXXX", NULL);
    g_assert_nonnull(place->directory);
    place->path = g_build_filename(place->directory, "here.sock", NULL);
}

/* Nothing may be left in it. */
static void remove_place(struct place *place)
{
    g_assert_cmpint(g_rmdir(place->directory), ==, 0);
    g_free(place->directory);
    g_free(place->path);
}

static int listen_there(const struct place *place, struct pp_manager_address *address)
{
    return pp_manager_address_listen(address, place->path, NULL);
}

static unsigned mode_of(const char *path)
{
    struct stat status;

    g_assert_cmpint(lstat(path, &status), ==, 0);
    return status.st_mode & 0777;
}

static void test_a_socket_is_its_users_alone(void)
{
    struct pp_manager_address address;
    struct place place;
    mode_t before = umask(0);

    make_place(&place);
    g_assert_cmpint(listen_there(&place, &address), ==, 0);
    g_assert_cmpuint(mode_of(place.path), ==, 0600);
    pp_manager_address_remove(&address);
    g_assert_cmpint(pp_manager_address_listen(&address, NULL, NULL), ==, 0);
    g_assert_cmpuint(mode_of(address.path), ==, 0600);
    g_assert_cmpuint(mode_of(address.directory), ==, 0700);
    pp_manager_address_remove(&address);
    g_assert_false(g_file_test(address.directory, G_FILE_TEST_EXISTS));
    umask(before);
    remove_place(&place);
}

static void test_who_answers_keeps_the_address(void)
{
    struct pp_manager_address address;
    struct pp_manager_address second;
    struct pp_error error = {.code = 0};
    struct place place;

    make_place(&place);
    g_assert_cmpint(listen_there(&place, &address), ==, 0);
    g_assert_cmpint(pp_manager_address_listen(&second, place.path, &error), ==, -EADDRINUSE);
    g_assert_nonnull(strstr(error.message, place.path));
    pp_manager_address_remove(&address);
    remove_place(&place);
}

static void test_what_was_left_behind_is_replaced(void)
{
    struct pp_manager_address left;
    struct pp_manager_address address;
    struct place place;
    int fd = -1;

    make_place(&place);
    g_assert_cmpint(listen_there(&place, &left), ==, 0);
    pp_manager_address_close(&left); /* as if killed: the file stays */
    g_assert_cmpint(listen_there(&place, &address), ==, 0);
    g_assert_cmpint(pp_manager_address_connect(place.path, false, &fd), ==, 0);
    close(fd);
    pp_manager_address_remove(&left); /* too late: it is another one's now */
    g_assert_true(g_file_test(place.path, G_FILE_TEST_EXISTS));
    pp_manager_address_remove(&address);
    g_assert_false(g_file_test(place.path, G_FILE_TEST_EXISTS));
    remove_place(&place);
}

static void test_what_is_no_socket_is_left_alone(void)
{
    struct pp_manager_address address;
    struct place place;

    make_place(&place);
    g_assert_true(g_file_set_contents(place.path, "mine", -1, NULL));
    g_assert_cmpint(listen_there(&place, &address), ==, -EADDRINUSE);
    g_assert_true(g_file_test(place.path, G_FILE_TEST_IS_REGULAR));
    g_assert_cmpint(g_unlink(place.path), ==, 0);
    g_assert_cmpint(symlink("nowhere", place.path), ==, 0);
    g_assert_cmpint(listen_there(&place, &address), ==, -EADDRINUSE);
    g_assert_cmpint(g_unlink(place.path), ==, 0);
    remove_place(&place);
}

struct race {
    char path[PP_MANAGER_ADDRESS_MAX + 1];
    _Atomic int won;
    _Atomic int go;
};

static int want_address(void *memory)
{
    struct race *race = memory;
    struct pp_manager_address address;

    while (atomic_load(&race->go) == 0) {
    }
    if (pp_manager_address_listen(&address, race->path, NULL) != 0) {
        return 1;
    }
    atomic_fetch_add(&race->won, 1);
    pause();
    return 0;
}

/* All at once, over a socket that was left behind: whoever gets it, gets it alone. */
static void test_of_many_one_gets_the_address(void)
{
    enum { RUNNERS = 4, ROUNDS = 20 };
    struct pp_slot slot;
    struct race *race = share(&slot, sizeof(*race));
    struct place place;

    make_place(&place);
    g_strlcpy(race->path, place.path, sizeof(race->path));
    for (int round = 0; round < ROUNDS; round++) {
        pid_t pids[RUNNERS];
        int lost = 0;
        int fd = -1;

        atomic_store(&race->won, 0);
        atomic_store(&race->go, 0);
        for (int i = 0; i < RUNNERS; i++) {
            pids[i] = start_child(want_address, race);
        }
        atomic_store(&race->go, 1);
        for (lost = 0; lost < RUNNERS - 1; lost++) {
            int status;

            g_assert_cmpint(waitpid(-1, &status, 0), >, 0);
            g_assert_cmpint(WEXITSTATUS(status), ==, 1);
        }
        WAIT_UNTIL(atomic_load(&race->won) == 1);
        g_assert_cmpint(pp_manager_address_connect(place.path, false, &fd), ==, 0);
        close(fd);
        for (int i = 0; i < RUNNERS; i++) {
            kill(pids[i], SIGKILL);
        }
        g_assert_cmpint(waitpid(-1, NULL, 0), >, 0);
    }
    g_assert_cmpint(g_unlink(place.path), ==, 0);
    remove_place(&place);
    pp_slot_finish(&slot);
}

static int listen_privately_and_stay(void *memory)
{
    struct race *race = memory;
    struct pp_manager_address address;

    if (pp_manager_address_listen(&address, NULL, NULL) != 0) {
        return 1;
    }
    g_strlcpy(race->path, address.path, sizeof(race->path));
    atomic_fetch_add(&race->won, 1);
    pause();
    return 0;
}

/* While it lives nobody touches its directory; when it was killed the next one removes that. */
static void test_the_directories_of_the_dead_are_removed(void)
{
    struct pp_slot slot;
    struct race *race = share(&slot, sizeof(*race));
    struct pp_manager_address address;
    struct place place;
    g_autofree char *before = g_strdup(g_getenv("XDG_RUNTIME_DIR"));
    pid_t pid;

    make_place(&place);
    g_setenv("XDG_RUNTIME_DIR", place.directory, true);
    pid = start_child(listen_privately_and_stay, race);
    WAIT_UNTIL(atomic_load(&race->won) == 1);
    g_assert_true(g_str_has_prefix(race->path, place.directory));
    g_assert_cmpint(pp_manager_address_listen(&address, NULL, NULL), ==, 0);
    pp_manager_address_remove(&address);
    g_assert_true(g_file_test(race->path, G_FILE_TEST_EXISTS));
    kill_child(pid);
    g_assert_true(g_file_test(race->path, G_FILE_TEST_EXISTS));
    g_assert_cmpint(pp_manager_address_listen(&address, NULL, NULL), ==, 0);
    g_assert_false(g_file_test(race->path, G_FILE_TEST_EXISTS));
    pp_manager_address_remove(&address);
    if (before != NULL) {
        g_setenv("XDG_RUNTIME_DIR", before, true);
    } else {
        g_unsetenv("XDG_RUNTIME_DIR");
    }
    remove_place(&place);
    pp_slot_finish(&slot);
}

static void test_addresses_that_cannot_be_are_errors(void)
{
    struct pp_manager_address address;
    struct pp_manager *manager = NULL;
    g_autofree char *long_path = g_strnfill(PP_MANAGER_ADDRESS_MAX + 1, 'x');
    struct place place;

    make_place(&place);
    g_assert_cmpint(pp_manager_address_listen(&address, long_path, NULL), ==, -ENAMETOOLONG);
    g_assert_cmpint(pp_manager_address_listen(&address, "/nowhere/x", NULL), ==, -ENOENT);
    g_assert_cmpint(pp_manager_connect(&manager, long_path, NULL, NULL), ==, -ENAMETOOLONG);
    g_assert_cmpint(pp_manager_connect(&manager, place.path, NULL, NULL), ==, -ENOENT);
    g_assert_cmpint(pp_manager_connect(&manager, "", NULL, NULL), ==, -ENOENT);
    g_assert_null(manager);
    remove_place(&place);
}

static void test_nobody_answers_where_a_server_was(void)
{
    struct pp_manager_address address;
    struct pp_manager *manager = NULL;
    struct place place;

    make_place(&place);
    g_assert_cmpint(listen_there(&place, &address), ==, 0);
    pp_manager_address_close(&address);
    g_assert_cmpint(pp_manager_connect(&manager, place.path, NULL, NULL), ==, -ECONNREFUSED);
    pp_manager_address_remove(&address);
    remove_place(&place);
}

/* What another user finds: the socket's mode already keeps him out, so that is lifted here. */
struct strangers {
    char path[PP_MANAGER_ADDRESS_MAX + 1];
    int outcome;
    int outcome_of_believer;
};

static int connect_as_nobody(void *memory)
{
    struct strangers *strangers = memory;
    struct pp_manager_connection believer = {.forwarded = true};
    struct pp_manager *manager = NULL;

    if (setgid(65534) != 0 || setuid(65534) != 0) {
        return 1;
    }
    strangers->outcome = pp_manager_connect(&manager, strangers->path, NULL, NULL);
    strangers->outcome_of_believer = pp_manager_connect(&manager, strangers->path, &believer, NULL);
    return 0;
}

/* The client turns away from the server of a stranger, the server from a client; but root's server
 * is nobody's stranger, so that the client gets as far as being turned away. */
static void test_a_stranger_is_turned_away(void)
{
    struct fixture fixture;
    struct pp_slot slot;
    struct strangers *strangers = share(&slot, sizeof(*strangers));
    struct pp_manager_dict dict;

    if (geteuid() != 0) {
        g_test_skip("only root can become another user");
        return;
    }
    begin(&fixture);
    g_strlcpy(strangers->path, fixture.server.address.path, sizeof(strangers->path));
    g_assert_cmpint(join_child(start_child(connect_as_nobody, strangers)), ==, 0);
    g_assert_cmpint(strangers->outcome, ==, -EACCES);
    g_assert_cmpint(chmod(fixture.server.address.path, 0666), ==, 0);
    g_assert_cmpint(chmod(fixture.server.address.directory, 0755), ==, 0);
    g_assert_cmpint(join_child(start_child(connect_as_nobody, strangers)), ==, 0);
    g_assert_cmpint(strangers->outcome, ==, -ECONNRESET);
    g_assert_cmpint(strangers->outcome_of_believer, ==, -ECONNRESET);
    g_assert_cmpint(pp_manager_dict(fixture.manager, "dict", &dict), ==, 0);
    pp_slot_finish(&slot);
    end(&fixture);
}

static int listen_as_nobody(void *memory)
{
    struct race *race = memory;
    struct pp_manager_address address;

    if (setgid(65534) != 0 || setuid(65534) != 0 ||
        pp_manager_address_listen(&address, race->path, NULL) != 0) {
        return 1;
    }
    atomic_fetch_add(&race->won, 1);
    pause();
    return 0;
}

static void test_the_server_of_a_stranger_is_not_believed(void)
{
    struct pp_slot slot;
    struct race *race = share(&slot, sizeof(*race));
    struct pp_manager *manager = NULL;
    struct place place;
    pid_t pid;

    if (geteuid() != 0) {
        g_test_skip("only root can become another user");
        pp_slot_finish(&slot);
        return;
    }
    make_place(&place);
    g_assert_cmpint(chmod(place.directory, 0777), ==, 0);
    g_strlcpy(race->path, place.path, sizeof(race->path));
    pid = start_child(listen_as_nobody, race);
    WAIT_UNTIL(atomic_load(&race->won) == 1);
    g_assert_cmpint(pp_manager_connect(&manager, place.path, NULL, NULL), ==, -EPERM);
    g_assert_null(manager);
    kill_child(pid);
    g_assert_cmpint(g_unlink(place.path), ==, 0);
    remove_place(&place);
    pp_slot_finish(&slot);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manager-address/a-socket-is-its-users-alone",
                    test_a_socket_is_its_users_alone);
    g_test_add_func("/manager-address/who-answers-keeps-it", test_who_answers_keeps_the_address);
    g_test_add_func("/manager-address/what-was-left-behind-is-replaced",
                    test_what_was_left_behind_is_replaced);
    g_test_add_func("/manager-address/what-is-no-socket-is-left-alone",
                    test_what_is_no_socket_is_left_alone);
    g_test_add_func("/manager-address/of-many-one-gets-it", test_of_many_one_gets_the_address);
    g_test_add_func("/manager-address/the-directories-of-the-dead-are-removed",
                    test_the_directories_of_the_dead_are_removed);
    g_test_add_func("/manager-address/those-that-cannot-be-are-errors",
                    test_addresses_that_cannot_be_are_errors);
    g_test_add_func("/manager-address/nobody-answers-where-a-server-was",
                    test_nobody_answers_where_a_server_was);
    g_test_add_func("/manager-address/a-stranger-is-turned-away", test_a_stranger_is_turned_away);
    g_test_add_func("/manager-address/the-server-of-a-stranger-is-not-believed",
                    test_the_server_of_a_stranger_is_not_believed);
    return g_test_run();
}
