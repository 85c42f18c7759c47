/* SPDX-License-Identifier: MIT */
/*
 * Items are pulled in batches, each of which goes out as one chunk.
 *
 * The window counts items from their pull until they are taken, and the bytes that batches hold:
 * of an item that is not done, its arguments and the longest reply that it may give. It is a
 * promise to whoever gives the input. So that it does not end in chunks of a single item each, a
 * batch is only begun where the window has room for all of it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/batch.h"
#include "core/chunk.h"
#include "core/chunks.h"
#include "core/imap.h"
#include "core/pool_private.h"

/* Chunks for each worker that the window has room for where nobody says how large it is; and how
 * many may be on their way in any window, each with a descriptor here and in the workers. */
enum { CHUNKS_PER_WORKER = 4, CHUNKS_MAX = 64 };

enum { DEFAULT_WINDOW_BYTES = 64 << 20, DEFAULT_REPLY_BYTES = 1024 };

struct pp_imap {
    struct pp_chunks chunks;
    pp_map_input_fn input;
    void *user;
    bool ordered;
    bool ended;      /* there is no more input */
    int input_error; /* why; 0: it just came to its end */
    size_t pulled;
    size_t taken;
    size_t held_bytes; /* by all batches */
    size_t item_bytes; /* moving average of what an item holds at first; 0: not known yet */
    struct pp_batch *first;
    struct pp_batch *last;
    struct pp_batch *unsent;          /* the last one, where it could not be handed out yet */
    struct pp_batch_item *first_done; /* where order does not count */
    struct pp_batch_item *last_done;
    uint8_t *reply; /* of the item that was taken last */
};

static void add_batch(struct pp_imap *imap, struct pp_batch *batch)
{
    batch->previous = imap->last;
    if (imap->last != NULL) {
        imap->last->next = batch;
    } else {
        imap->first = batch;
    }
    imap->last = batch;
}

static void remove_batch(struct pp_imap *imap, struct pp_batch *batch)
{
    if (batch->previous != NULL) {
        batch->previous->next = batch->next;
    } else {
        imap->first = batch->next;
    }
    if (batch->next != NULL) {
        batch->next->previous = batch->previous;
    } else {
        imap->last = batch->previous;
    }
}

/* What the batch holds, or will hold at most. */
static size_t batch_bytes(const struct pp_imap *imap, const struct pp_batch *batch)
{
    return pp_batch_bytes(batch) + batch->open * imap->chunks.options.reply_bytes;
}

static void arguments(void *user, size_t index, struct pp_map_item *ret_item)
{
    pp_batch_get(user, index, ret_item);
}

static void result(void *user, const struct pp_map_result *result)
{
    struct pp_batch *batch = user;
    struct pp_imap *imap = batch->owner;
    struct pp_batch_item *item;

    imap->held_bytes -= batch_bytes(imap, batch);
    item = pp_batch_finish(batch, result);
    imap->held_bytes += batch_bytes(imap, batch);
    if (imap->ordered) {
        return;
    }
    if (imap->last_done != NULL) {
        imap->last_done->next = item;
    } else {
        imap->first_done = item;
    }
    imap->last_done = item;
}

static const struct pp_chunks_ops ops = {arguments, result};

static int init(struct pp_imap *imap, struct pp_pool *pool, const char *function,
                const struct pp_map_options *options)
{
    size_t reply_bytes = options == NULL || options->reply_bytes == 0 ? (size_t)DEFAULT_REPLY_BYTES
                                                                      : options->reply_bytes;
    int r = imap->input == NULL
                ? -EINVAL
                : pp_chunks_init(&imap->chunks, pool, function, reply_bytes, options, &ops);

    if (r != 0) {
        return r;
    }
    if (imap->chunks.options.window_bytes == 0) {
        imap->chunks.options.window_bytes = DEFAULT_WINDOW_BYTES;
    }
    imap->reply = malloc(reply_bytes);
    return imap->reply == NULL ? -ENOMEM : 0;
}

int pp_imap_create(struct pp_imap **ret_imap, struct pp_pool *pool, const char *function,
                   pp_map_input_fn input, void *user, bool ordered,
                   const struct pp_map_options *options)
{
    struct pp_imap *imap = calloc(1, sizeof(*imap));
    int r;

    if (imap == NULL) {
        return -ENOMEM;
    }
    imap->input = input;
    imap->user = user;
    imap->ordered = ordered;
    r = init(imap, pool, function, options);
    if (r != 0) {
        free(imap);
        return r;
    }
    *ret_imap = imap;
    return 0;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many items the window has room for, by their number and by their usual size; 1 or more. */
static size_t window(const struct pp_imap *imap)
{
    const struct pp_map_options *options = &imap->chunks.options;
    size_t items = options->window_items;

    if (items == 0) {
        items = CHUNKS_PER_WORKER * (size_t)pp_pool_processes(imap->chunks.pool) *
                pp_chunks_length(&imap->chunks, SIZE_MAX);
    }
    if (imap->item_bytes > 0) {
        items = least(items, options->window_bytes / imap->item_bytes);
    }
    return items == 0 ? 1 : items;
}

static bool has_room_for_bytes(const struct pp_imap *imap)
{
    return imap->pulled == imap->taken || imap->held_bytes < imap->chunks.options.window_bytes;
}

/* Items that the next batch may have; 0 where it has to wait. */
static size_t room(const struct pp_imap *imap)
{
    size_t most = window(imap);
    size_t length = least(pp_chunks_length(&imap->chunks, most), most);
    size_t outstanding = imap->pulled - imap->taken;

    if (!has_room_for_bytes(imap)) {
        return 0;
    }
    return outstanding + length <= most || outstanding == 0 ? length : 0;
}

/* Pull one item into the batch, which has room. Returns whether there was one. */
static bool pull_item(struct pp_imap *imap, struct pp_batch *batch)
{
    struct pp_map_item item = {0};
    int r = imap->input(imap->user, &item);

    if (r == 0 && item.arguments_length > PP_TASK_ARGUMENTS_MAX) {
        r = -E2BIG;
    }
    if (r != 0) {
        imap->ended = true;
        imap->input_error = r < 0 ? r : 0;
        return false;
    }
    pp_batch_add(batch, &item);
    imap->pulled++;
    imap->held_bytes += item.arguments_length + imap->chunks.options.reply_bytes;
    return true;
}

/*
 * Pull up to @most items, as far as they fit a chunk and the window's bytes. How long one is only
 * its pull tells: so the window may be exceeded by one, and a chunk has to have room for any.
 */
static void pull_items(struct pp_imap *imap, struct pp_batch *batch, size_t most)
{
    size_t reply_bytes = imap->chunks.options.reply_bytes;
    size_t longest = pp_chunk_item_bytes(PP_TASK_ARGUMENTS_MAX, reply_bytes);
    size_t left = PP_CHUNK_DATA_MAX;

    /* Memory comes before the pull: an item that was pulled must not get lost. */
    while (batch->count < most && left >= longest && has_room_for_bytes(imap) &&
           pp_batch_reserve(batch) && pull_item(imap, batch)) {
        left -= pp_chunk_item_bytes(batch->items[batch->count - 1].length, reply_bytes);
    }
}

static int pull_batch(struct pp_imap *imap, size_t most)
{
    struct pp_batch *batch = pp_batch_create(imap, imap->pulled, most);
    size_t bytes;

    if (batch == NULL) {
        return -ENOMEM;
    }
    pull_items(imap, batch, most);
    if (batch->count == 0) {
        pp_batch_destroy(batch);
        return imap->ended ? 0 : -ENOMEM;
    }
    pp_batch_close(batch);
    bytes = batch_bytes(imap, batch) / batch->count;
    imap->item_bytes =
        imap->item_bytes == 0 ? bytes : imap->item_bytes - imap->item_bytes / 4 + bytes / 4;
    add_batch(imap, batch);
    imap->unsent = batch;
    return 0;
}

static int send_batch(struct pp_imap *imap)
{
    struct pp_batch *batch = imap->unsent;
    int r = pp_chunks_hand_out(&imap->chunks, batch, batch->first, batch->count);

    if (r == 0) {
        imap->unsent = NULL;
    }
    return r;
}

/* Keep the workers busy, as far as the window and the system let. */
static int fill(struct pp_imap *imap)
{
    size_t most = 2 * (size_t)pp_pool_processes(imap->chunks.pool);
    int r = 0;

    most = most < CHUNKS_MAX ? CHUNKS_MAX : most;
    while (r == 0 && imap->chunks.in_flight_count < most) {
        size_t items;

        if (imap->chunks.again != NULL) {
            r = pp_chunks_hand_out_again(&imap->chunks);
        } else if (imap->unsent != NULL) {
            r = send_batch(imap);
        } else {
            items = imap->ended ? 0 : room(imap);
            if (items == 0) {
                break;
            }
            r = pull_batch(imap, items);
        }
    }
    pp_pool_act(imap->chunks.pool);
    return pp_chunks_wait_helps(&imap->chunks, r) ? 0 : r;
}

/* The next item that is to be taken, NULL where it is not done. */
static struct pp_batch_item *next_done(struct pp_imap *imap)
{
    struct pp_batch_item *item = imap->first_done;

    if (imap->ordered && imap->first != NULL) {
        item = &imap->first->items[imap->taken - imap->first->first];
        return item->outcome == PP_OUTCOME_PENDING ? NULL : item;
    }
    if (item != NULL) {
        imap->first_done = item->next;
        imap->last_done = item->next == NULL ? NULL : imap->last_done;
    }
    return item;
}

static bool take(struct pp_imap *imap, struct pp_map_result *ret_result)
{
    struct pp_batch_item *item = next_done(imap);
    struct pp_batch *batch;

    if (item == NULL) {
        return false;
    }
    batch = item->batch;
    pp_batch_take(item, ret_result);
    imap->taken++;
    if (ret_result->reply != NULL) {
        memcpy(imap->reply, ret_result->reply, ret_result->reply_length);
        ret_result->reply = imap->reply;
    }
    if (batch->left == 0) {
        imap->held_bytes -= batch_bytes(imap, batch);
        remove_batch(imap, batch);
        pp_batch_destroy(batch);
    }
    return true;
}

int pp_imap_next(struct pp_imap *imap, int timeout_ms, struct pp_map_result *ret_result)
{
    uint64_t deadline_ns = pp_pool_deadline_ns(timeout_ms);
    bool looked = false;
    int r;

    do {
        r = fill(imap);
        if (take(imap, ret_result)) {
            return 0;
        }
        if (r == 0 && imap->pulled == imap->taken) {
            return imap->input_error != 0 ? imap->input_error : PP_MAP_END;
        }
        if (r == 0) {
            r = pp_pool_wait_once(imap->chunks.pool, timeout_ms, deadline_ns, &looked);
        }
    } while (r == 0);
    return take(imap, ret_result) ? 0 : r;
}

void pp_imap_destroy(struct pp_imap *imap)
{
    if (imap == NULL) {
        return;
    }
    pp_chunks_finish(&imap->chunks);
    while (imap->first != NULL) {
        struct pp_batch *batch = imap->first;

        remove_batch(imap, batch);
        pp_batch_destroy(batch);
    }
    free(imap->reply);
    free(imap);
}
