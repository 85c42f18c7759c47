/* SPDX-License-Identifier: MIT */
#include <linux/futex.h>
#include <sys/syscall.h>

#include "core/bell.h"
#include "core/futex.h"
#include "core/lock.h"
#include "tests/processes.h"

enum { SLEEPERS = 4 };

struct shared {
    struct pp_lock lock;
    struct pp_bell bell;
    _Atomic uint32_t listening;
    _Atomic uint32_t woken;
};

static uint32_t listen_to(struct shared *shared)
{
    uint32_t heard;

    g_assert_cmpint(pp_lock_acquire(&shared->lock, -1), ==, 0);
    heard = pp_bell_listen(&shared->bell);
    pp_lock_release(&shared->lock);
    return heard;
}

static struct pp_bell_call ring(struct shared *shared, uint32_t count)
{
    struct pp_bell_call call;

    g_assert_cmpint(pp_lock_acquire(&shared->lock, -1), ==, 0);
    pp_bell_ring(&shared->bell, count);
    call = pp_bell_collect(&shared->bell);
    pp_lock_release(&shared->lock);
    return call;
}

static void test_nobody_is_called_where_nobody_listens(void)
{
    struct shared shared = {0};

    g_assert_cmpuint(ring(&shared, 1).count, ==, 0);
    g_assert_cmpuint(ring(&shared, PP_BELL_ALL).count, ==, 0);
}

/* He was about to sleep when it was rung. */
static void test_who_has_listened_before_does_not_sleep(void)
{
    struct shared shared = {0};
    uint32_t heard = listen_to(&shared);

    g_assert_cmpuint(ring(&shared, 1).count, ==, 1);
    g_assert_cmpint(pp_futex_wait(&shared.bell.word, heard, UINT64_MAX), ==, 0);
}

static void test_calls_that_are_due_add_up(void)
{
    struct shared shared = {0};
    struct pp_bell *bell = &shared.bell;

    listen_to(&shared);
    pp_bell_ring(bell, 1);
    pp_bell_ring(bell, 2);
    g_assert_cmpuint(pp_bell_collect(bell).count, ==, 3);
    g_assert_cmpuint(pp_bell_collect(bell).count, ==, 0);
    pp_bell_ring(bell, 1);
    pp_bell_ring(bell, PP_BELL_ALL);
    pp_bell_ring(bell, 1);
    g_assert_cmpuint(pp_bell_collect(bell).count, ==, PP_BELL_ALL);
}

/* One system call too many, and not two. */
static void test_a_call_that_finds_nobody_is_the_last(void)
{
    struct shared shared = {0};
    struct pp_bell_call call;

    listen_to(&shared);
    call = ring(&shared, 1);
    g_assert_cmpuint(call.count, ==, 1);
    pp_bell_call(&shared.bell, call);
    g_assert_cmpuint(ring(&shared, 1).count, ==, 0);
}

/* He came after it was rung and before it was called, and must be called the next time. */
static void test_who_comes_before_the_call_is_not_forgotten(void)
{
    struct shared shared = {0};
    struct pp_bell_call call;

    listen_to(&shared);
    call = ring(&shared, 1);
    listen_to(&shared);
    pp_bell_call(&shared.bell, call);
    g_assert_cmpuint(ring(&shared, 1).count, ==, 1);
}

/* Without slices, so that only a call ends it. */
static int sleep_until_called(void *memory)
{
    struct shared *shared = memory;
    uint32_t heard = listen_to(shared);

    atomic_fetch_add(&shared->listening, 1);
    if (syscall(SYS_futex, &shared->bell.word, FUTEX_WAIT, heard, NULL, NULL, 0) != 0) {
        return 1;
    }
    atomic_fetch_add(&shared->woken, 1);
    return 0;
}

static void test_as_many_are_called_as_it_was_rung_for(void)
{
    struct pp_slot slot;
    struct shared *shared = share(&slot, sizeof(*shared));
    pid_t pids[SLEEPERS];

    for (uint32_t i = 0; i < SLEEPERS; i++) {
        pids[i] = start_child(sleep_until_called, shared);
        WAIT_UNTIL(atomic_load(&shared->listening) == i + 1 && sleeps(pids[i]));
    }
    for (uint32_t i = 1; i < SLEEPERS; i++) {
        pp_bell_call(&shared->bell, ring(shared, 1));
        WAIT_UNTIL(atomic_load(&shared->woken) == i);
    }
    pids[0] = start_child(sleep_until_called, shared);
    WAIT_UNTIL(atomic_load(&shared->listening) == SLEEPERS + 1 && sleeps(pids[0]));
    g_assert_cmpuint(atomic_load(&shared->woken), ==, SLEEPERS - 1);
    pp_bell_call(&shared->bell, ring(shared, PP_BELL_ALL));
    for (int i = 0; i <= SLEEPERS; i++) {
        int status;

        g_assert_cmpint(wait(&status), >, 0);
        g_assert_cmpint(status, ==, 0);
    }
    pp_slot_finish(&slot);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bell/nobody-is-called-where-nobody-listens",
                    test_nobody_is_called_where_nobody_listens);
    g_test_add_func("/bell/who-has-listened-before-does-not-sleep",
                    test_who_has_listened_before_does_not_sleep);
    g_test_add_func("/bell/calls-that-are-due-add-up", test_calls_that_are_due_add_up);
    g_test_add_func("/bell/a-call-that-finds-nobody-is-the-last",
                    test_a_call_that_finds_nobody_is_the_last);
    g_test_add_func("/bell/who-comes-before-the-call-is-not-forgotten",
                    test_who_comes_before_the_call_is_not_forgotten);
    g_test_add_func("/bell/as-many-are-called-as-it-was-rung-for",
                    test_as_many_are_called_as_it_was_rung_for);
    return g_test_run();
}
