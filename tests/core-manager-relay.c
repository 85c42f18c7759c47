/* SPDX-License-Identifier: MIT */
/*
 * Two ends of a manager with a relay between them that hands on bytes in pieces of any size.
 */
#include <poll.h>

#include "tests/two_ends.h"

enum { ROUTES_MAX = 8, PIECE_MAX = 700 };

/* One direction of a connection through the relay. */
struct lane {
    uint8_t bytes[PIECE_MAX];
    size_t length;
    size_t done;
};

struct route {
    int ends[2]; /* -1: not in use */
    struct lane lanes[2];
};

struct relay {
    char near_path[PP_MANAGER_ADDRESS_MAX + 1];
    char far_path[PP_MANAGER_ADDRESS_MAX + 1];
    int listener;
};

static void close_route(struct route *route)
{
    close(route->ends[0]);
    close(route->ends[1]);
    route->ends[0] = route->ends[1] = -1;
}

/* Take a piece of any size from one end, or hand a part of any size on to the other. */
static void move(struct route *route, int from, short events)
{
    struct lane *lane = &route->lanes[from];
    ssize_t moved;

    if (lane->done < lane->length) {
        size_t part = (size_t)g_random_int_range(1, (gint32)(lane->length - lane->done) + 1);

        moved = send(route->ends[1 - from], lane->bytes + lane->done, part,
                     MSG_NOSIGNAL | MSG_DONTWAIT);
        lane->done += moved > 0 ? (size_t)moved : 0;
        return;
    }
    if (events & (POLLIN | POLLHUP)) {
        moved = recv(route->ends[from], lane->bytes, (size_t)g_random_int_range(1, PIECE_MAX + 1),
                     MSG_DONTWAIT);
        lane->length = moved > 0 ? (size_t)moved : 0;
        lane->done = 0;
        if (moved == 0) {
            close_route(route);
        }
    }
}

static void accept_route(const struct relay *relay, struct route *routes)
{
    int near = accept4(relay->listener, NULL, NULL, SOCK_CLOEXEC);
    struct route *route = routes;

    while (route->ends[0] >= 0) {
        route++;
    }
    memset(route, 0, sizeof(*route));
    route->ends[0] = near;
    if (pp_manager_address_connect(relay->far_path, false, &route->ends[1]) != 0) {
        _exit(1);
    }
}

static int run_relay(void *memory)
{
    const struct relay *relay = memory;
    struct route routes[ROUTES_MAX];

    for (int i = 0; i < ROUTES_MAX; i++) {
        routes[i].ends[0] = routes[i].ends[1] = -1;
    }
    for (;;) {
        struct pollfd pollers[1 + 2 * ROUTES_MAX] = {{.fd = relay->listener, .events = POLLIN}};

        for (int i = 0; i < 2 * ROUTES_MAX; i++) {
            const struct route *route = &routes[i / 2];
            bool full = route->lanes[i % 2].done < route->lanes[i % 2].length;

            pollers[1 + i].fd = route->ends[full ? 1 - i % 2 : i % 2];
            pollers[1 + i].events = full ? POLLOUT : POLLIN;
        }
        if (poll(pollers, PP_ARRAY_LENGTH(pollers), -1) < 0) {
            return 1;
        }
        for (int i = 0; i < 2 * ROUTES_MAX; i++) {
            if (pollers[1 + i].revents != 0 && routes[i / 2].ends[0] >= 0) {
                move(&routes[i / 2], i % 2, pollers[1 + i].revents);
            }
        }
        if (pollers[0].revents != 0) {
            accept_route(relay, routes);
        }
    }
}

static pid_t start_relay(struct network *network, struct pp_manager_address *near)
{
    struct relay relay = {.listener = -1};
    pid_t pid;

    g_assert_cmpint(pp_manager_address_listen(near, network->near_path, NULL), ==, 0);
    relay.listener = near->listener;
    g_strlcpy(relay.near_path, network->near_path, sizeof(relay.near_path));
    g_strlcpy(relay.far_path, network->far_path, sizeof(relay.far_path));
    pid = start_child(run_relay, &relay);
    pp_manager_address_close(near);
    return pid;
}

static void test_pieces_of_any_size_are_put_together(void)
{
    struct network network;
    struct pp_manager_address near_address;
    struct pp_manager *near;
    struct pp_manager *far;
    pid_t relay;

    begin_network(&network);
    relay = start_relay(&network, &near_address);
    near = connect_at(network.near_path);
    far = connect_at(network.far_path);
    check_items(near, far, 400000);
    check_queues(network.near_path, far);
    check_the_end(network.near_path, far, relay);
    pp_manager_destroy(near);
    pp_manager_destroy(far);
    end_network(&network);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manager-relay/pieces-of-any-size-are-put-together",
                    test_pieces_of_any_size_are_put_together);
    return g_test_run();
}
