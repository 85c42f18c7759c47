/* SPDX-License-Identifier: MIT */
/*
 * The scheduler against every order of events in small worlds, and random orders in larger ones.
 */
#include "tests/scheduler_model.h"

/*
 * All lists of choices up to a length, by counting: each run follows the digits, and the digits are
 * counted up in the base of how many choices there were at each place.
 */
static unsigned long run_every_order(const struct pp_scheduler_limits *limits, uint32_t tasks,
                                     int length)
{
    unsigned digits[16] = {0};
    unsigned bases[16];
    unsigned long runs = 0;
    int place;

    do {
        struct model model;
        struct choice choices[CHOICES_MAX];

        open_model_with(&model, limits, tasks);
        for (int i = 0; i < length; i++) {
            bases[i] = list_choices(&model, choices);
            apply(&model, &choices[digits[i]]);
        }
        finish_model(&model);
        runs++;
        for (place = length - 1; place >= 0 && ++digits[place] == bases[place]; place--) {
            digits[place] = 0;
        }
    } while (place >= 0);
    return runs;
}

static void test_every_order_of_events_resolves_every_task_once(void)
{
    static const struct pp_scheduler_limits limits = {.workers = 2, .budget = 100};
    unsigned long runs = run_every_order(&limits, 3, 6);

    g_test_message("%lu orders", runs);
    g_assert_cmpuint(runs, >, 10000);
}

/* As before with workers that have to be replaced: by their number of tasks, and whenever. */
static void test_every_order_with_replacing_resolves_every_task_once(void)
{
    static const struct pp_scheduler_limits limits = {
        .workers = 1,
        .spare_places = 1,
        .tasks_per_worker = 2,
        .budget = 100,
    };
    unsigned long runs = run_every_order(&limits, 4, 6);

    g_test_message("%lu orders", runs);
    g_assert_cmpuint(runs, >, 10000);
}

/* Light tasks, so that one worker is sent all of them and others come too late. */
static void test_every_order_with_recalls_resolves_every_task_once(void)
{
    static const struct pp_scheduler_limits limits = {.workers = 2, .budget = 1000};
    unsigned long runs = run_every_order(&limits, 7, 5);

    g_test_message("%lu orders", runs);
    g_assert_cmpuint(runs, >, 10000);
}

static void test_random_orders_of_events_resolve_every_task_once(void)
{
    for (int run = 0; run < 20000; run++) {
        struct model model;
        int length = g_test_rand_int_range(0, 60);

        struct pp_scheduler_limits limits = {
            .workers = (uint32_t)g_test_rand_int_range(1, WORKERS_MAX + 1),
            .tasks_per_worker = (uint32_t)g_test_rand_int_range(0, 4),
            .budget = (size_t)g_test_rand_int_range(0, 200),
        };

        if (limits.tasks_per_worker > 0 || g_test_rand_bit()) {
            limits.spare_places = (uint32_t)g_test_rand_int_range(1, (gint32)limits.workers + 1);
        }
        open_model_with(&model, &limits, (uint32_t)g_test_rand_int_range(0, 16));
        for (int i = 0; i < length; i++) {
            struct choice choices[CHOICES_MAX];
            unsigned n = list_choices(&model, choices);

            if (n > 0 && !pp_scheduler_hopeless(model.scheduler)) {
                apply(&model, &choices[g_test_rand_int_range(0, (gint32)n)]);
            }
        }
        if (pp_scheduler_hopeless(model.scheduler)) {
            pp_scheduler_destroy(model.scheduler);
            continue;
        }
        finish_model(&model);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/scheduler/every-order-of-events-resolves-every-task-once",
                    test_every_order_of_events_resolves_every_task_once);
    g_test_add_func("/scheduler/every-order-with-replacing-resolves-every-task-once",
                    test_every_order_with_replacing_resolves_every_task_once);
    g_test_add_func("/scheduler/every-order-with-recalls-resolves-every-task-once",
                    test_every_order_with_recalls_resolves_every_task_once);
    g_test_add_func("/scheduler/random-orders-of-events-resolve-every-task-once",
                    test_random_orders_of_events_resolve_every_task_once);
    return g_test_run();
}
