/* SPDX-License-Identifier: MIT */
#include "core/manager_list.h"
#include "tests/managing.h"

enum { STEPS = 4000 };

struct writer {
    char path[PP_MANAGER_ADDRESS_MAX + 1];
    _Atomic int stop;
    _Atomic int rounds;
};

/* All items are the same number, except in the middle of a round. */
static int write_rounds(void *memory)
{
    struct writer *writer = memory;
    struct pp_manager *manager = connect_at(writer->path);
    struct pp_manager_list list;

    if (pp_manager_list(manager, "pages", &list) != 0) {
        return 1;
    }
    for (int64_t round = 0; atomic_load(&writer->stop) == 0; round++) {
        struct pp_item item = pp_item_int(round);

        if (pp_manager_list_append(&list, &item) != 0 ||
            pp_manager_list_pop(&list, 0, &item) != 0) {
            return 2;
        }
        pp_item_finish(&item);
        atomic_fetch_add(&writer->rounds, 1);
    }
    pp_manager_destroy(manager);
    return 0;
}

/* Numbers that count up, one taken in front for each put behind: a snapshot of more than one moment
 * would have a gap, or one too many. It takes several pages. */
static void test_a_snapshot_is_of_one_moment(void)
{
    enum { LENGTH = 300000 };
    struct fixture fixture;
    struct pp_slot slot;
    struct writer *writer = share(&slot, sizeof(*writer));
    struct pp_manager_list list;
    struct pp_item *items = g_new(struct pp_item, LENGTH);
    pid_t pid;

    begin(&fixture);
    for (int i = 0; i < LENGTH; i++) {
        items[i] = pp_item_int(i - LENGTH);
    }
    g_assert_cmpint(pp_manager_list(fixture.manager, "pages", &list), ==, 0);
    g_assert_cmpint(pp_manager_list_extend(&list, items, LENGTH), ==, 0);
    g_strlcpy(writer->path, fixture.server.address.path, sizeof(writer->path));
    pid = start_child(write_rounds, writer);
    for (int round = 0; round < 5; round++) {
        struct pp_manager_snapshot snapshot;
        int seen = atomic_load(&writer->rounds);

        WAIT_UNTIL(atomic_load(&writer->rounds) > seen);
        g_assert_cmpint(pp_manager_list_items(&list, &snapshot), ==, 0);
        g_assert_cmpuint(snapshot.count, >=, LENGTH);
        g_assert_cmpuint(snapshot.count, <=, LENGTH + 1);
        for (size_t i = 1; i < snapshot.count; i++) {
            g_assert_cmpint(snapshot.entries[i].item.integer, ==,
                            snapshot.entries[i - 1].item.integer + 1);
        }
        pp_manager_snapshot_finish(&snapshot);
    }
    atomic_store(&writer->stop, 1);
    g_assert_cmpint(join_child(pid), ==, 0);
    g_free(items);
    pp_slot_finish(&slot);
    end(&fixture);
}

/* The model of a list is an array of numbers. */
static bool model_find(const GArray *model, int64_t index, guint *at)
{
    int64_t place = index < 0 ? index + (int64_t)model->len : index;

    *at = (guint)place;
    return place >= 0 && place < (int64_t)model->len;
}

static int64_t model_at(const GArray *model, guint at)
{
    return g_array_index(model, int64_t, at);
}

static guint model_place(const GArray *model, int64_t index)
{
    int64_t place = index < 0 ? index + (int64_t)model->len : index;

    return place < 0 ? 0 : (guint)MIN(place, (int64_t)model->len);
}

static void step_by_index(struct pp_manager_list *list, GArray *model, int64_t index,
                          int64_t number)
{
    struct pp_item item = pp_item_int(number);
    guint at;
    bool there = model_find(model, index, &at);

    switch (g_test_rand_int_range(0, 5)) {
    case 0:
        g_assert_cmpint(pp_manager_list_get(list, index, &item), ==, there ? 0 : -ENOENT);
        g_assert_true(!there || item.integer == model_at(model, at));
        break;
    case 1:
        g_assert_cmpint(pp_manager_list_set(list, index, &item), ==, there ? 0 : -ENOENT);
        if (there) {
            g_array_index(model, int64_t, at) = number;
        }
        break;
    case 2:
        g_assert_cmpint(pp_manager_list_pop(list, index, &item), ==, there ? 0 : -ENOENT);
        if (there) {
            g_assert_cmpint(item.integer, ==, model_at(model, at));
            g_array_remove_index(model, at);
        }
        break;
    case 3:
        g_assert_cmpint(pp_manager_list_add(list, index, 2, &number), ==, there ? 0 : -ENOENT);
        if (there) {
            g_array_index(model, int64_t, at) += 2;
            g_assert_cmpint(number, ==, model_at(model, at));
        }
        break;
    default:
        g_assert_cmpint(pp_manager_list_insert(list, index, &item), ==, 0);
        at = model_place(model, index);
        g_array_insert_val(model, at, number);
        break;
    }
}

static void step_by_item(struct pp_manager_list *list, GArray *model, int64_t number)
{
    struct pp_item item = pp_item_int(number);
    struct pp_item items[3] = {item, item, item};
    size_t index = 0;
    guint at = 0;

    while (at < model->len && model_at(model, at) != number) {
        at++;
    }
    switch (g_test_rand_int_range(0, 4)) {
    case 0:
        g_assert_cmpint(pp_manager_list_append(list, &item), ==, 0);
        g_array_append_val(model, number);
        break;
    case 1:
        g_assert_cmpint(pp_manager_list_extend(list, items, 3), ==, 0);
        for (int i = 0; i < 3; i++) {
            g_array_append_val(model, number);
        }
        break;
    case 2:
        g_assert_cmpint(pp_manager_list_index(list, &item, &index), ==,
                        at < model->len ? 0 : -ENOENT);
        g_assert_true(at == model->len || index == at);
        break;
    default:
        g_assert_cmpint(pp_manager_list_remove(list, &item), ==, at < model->len ? 0 : -ENOENT);
        if (at < model->len) {
            g_array_remove_index(model, at);
        }
        break;
    }
}

static void check_list(struct pp_manager_list *list, const GArray *model)
{
    struct pp_manager_snapshot snapshot;
    size_t length;

    g_assert_cmpint(pp_manager_list_length(list, &length), ==, 0);
    g_assert_cmpuint(length, ==, model->len);
    g_assert_cmpint(pp_manager_list_items(list, &snapshot), ==, 0);
    g_assert_cmpuint(snapshot.count, ==, model->len);
    for (guint i = 0; i < model->len; i++) {
        g_assert_null(snapshot.entries[i].key);
        g_assert_cmpint(snapshot.entries[i].item.integer, ==, model_at(model, i));
    }
    pp_manager_snapshot_finish(&snapshot);
}

static void test_a_list_is_what_its_model_is(void)
{
    struct fixture fixture;
    struct pp_manager_list list;
    GArray *model = g_array_new(false, false, sizeof(int64_t));

    begin(&fixture);
    g_assert_cmpint(pp_manager_list(fixture.manager, NULL, &list), ==, 0);
    for (int i = 0; i < STEPS; i++) {
        int64_t number = g_test_rand_int_range(0, 10);

        if (g_test_rand_int_range(0, 2) == 0) {
            step_by_item(&list, model, number);
        } else {
            step_by_index(&list, model, g_test_rand_int_range(-30, 30), number);
        }
        if (i % 50 == 0) {
            check_list(&list, model);
        }
    }
    g_assert_cmpint(pp_manager_list_clear(&list), ==, 0);
    g_array_set_size(model, 0);
    check_list(&list, model);
    g_array_free(model, true);
    end(&fixture);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manager-list/it-is-what-its-model-is", test_a_list_is_what_its_model_is);
    g_test_add_func("/manager-list/a-snapshot-is-of-one-moment", test_a_snapshot_is_of_one_moment);
    return g_test_run();
}
