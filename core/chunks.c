/* SPDX-License-Identifier: MIT */
/*
 * A part is a row of items that share a chunk. While it is on its way it has a slot and a future;
 * it waits without either. What a worker can spoil is only ever the slot: arguments are written
 * into it anew from where they came from, each time that an item is handed out.
 *
 * The pool's scheduler runs each chunk once. Whom a death is charged to is decided here, since
 * several items share a chunk: the one in work, which is a part of its own from then on and so has
 * counts of its own. Where a worker died between two items nobody is charged, unless that goes on
 * happening before the same item.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/builtin.h"
#include "core/chunk.h"
#include "core/chunks.h"
#include "core/pool_private.h"

struct pp_chunks_part {
    struct pp_chunks *chunks;
    void *batch;
    size_t first;
    size_t count;
    struct pp_slot *slot; /* lent by the pool's table */
    size_t held_bytes;    /* of it, counted in the pool's budget */
    struct pp_chunk chunk;
    struct pp_future *future;
    uint32_t crashes;
    uint32_t kills;
    uint32_t losses;
    struct pp_chunks_part *previous;
    struct pp_chunks_part *next;
};

int pp_chunks_init(struct pp_chunks *chunks, struct pp_pool *pool, const char *function,
                   size_t reply_bytes, const struct pp_map_options *options,
                   const struct pp_chunks_ops *ops)
{
    *chunks = (struct pp_chunks){.pool = pool, .ops = ops};
    if (options != NULL) {
        chunks->options = *options;
    }
    if (reply_bytes > PP_TASK_REPLY_MAX) {
        return -E2BIG;
    }
    chunks->options.reply_bytes = reply_bytes;
    if (chunks->options.timeout_ms > 0) {
        chunks->options.chunk_items = 1;
    }
    chunks->options.crash_attempts += chunks->options.crash_attempts == 0;
    chunks->options.kill_attempts += chunks->options.kill_attempts == 0;
    if (pool->closed) {
        return pool->failure.code != 0 ? pool->failure.code : -EPIPE;
    }
    return pp_builtin_find(pool->program, function, &chunks->function);
}

size_t pp_chunks_length(const struct pp_chunks *chunks, size_t remaining)
{
    size_t items = chunks->options.chunk_items;

    if (items == 0) {
        items = pp_chunk_length_next(&chunks->length, remaining, pp_pool_processes(chunks->pool));
    }
    return items < PP_CHUNK_ITEMS_MAX ? items : PP_CHUNK_ITEMS_MAX;
}

bool pp_chunks_wait_helps(const struct pp_chunks *chunks, int code)
{
    return chunks->in_flight_count > 0 && (code == -ENOMEM || code == -EMFILE || code == -ENFILE);
}

static struct pp_chunks_part *create_part(struct pp_chunks *chunks, void *batch, size_t first,
                                          size_t count)
{
    struct pp_chunks_part *part = calloc(1, sizeof(*part));

    if (part != NULL) {
        part->chunks = chunks;
        part->batch = batch;
        part->first = first;
        part->count = count;
    }
    return part;
}

static void add_in_flight(struct pp_chunks_part *part)
{
    struct pp_chunks *chunks = part->chunks;

    part->previous = NULL;
    part->next = chunks->in_flight;
    if (part->next != NULL) {
        part->next->previous = part;
    }
    chunks->in_flight = part;
    chunks->in_flight_count++;
}

static void remove_in_flight(struct pp_chunks_part *part)
{
    if (part->previous != NULL) {
        part->previous->next = part->next;
    } else {
        part->chunks->in_flight = part->next;
    }
    if (part->next != NULL) {
        part->next->previous = part->previous;
    }
    part->chunks->in_flight_count--;
}

static void add_again(struct pp_chunks_part *part)
{
    struct pp_chunks_part **at = &part->chunks->again;

    while (*at != NULL) {
        at = &(*at)->next;
    }
    part->next = NULL;
    *at = part;
    part->chunks->again_items += part->count;
}

/* Forget the run that is over: the part can be handed out anew, or freed. */
static void end_run(struct pp_chunks_part *part)
{
    struct pp_pool *pool = part->chunks->pool;

    if (part->slot != NULL) {
        pp_scheduler_let_go(pool->scheduler, part->held_bytes);
        pp_slots_take_back(pool->slots, part->slot);
        part->slot = NULL;
    }
    pp_future_destroy(part->future);
    part->future = NULL;
}

static void free_part(struct pp_chunks_part *part)
{
    end_run(part);
    free(part);
}

static void get_item(const struct pp_chunks_part *part, size_t i, struct pp_map_item *ret_item)
{
    part->chunks->ops->arguments(part->batch, part->first + i, ret_item);
}

/* Lend a slot and write the chunk into it. */
static int write_chunk(struct pp_chunks_part *part)
{
    const struct pp_chunks *chunks = part->chunks;
    struct pp_chunk_shape shape = {
        .function = chunks->function,
        .count = (uint32_t)part->count,
        .reply_bytes = (uint32_t)chunks->options.reply_bytes,
    };
    struct pp_map_item item;
    int r;

    for (size_t i = 0; i < part->count; i++) {
        get_item(part, i, &item);
        shape.arguments_bytes += (uint32_t)pp_chunk_arguments_bytes(item.arguments_length);
    }
    r = pp_slots_lend(chunks->pool->slots, PP_CHUNK_SLOT_BYTES, &part->slot);
    if (r != 0) {
        return r;
    }
    part->held_bytes = pp_chunk_bytes(&shape);
    pp_scheduler_hold(chunks->pool->scheduler, part->held_bytes);
    pp_chunk_begin(&part->chunk, &shape, part->slot->bytes);
    for (uint32_t i = 0; i < shape.count; i++) {
        get_item(part, i, &item);
        pp_chunk_put(&part->chunk, i, &item);
    }
    return 0;
}

static void settle(struct pp_future *future, void *user);

/*
 * @alone: in the fresh worker that takes the place of one that has just died. The part may be done
 * with and gone when this returns 0.
 */
static int hand_out(struct pp_chunks_part *part, bool alone)
{
    const struct pp_map_options *options = &part->chunks->options;
    struct pp_task task = {
        .function = PP_CHUNK_FUNCTION,
        .arguments = &part->chunk.shape,
        .arguments_length = sizeof(part->chunk.shape),
        .slot_count = 1,
        .timeout_ms = options->timeout_ms,
        .priority = options->priority,
    };
    int r = write_chunk(part);

    if (r == 0) {
        task.slots[0].slot = part->slot;
        r = pp_pool_submit_unlisted(part->chunks->pool, &task, alone, &part->future);
    }
    if (r == 0) {
        add_in_flight(part);
        r = pp_future_add_done_callback(part->future, settle, part);
        if (r != 0) {
            remove_in_flight(part);
        }
    }
    if (r != 0) {
        end_run(part);
    }
    return r;
}

int pp_chunks_hand_out(struct pp_chunks *chunks, void *batch, size_t first, size_t count)
{
    struct pp_chunks_part *part = create_part(chunks, batch, first, count);
    int r = part == NULL ? -ENOMEM : hand_out(part, false);

    if (r != 0) {
        free(part);
    }
    return r;
}

int pp_chunks_hand_out_again(struct pp_chunks *chunks)
{
    struct pp_chunks_part *part = chunks->again;
    size_t count = pp_chunks_length(chunks, chunks->again_items);
    int r;

    if (count < part->count) {
        r = pp_chunks_hand_out(chunks, part->batch, part->first, count);
        if (r == 0) {
            part->first += count;
            part->count -= count;
            chunks->again_items -= count;
        }
        return r;
    }
    chunks->again = part->next;
    chunks->again_items -= part->count;
    r = hand_out(part, false);
    if (r != 0) {
        part->next = chunks->again;
        chunks->again = part;
        chunks->again_items += part->count;
    }
    return r;
}

static void tell(struct pp_chunks_part *part, size_t i, struct pp_map_result *result)
{
    result->index = part->first + i;
    part->chunks->ops->result(part->batch, result);
}

static void tell_end(struct pp_chunks_part *part, size_t i, enum pp_outcome outcome,
                     const struct pp_error *error)
{
    struct pp_map_result result = {.outcome = outcome, .error = *error};

    tell(part, i, &result);
}

/* Its chunk has ended in some other way than by a crash; what is not done shares its fate. */
static void settle_all(struct pp_chunks_part *part)
{
    const struct pp_result *end = pp_future_result(part->future);
    struct pp_map_result result;
    struct pp_error error = end->error;

    if (end->outcome == PP_DONE) {
        pp_chunk_length_learn(&part->chunks->length, part->count, end->run_ns);
        pp_error_set(&error, -EPROTO, "its worker left it out");
    }
    for (size_t i = 0; i < part->count; i++) {
        if (pp_chunk_read(&part->chunk, (uint32_t)i, &result)) {
            tell(part, i, &result);
        } else {
            tell_end(part, i, end->outcome == PP_DONE ? PP_FAILED : end->outcome, &error);
        }
    }
}

/* Items @from to @to - 1 of the part were not begun. */
static void keep_for_again(struct pp_chunks_part *part, size_t from, size_t to)
{
    struct pp_chunks_part *rest;
    struct pp_error error;

    if (from == to) {
        return;
    }
    rest = create_part(part->chunks, part->batch, part->first + from, to - from);
    if (rest != NULL) {
        add_again(rest);
        return;
    }
    pp_error_set(&error, -ENOMEM, "no memory to hand it out again");
    for (size_t i = from; i < to; i++) {
        tell_end(part, i, PP_FAILED, &error);
    }
}

/*
 * Tell what was done before the worker died, and keep for another run what was not, but for the
 * item to be charged: *guilty, or the first one that is not done where that is none. Returns
 * whether there is one.
 */
static bool settle_innocent(struct pp_chunks_part *part, size_t *guilty)
{
    struct pp_map_result result;
    size_t open = 0; /* those before @i that are not done begin here */

    for (size_t i = 0; i < part->count; i++) {
        if (i != *guilty && pp_chunk_read(&part->chunk, (uint32_t)i, &result)) {
            tell(part, i, &result);
        } else if (i == *guilty || *guilty == part->count) {
            *guilty = i;
        } else {
            continue;
        }
        keep_for_again(part, open, i);
        open = i + 1;
    }
    keep_for_again(part, open, part->count);
    return *guilty < part->count;
}

enum verdict { AGAIN, AGAIN_ALONE, OVER };

static enum verdict charge(struct pp_chunks_part *part, bool in_work)
{
    const struct pp_map_options *options = &part->chunks->options;

    if (!in_work && ++part->losses <= PP_SCHEDULER_LOSSES_MAX) {
        return AGAIN;
    }
    if (part->future->scheduled.kills > 0) {
        return ++part->kills < options->kill_attempts ? AGAIN : OVER;
    }
    return ++part->crashes < options->crash_attempts ? AGAIN_ALONE : OVER;
}

/* Returns whether the part is still of use: for the item that was charged. */
static bool settle_crash(struct pp_chunks_part *part)
{
    struct pp_error error = pp_future_result(part->future)->error;
    size_t guilty = pp_chunk_in_work(&part->chunk);
    bool in_work = guilty < part->count;
    enum verdict verdict;
    int r;

    if (!settle_innocent(part, &guilty)) {
        return false;
    }
    verdict = charge(part, in_work);
    part->first += guilty;
    part->count = 1;
    end_run(part);
    if (verdict == OVER) {
        tell_end(part, 0, PP_CRASHED, &error);
        return false;
    }
    if (verdict == AGAIN) {
        add_again(part);
        return true;
    }
    r = hand_out(part, true);
    if (r != 0) {
        pp_error_set_errno(&error, r, "cannot run it again after a crash");
        tell_end(part, 0, PP_FAILED, &error);
    }
    return r == 0;
}

static void settle(struct pp_future *future, void *user)
{
    struct pp_chunks_part *part = user;
    bool of_use = false;

    remove_in_flight(part);
    if (pp_future_result(future)->outcome == PP_CRASHED) {
        of_use = settle_crash(part);
    } else {
        settle_all(part);
    }
    if (!of_use) {
        free_part(part);
    }
}

void pp_chunks_finish(struct pp_chunks *chunks)
{
    struct pp_chunks_part *part;

    /* First of all, since the end of one may be the moment in which another is found done. */
    for (part = chunks->in_flight; part != NULL; part = part->next) {
        pp_future_remove_done_callback(part->future, settle, part);
    }
    while ((part = chunks->in_flight) != NULL) {
        remove_in_flight(part);
        free_part(part);
    }
    while ((part = chunks->again) != NULL) {
        chunks->again = part->next;
        free(part);
    }
}
