/* SPDX-License-Identifier: MIT */
/*
 * Dicts, and namespaces, which are dicts to the server: what their clients may do to them differs.
 *
 * Each change first makes all that may fail, the answer included, and then changes.
 */
#include <errno.h>

#include "core/manager_arguments.h"
#include "core/manager_pages.h"
#include "core/manager_table.h"

struct dict {
    struct pp_manager_object object;
    struct pp_manager_table table; /* of stored items, each with one reference */
};

static struct dict *dict_of(struct pp_manager_object *object)
{
    return (struct dict *)object;
}

static int create(struct pp_manager_object *object, struct pp_frame_reader *parameters)
{
    (void)object; /* all zero is empty */
    (void)parameters;
    return 0;
}

/* Put @value in the place of the entry's; for a new key, an entry too. Takes it over. */
static int keep(struct dict *dict, const char *key, size_t length, struct pp_manager_stored *value)
{
    struct pp_manager_store *store = pp_manager_object_store(&dict->object);
    struct pp_manager_table_entry *entry = pp_manager_table_find(&dict->table, key, length);

    if (value != NULL && entry == NULL) {
        entry = pp_manager_table_add(&dict->table, store, key, length);
    }
    if (value == NULL || entry == NULL) {
        pp_manager_stored_release(store, value);
        return -ENOMEM;
    }
    pp_manager_stored_release(store, entry->value);
    entry->value = value;
    return 0;
}

static void take_out(struct dict *dict, struct pp_manager_table_entry *entry)
{
    struct pp_manager_store *store = pp_manager_object_store(&dict->object);

    pp_manager_stored_release(store, entry->value);
    pp_manager_table_remove(&dict->table, store, entry);
}

static const struct pp_item *item_of(const struct pp_manager_table_entry *entry)
{
    return &((const struct pp_manager_stored *)entry->value)->item;
}

static int set(struct dict *dict, struct pp_manager_request *request)
{
    size_t length;
    const char *key = pp_manager_arguments_key(request, &length);
    struct pp_item item = pp_manager_arguments_item(request);

    if (!pp_manager_arguments_end(request)) {
        return PP_MANAGER_NONSENSE;
    }
    return keep(dict, key, length,
                pp_manager_stored_new(pp_manager_object_store(&dict->object), &item));
}

static int setdefault(struct dict *dict, struct pp_manager_request *request)
{
    size_t length;
    const char *key = pp_manager_arguments_key(request, &length);
    struct pp_item item = pp_manager_arguments_item(request);
    struct pp_manager_table_entry *entry = pp_manager_table_find(&dict->table, key, length);
    int r;

    if (!pp_manager_arguments_end(request)) {
        return PP_MANAGER_NONSENSE;
    }
    r = pp_manager_arguments_answer(request, entry != NULL ? item_of(entry) : &item);
    if (r != 0 || entry != NULL) {
        return r;
    }
    return keep(dict, key, length,
                pp_manager_stored_new(pp_manager_object_store(&dict->object), &item));
}

static int add(struct dict *dict, struct pp_manager_request *request)
{
    size_t length;
    const char *key = pp_manager_arguments_key(request, &length);
    int64_t amount = pp_frame_get_i64(&request->arguments);
    struct pp_manager_table_entry *entry = pp_manager_table_find(&dict->table, key, length);
    struct pp_item nothing = pp_item_int(0);
    struct pp_manager_stored *sum;
    int r;

    if (!pp_manager_arguments_end(request)) {
        return PP_MANAGER_NONSENSE;
    }
    r = pp_manager_arguments_add(pp_manager_object_store(&dict->object), request,
                                 entry != NULL ? item_of(entry) : &nothing, amount, &sum);
    return r == 0 ? keep(dict, key, length, sum) : r;
}

/* GET, POP, REMOVE and CONTAINS. */
static int look_up(struct dict *dict, struct pp_manager_request *request)
{
    uint32_t operation = request->operation;
    size_t length;
    const char *key = pp_manager_arguments_key(request, &length);
    struct pp_manager_table_entry *entry = pp_manager_table_find(&dict->table, key, length);
    int r = 0;

    if (!pp_manager_arguments_end(request)) {
        return PP_MANAGER_NONSENSE;
    }
    if (operation == PP_MANAGER_DICT_CONTAINS) {
        pp_frame_put_u8(request->answer, entry != NULL);
        return 0;
    }
    if (entry == NULL) {
        return -ENOENT;
    }
    if (operation != PP_MANAGER_DICT_REMOVE) {
        r = pp_manager_arguments_answer(request, item_of(entry));
    }
    if (r == 0 && operation != PP_MANAGER_DICT_GET) {
        take_out(dict, entry);
    }
    return r;
}

static int snapshot(struct dict *dict, struct pp_manager_request *request)
{
    size_t width = request->operation == PP_MANAGER_DICT_ITEMS ? 2 : 1;
    struct pp_manager_stored **entries =
        pp_manager_pages_begin(request, dict->table.length, width, true);
    struct pp_manager_table_entry *entry;
    uint32_t position = 0;

    if (entries == NULL) {
        return -ENOMEM;
    }
    while ((entry = pp_manager_table_next(&dict->table, &position)) != NULL) {
        *entries++ = pp_manager_stored_share(entry->key);
        if (width == 2) {
            *entries++ = pp_manager_stored_share(entry->value);
        }
    }
    return pp_manager_pages_next(request);
}

static void clear(struct dict *dict)
{
    struct pp_manager_store *store = pp_manager_object_store(&dict->object);
    struct pp_manager_table_entry *entry;
    uint32_t position = 0;

    while ((entry = pp_manager_table_next(&dict->table, &position)) != NULL) {
        pp_manager_stored_release(store, entry->value);
    }
    pp_manager_table_finish(&dict->table, store);
}

static void destroy(struct pp_manager_object *object)
{
    clear(dict_of(object));
}

/* Those without arguments. */
static int call_plain(struct dict *dict, struct pp_manager_request *request)
{
    if (!pp_manager_arguments_end(request)) {
        return PP_MANAGER_NONSENSE;
    }
    switch (request->operation) {
    case PP_MANAGER_DICT_LENGTH:
        pp_frame_put_u64(request->answer, dict->table.length);
        return 0;
    case PP_MANAGER_DICT_CLEAR:
        clear(dict);
        return 0;
    case PP_MANAGER_DICT_KEYS:
    case PP_MANAGER_DICT_ITEMS:
        return snapshot(dict, request);
    default:
        return PP_MANAGER_NONSENSE;
    }
}

static int call(struct pp_manager_object *object, struct pp_manager_request *request)
{
    struct dict *dict = dict_of(object);

    switch (request->operation) {
    case PP_MANAGER_DICT_SET:
        return set(dict, request);
    case PP_MANAGER_DICT_SETDEFAULT:
        return setdefault(dict, request);
    case PP_MANAGER_DICT_ADD:
        return add(dict, request);
    case PP_MANAGER_DICT_GET:
    case PP_MANAGER_DICT_POP:
    case PP_MANAGER_DICT_REMOVE:
    case PP_MANAGER_DICT_CONTAINS:
        return look_up(dict, request);
    default:
        return call_plain(dict, request);
    }
}

const struct pp_manager_ops pp_manager_dict_ops = {
    .kind = PP_MANAGER_DICT,
    .family = PP_MANAGER_DICT_SET,
    .bytes = sizeof(struct dict),
    .create = create,
    .call = call,
    .destroy = destroy,
};

const struct pp_manager_ops pp_manager_namespace_ops = {
    .kind = PP_MANAGER_NAMESPACE,
    .family = PP_MANAGER_DICT_SET,
    .bytes = sizeof(struct dict),
    .create = create,
    .call = call,
    .destroy = destroy,
};
