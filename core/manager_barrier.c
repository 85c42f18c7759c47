/* SPDX-License-Identifier: MIT */
#include "core/manager_barrier.h"
#include "core/manager_proxy.h"

int pp_manager_barrier(struct pp_manager *manager, const char *name, uint32_t parties,
                       struct pp_manager_barrier *ret_barrier)
{
    struct pp_manager_call call;
    int r = pp_manager_proxy_begin(&call, manager, PP_MANAGER_BARRIER, name);

    if (r != 0) {
        return r;
    }
    pp_frame_put_u32(call.request, parties);
    return pp_manager_proxy_end(&call, &ret_barrier->proxy);
}

int pp_manager_barrier_wait(struct pp_manager_barrier *barrier, int timeout_ms, uint32_t *ret_index)
{
    struct pp_manager_call call;
    int r = pp_manager_call_begin(&call, &barrier->proxy, PP_MANAGER_BARRIER_WAIT);
    uint32_t index = 0;

    if (r != 0) {
        return r;
    }
    call.may_be_positive = true;
    pp_manager_call_put_timeout(&call, timeout_ms);
    r = pp_manager_call_wait(&call);
    if (r == 0) {
        index = pp_frame_get_u32(&call.answer);
    }
    r = pp_manager_call_end(&call, r);
    if (r == 0 && ret_index != NULL) {
        *ret_index = index;
    }
    return r;
}

int pp_manager_barrier_abort(struct pp_manager_barrier *barrier)
{
    return pp_manager_proxy_call(&barrier->proxy, PP_MANAGER_BARRIER_ABORT);
}

int pp_manager_barrier_reset(struct pp_manager_barrier *barrier)
{
    return pp_manager_proxy_call(&barrier->proxy, PP_MANAGER_BARRIER_RESET);
}

static int get_state(struct pp_manager_barrier *barrier, uint32_t *ret_waiting, bool *ret_broken)
{
    struct pp_manager_call call;
    int r = pp_manager_call_begin(&call, &barrier->proxy, PP_MANAGER_BARRIER_STATE);

    if (r != 0) {
        return r;
    }
    r = pp_manager_call_wait(&call);
    *ret_waiting = 0;
    *ret_broken = false;
    if (r == 0) {
        *ret_waiting = pp_frame_get_u32(&call.answer);
        *ret_broken = pp_frame_get_u8(&call.answer) != 0;
    }
    return pp_manager_call_end(&call, r);
}

int pp_manager_barrier_n_waiting(struct pp_manager_barrier *barrier, uint32_t *ret_waiting)
{
    uint32_t waiting;
    bool broken;
    int r = get_state(barrier, &waiting, &broken);

    if (r == 0) {
        *ret_waiting = waiting;
    }
    return r;
}

int pp_manager_barrier_is_broken(struct pp_manager_barrier *barrier)
{
    uint32_t waiting;
    bool broken;
    int r = get_state(barrier, &waiting, &broken);

    return r == 0 ? broken : r;
}
