/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "core/manager_dict.h"
#include "core/manager_fetch.h"
#include "core/manager_namespace.h"
#include "core/manager_proxy.h"

/* To the server it is a dict. */
static struct pp_manager_dict dict_of(const struct pp_manager_namespace *names)
{
    return (struct pp_manager_dict){.proxy = names->proxy};
}

static bool is_attribute(const char *name)
{
    return name[0] != '\0' && name[0] != '_';
}

int pp_manager_namespace(struct pp_manager *manager, const char *name,
                         struct pp_manager_namespace *ret_namespace)
{
    return pp_manager_proxy_open(&ret_namespace->proxy, manager, PP_MANAGER_NAMESPACE, name);
}

int pp_manager_namespace_set(struct pp_manager_namespace *names, const char *attribute,
                             const struct pp_item *item)
{
    struct pp_manager_dict dict = dict_of(names);

    return is_attribute(attribute) ? pp_manager_dict_set(&dict, attribute, item) : -EINVAL;
}

int pp_manager_namespace_get(struct pp_manager_namespace *names, const char *attribute,
                             struct pp_item *ret_item)
{
    struct pp_manager_dict dict = dict_of(names);

    *ret_item = pp_item_none();
    return is_attribute(attribute) ? pp_manager_dict_get(&dict, attribute, ret_item) : -EINVAL;
}

int pp_manager_namespace_remove(struct pp_manager_namespace *names, const char *attribute)
{
    struct pp_manager_dict dict = dict_of(names);

    return is_attribute(attribute) ? pp_manager_dict_remove(&dict, attribute) : -EINVAL;
}

int pp_manager_namespace_items(struct pp_manager_namespace *names,
                               struct pp_manager_snapshot *ret_snapshot)
{
    return pp_manager_fetch(&names->proxy, PP_MANAGER_DICT_ITEMS, true, true, ret_snapshot);
}
