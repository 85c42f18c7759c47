/* SPDX-License-Identifier: MIT */
#include "core/manager_event.h"
#include "core/manager_proxy.h"

int pp_manager_event(struct pp_manager *manager, const char *name,
                     struct pp_manager_event *ret_event)
{
    return pp_manager_proxy_open(&ret_event->proxy, manager, PP_MANAGER_EVENT, name);
}

int pp_manager_event_set(struct pp_manager_event *event)
{
    return pp_manager_proxy_call(&event->proxy, PP_MANAGER_EVENT_SET);
}

int pp_manager_event_clear(struct pp_manager_event *event)
{
    return pp_manager_proxy_call(&event->proxy, PP_MANAGER_EVENT_CLEAR);
}

int pp_manager_event_is_set(struct pp_manager_event *event)
{
    return pp_manager_proxy_ask(&event->proxy, PP_MANAGER_EVENT_IS_SET);
}

int pp_manager_event_wait(struct pp_manager_event *event, int timeout_ms)
{
    return pp_manager_proxy_wait(&event->proxy, PP_MANAGER_EVENT_WAIT, timeout_ms);
}
