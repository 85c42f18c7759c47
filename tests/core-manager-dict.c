/* SPDX-License-Identifier: MIT */
#include "core/manager_dict.h"
#include "tests/managing.h"

enum { KEYS = 12, STEPS = 4000 };

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

static void test_a_dict_keeps_items_of_each_kind(void)
{
    struct fixture fixture;
    struct pp_manager_dict dict;
    struct pp_item items[] = {pp_item_none(),       pp_item_int(INT64_MIN),
                              pp_item_double(-0.5), pp_item_text("sunny"),
                              pp_item_bytes("", 0), pp_item_bytes("\0", 1)};

    begin(&fixture);
    open_dict(&fixture, "kinds", &dict);
    for (size_t i = 0; i < PP_ARRAY_LENGTH(items); i++) {
        struct pp_item item;

        g_assert_cmpint(pp_manager_dict_set(&dict, "key", &items[i]), ==, 0);
        g_assert_cmpint(pp_manager_dict_get(&dict, "key", &item), ==, 0);
        g_assert_true(pp_item_is_equal(&item, &items[i]));
        pp_item_finish(&item);
    }
    end(&fixture);
}

static void test_what_is_not_in_a_dict_is_said_so(void)
{
    struct fixture fixture;
    struct pp_manager_dict dict;
    struct pp_item item = pp_item_int(7);
    int64_t sum;

    begin(&fixture);
    open_dict(&fixture, "empty", &dict);
    g_assert_cmpint(pp_manager_dict_get(&dict, "no", &item), ==, -ENOENT);
    g_assert_cmpint(item.kind, ==, PP_ITEM_NONE);
    g_assert_cmpint(pp_manager_dict_pop(&dict, "no", &item), ==, -ENOENT);
    g_assert_cmpint(pp_manager_dict_remove(&dict, "no"), ==, -ENOENT);
    g_assert_cmpint(pp_manager_dict_contains(&dict, "no"), ==, 0);
    item = pp_item_text("else");
    g_assert_cmpint(pp_manager_dict_get_or(&dict, "no", &item, &item), ==, 0);
    g_assert_cmpstr(item.bytes, ==, "else");
    pp_item_finish(&item);
    item = pp_item_text("first");
    g_assert_cmpint(pp_manager_dict_setdefault(&dict, "new", &item, &item), ==, 0);
    g_assert_cmpstr(item.bytes, ==, "first");
    pp_item_finish(&item);
    item = pp_item_text("second");
    g_assert_cmpint(pp_manager_dict_setdefault(&dict, "new", &item, &item), ==, 0);
    g_assert_cmpstr(item.bytes, ==, "first");
    pp_item_finish(&item);
    g_assert_cmpint(pp_manager_dict_add(&dict, "new", 1, &sum), ==, -EINVAL);
    end(&fixture);
}

static void test_a_sum_that_is_no_integer_changes_nothing(void)
{
    struct fixture fixture;
    struct pp_manager_dict dict;
    int64_t sum = 0;

    begin(&fixture);
    open_dict(&fixture, "sums", &dict);
    g_assert_cmpint(pp_manager_dict_add(&dict, "n", INT64_MAX, &sum), ==, 0);
    g_assert_true(sum == INT64_MAX);
    g_assert_cmpint(pp_manager_dict_add(&dict, "n", 1, &sum), ==, -ERANGE);
    g_assert_true(get_int(&dict, "n") == INT64_MAX);
    g_assert_cmpint(pp_manager_dict_add(&dict, "n", -1, NULL), ==, 0);
    g_assert_true(get_int(&dict, "n") == INT64_MAX - 1);
    end(&fixture);
}

/* A key's value and when it was new; keys are "0" and so on. */
struct dict_model {
    bool present[KEYS];
    int64_t value[KEYS];
    int order[KEYS];
    int length;
};

static void model_put(struct dict_model *model, int key, int64_t value)
{
    if (!model->present[key]) {
        model->present[key] = true;
        model->order[model->length++] = key;
    }
    model->value[key] = value;
}

static void model_drop(struct dict_model *model, int key)
{
    int i = 0;

    while (model->order[i] != key) {
        i++;
    }
    model->length--;
    memmove(&model->order[i], &model->order[i + 1],
            (size_t)(model->length - i) * sizeof(model->order[0]));
    model->present[key] = false;
}

static void check_dict(struct pp_manager_dict *dict, const struct dict_model *model)
{
    struct pp_manager_snapshot items;
    struct pp_manager_snapshot keys;
    size_t length;

    g_assert_cmpint(pp_manager_dict_length(dict, &length), ==, 0);
    g_assert_cmpuint(length, ==, model->length);
    g_assert_cmpint(pp_manager_dict_items(dict, &items), ==, 0);
    g_assert_cmpint(pp_manager_dict_keys(dict, &keys), ==, 0);
    g_assert_cmpuint(items.count, ==, model->length);
    g_assert_cmpuint(keys.count, ==, model->length);
    for (size_t i = 0; i < items.count; i++) {
        g_assert_cmpstr(items.entries[i].key, ==, keys.entries[i].key);
        g_assert_cmpint(atoi(items.entries[i].key), ==, model->order[i]);
        g_assert_cmpint(items.entries[i].item.integer, ==, model->value[model->order[i]]);
        g_assert_cmpint(keys.entries[i].item.kind, ==, PP_ITEM_NONE);
    }
    pp_manager_snapshot_finish(&items);
    pp_manager_snapshot_finish(&keys);
}

static void step_dict(struct pp_manager_dict *dict, struct dict_model *model)
{
    int number = g_test_rand_int_range(0, KEYS);
    int64_t value = g_test_rand_int();
    struct pp_item item = pp_item_int(value);
    char key[16];
    int r;

    g_snprintf(key, sizeof(key), "%d", number);
    switch (g_test_rand_int_range(0, 6)) {
    case 0:
        g_assert_cmpint(pp_manager_dict_set(dict, key, &item), ==, 0);
        model_put(model, number, value);
        break;
    case 1:
        r = pp_manager_dict_pop(dict, key, &item);
        g_assert_cmpint(r, ==, model->present[number] ? 0 : -ENOENT);
        if (r == 0) {
            g_assert_cmpint(item.integer, ==, model->value[number]);
            model_drop(model, number);
        }
        break;
    case 2:
        g_assert_cmpint(pp_manager_dict_add(dict, key, 5, &value), ==, 0);
        g_assert_cmpint(value, ==, model->present[number] ? model->value[number] + 5 : 5);
        model_put(model, number, value);
        break;
    case 3:
        g_assert_cmpint(pp_manager_dict_setdefault(dict, key, &item, &item), ==, 0);
        model_put(model, number, model->present[number] ? model->value[number] : value);
        g_assert_cmpint(item.integer, ==, model->value[number]);
        break;
    case 4:
        r = pp_manager_dict_remove(dict, key);
        g_assert_cmpint(r, ==, model->present[number] ? 0 : -ENOENT);
        if (r == 0) {
            model_drop(model, number);
        }
        break;
    default:
        g_assert_cmpint(pp_manager_dict_contains(dict, key), ==, model->present[number]);
        break;
    }
}

static void test_a_dict_is_what_its_model_is(void)
{
    struct fixture fixture;
    struct pp_manager_dict dict;
    struct dict_model model = {.length = 0};

    begin(&fixture);
    open_dict(&fixture, "model", &dict);
    for (int i = 0; i < STEPS; i++) {
        step_dict(&dict, &model);
        if (i % 50 == 0) {
            check_dict(&dict, &model);
        }
    }
    g_assert_cmpint(pp_manager_dict_clear(&dict), ==, 0);
    memset(&model, 0, sizeof(model));
    check_dict(&dict, &model);
    end(&fixture);
}

/* Of some pages, with an entry among them that is longer than a page. */
static void test_a_long_snapshot_comes_whole(void)
{
    enum { ENTRIES = 3000, EACH = 1000, LONGEST = 3 << 20 };
    struct fixture fixture;
    struct pp_manager_dict dict;
    struct pp_manager_snapshot snapshot;
    g_autofree char *filler = g_strnfill(LONGEST, 'x');
    char key[16];

    begin(&fixture);
    open_dict(&fixture, "long", &dict);
    for (int i = 0; i < ENTRIES; i++) {
        struct pp_item item = pp_item_bytes(filler, i == ENTRIES / 2 ? LONGEST : EACH);

        g_snprintf(key, sizeof(key), "%d", i);
        g_assert_cmpint(pp_manager_dict_set(&dict, key, &item), ==, 0);
    }
    g_assert_cmpint(pp_manager_dict_items(&dict, &snapshot), ==, 0);
    g_assert_cmpuint(snapshot.count, ==, ENTRIES);
    for (int i = 0; i < ENTRIES; i++) {
        g_assert_cmpint(atoi(snapshot.entries[i].key), ==, i);
        g_assert_cmpuint(snapshot.entries[i].item.length, ==, i == ENTRIES / 2 ? LONGEST : EACH);
    }
    pp_manager_snapshot_finish(&snapshot);
    set_int(&dict, "after", 1);
    end(&fixture);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manager-dict/it-keeps-items-of-each-kind",
                    test_a_dict_keeps_items_of_each_kind);
    g_test_add_func("/manager-dict/what-is-not-there-is-said-so",
                    test_what_is_not_in_a_dict_is_said_so);
    g_test_add_func("/manager-dict/a-sum-that-is-no-integer-changes-nothing",
                    test_a_sum_that_is_no_integer_changes_nothing);
    g_test_add_func("/manager-dict/it-is-what-its-model-is", test_a_dict_is_what_its_model_is);
    g_test_add_func("/manager-dict/a-long-snapshot-comes-whole", test_a_long_snapshot_comes_whole);
    return g_test_run();
}
