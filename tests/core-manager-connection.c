/* SPDX-License-Identifier: MIT */
#include <sys/time.h>

#include "core/manager_dict.h"
#include "core/manager_event.h"
#include "core/manager_lock.h"
#include "core/manager_queue.h"
#include "tests/managing.h"

static void open_dict(struct pp_manager *manager, struct pp_manager_dict *dict)
{
    g_assert_cmpint(pp_manager_dict(manager, "dict", dict), ==, 0);
}

/* No signal either: that would end the test. */
static void test_every_call_tells_that_the_server_is_gone(void)
{
    struct fixture fixture;
    struct pp_manager_dict dict;
    struct pp_manager_queue queue;
    struct pp_item item = pp_item_int(1);
    size_t length;

    begin(&fixture);
    open_dict(fixture.manager, &dict);
    g_assert_cmpint(pp_manager_queue(fixture.manager, "queue", 0, &queue), ==, 0);
    kill_server(&fixture.server);
    for (int i = 0; i < 2; i++) {
        g_assert_cmpint(pp_manager_dict_set(&dict, "n", &item), ==, -ECONNRESET);
        g_assert_cmpint(pp_manager_dict_length(&dict, &length), ==, -ECONNRESET);
        g_assert_cmpint(pp_manager_queue_put(&queue, &item, -1), ==, -ECONNRESET);
        g_assert_cmpint(pp_manager_queue_get(&queue, &item, -1), ==, -ECONNRESET);
        g_assert_cmpint(pp_manager_remove(fixture.manager, "queue"), ==, -ECONNRESET);
        g_assert_cmpint(pp_manager_dict(fixture.manager, "dict", &dict), ==, -ECONNRESET);
    }
    g_assert_cmpint(pp_manager_shutdown(fixture.manager), ==, -EPERM);
    pp_manager_destroy(fixture.manager);
}

static int wait_for_ever(void *memory)
{
    struct meeting *shared = memory;
    struct pp_manager *manager = connect_at(shared->path);
    struct pp_manager_event event;
    int r = pp_manager_event(manager, "never", &event);

    atomic_fetch_add(&shared->said, 1);
    r = r != 0 ? r : pp_manager_event_wait(&event, -1);
    atomic_store(&shared->outcome, r);
    pp_manager_destroy(manager);
    return 0;
}

static void test_who_waits_hears_of_the_servers_end(void)
{
    struct fixture fixture;
    struct pp_slot slot;
    struct meeting *shared;
    pid_t pid;

    begin(&fixture);
    shared = meet_at(fixture.server.address.path, &slot, sizeof(*shared));
    pid = start_and_hear(shared, wait_for_ever);
    kill_server(&fixture.server);
    g_assert_cmpint(join_child(pid), ==, 0);
    g_assert_cmpint(atomic_load(&shared->outcome), ==, -ECONNRESET);
    pp_manager_destroy(fixture.manager);

    begin(&fixture);
    shared = meet_at(fixture.server.address.path, &slot, sizeof(*shared));
    pid = start_and_hear(shared, wait_for_ever);
    pp_manager_destroy(fixture.manager);
    stop_server(&fixture.server);
    g_assert_cmpint(join_child(pid), ==, 0);
    g_assert_cmpint(atomic_load(&shared->outcome), ==, -ECONNRESET);
    pp_slot_finish(&slot);
}

/* Who started it may die as well: the lifeline ends with him. */
static void test_the_server_ends_with_its_lifeline(void)
{
    struct managed server;

    start_server(&server);
    close(server.lifeline);
    g_assert_cmpint(join_child(server.pid), ==, 0);
    pp_manager_address_remove(&server.address);
}

/* A stopped server does not answer; who has asked for a limit does not wait for it. */
static void test_a_server_that_does_not_answer_is_given_up(void)
{
    struct fixture fixture;
    struct pp_manager_connection connection = {.answer_timeout_ms = 2000};
    struct pp_manager *manager = NULL;
    struct pp_manager_dict dict;
    struct pp_manager_event event;
    struct pp_item item = pp_item_int(1);
    siginfo_t info;

    begin(&fixture);
    g_assert_cmpint(pp_manager_connect(&manager, fixture.server.address.path, &connection, NULL),
                    ==, 0);
    open_dict(manager, &dict);
    g_assert_cmpint(pp_manager_event(manager, "never", &event), ==, 0);
    g_assert_cmpint(pp_manager_event_wait(&event, 2500), ==, -ETIMEDOUT); /* as it was asked to */
    g_assert_cmpint(kill(fixture.server.pid, SIGSTOP), ==, 0);
    g_assert_cmpint(waitid(P_PID, (id_t)fixture.server.pid, &info, WSTOPPED | WNOWAIT), ==, 0);
    g_assert_cmpint(pp_manager_dict_set(&dict, "n", &item), ==, -ECONNRESET);
    g_assert_cmpint(pp_manager_dict_set(&dict, "n", &item), ==, -ECONNRESET);
    g_assert_cmpint(kill(fixture.server.pid, SIGCONT), ==, 0);
    open_dict(fixture.manager, &dict);
    pp_manager_destroy(manager);
    end(&fixture);
}

struct child {
    struct pp_manager *manager;
    struct pp_manager_dict dict;
    struct pp_manager_lock lock;
};

/* With the parent's objects, on a connection of its own. */
static int use_what_the_parent_has(void *memory)
{
    struct child *child = memory;

    for (int i = 0; i < 1000; i++) {
        if (pp_manager_dict_add(&child->dict, "n", 1, NULL) != 0) {
            return 1;
        }
    }
    return pp_manager_lock_acquire(&child->lock, 0) == -ETIMEDOUT ? 0 : 2;
}

static void test_a_forked_child_makes_its_own_connection(void)
{
    struct fixture fixture;
    struct child child;
    int64_t sum = 0;
    pid_t pid;

    begin(&fixture);
    child.manager = fixture.manager;
    open_dict(fixture.manager, &child.dict);
    g_assert_cmpint(pp_manager_lock(fixture.manager, "lock", &child.lock), ==, 0);
    g_assert_cmpint(pp_manager_lock_acquire(&child.lock, -1), ==, 0);
    pid = start_child(use_what_the_parent_has, &child);
    for (int i = 0; i < 1000; i++) {
        g_assert_cmpint(pp_manager_dict_add(&child.dict, "n", 1, NULL), ==, 0);
    }
    g_assert_cmpint(join_child(pid), ==, 0);
    g_assert_cmpint(pp_manager_dict_add(&child.dict, "n", 0, &sum), ==, 0);
    g_assert_cmpint(sum, ==, 2000);
    g_assert_cmpint(pp_manager_lock_release(&child.lock), ==, 0); /* it was held all the time */
    end(&fixture);
}

static int find_another_server(void *memory)
{
    struct child *child = memory;

    return pp_manager_dict_add(&child->dict, "n", 1, NULL) == -ECONNRESET ? 0 : 1;
}

/* The numbers of the first one's objects mean nothing to the second. */
static void test_a_forked_child_does_not_take_another_server_for_it(void)
{
    struct fixture fixture;
    struct managed second;
    struct child child;
    g_autofree char *directory = g_dir_make_tmp("pp-manager-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "socket", NULL);

    start_server_at(&fixture.server, path, NULL);
    fixture.manager = connect_to(&fixture.server);
    open_dict(fixture.manager, &child.dict);
    kill_server(&fixture.server);
    start_server_at(&second, path, NULL);
    g_assert_cmpint(join_child(start_child(find_another_server, &child)), ==, 0);
    stop_server(&second);
    pp_manager_destroy(fixture.manager);
    g_assert_cmpint(rmdir(directory), ==, 0);
}

static int die_in_a_request(void *memory)
{
    struct meeting *shared = memory;
    struct pp_manager *manager = connect_at(shared->path);
    struct pp_manager_dict dict;
    struct pp_item item;

    open_dict(manager, &dict);
    for (int64_t i = 0;; i++) {
        g_autofree char *filler = g_strnfill(100000, (char)('a' + i % 26));

        item = pp_item_text(filler);
        if (pp_manager_dict_set(&dict, "n", &item) != 0) {
            return 1;
        }
        atomic_fetch_add(&shared->said, 1);
    }
}

/* Killed anywhere: what is there is one whole item. */
static void test_a_request_is_done_or_not(void)
{
    struct fixture fixture;
    struct pp_slot slot;
    struct meeting *shared;
    struct pp_manager_dict dict;

    begin(&fixture);
    shared = meet_at(fixture.server.address.path, &slot, sizeof(*shared));
    open_dict(fixture.manager, &dict);
    for (int round = 0; round < 30; round++) {
        uint32_t seen = atomic_load(&shared->said);
        pid_t pid = start_child(die_in_a_request, shared);
        struct pp_item item;

        WAIT_UNTIL(atomic_load(&shared->said) - seen > (uint32_t)g_test_rand_int_range(0, 20));
        kill_child(pid);
        g_assert_cmpint(pp_manager_dict_get(&dict, "n", &item), ==, 0);
        g_assert_cmpuint(item.length, ==, 100000);
        for (size_t i = 1; i < item.length; i++) {
            g_assert_true(((const char *)item.bytes)[i] == ((const char *)item.bytes)[0]);
        }
        pp_item_finish(&item);
    }
    pp_slot_finish(&slot);
    end(&fixture);
}

static void ignore_alarm(int number)
{
    (void)number;
}

/* Each wait, and many a call, is interrupted; none tells. */
static void test_a_signal_does_not_disturb_a_call(void)
{
    struct sigaction action = {.sa_handler = ignore_alarm};
    struct sigaction before;
    struct itimerval often = {{0, 500}, {0, 500}};
    struct itimerval never = {{0, 0}, {0, 0}};
    struct pp_manager_connection connection = {.answer_timeout_ms = PATIENCE_MS};
    struct fixture fixture;
    struct pp_manager *patient = NULL;
    struct pp_manager_event event;
    struct pp_manager_event of_patient;

    begin(&fixture);
    g_assert_cmpint(pp_manager_connect(&patient, fixture.server.address.path, &connection, NULL),
                    ==, 0);
    g_assert_cmpint(pp_manager_event(fixture.manager, "never", &event), ==, 0);
    g_assert_cmpint(pp_manager_event(patient, "never", &of_patient), ==, 0);
    g_assert_cmpint(sigaction(SIGALRM, &action, &before), ==, 0);
    g_assert_cmpint(setitimer(ITIMER_REAL, &often, NULL), ==, 0);
    for (int i = 0; i < 10; i++) {
        g_assert_cmpint(pp_manager_event_wait(&event, 10), ==, -ETIMEDOUT);
        g_assert_cmpint(pp_manager_event_wait(&of_patient, 10), ==, -ETIMEDOUT);
    }
    g_assert_cmpint(setitimer(ITIMER_REAL, &never, NULL), ==, 0);
    g_assert_cmpint(sigaction(SIGALRM, &before, NULL), ==, 0);
    pp_manager_destroy(patient);
    end(&fixture);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manager-connection/every-call-tells-that-the-server-is-gone",
                    test_every_call_tells_that_the_server_is_gone);
    g_test_add_func("/manager-connection/who-waits-hears-of-the-servers-end",
                    test_who_waits_hears_of_the_servers_end);
    g_test_add_func("/manager-connection/the-server-ends-with-its-lifeline",
                    test_the_server_ends_with_its_lifeline);
    g_test_add_func("/manager-connection/a-server-that-does-not-answer-is-given-up",
                    test_a_server_that_does_not_answer_is_given_up);
    g_test_add_func("/manager-connection/a-forked-child-makes-its-own",
                    test_a_forked_child_makes_its_own_connection);
    g_test_add_func("/manager-connection/a-forked-child-does-not-take-another-server-for-it",
                    test_a_forked_child_does_not_take_another_server_for_it);
    g_test_add_func("/manager-connection/a-request-is-done-or-not", test_a_request_is_done_or_not);
    g_test_add_func("/manager-connection/a-signal-does-not-disturb-a-call",
                    test_a_signal_does_not_disturb_a_call);
    return g_test_run();
}
