/* SPDX-License-Identifier: MIT */
#include "core/manager_take.h"
#include "core/point.h"

int pp_manager_take_open(struct pp_manager_proxy *ret_proxy, struct pp_manager *manager,
                         enum pp_manager_kind kind, const char *name, uint32_t maxsize)
{
    struct pp_manager_call call;
    int r = pp_manager_proxy_begin(&call, manager, kind, name);

    if (r != 0) {
        return r;
    }
    pp_frame_put_u32(call.request, maxsize);
    return pp_manager_proxy_end(&call, ret_proxy);
}

/* The item is the caller's, whether or not this can be said: where it cannot, the connection is
 * gone and the next call will tell. */
static void confirm(struct pp_manager *manager)
{
    struct pp_manager_call call;

    if (pp_manager_call_begin_manager(&call, manager, PP_MANAGER_TAKEN) == 0) {
        pp_manager_call_tell(&call);
        pp_manager_call_end(&call, 0);
        pp_point("manager.confirmed");
    }
}

int pp_manager_take(const struct pp_manager_proxy *proxy, struct pp_item *ret_item,
                    uint64_t *ret_ticket, int timeout_ms)
{
    struct pp_manager_call call;
    uint64_t ticket = 0;
    int r = pp_manager_call_begin(&call, proxy, PP_MANAGER_QUEUE_GET);

    if (r != 0) {
        *ret_item = pp_item_none();
        return r;
    }
    pp_manager_call_put_timeout(&call, timeout_ms);
    r = pp_manager_call_wait(&call);
    if (r == 0 && ret_ticket != NULL) {
        ticket = pp_frame_get_u64(&call.answer);
    }
    r = pp_manager_call_end_item(&call, r, ret_item);
    if (r == 0) {
        confirm(proxy->manager);
    }
    if (r == 0 && ret_ticket != NULL) {
        *ret_ticket = ticket;
    }
    return r;
}
