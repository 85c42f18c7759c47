/* SPDX-License-Identifier: MIT */
#include <sys/resource.h>

#include "tests/managing.h"

enum { CONNECTIONS = 1000 };

static void begin_with(struct fixture *fixture, const struct pp_manager_limits *limits)
{
    start_server_at(&fixture->server, NULL, limits);
    fixture->manager = connect_to(&fixture->server);
}

/* Descriptors for the test's own ends, and the server's. */
static void allow_descriptors(rlim_t count)
{
    struct rlimit limit;

    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    limit.rlim_cur = MIN(count, limit.rlim_max);
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
}

static void test_a_thousand_clients_are_served(void)
{
    struct fixture fixture;
    struct pp_manager **managers = g_new0(struct pp_manager *, CONNECTIONS);
    struct rlimit limit;
    struct pp_manager_dict dict;
    int64_t sum = 0;

    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    if (limit.rlim_max < 2 * CONNECTIONS + 100) {
        g_test_skip("not enough descriptors for a thousand clients");
        g_free(managers);
        return;
    }
    allow_descriptors(2 * CONNECTIONS + 100);
    begin_with(&fixture, NULL);
    for (int i = 0; i < CONNECTIONS; i++) {
        managers[i] = connect_to(&fixture.server);
    }
    for (int i = 0; i < CONNECTIONS; i++) {
        g_assert_cmpint(pp_manager_dict(managers[i], "sum", &dict), ==, 0);
        g_assert_cmpint(pp_manager_dict_add(&dict, "n", 1, &sum), ==, 0);
    }
    g_assert_cmpint(sum, ==, CONNECTIONS);
    for (int i = 0; i < CONNECTIONS; i++) {
        pp_manager_destroy(managers[i]);
    }
    g_free(managers);
    end(&fixture);
}

static int connect_once_more(const struct fixture *fixture, struct pp_manager **manager)
{
    return pp_manager_connect(manager, fixture->server.address.path, NULL, NULL);
}

static void test_one_client_too_many_is_told_so(void)
{
    static const struct pp_manager_limits limits = {.clients = 2};
    struct fixture fixture;
    struct pp_manager *second;
    struct pp_manager *third = NULL;

    begin_with(&fixture, &limits);
    second = connect_to(&fixture.server);
    g_assert_cmpint(connect_once_more(&fixture, &third), ==, -EUSERS);
    g_assert_null(third);
    check_service(&fixture);
    pp_manager_destroy(second);
    WAIT_UNTIL(connect_once_more(&fixture, &third) == 0);
    pp_manager_destroy(third);
    end(&fixture);
}

/* Nobody hangs, and with those that become free it goes on. */
static void use_up_descriptors(rlim_t few)
{
    enum { TOO_MANY = 50 };
    struct fixture fixture;
    struct pp_manager *managers[TOO_MANY] = {NULL};
    int connected = 0;
    int r = 0;

    allow_descriptors(few);
    begin_with(&fixture, NULL);
    allow_descriptors(4 * TOO_MANY);
    while (connected < TOO_MANY && r == 0) {
        r = connect_once_more(&fixture, &managers[connected]);
        connected += r == 0;
    }
    g_assert_cmpint(r, ==, -EUSERS);
    g_assert_cmpint(connected, >, 5);
    for (int i = 0; i < 100; i++) {
        struct pp_manager *manager = NULL;

        g_assert_cmpint(connect_once_more(&fixture, &manager), ==, -EUSERS);
        check_service(&fixture);
    }
    pp_manager_destroy(managers[0]);
    WAIT_UNTIL(connect_once_more(&fixture, &managers[0]) == 0);
    for (int i = 0; i < connected; i++) {
        pp_manager_destroy(managers[i]);
    }
    check_service(&fixture);
    end(&fixture);
}

/* A client takes two: so the one that is missing is the first with one limit, and the second with
 * the other. */
static void test_a_server_without_descriptors_goes_on(void)
{
    use_up_descriptors(40);
    use_up_descriptors(41);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manager-crowd/a-thousand-clients-are-served",
                    test_a_thousand_clients_are_served);
    g_test_add_func("/manager-crowd/one-client-too-many-is-told-so",
                    test_one_client_too_many_is_told_so);
    g_test_add_func("/manager-crowd/a-server-without-descriptors-goes-on",
                    test_a_server_without_descriptors_goes_on);
    return g_test_run();
}
