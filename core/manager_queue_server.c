/* SPDX-License-Identifier: MIT */
/*
 * A message is in one of two places: in the queue, in the order of its number, or with the peer
 * that has taken it. It goes for good when the peer confirms that it has come, or, in a joinable
 * queue, that it is done; where the connection ends before, it goes back to where its number
 * belongs.
 *
 * After each change whoever waits gets what can be had now: settle().
 */
#include <errno.h>

#include "core/manager_arguments.h"
#include "core/manager_peer.h"

struct pp_manager_message {
    TAILQ_ENTRY(pp_manager_message) neighbours;
    uint64_t number; /* in the order in which they were put */
    uint64_t ticket; /* of who has taken it */
    struct pp_manager_stored *item;
};

struct queue {
    struct pp_manager_object object;
    struct pp_manager_messages messages;
    struct pp_manager_line getters;
    struct pp_manager_line putters;
    struct pp_manager_line joiners;
    uint64_t last_number;
    uint64_t last_ticket;
    size_t length; /* messages in the queue */
    size_t taken;  /* messages with peers */
    uint32_t maxsize;
    bool closed;
};

static struct queue *queue_of(struct pp_manager_object *object)
{
    return (struct queue *)object;
}

static int create(struct pp_manager_object *object, struct pp_frame_reader *parameters)
{
    struct queue *queue = queue_of(object);

    queue->maxsize = pp_frame_get_u32(parameters);
    TAILQ_INIT(&queue->messages);
    TAILQ_INIT(&queue->getters);
    TAILQ_INIT(&queue->putters);
    TAILQ_INIT(&queue->joiners);
    return 0;
}

static bool agrees(const struct pp_manager_object *object, struct pp_frame_reader *parameters)
{
    return pp_frame_get_u32(parameters) == ((const struct queue *)object)->maxsize;
}

static bool is_joinable(const struct queue *queue)
{
    return queue->object.ops == &pp_manager_joinable_queue_ops;
}

static bool is_full(const struct queue *queue)
{
    return queue->maxsize != 0 && queue->length + queue->taken >= queue->maxsize;
}

/* Nothing will come out of it any more, unless one who has taken something dies. Who has something
 * himself is not to wait for that: two of them would wait for each other. */
static bool is_over(const struct queue *queue, const struct pp_manager_peer *peer)
{
    const struct pp_manager_holding *holding = pp_manager_object_holding(&queue->object, peer);

    return queue->closed && queue->length == 0 &&
           (queue->taken == 0 || (holding != NULL && !TAILQ_EMPTY(&holding->messages)));
}

/* Put @item, if there is one, behind all others; takes it over. */
static int enter(struct queue *queue, struct pp_manager_stored *item)
{
    struct pp_manager_store *store = pp_manager_object_store(&queue->object);
    struct pp_manager_message *message =
        item == NULL ? NULL : pp_manager_store_allocate(store, sizeof(*message));

    if (message == NULL) {
        pp_manager_stored_release(store, item);
        return -ENOMEM;
    }
    message->number = ++queue->last_number;
    message->item = item;
    TAILQ_INSERT_TAIL(&queue->messages, message, neighbours);
    queue->length++;
    return 0;
}

static void free_message(struct queue *queue, struct pp_manager_message *message)
{
    struct pp_manager_store *store = pp_manager_object_store(&queue->object);

    pp_manager_stored_release(store, message->item);
    pp_manager_store_free(store, message, sizeof(*message));
}

/* Give the first message to @peer, in @answer. Returns 0; -ENOMEM, with the message still there. */
static int deliver(struct queue *queue, struct pp_manager_peer *peer,
                   struct pp_frame_writer *answer)
{
    struct pp_manager_message *message = TAILQ_FIRST(&queue->messages);
    struct pp_manager_holding *holding = pp_manager_object_hold(&queue->object, peer);

    if (holding == NULL) {
        return -ENOMEM;
    }
    message->ticket = message->item->item.kind == PP_ITEM_NONE ? 0 : ++queue->last_ticket;
    if (is_joinable(queue)) {
        pp_frame_put_u64(answer, message->ticket);
    }
    pp_frame_put_item(answer, &message->item->item);
    if (answer->error != 0) {
        return -ENOMEM;
    }
    TAILQ_REMOVE(&queue->messages, message, neighbours);
    TAILQ_INSERT_TAIL(&holding->messages, message, neighbours);
    queue->length--;
    queue->taken++;
    peer->unconfirmed = holding;
    return 0;
}

static void serve_getter(struct queue *queue, struct pp_manager_waiting *waiting)
{
    struct pp_frame_writer *answer = pp_manager_object_begin_answer(waiting);

    pp_manager_object_end_answer(waiting, deliver(queue, waiting->peer, answer));
}

static void serve_putter(struct queue *queue, struct pp_manager_waiting *waiting)
{
    struct pp_manager_stored *item = waiting->item;

    waiting->item = NULL;
    pp_manager_object_answer(waiting, enter(queue, item));
}

/* Those who would wait in vain. */
static void turn_away_getters(struct queue *queue)
{
    struct pp_manager_waiting *waiting = TAILQ_FIRST(&queue->getters);

    while (waiting != NULL) {
        struct pp_manager_waiting *next = TAILQ_NEXT(waiting, neighbours);

        if (is_over(queue, waiting->peer)) {
            pp_manager_object_answer(waiting, -EPIPE);
        }
        waiting = next;
    }
}

/* Each round has one waiting less. */
static void settle(struct queue *queue)
{
    for (;;) {
        if (!TAILQ_EMPTY(&queue->getters) && queue->length != 0) {
            serve_getter(queue, TAILQ_FIRST(&queue->getters));
        } else if (!TAILQ_EMPTY(&queue->putters) && !is_full(queue)) {
            serve_putter(queue, TAILQ_FIRST(&queue->putters));
        } else {
            break;
        }
    }
    if (queue->length + queue->taken == 0) {
        pp_manager_object_answer_all(&queue->joiners, 0);
    }
    turn_away_getters(queue);
}

static int put(struct queue *queue, struct pp_manager_request *request)
{
    uint32_t timeout_ms = pp_frame_get_u32(&request->arguments);
    struct pp_item item = pp_manager_arguments_item(request);
    struct pp_manager_stored *stored;
    int r;

    if (!pp_manager_arguments_end(request)) {
        return PP_MANAGER_NONSENSE;
    }
    if (queue->closed) {
        return -EPIPE;
    }
    if (is_full(queue) && timeout_ms == 0) {
        return -ETIMEDOUT;
    }
    stored = pp_manager_stored_new(pp_manager_object_store(&queue->object), &item);
    if (stored != NULL && is_full(queue)) {
        request->peer->waiting.item = stored;
        return pp_manager_object_wait(&queue->object, request, &queue->putters, timeout_ms);
    }
    r = enter(queue, stored);
    settle(queue);
    return r;
}

static int get(struct queue *queue, struct pp_manager_request *request)
{
    uint32_t timeout_ms = pp_frame_get_u32(&request->arguments);

    if (!pp_manager_arguments_end(request)) {
        return PP_MANAGER_NONSENSE;
    }
    if (queue->length != 0) {
        return deliver(queue, request->peer, request->answer);
    }
    if (is_over(queue, request->peer)) {
        return -EPIPE;
    }
    return pp_manager_object_wait(&queue->object, request, &queue->getters, timeout_ms);
}

static int join(struct queue *queue, struct pp_manager_request *request)
{
    uint32_t timeout_ms = pp_frame_get_u32(&request->arguments);

    if (!pp_manager_arguments_end(request)) {
        return PP_MANAGER_NONSENSE;
    }
    if (!is_joinable(queue)) {
        return PP_MANAGER_NONSENSE;
    }
    if (queue->length + queue->taken == 0) {
        return 0;
    }
    return pp_manager_object_wait(&queue->object, request, &queue->joiners, timeout_ms);
}

static void finish_message(struct pp_manager_holding *holding, struct pp_manager_message *message)
{
    struct queue *queue = queue_of(holding->object);

    TAILQ_REMOVE(&holding->messages, message, neighbours);
    free_message(queue, message);
    queue->taken--;
    settle(queue);
}

static struct pp_manager_message *find_ticket(const struct pp_manager_holding *holding,
                                              uint64_t ticket)
{
    struct pp_manager_message *message;

    TAILQ_FOREACH(message, &holding->messages, neighbours)
    {
        if (message->ticket == ticket) {
            return message;
        }
    }
    return NULL;
}

/* As a rule who says so is who has taken it. */
static int task_done(struct queue *queue, struct pp_manager_request *request)
{
    struct pp_manager_holding *holding = pp_manager_object_holding(&queue->object, request->peer);
    uint64_t ticket = pp_frame_get_u64(&request->arguments);
    struct pp_manager_message *message = holding != NULL ? find_ticket(holding, ticket) : NULL;

    if (!pp_manager_arguments_end(request) || !is_joinable(queue) || ticket == 0) {
        return PP_MANAGER_NONSENSE;
    }
    if (message == NULL) {
        LIST_FOREACH(holding, &queue->object.holdings, of_object)
        {
            message = find_ticket(holding, ticket);
            if (message != NULL) {
                break;
            }
        }
    }
    if (message == NULL) {
        return -EINVAL;
    }
    finish_message(holding, message);
    return 0;
}

static void confirm(struct pp_manager_holding *holding)
{
    struct pp_manager_message *message = TAILQ_LAST(&holding->messages, pp_manager_messages);

    if (message != NULL && (message->ticket == 0 || !is_joinable(queue_of(holding->object)))) {
        finish_message(holding, message);
    }
}

/* The message of the queue that @message comes before; from @from on, which is one of those that it
 * does not come before. NULL: it is the last one. */
static struct pp_manager_message *find_next(struct queue *queue, struct pp_manager_message *from,
                                            const struct pp_manager_message *message)
{
    struct pp_manager_message *next =
        from != NULL ? TAILQ_NEXT(from, neighbours) : TAILQ_FIRST(&queue->messages);

    while (next != NULL && next->number < message->number) {
        next = TAILQ_NEXT(next, neighbours);
    }
    return next;
}

/* Put a message that was taken back, where @last, if not NULL, is one that was put back before. */
static void put_back(struct pp_manager_holding *holding, struct pp_manager_message *message,
                     struct pp_manager_message *last)
{
    struct queue *queue = queue_of(holding->object);
    struct pp_manager_message *from = last != NULL && last->number < message->number ? last : NULL;
    struct pp_manager_message *next = find_next(queue, from, message);

    TAILQ_REMOVE(&holding->messages, message, neighbours);
    if (next != NULL) {
        TAILQ_INSERT_BEFORE(next, message, neighbours);
    } else {
        TAILQ_INSERT_TAIL(&queue->messages, message, neighbours);
    }
    queue->taken--;
    queue->length++;
}

static void refuse(struct pp_manager_holding *holding)
{
    struct pp_manager_message *message = TAILQ_LAST(&holding->messages, pp_manager_messages);

    if (message != NULL) {
        put_back(holding, message, NULL);
        settle(queue_of(holding->object));
    }
}

/* Those that are held in the order of their numbers, as most are, cost one way through the queue.
 */
static void leave(struct pp_manager_holding *holding)
{
    struct pp_manager_message *last = NULL;
    struct pp_manager_message *message;

    while ((message = TAILQ_FIRST(&holding->messages)) != NULL) {
        put_back(holding, message, last);
        last = message;
    }
    settle(queue_of(holding->object));
}

static void put_state(const struct queue *queue, struct pp_frame_writer *answer)
{
    pp_frame_put_u64(answer, queue->length);
    pp_frame_put_u8(answer, is_full(queue));
}

static void close_queue(struct queue *queue)
{
    queue->closed = true;
    pp_manager_object_answer_all(&queue->putters, -EPIPE);
    settle(queue);
}

/* Those without arguments. */
static int call_plain(struct queue *queue, struct pp_manager_request *request)
{
    if (!pp_manager_arguments_end(request)) {
        return PP_MANAGER_NONSENSE;
    }
    switch (request->operation) {
    case PP_MANAGER_QUEUE_STATE:
        put_state(queue, request->answer);
        return 0;
    case PP_MANAGER_QUEUE_CLOSE:
        close_queue(queue);
        return 0;
    default:
        return PP_MANAGER_NONSENSE;
    }
}

static int call(struct pp_manager_object *object, struct pp_manager_request *request)
{
    struct queue *queue = queue_of(object);

    switch (request->operation) {
    case PP_MANAGER_QUEUE_PUT:
        return put(queue, request);
    case PP_MANAGER_QUEUE_GET:
        return get(queue, request);
    case PP_MANAGER_QUEUE_TASK_DONE:
        return task_done(queue, request);
    case PP_MANAGER_QUEUE_JOIN:
        return join(queue, request);
    default:
        return call_plain(queue, request);
    }
}

static void drop_all(struct queue *queue, struct pp_manager_messages *messages)
{
    struct pp_manager_message *message;

    while ((message = TAILQ_FIRST(messages)) != NULL) {
        TAILQ_REMOVE(messages, message, neighbours);
        free_message(queue, message);
    }
}

static void destroy(struct pp_manager_object *object)
{
    struct queue *queue = queue_of(object);
    struct pp_manager_holding *holding;

    drop_all(queue, &queue->messages);
    LIST_FOREACH(holding, &object->holdings, of_object)
    {
        drop_all(queue, &holding->messages);
    }
}

const struct pp_manager_ops pp_manager_queue_ops = {
    .kind = PP_MANAGER_QUEUE,
    .family = PP_MANAGER_QUEUE_PUT,
    .bytes = sizeof(struct queue),
    .create = create,
    .agrees = agrees,
    .call = call,
    .confirm = confirm,
    .refuse = refuse,
    .leave = leave,
    .destroy = destroy,
};

const struct pp_manager_ops pp_manager_joinable_queue_ops = {
    .kind = PP_MANAGER_JOINABLE_QUEUE,
    .family = PP_MANAGER_QUEUE_PUT,
    .bytes = sizeof(struct queue),
    .create = create,
    .agrees = agrees,
    .call = call,
    .confirm = confirm,
    .refuse = refuse,
    .leave = leave,
    .destroy = destroy,
};
