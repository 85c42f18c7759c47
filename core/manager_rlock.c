/* SPDX-License-Identifier: MIT */
#include "core/manager_rlock.h"
#include "core/manager_proxy.h"

int pp_manager_rlock(struct pp_manager *manager, const char *name,
                     struct pp_manager_rlock *ret_rlock)
{
    return pp_manager_proxy_open(&ret_rlock->proxy, manager, PP_MANAGER_RLOCK, name);
}

int pp_manager_rlock_acquire(struct pp_manager_rlock *rlock, int timeout_ms)
{
    return pp_manager_proxy_wait(&rlock->proxy, PP_MANAGER_LOCK_ACQUIRE, timeout_ms);
}

int pp_manager_rlock_mark_consistent(struct pp_manager_rlock *rlock)
{
    return pp_manager_proxy_call(&rlock->proxy, PP_MANAGER_LOCK_MARK_CONSISTENT);
}

int pp_manager_rlock_release(struct pp_manager_rlock *rlock)
{
    return pp_manager_proxy_call(&rlock->proxy, PP_MANAGER_LOCK_RELEASE);
}

int pp_manager_rlock_pass_on(struct pp_manager_rlock *rlock)
{
    return pp_manager_proxy_call(&rlock->proxy, PP_MANAGER_LOCK_PASS_ON);
}
