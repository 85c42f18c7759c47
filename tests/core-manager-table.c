/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "core/manager_deadlines.h"
#include "core/manager_protocol.h"
#include "core/manager_table.h"
#include "tests/processes.h"

enum { KEYS = 200, STEPS = 20000 };

/* The model: what each key has, and when it was new. */
struct model {
    bool present[KEYS];
    uint64_t since[KEYS];
    uint32_t length;
    uint64_t time;
};

static size_t key_of(int number, char *key)
{
    return (size_t)g_snprintf(key, 16, "key %d", number);
}

static void check_order(const struct pp_manager_table *table, const struct model *model)
{
    struct pp_manager_table_entry *entry;
    uint32_t position = 0;
    uint32_t count = 0;
    uint64_t last = 0;

    while ((entry = pp_manager_table_next(table, &position)) != NULL) {
        int number = GPOINTER_TO_INT(entry->value) - 1;

        g_assert_true(model->present[number]);
        g_assert_cmpuint(model->since[number], >, last);
        last = model->since[number];
        count++;
    }
    g_assert_cmpuint(count, ==, model->length);
    g_assert_cmpuint(table->length, ==, model->length);
}

static void step(struct pp_manager_table *table, struct pp_manager_store *store,
                 struct model *model, int range)
{
    int number = g_test_rand_int_range(0, range);
    char key[16];
    size_t length = key_of(number, key);
    struct pp_manager_table_entry *entry = pp_manager_table_find(table, key, length);

    g_assert_cmpint(entry != NULL, ==, model->present[number]);
    if (entry == NULL) {
        entry = pp_manager_table_add(table, store, key, length);
        g_assert_nonnull(entry);
        entry->value = GINT_TO_POINTER(number + 1);
        model->since[number] = ++model->time;
        model->length++;
    } else {
        g_assert_cmpint(GPOINTER_TO_INT(entry->value), ==, number + 1);
        pp_manager_table_remove(table, store, entry);
        model->length--;
    }
    model->present[number] = !model->present[number];
}

/* Few keys, so that it is empty at times; then many. */
static void test_a_table_is_what_its_model_is(void)
{
    struct pp_manager_store store = {.limit = SIZE_MAX};
    struct pp_manager_table table = {.entries = NULL};
    struct model model = {.length = 0};

    for (int i = 0; i < STEPS; i++) {
        step(&table, &store, &model, i < STEPS / 2 ? 3 : KEYS);
        if (i % 100 == 0) {
            check_order(&table, &model);
        }
    }
    pp_manager_table_finish(&table, &store);
    g_assert_cmpuint(store.used, ==, 0);
}

static void test_keys_are_bytes_of_a_length(void)
{
    struct pp_manager_store store = {.limit = SIZE_MAX};
    struct pp_manager_table table = {.entries = NULL};

    g_assert_null(pp_manager_table_find(&table, "", 0));
    g_assert_nonnull(pp_manager_table_add(&table, &store, "", 0));
    g_assert_nonnull(pp_manager_table_add(&table, &store, "a\0b", 3));
    g_assert_nonnull(pp_manager_table_find(&table, "", 0));
    g_assert_nonnull(pp_manager_table_find(&table, "a\0b", 3));
    g_assert_null(pp_manager_table_find(&table, "a", 1));
    g_assert_null(pp_manager_table_find(&table, "a\0c", 3));
    pp_manager_table_finish(&table, &store);
    g_assert_cmpuint(store.used, ==, 0);
}

/* With every limit that is too small for a hundred keys: those that were there stay as they were.
 */
static void test_a_full_store_leaves_the_table_as_it_was(void)
{
    for (size_t limit = 0; limit < 8000; limit += 37) {
        struct pp_manager_store store = {.limit = limit};
        struct pp_manager_table table = {.entries = NULL};
        char key[16];
        int count = 0;

        while (pp_manager_table_add(&table, &store, key, key_of(count, key)) != NULL) {
            count++;
        }
        g_assert_cmpuint(store.used, <=, limit);
        g_assert_cmpuint(table.length, ==, count);
        for (int i = 0; i < count; i++) {
            g_assert_nonnull(pp_manager_table_find(&table, key, key_of(i, key)));
        }
        pp_manager_table_finish(&table, &store);
        g_assert_cmpuint(store.used, ==, 0);
    }
}

static void test_a_stored_item_is_shared_until_the_last_lets_go(void)
{
    struct pp_manager_store store = {.limit = 1000};
    struct pp_item item = pp_item_text("sunny");
    struct pp_manager_stored *stored = pp_manager_stored_new(&store, &item);
    struct pp_manager_stored *shared = pp_manager_stored_share(stored);

    pp_manager_stored_release(&store, stored);
    g_assert_cmpuint(shared->item.length, ==, 5);
    g_assert_cmpint(memcmp(shared->item.bytes, "sunny", 5), ==, 0);
    g_assert_cmpuint(store.used, >, 5);
    pp_manager_stored_release(&store, shared);
    g_assert_cmpuint(store.used, ==, 0);
    item = pp_item_bytes("", 2000);
    g_assert_null(pp_manager_stored_new(&store, &item));
    item.length = SIZE_MAX;
    g_assert_null(pp_manager_stored_new(&store, &item));
    g_assert_cmpuint(store.used, ==, 0);
}

enum { DEADLINES = 50 };

static const struct pp_manager_deadline *earliest(const struct pp_manager_deadline *all)
{
    const struct pp_manager_deadline *first = NULL;

    for (int i = 0; i < DEADLINES; i++) {
        if (all[i].place != 0 && (first == NULL || all[i].at_ns < first->at_ns)) {
            first = &all[i];
        }
    }
    return first;
}

static void test_the_first_deadline_is_the_earliest(void)
{
    struct pp_manager_deadlines deadlines = {.heap = NULL};
    struct pp_manager_deadline all[DEADLINES] = {{.place = 0}};

    g_assert_null(pp_manager_deadlines_first(&deadlines));
    g_assert_cmpint(pp_manager_deadlines_reserve(&deadlines, DEADLINES), ==, 0);
    for (int i = 0; i < STEPS; i++) {
        struct pp_manager_deadline *one = &all[g_test_rand_int_range(0, DEADLINES)];
        const struct pp_manager_deadline *expected;

        if (g_test_rand_int_range(0, 3) == 0) {
            pp_manager_deadlines_clear(&deadlines, one);
        } else {
            pp_manager_deadlines_set(&deadlines, one, (uint64_t)g_test_rand_int_range(0, 1000));
        }
        expected = earliest(all);
        g_assert_cmpint(expected == NULL, ==, pp_manager_deadlines_first(&deadlines) == NULL);
        if (expected != NULL) {
            g_assert_cmpuint(pp_manager_deadlines_first(&deadlines)->at_ns, ==, expected->at_ns);
        }
    }
    pp_manager_deadlines_finish(&deadlines);
}

/* Numbers of errno differ between machines; their codes on the wire must not. */
static void test_outcomes_have_codes_of_their_own(void)
{
    static const struct {
        int outcome;
        uint32_t code;
    } known[] = {
        {0, 0},
        {1, 1},
        {-EIO, UINT32_C(0x80000000)},
        {-EPERM, UINT32_C(0x80000001)},
        {-ENOENT, UINT32_C(0x80000002)},
        {-EEXIST, UINT32_C(0x80000003)},
        {-EINVAL, UINT32_C(0x80000004)},
        {-ENOMEM, UINT32_C(0x80000005)},
        {-ERANGE, UINT32_C(0x80000006)},
        {-EMSGSIZE, UINT32_C(0x80000007)},
        {-EOVERFLOW, UINT32_C(0x80000008)},
        {-ETIMEDOUT, UINT32_C(0x80000009)},
        {-EPIPE, UINT32_C(0x8000000a)},
        {-ESTALE, UINT32_C(0x8000000b)},
        {-EUSERS, UINT32_C(0x8000000c)},
        {-ENOTRECOVERABLE, UINT32_C(0x8000000d)},
    };

    for (size_t i = 0; i < PP_ARRAY_LENGTH(known); i++) {
        g_assert_cmphex(pp_manager_outcome_to_wire(known[i].outcome), ==, known[i].code);
        g_assert_cmpint(pp_manager_outcome_from_wire(known[i].code), ==, known[i].outcome);
    }
    g_assert_cmphex(pp_manager_outcome_to_wire(-EXDEV), ==, UINT32_C(0x80000000));
    g_assert_cmpint(pp_manager_outcome_from_wire(UINT32_C(0x8000000e)), ==, -EPROTO);
    g_assert_cmpint(pp_manager_outcome_from_wire(UINT32_MAX), ==, -EPROTO);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manager-table/it-is-what-its-model-is", test_a_table_is_what_its_model_is);
    g_test_add_func("/manager-table/keys-are-bytes-of-a-length", test_keys_are_bytes_of_a_length);
    g_test_add_func("/manager-table/a-full-store-leaves-it-as-it-was",
                    test_a_full_store_leaves_the_table_as_it_was);
    g_test_add_func("/manager-table/a-stored-item-is-shared-until-the-last-lets-go",
                    test_a_stored_item_is_shared_until_the_last_lets_go);
    g_test_add_func("/manager-table/the-first-deadline-is-the-earliest",
                    test_the_first_deadline_is_the_earliest);
    g_test_add_func("/manager-protocol/outcomes-have-codes-of-their-own",
                    test_outcomes_have_codes_of_their_own);
    return g_test_run();
}
