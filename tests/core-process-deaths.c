/* SPDX-License-Identifier: MIT */
/*
 * What becomes of processes when somebody dies: they themselves, their zygote, their host. All with
 * real processes and real deaths; and with a host whose other threads never pause.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/process.h"
#include "core/shared_memory.h"
#include "tests/processes.h"
#include "tests/start_methods.h"

static int do_nothing(struct pp_call *call)
{
    (void)call;
    return 0;
}

/* Says its pid, then waits until its second pipe is closed. */
static int announce_and_wait(struct pp_call *call)
{
    pid_t pid = getpid();
    char byte;

    if (write(call->fds[0], &pid, sizeof(pid)) != sizeof(pid)) {
        return -EPIPE;
    }
    return read(call->fds[1], &byte, 1) == 0 ? 0 : -EIO;
}

/* Counts itself in shared memory, at the place that its argument says. */
static int count(struct pp_call *call)
{
    _Atomic uint32_t *counters = call->shared[0].bytes;
    uint32_t place;

    if (pp_call_arguments(call, &place, sizeof(place)) != 0) {
        return -EINVAL;
    }
    atomic_fetch_add(&counters[place], 1);
    return 0;
}

static int start_announced_child(struct pp_call *call);

static const struct pp_task_function functions[] = {
    {"do-nothing", do_nothing},
    {"announce-and-wait", announce_and_wait},
    {"count", count},
    {"start-announced-child", start_announced_child},
    {NULL, NULL},
};

static const struct pp_program program = {.functions = functions};

static struct pp_process *start(const struct pp_process_options *options)
{
    struct pp_process *process = NULL;
    struct pp_error error = {0};

    g_assert_cmpint(pp_process_start(&process, &program, options, &error), ==, 0);
    return process;
}

/* A process has another one, which announces itself; neither ends by itself. */
static int start_announced_child(struct pp_call *call)
{
    struct pp_process_options options = {
        .function = "announce-and-wait",
        .fd_count = 2,
        .fds = {call->fds[0], call->fds[1]},
    };

    pp_process_destroy(start(&options));
    return announce_and_wait(call);
}

/* Processes that say when they run, and that end when one pipe is closed. */
struct group {
    int words[2];
    int hold[2];
    int gate[2]; /* closed when the host may go on */
};

static struct group open_group(void)
{
    struct group group;

    g_assert_cmpint(pipe2(group.words, O_CLOEXEC), ==, 0);
    g_assert_cmpint(pipe2(group.hold, O_CLOEXEC), ==, 0);
    g_assert_cmpint(pipe2(group.gate, O_CLOEXEC), ==, 0);
    return group;
}

static void close_group(const struct group *group)
{
    close(group->words[0]);
    close(group->words[1]);
    close(group->hold[0]);
    close(group->hold[1]);
    close(group->gate[0]);
    close(group->gate[1]);
}

static struct pp_process *start_in(const struct group *group, gconstpointer data, bool daemon)
{
    struct pp_process_options options = {
        .start_method = (enum pp_start_method)GPOINTER_TO_INT(data),
        .function = "announce-and-wait",
        .fd_count = 2,
        .fds = {group->words[1], group->hold[0]},
        .daemon = daemon,
    };

    return start(&options);
}

static pid_t next_announced(const struct group *group)
{
    pid_t pid;

    g_assert_cmpint(read(group->words[0], &pid, sizeof(pid)), ==, sizeof(pid));
    return pid;
}

/* Readable when the process is gone; no process of this pid can be another one before that. */
static int open_pidfd(pid_t pid)
{
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

    g_assert_cmpint(pidfd, >=, 0);
    return pidfd;
}

static bool is_gone(int pidfd)
{
    GPollFD fd = {.fd = pidfd, .events = G_IO_IN};

    return g_poll(&fd, 1, 0) == 1;
}

static void assert_goes(int pidfd)
{
    GPollFD fd = {.fd = pidfd, .events = G_IO_IN};

    g_assert_cmpint(g_poll(&fd, 1, PATIENCE_MS), ==, 1);
    close(pidfd);
}

static pid_t parent_of(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)pid);
    g_autofree char *text = NULL;
    int parent = 0;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpint(sscanf(strrchr(text, ')') + 1, " %*c %d", &parent), ==, 1);
    return parent;
}

static bool is_zombie(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)pid);
    g_autofree char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) &&
           g_str_has_prefix(strrchr(text, ')'), ") Z");
}

/* ---- Its own death ---- */

static void test_a_killed_process_is_a_killed_process(gconstpointer data)
{
    struct group group = open_group();
    struct pp_process *process = start_in(&group, data, false);
    pid_t pid = next_announced(&group);

    g_assert_cmpint(pid, ==, pp_process_pid(process));
    kill(pid, SIGSTOP); /* one that cannot do anything any more can still be killed */
    g_assert_true(pp_process_is_alive(process));
    g_assert_cmpint(pp_process_kill(process), ==, 0);
    g_assert_cmpint(pp_process_join(process, PATIENCE_MS), ==, 0);
    g_assert_cmpint(pp_process_exitcode(process), ==, -SIGKILL);
    pp_process_destroy(process);
    close_group(&group);
}

/* Whoever waits for any child takes the exit code away, but not the end. */
static void test_an_end_is_told_though_somebody_else_reaped_it(void)
{
    struct group group = open_group();
    struct pp_process *process = start_in(&group, GINT_TO_POINTER(PP_START_FORK), false);
    pid_t pid = next_announced(&group);

    kill(pid, SIGTERM);
    g_assert_cmpint(waitpid(-1, NULL, 0), ==, pid);
    g_assert_cmpint(pp_process_join(process, PATIENCE_MS), ==, 0);
    g_assert_cmpint(pp_process_exitcode(process), ==, 255);
    pp_process_destroy(process);
    close_group(&group);
}

/* ---- The zygote's death ---- */

static void test_a_zygotes_death_kills_its_processes_and_no_more(gconstpointer data)
{
    struct group group = open_group();
    struct pp_process *processes[3];
    pid_t zygote = 0;

    for (int i = 0; i < 3; i++) {
        processes[i] = start_in(&group, data, false);
        zygote = parent_of(next_announced(&group));
    }
    g_assert_cmpint(zygote, !=, getpid());
    kill(zygote, SIGKILL);
    for (int i = 0; i < 3; i++) {
        g_assert_cmpint(pp_process_join(processes[i], PATIENCE_MS), ==, 0);
        g_assert_cmpint(pp_process_exitcode(processes[i]), ==, -SIGKILL);
        g_assert_cmpint(pp_process_error(processes[i])->code, ==, -ECHILD);
        pp_process_destroy(processes[i]);
    }
    g_assert_cmpuint(pp_process_active_children(NULL, 0), ==, 0);
    processes[0] = start_in(&group, data, false); /* from another zygote */
    g_assert_cmpint(parent_of(next_announced(&group)), !=, zygote);
    close(group.hold[1]);
    group.hold[1] = dup(group.hold[0]);
    g_assert_cmpint(pp_process_join(processes[0], PATIENCE_MS), ==, 0);
    g_assert_cmpint(pp_process_exitcode(processes[0]), ==, 0);
    pp_process_destroy(processes[0]);
    close_group(&group);
}

enum { STARTS = 120 };

/* Kills the zygote that was last seen, until all was started. */
struct killer {
    _Atomic int zygote;
    _Atomic bool done;
    unsigned kills;
};

static void *kill_zygotes(void *user)
{
    struct killer *killer = user;

    while (!atomic_load(&killer->done)) {
        int zygote = atomic_exchange(&killer->zygote, 0);

        if (zygote != 0) {
            kill(zygote, SIGKILL);
            killer->kills++;
        }
        g_usleep(100);
    }
    return NULL;
}

/*
 * The zygote is killed again and again while processes are started from it. No start hangs, an
 * order that got lost is given again, and no function is called twice for one start.
 */
static void test_orders_are_carried_out_once_whoever_kills_zygotes(gconstpointer data)
{
    struct pp_shared_memory *shared[1];
    struct killer killer = {0};
    _Atomic uint32_t *counters;
    unsigned well = 0;
    pthread_t thread;

    g_assert_cmpint(pp_shared_memory_create(&shared[0], NULL, STARTS * sizeof(*counters)), ==, 0);
    counters = pp_shared_memory_bytes(shared[0]);
    g_assert_cmpint(pthread_create(&thread, NULL, kill_zygotes, &killer), ==, 0);
    for (uint32_t i = 0; i < STARTS; i++) {
        struct pp_process_options options = {
            .start_method = (enum pp_start_method)GPOINTER_TO_INT(data),
            .function = "count",
            .arguments = &i,
            .arguments_length = sizeof(i),
            .shared = shared,
            .shared_count = 1,
        };
        struct pp_process *process = NULL;
        int r = pp_process_start(&process, &program, &options, NULL);
        uint32_t calls;

        if (r != 0) {
            g_assert_cmpint(r, ==, -ECONNRESET);
            g_assert_cmpuint(atomic_load(&counters[i]), <=, 1);
            continue;
        }
        if (i % 3 == 0) {
            g_autofree char *path = g_strdup_printf("/proc/%d/stat", pp_process_pid(process));
            g_autofree char *text = NULL;
            int parent = 0;

            if (g_file_get_contents(path, &text, NULL, NULL) &&
                sscanf(strrchr(text, ')') + 1, " %*c %d", &parent) == 1 && parent != getpid() &&
                parent != 1) {
                atomic_store(&killer.zygote, parent);
            }
        }
        g_assert_cmpint(pp_process_join(process, PATIENCE_MS), ==, 0);
        calls = atomic_load(&counters[i]);
        if (pp_process_exitcode(process) == 0) {
            g_assert_cmpuint(calls, ==, 1);
            well++;
        } else {
            g_assert_cmpint(pp_process_exitcode(process), ==, -SIGKILL);
            g_assert_cmpuint(calls, <=, 1);
        }
        pp_process_destroy(process);
    }
    atomic_store(&killer.done, true);
    pthread_join(thread, NULL);
    g_test_message("%u zygotes killed, %u of %d processes ended well", killer.kills, well, STARTS);
    g_assert_cmpuint(well, >, 0);
    pp_shared_memory_close(shared[0]);
}

/* ---- The host's end ---- */

/* What a host does in a process of its own, with a group of processes. */
struct host {
    const struct group *group;
    gconstpointer data;
};

/* Run @host in a child that exits, as main() would. */
static pid_t start_host(void (*host)(const struct host *host), const struct host *user)
{
    pid_t pid;

    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        char byte;

        close(user->group->hold[1]); /* the test alone lets them end */
        close(user->group->gate[1]);
        host(user);
        g_assert_cmpint(read(user->group->gate[0], &byte, 1), ==, 0);
        exit(7);
    }
    g_assert_cmpint(pid, >, 0);
    return pid;
}

static void start_one_of_each(const struct host *host)
{
    pp_process_destroy(start_in(host->group, host->data, false));
    pp_process_destroy(start_in(host->group, host->data, true));
}

/* exit() waits for the one and kills the other. */
static void test_exit_waits_for_processes_but_not_for_daemons(gconstpointer data)
{
    struct group group = open_group();
    struct host host = {&group, data};
    pid_t pid = start_host(start_one_of_each, &host);
    int host_pidfd = open_pidfd(pid);
    int pidfds[2];
    GPollFD fds[2];
    int first;
    int status;

    for (int i = 0; i < 2; i++) {
        pidfds[i] = open_pidfd(next_announced(&group));
        fds[i] = (GPollFD){.fd = pidfds[i], .events = G_IO_IN};
    }
    close(group.gate[1]);
    group.gate[1] = dup(group.gate[0]);
    g_assert_cmpint(g_poll(fds, 2, PATIENCE_MS), ==, 1); /* the daemon is killed */
    first = fds[0].revents != 0 ? 0 : 1;
    g_assert_false(is_gone(host_pidfd));
    g_assert_false(is_gone(pidfds[1 - first]));
    close(group.hold[1]); /* the other one may end */
    group.hold[1] = dup(group.hold[0]);
    assert_goes(pidfds[1 - first]);
    assert_goes(host_pidfd);
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_cmpint(WEXITSTATUS(status), ==, 7);
    close(pidfds[first]);
    close_group(&group);
}

static void start_family(const struct host *host)
{
    struct pp_process_options options = {
        .start_method = (enum pp_start_method)GPOINTER_TO_INT(host->data),
        .function = "start-announced-child",
        .fd_count = 2,
        .fds = {host->group->words[1], host->group->hold[0]},
    };

    pp_process_destroy(start(&options));
    start_one_of_each(host);
}

/* Killed, it cannot lift a finger: processes, daemons and those of processes die all the same. */
static void test_nothing_outlives_a_killed_host(gconstpointer data)
{
    struct group group = open_group();
    struct host host = {&group, data};
    pid_t pid = start_host(start_family, &host);
    int pidfds[4];

    for (int i = 0; i < 4; i++) {
        pidfds[i] = open_pidfd(next_announced(&group));
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    for (int i = 0; i < 4; i++) {
        assert_goes(pidfds[i]);
    }
    close_group(&group);
}

static void *start_two_and_end(void *user)
{
    const struct host *host = user;

    for (int i = 0; i < 2; i++) {
        struct pp_process_options options = {
            .start_method = (enum pp_start_method)GPOINTER_TO_INT(host->data),
            .force_fork = true,
            .function = "announce-and-wait",
            .fd_count = 2,
            .fds = {host->group->words[1], host->group->hold[0]},
        };

        pp_process_destroy(start(&options));
    }
    return NULL;
}

static void start_in_thread(const struct host *host)
{
    pthread_t thread;

    g_assert_cmpint(pthread_create(&thread, NULL, start_two_and_end, (void *)(uintptr_t)host), ==,
                    0);
    pthread_join(thread, NULL);
}

/* The thread that started them has ended long before: that kills nobody, the host's death all. */
static void test_nothing_outlives_a_killed_host_with_threads(gconstpointer data)
{
    struct group group = open_group();
    struct host host = {&group, data};
    pid_t pid = start_host(start_in_thread, &host);
    int pidfds[2];

    for (int i = 0; i < 2; i++) {
        pidfds[i] = open_pidfd(next_announced(&group));
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    for (int i = 0; i < 2; i++) {
        assert_goes(pidfds[i]);
    }
    close_group(&group);
}

enum { MANY = 350 };

static void start_many_and_a_child(const struct host *host)
{
    setpgid(0, 0); /* so that its child can be ended with it at last */
    for (int i = 0; i < MANY; i++) {
        pp_process_destroy(start_in(host->group, host->data, false));
    }
    if (fork() == 0) {
        for (;;) {
            pause();
        }
    }
}

/*
 * More ends than its channel can hold, and the host does not listen: the zygote waits with what it
 * has to say. That the host is dead it sees nevertheless, though a child of the host keeps the
 * channel open.
 */
static void test_a_zygote_that_nobody_listens_to_dies_with_its_host(gconstpointer data)
{
    struct group group = open_group();
    struct host host = {&group, data};
    pid_t pid = start_host(start_many_and_a_child, &host);
    pid_t processes[MANY];
    pid_t zygote = 0;
    int zygote_pidfd;
    int unheard = 0;

    for (int i = 0; i < MANY; i++) {
        processes[i] = next_announced(&group);
    }
    zygote = parent_of(processes[0]);
    zygote_pidfd = open_pidfd(zygote);
    close(group.hold[1]); /* all end, each with a notice */
    group.hold[1] = dup(group.hold[0]);
    for (int i = 0; i < MANY; i++) {
        WAIT_UNTIL(kill(processes[i], 0) != 0 || is_zombie(processes[i]));
    }
    WAIT_UNTIL(sleeps(zygote));
    for (int i = 0; i < MANY; i++) {
        unheard += kill(processes[i], 0) == 0;
    }
    g_test_message("%d of %d ends were not told", unheard, MANY);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_goes(zygote_pidfd);
    kill(-pid, SIGKILL);
    close_group(&group);
}

/* ---- A host whose threads never pause ---- */

struct hammer {
    pthread_mutex_t mutex;
    _Atomic bool done;
};

/* Nearly always inside malloc() or behind a lock, which a bare fork would copy in that state. */
static void *hammer(void *user)
{
    struct hammer *self = user;
    void *blocks[64] = {NULL};

    for (unsigned i = 0; !atomic_load_explicit(&self->done, memory_order_relaxed); i++) {
        unsigned place = i * 7 % G_N_ELEMENTS(blocks);
        char text[32];

        free(blocks[place]);
        blocks[place] = malloc(16 + i % 5000);
        pthread_mutex_lock(&self->mutex);
        snprintf(text, sizeof(text), "%u", i);
        pthread_mutex_unlock(&self->mutex);
        if (i % 64 == 0) {
            g_usleep(50); /* leave something of two processors to the rest */
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(blocks); i++) {
        free(blocks[i]);
    }
    return NULL;
}

/* Each worker runs one task and is replaced. */
static void recycle_workers(gconstpointer data, unsigned workers)
{
    struct pp_pool_options options = {
        .start_method = (enum pp_start_method)GPOINTER_TO_INT(data),
        .processes = 4,
        .tasks_per_worker = 1,
        .force_fork = true,
    };
    struct pp_task task = {.function = "do-nothing"};
    struct pp_pool *pool = NULL;
    struct pp_future *future;
    unsigned done = 0;

    g_assert_cmpint(pp_pool_create(&pool, &program, &options, NULL), ==, 0);
    for (unsigned i = 0; i < workers; i++) {
        g_assert_cmpint(pp_pool_submit(pool, &task, &future), ==, 0);
    }
    while (pp_pool_next(pool, PATIENCE_MS, &future) == 0) {
        g_assert_cmpint(pp_future_result(future)->outcome, ==, PP_DONE);
        pp_future_destroy(future);
        done++;
    }
    g_assert_cmpuint(done, ==, workers);
    pp_pool_destroy(pool);
}

/* The cheaper a worker the more; PIXPOOL_TEST_WORKERS says how many the cheapest method starts. */
static unsigned worker_count(gconstpointer data)
{
    const char *wanted = g_getenv("PIXPOOL_TEST_WORKERS");
    unsigned workers = wanted == NULL ? 200 : (unsigned)atoi(wanted);

    switch ((enum pp_start_method)GPOINTER_TO_INT(data)) {
    case PP_START_FORKSERVER:
        return workers;
    case PP_START_SPAWN:
        return workers / 4;
    default:
        return workers / 10;
    }
}

static void test_a_busy_hosts_workers_never_hang(gconstpointer data)
{
    struct hammer self = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    gint64 begun = g_get_monotonic_time();
    pthread_t threads[16];

    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
        g_assert_cmpint(pthread_create(&threads[i], NULL, hammer, &self), ==, 0);
    }
    recycle_workers(data, worker_count(data));
    for (unsigned i = 0; i < worker_count(data) / 10; i++) {
        struct pp_process_options options = {
            .start_method = (enum pp_start_method)GPOINTER_TO_INT(data),
            .function = "do-nothing",
            .force_fork = true,
        };
        struct pp_process *process = start(&options);

        g_assert_cmpint(pp_process_join(process, PATIENCE_MS), ==, 0);
        g_assert_cmpint(pp_process_exitcode(process), ==, 0);
        pp_process_destroy(process);
    }
    atomic_store(&self.done, true);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
        pthread_join(threads[i], NULL);
    }
    g_test_message("%.1f s", (double)(g_get_monotonic_time() - begun) / 1e6);
}

static void add(const char *name, GTestDataFunc test)
{
    add_process_method_tests("process-deaths", name, test);
}

static void add_zygote(const char *name, GTestDataFunc test)
{
    static const enum pp_start_method methods[] = {PP_START_FORKSERVER, PP_START_SPAWN};
    static const char *const names[] = {"forkserver", "spawn"};

    for (size_t i = 0; i < G_N_ELEMENTS(methods); i++) {
        g_autofree char *path = g_strdup_printf("/process-deaths/%s/%s", names[i], name);

        g_test_add_data_func(path, GINT_TO_POINTER(methods[i]), test);
    }
}

int main(int argc, char **argv)
{
    pp_program_enter(&program, argc, argv);
    g_test_init(&argc, &argv, NULL);
    add("a-killed-process-is-a-killed-process", test_a_killed_process_is_a_killed_process);
    g_test_add_func("/process-deaths/fork/an-end-is-told-though-somebody-else-reaped-it",
                    test_an_end_is_told_though_somebody_else_reaped_it);
    add_zygote("a-zygotes-death-kills-its-processes-and-no-more",
               test_a_zygotes_death_kills_its_processes_and_no_more);
    add_zygote("orders-are-carried-out-once-whoever-kills-zygotes",
               test_orders_are_carried_out_once_whoever_kills_zygotes);
    add_zygote("a-zygote-that-nobody-listens-to-dies-with-its-host",
               test_a_zygote_that_nobody_listens_to_dies_with_its_host);
    add("exit-waits-for-processes-but-not-for-daemons",
        test_exit_waits_for_processes_but_not_for_daemons);
    add("nothing-outlives-a-killed-host", test_nothing_outlives_a_killed_host);
    add("nothing-outlives-a-killed-host-with-threads",
        test_nothing_outlives_a_killed_host_with_threads);
    add("a-busy-hosts-workers-never-hang", test_a_busy_hosts_workers_never_hang);
    return g_test_run();
}
