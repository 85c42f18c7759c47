/* SPDX-License-Identifier: MIT */
#include "core/manager_semaphore.h"
#include "core/manager_proxy.h"

static int open_semaphore(struct pp_manager *manager, const char *name, uint32_t value,
                          bool bounded, struct pp_manager_semaphore *ret_semaphore)
{
    struct pp_manager_call call;
    int r = pp_manager_proxy_begin(&call, manager, PP_MANAGER_SEMAPHORE, name);

    if (r != 0) {
        return r;
    }
    pp_frame_put_u32(call.request, value);
    pp_frame_put_u8(call.request, bounded);
    return pp_manager_proxy_end(&call, &ret_semaphore->proxy);
}

int pp_manager_semaphore(struct pp_manager *manager, const char *name, uint32_t value,
                         struct pp_manager_semaphore *ret_semaphore)
{
    return open_semaphore(manager, name, value, false, ret_semaphore);
}

int pp_manager_bounded_semaphore(struct pp_manager *manager, const char *name, uint32_t value,
                                 struct pp_manager_semaphore *ret_semaphore)
{
    return open_semaphore(manager, name, value, true, ret_semaphore);
}

int pp_manager_semaphore_acquire(struct pp_manager_semaphore *semaphore, int timeout_ms)
{
    return pp_manager_proxy_wait(&semaphore->proxy, PP_MANAGER_SEMAPHORE_ACQUIRE, timeout_ms);
}

int pp_manager_semaphore_release(struct pp_manager_semaphore *semaphore)
{
    return pp_manager_proxy_call(&semaphore->proxy, PP_MANAGER_SEMAPHORE_RELEASE);
}

int pp_manager_semaphore_spend(struct pp_manager_semaphore *semaphore)
{
    return pp_manager_proxy_call(&semaphore->proxy, PP_MANAGER_SEMAPHORE_SPEND);
}

int pp_manager_semaphore_get_value(struct pp_manager_semaphore *semaphore, uint32_t *ret_value)
{
    struct pp_manager_call call;
    int r = pp_manager_call_begin(&call, &semaphore->proxy, PP_MANAGER_SEMAPHORE_VALUE);
    uint32_t value = 0;

    if (r != 0) {
        return r;
    }
    r = pp_manager_call_wait(&call);
    if (r == 0) {
        value = pp_frame_get_u32(&call.answer);
    }
    r = pp_manager_call_end(&call, r);
    if (r == 0) {
        *ret_value = value;
    }
    return r;
}
