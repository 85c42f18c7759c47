/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "core/manager_proxy.h"

int pp_manager_proxy_begin(struct pp_manager_call *call, struct pp_manager *manager,
                           enum pp_manager_kind kind, const char *name)
{
    size_t length = name == NULL ? 0 : strnlen(name, PP_MANAGER_NAME_MAX + 1);
    int r;

    if ((name != NULL && length == 0) || length > PP_MANAGER_NAME_MAX) {
        return -EINVAL;
    }
    r = pp_manager_call_begin_manager(call, manager, PP_MANAGER_OPEN);
    if (r == 0) {
        pp_frame_put_u8(call->request, (uint8_t)kind);
        pp_frame_put_text(call->request, name, length);
    }
    return r;
}

int pp_manager_proxy_end(struct pp_manager_call *call, struct pp_manager_proxy *ret_proxy)
{
    struct pp_manager_proxy proxy = {.manager = call->manager};
    int r = pp_manager_call_wait(call);

    if (r == 0) {
        size_t length;
        const char *name;

        proxy.object = pp_frame_get_u64(&call->answer);
        name = pp_frame_get_text(&call->answer, &length);
        call->answer.broken = call->answer.broken || length > PP_MANAGER_NAME_MAX;
        memcpy(proxy.name, name, call->answer.broken ? 0 : length);
    }
    r = pp_manager_call_end(call, r);
    if (r == 0) {
        *ret_proxy = proxy;
    }
    return r;
}

int pp_manager_proxy_open(struct pp_manager_proxy *ret_proxy, struct pp_manager *manager,
                          enum pp_manager_kind kind, const char *name)
{
    struct pp_manager_call call;
    int r = pp_manager_proxy_begin(&call, manager, kind, name);

    return r == 0 ? pp_manager_proxy_end(&call, ret_proxy) : r;
}

int pp_manager_proxy_call(const struct pp_manager_proxy *proxy, uint32_t operation)
{
    struct pp_manager_call call;
    int r = pp_manager_call_begin(&call, proxy, operation);

    if (r != 0) {
        return r;
    }
    r = pp_manager_call_wait(&call);
    return pp_manager_call_end(&call, r);
}

int pp_manager_proxy_wait(const struct pp_manager_proxy *proxy, uint32_t operation, int timeout_ms)
{
    struct pp_manager_call call;
    int r = pp_manager_call_begin(&call, proxy, operation);

    if (r != 0) {
        return r;
    }
    call.may_be_positive = true;
    pp_manager_call_put_timeout(&call, timeout_ms);
    r = pp_manager_call_wait(&call);
    return pp_manager_call_end(&call, r);
}

int pp_manager_proxy_ask(const struct pp_manager_proxy *proxy, uint32_t operation)
{
    struct pp_manager_call call;
    int r = pp_manager_call_begin(&call, proxy, operation);
    bool yes;

    if (r != 0) {
        return r;
    }
    r = pp_manager_call_wait(&call);
    yes = r == 0 && pp_frame_get_u8(&call.answer) != 0;
    r = pp_manager_call_end(&call, r);
    return r == 0 ? yes : r;
}

int pp_manager_proxy_length(const struct pp_manager_proxy *proxy, uint32_t operation,
                            size_t *ret_length)
{
    struct pp_manager_call call;
    int r = pp_manager_call_begin(&call, proxy, operation);
    uint64_t length = 0;

    if (r != 0) {
        return r;
    }
    r = pp_manager_call_wait(&call);
    if (r == 0) {
        length = pp_frame_get_u64(&call.answer);
    }
    r = pp_manager_call_end(&call, r);
    if (r == 0) {
        *ret_length = length > SIZE_MAX ? SIZE_MAX : (size_t)length;
    }
    return r;
}
