/* SPDX-License-Identifier: MIT */
/*
 * Three limits, the least of which counts, and one below which it makes no sense to go:
 *
 * - as many items as fit into TARGET_NS, by the average so far;
 * - twice the longest chunk that came back: the first items of an input say little about the rest;
 * - a share of what is left, so that chunks get shorter towards the end and workers end together;
 * - but not less than what takes LEAST_NS, which is about what handing out a chunk costs.
 *
 * A worker says how long its chunk took. One that lies can make chunks too long or too short, which
 * costs time and nothing else.
 */
#include "core/chunk_length.h"

enum { TARGET_NS = 2000000, LEAST_NS = 50000, SHARES = 4 };

void pp_chunk_length_learn(struct pp_chunk_length *length, size_t items, uint64_t run_ns)
{
    uint64_t item_ns = run_ns / items;

    item_ns = item_ns == 0 ? 1 : item_ns;
    if (length->item_ns != 0) {
        item_ns = length->item_ns - length->item_ns / 4 + item_ns / 4;
        item_ns = item_ns == 0 ? 1 : item_ns;
    }
    length->item_ns = item_ns;
    length->longest = items > length->longest ? items : length->longest;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t pp_chunk_length_next(const struct pp_chunk_length *length, size_t remaining,
                            unsigned workers)
{
    size_t share = remaining / SHARES / workers;
    size_t short_one;
    size_t items;

    if (length->item_ns == 0) {
        return 1;
    }
    short_one = LEAST_NS / length->item_ns;
    items = least(TARGET_NS / length->item_ns, share > short_one ? share : short_one);
    items = least(items, length->longest * 2);
    items = least(items, remaining);
    return items == 0 ? 1 : items;
}
