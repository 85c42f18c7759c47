/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Two ends: a manager's server, and a way to it from another address
 *
 * Whatever lies between, the same has to work through it.
 */

#include <glib/gstdio.h>

#include "core/manager_lock.h"
#include "core/manager_queue.h"
#include "tests/managing.h"

/* A server, and a way to it from another address. */
struct network {
    struct managed server;
    char *directory;
    char *near_path;
    char *far_path;
};

static inline void begin_network(struct network *network)
{
    network->directory = g_dir_make_tmp("pp-network-XXXXXX", NULL);
    network->near_path = g_build_filename(network->directory, "near.sock", NULL);
    network->far_path = g_build_filename(network->directory, "far.sock", NULL);
    start_server_at(&network->server, network->far_path, NULL);
}

static inline void end_network(struct network *network)
{
    stop_server(&network->server);
    g_unlink(network->near_path);
    g_assert_cmpint(g_rmdir(network->directory), ==, 0);
    g_free(network->directory);
    g_free(network->near_path);
    g_free(network->far_path);
}

static inline int double_what_comes(void *memory)
{
    struct meeting *shared = memory;
    struct pp_manager *manager = connect_at(shared->path);
    struct pp_manager_queue jobs;
    struct pp_manager_queue results;
    struct pp_item item;
    int r = pp_manager_queue(manager, "jobs", 3, &jobs);

    r = r != 0 ? r : pp_manager_queue(manager, "results", 3, &results);
    while (r == 0) {
        r = pp_manager_queue_get(&jobs, &item, PATIENCE_MS);
        if (r == 0) {
            item.integer *= 2;
            r = pp_manager_queue_put(&results, &item, PATIENCE_MS);
        }
    }
    pp_manager_destroy(manager);
    return r == -EPIPE ? 0 : 1;
}

/* One process puts at one end, the other gets at the other. */
static inline void check_queues(const char *near_path, struct pp_manager *far)
{
    enum { JOBS = 100, AHEAD = 3 };
    struct pp_slot slot;
    struct meeting *shared = meet_at(near_path, &slot, sizeof(*shared));
    struct pp_manager_queue jobs;
    struct pp_manager_queue results;
    int64_t sum = 0;
    pid_t pid;

    pid = start_child(double_what_comes, shared);
    g_assert_cmpint(pp_manager_queue(far, "jobs", 3, &jobs), ==, 0);
    g_assert_cmpint(pp_manager_queue(far, "results", 3, &results), ==, 0);
    for (int i = 0; i < JOBS + AHEAD; i++) {
        struct pp_item item = pp_item_int(i);

        if (i < JOBS) {
            g_assert_cmpint(pp_manager_queue_put(&jobs, &item, PATIENCE_MS), ==, 0);
        }
        if (i >= AHEAD) {
            g_assert_cmpint(pp_manager_queue_get(&results, &item, PATIENCE_MS), ==, 0);
            sum += item.integer;
        }
    }
    g_assert_cmpint(sum, ==, JOBS * (JOBS - 1));
    g_assert_cmpint(pp_manager_queue_close(&jobs), ==, 0);
    g_assert_cmpint(join_child(pid), ==, 0);
    pp_slot_finish(&slot);
}

/* Long items, and snapshots of several pages, through the same way. */
static inline void check_items(struct pp_manager *near, struct pp_manager *far, size_t bytes)
{
    struct pp_manager_dict of_near;
    struct pp_manager_dict of_far;
    struct pp_manager_snapshot snapshot;
    g_autofree char *filler = g_malloc(bytes);
    struct pp_item item = pp_item_bytes(filler, bytes);

    for (size_t i = 0; i < bytes; i++) {
        filler[i] = (char)(i * 7 % 251);
    }
    g_assert_cmpint(pp_manager_dict(near, "dict", &of_near), ==, 0);
    g_assert_cmpint(pp_manager_dict(far, "dict", &of_far), ==, 0);
    for (int i = 0; i < 4; i++) {
        char key[2] = {(char)('a' + i), '\0'};

        g_assert_cmpint(pp_manager_dict_set(&of_near, key, &item), ==, 0);
    }
    g_assert_cmpint(pp_manager_dict_get(&of_far, "b", &item), ==, 0);
    g_assert_cmpmem(item.bytes, item.length, filler, bytes);
    pp_item_finish(&item);
    g_assert_cmpint(pp_manager_dict_items(&of_near, &snapshot), ==, 0);
    g_assert_cmpuint(snapshot.count, ==, 4);
    g_assert_cmpstr(snapshot.entries[3].key, ==, "d");
    g_assert_cmpmem(snapshot.entries[3].item.bytes, snapshot.entries[3].item.length, filler, bytes);
    pp_manager_snapshot_finish(&snapshot);
}

static inline int hold_and_wait(void *memory)
{
    struct meeting *shared = memory;
    struct pp_manager *manager = connect_at(shared->path);
    struct pp_manager_lock held;
    struct pp_manager_lock wanted;
    int r = pp_manager_lock(manager, "held", &held);

    r = r != 0 ? r : pp_manager_lock(manager, "wanted", &wanted);
    r = r != 0 ? r : pp_manager_lock_acquire(&held, -1);
    atomic_fetch_add(&shared->said, 1);
    r = r != 0 ? r : pp_manager_lock_acquire(&wanted, -1);
    atomic_store(&shared->outcome, r);
    pp_manager_destroy(manager);
    return 0;
}

/* When what lies between is killed, both ends hear of it: the near one in the middle of a wait, and
 * the far one, that gets what the near one had. */
static inline void check_the_end(const char *near_path, struct pp_manager *far, pid_t between)
{
    struct pp_slot slot;
    struct meeting *shared = meet_at(near_path, &slot, sizeof(*shared));
    struct pp_manager_lock held;
    struct pp_manager_lock wanted;
    pid_t pid;

    g_assert_cmpint(pp_manager_lock(far, "wanted", &wanted), ==, 0);
    g_assert_cmpint(pp_manager_lock(far, "held", &held), ==, 0);
    g_assert_cmpint(pp_manager_lock_acquire(&wanted, -1), ==, 0);
    pid = start_child(hold_and_wait, shared);
    WAIT_UNTIL(atomic_load(&shared->said) == 1);
    g_assert_cmpint(pp_manager_lock_acquire(&held, 0), ==, -ETIMEDOUT);
    kill_child(between);
    g_assert_cmpint(pp_manager_lock_acquire(&held, PATIENCE_MS), ==, PP_LOCK_OWNER_DIED);
    g_assert_cmpint(join_child(pid), ==, 0);
    g_assert_cmpint(atomic_load(&shared->outcome), ==, -ECONNRESET);
    pp_slot_finish(&slot);
}
