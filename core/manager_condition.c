/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "core/manager_condition.h"
#include "core/manager_proxy.h"

int pp_manager_condition(struct pp_manager *manager, const char *name,
                         const struct pp_manager_rlock *rlock,
                         struct pp_manager_condition *ret_condition)
{
    struct pp_manager_call call;
    int r = rlock->proxy.manager != manager
                ? -EINVAL
                : pp_manager_proxy_begin(&call, manager, PP_MANAGER_CONDITION, name);

    if (r != 0) {
        return r;
    }
    pp_frame_put_u64(call.request, rlock->proxy.object);
    return pp_manager_proxy_end(&call, &ret_condition->proxy);
}

int pp_manager_condition_wait(struct pp_manager_condition *condition, int timeout_ms)
{
    return pp_manager_proxy_wait(&condition->proxy, PP_MANAGER_CONDITION_WAIT, timeout_ms);
}

int pp_manager_condition_notify(struct pp_manager_condition *condition, uint32_t count)
{
    struct pp_manager_call call;
    int r = pp_manager_call_begin(&call, &condition->proxy, PP_MANAGER_CONDITION_NOTIFY);

    if (r != 0) {
        return r;
    }
    pp_frame_put_u32(call.request, count);
    r = pp_manager_call_wait(&call);
    return pp_manager_call_end(&call, r);
}

int pp_manager_condition_notify_all(struct pp_manager_condition *condition)
{
    return pp_manager_condition_notify(condition, UINT32_MAX);
}
