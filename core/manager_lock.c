/* SPDX-License-Identifier: MIT */
#include "core/manager_lock.h"
#include "core/manager_proxy.h"

int pp_manager_lock(struct pp_manager *manager, const char *name, struct pp_manager_lock *ret_lock)
{
    return pp_manager_proxy_open(&ret_lock->proxy, manager, PP_MANAGER_LOCK, name);
}

int pp_manager_lock_acquire(struct pp_manager_lock *lock, int timeout_ms)
{
    return pp_manager_proxy_wait(&lock->proxy, PP_MANAGER_LOCK_ACQUIRE, timeout_ms);
}

int pp_manager_lock_mark_consistent(struct pp_manager_lock *lock)
{
    return pp_manager_proxy_call(&lock->proxy, PP_MANAGER_LOCK_MARK_CONSISTENT);
}

int pp_manager_lock_release(struct pp_manager_lock *lock)
{
    return pp_manager_proxy_call(&lock->proxy, PP_MANAGER_LOCK_RELEASE);
}

int pp_manager_lock_pass_on(struct pp_manager_lock *lock)
{
    return pp_manager_proxy_call(&lock->proxy, PP_MANAGER_LOCK_PASS_ON);
}
