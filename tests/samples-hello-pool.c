/* SPDX-License-Identifier: MIT */
/* The first program that a newcomer reads has to do what it says. */
#include <glib.h>

static void test_squares_come_in_order(void)
{
    g_autofree char *out = NULL;
    int status;

    g_assert_true(g_spawn_command_line_sync(g_getenv("HELLO_POOL"), &out, NULL, &status, NULL));
    g_assert_cmpint(status, ==, 0);
    g_assert_cmpstr(out, ==, "0\n1\n4\n9\n16\n25\n36\n49\n64\n81\n");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hello-pool/squares-come-in-order", test_squares_come_in_order);
    return g_test_run();
}
