/* SPDX-License-Identifier: MIT */
/*
 * Each change first makes all that may fail, the answer included, and then changes.
 */
#include <errno.h>
#include <string.h>

#include "core/manager_arguments.h"
#include "core/manager_pages.h"

#define CAPACITY_MIN 8

struct list {
    struct pp_manager_object object;
    struct pp_manager_stored **items; /* each with one reference */
    size_t length;
    size_t capacity;
};

static struct list *list_of(struct pp_manager_object *object)
{
    return (struct list *)object;
}

static int create(struct pp_manager_object *object, struct pp_frame_reader *parameters)
{
    (void)object; /* all zero is empty */
    (void)parameters;
    return 0;
}

static bool resize(struct list *list, size_t capacity)
{
    struct pp_manager_stored **items =
        pp_manager_store_resize(pp_manager_object_store(&list->object), list->items,
                                list->capacity * sizeof(*items), capacity * sizeof(*items));

    if (items == NULL) {
        return false;
    }
    list->items = items;
    list->capacity = capacity;
    return true;
}

static bool make_room(struct list *list, size_t count)
{
    size_t capacity = list->capacity < CAPACITY_MIN ? CAPACITY_MIN : list->capacity;

    while (capacity - list->length < count) {
        capacity *= 2;
    }
    return capacity == list->capacity || resize(list, capacity);
}

/* Which item an index means; false where there is none. */
static bool find(const struct list *list, int64_t index, size_t *ret_at)
{
    int64_t at = index < 0 ? index + (int64_t)list->length : index;

    *ret_at = (size_t)at;
    return at >= 0 && (size_t)at < list->length;
}

/* Where an item is inserted at @index: as Python, nowhere is too far away. */
static size_t place_for(const struct list *list, int64_t index)
{
    int64_t at = index < 0 ? index + (int64_t)list->length : index;

    if (at < 0) {
        return 0;
    }
    return (size_t)at < list->length ? (size_t)at : list->length;
}

static struct pp_manager_stored *store_item(struct list *list, const struct pp_item *item)
{
    return pp_manager_stored_new(pp_manager_object_store(&list->object), item);
}

/* Takes @value over. */
static int insert_at(struct list *list, size_t at, struct pp_manager_stored *value)
{
    if (value == NULL || !make_room(list, 1)) {
        pp_manager_stored_release(pp_manager_object_store(&list->object), value);
        return -ENOMEM;
    }
    memmove(list->items + at + 1, list->items + at,
            (list->length - at) * sizeof(struct pp_manager_stored *));
    list->items[at] = value;
    list->length++;
    return 0;
}

/* Takes @value over. */
static int set_at(struct list *list, size_t at, struct pp_manager_stored *value)
{
    if (value == NULL) {
        return -ENOMEM;
    }
    pp_manager_stored_release(pp_manager_object_store(&list->object), list->items[at]);
    list->items[at] = value;
    return 0;
}

static void take_out(struct list *list, size_t at)
{
    pp_manager_stored_release(pp_manager_object_store(&list->object), list->items[at]);
    list->length--;
    memmove(list->items + at, list->items + at + 1,
            (list->length - at) * sizeof(struct pp_manager_stored *));
    if (list->capacity > CAPACITY_MIN && list->length <= list->capacity / 4) {
        resize(list, list->capacity / 2); /* or it stays longer than it need be */
    }
}

static int append(struct list *list, struct pp_manager_request *request)
{
    struct pp_item item = pp_manager_arguments_item(request);

    if (!pp_manager_arguments_end(request)) {
        return PP_MANAGER_NONSENSE;
    }
    return insert_at(list, list->length, store_item(list, &item));
}

static void shorten(struct list *list, size_t length)
{
    while (list->length > length) {
        take_out(list, list->length - 1);
    }
}

/* All of them or none: what was put before something failed goes again. */
static int extend(struct list *list, struct pp_manager_request *request)
{
    uint32_t count = pp_frame_get_u32(&request->arguments);
    size_t before = list->length;
    int r = 0;

    /* Each takes a byte at least, so the room for them is paid for by what was sent. */
    if (count > request->arguments.left) {
        return PP_MANAGER_NONSENSE;
    }
    if (!make_room(list, count)) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < count && r == 0; i++) {
        struct pp_item item = pp_manager_arguments_item(request);

        r = insert_at(list, list->length, store_item(list, &item));
    }
    if (r == 0 && !pp_manager_arguments_end(request)) {
        r = PP_MANAGER_NONSENSE;
    }
    if (r != 0) {
        shorten(list, before);
    }
    return r;
}

/* INSERT and SET. */
static int put(struct list *list, struct pp_manager_request *request)
{
    int64_t index = pp_frame_get_i64(&request->arguments);
    struct pp_item item = pp_manager_arguments_item(request);
    size_t at;

    if (!pp_manager_arguments_end(request)) {
        return PP_MANAGER_NONSENSE;
    }
    if (request->operation == PP_MANAGER_LIST_INSERT) {
        return insert_at(list, place_for(list, index), store_item(list, &item));
    }
    return find(list, index, &at) ? set_at(list, at, store_item(list, &item)) : -ENOENT;
}

/* GET and POP. */
static int get(struct list *list, struct pp_manager_request *request)
{
    int64_t index = pp_frame_get_i64(&request->arguments);
    size_t at;
    int r;

    if (!pp_manager_arguments_end(request)) {
        return PP_MANAGER_NONSENSE;
    }
    if (!find(list, index, &at)) {
        return -ENOENT;
    }
    r = pp_manager_arguments_answer(request, &list->items[at]->item);
    if (r == 0 && request->operation == PP_MANAGER_LIST_POP) {
        take_out(list, at);
    }
    return r;
}

/* REMOVE and INDEX. */
static int search(struct list *list, struct pp_manager_request *request)
{
    struct pp_item item = pp_manager_arguments_item(request);
    size_t at = 0;

    if (!pp_manager_arguments_end(request)) {
        return PP_MANAGER_NONSENSE;
    }
    while (at < list->length && !pp_item_is_equal(&list->items[at]->item, &item)) {
        at++;
    }
    if (at == list->length) {
        return -ENOENT;
    }
    if (request->operation == PP_MANAGER_LIST_REMOVE) {
        take_out(list, at);
    } else {
        pp_frame_put_u64(request->answer, at);
    }
    return 0;
}

static int add(struct list *list, struct pp_manager_request *request)
{
    int64_t index = pp_frame_get_i64(&request->arguments);
    int64_t amount = pp_frame_get_i64(&request->arguments);
    struct pp_manager_stored *sum;
    size_t at;
    int r;

    if (!pp_manager_arguments_end(request)) {
        return PP_MANAGER_NONSENSE;
    }
    if (!find(list, index, &at)) {
        return -ENOENT;
    }
    r = pp_manager_arguments_add(pp_manager_object_store(&list->object), request,
                                 &list->items[at]->item, amount, &sum);
    return r == 0 ? set_at(list, at, sum) : r;
}

static int snapshot(struct list *list, struct pp_manager_request *request)
{
    struct pp_manager_stored **entries = pp_manager_pages_begin(request, list->length, 1, false);

    if (entries == NULL) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < list->length; i++) {
        entries[i] = pp_manager_stored_share(list->items[i]);
    }
    return pp_manager_pages_next(request);
}

static void clear(struct list *list)
{
    struct pp_manager_store *store = pp_manager_object_store(&list->object);

    for (size_t i = 0; i < list->length; i++) {
        pp_manager_stored_release(store, list->items[i]);
    }
    pp_manager_store_free(store, list->items, list->capacity * sizeof(struct pp_manager_stored *));
    list->items = NULL;
    list->length = 0;
    list->capacity = 0;
}

static void destroy(struct pp_manager_object *object)
{
    clear(list_of(object));
}

/* Those without arguments. */
static int call_plain(struct list *list, struct pp_manager_request *request)
{
    if (!pp_manager_arguments_end(request)) {
        return PP_MANAGER_NONSENSE;
    }
    switch (request->operation) {
    case PP_MANAGER_LIST_LENGTH:
        pp_frame_put_u64(request->answer, list->length);
        return 0;
    case PP_MANAGER_LIST_CLEAR:
        clear(list);
        return 0;
    case PP_MANAGER_LIST_ITEMS:
        return snapshot(list, request);
    default:
        return PP_MANAGER_NONSENSE;
    }
}

static int call(struct pp_manager_object *object, struct pp_manager_request *request)
{
    struct list *list = list_of(object);

    switch (request->operation) {
    case PP_MANAGER_LIST_APPEND:
        return append(list, request);
    case PP_MANAGER_LIST_EXTEND:
        return extend(list, request);
    case PP_MANAGER_LIST_INSERT:
    case PP_MANAGER_LIST_SET:
        return put(list, request);
    case PP_MANAGER_LIST_GET:
    case PP_MANAGER_LIST_POP:
        return get(list, request);
    case PP_MANAGER_LIST_REMOVE:
    case PP_MANAGER_LIST_INDEX:
        return search(list, request);
    case PP_MANAGER_LIST_ADD:
        return add(list, request);
    default:
        return call_plain(list, request);
    }
}

const struct pp_manager_ops pp_manager_list_ops = {
    .kind = PP_MANAGER_LIST,
    .family = PP_MANAGER_LIST_APPEND,
    .bytes = sizeof(struct list),
    .create = create,
    .call = call,
    .destroy = destroy,
};
