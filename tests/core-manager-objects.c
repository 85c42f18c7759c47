/* SPDX-License-Identifier: MIT */
#include "core/manager_dict.h"
#include "core/manager_list.h"
#include "core/manager_namespace.h"
#include "core/manager_value.h"
#include "tests/managing.h"

enum { CLIENTS = 6, ROUNDS = 1000 };

static void open_dict(struct fixture *fixture, const char *name, struct pp_manager_dict *dict)
{
    g_assert_cmpint(pp_manager_dict(fixture->manager, name, dict), ==, 0);
}

static void set_int(struct pp_manager_dict *dict, const char *key, int64_t number)
{
    struct pp_item item = pp_item_int(number);

    g_assert_cmpint(pp_manager_dict_set(dict, key, &item), ==, 0);
}

static int64_t get_int(struct pp_manager_dict *dict, const char *key)
{
    struct pp_item item;
    int64_t number = 0;

    g_assert_cmpint(pp_manager_dict_get(dict, key, &item), ==, 0);
    g_assert_cmpint(pp_item_get_int(&item, &number), ==, 0);
    pp_item_finish(&item);
    return number;
}

static int count_up(void *path)
{
    struct pp_manager *manager = connect_at(path);
    struct pp_manager_dict dict;
    struct pp_manager_list list;
    struct pp_manager_value value;
    int r = pp_manager_dict(manager, "counts", &dict);

    r = r != 0 ? r : pp_manager_list(manager, "numbers", &list);
    r = r != 0 ? r : pp_manager_value(manager, "value", 'q', &value);
    for (int i = 0; i < ROUNDS && r == 0; i++) {
        r = pp_manager_dict_add(&dict, "n", 1, NULL);
        r = r != 0 ? r : pp_manager_list_add(&list, 0, 2, NULL);
        r = r != 0 ? r : pp_manager_value_add_int(&value, 3, NULL);
    }
    pp_manager_destroy(manager);
    return r == 0 ? 0 : 1;
}

/* Adding is one step; getting and setting would lose some. */
static void test_many_clients_lose_no_sum(void)
{
    struct fixture fixture;
    struct pp_manager_dict dict;
    struct pp_manager_list list;
    struct pp_manager_value value;
    struct pp_item item = pp_item_int(0);
    int64_t sum = 0;
    pid_t pids[CLIENTS];

    begin(&fixture);
    open_dict(&fixture, "counts", &dict);
    g_assert_cmpint(pp_manager_list(fixture.manager, "numbers", &list), ==, 0);
    g_assert_cmpint(pp_manager_list_append(&list, &item), ==, 0);
    g_assert_cmpint(pp_manager_value(fixture.manager, "value", 'q', &value), ==, 0);
    for (int i = 0; i < CLIENTS; i++) {
        pids[i] = start_child(count_up, fixture.server.address.path);
    }
    for (int i = 0; i < CLIENTS; i++) {
        g_assert_cmpint(join_child(pids[i]), ==, 0);
    }
    g_assert_cmpint(get_int(&dict, "n"), ==, CLIENTS * ROUNDS);
    g_assert_cmpint(pp_manager_list_get(&list, 0, &item), ==, 0);
    g_assert_cmpint(item.integer, ==, 2 * CLIENTS * ROUNDS);
    g_assert_cmpint(pp_manager_value_get_int(&value, &sum), ==, 0);
    g_assert_cmpint(sum, ==, 3 * CLIENTS * ROUNDS);
    end(&fixture);
}

static void test_a_value_refuses_what_does_not_fit_its_type(void)
{
    struct fixture fixture;
    struct pp_manager_value byte;
    struct pp_manager_value real;
    int64_t number = 0;
    double sum = 0;

    begin(&fixture);
    g_assert_cmpint(pp_manager_value(fixture.manager, "byte", 'B', &byte), ==, 0);
    g_assert_cmpint(pp_manager_value(fixture.manager, "real", 'd', &real), ==, 0);
    g_assert_cmpint(pp_manager_value(fixture.manager, "byte", 'b', &real), ==, -EEXIST);
    g_assert_cmpint(pp_manager_value(fixture.manager, "none", 'x', &real), ==, -EINVAL);
    g_assert_cmpint(pp_manager_value_set_int(&byte, 255), ==, 0);
    g_assert_cmpint(pp_manager_value_set_int(&byte, 256), ==, -ERANGE);
    g_assert_cmpint(pp_manager_value_add_int(&byte, 1, NULL), ==, -ERANGE);
    g_assert_cmpint(pp_manager_value_set_double(&byte, 1), ==, -EINVAL);
    g_assert_cmpint(pp_manager_value_add_double(&byte, 1, NULL), ==, -EINVAL);
    g_assert_cmpint(pp_manager_value_get_double(&byte, &sum), ==, -EINVAL);
    g_assert_cmpint(pp_manager_value_get_int(&byte, &number), ==, 0);
    g_assert_cmpint(number, ==, 255);
    g_assert_cmpint(pp_manager_value_add_double(&real, 0.5, &sum), ==, 0);
    g_assert_cmpint(pp_manager_value_add_double(&real, 0.25, &sum), ==, 0);
    g_assert_true(sum == 0.75);
    g_assert_cmpint(pp_manager_value_get_int(&real, &number), ==, -EINVAL);
    g_assert_cmpint(pp_manager_value_add_int(&real, 1, NULL), ==, -EINVAL);
    g_assert_cmpint(pp_manager_value_set_double(&real, -1), ==, 0);
    g_assert_cmpint(pp_manager_value_get_double(&real, &sum), ==, 0);
    g_assert_true(sum == -1);
    end(&fixture);
}

static void test_a_namespace_has_attributes(void)
{
    struct fixture fixture;
    struct pp_manager_namespace names;
    struct pp_manager_snapshot snapshot;
    struct pp_item item = pp_item_double(1.5);

    begin(&fixture);
    g_assert_cmpint(pp_manager_namespace(fixture.manager, "settings", &names), ==, 0);
    g_assert_cmpint(pp_manager_namespace_set(&names, "radius", &item), ==, 0);
    g_assert_cmpint(pp_manager_namespace_set(&names, "_hidden", &item), ==, -EINVAL);
    g_assert_cmpint(pp_manager_namespace_set(&names, "", &item), ==, -EINVAL);
    g_assert_cmpint(pp_manager_namespace_get(&names, "radius", &item), ==, 0);
    g_assert_true(item.number == 1.5);
    g_assert_cmpint(pp_manager_namespace_get(&names, "size", &item), ==, -ENOENT);
    g_assert_cmpint(pp_manager_namespace_items(&names, &snapshot), ==, 0);
    g_assert_cmpuint(snapshot.count, ==, 1);
    g_assert_cmpstr(snapshot.entries[0].key, ==, "radius");
    pp_manager_snapshot_finish(&snapshot);
    g_assert_cmpint(pp_manager_namespace_remove(&names, "radius"), ==, 0);
    g_assert_cmpint(pp_manager_namespace_remove(&names, "radius"), ==, -ENOENT);
    end(&fixture);
}

static void test_a_name_is_of_one_kind(void)
{
    struct fixture fixture;
    struct pp_manager_dict dict;
    struct pp_manager_dict again;
    struct pp_manager_list list;
    struct pp_manager_namespace names;

    begin(&fixture);
    open_dict(&fixture, "thing", &dict);
    open_dict(&fixture, "thing", &again);
    g_assert_cmpuint(dict.proxy.object, ==, again.proxy.object);
    g_assert_cmpstr(again.proxy.name, ==, "thing");
    g_assert_cmpint(pp_manager_list(fixture.manager, "thing", &list), ==, -EEXIST);
    g_assert_cmpint(pp_manager_namespace(fixture.manager, "thing", &names), ==, -EEXIST);
    g_assert_cmpint(pp_manager_list(fixture.manager, "", &list), ==, -EINVAL);
    end(&fixture);
}

static void test_a_made_up_name_is_found_by_others(void)
{
    struct fixture fixture;
    struct pp_manager_dict dict;
    struct pp_manager_dict other;
    struct pp_manager_dict found;
    g_autofree char *longest = g_strnfill(PP_MANAGER_NAME_MAX, 'n');
    g_autofree char *too_long = g_strnfill(PP_MANAGER_NAME_MAX + 1, 'n');

    begin(&fixture);
    open_dict(&fixture, NULL, &dict);
    open_dict(&fixture, NULL, &other);
    g_assert_cmpstr(dict.proxy.name, !=, other.proxy.name);
    set_int(&dict, "n", 5);
    open_dict(&fixture, dict.proxy.name, &found);
    g_assert_cmpint(get_int(&found, "n"), ==, 5);
    g_assert_cmpint(pp_manager_dict(fixture.manager, "#mine", &found), ==, -ENOENT);
    open_dict(&fixture, longest, &found);
    g_assert_cmpstr(found.proxy.name, ==, longest);
    g_assert_cmpint(pp_manager_dict(fixture.manager, too_long, &found), ==, -EINVAL);
    end(&fixture);
}

static void test_what_was_removed_is_not_mistaken_for_another_one(void)
{
    struct fixture fixture;
    struct pp_manager_dict dict;
    struct pp_manager_dict again;
    struct pp_item item = pp_item_int(1);

    begin(&fixture);
    open_dict(&fixture, "short-lived", &dict);
    set_int(&dict, "n", 5);
    g_assert_cmpint(pp_manager_remove(fixture.manager, "short-lived"), ==, 0);
    g_assert_cmpint(pp_manager_remove(fixture.manager, "short-lived"), ==, -ENOENT);
    g_assert_cmpint(pp_manager_dict_set(&dict, "n", &item), ==, -ESTALE);
    open_dict(&fixture, "short-lived", &again);
    g_assert_cmpint(pp_manager_dict_contains(&again, "n"), ==, 0);
    g_assert_cmpint(pp_manager_dict_contains(&dict, "n"), ==, -ESTALE);
    end(&fixture);
}

static void test_what_is_too_long_is_refused_here(void)
{
    struct fixture fixture;
    struct pp_manager_dict dict;
    g_autofree char *key = g_strnfill(PP_MANAGER_KEY_MAX + 1, 'k');
    char *bytes = g_malloc0(PP_MANAGER_ITEM_MAX + 1);
    struct pp_item item = pp_item_bytes(bytes, PP_MANAGER_ITEM_MAX + 1);

    begin(&fixture);
    open_dict(&fixture, "big", &dict);
    g_assert_cmpint(pp_manager_dict_set(&dict, "n", &item), ==, -EMSGSIZE);
    item.length--;
    g_assert_cmpint(pp_manager_dict_set(&dict, "n", &item), ==, 0);
    g_assert_cmpint(pp_manager_dict_get(&dict, "n", &item), ==, 0);
    g_assert_cmpuint(item.length, ==, PP_MANAGER_ITEM_MAX);
    pp_item_finish(&item);
    item = pp_item_int(1);
    g_assert_cmpint(pp_manager_dict_set(&dict, key, &item), ==, -EMSGSIZE);
    g_assert_cmpint(pp_manager_dict_contains(&dict, key), ==, -EMSGSIZE);
    key[PP_MANAGER_KEY_MAX] = '\0';
    g_assert_cmpint(pp_manager_dict_set(&dict, key, &item), ==, 0);
    g_assert_cmpint(get_int(&dict, key), ==, 1);
    g_free(bytes);
    end(&fixture);
}

/* What does not fit changes nothing, and there is room again for what does. */
static void test_a_full_manager_refuses_and_goes_on(void)
{
    static const struct pp_manager_limits limits = {.memory_bytes = 100000};
    struct fixture fixture;
    struct pp_manager_dict dict;
    struct pp_manager_list list;
    g_autofree char *filler = g_strnfill(60000, 'x');
    struct pp_item big = pp_item_text(filler);
    struct pp_item both[2] = {pp_item_int(1), big};
    struct pp_item item;
    size_t length = 0;

    start_server_at(&fixture.server, NULL, &limits);
    fixture.manager = connect_to(&fixture.server);
    open_dict(&fixture, "dict", &dict);
    g_assert_cmpint(pp_manager_list(fixture.manager, "list", &list), ==, 0);
    g_assert_cmpint(pp_manager_dict_set(&dict, "big", &big), ==, 0);
    g_assert_cmpint(pp_manager_dict_set(&dict, "more", &big), ==, -ENOMEM);
    g_assert_cmpint(pp_manager_dict_setdefault(&dict, "more", &big, &item), ==, -ENOMEM);
    g_assert_cmpint(pp_manager_list_extend(&list, both, 2), ==, -ENOMEM);
    g_assert_cmpint(pp_manager_list_length(&list, &length), ==, 0);
    g_assert_cmpuint(length, ==, 0);
    g_assert_cmpint(pp_manager_dict_contains(&dict, "more"), ==, 0);
    set_int(&dict, "small", 1);
    g_assert_cmpint(pp_manager_dict_remove(&dict, "big"), ==, 0);
    g_assert_cmpint(pp_manager_dict_set(&dict, "more", &big), ==, 0);
    end(&fixture);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manager-value/it-refuses-what-does-not-fit-its-type",
                    test_a_value_refuses_what_does_not_fit_its_type);
    g_test_add_func("/manager-namespace/it-has-attributes", test_a_namespace_has_attributes);
    g_test_add_func("/manager-objects/many-clients-lose-no-sum", test_many_clients_lose_no_sum);
    g_test_add_func("/manager-objects/a-name-is-of-one-kind", test_a_name_is_of_one_kind);
    g_test_add_func("/manager-objects/a-made-up-name-is-found-by-others",
                    test_a_made_up_name_is_found_by_others);
    g_test_add_func("/manager-objects/what-was-removed-is-not-mistaken-for-another-one",
                    test_what_was_removed_is_not_mistaken_for_another_one);
    g_test_add_func("/manager-objects/what-is-too-long-is-refused-here",
                    test_what_is_too_long_is_refused_here);
    g_test_add_func("/manager-objects/a-full-manager-refuses-and-goes-on",
                    test_a_full_manager_refuses_and_goes_on);
    return g_test_run();
}
