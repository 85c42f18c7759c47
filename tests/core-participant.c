/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sys/syscall.h>

#include "core/participant.h"
#include "tests/processes.h"

struct shared {
    _Atomic uint64_t seen;
    _Atomic uint64_t grandchild;
    _Atomic uint32_t go;
};

static int report_self(void *memory)
{
    struct shared *shared = memory;

    atomic_store(&shared->seen, pp_participant_self());
    WAIT_UNTIL(atomic_load(&shared->go));
    return 0;
}

/* The test asks for itself first, so a child that went on with the number which its parent kept
 * would report that one. */
static void test_a_forked_child_is_another_one_than_its_parent(void)
{
    struct pp_slot slot;
    struct shared *shared = share(&slot, sizeof(*shared));
    uint64_t self = pp_participant_self();
    uint64_t of_child = 0;
    pid_t pid;

    g_assert_cmpuint(self, !=, PP_PARTICIPANT_NOBODY);
    g_assert_cmpuint(pp_participant_self(), ==, self);
    pid = start_child(report_self, shared);
    WAIT_UNTIL(atomic_load(&shared->seen) != 0);
    g_assert_cmpuint(atomic_load(&shared->seen), !=, self);
    g_assert_cmpint(pp_participant_pid(atomic_load(&shared->seen)), ==, pid);
    g_assert_cmpint(pp_participant_of(pid, &of_child), ==, 0);
    g_assert_cmpuint(atomic_load(&shared->seen), ==, of_child);
    g_assert_cmpuint(pp_participant_self(), ==, self);
    atomic_store(&shared->go, 1);
    g_assert_cmpint(join_child(pid), ==, 0);
    pp_slot_finish(&slot);
}

/* The bare call goes past all that libc does for a child. */
static void test_a_child_that_libc_knows_nothing_of_is_another_one_too(void)
{
    struct pp_slot slot;
    struct shared *shared = share(&slot, sizeof(*shared));
    uint64_t self = pp_participant_self();
    struct clone_args arguments = {.exit_signal = SIGCHLD};
    pid_t pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));

    if (pid == 0) {
        atomic_store(&shared->seen, pp_participant_self());
        _exit(0);
    }
    if (pid < 0) {
        g_test_skip("no clone3 here");
    } else {
        g_assert_cmpint(join_child(pid), ==, 0);
        g_assert_cmpuint(atomic_load(&shared->seen), !=, self);
        g_assert_cmpint(pp_participant_pid(atomic_load(&shared->seen)), ==, pid);
    }
    pp_slot_finish(&slot);
}

/* A zombie still has its pid and its start time, and nothing will ever run there. */
static void test_a_killed_process_is_dead_before_it_is_reaped(void)
{
    struct pp_slot slot;
    struct shared *shared = share(&slot, sizeof(*shared));
    pid_t pid = start_child(report_self, shared);
    uint64_t child = 0;
    siginfo_t info;

    g_assert_cmpint(pp_participant_of(pid, &child), ==, 0);
    g_assert_true(pp_participant_is_alive(child));
    g_assert_cmpint(kill(pid, SIGSTOP), ==, 0);
    g_assert_cmpint(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT), ==, 0);
    g_assert_true(pp_participant_is_alive(child));
    g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
    g_assert_cmpint(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), ==, 0);
    g_assert_false(pp_participant_is_alive(child));
    g_assert_cmpint(join_child(pid), ==, -1);
    g_assert_false(pp_participant_is_alive(child));
    g_assert_cmpint(pp_participant_of(pid, &child), ==, -ESRCH);
    pp_slot_finish(&slot);
}

static void *outlive_the_leader(void *memory)
{
    _exit(report_self(memory));
}

static int end_the_leader_only(void *memory)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, outlive_the_leader, memory) != 0) {
        return 1;
    }
    pthread_exit(NULL);
}

static char state_of(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)pid);
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return strrchr(text, ')')[2];
}

/* The system shows the process as a zombie, as that is what its first thread is. The other one is
 * about to ask for its go, and gets it only after the test has looked. */
static void test_a_process_lives_as_long_as_any_of_its_threads(void)
{
    struct pp_slot slot;
    struct shared *shared = share(&slot, sizeof(*shared));
    pid_t pid = start_child(end_the_leader_only, shared);

    WAIT_UNTIL(state_of(pid) == 'Z');
    WAIT_UNTIL(atomic_load(&shared->seen) != 0);
    g_assert_true(pp_participant_is_alive(atomic_load(&shared->seen)));
    atomic_store(&shared->go, 1);
    g_assert_cmpint(join_child(pid), ==, 0);
    g_assert_false(pp_participant_is_alive(atomic_load(&shared->seen)));
    pp_slot_finish(&slot);
}

/* The same pid with another start time is what a pid that was given again looks like: here to the
 * pid of this process, which is certainly alive. */
static void test_a_pid_that_was_given_again_is_not_the_dead_one(void)
{
    uint64_t self = pp_participant_self();
    uint64_t earlier = self - (UINT64_C(1) << 22);

    g_assert_cmpint(pp_participant_pid(earlier), ==, getpid());
    g_assert_true(pp_participant_is_alive(self));
    g_assert_false(pp_participant_is_alive(earlier));
}

static pid_t start_child_as(pid_t wanted)
{
    struct clone_args arguments = {
        .exit_signal = SIGCHLD, .set_tid = (uint64_t)(uintptr_t)&wanted, .set_tid_size = 1};
    pid_t pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));

    if (pid == 0) {
        pause();
        _exit(0);
    }
    return pid;
}

/* The same with a real pid, where the test may choose one: the first child is dead for at least a
 * tick of the clock that stamps a start when the second one gets its pid. */
static void test_a_child_with_the_pid_of_a_dead_one_is_another_one(void)
{
    struct pp_slot slot;
    struct shared *shared = share(&slot, sizeof(*shared));
    pid_t pid = start_child(report_self, shared);
    gint64 tick = g_get_monotonic_time() + 1000000 / sysconf(_SC_CLK_TCK) + 1;
    uint64_t first = 0;
    uint64_t second = 0;

    g_assert_cmpint(pp_participant_of(pid, &first), ==, 0);
    kill_child(pid);
    WAIT_UNTIL(g_get_monotonic_time() > tick);
    if (start_child_as(pid) == pid) {
        g_assert_cmpint(pp_participant_of(pid, &second), ==, 0);
        g_assert_cmpuint(first, !=, second);
        g_assert_false(pp_participant_is_alive(first));
        g_assert_true(pp_participant_is_alive(second));
        kill_child(pid);
    } else {
        g_test_skip("this user may not choose a pid");
    }
    pp_slot_finish(&slot);
}

static int be_named_like_fields(void *memory)
{
    if (prctl(PR_SET_NAME, ") Z 1 1 (x) Z") != 0) {
        return 1;
    }
    return report_self(memory);
}

/* A process may choose its name, and the name stands before the fields that are read. */
static void test_a_name_cannot_feign_a_death(void)
{
    struct pp_slot slot;
    struct shared *shared = share(&slot, sizeof(*shared));
    pid_t pid = start_child(be_named_like_fields, shared);
    uint64_t of_child = 0;

    WAIT_UNTIL(atomic_load(&shared->seen) != 0);
    g_assert_true(pp_participant_is_alive(atomic_load(&shared->seen)));
    g_assert_cmpint(pp_participant_of(pid, &of_child), ==, 0);
    g_assert_cmpuint(of_child, ==, atomic_load(&shared->seen));
    kill_child(pid);
    g_assert_false(pp_participant_is_alive(of_child));
    pp_slot_finish(&slot);
}

static void test_nobody_is_not_alive(void)
{
    uint64_t nobody;

    g_assert_false(pp_participant_is_alive(PP_PARTICIPANT_NOBODY));
    g_assert_cmpint(pp_participant_of(0, &nobody), ==, -ESRCH);
    g_assert_cmpint(pp_participant_of(-1, &nobody), ==, -ESRCH);
    g_assert_cmpint(pp_participant_of(INT32_MAX, &nobody), ==, -ESRCH);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/participant/a-forked-child-is-another-one-than-its-parent",
                    test_a_forked_child_is_another_one_than_its_parent);
    g_test_add_func("/participant/a-child-that-libc-knows-nothing-of-is-another-one-too",
                    test_a_child_that_libc_knows_nothing_of_is_another_one_too);
    g_test_add_func("/participant/a-killed-process-is-dead-before-it-is-reaped",
                    test_a_killed_process_is_dead_before_it_is_reaped);
    g_test_add_func("/participant/a-process-lives-as-long-as-any-of-its-threads",
                    test_a_process_lives_as_long_as_any_of_its_threads);
    g_test_add_func("/participant/a-pid-that-was-given-again-is-not-the-dead-one",
                    test_a_pid_that_was_given_again_is_not_the_dead_one);
    g_test_add_func("/participant/a-child-with-the-pid-of-a-dead-one-is-another-one",
                    test_a_child_with_the_pid_of_a_dead_one_is_another_one);
    g_test_add_func("/participant/a-name-cannot-feign-a-death", test_a_name_cannot_feign_a_death);
    g_test_add_func("/participant/nobody-is-not-alive", test_nobody_is_not_alive);
    return g_test_run();
}
