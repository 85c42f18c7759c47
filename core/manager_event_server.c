/* SPDX-License-Identifier: MIT */
#include "core/manager_arguments.h"

struct event {
    struct pp_manager_object object;
    struct pp_manager_line line;
    bool set;
};

static struct event *event_of(struct pp_manager_object *object)
{
    return (struct event *)object;
}

static int create(struct pp_manager_object *object, struct pp_frame_reader *parameters)
{
    (void)parameters;
    TAILQ_INIT(&event_of(object)->line);
    return 0;
}

static int wait_for(struct event *event, struct pp_manager_request *request)
{
    uint32_t timeout_ms = pp_frame_get_u32(&request->arguments);

    if (!pp_manager_arguments_end(request)) {
        return PP_MANAGER_NONSENSE;
    }
    return event->set ? 0
                      : pp_manager_object_wait(&event->object, request, &event->line, timeout_ms);
}

static int call(struct pp_manager_object *object, struct pp_manager_request *request)
{
    struct event *event = event_of(object);

    if (request->operation == PP_MANAGER_EVENT_WAIT) {
        return wait_for(event, request);
    }
    if (!pp_manager_arguments_end(request)) {
        return PP_MANAGER_NONSENSE;
    }
    switch (request->operation) {
    case PP_MANAGER_EVENT_SET:
        event->set = true;
        pp_manager_object_answer_all(&event->line, 0);
        return 0;
    case PP_MANAGER_EVENT_CLEAR:
        event->set = false;
        return 0;
    case PP_MANAGER_EVENT_IS_SET:
        pp_frame_put_u8(request->answer, event->set);
        return 0;
    default:
        return PP_MANAGER_NONSENSE;
    }
}

const struct pp_manager_ops pp_manager_event_ops = {
    .kind = PP_MANAGER_EVENT,
    .family = PP_MANAGER_EVENT_SET,
    .bytes = sizeof(struct event),
    .create = create,
    .call = call,
};
