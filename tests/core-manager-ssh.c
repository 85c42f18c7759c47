/* SPDX-License-Identifier: MIT */
/*
 * Two ends of a manager with ssh between them, as core/manager.h says it is used across machines.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "tests/two_ends.h"

/* An ssh server of the test's own, with keys of its own, on a port of this machine. */
struct shell {
    char *sshd;
    char *ssh;
    char *keygen;
    char *config;
    char *key;
    char *host_key;
    char *known_hosts;
    char *authorized_keys;
    char *log;
    char port[8];
    pid_t server;
};

static char *find_program(const char *name)
{
    g_autofree char *path = g_strconcat(g_getenv("PATH"), ":/usr/sbin:/usr/local/sbin", NULL);
    g_auto(GStrv) folders = g_strsplit(path, ":", -1);

    for (int i = 0; folders[i] != NULL; i++) {
        char *file = g_build_filename(folders[i], name, NULL);

        if (g_file_test(file, G_FILE_TEST_IS_EXECUTABLE)) {
            return file;
        }
        g_free(file);
    }
    return NULL;
}

static int find_port(void)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t bytes = sizeof(name);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_cmpint(bind(fd, (struct sockaddr *)&name, sizeof(name)), ==, 0);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)&name, &bytes), ==, 0);
    close(fd);
    return ntohs(name.sin_port);
}

static bool make_key(const struct shell *shell, const char *path)
{
    const char *arguments[] = {shell->keygen, "-q", "-t", "ed25519", "-N", "", "-f", path, NULL};
    int status = 0;

    return g_spawn_sync(NULL, (char **)arguments, NULL, 0, NULL, NULL, NULL, NULL, &status, NULL) &&
           status == 0;
}

/* Copy the public half of @key to @path, with @before in front of it. */
static void copy_public_key(const char *key, const char *path, const char *before)
{
    g_autofree char *public_path = g_strconcat(key, ".pub", NULL);
    g_autofree char *text = NULL;
    g_autofree char *line = NULL;

    g_assert_true(g_file_get_contents(public_path, &text, NULL, NULL));
    line = g_strconcat(before, text, NULL);
    g_assert_true(g_file_set_contents(path, line, -1, NULL));
}

static void write_config(const struct shell *shell)
{
    g_autofree char *text = g_strdup_printf("ListenAddress 127.0.0.1\n"
                                            "Port %s\n"
                                            "HostKey %s\n"
                                            "AuthorizedKeysFile %s\n"
                                            "PidFile none\n"
                                            "StrictModes no\n"
                                            "UsePAM no\n"
                                            "PasswordAuthentication no\n"
                                            "PermitRootLogin prohibit-password\n",
                                            shell->port, shell->host_key, shell->authorized_keys);

    g_assert_true(g_file_set_contents(shell->config, text, -1, NULL));
}

/* Root's sshd wants a directory that only an installed service has; it gets one in a view of the
 * file system that nobody else sees. */
static void make_room_for_root(void)
{
    if (geteuid() == 0 && access("/run/sshd", F_OK) != 0) {
        if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
            mount("tmpfs", "/run", "tmpfs", 0, NULL) != 0 || mkdir("/run/sshd", 0755) != 0) {
            _exit(98);
        }
    }
}

/* Run a program as a child that dies with the test, and writes to the log. */
static pid_t start_program(const struct shell *shell, const char *const *arguments)
{
    pid_t parent = getpid();
    pid_t pid = fork();

    g_assert_cmpint(pid, >=, 0);
    if (pid == 0) {
        int log = open(shell->log, O_WRONLY | O_CREAT | O_APPEND, 0600);

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent || log < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0) {
            _exit(99);
        }
        if (arguments[0] == shell->sshd) {
            make_room_for_root();
        }
        execv(arguments[0], (char **)arguments);
        _exit(97);
    }
    return pid;
}

static bool port_answers(const struct shell *shell)
{
    struct sockaddr_in name = {.sin_family = AF_INET,
                               .sin_addr = {htonl(INADDR_LOOPBACK)},
                               .sin_port = htons((uint16_t)atoi(shell->port))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool answers = connect(fd, (struct sockaddr *)&name, sizeof(name)) == 0;

    close(fd);
    return answers;
}

static bool has_ended(pid_t pid)
{
    siginfo_t info = {.si_pid = 0};

    g_assert_cmpint(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT), ==, 0);
    return info.si_pid == pid;
}

static bool begin_shell(struct shell *shell, const char *directory)
{
    *shell = (struct shell){.sshd = find_program("sshd"),
                            .ssh = find_program("ssh"),
                            .keygen = find_program("ssh-keygen"),
                            .config = g_build_filename(directory, "sshd_config", NULL),
                            .key = g_build_filename(directory, "key", NULL),
                            .host_key = g_build_filename(directory, "host_key", NULL),
                            .known_hosts = g_build_filename(directory, "known_hosts", NULL),
                            .authorized_keys = g_build_filename(directory, "authorized", NULL),
                            .log = g_build_filename(directory, "log", NULL)};
    g_autofree char *host = NULL;
    const char *arguments[] = {shell->sshd, "-D", "-e", "-f", shell->config, NULL};

    if (shell->sshd == NULL || shell->ssh == NULL || shell->keygen == NULL) {
        g_test_skip("ssh, ssh-keygen or sshd is not installed");
        return false;
    }
    g_snprintf(shell->port, sizeof(shell->port), "%d", find_port());
    host = g_strdup_printf("[127.0.0.1]:%s ", shell->port);
    g_assert_true(make_key(shell, shell->key));
    g_assert_true(make_key(shell, shell->host_key));
    copy_public_key(shell->key, shell->authorized_keys, "");
    copy_public_key(shell->host_key, shell->known_hosts, host);
    write_config(shell);
    shell->server = start_program(shell, arguments);
    WAIT_UNTIL(port_answers(shell) || has_ended(shell->server));
    return true;
}

static void end_shell(struct shell *shell, const char *directory)
{
    static const char *const files[] = {"key",         "key.pub",    "host_key", "host_key.pub",
                                        "known_hosts", "authorized", "log",      "sshd_config"};

    if (shell->server > 0) {
        kill(shell->server, SIGKILL);
        g_assert_cmpint(waitpid(shell->server, NULL, 0), ==, shell->server);
    }
    for (size_t i = 0; i < PP_ARRAY_LENGTH(files); i++) {
        g_autofree char *path = g_build_filename(directory, files[i], NULL);

        g_unlink(path);
    }
    g_free(shell->sshd);
    g_free(shell->ssh);
    g_free(shell->keygen);
    g_free(shell->config);
    g_free(shell->key);
    g_free(shell->host_key);
    g_free(shell->known_hosts);
    g_free(shell->authorized_keys);
    g_free(shell->log);
}

/* The command of core/manager.h, with what is needed to use keys and port of the test's own. */
static pid_t forward(const struct shell *shell, const char *option, const struct network *network)
{
    g_autofree char *sockets = g_strdup_printf("%s:%s", network->near_path, network->far_path);
    g_autofree char *known_hosts = g_strconcat("UserKnownHostsFile=", shell->known_hosts, NULL);
    const char *arguments[] = {shell->ssh,
                               "-F",
                               "/dev/null",
                               "-o",
                               "BatchMode=yes",
                               "-o",
                               "IdentitiesOnly=yes",
                               "-o",
                               known_hosts,
                               "-i",
                               shell->key,
                               "-p",
                               shell->port,
                               "-N",
                               "-o",
                               "ExitOnForwardFailure=yes",
                               "-o",
                               "ServerAliveInterval=5",
                               "-o",
                               "ServerAliveCountMax=3",
                               option,
                               sockets,
                               "127.0.0.1",
                               NULL};
    pid_t pid = start_program(shell, arguments);

    WAIT_UNTIL(g_file_test(network->near_path, G_FILE_TEST_EXISTS) || has_ended(pid));
    return pid;
}

/* A machine where nobody can log in, not even to itself, is no failure of ours. */
static bool skip_where_it_ended(const struct shell *shell, pid_t pid)
{
    g_autofree char *log = NULL;

    if (!has_ended(pid)) {
        return false;
    }
    g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
    g_file_get_contents(shell->log, &log, NULL, NULL);
    g_test_message("%s", log);
    g_test_skip("ssh cannot log in here: see above");
    return true;
}

static void check_through_ssh(const char *option)
{
    struct network network;
    struct shell shell;
    pid_t ssh;

    begin_network(&network);
    if (begin_shell(&shell, network.directory)) {
        ssh = forward(&shell, option, &network);
        if (!skip_where_it_ended(&shell, ssh)) {
            struct pp_manager *far = connect_at(network.far_path);
            struct pp_manager *near = connect_at(network.near_path);

            check_items(near, far, 2000000);
            check_queues(network.near_path, far);
            check_the_end(network.near_path, far, ssh);
            pp_manager_destroy(near);
            pp_manager_destroy(far);
        }
    }
    end_shell(&shell, network.directory);
    end_network(&network);
}

static void test_ssh_carries_the_socket_here(void)
{
    check_through_ssh("-L");
}

static void test_ssh_carries_the_socket_there(void)
{
    check_through_ssh("-R");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manager-ssh/it-carries-the-socket-here", test_ssh_carries_the_socket_here);
    g_test_add_func("/manager-ssh/it-carries-the-socket-there", test_ssh_carries_the_socket_there);
    return g_test_run();
}
