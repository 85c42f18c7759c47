/* SPDX-License-Identifier: MIT */
/*
 * A server and its clients on threads of one process, as this is where a race detector sees what
 * they share: nothing, unless two threads use one manager.
 */
#include <pthread.h>

#include "core/manager_event.h"
#include "core/manager_lock.h"
#include "core/manager_queue.h"
#include "tests/managing.h"

enum { CLIENTS = 4, ROUNDS = 200 };

struct threaded {
    struct pp_manager_address address;
    int lifeline[2];
    pthread_t thread;
};

static void *serve(void *memory)
{
    static const struct pp_manager_limits limits;
    struct threaded *server = memory;

    g_assert_cmpint(pp_manager_server_run(server->address.listener, server->lifeline[0], &limits),
                    ==, 0);
    return NULL;
}

static void begin_threaded(struct threaded *server)
{
    g_assert_cmpint(pp_manager_address_listen(&server->address, NULL, NULL), ==, 0);
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, server->lifeline), ==, 0);
    g_assert_cmpint(pthread_create(&server->thread, NULL, serve, server), ==, 0);
}

static void end_threaded(struct threaded *server)
{
    g_assert_cmpint(send(server->lifeline[1], "", 1, MSG_NOSIGNAL), ==, 1);
    pthread_join(server->thread, NULL);
    close(server->lifeline[0]);
    close(server->lifeline[1]);
    pp_manager_address_remove(&server->address);
}

static void *use_all(void *path)
{
    struct pp_manager *manager = connect_at(path);
    struct pp_manager_dict dict;
    struct pp_manager_queue queue;
    struct pp_manager_lock lock;
    struct pp_item item;

    g_assert_cmpint(pp_manager_dict(manager, "dict", &dict), ==, 0);
    g_assert_cmpint(pp_manager_queue(manager, "queue", 0, &queue), ==, 0);
    g_assert_cmpint(pp_manager_lock(manager, "lock", &lock), ==, 0);
    for (int i = 0; i < ROUNDS; i++) {
        int64_t n = 0;

        item = pp_item_text("through the queue");
        g_assert_cmpint(pp_manager_queue_put(&queue, &item, -1), ==, 0);
        g_assert_cmpint(pp_manager_queue_get(&queue, &item, -1), ==, 0);
        pp_item_finish(&item);
        g_assert_cmpint(pp_manager_lock_acquire(&lock, -1), ==, 0);
        g_assert_cmpint(pp_manager_dict_get(&dict, "n", &item), ==, 0);
        g_assert_cmpint(pp_item_get_int(&item, &n), ==, 0);
        item = pp_item_int(n + 1);
        g_assert_cmpint(pp_manager_dict_set(&dict, "n", &item), ==, 0);
        g_assert_cmpint(pp_manager_lock_release(&lock), ==, 0);
    }
    pp_manager_destroy(manager);
    return NULL;
}

static void test_threads_connect_each_by_itself(void)
{
    struct threaded server;
    struct pp_manager *manager;
    struct pp_manager_dict dict;
    struct pp_item item = pp_item_int(0);
    pthread_t threads[CLIENTS];

    begin_threaded(&server);
    manager = connect_at(server.address.path);
    g_assert_cmpint(pp_manager_dict(manager, "dict", &dict), ==, 0);
    g_assert_cmpint(pp_manager_dict_set(&dict, "n", &item), ==, 0);
    for (int i = 0; i < CLIENTS; i++) {
        g_assert_cmpint(pthread_create(&threads[i], NULL, use_all, server.address.path), ==, 0);
    }
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(threads[i], NULL);
    }
    g_assert_cmpint(pp_manager_dict_get(&dict, "n", &item), ==, 0);
    g_assert_cmpint(item.integer, ==, CLIENTS * ROUNDS);
    pp_manager_destroy(manager);
    end_threaded(&server);
}

static void *wait_for_event(void *memory)
{
    struct pp_manager_event *event = memory;
    int r;

    do {
        r = pp_manager_event_wait(event, -1);
    } while (r == -EBUSY);
    g_assert_cmpint(r, ==, 0);
    return NULL;
}

static void test_a_second_thread_is_told_to_connect_by_itself(void)
{
    struct threaded server;
    struct pp_manager *manager;
    struct pp_manager *other;
    struct pp_manager_event event;
    struct pp_manager_event of_other;
    pthread_t thread;

    begin_threaded(&server);
    manager = connect_at(server.address.path);
    other = connect_at(server.address.path);
    g_assert_cmpint(pp_manager_event(manager, "event", &event), ==, 0);
    g_assert_cmpint(pp_manager_event(other, "event", &of_other), ==, 0);
    g_assert_cmpint(pthread_create(&thread, NULL, wait_for_event, &event), ==, 0);
    WAIT_UNTIL(pp_manager_event_is_set(&event) == -EBUSY);
    g_assert_cmpint(pp_manager_event_set(&of_other), ==, 0);
    pthread_join(thread, NULL);
    g_assert_cmpint(pp_manager_event_is_set(&event), ==, 1);
    pp_manager_destroy(other);
    pp_manager_destroy(manager);
    end_threaded(&server);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manager-threads/they-connect-each-by-itself",
                    test_threads_connect_each_by_itself);
    g_test_add_func("/manager-threads/a-second-one-is-told-to-connect-by-itself",
                    test_a_second_thread_is_told_to_connect_by_itself);
    return g_test_run();
}
