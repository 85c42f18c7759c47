/* SPDX-License-Identifier: MIT */
/*
 * Objects have numbers that are never given again, so who knows the number of one that was removed
 * does not mistake another one for it, even where that has the same name.
 */
#include <errno.h>
#include <stdio.h>

#include "core/manager_registry.h"

static const struct pp_manager_ops *const kinds[] = {
    &pp_manager_dict_ops,      &pp_manager_namespace_ops, &pp_manager_list_ops,
    &pp_manager_queue_ops,     &pp_manager_value_ops,     &pp_manager_lock_ops,
    &pp_manager_rlock_ops,     &pp_manager_semaphore_ops, &pp_manager_event_ops,
    &pp_manager_condition_ops, &pp_manager_barrier_ops,   &pp_manager_joinable_queue_ops,
};

static const struct pp_manager_ops *find_kind(unsigned kind)
{
    for (size_t i = 0; i < PP_ARRAY_LENGTH(kinds); i++) {
        if (kinds[i]->kind == kind) {
            return kinds[i];
        }
    }
    return NULL;
}

struct pp_manager_object *pp_manager_registry_find(const struct pp_manager_server *server,
                                                   uint64_t id)
{
    struct pp_manager_table_entry *entry =
        pp_manager_table_find(&server->objects, (const char *)&id, sizeof(id));

    return entry == NULL ? NULL : entry->value;
}

/* Write a name that nobody has asked for. */
static size_t make_up_name(const struct pp_manager_server *server, char *name, size_t bytes)
{
    return (size_t)snprintf(name, bytes, "#%llu", (unsigned long long)(server->last_object + 1));
}

static void free_object(struct pp_manager_server *server, struct pp_manager_object *object)
{
    struct pp_manager_holding *holding;

    if (object->ops->destroy != NULL) {
        object->ops->destroy(object);
    }
    while ((holding = LIST_FIRST(&object->holdings)) != NULL) {
        pp_manager_object_let_go(holding);
    }
    pp_manager_store_free(&server->store, object, object->ops->bytes);
}

/* Enter @object, which has no number yet, into both tables. */
static int enter(struct pp_manager_server *server, struct pp_manager_object *object,
                 const char *name, size_t name_length)
{
    uint64_t id = server->last_object + 1;
    struct pp_manager_table_entry *by_name;
    struct pp_manager_table_entry *by_id;

    by_id = pp_manager_table_add(&server->objects, &server->store, (const char *)&id, sizeof(id));
    if (by_id == NULL) {
        return -ENOMEM;
    }
    by_name = pp_manager_table_add(&server->names, &server->store, name, name_length);
    if (by_name == NULL) {
        pp_manager_table_remove(&server->objects, &server->store, by_id);
        return -ENOMEM;
    }
    object->id = id;
    by_id->value = object;
    by_name->value = object;
    server->last_object = id;
    return 0;
}

static int create(struct pp_manager_server *server, const struct pp_manager_ops *ops,
                  struct pp_frame_reader *parameters, const char *name, size_t name_length,
                  struct pp_manager_object **ret_object)
{
    struct pp_manager_object *object = pp_manager_store_allocate(&server->store, ops->bytes);
    int r;

    if (object == NULL) {
        return -ENOMEM;
    }
    object->ops = ops;
    object->server = server;
    LIST_INIT(&object->holdings);
    r = ops->create(object, parameters);
    if (r != 0) {
        pp_manager_store_free(&server->store, object, ops->bytes);
        return r;
    }
    r = pp_frame_is_whole(parameters) ? enter(server, object, name, name_length)
                                      : PP_MANAGER_NONSENSE;
    if (r != 0) {
        free_object(server, object);
        return r;
    }
    *ret_object = object;
    return 0;
}

static int find_or_create(struct pp_manager_server *server, const struct pp_manager_ops *ops,
                          struct pp_frame_reader *parameters, const char *name, size_t name_length,
                          struct pp_manager_object **ret_object)
{
    struct pp_manager_table_entry *entry = pp_manager_table_find(&server->names, name, name_length);

    if (entry == NULL) {
        /* Those that the server makes up are not to be made again. */
        return name[0] == '#' ? -ENOENT
                              : create(server, ops, parameters, name, name_length, ret_object);
    }
    *ret_object = entry->value;
    if ((*ret_object)->ops != ops) {
        return -EEXIST;
    }
    if (ops->agrees != NULL && !ops->agrees(*ret_object, parameters)) {
        return parameters->broken ? PP_MANAGER_NONSENSE : -EEXIST;
    }
    return pp_frame_is_whole(parameters) ? 0 : PP_MANAGER_NONSENSE;
}

int pp_manager_registry_open(struct pp_manager_server *server, struct pp_manager_request *request)
{
    const struct pp_manager_ops *ops = find_kind(pp_frame_get_u8(&request->arguments));
    struct pp_manager_object *object;
    char made_up[PP_MANAGER_NAME_MAX + 1];
    size_t length;
    const char *name = pp_frame_get_text(&request->arguments, &length);
    int r;

    if (request->arguments.broken || ops == NULL || length > PP_MANAGER_NAME_MAX) {
        return PP_MANAGER_NONSENSE;
    }
    if (length == 0) {
        length = make_up_name(server, made_up, sizeof(made_up));
        name = made_up;
        r = create(server, ops, &request->arguments, name, length, &object);
    } else {
        r = find_or_create(server, ops, &request->arguments, name, length, &object);
    }
    if (r == 0) {
        pp_frame_put_u64(request->answer, object->id);
        pp_frame_put_text(request->answer, name, length);
    }
    return r;
}

/* Whoever waits for it: few objects are ever removed, so nobody keeps a list. */
static void turn_away(struct pp_manager_server *server, const struct pp_manager_object *object)
{
    struct pp_manager_peer *peer;

    TAILQ_FOREACH(peer, &server->peers, neighbours)
    {
        if (peer->waiting.line != NULL && peer->waiting.object == object) {
            pp_manager_object_answer(&peer->waiting, -ESTALE);
        }
    }
}

int pp_manager_registry_remove(struct pp_manager_server *server, struct pp_manager_request *request)
{
    size_t length;
    const char *name = pp_frame_get_text(&request->arguments, &length);
    struct pp_manager_table_entry *by_name;
    struct pp_manager_table_entry *by_id;
    struct pp_manager_object *object;

    if (!pp_frame_is_whole(&request->arguments)) {
        return PP_MANAGER_NONSENSE;
    }
    by_name = pp_manager_table_find(&server->names, name, length);
    if (by_name == NULL) {
        return -ENOENT;
    }
    object = by_name->value;
    by_id = pp_manager_table_find(&server->objects, (const char *)&object->id, sizeof(object->id));
    pp_manager_table_remove(&server->names, &server->store, by_name);
    pp_manager_table_remove(&server->objects, &server->store, by_id);
    turn_away(server, object);
    free_object(server, object);
    return 0;
}

void pp_manager_registry_finish(struct pp_manager_server *server)
{
    struct pp_manager_table_entry *entry;
    uint32_t position = 0;

    while ((entry = pp_manager_table_next(&server->names, &position)) != NULL) {
        free_object(server, entry->value);
    }
    pp_manager_table_finish(&server->names, &server->store);
    pp_manager_table_finish(&server->objects, &server->store);
}
